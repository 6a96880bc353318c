"""A grid through the closed forms: all hardware of a kind at once, layer by layer."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from analytical.energy import PARTS
from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.mappings import MappingError
from analytical.mappings.cnnergy import RuleSet
from analytical.mappings.rules import map_layer
from analytical.network import Network
from analytical.results import HasRows
from analytical.sweeps.grid import Grid, Point, load_grid, network_of
from analytical.sweeps.vectorised import Many, estimate_many, kind_of

AT_ONCE = 50_000
"""Points whose arrays are in memory at a time."""


class ClosedSweepError(InputError):
    """A grid that closed forms say nothing of; the message says why."""


@dataclass(frozen=True, slots=True)
class ClosedSweep(HasRows):
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

    def _rows(self, points: list[Point]) -> list[dict[str, Any]]:
        rows = [_about(point) for point in points]
        # points of one network and batch on hardware of one kind are one call a layer
        kinds: dict[tuple[Any, ...], list[int]] = {}
        for at, point in enumerate(points):
            hardware = point.chip.hardware
            if hardware is not None:
                kinds.setdefault((point.network, point.batch, kind_of(hardware)), []).append(at)
        for (name, batch, _), which in kinds.items():
            network = network_of(name)
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
        network_of(network)
    if next(grid.points(), None) is None:
        raise ClosedSweepError("the grid has no hardware that meets the constraints; expected at least one")
    return ClosedSweep(grid, rules)


def _about(point: Point) -> dict[str, Any]:
    # closed forms have one mapping, and no values
    about = {name: value for name, value in point.row().items() if name not in ("mapping", "seed")}
    found = ("energy_J", "latency_s", *(f"energy_J_{part}" for part in PARTS), "dram_bits")
    return about | dict.fromkeys(found, float("nan")) | {"reason": point.chip.reason}


def _reason(layer: str, network: Network, hardware: Hardware, rules: RuleSet | str) -> str:
    """Why a layer cannot be mapped, as the scalar program says it."""
    try:
        map_layer(network.layer(layer), hardware, rules)
    except MappingError as error:
        return str(error)
    raise RuntimeError(f"layer {layer} can be mapped on {hardware.name}, and was not")
