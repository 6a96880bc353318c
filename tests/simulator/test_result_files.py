"""Files of results cannot lie: with a few bytes changed, they say what they said, or are refused."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import simulator
from analytical import Layer, Network
from analytical.errors import InputError
from analytical.files.hardware import load_hardware
from analytical.sweeps.grid import grid_of
from simulator.sweeps.file import read_sweep
from tests.simulator.commands.calls import NETWORK
from traces.importers.onnx import import_onnx
from traces.trace import read_trace

DATA = Path(__file__).parents[1] / "data" / "onnx"


RESULT = simulator.run(
    Network("one", (Layer.conv("A", channels=4, size=13, filters=8, filter=3, batch=2),)), tensors=True
)


def answers_of_run(path: Path) -> str:
    read = simulator.read_run(path)
    return json.dumps([read.settings, {name: layer.model_dump() for name, layer in read.layers.items()}, read.rows()])


def run_json(folder: Path) -> Path:
    RESULT.to_json(folder / "run.json")
    return folder / "run.json"


def run_hdf5(folder: Path) -> Path:
    RESULT.to_hdf5(folder / "run.h5")
    return folder / "run.h5"


def sweep_file(folder: Path) -> Path:
    (folder / "small.csv").write_text(NETWORK)
    grid = grid_of({"networks": str(folder / "small.csv"), "hardware": {"K": [7, 14]}})
    return simulator.sweep(grid, folder / "sweep.h5", cache=folder).path


def answers_of_sweep(path: Path) -> str:
    read = read_sweep(path)
    return json.dumps([read.rows(), read.layers(), read.grid, read.about])


def assert_names(path: Path, said: str) -> None:
    assert str(path) in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("make", "answers"),
    [(run_json, answers_of_run), (run_hdf5, answers_of_run), (sweep_file, answers_of_sweep)],
    ids=["json", "hdf5", "sweep"],
)
def test_a_changed_file_says_the_same_or_is_refused(
    make: Callable[[Path], Path], answers: Callable[[Path], str], tmp_path: Path
) -> None:
    path = make(tmp_path)
    whole, expected = path.read_bytes(), answers(path)
    numbers = random.Random(18)
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(numbers.choice([1, 1, 2, 4])):
            damaged[numbers.randrange(len(damaged))] = numbers.randrange(256)
        path.write_bytes(damaged)
        try:
            found = answers(path)
        except InputError as error:
            found, said = expected, str(error)
            refused += 1
            assert_names(path, said)
        assert found == expected
    assert refused > 20
    path.write_bytes(whole)
    assert answers(path) == expected


def test_a_digit_that_was_changed_is_found_unless_it_is_trusted(tmp_path: Path) -> None:
    path = run_json(tmp_path)
    cycles = RESULT["A"].run.total_cycles
    path.write_text(path.read_text().replace(f'"total_cycles": {cycles}', f'"total_cycles": {cycles + 1}'))
    with pytest.raises(InputError, match="was changed since the program wrote it"):
        simulator.read_run(path)
    assert simulator.read_run(path, trust=True)["A"].total_cycles == cycles + 1


def test_an_attribute_that_was_changed_is_found(tmp_path: Path) -> None:
    path = run_hdf5(tmp_path)
    with h5py.File(path, "a") as file:
        file["A"].attrs["total_cycles"] = 1
    with pytest.raises(InputError, match="was changed since the program wrote it"):
        simulator.read_run(path)


def test_a_tensor_has_a_checksum(tmp_path: Path) -> None:
    with h5py.File(run_hdf5(tmp_path)) as file:
        assert all(dataset.fletcher32 for dataset in file["A"].values())


def test_a_hardware_is_not_taken_from_a_run_that_was_changed(tmp_path: Path) -> None:
    path = run_json(tmp_path)
    assert load_hardware(path).J == 12
    path.write_text(path.read_text().replace('"J": 12', '"J": 13'))
    with pytest.raises(InputError, match="was changed since the program wrote it"):
        load_hardware(path)


def test_a_file_of_a_newer_version_is_refused_and_older_ones_are_read(tmp_path: Path) -> None:
    path, record = tmp_path / "run.json", json.loads(json.dumps(RESULT.record()))
    path.write_text(json.dumps(record | {"schema": 99}))
    with pytest.raises(InputError, match="was written by a newer version, with schema 99"):
        simulator.read_run(path)
    del record["digest"]
    path.write_text(json.dumps(record | {"schema": 2}))
    assert simulator.read_run(path)["A"].images == 2
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="was changed"):
        simulator.read_run(path)


def test_a_column_of_a_sweep_that_was_changed_is_found(tmp_path: Path) -> None:
    path = sweep_file(tmp_path)
    with h5py.File(path, "a") as file:
        file["points"]["energy_J"][0] = np.float64(1e-9)
    with pytest.raises(InputError, match="was changed since the program wrote it"):
        read_sweep(path)


def test_what_was_kept_of_a_layer_is_run_again_where_it_was_changed(tmp_path: Path) -> None:
    path = sweep_file(tmp_path)
    rows = read_sweep(path).rows()
    for kept in tmp_path.glob("*.json"):
        kept.write_text(kept.read_text().replace('"total_cycles": ', '"total_cycles": 1'))
    path.unlink()
    assert read_sweep(sweep_file(tmp_path)).rows() == rows


def test_a_trace_that_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    import_onnx(DATA / "resnet8.onnx", images=DATA / "rocket_32.png", preprocess="mean=128,std=128").to_hdf5(path)
    expected = repr(read_trace(path))
    with h5py.File(path, "a") as file:
        name = next(iter(file))
        scale = file[name].attrs["ifmap_scale"]
        file[name].attrs["ifmap_scale"] = 1e9
    with pytest.raises(InputError, match="was changed since the program wrote it"):
        read_trace(path)
    with h5py.File(path, "a") as file:
        file[name].attrs["ifmap_scale"] = scale
        assert all(dataset.fletcher32 for group in file.values() for dataset in group.values())
    assert repr(read_trace(path)) == expected
