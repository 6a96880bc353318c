"""Times of passes on hardware that skips: each pass is timed by its own masks, many at once.

No pass stands for another here, since each takes as long as its zeros leave it to do. But all begin on an empty array,
so that none has to wait for the one before: they are shared out over threads.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.machine import kernels
from simulator.machine.geometry import PassShape
from simulator.machine.masks import Masks
from simulator.machine.pe_array import PassTimes, PassTiming, PEArray
from simulator.machine.timing import time_passes

MACS_AT_ONCE = 1 << 20
"""About as many MACs of passes of one shape are timed before a thread takes more."""


class Place(NamedTuple):
    """Where a pass lies in masks."""

    image: int
    pixel_set: int
    row: int
    column: int
    first_filter: int
    filter_set: int


class Skipping:
    """Times passes, and adds up what they did.

    Parameters
    ----------
    array : PEArray
        Of a hardware that skips.
    """

    def __init__(self, array: PEArray) -> None:
        self._array = array
        self._sums: dict[PassShape, kernels.Outcome] = {}

    def time(
        self, passes: Sequence[tuple[PassShape, Place]], pixels: Masks, filters: Masks, sets_of_group: int
    ) -> list[PassTimes]:
        """Time passes.

        Parameters
        ----------
        passes : sequence of (PassShape, Place)
        pixels : (sets, images, H, W, words)
        filters : (sets, filters, R, S, words)
        sets_of_group : int
            Sets of pixels from one convolution group to the next.

        Raises
        ------
        RuntimeError
            The array makes no progress: its FIFOs cannot serve a pass.
        """
        by_shape: dict[PassShape, list[int]] = {}
        for number, (shape, _) in enumerate(passes):
            by_shape.setdefault(shape, []).append(number)
        # the largest first, so that no thread is left with one at the end
        parts = sorted(
            (
                (shape, numbers[first : first + step])
                for shape, numbers in by_shape.items()
                for step in [max(1, MACS_AT_ONCE // shape.macs)]
                for first in range(0, len(numbers), step)
            ),
            key=lambda part: -part[0].macs * len(part[1]),
        )

        def run(part: tuple[PassShape, list[int]]) -> kernels.Outcome:
            shape, numbers = part
            places = np.array([passes[number][1] for number in numbers], np.int64)
            return self._run(shape, places, pixels, filters, sets_of_group)

        times: list[PassTimes | None] = [None] * len(passes)
        for (shape, numbers), outcome in zip(parts, in_threads(run, parts), strict=True):
            self._add(shape, outcome)
            for at, number in enumerate(numbers):
                times[number] = PassTimes(
                    cycles=int(outcome.events[at, kernels.CYCLES]),
                    filters_loaded_at=int(outcome.events[at, kernels.FILTERS_LOADED_AT]),
                    ifmap_read_at=outcome.ifmap_read_at[at].reshape(shape.images, shape.width),
                    first_out_at=outcome.first_out_at[at],
                    last_out_at=outcome.last_out_at[at],
                )
        return [one for one in times if one is not None]

    def timings(self) -> list[tuple[PassShape, PassTiming]]:
        """What all passes of each shape did, added up; of their times, the cycles."""
        return [(shape, self._array.timing_of(shape, outcome)) for shape, outcome in self._sums.items()]

    def _run(
        self, shape: PassShape, places: NDArray[np.int64], pixels: Masks, filters: Masks, sets_of_group: int
    ) -> kernels.Outcome:
        number, windows = len(places), shape.images * shape.windows
        outcome = kernels.Outcome(
            classes=np.zeros((number, 2, len(kernels.CLASSES)), np.int64),
            events=np.zeros((number, kernels.STUCK + 1), np.int64),
            ifmap_read_at=np.zeros((number, shape.images * shape.width), np.int64),
            first_out_at=np.zeros((number, windows), np.int64),
            last_out_at=np.zeros((number, windows), np.int64),
        )
        time_passes(
            (shape.images, shape.strip_rows, shape.width, shape.R, shape.S, shape.pe_columns),
            self._array.geometry(shape),
            self._array.ports,
            places,
            sets_of_group,
            pixels,
            filters,
            outcome,
        )
        if outcome.events[:, kernels.STUCK].any():
            raise RuntimeError(f"the PE array makes no progress in {shape}: its FIFOs cannot serve the pass")
        return outcome

    def _add(self, shape: PassShape, outcome: kernels.Outcome) -> None:
        nothing = np.zeros((1, 1), np.int64)
        sums = self._sums.setdefault(
            shape,
            kernels.Outcome(
                np.zeros(outcome.classes.shape[1:], np.int64),
                np.zeros(outcome.events.shape[1:], np.int64),
                nothing,
                nothing,
                nothing,
            ),
        )
        sums.classes[:] += outcome.classes.sum(axis=0)
        sums.events[:] += outcome.events.sum(axis=0)


Part = TypeVar("Part")
Made = TypeVar("Made")


def in_threads(run: Callable[[Part], Made], parts: Sequence[Part]) -> list[Made]:
    """What ``run`` makes of each part, in order; the compiled code lets go of the interpreter."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(parts) == 1 or threads == 1:
        return [run(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, parts))
