"""Runs in HDF5: one group a layer, in order, columns as attributes, tensors as datasets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class StoredLayer:
    """A layer of a run: its columns, and the tensors that were asked for, by name."""

    name: str
    columns: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def write_run(path: Path, settings: Mapping[str, Any], layers: Sequence[StoredLayer]) -> None:
    """Write a run; ``settings`` become attributes of the root, nested ones with dotted names."""
    import h5py

    with h5py.File(path, "w", track_order=True) as file:
        for name, value in _flat(settings):
            file.attrs[name] = value
        for layer in layers:
            # an HDF5 name cannot hold a slash; the layer's own name stays in the column "layer"
            group = file.create_group(layer.name.replace("/", "_"), track_order=True)
            group.attrs.update(layer.columns)
            for name, tensor in layer.tensors.items():
                group.create_dataset(name, data=tensor, compression="gzip", compression_opts=1, shuffle=True)


def read_run(path: Path) -> tuple[dict[str, Any], list[StoredLayer]]:
    """Read what :func:`write_run` wrote."""
    import h5py

    with h5py.File(path, "r") as file:
        layers = [
            StoredLayer(
                name=str(group.attrs["layer"]),
                columns={name: _plain(value) for name, value in group.attrs.items()},
                tensors={name: dataset[()] for name, dataset in group.items()},
            )
            for group in file.values()
        ]
        return {name: _plain(value) for name, value in file.attrs.items()}, layers


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat += _flat(value, f"{prefix}{name}.")
        else:
            flat.append((prefix + name, "none" if value is None else value))
    return flat


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
