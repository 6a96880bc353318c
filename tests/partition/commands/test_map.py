"""``python -m partition map``."""

import csv
from pathlib import Path

from tests.partition.commands.calls import partition


def test_a_map_is_a_table_rows_or_a_picture(tmp_path: Path) -> None:
    shown = partition("map", "alexnet")
    assert shown.returncode == 0
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "P2" in shown.stdout
    picture, rows = tmp_path / "map.svg", tmp_path / "map.csv"
    assert partition("map", "alexnet", "--out", str(picture), "--csv", str(rows)).returncode == 0
    assert b"<svg" in picture.read_bytes()
    with rows.open() as file:
        cuts = {row["cut"] for row in csv.DictReader(file)}
    assert cuts == {"In", "P2", "P3", "FC6", "FC8"}
