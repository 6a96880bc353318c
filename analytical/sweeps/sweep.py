"""A grid through the closed forms: all hardware of a kind at once, layer by layer."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.mappings import MappingError
from analytical.mappings.cnnergy import RuleSet
from analytical.mappings.rules import map_layer
from analytical.network import Network
from analytical.networks import load_network
from analytical.results import frame
from analytical.sweeps.grid import Grid, Point, load_grid
from analytical.sweeps.vectorised import Many, estimate_many

AT_ONCE = 50_000
"""Points whose arrays are in memory at a time."""

PARTS = ("mac", "rf", "inter_pe", "glb", "dram", "clock", "other_control")


class ClosedSweepError(InputError):
    """A grid that closed forms say nothing of; the message says why."""


@dataclass(frozen=True, slots=True)
class ClosedSweep:
    """What the closed forms say of a grid.

    Attributes
    ----------
    grid : Grid
    rules : RuleSet or str
        Whose rules the mapping goes by.
    """

    grid: Grid
    rules: RuleSet | str = RuleSet.CORRECTED

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """A row a point, in the order of the grid: joules and seconds of one image; the reason of those without."""
        points = self.grid.points()
        while some := list(islice(points, AT_ONCE)):
            yield from self._rows(some)

    def rows(self) -> list[dict[str, Any]]:
        """All of them."""
        return list(self)

    def to_frame(self) -> Any:
        """The points as a pandas DataFrame.

        Raises
        ------
        ImportError
            pandas is not installed; it comes with the extra ``frame``.
        """
        return frame(self.rows())

    def _rows(self, points: list[Point]) -> list[dict[str, Any]]:
        rows = [_about(point) for point in points]
        # points of one network and batch on hardware of one kind are one call a layer
        kinds: dict[tuple[Any, ...], list[int]] = {}
        for at, point in enumerate(points):
            hardware = point.chip.hardware
            if hardware is not None:
                kind = (hardware.b_w, hardware.fmap_code, hardware.filter_code, hardware.gate, hardware.skip)
                kinds.setdefault((point.network, point.batch, kind), []).append(at)
        for (name, batch, _), which in kinds.items():
            network = _network(name)
            chips = [chip for at in which if (chip := points[at].chip.hardware) is not None]
            many = Many.of(chips)
            found = [estimate_many(layer, many, batch, self.rules) for layer in network.layers]
            mapped = np.all([each.mapped for each in found], axis=0)
            parts = {part: np.sum([each.parts_J[part] for each in found], axis=0) for part in PARTS}
            latency = np.sum([each.latency_s for each in found], axis=0)
            words = np.sum([each.dram_words for each in found], axis=0)
            for place, at in enumerate(which):
                if not mapped[place]:
                    first = next(
                        layer for layer, each in zip(network.layers, found, strict=True) if not each.mapped[place]
                    )
                    rows[at]["reason"] = _reason(first.name, network, chips[place], self.rules)
                    continue
                joules = {part: float(of_part[place]) for part, of_part in parts.items()}
                rows[at] |= {"energy_J": sum(joules.values()), "latency_s": float(latency[place])}
                rows[at] |= {f"energy_J_{part}": value for part, value in joules.items()}
                rows[at]["dram_bits"] = float(words[place]) * chips[place].b_w
        return rows


def sweep(grid: Grid | str | Path, rules: RuleSet | str = RuleSet.CORRECTED) -> ClosedSweep:
    """A grid of networks, hardware and batches by the closed forms: no simulation, a million layers in seconds.

    Parameters
    ----------
    grid : Grid, str or Path
        A grid, or the file of one; seeds do not matter here.
    rules : RuleSet or str
        Whose rules CNNergy's mapping goes by.

    Returns
    -------
    ClosedSweep
        Iterate over it for a row a point; ``.rows()`` and ``.to_frame()`` have all.

    Raises
    ------
    InputError
        The grid or a network of it cannot be, or it asks for a mapping or an accounting that closed forms do not have.

    Examples
    --------
    >>> from analytical.sweeps.grid import grid_of
    >>> found = sweep(grid_of({"networks": "alexnet", "hardware": {"K": [7, 14]}}))
    >>> [f"{row['energy_J'] * 1e3:.2f} mJ" for row in found]
    ['10.98 mJ', '10.91 mJ']
    """
    grid = grid if isinstance(grid, Grid) else load_grid(grid)
    if set(grid.mappings) != {"cnnergy"}:
        raise ClosedSweepError(f"mapping is {', '.join(grid.mappings)}; expected cnnergy, that of the closed forms")
    if grid.accounting != "cnnergy":
        raise ClosedSweepError(f"accounting is {grid.accounting}; expected cnnergy, that of the closed forms")
    for network in grid.networks:
        _network(network)
    return ClosedSweep(grid, rules)


@lru_cache(maxsize=32)
def _network(name: str) -> Network:
    return load_network(name)


def _about(point: Point) -> dict[str, Any]:
    hardware = point.chip.hardware
    return {
        "point": point.number,
        "network": _network(point.network).name,
        "hardware": hardware.name if hardware is not None else point.chip.base,
        "batch": 0 if point.batch is None else point.batch,
        "pes": hardware.pes if hardware is not None else 0,
        **{f"hardware.{name}": value for name, value in point.chip.fields.items()},
        **dict.fromkeys(("energy_J", "latency_s", *(f"energy_J_{part}" for part in PARTS), "dram_bits"), float("nan")),
        "reason": point.chip.reason,
    }


def _reason(layer: str, network: Network, hardware: Hardware, rules: RuleSet | str) -> str:
    """Why a layer cannot be mapped, as the scalar program says it."""
    try:
        map_layer(network.layer(layer), replace(hardware), rules)
    except MappingError as error:
        return str(error)
    raise RuntimeError(f"layer {layer} can be mapped on {hardware.name}, and was not")
