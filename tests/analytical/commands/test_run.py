"""``python -m analytical run``, as programs and people call it."""

import csv
import json
from pathlib import Path

import pytest

from tests.analytical.commands.calls import analytical

ZOO_TABLE = Path(__file__).parents[3] / "analytical" / "networks" / "zoo" / "alexnet.csv"


REFERENCE = Path(__file__).parents[2] / "data" / "cnnergy" / "alexnet_16bit.csv"


def test_csv_has_the_authors_header_and_full_precision() -> None:
    result = analytical("run", "alexnet", "--csv", "-")
    assert (result.returncode, result.stderr) == (0, "")
    ours, theirs = (list(csv.DictReader(text.splitlines())) for text in (result.stdout, REFERENCE.read_text()))
    assert list(ours[0]) == list(theirs[0])
    for our, their in zip(ours, theirs, strict=True):
        assert float(our["energy_J"]) == pytest.approx(float(their["energy_J"]), rel=1e-12)


def test_json_carries_mapping_and_totals(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert analytical("run", "squeezenet1_1", "--bits", "8", "--json", str(path)).returncode == 0
    record = json.loads(path.read_text())
    assert (record["network"], record["bits"], record["hardware"]["clock_W"]) == ("squeezenet1_1", 8, 0.1063)
    assert record["layers"][1]["rules"] == ["sets_to_spare", "few_filters"]
    assert record["total"]["energy_J"] == pytest.approx(sum(layer["energy_J"] for layer in record["layers"]))
    by_part = record["layers"][0]["energy_J_by"]
    assert sum(by_part.values()) == pytest.approx(record["layers"][0]["energy_J"])


@pytest.mark.parametrize("network", ["alexnet", "googlenet"])
def test_the_table_fits_a_terminal(network: str) -> None:
    result = analytical("run", network)
    assert result.returncode == 0
    assert "total" in result.stdout
    assert "…" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "resnet"], "resnet: no such network"),
        (["run", "alexnet", "--bits", "9"], "'--bits': '9' is not one of"),
        (["run", "alexnet", "--csv", "nowhere/x.csv"], "nowhere/x.csv: cannot be written"),
        (["run", "alexnet", "--csv", "-", "--json", "-"], "only one FILE may be -"),
        (["run", "alexnet", "--csv", "x", "--json", "x"], "x: has another part in this run"),
        (["run", "alexnet", "--csv", "x/"], "x/: is a folder"),
        (["run", "alexnet", "--csv", "x" * 300], "File name too long"),
        (["run"], "Missing argument 'NETWORK'"),
        (["run", "alexnet", "--hardware", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["walk"], "No such command 'walk'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    result = analytical(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_bits_must_not_contradict_the_hardware_file(tmp_path: Path) -> None:
    chip = tmp_path / "chip.toml"
    chip.write_text("b_w = 8\n")
    assert analytical("run", "alexnet", "--hardware", str(chip)).returncode == 0
    result = analytical("run", "alexnet", "--hardware", str(chip), "--bits", "16")
    assert result.returncode == 2
    assert "b_w is 8; expected 16" in result.stderr


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    table = tmp_path / "odd.csv"
    header, row = ZOO_TABLE.read_text().splitlines()[:2]
    table.write_text(f"{header}\n{row.replace('C1', '[/a]:smile:')}\n")
    result = analytical("run", str(table))
    assert result.returncode == 0
    assert "[/a]:smile:" in result.stdout
