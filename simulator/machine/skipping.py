"""Times of passes on hardware that skips: each pass is timed by its own masks, many at once.

No pass stands for another here, since each takes as long as its zeros leave it to do. But all begin on an empty array,
so that none has to wait for the one before: they are shared out over threads.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import NamedTuple

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

    def start(
        self,
        passes: Sequence[tuple[PassShape, Place]],
        pixels: Masks,
        filters: Masks,
        sets_of_group: int,
        pool: Executor | None = None,
    ) -> Callable[[], list[PassTimes]]:
        """Begin to time passes; what is returned gives their times when they are there.

        Parameters
        ----------
        passes : sequence of (PassShape, Place)
        pixels : (sets, images, H, W, words)
        filters : (sets, filters, R, S, words)
        sets_of_group : int
            Sets of pixels from one convolution group to the next.
        pool : Executor, optional
            Threads that time them meanwhile; without, they are timed when they are asked for.

        Raises
        ------
        RuntimeError
            From what is returned: the array makes no progress, since its FIFOs cannot serve a pass.
        """
        by_shape: dict[PassShape, list[int]] = {}
        for number, (shape, _) in enumerate(passes):
            by_shape.setdefault(shape, []).append(number)
        parts = [
            (shape, numbers[first : first + step])
            for shape, numbers in by_shape.items()
            for step in [max(1, MACS_AT_ONCE // shape.macs)]
            for first in range(0, len(numbers), step)
        ]

        def run(part: tuple[PassShape, list[int]]) -> kernels.Outcome:
            shape, numbers = part
            places = np.array([passes[number][1] for number in numbers], np.int64)
            return self._run(shape, places, pixels, filters, sets_of_group)

        outcomes = map(run, parts) if pool is None else pool.map(run, parts)

        def times() -> list[PassTimes]:
            found: dict[int, PassTimes] = {}
            for (shape, numbers), outcome in zip(parts, outcomes, strict=True):
                self._add(shape, outcome)
                cycles, loaded = (outcome.events[:, at].tolist() for at in (kernels.CYCLES, kernels.FILTERS_LOADED_AT))
                for at, number in enumerate(numbers):
                    found[number] = PassTimes(
                        cycles=cycles[at],
                        filters_loaded_at=loaded[at],
                        ifmap_read_at=outcome.ifmap_read_at[at].reshape(shape.images, shape.width),
                        first_out_at=outcome.first_out_at[at],
                        last_out_at=outcome.last_out_at[at],
                    )
            return [found[number] for number in range(len(passes))]

        return times

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


def threads() -> ThreadPoolExecutor:
    """As many threads as there are processors for this process: compiled code lets go of the interpreter."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ThreadPoolExecutor(there or 1)
