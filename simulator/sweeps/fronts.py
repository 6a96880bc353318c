"""What a sweep says: the points that no other beats, and which field of the hardware moves the energy most."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytical.errors import InputError
from analytical.pareto import not_beaten
from analytical.sweeps.grid import network_of
from simulator.sweeps.file import SUMS, SweepFile
from simulator.sweeps.table import SweepTable

NUMBERS = ("pes", *SUMS)
"""Columns that a front can be of."""

LEAST, MOST = 1e-100, 1e100
"""Between these are numbers whose ratios are numbers, too."""


class FrontError(InputError):
    """A front that cannot be; the message says what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """How far a field of the hardware moves the energy of some layers.

    Attributes
    ----------
    field : str
    network, kind : str
        Of which network, and of which kind of layers (``conv``, ``pointwise``, ``depthwise``, ``fc``), or ``all``.
    best, worst : str
        The values with the least and the most energy, all other fields alike.
    factor : float
        Energy of the worst over that of the best: the geometric mean over all combinations of the other fields that
        have a point for each value.
    """

    field: str
    network: str
    kind: str
    best: str
    worst: str
    factor: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fronts:
    """Points of a sweep, and those that no other beats, network by network.

    Attributes
    ----------
    x, y : str
        Columns that should be small.
    fields : tuple of str
        Fields of the hardware that vary.
    points : list of dict
        All points that can be mapped.
    best : dict of str to list of dict
        By network, those that no other point of it beats, by ``x``.
    unmapped : int
        Points that cannot be mapped.
    effects : list of Effect
        What each field does, the largest first.
    """

    x: str
    y: str
    fields: tuple[str, ...]
    points: list[dict[str, Any]]
    best: dict[str, list[dict[str, Any]]]
    unmapped: int
    effects: list[Effect]

    def rows(self) -> list[dict[str, Any]]:
        """The points of all fronts, as CSV has them."""
        return [row for rows in self.best.values() for row in rows]


def fronts(
    sweep: SweepFile | SweepTable, x: str = "latency_s", y: str = "energy_J", *, network: str | None = None
) -> Fronts:
    """The points of a sweep that no other beats, network by network.

    Parameters
    ----------
    sweep : SweepFile or SweepTable
        The points of a CSV, which has no layers, have effects on all layers alone.
    x, y : str
        Columns that should be small, of :data:`NUMBERS`.
    network : str, optional
        One of the sweep's; default: each for itself.

    Returns
    -------
    Fronts
        The points, those that no other beats, and what each field of the hardware does.

    Raises
    ------
    FrontError
        There is no such column or network, no point that can be mapped, one whose figures are beyond
        :data:`LEAST` and :data:`MOST`, or one of a network that is not in the grid.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import simulator
    >>> from analytical.sweeps.grid import grid_of
    >>> grid = grid_of({"networks": "resnet8", "hardware": {"base": "eyeriss-8bit", "K": [7, 14], "J": [6, 12]}})
    >>> with TemporaryDirectory() as folder:
    ...     found = fronts(simulator.sweep(grid, f"{folder}/sweep.h5"))
    >>> found.effects[0].field, [row["pes"] for row in found.best["resnet8"]]
    ('K', [168, 84, 84, 42])
    """
    rows = sweep.rows()
    numbers = [name for name in NUMBERS if name in rows[0]]
    for axis, name in (("x", x), ("y", y)):
        if name not in numbers:
            raise FrontError(f"{axis} is {name!r}; expected one of {', '.join(numbers)}")
    names = list(dict.fromkeys(row["network"] for row in rows))
    if network is not None and network not in names:
        raise FrontError(f"network is {network!r}; expected one of {', '.join(names)}")
    chosen = [row for row in rows if network in (None, row["network"])]
    mapped = [row for row in chosen if not row["reason"]]
    if not mapped:
        raise FrontError(f"{sweep.path}: no point can be mapped; expected at least one")
    for row in mapped:
        for name in SUMS:
            if name in row and not (row[name] == 0 or LEAST <= row[name] <= MOST):
                raise FrontError(
                    f"{sweep.path}: point {row['point']}: {name} is {row[name]:g}; expected 0, or {LEAST:g} to {MOST:g}"
                )
    best = {}
    for name in dict.fromkeys(row["network"] for row in mapped):
        of_network = [row for row in mapped if row["network"] == name]
        kept = not_beaten(np.array([[row[x], row[y]] for row in of_network], float))
        best[name] = [of_network[at] for at in kept]
    fields = tuple(
        name for name in rows[0] if name.startswith("hardware.") and len({str(row[name]) for row in rows}) > 1
    )
    return Fronts(
        x=x,
        y=y,
        fields=fields,
        points=mapped,
        best=best,
        unmapped=len(chosen) - len(mapped),
        effects=_effects(sweep, mapped, fields),
    )


def kinds_of(network: str) -> dict[str, str]:
    """What kind each layer of a network is.

    Examples
    --------
    >>> kinds_of("squeezenet1_1")["C1"], kinds_of("squeezenet1_1")["Fs2"], kinds_of("alexnet")["FC6"]
    ('conv', 'pointwise', 'fc')
    """
    found = {}
    for layer in network_of(network).layers:
        kind: str = layer.kind
        if kind == "conv" and layer.C == 1 and layer.groups > 1:
            kind = "depthwise"
        elif kind == "conv" and layer.R == layer.S == 1:
            kind = "pointwise"
        found[layer.name] = kind
    return found


def _of_kinds(
    sweep: SweepFile | SweepTable, points: Sequence[Mapping[str, Any]]
) -> tuple[dict[int, dict[str, float]], dict[str, list[str]]]:
    """Energy of all layers of each point and, where they are known, of each kind of them; and kinds by network."""
    energy: dict[int, dict[str, float]] = {row["point"]: defaultdict(float, all=row["energy_J"]) for row in points}
    if isinstance(sweep, SweepTable):
        return energy, defaultdict(lambda: ["all"])
    kinds = {network_of(network).name: kinds_of(network) for network in sweep.grid["networks"]}
    layers = sweep.layers()
    networks = {row["point"]: row["network"] for row in points}
    # a file that somebody changed, and trusts, may name what its grid has not
    strange = next((name for name in networks.values() if name not in kinds), None)
    if strange is not None:
        raise FrontError(f"{sweep.path}: network {strange!r} is none of its grid's; expected a sweep as written")
    for point, layer, joules in zip(layers["point"], layers["layer"], layers["energy_J"], strict=True):
        if point in energy:
            of_layer = kinds[networks[point]]
            if layer not in of_layer:
                raise FrontError(
                    f"{sweep.path}: layer {layer!r} is none of {networks[point]}'s; expected a sweep as written"
                )
            energy[point][of_layer[layer]] += joules
    return energy, {network: ["all", *dict.fromkeys(of_layer.values())] for network, of_layer in kinds.items()}


def _effects(sweep: SweepFile | SweepTable, points: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> list[Effect]:
    """What each field does to each kind of layers of each network."""
    energy, kinds = _of_kinds(sweep, points)
    found = []
    for field in fields:
        # points that differ in this field alone
        alike: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
        others = ("network", "mapping", "batch", "seed", *(name for name in fields if name != field))
        for row in points:
            alike[(base_of(row), *(row[name] for name in others))].append(row)
        values = list(dict.fromkeys(row[field] for row in points))
        whole = [rows for rows in alike.values() if len(rows) == len(values)]
        for network in dict.fromkeys(row["network"] for row in points):
            for kind in kinds[network]:
                # a layer that costs nothing, or next to it, as a price list may have it, is no multiple of another
                groups = [
                    rows
                    for rows in whole
                    if rows[0]["network"] == network
                    and all(LEAST <= energy[row["point"]][kind] <= MOST for row in rows)
                ]
                logs = dict.fromkeys(values, 0.0)
                for rows in groups:
                    for row in rows:
                        logs[row[field]] += math.log(energy[row["point"]][kind]) / len(groups)
                if groups:
                    low, high = min(values, key=logs.__getitem__), max(values, key=logs.__getitem__)
                    found.append(
                        Effect(
                            field=field.removeprefix("hardware."),
                            network=network,
                            kind=kind,
                            best=str(low),
                            worst=str(high),
                            factor=math.exp(logs[high] - logs[low]),
                        )
                    )
    return sorted(found, key=lambda effect: (effect.network, effect.kind != "all", effect.kind, -effect.factor))


def base_of(row: Mapping[str, Any]) -> str:
    """The chip that a point's hardware is like: the first word of its name."""
    return str(row["hardware"]).split(" ", 1)[0]
