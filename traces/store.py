"""Runs in HDF5: one group a layer, in order, columns as attributes, tensors as datasets."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class StoredLayer:
    """A layer of a run: its columns, and what is recorded with them; the tensors that were asked for, by name."""

    name: str
    columns: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def run_as_hdf5(settings: Mapping[str, Any], layers: Sequence[StoredLayer]) -> bytes:
    """A run as an HDF5 file; ``settings`` become attributes of the root, columns those of a group a layer, both as
    JSON where they have parts of their own.

    Made in memory: a disk that is full then is the matter of who writes it, and not of HDF5, which takes it badly.
    """
    import h5py

    image = io.BytesIO()
    with h5py.File(image, "w", track_order=True) as file:
        for name, value in settings.items():
            file.attrs[name] = _attribute(value)
        for layer in layers:
            group = file.create_group(_free_name(file, layer.name), track_order=True)
            group.attrs.update({name: _attribute(value) for name, value in layer.columns.items()})
            for name, tensor in layer.tensors.items():
                group.create_dataset(name, data=tensor, compression="gzip", compression_opts=1, shuffle=True)
    return image.getvalue()


def read_run(path: Path, *, tensors: bool = True) -> tuple[dict[str, Any], list[StoredLayer]]:
    """Read what :func:`run_as_hdf5` made, with or without its tensors."""
    import h5py

    with h5py.File(path, "r") as file:
        layers = [
            StoredLayer(
                name=str(group.attrs["layer"]),
                columns={name: _plain(value) for name, value in group.attrs.items()},
                tensors={name: dataset[()] for name, dataset in group.items()} if tensors else {},
            )
            for group in file.values()
        ]
        return {name: _plain(value) for name, value in file.attrs.items()}, layers


def read_record(path: Path) -> dict[str, Any]:
    """A run's record, from JSON or from HDF5: the settings, and ``layers``.

    Raises
    ------
    ValueError
        The file is neither, or has no layers.
    """
    import h5py

    if h5py.is_hdf5(path):
        settings, layers = read_run(path, tensors=False)
        return settings | {"layers": [dict(layer.columns) for layer in layers]}
    record = json.loads(path.read_text())
    if not isinstance(record, dict) or not isinstance(record.get("layers"), list):
        raise ValueError(f"{path}: no layers; expected the record of a run")
    return record


def _free_name(file: Any, layer: str) -> str:
    """A group's name: the layer's, without the slashes that HDF5 would make folders of."""
    name = layer.replace("/", "_")
    while name in file:
        name += "_"
    return name


def _attribute(value: Any) -> Any:
    """An attribute's value; what has parts is kept as JSON."""
    return json.dumps(value) if isinstance(value, Mapping | list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("{", "[")):
        return json.loads(value)
    return value.item() if isinstance(value, np.generic) else value
