"""``python -m simulator``: run a network through the machine, cycle by cycle."""

import inspect
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analytical import __version__
from analytical.chip_mapping import ChipMapping
from analytical.cli import (
    CHECK_FAILED,
    NETWORK_HELP,
    InputError,
    as_csv,
    as_json,
    bits_option,
    check_writable,
    choose_hardware,
    csv_option,
    hardware_option,
    json_option,
    people_console,
    run_command,
    seed_option,
    write_chosen,
)
from analytical.energy import Accounting
from analytical.hardware import Hardware
from analytical.mapping import MappingError
from analytical.networks import ZOO, Network, NetworkError, load
from simulator.progress import progress_bar
from simulator.report import CNNERGY, EYERISS, MAPPINGS, effect_record, effect_rows
from simulator.session import NetworkRun, Settings, check_mappings, run_network
from simulator.tables import print_comparison, print_effects, print_report, print_validation

if TYPE_CHECKING:
    from simulator.compare import RecordedRun


@click.group(no_args_is_help=True)
@click.version_option(__version__)
def main() -> None:
    """A row-stationary accelerator, run cycle by cycle with real values: cycles, counts, joules."""


@main.command(epilog=NETWORK_HELP)
@click.argument("network")
@bits_option
@hardware_option
@click.option(
    "--mapping",
    type=click.Choice(MAPPINGS),
    help="How layers are laid on the array: by CNNergy's rules, or as on the Eyeriss chip: as published, or else "
    "with least energy.  [default: cnnergy; eyeriss with --mapping-file]",
)
@click.option(
    "--mapping-file", metavar="FILE", help="Mappings of your own (.toml) for layers that it names; implies eyeriss."
)
@click.option(
    "--engine",
    type=click.Choice(["fast", "detailed"]),
    default="fast",
    show_default=True,
    help="Step each distinct pass once, or every pass with its values; the results are the same.",
)
@click.option(
    "--batch", type=click.IntRange(1, 2**31 - 1), metavar="N", help="Images; what the table says unless given."
)
@click.option("--layers", metavar="C1,C3", help="Run only these layers.")
@seed_option
@click.option(
    "--accounting",
    type=click.Choice([accounting.value for accounting in Accounting]),
    default=Accounting.CNNERGY.value,
    show_default=True,
    help="Which events are charged energy.",
)
@click.option("--verify", is_flag=True, help="Compare every ofmap with a direct convolution; fail on a residual.")
@csv_option
@json_option
@click.option("--out", metavar="RUN.h5", help="Write settings and columns to an HDF5 file.")
@click.option("--tensors", is_flag=True, help="Write ifmaps, filters and ofmaps to --out, too.")
@click.option("--save-mapping", metavar="FILE", help="Write the chip's mappings that were used, for --mapping-file.")
def run(
    verify: bool,
    csv_file: str | None,
    json_file: str | None,
    out: str | None,
    tensors: bool,
    save_mapping: str | None,
    **said: Any,
) -> int:
    """Run NETWORK through the machine, layer by layer.

    \b
    python -m simulator run alexnet
    python -m simulator run alexnet --layers C3 --engine detailed --verify
    python -m simulator run vgg16 --bits 8 --csv vgg16.csv --out vgg16.h5
    python -m simulator run vgg16 --mapping eyeriss --batch 3 --save-mapping vgg16.toml
    """
    console = people_console(csv_file, json_file, save_mapping)
    if out == "-":
        raise InputError("--out is -; expected the name of a file, since HDF5 cannot go to standard output")
    if tensors and out is None:
        raise InputError("--tensors is given without --out; expected --out RUN.h5 to write them to")
    inputs = (said["network"], said["hardware_file"], said["mapping_file"])
    check_writable(csv_file, json_file, out, save_mapping, inputs=inputs)
    settings = replace(_settings(**said), verify=verify, keep_tensors=tensors)
    if save_mapping is not None and settings.mapping != EYERISS:
        raise InputError(f"--save-mapping is given with --mapping {settings.mapping}; expected --mapping {EYERISS}")
    results = _run(settings)
    write_chosen(
        (csv_file, lambda: as_csv(results.columns())),
        (json_file, lambda: as_json(results.record())),
        (out, results.hdf5),
        (save_mapping, lambda: _mappings(settings)),
    )
    if csv_file is None and json_file is None:
        print_report(console, settings.title, results.reports, settings.hardware, settings.chosen_mappings())
    return _report_check(results) if verify else 0


def _mappings(settings: Settings) -> bytes:
    """The mappings of a run as a file that --mapping-file reads."""
    from analytical.mappings import as_toml

    images = sorted({settings.images(layer) for layer in settings.network.layers})
    batch = f"{images[0]}" if len(images) == 1 else f"{images[0]} to {images[-1]}"
    source = f"simulator {__version__}: {settings.network.name} on {settings.hardware.name}, batch {batch}"
    return as_toml(settings.chosen_mappings(), source).encode()


def _settings(
    network: str,
    bits: str | None,
    hardware_file: str | None,
    mapping: str | None,
    mapping_file: str | None,
    engine: str,
    batch: int | None,
    layers: str | None,
    seed: int,
    accounting: str,
) -> Settings:
    """What the options of ``run`` say of it."""
    if mapping_file is not None and mapping == CNNERGY:
        raise InputError(f"--mapping-file is given with --mapping {mapping}; expected --mapping {EYERISS}, or none")
    chosen, hardware = load(network), choose_hardware(bits, hardware_file)
    return Settings(
        network=chosen if layers is None else chosen.select([name.strip() for name in layers.split(",")]),
        hardware=hardware,
        mapping=mapping or (CNNERGY if mapping_file is None else EYERISS),
        own_mappings={} if mapping_file is None else _own_mappings(mapping_file, chosen, hardware),
        engine=engine,
        batch=batch,
        seed=seed,
        accounting=Accounting(accounting),
    )


def _own_mappings(file: str, network: Network, hardware: Hardware) -> dict[str, ChipMapping]:
    from analytical.mappings import load_mappings

    own = load_mappings(file)
    layers = {layer.name: layer for layer in network.layers}
    for name, mapping in own.items():
        if name not in layers:
            known = ", ".join(layers)
            raise InputError(f"{file}: network {network.name} has no layer {name!r}; expected some of {known}")
        try:
            mapping.require_fits(layers[name], hardware)
        except MappingError as error:
            raise InputError(f"{file}: {error}") from error
    return own


@main.command(epilog=NETWORK_HELP)
@click.argument("a")
@click.argument("b")
@csv_option
@json_option
def compare(a: str, b: str, csv_file: str | None, json_file: str | None) -> None:
    """Set run B beside run A: energies, times and counts, and what makes the differences.

    A and B are each the JSON or HDF5 file of a run, or, in quotes, what `run` would be given.

    \b
    python -m simulator compare run.h5 "alexnet --seed 1"
    python -m simulator compare "alexnet --bits 16" "alexnet --bits 8"
    """
    from simulator.compare import Comparison  # pydantic takes its time, and runs do not need it

    console = people_console(csv_file, json_file)
    check_writable(csv_file, json_file, inputs=[*_words("A", a), *_words("B", b)])
    sides = [_side("A", a), _side("B", b)]
    comparison = Comparison(a=_recorded(sides[0], a), b=_recorded(sides[1], b))
    written = write_chosen(
        (csv_file, lambda: as_csv(comparison.rows())), (json_file, lambda: as_json(comparison.record()))
    )
    if not written:
        print_comparison(console, comparison)


def _words(name: str, said: str) -> list[str]:
    """What one side of a comparison says, word by word; the name of a file is one word."""
    if _is_run_file(said):
        return [said]
    try:
        return shlex.split(said)
    except ValueError as error:
        raise InputError(f"{name} is {said!r}: {error}; expected {SIDES}") from error


def _side(name: str, said: str) -> "RecordedRun | Settings":
    """One side of a comparison: a run that a file keeps, or the settings of one to come."""
    from simulator.compare import RunFileError, read_run_file

    try:
        if _is_run_file(said):
            return read_run_file(said)
        settings: Settings = _LIVE.main(_words(name, said), prog_name=name, standalone_mode=False)
        check_mappings(settings)
    except RunFileError as error:
        raise InputError(str(error)) from error
    except (click.UsageError, NetworkError) as error:
        message = error.format_message() if isinstance(error, click.UsageError) else str(error)
        raise InputError(f"{name} is {said!r}: {message.rstrip('.')}; expected {SIDES}") from error
    return settings


def _is_run_file(said: str) -> bool:
    return Path(said).suffix.lower() in RUN_FILES


def _recorded(side: "RecordedRun | Settings", said: str) -> "RecordedRun":
    from simulator.compare import RecordedRun

    return side if isinstance(side, RecordedRun) else RecordedRun.of(_run(side).record(), said)


RUN_FILES = (".json", ".h5", ".hdf5")
"""Endings of the names of files that keep a run."""

SIDES = f"a file ({', '.join(RUN_FILES)}) or, in quotes, what `run` is given"
"""What a side of a comparison may be."""

_LIVE = click.Command(
    "run",
    params=[option for option in run.params if option.name in inspect.signature(_settings).parameters],
    callback=_settings,
    add_help_option=False,
)
"""What a live side of a comparison is given: those options of ``run`` that say what runs."""


@main.command(epilog=NETWORK_HELP)
@click.argument("networks", metavar="[NETWORK]...", nargs=-1)
@bits_option
@hardware_option
@seed_option
@csv_option
@json_option
def effects(
    networks: tuple[str, ...],
    bits: str | None,
    hardware_file: str | None,
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
    console = people_console(csv_file, json_file)
    check_writable(csv_file, json_file, inputs=(*networks, hardware_file))
    hardware = choose_hardware(bits, hardware_file)
    chosen = [Settings(network=load(network), hardware=hardware, seed=seed) for network in networks or ZOO]
    names = [settings.network.name for settings in chosen]
    if len(set(names)) < len(names):
        raise InputError(f"networks are {', '.join(names)}; expected each to have a name of its own")
    for settings in chosen:
        check_mappings(settings)
    runs = {settings.network.name: _run(settings).reports for settings in chosen}
    said = {name: value for name, value in chosen[0].record().items() if name != "network"}
    written = write_chosen(
        (csv_file, lambda: as_csv(effect_rows(runs))), (json_file, lambda: as_json(effect_record(said, runs)))
    )
    if not written:
        print_effects(console, hardware.name, runs)


@main.command()
@click.argument("file", required=False)
@hardware_option
@click.option("--mapping-file", metavar="FILE", help="Mappings of your own (.toml) for layers that it names.")
@seed_option
@csv_option
@json_option
def validate(
    file: str | None,
    hardware_file: str | None,
    mapping_file: str | None,
    seed: int,
    csv_file: str | None,
    json_file: str | None,
) -> None:
    """Set the machine beside measured silicon: latencies, PEs at work, GLB and DRAM traffic, energy of a frame.

    FILE has what was measured (.toml); without it, the Eyeriss chip on AlexNet's CONV layers.

    \b
    python -m simulator validate
    python -m simulator validate my_chip.toml --hardware my_chip_hardware.toml --json -
    """
    from simulator.silicon import SiliconError, load_measured, shipped
    from simulator.validation import Validation, settings_of

    console = people_console(csv_file, json_file)
    check_writable(csv_file, json_file, inputs=(file, hardware_file, mapping_file))
    try:
        measured = shipped() if file is None else load_measured(file)
        hardware = choose_hardware(str(measured.bits), hardware_file)
        check_writable(csv_file, json_file, inputs=(measured.network,))
        own = {} if mapping_file is None else _own_mappings(mapping_file, load(measured.network), hardware)
        settings, also = settings_of(measured, hardware, own, seed)
    except SiliconError as error:
        raise InputError(str(error)) from error
    except NetworkError as error:
        raise InputError(f"{file}: {error}") from error
    for each in (settings, *also):
        check_mappings(each)
    results, *others = (_run(each) for each in (settings, *also))
    validation = Validation(measured=measured, results=results, also=list(zip(measured.also, others, strict=True)))
    written = write_chosen(
        (csv_file, lambda: as_csv(validation.rows())), (json_file, lambda: as_json(validation.record()))
    )
    if not written:
        print_validation(console, validation)


def _run(settings: Settings) -> NetworkRun:
    with progress_bar(settings) as progress:
        return run_network(settings, progress)


def _report_check(results: NetworkRun) -> int:
    """Say whether ofmaps are right and all differences explained; the exit status."""
    wrong, unexplained = results.wrong_layers(), results.unexplained_layers()
    for name, values in wrong.items():
        click.echo(f"verify: layer {name}: {values} ofmap values differ from the direct convolution", err=True)
    for name in unexplained:
        click.echo(f"verify: layer {name}: counts differ from the closed forms beyond all known effects", err=True)
    if wrong or unexplained:
        return CHECK_FAILED
    right = f"all {len(results.layers)} ofmaps equal the direct convolution, bit for bit"
    click.echo(f"verify: {right}; the cross-check has no residual", err=True)
    return 0


if __name__ == "__main__":
    run_command(main, "python -m simulator")
