"""``python -m analytical sweep``: a design space by the closed forms."""

import click

from analytical.terminal.options import command, csv_option, rules_option
from analytical.terminal.outputs import as_csv, check_writable, write_chosen


@command()
@click.argument("grid")
@rules_option
@csv_option
def sweep(grid: str, rules: str, csv_file: str | None) -> None:
    """Estimate a GRID (.toml) of networks, hardware and batches by the closed forms, all points at once.

    \b
    python -m analytical sweep grid.toml --csv points.csv
    """
    check_writable(csv_file, inputs=(grid,))
    from analytical.sweeps.summary import LEAST, summary_of
    from analytical.sweeps.sweep import sweep as estimate_grid

    found = estimate_grid(grid, rules)
    if write_chosen((csv_file, lambda: as_csv(found.rows()))):
        return
    from analytical.terminal.tables import people_console

    console = people_console()
    summary = summary_of(found)
    console.print(f"{summary.points} points by closed forms, of which {summary.mapped} can be mapped", style="bold")
    for (network, column), row in summary.best.items():
        console.print(
            f"{network}, least {LEAST[column]}: {row['energy_J'] * 1e3:.4g} mJ, {row['latency_s'] * 1e3:.4g} ms an "
            f"image on {row['hardware']}"
        )
