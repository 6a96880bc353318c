"""``python -m simulator``: run a network through the machine, cycle by cycle."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from analytical import __version__
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
    write_outputs,
)
from analytical.energy import Accounting
from analytical.layer import Layer
from analytical.networks import Network, load
from simulator.session import NetworkRun, Settings, run_network
from simulator.tables import print_report


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
    type=click.Choice(["cnnergy", "eyeriss"]),
    default="cnnergy",
    show_default=True,
    help="How layers are laid on the array; eyeriss is not available yet.",
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
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Seed of the synthetic data."
)
@click.option(
    "--accounting",
    type=click.Choice([accounting.value for accounting in Accounting]),
    default=Accounting.CNNERGY.value,
    show_default=True,
    help="Which events are charged energy.",
)
@click.option("--verify", is_flag=True, help="Compare every ofmap with a direct convolution, bit for bit.")
@csv_option
@json_option
@click.option("--out", metavar="RUN.h5", help="Write settings and columns to an HDF5 file.")
@click.option("--tensors", is_flag=True, help="Write ifmaps, filters and ofmaps to --out, too.")
def run(
    network: str,
    bits: str | None,
    hardware_file: str | None,
    mapping: str,
    engine: str,
    batch: int | None,
    layers: str | None,
    seed: int,
    accounting: str,
    verify: bool,
    csv_file: str | None,
    json_file: str | None,
    out: str | None,
    tensors: bool,
) -> int:
    """Run NETWORK through the machine, layer by layer.

    \b
    python -m simulator run alexnet
    python -m simulator run alexnet --layers C3 --engine detailed --verify
    python -m simulator run vgg16 --bits 8 --csv vgg16.csv --out vgg16.h5
    """
    console = people_console(csv_file, json_file)
    if mapping != "cnnergy":
        raise InputError(f"--mapping {mapping} is not available yet; expected cnnergy")
    if out == "-":
        raise InputError("--out is -; expected the name of a file, since HDF5 cannot go to standard output")
    if tensors and out is None:
        raise InputError("--tensors is given without --out; expected --out RUN.h5 to write them to")
    check_writable(csv_file, json_file, out, inputs=(network, hardware_file))
    settings = Settings(
        network=_choose_network(network, layers),
        hardware=choose_hardware(bits, hardware_file),
        mapping=mapping,
        engine=engine,
        batch=batch,
        seed=seed,
        accounting=Accounting(accounting),
        verify=verify,
        keep_tensors=tensors,
    )
    with _progress(settings) as progress:
        results = run_network(settings, progress)
    outputs = {}
    if csv_file is not None:
        outputs[csv_file] = as_csv(results.columns())
    if json_file is not None:
        outputs[json_file] = as_json(results.record())
    if out is not None:
        outputs[out] = results.hdf5()
    write_outputs(outputs)
    if csv_file is None and json_file is None:
        hardware = settings.hardware
        title = f"{settings.network.name} on {hardware.name}, seed {seed}, {engine} engine"
        print_report(console, title, results.reports, hardware)
    return _report_check(results) if verify else 0


def _choose_network(network: str, layers: str | None) -> Network:
    chosen = load(network)
    return chosen if layers is None else chosen.select([name.strip() for name in layers.split(",")])


@contextmanager
def _progress(settings: Settings) -> Iterator[Callable[[Layer], Callable[[int], None]]]:
    """A bar on standard error that grows with the MACs of the passes; nothing where nobody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        macs = sum(layer.macs * (settings.batch or layer.batch) for layer in settings.network.layers)
        task = bar.add_task("", total=macs)

        def start(layer: Layer) -> Callable[[int], None]:
            bar.update(task, description=layer.name)
            return lambda macs: bar.advance(task, macs)

        yield start


def _report_check(results: NetworkRun) -> int:
    wrong = results.wrong_layers()
    for name, values in wrong.items():
        click.echo(f"verify: layer {name}: {values} ofmap values differ from the direct convolution", err=True)
    if wrong:
        return CHECK_FAILED
    click.echo(f"verify: all {len(results.layers)} ofmaps equal the direct convolution, bit for bit", err=True)
    return 0


if __name__ == "__main__":
    run_command(main, "python -m simulator")
