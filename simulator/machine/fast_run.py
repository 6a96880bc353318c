"""A layer's run without SimPy: tables of what the link brings and the array does, and a compiled loop over them.

What moves and when is as in :class:`simulator.machine.layer_run.Machine`, which defines it. The passes of a row
block, over all channels and the filters of a block, make a pattern that other blocks of the same sizes repeat: it is
built once, and what values change, the words of code on the link, is filled in block by block.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytical.mappings.tiling import Tiling
from simulator.machine import loop
from simulator.machine.dram import link_cycles
from simulator.machine.engines import FastEngine
from simulator.machine.geometry import PassShape
from simulator.machine.pe_array import PassTimes
from simulator.machine.schedule import Block, Pass, blocks, channel_tiles_of, filter_channels_of, passes_of
from simulator.machine.skipping import threads
from simulator.machine.timeline import Act, Moment, Moved, filter_words, ifmap_words, moments, room_words
from simulator.machine.transfers import Transfer, transfers

_MACS_AT_ONCE = 1 << 24
"""About as many MACs are timed together where each pass has times of its own."""


class _Coming(NamedTuple):
    """A part of an ifmap strip that the link brings in a pass of a pattern: which row of the fetches, which pass."""

    row: int
    number: int
    part: Transfer


class _Leaving(NamedTuple):
    """A part of an ofmap that leaves in a pass of a pattern: which row of the moments, which pass."""

    row: int
    number: int
    part: Transfer


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pattern:
    """Tables of a block of passes, and where values come in.

    Attributes
    ----------
    fetches : array
        As :func:`simulator.machine.loop.play` takes them; passes are counted from the block's first.
    coming : list
        Parts of ifmap whose words of code are those of the block's values.
    loads : list of int
        Rows of the fetches of filters, in order.
    acts : _Acts or None
        Passes and moments, where these are the same in each block.
    shapes : Counter of PassShape
        How many passes there are of each shape.
    ifmap_fills, filter_fills, macs : int
        Sums over the block.
    """

    fetches: NDArray[np.int64]
    coming: list[_Coming]
    loads: list[int]
    acts: "_Acts | None"
    shapes: "Counter[PassShape]"
    ifmap_fills: int
    filter_fills: int
    macs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Acts:
    """What the array does in a block of passes.

    Attributes
    ----------
    passes, moments : arrays
        As :func:`simulator.machine.loop.play` takes them; both are counted from the block's first.
    leaving : list
        Parts of ofmap whose words of code are those of the block's values.
    ofmap_drains : int
        Sum over the block.
    """

    passes: NDArray[np.int64]
    moments: NDArray[np.int64]
    leaving: list[_Leaving]
    ofmap_drains: int


_Lot = Iterator[tuple[Block, list[Pass], list[PassTimes]]]


def _timed(lot: list[tuple[Block, list[Pass]]], times: Callable[[], list[PassTimes]]) -> _Lot:
    """Each block with the times of its passes, which are waited for."""
    of_passes = iter(times())
    for block, made in lot:
        yield block, made, list(islice(of_passes, len(made)))


class FastRun:
    """Tables of a layer's run, and what the loop over them gives.

    Parameters
    ----------
    tiling : Tiling
    engine : FastEngine
        Says what each pass does; made for the same tiling.
    progress : callable, optional
        Told of each block of passes with the number of its MACs.

    Attributes
    ----------
    passes, active_pes : int
        How many passes there are, and the PEs at work in the fullest.
    moved : Moved
        What entered and left the GLB over the link.
    """

    def __init__(self, tiling: Tiling, engine: FastEngine, progress: Callable[[int], None] | None = None) -> None:
        self.tiling = tiling
        self.engine = engine
        self.hardware = tiling.hardware
        self.passes = self.active_pes = 0
        self.moved = Moved()
        self._patterns: dict[object, _Pattern] = {}
        # by all that decides which values come: the filters do not
        self._words: dict[object, NDArray[np.int64]] = {}
        self._filter_words: dict[object, NDArray[np.int64]] = {}
        self._timelines: dict[tuple[PassShape, bool, bool], list[Moment]] = {}
        self._fetches: list[NDArray[np.int64]] = []
        self._passes: list[NDArray[np.int64]] = []
        self._moments: list[NDArray[np.int64]] = []
        self._n_moments = 0
        for block, made, times in self._blocks():
            macs = self._add(block, made, times)
            if progress is not None:
                progress(macs)

    def play(self, *, keep_history: bool = False) -> loop.Played:
        """Run all passes, and the write-backs after the last."""
        return loop.play(
            np.concatenate(self._fetches),
            np.concatenate(self._passes),
            np.concatenate(self._moments),
            np.array([self.tiling.ifmap_words, self.tiling.psum_words, self.hardware.filter_buffer_words], np.int64),
            self.hardware.overlap_fmaps,
            keep_history,
        )

    def _blocks(self) -> Iterator[tuple[Block, list[Pass] | None, list[PassTimes] | None]]:
        """The blocks of passes; where the hardware skips, with all their passes and with the times of each, which many
        blocks are run together for."""
        if not self.hardware.skips:
            for block in blocks(self.tiling):
                yield block, None, None
            return
        with threads() as pool:
            # while one lot is put into tables here, the next is timed there
            ahead: _Lot | None = None
            for lot in self._lots():
                times = self.engine.start([p for _, made in lot for p in made], pool)
                if ahead is not None:
                    yield from ahead
                ahead = _timed(lot, times)
            if ahead is not None:
                yield from ahead

    def _lots(self) -> Iterator[list[tuple[Block, list[Pass]]]]:
        """Blocks with their passes, as many as are timed together."""
        lot: list[tuple[Block, list[Pass]]] = []
        macs = 0
        for block in blocks(self.tiling):
            made = list(passes_of(self.tiling, block))
            lot.append((block, made))
            macs += sum(p.shape.macs for p in made)
            if macs >= _MACS_AT_ONCE:
                yield lot
                lot, macs = [], 0
        if lot:
            yield lot

    def _add(self, block: Block, made: list[Pass] | None, times: list[PassTimes] | None) -> int:
        """Add a block's passes to the tables; its MACs."""
        key = block.sizes
        pattern = self._patterns.get(key)
        if pattern is None:
            # all passes of a block, where some have to be looked at: for the pattern, or for their values
            made = made or list(passes_of(self.tiling, block))
            pattern = self._patterns[key] = self._pattern(made)
        elif times is None:
            self.engine.repeat(pattern.shapes)
        acts = pattern.acts if times is None or made is None else self._acts(made, times)
        assert acts is not None
        fetches, table, moments_ = pattern.fetches.copy(), acts.passes.copy(), acts.moments.copy()
        fetches[:, loop.OF_PASS] += self.passes
        table[:, loop.FIRST_MOMENT] += self._n_moments
        coming = self._words.get(block.reads)
        if coming is None:
            made = made or list(passes_of(self.tiling, block))
            coming = self._words[block.reads] = self._coming(made, pattern)
        fetches[[one.row for one in pattern.coming], loop.CYCLES] = link_cycles(coming, self.hardware)
        filter_words = self._loads(block)
        fetches[pattern.loads, loop.CYCLES] = link_cycles(filter_words, self.hardware)
        leaving = self._leaving(block, made, acts)
        moments_[[one.row for one in acts.leaving], loop.LINK_CYCLES] = link_cycles(leaving, self.hardware)
        self._fetches.append(fetches)
        self._passes.append(table)
        self._moments.append(moments_)
        self.passes += len(table)
        self._n_moments += len(moments_)
        self.moved.ifmap_fills += pattern.ifmap_fills
        self.moved.ifmap_link_words += int(coming.sum())
        self.moved.filter_fills += pattern.filter_fills
        self.moved.filter_link_words += int(filter_words.sum())
        self.moved.ofmap_drains += acts.ofmap_drains
        self.moved.ofmap_link_words += int(leaving.sum())
        return pattern.macs

    def _coming(self, made: list[Pass], pattern: _Pattern) -> NDArray[np.int64]:
        """Words on the link of the parts of ifmap that come for these passes."""
        words = np.zeros(len(pattern.coming), np.int64)
        tile_words = 0
        for at, (_, number, part) in enumerate(pattern.coming):
            p = made[number]
            # an image that comes in parts is one tile of the code, of which each part is its share
            if part.columns.start == 0:
                tile_words = self.engine.fetch_ifmap(p, part.images.shifted(p.images.start))
            width = p.shape.width
            words[at] = tile_words * part.columns.stop // width - tile_words * part.columns.start // width
        return words

    def _loads(self, block: Block) -> NDArray[np.int64]:
        """Words on the link of the tiles of filters that come for a block: one load for each of its tiles of channels
        and of filters."""
        key: object = (block.groups, *block.filter_tiles) if self.engine.filters_by_values else block.sizes
        words = self._filter_words.get(key)
        if words is None:
            words = self._filter_words[key] = np.array(
                [
                    self.engine.fetch_filters(filters, filter_channels_of(self.tiling, block.groups, channels))
                    for channels in channel_tiles_of(self.tiling, block.groups)
                    for filters in block.filter_tiles
                ],
                np.int64,
            )
        return words

    def _leaving(self, block: Block, made: list[Pass] | None, acts: _Acts) -> NDArray[np.int64]:
        """Words on the link of the parts of ofmap that leave in these passes."""
        words = np.zeros(len(acts.leaving), np.int64)
        if not acts.leaving:
            return words
        # only passes of the last channels send something: those are made, where the block's are not there already
        sending = made or list(passes_of(self.tiling, block, last_channels_only=True))
        first = len(acts.passes) - len(sending)
        for at, (_, number, part) in enumerate(acts.leaving):
            p = sending[number - first]
            images, columns = part.images.shifted(p.images.start), part.columns.shifted(p.columns.start)
            words[at] = self.engine.write_back(p, images, columns)
        return words

    def _pattern(self, made: list[Pass]) -> _Pattern:
        fetches: list[tuple[int, int, int, int, bool, bool]] = []
        coming: list[_Coming] = []
        loads: list[int] = []
        ifmap_fills = filter_fills = macs = 0
        for number, p in enumerate(made):
            if p.shape.loads_filters:
                words = filter_words(p)
                room = min(words, self.hardware.filter_buffer_words)
                filter_fills += words
                loads.append(len(fetches))
                fetches.append((loop.FILTERS, room, 0, number, not p.brings, room < words))
            parts = transfers(self.tiling, p.shape) if p.brings else []
            for part in parts:
                room = ifmap_words(p, part, p.strip.stored_rows)
                ifmap_fills += room
                coming.append(_Coming(len(fetches), number, part))
                on_demand = not self.hardware.overlap_fmaps
                fetches.append((loop.IFMAP, room, 0, number, part is parts[-1], on_demand))
            self.active_pes = max(self.active_pes, p.shape.active_pes)
            macs += p.shape.macs
        return _Pattern(
            fetches=np.array(fetches, np.int64).reshape(-1, 6),
            coming=coming,
            loads=loads,
            acts=None if self.hardware.skips else self._acts(made, [self.engine.run(p) for p in made]),
            shapes=Counter(p.shape for p in made),
            ifmap_fills=ifmap_fills,
            filter_fills=filter_fills,
            macs=macs,
        )

    def _acts(self, made: list[Pass], times: list[PassTimes]) -> _Acts:
        table: list[tuple[int, int, int]] = []
        acts: list[tuple[int, int, int, int]] = []
        leaving: list[_Leaving] = []
        ofmap_drains = 0
        for number, (p, timing) in enumerate(zip(made, times, strict=True)):
            timeline = self._timeline(p, timing)
            table.append((timing.cycles, len(acts), len(timeline)))
            for moment in timeline:
                words = room_words(self.tiling, p, moment)
                if moment.act is Act.SEND_OFMAP:
                    leaving.append(_Leaving(len(acts), number, moment.part))
                    ofmap_drains += words
                acts.append((moment.cycle, moment.act, words, 0))
        return _Acts(
            passes=np.array(table, np.int64).reshape(-1, 3),
            moments=np.array(acts, np.int64).reshape(-1, 4),
            leaving=leaving,
            ofmap_drains=ofmap_drains,
        )

    def _timeline(self, p: Pass, timing: PassTimes) -> list[Moment]:
        if self.hardware.skips:
            return moments(self.tiling, p, timing)
        key = (p.shape, p.last_channels, p.leaves)
        if key not in self._timelines:
            self._timelines[key] = moments(self.tiling, p, timing)
        return self._timelines[key]
