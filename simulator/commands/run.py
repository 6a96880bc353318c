"""``python -m simulator run``: a network through the machine."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from analytical import __version__
from analytical.energy import Accounting
from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.files.seal import sealed
from analytical.mappings import DEFAULT_MAPPER, FILE_MAPPER, MAPPERS, OBJECTIVES
from analytical.network import Network, word_bits
from analytical.networks import load_network
from analytical.sheet import parse_names
from analytical.sizes import memory_size
from analytical.terminal.errors import CHECK_FAILED
from analytical.terminal.options import (
    WholeRange,
    bits_option,
    csv_option,
    hardware_option,
    json_option,
    network_argument,
    network_command,
    rules_option,
    seed_option,
)
from analytical.terminal.outputs import STANDARD_OUTPUT, as_csv, as_json, check_writable, write_chosen
from simulator.settings import ACCOUNTINGS, ENGINES, GROUPS, Settings

log = logging.getLogger(__name__)

objective_option = click.option(
    "--objective",
    type=click.Choice(OBJECTIVES),
    default=OBJECTIVES[0],
    show_default=True,
    help=f"What --mapping {FILE_MAPPER} goes by: least energy, or the rule that was inferred from the chip.",
)

LAYOUT_OPTIONS = (
    network_argument,
    bits_option(default=16),
    hardware_option,
    click.option(
        "--mapping",
        type=click.Choice([*MAPPERS]),
        help="How layers are laid on the array: "
        + "; ".join(f"{mapper.name}: {mapper.summary}" for mapper in MAPPERS.values())
        + f".  [default: {DEFAULT_MAPPER}; {FILE_MAPPER} with --mapping-file]",
    ),
    click.option(
        "--mapping-file",
        metavar="FILE",
        help=f"Mappings of your own (.toml) for layers that it names; implies --mapping {FILE_MAPPER}.",
    ),
    rules_option,
    objective_option,
    click.option(
        "--groups",
        type=click.Choice(GROUPS),
        default=GROUPS[0],
        show_default=True,
        help="Convolution groups of a layer: one after the other, or side by side where PEs are free.",
    ),
)
"""What says how which layers lie on which array."""

batch_option = click.option(
    "--batch",
    type=WholeRange(1, 2**31 - 1),
    metavar="N",
    help="Images.  [default: what the table says, layer by layer]",
)

layers_option = click.option(
    "--layers",
    metavar="C1,C3",
    help="Run only these layers, by name; one with a comma in double quotes.  [default: all]",
)

engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=ENGINES[0],
    show_default=True,
    help="fast: tables; detailed: every pass with its values; stepped: cycle by cycle. The results are the same.",
)

accounting_option = click.option(
    "--accounting",
    type=click.Choice(ACCOUNTINGS),
    default=Accounting.CNNERGY.value,
    show_default=True,
    help="Which events are charged energy.",
)

SETTINGS_OPTIONS = (*LAYOUT_OPTIONS, engine_option, batch_option, layers_option, seed_option, accounting_option)
"""What says which run it is; a side of ``compare`` takes the same."""


def settings_of(
    network: str,
    bits: int | None,
    hardware: str | None,
    mapping: str | None,
    mapping_file: str | None,
    rules: str,
    objective: str,
    groups: str,
    batch: int | None,
    layers: str | None,
    seed: int,
    engine: str = ENGINES[0],
    accounting: str = Accounting.CNNERGY.value,
) -> Settings:
    """The settings that :data:`SETTINGS_OPTIONS` name."""
    if mapping_file is not None and mapping is not None and not MAPPERS[mapping].takes_files:
        raise InputError(f"--mapping-file is given with --mapping {mapping}; expected --mapping {FILE_MAPPER}, or none")
    from simulator.commands.options import read_own_mappings

    chosen = load_network(network)
    chip = choose_hardware(hardware, bits, default_bits=word_bits(chosen, 16))
    return Settings(
        network=chosen,
        selected=None if layers is None else _names(layers, chosen),
        hardware=chip,
        mapping=mapping or (DEFAULT_MAPPER if mapping_file is None else FILE_MAPPER),
        own_mappings=read_own_mappings(mapping_file, chosen, chip),
        rules=rules,
        objective=objective,
        groups=groups,
        engine=engine,
        batch=batch,
        seed=seed,
        accounting=Accounting(accounting),
    )


def _names(layers: str, network: Network) -> tuple[str, ...]:
    """The layers that a person lists; the whole text may be one name, whatever is in it."""
    return (layers,) if layers in network.names else parse_names(layers)


def with_options(options: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """A decorator that gives a command all of them, in order."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@network_command()
@with_options(SETTINGS_OPTIONS)
@click.option("--verify", is_flag=True, help="Compare every ofmap with a direct convolution; fail on a residual.")
@click.option("--crosscheck", is_flag=True, help="Print what moved, and every difference from the closed forms.")
@click.option("--reuse", is_flag=True, help="Print how often data are used at each level of memory.")
@csv_option
@json_option
@click.option("--out", metavar="RUN.h5", help="Write settings and columns to an HDF5 file.")
@click.option("--tensors", is_flag=True, help="Write ifmaps, filters and ofmaps to --out, too.")
@click.option("--memory", metavar="8GiB", help="What a layer may take of memory.  [default: what is free]")
@click.option("--save-mapping", metavar="FILE", help="Write the mappings that were used, for --mapping-file.")
@click.option("--accelergy", metavar="FOLDER", help="Write energies and counts of an image as Accelergy's files.")
@click.option(
    "--timeline", metavar="RUN.json.gz", help="Write what happens when, as trace events that Perfetto's UI opens."
)
@click.option(
    "--series", type=WholeRange(2, 2000), metavar="200",
    help="Put what happens over time into --json, at so many points of each layer.",
)  # fmt: skip
def run(
    verify: bool,
    crosscheck: bool,
    reuse: bool,
    csv_file: str | None,
    json_file: str | None,
    out: str | None,
    tensors: bool,
    memory: str | None,
    save_mapping: str | None,
    accelergy: str | None,
    timeline: str | None,
    series: int | None,
    **said: Any,
) -> int:
    """Run NETWORK through the machine, layer by layer.

    \b
    python -m simulator run alexnet
    python -m simulator run alexnet --layers C3 --engine detailed --verify
    python -m simulator run vgg16 --bits 8 --csv vgg16.csv --out vgg16.h5
    python -m simulator run vgg16 --mapping eyeriss --batch 3 --save-mapping vgg16.toml
    python -m simulator run alexnet --layers C1,C3 --timeline run.json.gz
    """
    if timeline is not None and not timeline.endswith(".json.gz"):
        raise InputError(f"--timeline is {timeline}; expected a name that ends in .json.gz")
    if out == STANDARD_OUTPUT:
        raise InputError("--out is -; expected the name of a file, since HDF5 cannot go to standard output")
    if tensors and out is None:
        raise InputError("--tensors is given without --out; expected --out RUN.h5 to write them to")
    energies, counts = (None, None) if accelergy is None else _accelergy_files(accelergy)
    check_writable(
        *(csv_file, json_file, out, save_mapping, timeline, energies, counts),
        inputs=(said["network"], said["hardware"], said["mapping_file"]),
    )
    allowed = None if memory is None else memory_size(memory)
    settings = replace(settings_of(**said), verify=verify, keep_tensors=tensors, memory_bytes=allowed)
    if save_mapping is not None and not MAPPERS[settings.mapping].takes_files:
        raise InputError(f"--save-mapping is given with --mapping {settings.mapping}; expected --mapping {FILE_MAPPER}")
    from analytical.files.accelergy import action_counts, as_yaml, ert
    from simulator.commands.options import run_watched

    if series is not None and json_file is None:
        raise InputError("--series is given without --json; expected a file for it")
    trace = over_time = None
    if timeline is not None:
        from simulator.report.timeline import Timeline

        trace = Timeline(f"{settings.network.name} on {settings.hardware.name}")
    if series is not None:
        from simulator.report.series import Series

        over_time = Series(series)
    observers = [observer for observer in (trace, over_time) if observer is not None]

    def observe(*seen: Any) -> None:
        for observer in observers:
            observer(*seen)

    result = run_watched(settings, observe if observers else None)

    def record() -> dict[str, Any]:
        whole = result.record()
        if over_time is None:
            return whole
        for layer in whole["layers"]:
            layer["series"] = over_time.by_layer[layer["layer"]]
        return sealed(whole)

    write_chosen(
        (csv_file, lambda: as_csv(result.rows())),
        (json_file, lambda: as_json(record())),
        (out, result.hdf5),
        (save_mapping, lambda: _mapping_file(result)),
        (energies, lambda: as_yaml(ert(settings.hardware))),
        (counts, lambda: as_yaml(action_counts(result.counts_of_all(), settings.accounting))),
        (timeline, lambda: trace.gzipped() if trace is not None else b""),
    )
    if csv_file is None and json_file is None:
        from analytical.terminal.tables import people_console
        from simulator.tables.report import print_report

        console = people_console(save_mapping)
        if reuse:
            from simulator.tables.reuse import print_reuse

            print_reuse(console, result)
        print_report(console, result, crosscheck=crosscheck)
    return _say_verified(result) if verify else 0


def _accelergy_files(folder: str) -> tuple[str, str]:
    """Where Accelergy's files go."""
    if not Path(folder).is_dir():
        raise InputError(f"--accelergy is {folder}; expected a folder that exists")
    return str(Path(folder, "ERT.yaml")), str(Path(folder, "action_counts.yaml"))


def _mapping_file(result: Any) -> bytes:
    """The mappings of a run as a file that --mapping-file reads."""
    from analytical.mappings.files import as_toml

    settings = result.settings
    images = sorted({settings.images(layer) for layer in settings.layers})
    batch = f"{images[0]}" if len(images) == 1 else f"{images[0]} to {images[-1]}"
    source = f"simulator {__version__}: {settings.network.name} on {settings.hardware.name}, batch {batch}"
    return as_toml({layer.name: layer.chosen for layer in result}, source).encode()


def _say_verified(result: Any) -> int:
    """Say whether ofmaps are right and all differences explained; the exit status."""
    wrong, unexplained = result.wrong_layers(), result.unexplained_layers()
    for name, values in wrong.items():
        click.echo(f"verify: layer {name}: {values} ofmap values differ from the direct convolution", err=True)
    for name in unexplained:
        click.echo(f"verify: layer {name}: counts differ from the closed forms beyond all known effects", err=True)
    if wrong or unexplained:
        return CHECK_FAILED
    right = f"all {len(result)} ofmaps equal the direct convolution, bit for bit"
    log.info("verify: %s; the cross-check has no residual", right)
    return 0
