"""A trace: a network's layers with the values that a run of it elsewhere has left, as integers of a machine's words.

A file (HDF5, written as ``NET.h5``) has the layer table and where all came from as attributes of its root, and a group
a layer with its ifmaps, filters and what it wrote.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytical.checks import is_number, is_whole
from analytical.errors import InputError
from analytical.files.seal import ChangedError
from analytical.hardware import PRESETS
from analytical.layer import Layer
from analytical.network import Network
from analytical.networks.table import as_table, parse_table
from traces.store import (
    CHECKED,
    FORMATS,
    free_name,
    members_of,
    read_attributes,
    sealed_root,
    unsealed_root,
    write_attributes,
)
from traces.tensors import LayerTensors, zero_share

FORMAT = "trace 2"
"""What the root of a file says that it is; those of ``trace 1`` have no seal."""

READ = ("trace 1", FORMAT)
"""Formats that can be read."""


class TraceError(InputError):
    """A trace that cannot be read or used; the message says what is wrong and what was expected."""


class Arrays(NamedTuple):
    """A layer's values: ifmap (N, channels, H, W), padded; filters (F, C, R, S); written (N, F, E, G); integers."""

    ifmap: NDArray[np.integer]
    filters: NDArray[np.integer]
    written: NDArray[np.integer]


@dataclass(frozen=True, kw_only=True, slots=True)
class TracedLayer:
    """A layer of a trace.

    Attributes
    ----------
    name : str
        The layer's, in the table.
    onnx_node, op : str
        The model's full name of its node, and the operator.
    ifmap_scale, filter_scale, written_scale : float
        What one step of the integers is worth.
    zero_share, zero_share_float : float
        Share of zeros of the padded ifmap: of the integers, and before it was quantised.
    snr_db : float
        Of the ifmap: what quantising left of it, in decibels.
    reference_error : float
        The largest error of a dequantised psum, as a share of what rounding can make; held for every value when the
        trace was made.
    integers : bool
        The model had the ifmap's integers itself.
    digests : tuple of str
        Of each image's psums (:func:`traces.tensors.digest_of`).
    """

    name: str
    onnx_node: str
    op: str
    ifmap_scale: float
    filter_scale: float
    written_scale: float
    zero_share: float
    zero_share_float: float
    snr_db: float
    reference_error: float
    integers: bool
    digests: tuple[str, ...]


# no slots: cached properties keep their values in the instance's dict
@dataclass(frozen=True, kw_only=True)
class Trace:
    """A network with values of its layers.

    Attributes
    ----------
    table : Network
        Its layers, with the trace's own shares of zeros, without the values.
    bits : int
        Bits of a value.
    layers : tuple of TracedLayer
        In the order of the table.
    source : mapping of str
        Where it came from: model, images, preprocessing, versions, nodes that were left out.
    arrays : callable
        Gives a layer's :class:`Arrays`, by its name.

    See Also
    --------
    traces.import_onnx : makes one of a model.
    read_trace : reads one.
    """

    table: Network
    bits: int
    layers: tuple[TracedLayer, ...]
    source: Mapping[str, Any]
    arrays: Callable[[str], Arrays] = field(repr=False)

    @property
    def name(self) -> str:
        """The network's."""
        return self.table.name

    @cached_property
    def network(self) -> Network:
        """The network, with these values."""
        return replace(self.table, trace=self)

    @property
    def images(self) -> int:
        """Images whose values there are."""
        return len(self.layers[0].digests)

    @cached_property
    def digest(self) -> str:
        """Tells these values from all others, by the psums that they make."""
        said = [digest for layer in self.layers for digest in (layer.name, *layer.digests)]
        # tables did not always have the filters' zeros, which the psums stand for
        bare = replace(self.table, layers=tuple(replace(row, sparsity_filters=0.0) for row in self.table.layers))
        return sha256(f"{self.bits} {said} {as_table(bare)}".encode()).hexdigest()

    def record(self) -> dict[str, Any]:
        """Where the values came from, as files of runs keep it."""
        return {"digest": self.digest, "images": self.images, "bits": self.bits, **dict(self.source)}

    def __getitem__(self, name: str) -> TracedLayer:
        """The layer of that name.

        Raises
        ------
        KeyError
            There is none.
        """
        return (
            next(layer for layer in self.layers if layer.name == name) if name in self.table.names else self._no(name)
        )

    def _no(self, name: str) -> TracedLayer:
        raise KeyError(f"trace {self.name} has no layer {name!r}; expected one of {', '.join(self.table.names)}")

    def tensors(self, layer: Layer, images: int) -> LayerTensors:
        """What a run of a layer works on: its first images.

        Raises
        ------
        TraceError
            The values are not of the layer's shape.
        """
        ifmap, filters, written = self.arrays(layer.name)
        shapes = {
            "ifmap": (ifmap, (self.images, layer.channels, layer.H, layer.W)),
            "filters": (filters, (layer.F, layer.C, layer.R, layer.S)),
            "written": (written, (self.images, layer.F, layer.E, layer.G)),
        }
        for name, (values, shape) in shapes.items():
            if values.shape != shape or not np.issubdtype(values.dtype, np.integer) or values.itemsize > 2:
                raise TraceError(
                    f"trace {self.name}: {name} of layer {layer.name} is {values.dtype} of {values.shape}; "
                    f"expected integers of {self.bits} bits of {shape}"
                )
        return LayerTensors(
            layer=layer,
            b_w=self.bits,
            ifmap=np.ascontiguousarray(ifmap[:images], np.int16),
            filter_pieces=partial(iter, (np.ascontiguousarray(filters, np.int16),)),
            written=np.ascontiguousarray(written[:images], np.int16),
            digests=self[layer.name].digests[:images],
        )

    def __repr__(self) -> str:
        images = f"{self.images} image{'s' * (self.images > 1)}"
        return f"<trace of {self.name}: {len(self.layers)} layers, {self.bits} bit, {images}>"

    def hdf5(self) -> bytes:
        """The file, made in memory."""
        import h5py

        image = io.BytesIO()
        word = np.dtype(f"int{self.bits}")
        with h5py.File(image, "w", track_order=True, libver=FORMATS) as file:
            root = {"format": FORMAT, "network": self.name, "bits": self.bits, "images": self.images}
            root |= {"table": as_table(self.table), **dict(self.source)}
            said = [_row(row) | _record(layer) for layer, row in zip(self.layers, self.table.layers, strict=True)]
            write_attributes(file, sealed_root(root, said))
            for layer, attributes in zip(self.layers, said, strict=True):
                group = file.create_group(free_name(file, layer.name), track_order=True)
                write_attributes(group, attributes)
                for name, values in self.arrays(layer.name)._asdict().items():
                    group.create_dataset(name, data=values.astype(word), **CHECKED)
        return image.getvalue()

    def to_hdf5(self, path: str | Path) -> None:
        """Write the file; whole, or not at all.

        Raises
        ------
        InputError
            The system refuses it.
        """
        from analytical.terminal.outputs import write_outputs

        write_outputs({str(path): self.hdf5()})


_ROOT = ("format", "network", "bits", "images", "table")
"""Attributes of the root that are not where the trace came from."""


def _row(layer: Layer) -> dict[str, Any]:
    """A row's fields as attributes."""
    fields = ("kind", "groups", "H", "W", "pad_h", "pad_w", "C", "R", "S", "F", "U", "V", "E", "G")
    return {name: getattr(layer, name) for name in fields}


def _record(layer: TracedLayer) -> dict[str, Any]:
    return {
        "layer": layer.name,
        **{name: getattr(layer, name) for name in _KEPT},
        "integers": int(layer.integers),
        "psum_digests": list(layer.digests),
    }


_KEPT = (
    "onnx_node",
    "op",
    "ifmap_scale",
    "filter_scale",
    "written_scale",
    "zero_share",
    "zero_share_float",
    "snr_db",
    "reference_error",
)


def read_trace(path: str | Path) -> Trace:
    """A trace from its file; values are read when they are asked for.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    TraceError
        The file is not there, is damaged, or is no trace.

    Examples
    --------
    >>> read_trace("nowhere.h5")
    Traceback (most recent call last):
    ...
    traces.trace.TraceError: nowhere.h5: not there; expected a trace (python -m traces import makes one)
    """
    import h5py

    path = Path(path)
    if not path.is_file():
        raise TraceError(f"{path}: not there; expected a trace (python -m traces import makes one)")
    try:
        with h5py.File(path, "r") as file:
            root = read_attributes(file)
            if root.get("format") not in READ:
                found = root.get("format", "a run" if "table" in root else "something else")
                raise TraceError(f"{path}: is {found}; expected a trace (python -m traces import makes one)")
            places = {}
            layers = []
            attributes = []
            for place, group in members_of(file):
                said = read_attributes(group)
                attributes.append(said)
                if not all(is_number(said[name]) for name in _KEPT[2:]):
                    raise ValueError("a scale or a share is no number")
                places[str(said["layer"])] = place
                layers.append(
                    TracedLayer(
                        name=str(said["layer"]),
                        **{name: said[name] for name in _KEPT},
                        integers=bool(said["integers"]),
                        digests=tuple(said["psum_digests"]),
                    )
                )
        root = unsealed_root(root, attributes, needed=root["format"] == FORMAT)
        table = parse_table(str(root["table"]), str(root["network"]), source=f"{path}: table")
        _require_source(root)
        bits, images = root["bits"], root["images"]
        right = is_whole(bits) and bits in PRESETS and all(len(layer.digests) == images for layer in layers)
        if [layer.name for layer in layers] != table.names or not right or not layers[0].digests:
            raise TraceError(f"{path}: layers are not those of its table; expected a file as it was written")
    # what is wrong in the table says so itself
    except InputError:
        raise
    except ChangedError as error:
        raise TraceError(f"{path}: {error}") from error
    # what h5py raises depends on where the damage is
    except (KeyError, AttributeError, TypeError, OSError, RuntimeError, ValueError) as error:
        raise TraceError(
            f"{path}: cannot be read as a trace ({error}); expected a file that traces import wrote"
        ) from error
    arrays = partial(_read_arrays, path, places)
    if not any(row.sparsity_filters for row in table.layers):
        # an older file, or one whose filters have none
        table = _with_zeros_of_filters(table, path, places)
    rest = {name: value for name, value in root.items() if name not in _ROOT}
    return Trace(
        table=table,
        bits=int(root["bits"]),
        layers=tuple(layers),
        source=rest,
        arrays=arrays,
    )


def _require_source(root: Mapping[str, Any]) -> None:
    """Refuse a root that does not say where the values came from, as who shows a trace needs it.

    Raises
    ------
    KeyError, TypeError, ValueError
    """
    files = [root["model"], *root["pictures"]]
    if not all(isinstance(file[name], str) for file in files for name in ("name", "sha256")):
        raise ValueError("a file that the values came from has no name or digest")
    if not isinstance(root["left_out"], list) or not isinstance(root["preprocess"], str | None):
        raise ValueError("what was left out, or the preprocessing, is of another kind")


def _with_zeros_of_filters(table: Network, path: Path, places: Mapping[str, str]) -> Network:
    layers = tuple(
        replace(row, sparsity_filters=zero_share(_read_arrays(path, places, row.name, "filters").filters))
        for row in table.layers
    )
    return replace(table, layers=layers)


def is_trace(path: Path) -> bool:
    """Whether a file says that it is a trace, of this or another version."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs.get("format", b""), "utf-8", "replace").startswith("trace")
    except (OSError, TypeError, RuntimeError, KeyError):
        return False


def _read_arrays(path: Path, places: Mapping[str, str], layer: str, only: str = "") -> Arrays:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            group = file[places[layer]]
            members = dict(members_of(group))
            nothing = np.empty(0, np.int8)
            return Arrays(*(members[name][()] if only in ("", name) else nothing for name in Arrays._fields))
    except (KeyError, AttributeError, TypeError, OSError, RuntimeError, ValueError) as error:
        raise TraceError(
            f"{path}: layer {layer} cannot be read ({error}); expected the values that traces import wrote"
        ) from error


def read_network(path: Path) -> Network:
    """The network of a trace's file, with its values."""
    return read_trace(path).network


def in_memory(arrays: Mapping[str, Arrays]) -> Callable[[str], Arrays]:
    """What gives the arrays of layers that are there already."""
    return dict(arrays).__getitem__


def rows(trace: Trace) -> Iterator[dict[str, Any]]:
    """A row for each layer, for tables: name, operator, shape, zeros, scales and signal to noise."""
    for layer, row in zip(trace.layers, trace.table.layers, strict=True):
        yield {
            "layer": layer.name,
            "op": layer.op,
            "ifmap": f"{row.channels}x{row.H}x{row.W}",
            "filters": f"{row.F}x{row.C}x{row.R}x{row.S}",
            "ofmap": f"{row.F}x{row.E}x{row.G}",
            "macs": row.macs,
            "zeros": layer.zero_share,
            "zeros_float": layer.zero_share_float,
            "zeros_ofmap": row.sparsity_ofmap,
            "snr_db": layer.snr_db,
            "ifmap_scale": layer.ifmap_scale,
            "filter_scale": layer.filter_scale,
            "written_scale": layer.written_scale,
            "reference_error": layer.reference_error,
        }


def warnings_of(layers: Sequence[TracedLayer]) -> list[str]:
    """Layers whose values quantising has changed much: a line for each."""
    said = []
    for layer in layers:
        points = 100 * (layer.zero_share - layer.zero_share_float)
        if points > MORE_ZEROS:
            said.append(f"layer {layer.name}: quantising makes {points:.1f} points more zeros of its ifmap")
        if layer.snr_db < LEAST_SNR_DB:
            said.append(f"layer {layer.name}: quantising leaves {layer.snr_db:.1f} dB of its ifmap")
    return said


MORE_ZEROS, LEAST_SNR_DB = 10.0, 20.0
"""Percentage points of zeros, and decibels, beyond which quantising is warned of."""
