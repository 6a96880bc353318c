"""``python -m simulator watch``."""

from pathlib import Path

import pytest

import simulator as api
from tests.simulator.commands.calls import rows_of, simulator


def test_a_pass_as_a_table_a_picture_and_numbers(network: str, tmp_path: Path) -> None:
    watched = api.watch(network, "B", 1)
    table = simulator("watch", network, "--layers", "B", "--pass", "1")
    assert watched.title in " ".join(table.stdout.split())
    assert f"{watched.run.nonzero_macs:,}" in table.stdout
    picture, numbers = tmp_path / "b.png", tmp_path / "b.csv"
    asked = ("--layers", "B", "--pass", "1", "--cycles", "0:50", "--out", str(picture), "--csv", str(numbers))
    result = simulator("watch", network, *asked)
    assert (result.returncode, result.stdout) == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG")
    rows = rows_of(numbers.read_text())
    assert sum(int(row["compute"]) for row in rows) == watched.run.nonzero_macs


def test_the_first_layer_and_pass_are_watched_unless_others_are_named(network: str) -> None:
    assert " A, pass 0 " in simulator("watch", network).stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--layers", "A,B"], "--layers is A,B; expected one layer, since a pass is of one"),
        (["--layers", "B", "--pass", "99"], "layer B has no pass 99; expected one from 0 to "),
        (["--cycles", "0:9"], "--cycles is given without --out; expected a picture to draw them in"),
        (["--cycles", "9", "--out", "x.png"], "--cycles is 9; expected the first cycle and the one behind the last"),
        (["--cycles", "0:999999", "--out", "x.png"], "cycles are 0:999999; expected some of 0:"),
        (["--out", "x.bmp"], "--out x.bmp: expected a picture's name that ends in .png or .gif"),
    ],
)
def test_what_cannot_be_watched_is_one_line(network: str, asked: list[str], said: str) -> None:
    result = simulator("watch", network, *asked)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {said}")
    assert result.stderr.count("\n") == 1
