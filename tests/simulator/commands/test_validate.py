"""``python -m simulator validate``."""

import csv
import json
from pathlib import Path

import pytest

from tests.simulator.commands.calls import simulator


def test_validate_writes_what_it_shows(tmp_path: Path) -> None:
    path, rows = tmp_path / "validation.json", tmp_path / "validation.csv"
    result = simulator("validate", "--json", str(path), "--csv", str(rows))
    assert (result.returncode, result.stdout) == (0, "")
    record = json.loads(path.read_text())
    assert (record["chip"], record["network"], record["batch"], record["mapping"]) == (
        "Eyeriss",
        "alexnet",
        4,
        "eyeriss",
    )
    assert [layer["layer"] for layer in record["layers"]] == ["C1", "C2", "C3", "C4", "C5"]
    cell = record["layers"][0]["processing_latency_ms"]
    assert cell["error_percent"] == pytest.approx(100 * (cell["machine"] / cell["measured"] - 1))
    assert [also["layer"] for also in record["also"]] == ["C3"]
    assert [model["factor"] for model in record["one_factor_models"]][:2] == [1.0, 1.11]
    with rows.open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == 5 * len(record["units"])
    assert float(table[0]["machine"]) == cell["machine"]
    shown = simulator("validate").stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "JSSC" in shown
    assert f"{record['mean_absolute_error_percent']['processing_latency_ms']:.2f}" in shown


def test_validate_keeps_the_layer_table_that_its_file_names(network: str, tmp_path: Path) -> None:
    path = tmp_path / "silicon.toml"
    path.write_text(
        f'source = "a bench"\nchip = "mine"\nnetwork = "{Path(network).name}"\nbits = 16\nbatch = 2\n'
        "[layers.A]\nprocessing_latency_ms = 1.0\n"
    )
    before = Path(network).read_bytes()
    refused = simulator("validate", str(path), "--json", network)
    assert (refused.returncode, Path(network).read_bytes()) == (2, before)
    assert "has another part in this run" in refused.stderr
    shown = simulator("validate", str(path))
    assert (shown.returncode, shown.stderr) == (0, "")
