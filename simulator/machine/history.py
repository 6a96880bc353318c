"""When things happened in a layer's run: what the DRAM link moved, when passes ran, and what the array waited for.

Kept only where somebody asks for it. All times are core cycles from the layer's start.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Cycles = NDArray[np.int64]


class Fetches(NamedTuple):
    """Transfers into the GLB, in order.

    Attributes
    ----------
    start, cycles : (fetches,)
        When each begins, and how long it takes.
    part : (fetches,)
        Of the GLB: :data:`simulator.machine.loop.IFMAP` or ``FILTERS``.
    words : (fetches,)
        Room that it takes when it begins.
    number : (fetches,)
        Of the pass that uses it.
    """

    start: Cycles
    cycles: Cycles
    part: Cycles
    words: Cycles
    number: Cycles


class WriteBacks(NamedTuple):
    """Transfers out of the GLB, in order.

    Attributes
    ----------
    start, cycles : (write-backs,)
    words : (write-backs,)
        Room for psums that it gives back when it is through.
    """

    start: Cycles
    cycles: Cycles
    words: Cycles


class Passes(NamedTuple):
    """Passes, in order.

    Attributes
    ----------
    ready : (passes,)
        When the array was through with the pass before, and asked for this one.
    start : (passes,)
        When its data were there.
    end : (passes,)
        When its own cycles were over, waits among them.
    cycles : (passes,)
        Its own.
    """

    ready: Cycles
    start: Cycles
    end: Cycles
    cycles: Cycles


class Acts(NamedTuple):
    """What passes did with the GLB, in order.

    Attributes
    ----------
    at : (acts,)
        When it was done; for room that is taken, when there was some.
    asked : (acts,)
        When it was wanted.
    act : (acts,)
        A :class:`simulator.machine.timeline.Act`.
    words : (acts,)
    """

    at: Cycles
    asked: Cycles
    act: Cycles
    words: Cycles


class History(NamedTuple):
    """All of it.

    Attributes
    ----------
    fetches : Fetches
    write_backs : WriteBacks
    passes : Passes
    acts : Acts
    total : int
        When the last word was in DRAM.
    """

    fetches: Fetches
    write_backs: WriteBacks
    passes: Passes
    acts: Acts
    total: int


class Diary:
    """What the machine of SimPy processes writes down as it goes."""

    def __init__(self) -> None:
        self.fetches: list[tuple[int, int, int, int, int]] = []
        self.write_backs: list[tuple[int, int, int]] = []
        self.passes: list[tuple[int, int, int, int]] = []
        self.acts: list[tuple[int, int, int, int]] = []

    def history(self, total: int) -> History:
        """All that was written down."""

        def columns(rows: list[tuple[int, ...]], number: int) -> list[Cycles]:
            return list(np.array(rows, np.int64).reshape(-1, number).T)

        return History(
            Fetches(*columns(list(self.fetches), 5)),
            WriteBacks(*columns(list(self.write_backs), 3)),
            Passes(*columns(list(self.passes), 4)),
            Acts(*columns(list(self.acts), 4)),
            total,
        )
