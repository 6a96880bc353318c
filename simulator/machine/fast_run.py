"""A layer's run without SimPy: tables of what the link brings and the array does, and a compiled loop over them.

What moves and when is the same as in :class:`simulator.machine.layer_run.Machine`, which defines it.
"""

from collections.abc import Callable

import numpy as np

from analytical.mappings.tiling import Tiling
from analytical.spans import Span
from simulator.machine import loop
from simulator.machine.engines import Engine, raw_words
from simulator.machine.geometry import PassShape
from simulator.machine.schedule import Pass, schedule
from simulator.machine.timeline import Act, Moment, filter_words, ifmap_words, moments, psum_words
from simulator.machine.transfers import Transfer, transfers


class FastRun:
    """Tables of a layer's run, and what the loop over them gives.

    Parameters
    ----------
    tiling : Tiling
    engine : Engine
        Says what each pass does; made for the same tiling.
    progress : callable, optional
        Told of each pass with the number of its MACs.

    Attributes
    ----------
    passes, active_pes : int
        How many passes there are, and the PEs at work in the fullest.
    ifmap_fills, filter_fills, ofmap_drains : int
        Words that enter and leave the GLB over the link.
    ifmap_link_words, filter_link_words, ofmap_link_words : int
        64-bit words of these on the link.
    """

    def __init__(self, tiling: Tiling, engine: Engine, progress: Callable[[int], None] | None = None) -> None:
        self.tiling = tiling
        self.engine = engine
        self.hardware = tiling.hardware
        self.passes = self.active_pes = 0
        self.ifmap_fills = self.filter_fills = self.ofmap_drains = 0
        self.ifmap_link_words = self.filter_link_words = self.ofmap_link_words = 0
        self._timelines: dict[tuple[PassShape, bool, bool], list[Moment]] = {}
        self._parts: dict[PassShape, list[Transfer]] = {}
        self._fetches: list[tuple[int, int, int, int, bool, bool]] = []
        self._passes: list[tuple[int, int, int]] = []
        self._moments: list[tuple[int, int, int, int]] = []
        for p in schedule(tiling):
            self._add(p)
            if progress is not None:
                progress(p.shape.macs)

    def play(self) -> loop.Played:
        """Run all passes, and the write-backs after the last."""
        return loop.play(
            np.array(self._fetches, np.int64).reshape(-1, 6),
            np.array(self._passes, np.int64).reshape(-1, 3),
            np.array(self._moments, np.int64).reshape(-1, 4),
            np.array([self.tiling.ifmap_words, self.tiling.psum_words, self.hardware.filter_buffer_words], np.int64),
            self.hardware.overlap_fmaps,
        )

    def _add(self, p: Pass) -> None:
        self._add_fetches(p)
        run = self.engine.run(p)
        key = (p.shape, p.last_channels, p.leaves)
        timeline = self._timelines.get(key)
        if timeline is None:
            timeline = self._timelines[key] = moments(self.tiling, p, run)
        self._passes.append((run.cycles, len(self._moments), len(timeline)))
        for moment in timeline:
            self._moments.append((moment.cycle, moment.act, *self._words(p, moment)))
        self.active_pes = max(self.active_pes, p.shape.active_pes)
        self.passes += 1

    def _add_fetches(self, p: Pass) -> None:
        if p.shape.loads_filters:
            words = filter_words(p)
            room = min(words, self.hardware.filter_buffer_words)
            link_words = raw_words(words, self.hardware.b_w)
            self.filter_fills += words
            self.filter_link_words += link_words
            entry = (loop.FILTERS, room, self._cycles(link_words), self.passes, not p.brings, room < words)
            self._fetches.append(entry)
        if not p.brings:
            return
        parts = self._parts.get(p.shape)
        if parts is None:
            parts = self._parts[p.shape] = transfers(self.tiling, p.shape)
        on_demand = not self.hardware.overlap_fmaps
        tile_words = 0
        for part in parts:
            # an image that comes in parts is one tile of the code, of which each part is its share
            if part.columns.start == 0:
                tile_words = self.engine.fetch_ifmap(p, part.images.shifted(p.images.start))
            width = p.shape.width
            link_words = tile_words * part.columns.stop // width - tile_words * part.columns.start // width
            room = ifmap_words(p, part, p.strip.stored_rows)
            self.ifmap_fills += room
            self.ifmap_link_words += link_words
            last = part is parts[-1]
            self._fetches.append((loop.IFMAP, room, self._cycles(link_words), self.passes, last, on_demand))

    def _words(self, p: Pass, moment: Moment) -> tuple[int, int]:
        """Words of room that a moment is about, and core cycles on the link."""
        part = moment.part
        if moment.act is Act.RELEASE_FILTERS:
            return min(filter_words(p), self.hardware.filter_buffer_words), 0
        if moment.act is Act.RELEASE_IFMAP:
            return ifmap_words(p, part, p.strip.ifmap.size - p.strip.kept_after), 0
        words = psum_words(p, part)
        if moment.act is Act.TAKE_PSUMS:
            return words, 0
        link_words = self.engine.write_back(p, _shifted(part.images, p.images), _shifted(part.columns, p.columns))
        self.ofmap_drains += words
        self.ofmap_link_words += link_words
        return words, self._cycles(link_words)

    def _cycles(self, link_words: int) -> int:
        """Core cycles on the link, rounded up (:meth:`simulator.machine.dram.DramLink.cycles`)."""
        return -(-link_words * self.hardware.core_hz // self.hardware.link_hz)


def _shifted(part: Span, of: Span) -> Span:
    return part.shifted(of.start)
