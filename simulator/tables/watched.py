"""The table of a watched pass."""

from rich.console import Console

from analytical.terminal.tables import people_table
from simulator.watching import WatchedPass


def print_watched(console: Console, watched: WatchedPass) -> None:
    """What the PEs of a pass did, and when each row began."""
    console.print(watched.title, style="bold")
    table = people_table(
        f"What {watched.pes} PEs did in {watched.cycles:,} cycles",
        "PEs", "PE-cycles", "%", "first cycle", "last cycle",
    )  # fmt: skip
    for row in watched.summary():
        of_cycles = (f"{row[name]:,}" for name in ("PE-cycles", "first cycle", "last cycle"))
        cycles, first, last = of_cycles
        table.add_row(row["PEs"], cycles, f"{row['%']:.1f}", first, last)
    console.print(table)
    started = watched.first_macs().min(axis=1)
    names = watched.row_names()
    earliest, latest = int(started.argmin()), int(started.argmax())
    if started.min() < watched.cycles:
        console.print(
            f"MACs, gated or not, begin in cycle {started.min():,} ({names[earliest]}); the last row to "
            f"begin is {names[latest]}, in cycle {started[latest]:,}."
        )
