"""Layer tables: networks as CSV text that a person writes, one row a layer."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

from analytical.layer import LARGEST, OPERATIONS, Layer, LayerError
from analytical.network import IMAGE, Edges, Network, NetworkError
from analytical.sheet import Sheet, list_names, parse_names, parse_sheet, read_text, real_number, whole_number


# readers of cells are functions with names, by which errors say what was expected
def _whole(text: str) -> int:
    return whole_number(text)


def _number(text: str) -> float:
    return real_number(text)


_COLUMNS: dict[str, tuple[str, Callable[[str], str | int | float]]] = {
    "layer": ("name", str),
    "kind": ("kind", str),
    "groups": ("groups", _whole),
    "ifmap_padded": ("H", _whole),
    "pad": ("pad_h", _number),
    "channels_per_filter": ("C", _whole),
    "filter": ("R", _whole),
    "filters": ("F", _whole),
    "stride": ("U", _whole),
    "ofmap": ("E", _whole),
    "sparsity_ifmap_padded": ("sparsity_ifmap", _number),
    "sparsity_ofmap": ("sparsity_ofmap", _number),
    "batch": ("batch", _whole),
}
"""Columns that every table has, with the field of :class:`Layer` and how its text is read."""

_WIDTHS: dict[str, tuple[str, str, Callable[[str], int | float]]] = {
    "ifmap_padded_width": ("W", "H", _whole),
    "pad_width": ("pad_w", "pad_h", _number),
    "filter_width": ("S", "R", _whole),
    "ofmap_width": ("G", "E", _whole),
    "stride_width": ("stride_width", "U", _whole),
}
"""Optional columns for what is not square: the field, and the height that stands for it where the cell is empty."""

_FILTERS: dict[str, tuple[str, Callable[[str], int | float]]] = {
    "sparsity_filters": ("sparsity_filters", _number),
    "filter_bits": ("filter_bits", _whole),
}
"""Optional columns for filters: the field, which has its default where the cell is empty."""

_EDGES = ("inputs", "pool")
"""Optional columns for what branches: names of earlier layers that a layer reads, and of pools between, with semicolons
between them (a name with a semicolon in double quotes); where empty, a layer reads the one before it."""

_IMAGE = "image"
"""Optional column for the size of the image that the network takes, in its first row: ``224``, ``224x224`` or
``3x224x224``. Where empty, it is the first layer's ifmap without its padding."""

_HEAD = "head"
"""Optional column: ``yes`` for a row whose result nobody reads, other than the last."""

_EXPECTED = {_whole: "a whole number", _number: "a number", str: "a word"}


def read_table(path: Path) -> Network:
    """The network in a layer table; its name is the file's.

    Parameters
    ----------
    path : Path
        CSV in UTF-8, with or without a byte order mark, which spreadsheets write.

    Raises
    ------
    NetworkError
        The file cannot be read, or is no layer table.
    """
    text = read_text(path, lambda why: NetworkError(f"{path}: {why}"), "a layer table")
    return parse_table(text, path.stem, source=str(path))


def parse_table(text: str, name: str, *, source: str | None = None) -> Network:
    """The network that a layer table describes.

    Parameters
    ----------
    text : str
        Header and rows; ``analytical/networks/zoo/README.md`` has the columns.
    name : str
        Name of the network.
    source : str, optional
        What errors call the text; default: the name.

    Raises
    ------
    NetworkError
        A column or a cell that is missing or not what it should be, or a layer that cannot exist.

    Examples
    --------
    >>> network = parse_table(
    ...     "layer,kind,groups,ifmap_padded,pad,channels_per_filter,filter,filters,stride,ofmap,"
    ...     "sparsity_ifmap_padded,sparsity_ofmap,batch\\n"
    ...     "C1,conv,1,16,1,4,3,8,1,14,0,0.5,1",
    ...     "small",
    ... )
    >>> network.layer("C1").macs
    56448
    """
    source = source or name
    optional = (*_WIDTHS, *_FILTERS, *_EDGES, _IMAGE, _HEAD)
    sheet = parse_sheet(
        text,
        lambda why: NetworkError(f"{source}: {why}"),
        "cells of a layer table",
        optional=lambda column: column in optional,
    )
    # what is missing before what is unknown: a file that is no layer table at all lacks the first column
    for column in _COLUMNS:
        if column not in sheet.headings:
            found = ", ".join(sheet.headings) or "nothing"
            raise NetworkError(
                f"{source}: column {column!r} is missing; expected {', '.join(_COLUMNS)}, with commas; found {found}"
            )
    for column in sheet.headings:
        if column not in _COLUMNS and column not in optional:
            raise NetworkError(
                f"{source}: column {column!r} is unknown; the optional columns are {', '.join(optional)}"
            )
    read = list(_rows(sheet, source))
    layers = tuple(row for row, _ in read if row.kind not in OPERATIONS)
    if not layers:
        raise NetworkError(f"{source}: no layers; expected one row a layer under the header")
    return Network(
        name,
        layers,
        {row.name: edges for row, edges in read if edges is not None},
        _image(sheet, layers[0], source),
        operations=tuple(row for row, _ in read if row.kind in OPERATIONS),
        heads=_heads(sheet, source),
    )


def _heads(sheet: Sheet, source: str) -> tuple[str, ...]:
    """Rows that are marked as heads."""
    for where, row in sheet.rows:
        if row.get(_HEAD, "").lower() not in ("", "yes"):
            raise NetworkError(f"{source}, {where}: head is {row[_HEAD]!r}; expected yes, or nothing")
    return tuple(row["layer"] for _, row in sheet.rows if row.get(_HEAD))


def image_size(text: str, channels: int) -> tuple[int, int, int]:
    """Channels, height and width of an image, as people write them.

    Parameters
    ----------
    text : str
        ``224``, ``224x224`` or ``3x224x224``.
    channels : int
        Where the text does not say.

    Raises
    ------
    ValueError
        It is no size.

    Examples
    --------
    >>> image_size("224", 3), image_size("1x28x32", 3)
    ((3, 224, 224), (1, 28, 32))
    """
    sizes = [whole_number(part) for part in re.split("[xX*]", text)]
    if not 1 <= len(sizes) <= 3 or min(sizes) < 1 or max(sizes) > LARGEST:
        raise ValueError(f"{text} is no size")
    height, width = (sizes * 2)[:2] if len(sizes) == 1 else sizes[-2:]
    return (sizes[0] if len(sizes) == 3 else channels), height, width


def with_image(network: Network, text: str) -> Network:
    """The same network with an image of that size.

    Parameters
    ----------
    network : Network
    text : str
        As for :func:`image_size`.

    Raises
    ------
    NetworkError
        It is no size.
    """
    try:
        return replace(network, image=image_size(text, network.layers[0].channels))
    except ValueError as error:
        raise NetworkError(f"image size is {text!r}; expected {_SIZE}") from error


_SIZE = "one like 224, 224x224 or 3x224x224"


def _image(sheet: Sheet, first: Layer, source: str) -> tuple[int, int, int] | None:
    """The size of the image, if the table says it."""
    for number, (where, row) in enumerate(sheet.rows):
        text = row.get(_IMAGE, "")
        if not text:
            continue
        if number:
            raise NetworkError(f"{source}, {where}: image is {text!r}; expected it in the first row alone")
        try:
            return image_size(text, first.channels)
        except ValueError as error:
            raise NetworkError(f"{source}, {where}: image is {text!r}; expected {_SIZE}") from error
    return None


def as_table(network: Network) -> str:
    """The layer table of a network: the text from which :func:`parse_table` makes the same layers and edges.

    Parameters
    ----------
    network : Network
        Its first layer, and no other, has ``first``: a table says so by the order of its rows.

    Examples
    --------
    >>> network = Network("one", (Layer.fc("FC", inputs=8, outputs=2, first=True),))
    >>> parse_table(as_table(network), "one") == network
    True
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    # as tables were before there were such columns, where nothing is said in them
    of_filters = [column for column in _FILTERS if any(getattr(layer, column) for layer in network.layers)]
    writer.writerow([*_COLUMNS, *_WIDTHS, *of_filters, *_EDGES, _IMAGE, *([_HEAD] if network.heads else [])])
    image = "x".join(map(str, network.image or ()))
    above: Layer | None = None
    before = IMAGE
    for row in network.rows():
        edges = network.edges.get(row.name, Edges())
        # a layer that says nothing reads the layer before it, but in a table the row above
        if above is not None and above.kind in OPERATIONS and not edges.inputs:
            edges = replace(edges, inputs=(before,))
        before = before if row.kind in OPERATIONS else row.name
        cells = [getattr(row, field) for field, _ in _COLUMNS.values()]
        cells += [getattr(row, "V" if field == "stride_width" else field) for field, _, _ in _WIDTHS.values()]
        cells += [getattr(row, column) or "" for column in of_filters]
        # semicolons, since commas part the cells
        names = (list_names(names, ";") for names in (edges.inputs, edges.pools))
        head = ["yes" if row.name in network.heads else ""] if network.heads else []
        writer.writerow([*cells, *names, image if above is None else "", *head])
        above = row
    return text.getvalue()


def _rows(sheet: Sheet, source: str) -> Iterator[tuple[Layer, Edges | None]]:
    """Layers, operations and edges, row by row."""
    names: set[str] = set()
    above: Layer | None = None
    for place, row in sheet.rows:
        where = f"{source}, {place}"
        values: dict[str, str | int | float] = {}
        for column, (name, read) in _COLUMNS.items():
            values[name] = _read(row[column], column, read, where)
        # after the heights, which stand for widths that are not given
        for column, (name, height, read_width) in _WIDTHS.items():
            cell = row.get(column, "")
            values[name] = _read(cell, column, read_width, where) if cell else values[height]
        for column, (name, read_filters) in _FILTERS.items():
            if row.get(column, ""):
                values[name] = _read(row[column], column, read_filters, where)
        if values["name"] in names:
            raise NetworkError(f"{where}: layer {values['name']} stands twice; expected a name of its own")
        edges = _edges(row, names, where)
        # an operation says what it reads, and so does a layer below one: the row above
        if edges is None or not edges.inputs:
            beside_operation = values["kind"] in OPERATIONS or (above is not None and above.kind in OPERATIONS)
            if beside_operation:
                edges = Edges((above.name if above else IMAGE,), edges.pools if edges else ())
        # the first layer reads the image, and whoever names it
        first = not names or (edges is not None and edges.inputs == (IMAGE,))
        try:
            layer = Layer(first=first, **values)  # type: ignore[arg-type]  # the table above types each field
        except LayerError as error:
            raise NetworkError(f"{where}: {error}") from error
        names.add(layer.name)
        above = layer
        yield layer, edges


def _edges(row: Mapping[str, str], earlier: set[str], where: str) -> Edges | None:
    """What a row says that its layer reads; None where it says nothing."""
    inputs, pools = (parse_names(row.get(column, ""), ";") for column in _EDGES)
    # rows stand in the order in which layers run: with inputs from above only, no edge can close a circle
    for name in inputs:
        if name not in earlier and name != IMAGE:
            raise NetworkError(f"{where}: inputs has {name!r}; expected names of layers in rows above")
    return Edges(inputs, pools) if inputs or pools else None


def _read(cell: str, column: str, read: Callable[[str], str | int | float], where: str) -> str | int | float:
    try:
        return read(cell)
    except ValueError as error:
        raise NetworkError(f"{where}: {column} is {cell!r}; expected {_EXPECTED[read]}") from error
