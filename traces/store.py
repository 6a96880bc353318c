"""Runs in HDF5: one group a layer, in order, columns as attributes, tensors as datasets."""

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical.files.json import parse_json
from analytical.files.seal import SEAL, needs_seal, require_seal, seal_of, unsealed

CHECKED: Mapping[str, Any] = {
    "compression": "gzip", "compression_opts": 1, "shuffle": True, "fletcher32": True
}  # fmt: skip
"""How datasets are kept: compressed, with a checksum that HDF5 compares when it reads."""

FORMATS = ("v108", "v110")
"""Versions of HDF5's format: the first that has checksums over what is no dataset, too."""


class OldFileError(ValueError):
    """A run of a version whose text HDF5 cannot be trusted with, once it is damaged."""


@dataclass(frozen=True, kw_only=True)
class StoredLayer:
    """A layer of a run: its columns, and what is recorded with them; the tensors that were asked for, by name.

    Attributes
    ----------
    name : str
        The layer's.
    columns : mapping of str
        Numbers, text, None, and lists and mappings of these; ``"layer"`` is the name again.
    tensors : mapping of str to array
        Empty if none were asked for.
    """

    name: str
    columns: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def run_as_hdf5(settings: Mapping[str, Any], layers: Sequence[StoredLayer]) -> bytes:
    """A run as an HDF5 file; ``settings`` become attributes of the root, columns those of a group a layer, both as
    JSON where they have parts of their own.

    Made in memory: a disk that is full then is the matter of who writes it, and not of HDF5, which takes it badly.

    Parameters
    ----------
    settings : mapping of str
        Numbers, text, None, and lists and mappings of these.
    layers : sequence of StoredLayer
        In the order in which they are read again.

    Returns
    -------
    bytes
        The whole file.

    Examples
    --------
    >>> layer = StoredLayer(name="C1", columns={"layer": "C1", "macs": 6})
    >>> run_as_hdf5({"network": "mine"}, [layer])[1:4]
    b'HDF'
    """
    import h5py

    image = io.BytesIO()
    # HDF5 sorts what it holds by name unless it is told to keep the order
    with h5py.File(image, "w", track_order=True, libver=FORMATS) as file:
        write_attributes(file, sealed_root(settings, [layer.columns for layer in layers]))
        for layer in layers:
            group = file.create_group(free_name(file, layer.name), track_order=True)
            write_attributes(group, layer.columns)
            for name, tensor in layer.tensors.items():
                group.create_dataset(name, data=tensor, **(CHECKED if tensor.ndim else {}))
    return image.getvalue()


def read_hdf5(path: Path, *, tensors: bool = True) -> tuple[dict[str, Any], list[StoredLayer]]:
    """Read what :func:`run_as_hdf5` made, with or without its tensors.

    Returns
    -------
    dict, list of StoredLayer
        The settings, and the layers in the order in which they were written.

    Raises
    ------
    ChangedError
        It was changed since it was written, or a newer version wrote it.
    ValueError
        The file is damaged, or not such a run.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            layers = []
            for _, group in members_of(file):
                columns = read_attributes(group)
                values = {name: dataset[()] for name, dataset in members_of(group)} if tensors else {}
                layers.append(StoredLayer(name=str(columns["layer"]), columns=columns, tensors=values))
            settings = read_attributes(file)
            needed = needs_seal(settings.get("schema"))
            return unsealed_root(settings, [layer.columns for layer in layers], needed=needed), layers
    # what h5py raises depends on where the damage is
    except (KeyError, AttributeError, TypeError, OSError, RuntimeError) as error:
        raise ValueError(f"{path}: cannot be read as a run ({error})") from error


_MOST_PACKED = 2000
"""More than this, compression never makes of a byte (gzip: 1032)."""


def members_of(group: Any) -> list[tuple[str, Any]]:
    """Groups and datasets in a group, by name, in order: those of this very file, that are in it as large as they say.

    A link may lead to another file, and a dataset that was never written may be of any size: neither is touched.

    Raises
    ------
    OSError
        A member is a link, or has fewer bytes than its shape needs.
    """
    import h5py

    found = []
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise OSError(f"{name} is a link")
        member = group[name]
        if isinstance(member, h5py.Dataset):
            needed = math.prod(member.shape or ()) * member.dtype.itemsize
            if member.external or member.is_virtual or needed > _MOST_PACKED * max(64, member.id.get_storage_size()):
                raise OSError(f"{name} is larger than what is in the file")
        found.append((name, member))
    return found


def sealed_root(root: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The attributes of a file's root, with a seal over them and over those of its groups."""
    said = {"root": dict(root), "groups": [dict(group) for group in groups]}
    return {**root, SEAL: seal_of(said)}


def unsealed_root(root: Mapping[str, Any], groups: Sequence[Mapping[str, Any]], *, needed: bool) -> dict[str, Any]:
    """The attributes of a file's root without their seal, which has to fit them and those of its groups.

    Raises
    ------
    ChangedError
        They are others; or there is no seal, and there must be one.
    """
    own = {name: value for name, value in root.items() if name != SEAL}
    said = {"root": own, "groups": list(map(dict, groups))}
    require_seal(said | ({SEAL: root[SEAL]} if SEAL in root else {}), needed=needed)
    return own


def read_record(path: Path) -> dict[str, Any]:
    """A run's record, from JSON or from HDF5: the settings, and ``layers``, a dict of columns for each.

    Raises
    ------
    ValueError
        The file is neither, is damaged, or has no layers.
    OSError
        The file is not there, or may not be read.
    """
    import h5py

    if h5py.is_hdf5(path):
        settings, layers = read_hdf5(path, tensors=False)
        return settings | {"layers": [dict(layer.columns) for layer in layers]}
    record = parse_json(path.read_text(encoding="utf-8-sig"))
    if not isinstance(record, dict) or not isinstance(record.get("layers"), list):
        raise ValueError(f"{path}: no layers; expected the record of a run")
    return unsealed(record, needed=needs_seal(record.get("schema")))


def free_name(file: Any, layer: str) -> str:
    """A group's name: the layer's, without the slashes that HDF5 would make folders of."""
    name = layer.replace("/", "_")
    while name in file:
        name += "_"
    return name


AS_JSON = "attributes_in_json"
"""Attribute that lists those which are kept as JSON, since they have parts of their own."""


def write_attributes(to: Any, values: Mapping[str, Any]) -> None:
    """Write attributes, text as strings of fixed length.

    HDF5 keeps strings of variable length in a heap of the file, and follows damage there in an endless loop that no
    signal ends; one of fixed length is where its attribute is.
    """
    # attributes are numbers or text: what has parts of its own, and None, go as JSON, and their names with them
    in_json = [name for name, value in values.items() if isinstance(value, Mapping | list) or value is None]
    for name, value in values.items():
        to.attrs[name] = _fixed(json.dumps(value) if name in in_json else value)
    to.attrs[AS_JSON] = _fixed(json.dumps(in_json))


def _fixed(value: Any) -> Any:
    # HDF5 has no string of no characters
    return np.bytes_((value or "\0").encode()) if isinstance(value, str) else value


def read_attributes(of: Any) -> dict[str, Any]:
    """What :func:`write_attributes` wrote to a file or a group."""
    import h5py

    found = {}
    for name in of.attrs:
        kind = h5py.check_string_dtype(of.attrs.get_id(name).dtype)
        if kind is not None and kind.length is None:
            raise OldFileError(f"attribute {name} is text of variable length, as version 0.1.0 wrote it")
        value = of.attrs[name]
        if isinstance(value, np.ndarray | h5py.Empty):
            raise ValueError(f"attribute {name} is no number and no text")
        found[name] = value.decode() if isinstance(value, bytes) else value
    in_json = json.loads(found.pop(AS_JSON))
    # NumPy's scalars become Python's, as JSON's are
    return {
        name: json.loads(value) if name in in_json else value.item() if isinstance(value, np.generic) else value
        for name, value in found.items()
    }
