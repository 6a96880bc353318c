"""SCALE-Sim topologies: CSV files of convolutions, or of matrix multiplications."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from analytical.layer import LARGEST, Layer, LayerError
from analytical.network import Network, NetworkError
from analytical.sheet import parse_sheet, read_text, whole_number
from traces.importers.names import distinct

_CONVOLUTION = (
    "Layer name",
    "IFMAP Height",
    "IFMAP Width",
    "Filter Height",
    "Filter Width",
    "Channels",
    "Num Filter",
)
_ONE_STRIDE = ("Strides",)
_TWO_STRIDES = ("Stride Height", "Stride Width")
_GEMM = ("Layer name", "M", "N", "K")

_SPARSITY = "Sparsity"
"""Optional column: of every M weights of a filter, N are not zero. Nothing that this project counts depends on it."""

_ALSO = {"layer": "layer name", "num filters": "num filter", "stride": "strides"}
"""Other headings that the files that come with SCALE-Sim have."""

_DEPTHWISE = "DP"
"""In a layer's name, the mark by which SCALE-Sim knows that each filter reads one channel."""


def read_topology(path: Path, zeros: float = 0.0) -> Network:
    """The network in a SCALE-Sim topology; its name is the file's.

    The header says which form the file has:

    - Convolutions: ``Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter,
      Strides``, or ``Stride Height, Stride Width`` in the place of the last. Sizes of ifmaps include their padding.
    - Matrix multiplications: ``Layer, M, N, K``. The M rows of A become a column of M pixels with K channels, and the N
      columns of B as many 1x1 filters; with M = 1 the layer is a fully connected one.

    SCALE-Sim counts ceil((H - R + U) / U) windows: one runs over the edge where the stride U does not divide H - R. For
    the same MACs, such an ifmap is padded with zeros up to the (E - 1) * U + R rows that E windows cover; columns
    likewise.

    A layer with ``DP`` in its name is a depthwise one, as for SCALE-Sim: each filter is applied to each channel alone.
    What stands after the last comma of a row is a remark, which SCALE-Sim does not read either.

    The column ``Sparsity`` (N:M, such as 2:4) may be there and is not read: it is about filters, whose zeros change no
    count of this project. The files name neither batch, which is 1, nor what a layer reads: the rows need not chain.

    Parameters
    ----------
    path : Path
        CSV in UTF-8. Blanks around cells, empty rows, commas at the end of rows and the case of headings do not count.
    zeros : float
        Share of zeros in each ifmap and ofmap, which the file does not say, from 0 to 1. The zeros with which an ifmap
        is padded come on top of it.

    Returns
    -------
    Network
        A layer for each row, by the names of the file; names that stand again get ``_2``, ``_3`` and so on.

    Raises
    ------
    NetworkError
        The file cannot be read, or is no topology.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "gpt2.csv")
    ...     characters = path.write_text("Layer, M, N, K,\\nQKT, 1024, 1024, 64,\\n")
    ...     network = read_topology(path)
    >>> network.name, network.layer("QKT").macs
    ('gpt2', 67108864)
    """
    text = read_text(path, lambda why: NetworkError(f"{path}: {why}"), "a SCALE-Sim topology")
    return parse_topology(text, path.stem, zeros, source=str(path))


def parse_topology(text: str, name: str, zeros: float = 0.0, *, source: str | None = None) -> Network:
    """The network that the text of a SCALE-Sim topology describes.

    Parameters
    ----------
    text : str
        Header and rows, as for :func:`read_topology`.
    name : str
        Name of the network.
    zeros : float
        Share of zeros in each ifmap and ofmap.
    source : str, optional
        What errors call the text; default: the name.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        A column or a cell that is missing or not what it should be, or a layer that cannot exist.

    Examples
    --------
    >>> header = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
    >>> network = parse_topology(f"{header}\\nConv1, 224, 224, 7, 7, 3, 64, 2,\\n", "resnet")
    >>> layer = network.layer("Conv1")
    >>> layer.E, layer.H, layer.unpadded
    (110, 225, (224, 224))
    """
    source = source or name
    sheet = parse_sheet(
        _without_remarks(text),
        lambda why: NetworkError(f"{source}: {why}"),
        "cells of a SCALE-Sim topology",
        optional=lambda heading: _plain(heading) == _plain(_SPARSITY),
    )
    columns = _columns(sheet.headings, source)
    rows = [(f"{source}, {place}", {_plain(heading): row[heading] for heading in row}) for place, row in sheet.rows]
    if not rows:
        raise NetworkError(f"{source}: no layers; expected one row a layer under the header")
    for where, row in rows:
        if not row[_plain(columns[0])]:
            raise NetworkError(f"{where}: {columns[0]} is empty; expected the name of a layer")
    names = distinct([row[_plain(columns[0])] for _, row in rows])
    layers: list[Layer] = []
    for (where, row), layer_name in zip(rows, names, strict=True):
        sizes = {column: _size(row[_plain(column)], column, where) for column in columns[1:]}
        try:
            layers.append(_layer(layer_name, sizes, zeros, where, first=not layers))
        except LayerError as error:
            raise NetworkError(f"{where}: {error}") from error
    return Network(name, tuple(layers))


def _without_remarks(text: str) -> str:
    """The text without cells one behind the last column: SCALE-Sim reads a row up to its last comma."""
    lines = text.split("\n")
    header = next((line for line in lines if line.strip(", \t\r")), "")
    columns = len(header.rstrip(", \t\r").split(","))
    for number, line in enumerate(lines):
        cells = line.split(",")
        # commas in quotes part nothing; the one who writes them knows CSV, and SCALE-Sim does not
        if len(cells) == columns + 1 and '"' not in line:
            lines[number] = ",".join(cells[:columns])
    return "\n".join(lines)


def _plain(heading: str) -> str:
    """A heading as it is compared."""
    plain = " ".join(heading.replace("_", " ").lower().split())
    return _ALSO.get(plain, plain)


def _columns(headings: Sequence[str], source: str) -> tuple[str, ...]:
    """The columns that the form of the file has, each of which is there."""
    plain = [_plain(heading) for heading in headings]
    if {"m", "n", "k"} & set(plain):
        columns: tuple[str, ...] = _GEMM
    elif {_plain(column) for column in _TWO_STRIDES} & set(plain):
        columns = _CONVOLUTION + _TWO_STRIDES
    else:
        columns = _CONVOLUTION + _ONE_STRIDE
    for column in columns:
        if _plain(column) not in plain:
            raise NetworkError(
                f"{source}: column {column!r} is missing; expected {', '.join(_CONVOLUTION + _ONE_STRIDE)}, or "
                f"{', '.join(_GEMM)}, with commas; found {', '.join(headings) or 'nothing'}"
            )
    known = {_plain(column) for column in (*columns, _SPARSITY)}
    for heading, name in zip(headings, plain, strict=True):
        if name not in known:
            raise NetworkError(f"{source}: column {heading!r} is unknown; expected {', '.join((*columns, _SPARSITY))}")
        if plain.count(name) > 1:
            raise NetworkError(f"{source}: column {heading!r} stands twice; expected it once")
    return columns


def _size(cell: str, column: str, where: str) -> int:
    try:
        size = whole_number(cell)
    except ValueError:
        size = 0
    if not 1 <= size <= LARGEST:
        raise NetworkError(f"{where}: {column} is {cell!r}; expected a whole number from 1 to {LARGEST}")
    return size


def _layer(name: str, sizes: Mapping[str, int], zeros: float, where: str, *, first: bool) -> Layer:
    """The layer of a row, in either form."""
    groups = 1
    if "K" in sizes:
        height, width, channels, filters = sizes["M"], 1, sizes["K"], sizes["N"]
        R = S = U = V = 1
    else:
        height, width, R, S, channels, filters = (sizes[column] for column in _CONVOLUTION[1:])
        U, V = (sizes.get(column) or sizes["Strides"] for column in _TWO_STRIDES)
        groups = channels if _DEPTHWISE in name else 1
    for column, filter_size, size in (("Height", R, height), ("Width", S, width)):
        if filter_size > size:
            raise NetworkError(
                f"{where}: Filter {column} is {filter_size}; expected at most the IFMAP {column} of {size}"
            )
    # rounded up, for the window that runs over the edge
    E, G = -((R - height) // U) + 1, -((S - width) // V) + 1
    H, W = (E - 1) * U + R, (G - 1) * V + S
    inside = height * width / (H * W)
    return Layer(
        name=name,
        kind="fc" if (height, width) == (R, S) and groups == 1 else "conv",
        groups=groups,
        H=H,
        W=W,
        pad_h=(H - height) / 2,
        pad_w=(W - width) / 2,
        C=channels // groups,
        R=R,
        S=S,
        F=filters * groups,
        U=U,
        stride_width=V,
        E=E,
        G=G,
        # where nothing is padded, the share as it was given, without what rounding makes of it
        sparsity_ifmap=zeros if inside == 1 else 1 - (1 - zeros) * inside,
        sparsity_ofmap=zeros,
        first=first,
    )
