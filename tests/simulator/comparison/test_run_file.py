"""Runs that files keep, read back field by field."""

import json
from pathlib import Path

import pytest

import simulator
from analytical import Layer, Network
from simulator.comparison.run_file import RunFile, RunFileError

RESULT = simulator.run(Network("one", (Layer.conv("A", channels=4, size=13, filters=8, filter=3, batch=2),)))


def test_a_run_that_was_just_made_is_what_its_file_keeps(tmp_path: Path) -> None:
    RESULT.to_json(tmp_path / "run.json")
    read, made = simulator.read_run(tmp_path / "run.json"), RunFile.of_result(RESULT, str(tmp_path / "run.json"))
    assert read.layers == made.layers
    assert read.title == made.title
    assert read.energy("A") == RESULT["A"].energy
    assert read.layer_latency_s("A") == pytest.approx(RESULT["A"].latency_s)


def test_a_file_that_is_no_run_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    record = json.loads(json.dumps(RESULT.record()))
    for damage, said in (
        ({"bits": "many"}, "bits: Input should be a valid integer"),
        ({"hardware": {"name": "x", "core_hz": 0}}, "hardware.core_hz: Input should be greater than or equal to 1"),
        ({"layers": [record["layers"][0]] * 2}, "layers: Value error, two layers have the same name"),
    ):
        path.write_text(json.dumps(record | damage))
        with pytest.raises(RunFileError) as refused:
            simulator.read_run(path)
        assert str(refused.value).startswith(f"{path}: {said}")
        assert "\n" not in str(refused.value)
    with pytest.raises(RunFileError, match=r"nowhere\.h5: cannot be read \(No such file"):
        simulator.read_run("nowhere.h5")


def test_a_file_s_rows_are_the_run_s(tmp_path: Path) -> None:
    RESULT.to_json(tmp_path / "run.json")
    read = simulator.read_run(tmp_path / "run.json")
    assert read.rows() == RESULT.rows()
    assert read.to_frame()["macs"].tolist() == [RESULT["A"].row()["macs"]]
    assert read["A"].images == 2
    with pytest.raises(KeyError, match="B: no such layer; expected one of A"):
        read["B"]


def test_a_file_of_version_0_1_0_is_told_from_one_that_is_no_run(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["network"] = "alexnet"
    with pytest.raises(
        RunFileError, match=r"as version 0\.1\.0 wrote it; expected a file of this version: run it again"
    ):
        simulator.read_run(tmp_path / "old.h5")
    with pytest.raises(RunFileError, match="run is 3; expected the JSON or HDF5 file"):
        simulator.read_run(3)  # type: ignore[arg-type]
