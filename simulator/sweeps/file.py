"""The file of a sweep: its points and their layers, column by column, in HDF5."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analytical.energy import PARTS, Accounting, Energy
from analytical.files.seal import SEAL, ChangedError, needs_seal, require_same, seal_of
from analytical.results import HasRows
from analytical.sweeps.grid import Grid, Point, network_of
from analytical.terminal.outputs import write_whole
from simulator.provenance import versions
from simulator.sweeps.facts import Facts
from simulator.sweeps.jobs import jobs_of
from simulator.sweeps.journal import Journal, SweepError
from traces.store import FORMATS, members_of, read_attributes, write_attributes

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = 2
"""A number that grows when a column changes its meaning, or goes; from 2 on there is a seal over all columns."""

KIND = "eyeriss-neupart sweep"

SUMS = (
    "energy_J",
    "latency_s",
    "processing_s",
    *(f"energy_J_{part}" for part in PARTS),
    "macs",
    "nonzero_macs",
    "dram_bits",
    "utilisation",
)
"""Columns of a point and of a layer, of one image: joules, seconds with and without waits for DRAM, MACs, bits on the
DRAM link, and the share of PE-cycles with a MAC, gated or not."""

_AT_ONCE = 4096
"""Points that are written at a time, so that memory does not grow with their number."""


def _sums(facts: Sequence[Facts], point: Point, accounting: Accounting) -> list[list[float]]:
    """The columns of each layer, and at last of the point."""
    hardware = point.chip.hardware
    assert hardware is not None
    rows = []
    busy = whole = 0
    of_network = Energy.zero()
    for layer in facts:
        energy = layer.energy(hardware, accounting)
        of_network += energy
        macs = layer.compute + layer.gated
        cycles = hardware.pes * layer.processing_cycles
        busy, whole = busy + macs, whole + cycles
        bits = hardware.b_w * sum(words for event, words in layer.events.items() if event.startswith("dram "))
        rows.append(
            [
                energy.total,
                layer.latency_s(hardware),
                layer.processing_cycles / hardware.core_hz / layer.images,
                *energy.parts().values(),
                layer.macs / layer.images,
                layer.nonzero_macs / layer.images,
                bits / layer.images,
                macs / cycles if cycles else 0.0,
            ]
        )
    sums = [float(sum(column)) for column in zip(*rows, strict=True)]
    # as a run of the network adds them: parts first
    sums[0] = of_network.total
    sums[3 : 3 + len(PARTS)] = of_network.parts().values()
    sums[-1] = busy / whole if whole else 0.0
    return [*rows, sums]


def write_sweep(out: Path, grid: Grid, about: dict[str, str], journal: Journal) -> None:
    """Write the file, whole or not at all.

    Parameters
    ----------
    out : Path
    grid : Grid
    about : dict of str to str
        What tells this sweep from others.
    journal : Journal
        In which all of it is.
    """
    write_whole(out, lambda path: _write(path, grid, about, journal))


def _write(path: Path, grid: Grid, about: dict[str, str], journal: Journal) -> None:
    import h5py

    accounting = Accounting(grid.accounting)
    with h5py.File(path, "w", libver=FORMATS) as file:
        write_attributes(
            file,
            {"kind": KIND, "schema": SCHEMA, **about, "grid_record": grid.record(), "versions": versions()},
        )
        names = sorted({layer for network in grid.networks for layer in network_of(network).names})
        write_attributes(file.create_group("layers"), {"names": names, "columns": ["point", "layer", *SUMS]})
        file.create_group("points")
        tables = {"points": _Table(file["points"]), "layers": _Table(file["layers"])}
        found = _answers(grid, journal)
        place = {name: at for at, name in enumerate(names)}
        while chunk := list(islice(found, _AT_ONCE)):
            points: list[dict[str, Any]] = []
            layers: list[dict[str, Any]] = []
            for point, answers in chunk:
                row = point.row()
                if isinstance(answers, str):
                    points.append(row | {"reason": answers} | dict.fromkeys(SUMS, float("nan")))
                    continue
                *of_layers, of_point = _sums([facts for _, facts in answers], point, accounting)
                points.append(row | {"reason": ""} | dict(zip(SUMS, of_point, strict=True)))
                layers += [
                    {"point": point.number, "layer": place[name]} | dict(zip(SUMS, sums, strict=True))
                    for (name, _), sums in zip(answers, of_layers, strict=True)
                ]
            tables["points"].add(points)
            tables["layers"].add(layers)
        file.attrs[SEAL] = np.bytes_(_seal_of(file).encode())


def _seal_of(file: Any) -> str:
    """A digest of all columns and attributes."""
    columns = {f"{group}/{name}": _digest_of(file[group][name]) for group in _GROUPS for name in file[group]}
    said = {name: value for name, value in read_attributes(file).items() if name != SEAL}
    return seal_of({"attributes": said, "layers": read_attributes(file["layers"]), "columns": columns})


_GROUPS = ("points", "layers")


def _digest_of(column: Any) -> str:
    digest = hashlib.sha256(f"{column.dtype.str} {column.shape}".encode())
    for first in range(0, len(column), _AT_ONCE):
        digest.update(np.ascontiguousarray(column[first : first + _AT_ONCE]).tobytes())
    return digest.hexdigest()


def _answers(grid: Grid, journal: Journal) -> Iterator[tuple[Point, list[tuple[str, Facts]] | str]]:
    """Each point with what is known of its layers, or why it cannot be: that of its first layer that cannot."""
    for point in grid.points():
        jobs = jobs_of(point)
        if isinstance(jobs, str):
            yield point, jobs
            continue
        facts: list[tuple[str, Facts]] = []
        reason = ""
        for name, key in jobs:
            answer = journal.answer(key)
            if isinstance(answer, str):
                reason = answer
                break
            facts.append((name, answer))
        yield point, reason or facts


class _Table:
    """Columns that grow."""

    def __init__(self, group: Any) -> None:
        self._group = group

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows, all with the same names."""
        if not rows:
            return
        for name in rows[0]:
            values = _column([row[name] for row in rows])
            if name not in self._group:
                self._group.create_dataset(
                    name,
                    data=values,
                    maxshape=(None,),
                    chunks=(max(1, min(len(values), _AT_ONCE)),),
                    dtype=values.dtype,
                    fletcher32=True,
                )
                continue
            dataset = self._group[name]
            if values.dtype.kind == "S" and values.dtype.itemsize > dataset.dtype.itemsize:
                # a longer text than there was: the column is made wider
                values = np.concatenate([dataset[:].astype(values.dtype), values])
                del self._group[name]
                self._group.create_dataset(name, data=values, maxshape=(None,), chunks=(_AT_ONCE,), fletcher32=True)
                continue
            dataset.resize(len(dataset) + len(values), axis=0)
            dataset[-len(values) :] = values


def _column(values: list[Any]) -> "NDArray[Any]":
    if all(isinstance(value, bool) for value in values):
        return np.array(values, np.bool_)
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return np.array(values, np.int64)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return np.array(values, np.float64)
    # text of a fixed length: HDF5 has no string of no characters
    return np.char.encode(np.array([str(value) for value in values]), "utf-8").astype(f"S{_longest(values)}")


def _longest(values: list[Any]) -> int:
    return max(1, *(len(str(value).encode()) for value in values))


@dataclass(frozen=True, slots=True)
class SweepFile(HasRows):
    """What a sweep found.

    Attributes
    ----------
    path : Path
    about : dict of str to str
        Digests of the grid and of the program.
    grid : dict
        The grid, as its file had it.
    """

    path: Path
    about: dict[str, str]
    grid: dict[str, Any]

    def __repr__(self) -> str:
        return f"<sweep of {len(self)} points: {self.path}>"

    def __len__(self) -> int:
        """Points."""
        import h5py

        with h5py.File(self.path) as file:
            return len(file["points"]["point"])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """A row a point; some of them are in memory at a time."""
        import h5py

        with h5py.File(self.path) as file:
            group = file["points"]
            order = list(_order(group))
            for first in range(0, len(group["point"]), _AT_ONCE):
                columns = [_plain(group[name][first : first + _AT_ONCE]) for name in order]
                for values in zip(*columns, strict=True):
                    yield dict(zip(order, values, strict=True))

    def points(self) -> dict[str, list[Any]]:
        """The columns of the points."""
        return self._table("points")

    def layers(self) -> dict[str, list[Any]]:
        """The columns of the layers of all points that can be mapped."""
        import h5py

        table = self._table("layers")
        with h5py.File(self.path) as file:
            names = read_attributes(file["layers"])["names"]
        table["layer"] = [names[at] for at in table["layer"]]
        return table

    def rows(self) -> list[dict[str, Any]]:
        """A row a point, as CSV has it."""
        return list(self)

    def _table(self, name: str) -> dict[str, list[Any]]:
        import h5py

        with h5py.File(self.path) as file:
            order = _order(file[name])
            return {column: _plain(file[name][column][:]) for column in order}


def _order(group: Any) -> Iterator[str]:
    """Columns: which point it is, its fields, what came of it."""
    fields = [name for name in group if name.startswith("hardware.")]
    first = [
        name for name in ("point", "layer", "network", "hardware", "mapping", "batch", "seed", "pes") if name in group
    ]
    return iter([*first, *fields, *(name for name in (*SUMS, "reason") if name in group)])


def _plain(values: "NDArray[Any]") -> list[Any]:
    if values.dtype.kind == "S":
        return [value.decode("utf-8") for value in values]
    return list(values.tolist())


def _require_columns(file: Any, said: dict[str, Any]) -> None:
    """Refuse, before it is read, what cannot be the columns of a sweep.

    Raises
    ------
    ValueError
        A column is missing, is of another length than the others, or of another kind.
    """
    text = ("network", "hardware", "mapping", "reason")
    needed = {"points": (*text, "point", "batch", "seed", "pes", *SUMS), "layers": ("point", "layer", *SUMS)}
    for group, names in needed.items():
        columns = dict(members_of(file[group]))
        if not columns and group == "layers":
            continue
        lengths = {column.shape for column in columns.values()}
        if not set(names) <= set(columns) or len(lengths) != 1 or len(next(iter(lengths))) != 1:
            raise ValueError("columns are missing, or not of one length")
        for name in names:
            if columns[name].dtype.kind not in ("S" if name in text else "iuf"):
                raise ValueError(f"{name} is of another kind")
    networks = said["grid_record"]["networks"]
    known = read_attributes(file["layers"])["names"]
    if not isinstance(networks, list) or not isinstance(known, list) or not len(file["points"]["point"]):
        raise ValueError("no grid")
    if "layer" in file["layers"] and not set(np.unique(file["layers"]["layer"][:])) <= set(range(len(known))):
        raise ValueError("no such layer")


def read_sweep(path: str | Path) -> SweepFile:
    """The file of a sweep.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    SweepFile
        ``.rows()``, ``.points()``, ``.layers()`` and ``.to_frame()`` have what is in it.

    Raises
    ------
    SweepError
        It is none, or was written by a newer version.

    Examples
    --------
    >>> read_sweep("README.md")
    Traceback (most recent call last):
    ...
    simulator.sweeps.journal.SweepError: README.md: cannot be read as a sweep; expected the file of simulator sweep
    """
    import h5py

    try:
        with h5py.File(path) as file:
            said = read_attributes(file)
            if said.get("kind") != KIND:
                raise SweepError(f"{path}: is no sweep; expected the file of simulator sweep")
            needed = needs_seal(said["schema"], SCHEMA)
            _require_columns(file, said)
            if SEAL in said or needed:
                require_same(said.get(SEAL), _seal_of(file))
            return SweepFile(Path(path), {name: said[name] for name in ("grid", "program")}, said["grid_record"])
    except SweepError:
        raise
    except ChangedError as error:
        raise SweepError(f"{path}: {error}") from error
    # what h5py raises depends on where the damage is
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise SweepError(f"{path}: cannot be read as a sweep; expected the file of simulator sweep") from error
