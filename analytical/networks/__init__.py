"""Networks as layer tables: the zoo that ships with the package, and tables that a person writes."""

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from io import StringIO
from pathlib import Path

from analytical.layer import Layer, LayerError

ZOO = ("alexnet", "vgg16", "squeezenet1_1", "googlenet")
"""Networks that ship with the package, by their torchvision names."""


class NetworkError(ValueError):
    """A network that cannot be read; the message names the file, the row or field and what was expected."""


@dataclass(frozen=True, slots=True)
class Wires:
    """What a layer reads: the ofmaps of ``inputs``, one after the other, through ``pools``; where nothing is said, what
    the layer before it made."""

    inputs: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """Layers in the order in which they run; the first one's ifmap is the image.

    ``wires`` : what each layer reads, by its name; a layer without any reads the one before it.
    """

    name: str
    layers: tuple[Layer, ...]
    wires: Mapping[str, Wires] = field(default_factory=dict)

    def select(self, names: list[str]) -> "Network":
        """The same network, of which only the named layers run.

        Raises
        ------
        NetworkError
            A name that the network does not have.
        """
        known = [layer.name for layer in self.layers]
        for name in names:
            if name not in known:
                raise NetworkError(f"network {self.name} has no layer {name!r}; expected some of {', '.join(known)}")
        return Network(self.name, tuple(layer for layer in self.layers if layer.name in names))


def load(network: str) -> Network:
    """The network of that zoo name, or the one in the layer table of that path.

    Raises
    ------
    NetworkError
        Neither, or a table that is not one.
    """
    if network in ZOO:
        text = files("analytical.networks").joinpath(f"{network}.csv").read_text(encoding="utf-8")
        return Network(network, *parse_table(text, network))
    path = Path(network)
    if path.suffix.lower() != ".csv":
        raise NetworkError(f"{network}: no such network; expected one of {', '.join(ZOO)} or a layer table (.csv)")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NetworkError(f"{network}: cannot be read ({reason}); expected a layer table") from error
    return Network(path.stem, *parse_table(text, network))


def _whole(text: str) -> int:
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite")
    return number


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
}
"""Optional columns for what is not square: the field, and the height that stands for it where the cell is empty."""

_WIRES = ("inputs", "pool")
"""Optional columns for what branches: names of earlier layers that a layer reads, and of pools between, each with
semicolons; where empty, a layer reads the one before it."""

_EXPECTED = {_whole: "a whole number", _number: "a number", str: "a word"}


def parse_table(text: str, source: str) -> tuple[tuple[Layer, ...], dict[str, Wires]]:
    """Layers of a layer table, and what wires it states; ``source`` names it in errors.

    Raises
    ------
    NetworkError
        A column or a cell that is missing or not what it should be, or a layer that cannot exist.
    """
    rows = csv.reader(StringIO(text))
    header = [cell.strip() for cell in next(rows, [])]
    for column in _COLUMNS:
        if column not in header:
            found = ", ".join(header) or "nothing"
            raise NetworkError(
                f"{source}: column {column!r} is missing; expected {', '.join(_COLUMNS)}, with commas; found {found}"
            )
    for column in header:
        if column not in _COLUMNS and column not in _WIDTHS and column not in _WIRES:
            optional = ", ".join((*_WIDTHS, *_WIRES))
            raise NetworkError(f"{source}: column {column!r} is unknown; the optional columns are {optional}")
        if header.count(column) > 1:
            raise NetworkError(f"{source}: column {column!r} stands twice; expected it once")
    try:
        wired = list(_layers(rows, header, source))
    except csv.Error as error:
        raise NetworkError(f"{source}, row {rows.line_num}: {error}; expected cells of a layer table") from error
    if not wired:
        raise NetworkError(f"{source}: no layers; expected one row a layer under the header")
    return tuple(layer for layer, _ in wired), {layer.name: wires for layer, wires in wired if wires is not None}


def _layers(rows: Iterator[list[str]], header: list[str], source: str) -> Iterator[tuple[Layer, Wires | None]]:
    names: set[str] = set()
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{source}, row {number}"
        if len(cells) != len(header):
            raise NetworkError(f"{where}: {len(cells)} cells; expected {len(header)}, one for each column")
        row = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
        values: dict[str, str | int | float] = {}
        for column, (name, read) in _COLUMNS.items():
            values[name] = _read(row[column], column, read, where)
        for column, (name, height, read_width) in _WIDTHS.items():
            cell = row.get(column, "")
            values[name] = _read(cell, column, read_width, where) if cell else values[height]
        if values["name"] in names:
            raise NetworkError(f"{where}: layer {values['name']} stands twice; expected a name of its own")
        try:
            layer = Layer(first=not names, **values)  # type: ignore[arg-type]  # the table above types each field
        except LayerError as error:
            raise NetworkError(f"{where}: {error}") from error
        wires = _wires(row, names, where)
        names.add(layer.name)
        yield layer, wires


def _wires(row: Mapping[str, str], earlier: set[str], where: str) -> Wires | None:
    inputs, pools = (
        tuple(name.strip() for name in row.get(column, "").split(";") if name.strip()) for column in _WIRES
    )
    for name in inputs:
        if name not in earlier:
            raise NetworkError(f"{where}: inputs has {name!r}; expected names of layers in rows above")
    return Wires(inputs, pools) if inputs or pools else None


def _read(cell: str, column: str, read: Callable[[str], str | int | float], where: str) -> str | int | float:
    try:
        return read(cell)
    except ValueError as error:
        raise NetworkError(f"{where}: {column} is {cell!r}; expected {_EXPECTED[read]}") from error
