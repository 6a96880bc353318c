"""The points of a sweep from a CSV: of the machine's (``--csv``), or of the closed forms' (``analytical sweep``)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytical.results import HasRows
from analytical.sheet import parse_sheet, read_text, real_number
from simulator.sweeps.file import SUMS
from simulator.sweeps.journal import SweepError

EXPECTED = "the CSV of a sweep"

NEEDED = ("point", "network", "hardware", "batch", "pes", "energy_J", "latency_s", "reason")
"""Columns without which there is no point."""


@dataclass(frozen=True, slots=True)
class SweepTable(HasRows):
    """Points of a sweep, without their layers.

    Attributes
    ----------
    path : Path
    columns : tuple of dict
        A row a point, as CSV has it; fields of the hardware are text.
    """

    path: Path
    columns: tuple[dict[str, Any], ...]

    def rows(self) -> list[dict[str, Any]]:
        """A row a point."""
        return list(self.columns)

    def layers(self) -> dict[str, list[Any]]:
        """None: a CSV has points alone."""
        return {}


def read_sweep_csv(path: str | Path) -> SweepTable:
    """The points of a sweep from its CSV.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    SweepTable
        ``.rows()`` has them; those of closed forms, which know one mapping, have it too.

    Raises
    ------
    SweepError
        It is no such CSV; the message says where.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "points.csv")
    ...     _ = path.write_text(",".join(NEEDED) + ",hardware.K\\n0,alexnet,chip,1,84,0.01,0.02,,7\\n")
    ...     row = read_sweep_csv(path).rows()[0]
    >>> row["energy_J"], row["pes"], row["hardware.K"], row["mapping"]
    (0.01, 84, '7', 'cnnergy')
    """

    def refuse(said: str) -> SweepError:
        return SweepError(f"{path}: {said}")

    sheet = parse_sheet(
        read_text(Path(path), refuse, EXPECTED), refuse, EXPECTED, optional=lambda heading: heading == "reason"
    )
    missing = [name for name in NEEDED if name not in sheet.headings]
    if missing or not sheet.rows:
        raise refuse(f"has no {missing[0] if missing else 'points'}; expected {EXPECTED}")
    rows = []
    for where, cells in sheet.rows:
        row: dict[str, Any] = {"mapping": "cnnergy", "seed": "0"} | cells
        for name in ("point", "pes", *(name for name in SUMS if name in cells)):
            row[name] = _number(cells[name])
            # where there is a reason, there is nothing else
            if not cells["reason"] and not (math.isfinite(row[name]) and row[name] >= 0):
                raise refuse(f"{where}, {name} is {cells[name][:40]!r}; expected a number, at least 0")
        if not cells["reason"]:
            row |= {name: int(row[name]) for name in ("point", "pes")}
        rows.append(row)
    return SweepTable(Path(path), tuple(rows))


def _number(text: str) -> float:
    try:
        return real_number(text)
    except ValueError:
        return math.nan
