"""``python -m partition figure``."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from tests.partition.commands.calls import partition


@pytest.mark.parametrize("number", ["2", "10", "12", "13a", "13b", "13c"])
def test_figures_are_points_and_pictures(number: str, tmp_path: Path) -> None:
    picture, points = tmp_path / "figure.png", tmp_path / "figure.csv"
    result = partition("figure", number, "--out", str(picture), "--csv", str(points))
    assert (result.returncode, result.stderr) == (0, f"wrote {points}\nwrote {picture}\n")
    with Image.open(picture) as image:
        assert image.width > 500
    with points.open() as file:
        rows = list(csv.DictReader(file))
    assert {"panel", "series", "x", "y"} == set(rows[0])
    known = {
        "10": ("analytical", "P2", 5.327),
        "2": ("analytical", "FC8", 7.274),
        "13c": ("without control", "88.0", 3.041),
    }
    if number in known:
        series, x, y = known[number]
        assert next(float(r["y"]) for r in rows if (r["series"], r["x"]) == (series, x)) == pytest.approx(y, abs=0.001)
