"""Figures of sparse networks, row by row."""

import csv
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "data" / "sparse"


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of a file of figures."""
    with (FOLDER / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
