"""What a sweep found, in a few figures: how many points, the best of each network, why others cannot be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LEAST = {"energy_J": "energy", "latency_s": "latency"}
"""Columns of which the least is said, and what they are called."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A few figures of a sweep.

    Attributes
    ----------
    points, mapped : int
        All of them, and those that can be mapped.
    best : dict of (str, str) to dict
        By network and column of :data:`LEAST`, the first point with the least.
    reasons : Counter of str
        Why others cannot be, and how many; the same for many hardware is one.
    """

    points: int
    mapped: int
    best: dict[tuple[str, str], dict[str, Any]]
    reasons: "Counter[str]"


def summary_of(rows: Iterable[dict[str, Any]]) -> Summary:
    """The figures of the points of a sweep, one after the other: there may be more of them than memory.

    Examples
    --------
    >>> points = [{"network": "n", "energy_J": joules, "latency_s": 1.0, "reason": ""} for joules in (2.0, 1.0)]
    >>> found = summary_of(points)
    >>> found.mapped, found.best["n", "energy_J"]["energy_J"]
    (2, 1.0)
    """
    best: dict[tuple[str, str], dict[str, Any]] = {}
    reasons: Counter[str] = Counter()
    points = 0
    for row in rows:
        points += 1
        if row["reason"]:
            reasons[row["reason"].replace(row["hardware"], "the hardware")] += 1
            continue
        for column in LEAST:
            known = best.setdefault((row["network"], column), row)
            if row[column] < known[column]:
                best[row["network"], column] = row
    return Summary(points, points - reasons.total(), best, reasons)
