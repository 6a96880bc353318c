"""Runs in HDF5."""

from pathlib import Path

import numpy as np

from traces.store import StoredLayer, read_hdf5, run_as_hdf5


def test_what_is_written_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    settings = {"network": "mine", "seed": 3, "hardware": {"J": 12, "prices": {"mac": 1.5}, "clock_tree": None}}
    layers = [
        StoredLayer(
            name=name,
            columns={"layer": name, "macs": 2**40, "energy_J": 1.5, "stalls": {"a": 1}, "[name]": "[1]"},
            tensors={"ofmap": np.arange(6).reshape(1, 2, 3)},
        )
        for name in ("Z", "A/b", "A_b")
    ]
    path.write_bytes(run_as_hdf5(settings, layers))
    read_settings, read_layers = read_hdf5(path)
    assert read_settings == settings
    assert [layer.name for layer in read_layers] == ["Z", "A/b", "A_b"]
    for layer, written in zip(read_layers, layers, strict=True):
        assert layer.columns == written.columns
        assert np.array_equal(layer.tensors["ofmap"], written.tensors["ofmap"])
