"""The link to DRAM: one transfer at a time, write-backs before prefetch, prefetch in the order of use."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import simpy
from numpy.typing import NDArray

from analytical.hardware import Hardware
from simulator.machine.buffer import Buffer
from simulator.machine.history import Diary


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch:
    """A transfer into the GLB for a pass.

    Attributes
    ----------
    buffer : Buffer
        Part of the GLB that it goes to.
    room : int
        b_w-bit words to take in ``buffer`` before it starts.
    link_words : callable
        Gives the 64-bit words that it moves, when it starts.
    pass_number : int
        Of the pass that uses it, counted from 0.
    last : bool
        Nothing more is fetched for that pass.
    on_demand : bool
        It may not start before the array is ready for it: it is too large to wait in the buffer, or the hardware does
        not overlap it with work.
    """

    buffer: Buffer
    room: int
    link_words: Callable[[], int]
    pass_number: int
    last: bool
    on_demand: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteBack:
    """A transfer out of the GLB.

    Attributes
    ----------
    buffer : Buffer
        Part of the GLB that it leaves.
    room : int
        b_w-bit words to give back in ``buffer`` afterwards.
    link_words : int
        64-bit words that it moves.
    """

    buffer: Buffer
    room: int
    link_words: int


class DramLink:
    """A link of ``link_bits`` at its own clock, seen from the core's.

    A transfer takes whole core cycles, rounded up. Unless the hardware overlaps feature maps with work, write-backs
    wait until the array stands still for them.

    Parameters
    ----------
    env : simpy.Environment
        Whose time, in core cycles, the link lives in.
    hardware : Hardware
        Clocks of core and link, and whether feature maps overlap work.
    fetches : iterator of Fetch
        What to bring, in order; asked for the next only when the one before is done.

    Attributes
    ----------
    fetched_passes : int
        So many passes, from the first, have all their data in the GLB.
    busy_cycles : int
        Core cycles of all transfers so far, the one under way included.
    process : simpy.Process
        The link at work. It never ends: without a transfer to do, it waits to be woken.
    diary : Diary or None
        Where transfers are written down, if anywhere.
    """

    def __init__(self, env: simpy.Environment, hardware: Hardware, fetches: Iterator[Fetch]) -> None:
        self.env = env
        self.hardware = hardware
        self.fetched_passes = 0
        self.busy_cycles = 0
        self._fetches = fetches
        self._write_backs: deque[WriteBack] = deque()
        self._demanded_pass = -1
        self._drained: simpy.Event | None = None
        self._work = env.event()
        self._fetched: simpy.Event | None = None
        self.diary: Diary | None = None
        self.process = env.process(self._run())

    def write_back(self, transfer: WriteBack) -> None:
        """Queue a write-back; it moves when its turn comes and write-backs may go."""
        self._write_backs.append(transfer)
        self.wake()

    def demand(self, pass_number: int) -> None:
        """Say that the array waits for that pass, so that what is fetched on demand may come."""
        self._demanded_pass = pass_number
        self.wake()

    @property
    def undrained(self) -> bool:
        """Write-backs are queued or under way."""
        return bool(self._write_backs)

    def drained(self) -> simpy.Event:
        """Let write-backs go, and say when the last of them has; never, if there are none (see :attr:`undrained`)."""
        if self._drained is None:
            self._drained = self.env.event()
            self.wake()
        return self._drained

    def wake(self) -> None:
        """Look again whether a transfer can start: there is more room, another write-back, or a demand."""
        if not self._work.triggered:
            self._work.succeed()

    def fetched(self) -> simpy.Event:
        """The next time that a pass has all its data."""
        if self._fetched is None:
            self._fetched = self.env.event()
        return self._fetched

    def cycles(self, link_words: int) -> int:
        """Core cycles that ``link_words`` words of 64 bits take on the link, rounded up.

        Three words of the 60 MHz link in cycles of 200 MHz:

        >>> from analytical.hardware import EYERISS_16BIT
        >>> DramLink(simpy.Environment(), EYERISS_16BIT, iter(())).cycles(3)
        10
        """
        return link_cycles(link_words, self.hardware)

    def _run(self) -> Generator[simpy.Event, None, None]:
        fetch = next(self._fetches, None)
        while True:
            # Write-backs first: the room that they give back may be what the array waits for.
            if self._write_backs and (self.hardware.overlap_fmaps or self._drained is not None):
                transfer = self._write_backs[0]
                if self.diary is not None:
                    self.diary.write_backs.append((self._now(), self.cycles(transfer.link_words), transfer.room))
                yield self._move(transfer.link_words)
                # it leaves the queue only now: until its last word is in DRAM, the link is not drained
                self._write_backs.popleft()
                transfer.buffer.give_back(transfer.room)
                if not self._write_backs and self._drained is not None:
                    self._drained.succeed()
                    self._drained = None
            # Strictly in order: a later fetch never overtakes one that has no room yet.
            elif fetch is not None and self._can_start(fetch):
                fetch.buffer.take(fetch.room)
                link_words = fetch.link_words()
                if self.diary is not None:
                    took = self.cycles(link_words)
                    self.diary.fetches.append((self._now(), took, fetch.buffer.number, fetch.room, fetch.pass_number))
                yield self._move(link_words)
                if fetch.last:
                    self.fetched_passes = fetch.pass_number + 1
                    if self._fetched is not None:
                        self._fetched.succeed()
                        self._fetched = None
                fetch = next(self._fetches, None)
            else:
                self._work = self.env.event()
                yield self._work

    def _now(self) -> int:
        return int(self.env.now)

    def _can_start(self, fetch: Fetch) -> bool:
        if fetch.on_demand and self._demanded_pass < fetch.pass_number:
            return False
        return fetch.buffer.has_room(fetch.room)

    def _move(self, link_words: int) -> simpy.Event:
        cycles = self.cycles(link_words)
        self.busy_cycles += cycles
        return self.env.timeout(cycles)


Words = TypeVar("Words", int, NDArray[np.int64])
"""One number of words, or many."""


def link_cycles(link_words: Words, hardware: Hardware) -> Words:
    """Core cycles of that many 64-bit words on the link, rounded up."""
    # in integers: a float of the ratio could fall on the wrong side of a whole cycle
    return -(-link_words * hardware.core_hz // hardware.link_hz)
