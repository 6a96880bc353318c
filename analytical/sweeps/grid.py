"""Grids: the points of a design space, from a file that a person writes."""

import hashlib
import json
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from analytical.checks import is_whole
from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.files.hardware import fields_of, hardware_with
from analytical.files.toml import as_model, read_toml
from analytical.hardware import Hardware
from analytical.network import Network
from analytical.networks import load_network
from analytical.technology import HardwareError

EXPECTED = "a grid of a sweep"

MOST_VALUES = 10_000
"""Values of one axis."""


class GridError(InputError):
    """A grid that cannot be; the message says where and what was expected."""


class _Written(BaseModel):
    """A grid file; numbers and words may stand alone where a list has one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    networks: list[str] | str
    mapping: list[str] | str = "cnnergy"
    batch: list[int | str] | int | str | dict[str, Any] = "table"
    seed: list[int] | int | dict[str, Any] = 0
    accounting: str = "cnnergy"
    constraints: list[str] | str = []
    hardware: dict[str, Any] = {}
    zip: list[dict[str, Any]] = []


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a hardware has to be, to be a point: ``"pes <= 512"``.

    Attributes
    ----------
    text : str
        A field of :class:`Hardware`, or ``pes``, one of ``< <= == != >= >``, and a number or another field.
    """

    text: str

    def holds(self, hardware: Hardware) -> bool:
        """Whether it does for a hardware.

        Raises
        ------
        GridError
            It is none.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> Constraint("pes <= 168").holds(EYERISS_16BIT), Constraint("J > K").holds(EYERISS_16BIT)
        (True, False)
        """
        found = _CONSTRAINT.fullmatch(self.text)
        if found is None:
            raise GridError(f"constraint is {self.text!r}; expected one such as 'pes <= 512' or 'J == K'")
        left, right = (self._number(side, hardware) for side in (found[1], found[3]))
        return bool(_COMPARED[found[2]](left, right))

    def _number(self, side: str, hardware: Hardware) -> float:
        if re.fullmatch(r"[\d.]+(?:[eE][+-]?\d+)?", side, re.ASCII):
            try:
                return float(side)
            except ValueError:
                pass
        value = getattr(hardware, side, None) if side in _COMPARABLE else None
        if value is None:
            raise GridError(
                f"constraint is {self.text!r}; expected numbers, or some of {', '.join(sorted(_COMPARABLE))}"
            )
        return float(value)


_CONSTRAINT = re.compile(r"\s*([\w.]+)\s*(<=|>=|==|!=|<|>)\s*([\w.+-]+)\s*", re.ASCII)

_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}

_COMPARABLE = {
    *(
        "J",
        "K",
        "pes",
        "f_s",
        "I_s",
        "P_s",
        "b_w",
        "glb_kib",
        "glb_bank_kib",
        "filter_buffer_kib",
        "core_hz",
        "link_hz",
    ),
    *("gin_filter_bits", "gin_ifmap_bits", "gin_psum_bits", "gon_bits", "ifmap_fifo", "psum_fifo", "pe_stages"),
}
"""What a constraint may compare."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chip:
    """A hardware of a grid.

    Attributes
    ----------
    number : int
        Of its combination of values, from 0.
    base : str
        The hardware that it is like.
    fields : dict of str to number, str or bool
        What differs from that, by its name in a hardware file; inner names behind a dot.
    hardware : Hardware or None
        None: it cannot exist, and ``reason`` says why.
    reason : str
        Empty where there is a hardware.
    """

    number: int
    base: str
    fields: dict[str, Any]
    hardware: Hardware | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One point of a grid.

    Attributes
    ----------
    number : int
        From 0.
    chip : Chip
    network : str
        A name, or a file.
    mapping : str
        How layers are laid on the array.
    batch : int or None
        Images; None: what the table says.
    seed : int
        Of synthetic values.
    """

    number: int
    chip: Chip
    network: str
    mapping: str
    batch: int | None
    seed: int

    def row(self) -> dict[str, Any]:
        """Which point it is, as files and tables say it."""
        hardware = self.chip.hardware
        return {
            "point": self.number,
            "network": network_of(self.network).name,
            "hardware": hardware.name if hardware is not None else self.chip.base,
            "mapping": self.mapping,
            "batch": 0 if self.batch is None else self.batch,
            "seed": self.seed,
            "pes": hardware.pes if hardware is not None else 0,
            **{f"hardware.{name}": value for name, value in self.chip.fields.items()},
        }


@lru_cache(maxsize=32)
def network_of(name: str) -> Network:
    """A network of a grid, read once in a process."""
    return load_network(name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A design space: every combination of its axes.

    Attributes
    ----------
    networks : tuple of str
        Names, or files.
    bases : tuple of str
        Hardware that the others are like: names, or files.
    axes : tuple of dict of str to tuple
        Fields of the hardware with their values; those of one dict go together (``zip``).
    mappings : tuple of str
    batches : tuple of int or None
    seeds : tuple of int
    accounting : str
    constraints : tuple of Constraint
        What does not meet them is no point.

    See Also
    --------
    load_grid : reads one.

    Examples
    --------
    >>> grid = grid_of({"networks": "alexnet", "hardware": {"J": [8, 12], "K": {"from": 8, "to": 16, "step": 4}}})
    >>> [(chip.fields["J"], chip.fields["K"]) for chip in grid.chips()]
    [(8, 8), (8, 12), (8, 16), (12, 8), (12, 12), (12, 16)]
    """

    networks: tuple[str, ...]
    bases: tuple[str, ...]
    axes: tuple[dict[str, tuple[Any, ...]], ...]
    mappings: tuple[str, ...]
    batches: tuple[int | None, ...]
    seeds: tuple[int, ...]
    accounting: str
    constraints: tuple[Constraint, ...]

    @property
    def combinations(self) -> int:
        """Hardware of all combinations of the axes, also those that the constraints leave out."""
        return len(self.bases) * math.prod(len(next(iter(axis.values()))) for axis in self.axes)

    def chip(self, number: int) -> Chip | None:
        """The hardware of one combination, counted from 0; None where the constraints leave it out.

        Parameters
        ----------
        number : int
            Below :attr:`combinations`; the last axis counts fastest.
        """
        places = []
        rest = number
        for axis in reversed(self.axes):
            values = next(iter(axis.values()))
            rest, at = divmod(rest, len(values))
            places.append(at)
        base = self.bases[rest]
        chip = choose_hardware(base)
        fields = {
            name: values[at]
            for axis, at in zip(self.axes, reversed(places), strict=True)
            for name, values in axis.items()
        }
        try:
            hardware = hardware_with(chip, _nested(fields), name=_named(chip.name, fields), where="the grid")
        except HardwareError as error:
            return Chip(number=number, base=base, fields=fields, hardware=None, reason=str(error))
        if not all(constraint.holds(hardware) for constraint in self.constraints):
            return None
        return Chip(number=number, base=base, fields=fields, hardware=hardware, reason="")

    def chips(self) -> Iterator[Chip]:
        """All hardware that the constraints let through."""
        for number in range(self.combinations):
            chip = self.chip(number)
            if chip is not None:
                yield chip

    def points(self) -> Iterator[Point]:
        """All points, in order: the hardware outermost, then network, mapping, batch and seed."""
        number = 0
        for chip in self.chips():
            for network, mapping, batch, seed in product(self.networks, self.mappings, self.batches, self.seeds):
                yield Point(number=number, chip=chip, network=network, mapping=mapping, batch=batch, seed=seed)
                number += 1

    def record(self) -> dict[str, Any]:
        """The grid, as files of a sweep keep it."""
        return {
            "networks": list(self.networks),
            "bases": list(self.bases),
            "axes": [{name: list(values) for name, values in axis.items()} for axis in self.axes],
            "mappings": list(self.mappings),
            "batches": list(self.batches),
            "seeds": list(self.seeds),
            "accounting": self.accounting,
            "constraints": [constraint.text for constraint in self.constraints],
        }

    def digest(self) -> str:
        """What tells it from every other grid."""
        return hashlib.sha256(json.dumps(self.record(), sort_keys=True).encode()).hexdigest()[:32]


def load_grid(path: str | Path) -> Grid:
    """The grid that a TOML file describes.

    Keys: ``networks``, and ``mapping``, ``batch`` (``"table"``: what the network's table says), ``seed``, each one
    value or a list; ``accounting``; ``constraints``, a list such as ``["pes <= 512"]``. The table ``[hardware]`` has
    ``base``, chips that ship or hardware files, and fields of hardware files, each one value, a list, or a range
    (``{ from = 8, to = 32, step = 8 }``, or ``times = 2`` in place of ``step``). Fields of one ``[[zip]]`` table go
    together: their lists are as long.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    GridError
        The file is no grid; the message says where and what was expected.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "grid.toml")
    ...     written = ['networks = "alexnet"', 'constraints = "pes < 200"', "[[zip]]", "J = [12, 16]", "K = [14, 16]"]
    ...     _ = path.write_text("\\n".join(written))
    ...     [point.chip.hardware.pes for point in load_grid(path).points()]
    [168]
    """
    folder = Path(path).parent
    written = read_toml(path, GridError, EXPECTED)
    if "hardware" in written and isinstance(written["hardware"], dict) and "base" in written["hardware"]:
        bases = written["hardware"]["base"]
        listed = bases if isinstance(bases, list) else [bases]
        # files are looked for beside the grid
        written["hardware"]["base"] = [_beside(folder, base) for base in listed]
    if isinstance(written.get("networks"), str | list):
        networks = written["networks"] if isinstance(written["networks"], list) else [written["networks"]]
        written["networks"] = [_beside(folder, network) for network in networks]
    return grid_of(written, path)


def _beside(folder: Path, said: Any) -> Any:
    return str(folder / said) if isinstance(said, str) and Path(said).suffix else said


def grid_of(written: dict[str, Any], where: str | Path = "grid") -> Grid:
    """A grid from the tables of its file.

    Parameters
    ----------
    written : dict
        As :func:`load_grid` has them.
    where : str or Path
        What is named where something is wrong.

    Raises
    ------
    GridError
        They are none.
    """
    model = as_model(written, _Written, where, GridError)
    hardware = dict(model.hardware)
    bases = _listed(hardware.pop("base", ["eyeriss-16bit"]))
    if not bases or not all(isinstance(base, str) for base in bases):
        raise GridError(f"{where}: hardware.base is {bases!r}; expected names of chips, or hardware files")
    axes = [{name: _values(values, f"{where}: hardware.{name}")} for name, values in _flat(hardware).items()]
    for number, group in enumerate(model.zip):
        flat = {name: _values(values, f"{where}: zip.{number}.{name}") for name, values in _flat(group).items()}
        if not flat or len({len(values) for values in flat.values()}) != 1:
            lengths = ", ".join(f"{name} {len(values)}" for name, values in flat.items()) or "none"
            raise GridError(f"{where}: zip.{number} has lists of {lengths} values; expected lists of one length")
        axes.append(flat)
    names = [name for axis in axes for name in axis]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise GridError(f"{where}: {twice[0]} has two axes; expected one")
    batches = [None if each == "table" else each for each in _values(model.batch, f"{where}: batch")]
    seeds = _values(model.seed, f"{where}: seed")
    networks = _listed(model.networks)
    if not networks:
        raise GridError(f"{where}: networks is empty; expected at least one")
    counted: dict[str, tuple[tuple[Any, ...], int]] = {"batch": (tuple(batches), 1), "seed": (seeds, 0)}
    for name, (numbers, least) in counted.items():
        for number in numbers:
            if number is not None and (not is_whole(number) or number < least):
                raise GridError(f"{where}: {name} is {number!r}; expected whole numbers from {least}")
    grid = Grid(
        networks=tuple(networks),
        bases=tuple(bases),
        axes=tuple(axes),
        mappings=tuple(_listed(model.mapping)),
        batches=tuple(batches),
        seeds=tuple(seeds),
        accounting=model.accounting,
        constraints=tuple(Constraint(text) for text in _listed(model.constraints)),
    )
    for base in grid.bases:
        chip = choose_hardware(base)
        for constraint in grid.constraints:
            constraint.holds(chip)
        # a name that is no field is wrong in all points: it is no reason why one cannot be
        for axis in grid.axes:
            _require_fields(axis, chip, where)
    return grid


def _require_fields(axis: dict[str, tuple[Any, ...]], chip: Hardware, where: str | Path) -> None:
    for name, values in axis.items():
        for value in values:
            try:
                fields_of(chip, _nested({name: value}), where)
            except HardwareError as error:
                raise GridError(str(error)) from error


def _listed(said: Any) -> list[Any]:
    return list(said) if isinstance(said, list) else [said]


def _values(said: Any, where: str) -> tuple[Any, ...]:
    """The values of an axis: one, a list, or a range."""
    if not isinstance(said, dict):
        values = _listed(said)
        if not values:
            raise GridError(f"{where} is an empty list; expected at least one value")
        return tuple(values)
    if not {"from", "to"} <= set(said) <= {"from", "to", "step", "times"} or len(said) != 3:
        raise GridError(f"{where} is {said!r}; expected a value, a list, or from, to and step (or times)")
    numbers = [said["from"], said["to"], said.get("step", said.get("times"))]
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in numbers):
        raise GridError(f"{where} is {said!r}; expected numbers")
    first, last, by = numbers
    grows = by > 0 if "step" in said else by > 1 and first > 0
    if not grows or last < first:
        raise GridError(f"{where} is {said!r}; expected a range that grows")
    found: list[Any] = []
    # counted rather than added up, so that steps of a tenth do not drift
    for number in range(MOST_VALUES + 1):
        try:
            value = first + number * by if "step" in said else first * by**number
        except OverflowError:
            return tuple(found)
        if value > last * (1 + 1e-12):
            return tuple(found)
        found.append(value)
    raise GridError(f"{where} has more than {MOST_VALUES} values; expected fewer")


def _flat(tables: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Inner tables, which are no ranges, by names with dots."""
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        if isinstance(value, dict) and "from" not in value:
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat


def _nested(fields: dict[str, Any]) -> dict[str, Any]:
    """The reverse: the tables of a hardware file."""
    tables: dict[str, Any] = {}
    for name, value in fields.items():
        *outer, last = name.split(".")
        table = tables
        for part in outer:
            table = table.setdefault(part, {})
        table[last] = value
    return tables


def _named(base: str, fields: dict[str, Any]) -> str:
    """What a chip of the grid is called."""
    return " ".join([base, *(f"{name}={value}" for name, value in fields.items())])
