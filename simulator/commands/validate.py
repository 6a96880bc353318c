"""``python -m simulator validate``: the machine beside measured silicon."""

import click

from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.network import NetworkError
from analytical.networks import load_network
from analytical.terminal.errors import fail_if_any
from analytical.terminal.options import (
    Percent,
    command,
    complete_files,
    csv_option,
    hardware_option,
    json_option,
    seed_option,
)
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen


@command()
@click.argument("file", required=False, shell_complete=complete_files("eyeriss_alexnet", "eyeriss_vgg16"))
@hardware_option
@click.option("--mapping-file", metavar="FILE", help="Mappings of your own (.toml) for layers that it names.")
@seed_option
@click.option(
    "--within",
    type=Percent(),
    metavar="5%",
    help="Exit with status 1 if a figure is off by more than this of what was measured.",
)
@csv_option
@json_option
def validate(
    file: str | None,
    hardware: str | None,
    mapping_file: str | None,
    seed: int,
    within: float | None,
    csv_file: str | None,
    json_file: str | None,
) -> int:
    """Set the machine beside measured silicon: latencies, PEs at work, GLB and DRAM traffic, energy of a frame.

    FILE has what was measured (.toml), or is eyeriss_alexnet or eyeriss_vgg16: the Eyeriss chip on the CONV layers of
    AlexNet, which is the default, or of VGG-16.

    \b
    python -m simulator validate
    python -m simulator validate eyeriss_vgg16
    python -m simulator validate my_chip.toml --hardware my_chip_hardware.toml --json -
    """
    from simulator.commands.options import read_own_mappings
    from simulator.silicon.measured import load_measured, shipped
    from simulator.silicon.validation import validate as set_beside
    from simulator.tables.progress import progress_bar

    check_writable(csv_file, json_file, inputs=(file, hardware, mapping_file))
    measured = shipped() if file is None else load_measured(file)
    check_writable(csv_file, json_file, inputs=(measured.network,))
    chip = choose_hardware(hardware, measured.bits)
    try:
        own = read_own_mappings(mapping_file, load_network(measured.network), chip)
        validation = set_beside(measured, hardware=chip, own_mappings=own, seed=seed, progress=progress_bar)
    except NetworkError as error:
        raise InputError(f"{file}: {error}") from error
    written = write_chosen(
        (csv_file, lambda: as_csv(validation.rows())), (json_file, lambda: as_json(validation.record()))
    )
    if not written:
        from analytical.terminal.tables import people_console
        from simulator.tables.validation import print_validation

        print_validation(people_console(), validation)
    return 0 if within is None else fail_if_any(validation.beyond(within), f"beyond {100 * within:g} %")
