"""``python -m analytical sweep``: a design space by the closed forms."""

from typing import Any

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
    from analytical.sweeps.sweep import sweep as estimate_grid

    found = estimate_grid(grid, rules)
    if write_chosen((csv_file, lambda: as_csv(found.rows()))):
        return
    from analytical.terminal.tables import people_console

    console = people_console()
    best: dict[tuple[str, str], dict[str, Any]] = {}
    points = mapped = 0
    for row in found:
        points += 1
        if row["reason"]:
            continue
        mapped += 1
        for column in ("energy_J", "latency_s"):
            known = best.setdefault((row["network"], column), row)
            if row[column] < known[column]:
                best[row["network"], column] = row
    console.print(f"{points} points by closed forms, of which {mapped} can be mapped", style="bold")
    for (network, column), row in best.items():
        said = {"energy_J": "energy", "latency_s": "latency"}[column]
        console.print(
            f"{network}, least {said}: {row['energy_J'] * 1e3:.4g} mJ, {row['latency_s'] * 1e3:.4g} ms an image on "
            f"{row['hardware']}"
        )
