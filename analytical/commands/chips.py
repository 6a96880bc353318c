"""``python -m analytical chips``: hardware that ships."""

import click

from analytical.files import CHIP_NAMES
from analytical.files.about import About, about
from analytical.terminal.options import command, csv_option, json_option
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen


@command()
@click.argument("name", required=False)
@csv_option
@json_option
def chips(name: str | None, csv_file: str | None, json_file: str | None) -> None:
    """List hardware that ships; or, with a NAME, what its constants rest on and how far it is trusted.

    \b
    python -m analytical chips
    python -m analytical chips isca16-256
    """
    check_writable(csv_file, json_file, inputs=())
    chosen = [about(each) for each in (CHIP_NAMES if name is None else (name,))]
    written = write_chosen(
        (csv_file, lambda: as_csv([row(each) for each in chosen])),
        (json_file, lambda: as_json({"chips": [record(each) for each in chosen]})),
    )
    if not written:
        from analytical.commands.tables import print_chip, print_chips

        print_chips(chosen) if name is None else print_chip(chosen[0])


def row(chip: About) -> dict[str, str | int | float]:
    """A hardware in one row: sizes, joules of a MAC and of words, watts of the clock."""
    hardware = chip.hardware
    return {
        "name": hardware.name,
        "J": hardware.J,
        "K": hardware.K,
        "f_s": hardware.f_s,
        "I_s": hardware.I_s,
        "P_s": hardware.P_s,
        "b_w": hardware.b_w,
        "glb_kib": hardware.glb_kib,
        "mac_J": hardware.prices.mac,
        "glb_J": hardware.prices.glb,
        "dram_J": hardware.prices.dram,
        "clock_W": hardware.clock_W,
        "what": chip.what,
        "trust": chip.trust,
    }


def record(chip: About) -> dict[str, object]:
    """All of a hardware, and what it rests on."""
    return row(chip) | {"rests_on": chip.rests_on, "hardware": chip.hardware.record()}
