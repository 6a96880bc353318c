"""``python -m simulator effects``: where the closed forms are wrong, and by how much."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.network import word_bits
from analytical.networks import ZOO, load_network
from analytical.terminal.options import (
    bits_option,
    csv_option,
    hardware_option,
    json_option,
    network_command,
    seed_option,
)
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.result import NetworkResult


@network_command()
@click.argument("networks", metavar="[NETWORK]...", nargs=-1)
@bits_option(default=16)
@hardware_option
@seed_option
@csv_option
@json_option
def effects(
    networks: tuple[str, ...],
    bits: int | None,
    hardware: str | None,
    seed: int,
    csv_file: str | None,
    json_file: str | None,
) -> None:
    """Say where the closed forms are wrong, and by how much: the effects on NETWORKs' energy and latency.

    Without a NETWORK, all of the zoo.

    \b
    python -m simulator effects
    python -m simulator effects vgg16 --bits 8 --json -
    """
    check_writable(csv_file, json_file, inputs=(*networks, hardware))
    loaded = [load_network(network) for network in networks or ZOO]
    chips = [choose_hardware(hardware, bits, default_bits=word_bits(network, 16)) for network in loaded]
    chosen = [Settings(network=network, hardware=chip, seed=seed) for network, chip in zip(loaded, chips, strict=True)]
    names = [settings.network.name for settings in chosen]
    if len(set(names)) < len(names):
        raise InputError(f"networks are {', '.join(names)}; expected each to have a name of its own")
    from simulator.commands import options
    from simulator.runner import plan

    for settings in chosen:
        plan(settings)
    results = {settings.network.name: options.run_watched(settings) for settings in chosen}
    written = write_chosen(
        (csv_file, lambda: as_csv(effect_rows(results))), (json_file, lambda: as_json(effect_record(results)))
    )
    if not written:
        from analytical.terminal.tables import people_console
        from simulator.tables.comparison import print_effects

        print_effects(people_console(), ", ".join(dict.fromkeys(chip.name for chip in chips)), results)


def effect_rows(networks: "Mapping[str, NetworkResult]") -> list[dict[str, Any]]:
    """What each effect adds to each quantity of one image, all layers of a network together: a row for each."""
    from simulator.crosscheck.difference import plain

    return [
        {"network": name, "quantity": quantity, "unit": d.unit, "effect": effect, "adds": plain(adds)}
        for name, result in networks.items()
        for quantity, d in result.differences_by_column().items()
        for effect, adds in ({"closed forms": d.reference} | d.by_size | {"residual": d.residual}).items()
    ]


def effect_record(networks: "Mapping[str, NetworkResult]") -> dict[str, Any]:
    """What made the runs, and the cross-check of one image, all layers of a network together, network by network."""
    of_network = ("network", "table", "mappings", "selected")
    header = next(iter(networks.values())).header()
    return {name: value for name, value in header.items() if name not in of_network} | {
        "networks": {
            name: {q: d.record("simulated", "analytical") for q, d in result.differences_by_column().items()}
            for name, result in networks.items()
        }
    }
