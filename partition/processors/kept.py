"""Schedules that are solved beforehand, of which a few are kept, for whatever condition comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from analytical.files.json import read_json
from analytical.files.seal import ChangedError, unsealed
from analytical.files.toml import as_model
from analytical.layer import LARGEST
from partition.processors.processor import ProcessorError
from partition.processors.schedules import Schedule, Scheduler


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A schedule that is kept, and what keeping it and those before it comes to.

    Attributes
    ----------
    schedule : Schedule
        Under the condition for which it was solved.
    misses : int
        Conditions in which none that is kept so far is in time, though one could be.
    mean_regret, worst_regret : float
        What the cheapest of them that is in time costs more than the best one, as a share; over the conditions that are
        not missed.
    """

    schedule: Schedule
    misses: int
    mean_regret: float
    worst_regret: float

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        said = self.schedule.record()
        return {
            "cut": said["cut"],
            "split": said["split"],
            "misses": self.misses,
            "mean_regret": self.mean_regret,
            "worst_regret": self.worst_regret,
        }


_LEAST_J = 1e-12
"""Below what anything costs: of a best schedule that costs nothing, shares are taken of this."""


def keep(schedulers: Sequence[Scheduler], number: int, max_delay_s: float = np.inf) -> tuple[list[Kept], int]:
    """Solve each condition, and keep some of the schedules, one by one: that which leaves the fewest conditions without
    a schedule in time, and of such the least mean regret.

    At run time all that are kept are looked at under the condition that is (:meth:`Scheduler.evaluated`): the schedule
    of the nearest condition is often not in time.

    Parameters
    ----------
    schedulers : sequence of Scheduler
        One for each condition.
    number : int
        How many to keep, at most.
    max_delay_s : float

    Returns
    -------
    list of Kept
        In the order in which they are taken.
    int
        Conditions for which there is a schedule in time.
    """
    solved = [(scheduler, best) for scheduler in schedulers if (best := scheduler.least_energy(max_delay_s))]
    if not solved:
        return [], 0
    candidates = list({(best.cut, best.parts): best for _, best in solved}.values())
    least = np.array([best.energy_J for _, best in solved])
    costs = np.array([[_cost(scheduler, each, max_delay_s) for scheduler, _ in solved] for each in candidates])
    # what a candidate costs where it was solved for may differ in the last digit from what was found
    regrets = np.maximum(0.0, costs - least) / np.maximum(least, _LEAST_J)
    so_far: NDArray[np.float64] = np.full(len(solved), np.inf)
    kept: list[Kept] = []
    left = list(range(len(candidates)))
    while left and len(kept) < number:
        scores = [_score(np.minimum(so_far, regrets[at])) for at in left]
        best_at = min(range(len(left)), key=lambda place: scores[place][:2])
        chosen = left.pop(best_at)
        so_far = np.minimum(so_far, regrets[chosen])
        misses, mean, worst = scores[best_at]
        kept.append(Kept(schedule=candidates[chosen], misses=misses, mean_regret=mean, worst_regret=worst))
    return kept, len(solved)


def _cost(scheduler: Scheduler, schedule: Schedule, max_delay_s: float) -> float:
    found = scheduler.evaluated(schedule.cut, schedule.parts)
    return found.energy_J if found is not None and found.latency_s <= max_delay_s * (1 + 1e-12) else float("inf")


def _score(regrets: NDArray[np.float64]) -> tuple[int, float, float]:
    met = regrets[np.isfinite(regrets)]
    misses = int(regrets.size - met.size)
    return (misses, float(met.mean()), float(met.max())) if met.size else (misses, 0.0, 0.0)


def cheapest(scheduler: Scheduler, schedules: Sequence[tuple[str, Any]], max_delay_s: float) -> Schedule | None:
    """Of schedules that were kept, the one that costs least under this condition, in time; None where none is.

    Parameters
    ----------
    scheduler : Scheduler
        Of the condition that is.
    schedules : sequence of (str, tuple of tuple of int)
        Cuts and parts.
    max_delay_s : float
    """
    found = [scheduler.evaluated(cut, parts) for cut, parts in schedules]
    in_time = [each for each in found if each is not None and each.latency_s <= max_delay_s * (1 + 1e-12)]
    return min(in_time, key=lambda each: each.energy_J, default=None)


class _Schedule(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    cut: str
    split: str


class _Schedules(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    network: str
    batch: int = Field(1, ge=1, le=LARGEST)
    processors: list[dict[str, Any]]
    parts: int = Field(ge=1, le=LARGEST)
    bits: Literal[8, 16]
    max_delay_s: float | None = Field(None, gt=0)
    schedules: list[_Schedule] = Field(min_length=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleFile:
    """Schedules as a file keeps them.

    Attributes
    ----------
    network : str
    processors, hardware : tuple of str
        Their names, and those of their hardware.
    max_delay_s : float or None
        For which they were solved.
    parts, batch, bits : int
        As :func:`partition.split` had them.
    schedules : tuple of (str, tuple of tuple of int)
        Cuts, and parts of each layer.
    """

    network: str
    processors: tuple[str, ...]
    hardware: tuple[str, ...]
    parts: int
    batch: int
    bits: int
    max_delay_s: float | None
    schedules: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...]


def load_schedules(path: str | Path) -> ScheduleFile:
    """Read what ``python -m partition schedules`` wrote.

    Raises
    ------
    ProcessorError
        It cannot be read, or is something else.
    """
    expected = "a file of schedules (.json), as partition schedules writes it"
    said = read_json(path, ProcessorError, expected, expected)
    if isinstance(said, dict):
        try:
            said = unsealed(said, needed=False)
        except ChangedError as error:
            raise ProcessorError(f"{path}: {error}") from error
    written = as_model(said, _Schedules, path, ProcessorError)
    names = tuple(str(each.get("name")) for each in written.processors)
    found = []
    for at, each in enumerate(written.schedules):
        try:
            parts = tuple(tuple(int(part) for part in of_layer.split("/")) for of_layer in each.split.split())
        except ValueError:
            parts = ((-1,),)
        if any(
            len(of_layer) != len(names) or min(of_layer) < 0 or sum(of_layer) != written.parts for of_layer in parts
        ):
            raise ProcessorError(
                f"{path}: schedules.{at}.split is {each.split!r}; expected {len(names)} numbers a layer, with / "
                f"between, that add up to {written.parts}"
            )
        found.append((each.cut, parts))
    return ScheduleFile(
        network=written.network,
        processors=names,
        hardware=tuple(str(each.get("hardware")) for each in written.processors),
        max_delay_s=written.max_delay_s,
        parts=written.parts,
        batch=written.batch,
        bits=written.bits,
        schedules=tuple(found),
    )
