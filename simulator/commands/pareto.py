"""``python -m simulator pareto``: what no other point of a sweep beats."""

import click

from analytical.diagrams import picture_format
from analytical.errors import InputError
from analytical.sheet import parse_names
from analytical.terminal.options import command, csv_option
from analytical.terminal.outputs import as_csv, check_writable, write_chosen


@command()
@click.argument("sweep", metavar="SWEEP.h5|POINTS.csv")
@click.option("--x", default="latency_s", show_default=True, help="A column of the sweep that should be small.")
@click.option("--y", default="energy_J", show_default=True, help="Another one.")
@click.option("--by", metavar="J,K", help="Fields of the hardware to show.  [default: all that vary]")
@click.option("--network", metavar="NETWORK", help="One of several networks.  [default: each for itself]")
@click.option("--out", metavar="FILE", help="Draw all points and the front (.svg, .png).")
@csv_option
def pareto(
    sweep: str, x: str, y: str, by: str | None, network: str | None, out: str | None, csv_file: str | None
) -> None:
    """Say which points of a sweep no other beats, and which field of the hardware moves energy most.

    SWEEP.h5 is the file of a sweep; POINTS.csv what either sweep writes with --csv, which has no layers.

    \b
    python -m simulator pareto sweep.h5
    python -m simulator pareto points.csv
    python -m simulator pareto sweep.h5 --x pes --y energy_J --by J,K --out front.svg
    """
    from simulator.charts.fronts import FORMATS, picture
    from simulator.sweeps.file import read_sweep
    from simulator.sweeps.fronts import fronts
    from simulator.sweeps.table import read_sweep_csv

    ending = None if out is None else picture_format(out, FORMATS, "altair")
    check_writable(out, csv_file, inputs=(sweep,))
    done = read_sweep_csv(sweep) if sweep.lower().endswith(".csv") else read_sweep(sweep)
    found = fronts(done, x, y, network=network)
    shown = found.fields if by is None else tuple(f"hardware.{name}" for name in parse_names(by))
    unknown = [name for name in shown if name not in found.fields]
    if unknown:
        known = ", ".join(name.removeprefix("hardware.") for name in found.fields) or "none"
        raise InputError(f"--by has {unknown[0].removeprefix('hardware.')}; expected fields of the grid: {known}")
    written = write_chosen(
        (out, lambda: picture(found, str(ending))),
        (csv_file, lambda: as_csv(found.rows())),
    )
    if not written:
        from analytical.terminal.tables import people_console
        from simulator.tables.sweeps import print_fronts

        print_fronts(people_console(), found, shown)
