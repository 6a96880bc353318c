"""``python -m simulator watch``: one pass from the inside."""

import re
from typing import Any

import click

from analytical.diagrams import picture_format
from analytical.errors import InputError
from analytical.terminal.options import WholeRange, csv_option, network_command, seed_option
from analytical.terminal.outputs import as_csv, check_writable, write_chosen
from simulator.commands.run import LAYOUT_OPTIONS, batch_option, settings_of, with_options

CYCLES = re.compile(r"(\d{1,15}):(\d{1,15})", re.ASCII)


@network_command()
@with_options(LAYOUT_OPTIONS)
@batch_option
@click.option("--layers", metavar="C1", help="The layer, by name.  [default: the first]")
@seed_option
@click.option(
    "--pass",
    "number",
    type=WholeRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Which pass of the layer, from 0.",
)
@click.option("--cycles", metavar="0:600", help="Draw these cycles of it only.  [default: all]")
@click.option(
    "--out",
    metavar="C1.png",
    help="A picture: .png has PEs over cycles and the area over time; .gif moves from cycle to cycle.",
)
@csv_option
def watch(number: int, cycles: str | None, out: str | None, csv_file: str | None, **said: Any) -> None:
    """Watch a pass of a layer of NETWORK: what each PE does in each cycle.

    \b
    python -m simulator watch alexnet --layers C1 --out c1.png
    python -m simulator watch alexnet --layers C3 --pass 5 --batch 2 --out c3.gif
    python -m simulator watch alexnet --layers C1 --cycles 0:600 --out begins.png
    """
    settings = settings_of(**said)
    if len(settings.layers) > 1 and settings.selected is not None:
        raise InputError(f"--layers is {said['layers']}; expected one layer, since a pass is of one")
    if cycles is not None and out is None:
        raise InputError("--cycles is given without --out; expected a picture to draw them in")
    bounds = _cycles(cycles)
    from simulator.charts.raster import FORMATS, picture

    ending = None if out is None else picture_format(out, FORMATS, "matplotlib")
    check_writable(out, csv_file, inputs=(said["network"], said["hardware"], said["mapping_file"]))
    from simulator.watching import watch_pass  # brings the machine

    watched = watch_pass(settings, settings.layers[0].name, number)
    written = write_chosen(
        (out, lambda: picture(watched, str(ending), *bounds)),
        (csv_file, lambda: as_csv(watched.rows())),
    )
    if not written:
        from analytical.terminal.tables import people_console
        from simulator.tables.watched import print_watched

        print_watched(people_console(), watched)


def _cycles(cycles: str | None) -> tuple[int, int | None]:
    """The first cycle, and the one behind the last; None: all."""
    if cycles is None:
        return 0, None
    found = CYCLES.fullmatch(cycles)
    if found is None:
        raise InputError(f"--cycles is {cycles}; expected the first cycle and the one behind the last, as in 0:600")
    return int(found[1]), int(found[2])
