"""Tables of a sweep and its fronts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from analytical.sweeps.summary import LEAST, summary_of
from analytical.terminal.tables import people_table
from analytical.terminal.text import digits
from simulator.sweeps.file import SweepFile
from simulator.sweeps.fronts import Fronts, base_of

MOST_REASONS = 5
"""Reasons that are said why points cannot be mapped."""

MOST_EFFECTS = 3
"""Fields that are named for each kind of layers."""


def print_sweep(console: Console, done: SweepFile) -> None:
    """How many points there are, the best of each network, and why others cannot be mapped."""
    summary = summary_of(done)
    console.print(f"{summary.points} points, of which {summary.mapped} can be mapped: {done.path}", style="bold")
    for (network, column), row in summary.best.items():
        mJ, ms = _figures(row)
        console.print(
            f"{network}, least {LEAST[column]}: {mJ} mJ, {ms} ms an image on {row['hardware']} ({row['mapping']})"
        )
    for reason, times in summary.reasons.most_common(MOST_REASONS):
        console.print(f"{times} of these cannot be: {reason}")


def print_fronts(console: Console, found: Fronts, shown: Sequence[str]) -> None:
    """The points that no other beats, and what moves energy."""
    names = [name.removeprefix("hardware.") for name in shown]
    # chips that the others are like, where there are several
    several = len({base_of(row) for row in found.points}) > 1
    if several:
        names.insert(0, "like")
    for network, rows in found.best.items():
        of_network = sum(row["network"] == network for row in found.points)
        title = f"{network}: {len(rows)} of {of_network} points that no other beats in {found.x} and {found.y}"
        extra = [name for name in (found.x, found.y) if name not in ("latency_s", "energy_J")]
        table = people_table(title, *names, "mapping", "PEs", "mJ", "ms", *extra)
        for row in rows:
            fields = [*([base_of(row)] if several else []), *(_said(row[name]) for name in shown)]
            table.add_row(
                *fields, row["mapping"], str(row["pes"]), *_figures(row), *(digits(row[name]) for name in extra)
            )
        console.print(table)
    table = people_table(
        "What moves the energy of an image most, all else alike",
        "network",
        "layers",
        "field",
        "best",
        "worst",
        "worst / best",
    )
    seen: Counter[tuple[str, str]] = Counter()
    for effect in found.effects:
        kind = (effect.network, effect.kind)
        seen[kind] += 1
        if seen[kind] <= MOST_EFFECTS:
            table.add_row(*kind, effect.field, effect.best, effect.worst, f"{effect.factor:.3f}")
    if found.effects:
        console.print(table)
    if found.unmapped:
        console.print(f"{found.unmapped} points cannot be mapped.")


def _figures(row: dict[str, Any]) -> tuple[str, str]:
    return digits(row["energy_J"] * 1e3), digits(row["latency_s"] * 1e3)


def _said(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
