"""``python -m simulator report``: a run to look at."""

import click

from analytical.errors import InputError
from analytical.terminal.options import command
from analytical.terminal.outputs import check_writable, write_chosen
from simulator.charts.draw import TITLES, picture


@command()
@click.argument("run")
@click.argument("other", required=False)
@click.option("--out", metavar="REPORT.html", help="The page: one file, which opens without a network.")
@click.option(
    "--panel",
    type=click.Choice(list(TITLES)),
    help=f"Of --svg and --png.  [default: {next(iter(TITLES))}]",
)
@click.option("--svg", metavar="FILE", help="One diagram alone.")
@click.option("--png", metavar="FILE", help="One diagram alone.")
def report(run: str, other: str | None, out: str | None, panel: str | None, svg: str | None, png: str | None) -> None:
    """Make a page of RUN (.json, .h5): energies, waits, roofline, traffic; with OTHER, side by side and what changed.

    \b
    python -m simulator run alexnet --json run.json
    python -m simulator report run.json --out report.html
    python -m simulator report run.json other.json --panel latency --svg latency.svg
    """
    if out is None and svg is None and png is None:
        raise InputError("none of --out, --svg and --png is given; expected a file for the report")
    if out is not None and out != "-" and not out.endswith((".html", ".htm")):
        raise InputError(f"--out is {out}; expected a name that ends in .html")
    for option, file in (("svg", svg), ("png", png)):
        if file is not None and file != "-" and not file.lower().endswith(f".{option}"):
            raise InputError(f"--{option} is {file}; expected a name that ends in .{option}")
    if panel is not None and svg is None and png is None:
        raise InputError("--panel is given without --svg and --png; expected a file for the diagram")
    diagram = panel or next(iter(TITLES))
    from simulator.report.page import load_runs, page  # what reads runs takes its time to import

    check_writable(out, svg, png, inputs=(run, other))
    runs = load_runs(run, *([other] if other is not None else []))
    write_chosen(
        (out, lambda: page(runs).encode()),
        (svg, lambda: picture(diagram, runs, "svg")),
        (png, lambda: picture(diagram, runs, "png")),
    )
