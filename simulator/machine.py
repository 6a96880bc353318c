"""The machine at work on a layer: SimPy moves tiles between DRAM, GLB and PEs, the engine says what a pass does."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import tee

import numpy as np
import simpy
from numpy.typing import NDArray

from analytical import counts as c
from analytical.chip_mapping import ChipMapping
from analytical.counts import Counts
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mapping import Mapping, map_layer
from simulator.buffer import Buffer
from simulator.convoys import Convoy, convoys, pieces, streamed_windows
from simulator.dram import DramLink, Fetch, WriteBack
from simulator.engines import ENGINES, Engine, raw_words
from simulator.pe_array import PassShape, PEArrayRun, Stall
from simulator.schedule import Pass, Span, Tiling, schedule, tile
from traces.tensors import LayerTensors


class Wait(Enum):
    """What the PE array waits for when it waits for DRAM."""

    DATA = "data"
    ROOM = "room"
    WRITE_BACK = "write_back"


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerRun:
    """What happened in the run of one layer, for the whole batch.

    processing_cycles  cycles in which the PE array works on passes; DRAM fully overlapped
    total_cycles       until the last ofmap word is in DRAM
    compute, gated, stalls, idle   PE-cycles; together J * K * processing_cycles
    ramp_up            of the stalls, those before a PE's first MAC of a pass
    cycles_by_shape    processing cycles of all passes of each shape
    dram_waits         cycles that the array stands still, by cause; together total_cycles - processing_cycles
    glb_peak_words     most words of each part of the GLB that were taken at a time
    ofmap              exact psums (batch, F, E, G), before ReLU
    """

    layer: Layer
    tiling: Tiling
    counts: Counts
    active_pes: int
    passes: int
    processing_cycles: int
    total_cycles: int
    compute: int
    gated: int
    stalls: dict[Stall, int]
    ramp_up: dict[Stall, int]
    idle: int
    cycles_by_shape: dict[PassShape, int]
    dram_waits: dict[Wait, int]
    dram_busy_cycles: int
    glb_peak_words: dict[str, int]
    ofmap: NDArray[np.int64]

    @property
    def images(self) -> int:
        return self.tiling.batch

    @property
    def processing_s(self) -> float:
        """Processing latency of one image, in seconds."""
        return self.processing_cycles / self.tiling.hardware.core_hz / self.images

    @property
    def total_s(self) -> float:
        """Total latency of one image, in seconds."""
        return self.total_cycles / self.tiling.hardware.core_hz / self.images


Progress = Callable[[int], None]
"""Told of each pass that ends, with the number of its MACs."""


def run_layer(
    layer: Layer,
    hardware: Hardware,
    tensors: LayerTensors,
    *,
    mapping: Mapping | ChipMapping | None = None,
    engine: str = "fast",
    progress: Progress | None = None,
) -> LayerRun:
    """Run the images in ``tensors`` through ``layer`` on ``hardware``, laid on it by CNNergy's mapping unless told.

    Raises
    ------
    MappingError
        The layer does not fit the hardware.
    """
    batch = tensors.ifmap.shape[0]
    tiling = tile(layer, hardware, mapping or map_layer(layer, hardware), batch)
    return Machine(tiling, ENGINES[engine](tiling, tensors), progress).run()


@dataclass(frozen=True, slots=True)
class _Moment:
    """Something that happens in a pass at a cycle of its own."""

    cycle: int
    act: Callable[[Pass], Generator[simpy.Event, None, None] | None]


@dataclass
class _Moved:
    """Words of the GLB and of the DRAM link, counted as they move."""

    ifmap_fills: int = 0
    filter_fills: int = 0
    ofmap_drains: int = 0
    ifmap_link_words: int = 0
    filter_link_words: int = 0
    ofmap_link_words: int = 0

    def counts(self, hardware: Hardware) -> Counts:
        of_link_word = hardware.link_bits // hardware.b_w
        return Counts(
            events={
                c.GLB_IFMAP_FILL: self.ifmap_fills,
                c.GLB_FILTER_FILL: self.filter_fills,
                c.GLB_OFMAP_DRAIN: self.ofmap_drains,
                c.DRAM_IFMAP_READ: self.ifmap_link_words * of_link_word,
                c.DRAM_FILTER_READ: self.filter_link_words * of_link_word,
                c.DRAM_OFMAP_WRITE: self.ofmap_link_words * of_link_word,
            }
        )


class Machine:
    """DRAM link, GLB and PE array of one layer's run.

    The link brings filters and strips in the order of the passes, as far ahead as the GLB has room. The array starts
    a pass when all its data are there. Psums take room when they first enter the GLB: at the start of the pass that
    begins them, or, where they only pass through, half a stream at a time. Write-backs start when psums are complete,
    and the array stands still when it needs room that they have not yet given back.

    That is a machine whose work overlaps all transfers. One that only overlaps those of filters, as the chip does,
    fetches a strip when the array is ready for it, and stands still at the end of a pass, or when it needs room, until
    all complete ofmaps are in DRAM.
    """

    def __init__(self, tiling: Tiling, engine: Engine, progress: Progress | None = None) -> None:
        self.tiling = tiling
        self.engine = engine
        self.hardware = tiling.hardware
        self._progress = progress
        self.env = simpy.Environment()
        self.ifmap = Buffer(self.env, "GLB for ifmap", tiling.ifmap_words)
        self.psums = Buffer(self.env, "GLB for psums", tiling.psum_words)
        self.filters = Buffer(self.env, "filter buffer", self.hardware.filter_buffer_words)
        to_fetch, self._to_run = tee(schedule(tiling))
        self.link = DramLink(self.env, self.hardware, self._fetches(to_fetch))
        for buffer in (self.ifmap, self.filters):
            buffer.on_release = self.link.wake
        self._moved = _Moved()
        self._waits = dict.fromkeys(Wait, 0)
        self._timelines: dict[tuple[PassShape, bool, bool], list[_Moment]] = {}
        self._tile_words = 0
        self._active_pes = 0
        self._passes = 0

    def run(self) -> LayerRun:
        """Run all passes, and the write-backs after the last."""
        self.env.run(self.env.process(self._array()))
        end_of_passes = self._now()
        self.env.run()
        self._waits[Wait.WRITE_BACK] += self._now() - end_of_passes
        tally = self.engine.tally()
        return LayerRun(
            layer=self.tiling.layer,
            tiling=self.tiling,
            counts=tally.counts + self._moved.counts(self.hardware),
            active_pes=self._active_pes,
            passes=self._passes,
            processing_cycles=tally.cycles,
            total_cycles=self._now(),
            compute=tally.compute,
            gated=tally.gated,
            stalls=tally.stalls,
            ramp_up=tally.ramp_up,
            idle=tally.idle,
            cycles_by_shape=tally.cycles_by_shape,
            dram_waits=self._waits,
            dram_busy_cycles=self.link.busy_cycles,
            glb_peak_words={b.name: b.peak for b in (self.ifmap, self.psums, self.filters)},
            ofmap=self.engine.ofmap,
        )

    def _now(self) -> int:
        return int(self.env.now)

    def _fetches(self, passes: Iterator[Pass]) -> Iterator[Fetch]:
        """What the link brings, pass after pass: filters first, then the new rows of the strip of each convoy, if the
        GLB does not have the strip for earlier filters. A pass that brings no strip loads filters."""
        for number, p in enumerate(passes):
            if p.shape.loads_filters:
                words = self._filter_words(p)
                room = min(words, self.filters.capacity)
                yield Fetch(
                    buffer=self.filters,
                    room=room,
                    link_words=partial(self._fetch_filters, words),
                    pass_number=number,
                    last=not p.brings,
                    on_demand=room < words,
                )
            parts = convoys(self.tiling, p.shape) if p.brings else []
            for convoy in parts:
                yield Fetch(
                    buffer=self.ifmap,
                    room=self._ifmap_words(p, convoy, p.stored_rows),
                    link_words=partial(self._fetch_ifmap, p, convoy),
                    pass_number=number,
                    last=convoy is parts[-1],
                    on_demand=not self.hardware.overlap_fmaps,
                )

    def _array(self) -> Generator[simpy.Event, None, None]:
        """The PE array: pass after pass, each along its timeline."""
        for number, p in enumerate(self._to_run):
            if self.link.fetched_passes <= number:
                self.link.demand(number)
                since = self._now()
                while self.link.fetched_passes <= number:
                    yield self.link.fetched()
                self._waits[Wait.DATA] += self._now() - since
            run = self.engine.run(p)
            cycle = 0
            for moment in self._timeline(p, run):
                if moment.cycle > cycle:
                    yield self.env.timeout(moment.cycle - cycle)
                    cycle = moment.cycle
                waiting = moment.act(p)
                if waiting is not None:
                    yield from waiting
            if run.cycles > cycle:
                yield self.env.timeout(run.cycles - cycle)
            if not self.hardware.overlap_fmaps:
                yield from self._drain(Wait.WRITE_BACK)
            self._active_pes = max(self._active_pes, p.shape.active_pes)
            self._passes += 1
            if self._progress is not None:
                self._progress(p.shape.macs)

    def _timeline(self, p: Pass, run: PEArrayRun) -> list[_Moment]:
        """When a pass gives back what it has read, takes room for psums and sends ofmaps off, in order of cycles.

        The same for all passes of one shape, but for whether their psums are complete and the strip has served.
        """
        key = (p.shape, p.last_channels, p.leaves)
        timeline = self._timelines.get(key)
        if timeline is None:
            timeline = self._timelines[key] = sorted(self._moments(p, run), key=lambda moment: moment.cycle)
        return timeline

    def _moments(self, p: Pass, run: PEArrayRun) -> Iterator[_Moment]:
        if p.shape.loads_filters:
            yield _Moment(run.filters_loaded_at, self._release_filters)
        for convoy in convoys(self.tiling, p.shape) if p.leaves else []:
            read_at = run.ifmap_read_at[convoy.images.stop - 1, convoy.columns.stop - 1]
            yield _Moment(int(read_at), partial(self._release_ifmap, convoy))
        if p.first_channels and not p.last_channels:
            yield _Moment(0, self._take_all_psums)
        if p.last_channels:
            yield from self._ofmap_moments(p, run)

    def _ofmap_moments(self, p: Pass, run: PEArrayRun) -> Iterator[_Moment]:
        """Complete psums leave by convoys, or, where they stream, by pieces.

        Pieces have two halves of the psums' part of the GLB by turns: one takes its room once the one but last is
        complete. If the part holds but one window, once the last is.
        """
        windows = p.shape.windows
        complete = [0, 0]
        half = streamed_windows(self.tiling, p.shape) * p.shape.filters * p.shape.columns
        halves = 2 if half * 2 <= self.psums.capacity else 1
        for piece in pieces(self.tiling, p.shape):
            images, columns = piece.images, piece.columns
            first, stop = images.start * windows + columns.start, (images.stop - 1) * windows + columns.stop
            done = int(run.last_out_at[first:stop].max())
            if self.tiling.psums_stream:
                begun = max(int(run.first_out_at[first]), complete[-halves])
                yield _Moment(begun, partial(self._take_psums, images.size * columns.size))
            yield _Moment(done, partial(self._send_ofmap, images, columns))
            complete.append(done)

    def _take_all_psums(self, p: Pass) -> Generator[simpy.Event, None, None] | None:
        return self._take_psums(p.shape.images * p.shape.windows, p)

    def _take_psums(self, windows: int, p: Pass) -> Generator[simpy.Event, None, None] | None:
        words = windows * p.shape.filters * p.shape.columns
        if self.psums.has_room(words):
            self.psums.take(words)
            return None
        return self._wait_for_psum_room(words)

    def _wait_for_psum_room(self, words: int) -> Generator[simpy.Event, None, None]:
        if not self.hardware.overlap_fmaps:
            yield from self._drain(Wait.ROOM)
        since = self._now()
        while not self.psums.has_room(words):
            yield self.psums.released()
        self._waits[Wait.ROOM] += self._now() - since
        self.psums.take(words)

    def _drain(self, cause: Wait) -> Generator[simpy.Event, None, None]:
        """Stand still until all ofmaps that are complete are in DRAM."""
        if self.link.undrained:
            since = self._now()
            yield self.link.drained()
            self._waits[cause] += self._now() - since

    def _send_ofmap(self, images: Span, columns: Span, p: Pass) -> None:
        words = images.size * columns.size * p.shape.filters * p.shape.columns
        link_words = self.engine.write_back(p, images.shifted(p.images.start), columns.shifted(p.columns.start))
        self._moved.ofmap_drains += words
        self._moved.ofmap_link_words += link_words
        self.link.write_back(WriteBack(buffer=self.psums, room=words, link_words=link_words))

    def _release_filters(self, p: Pass) -> None:
        self.filters.give_back(min(self._filter_words(p), self.filters.capacity))

    def _release_ifmap(self, convoy: Convoy, p: Pass) -> None:
        self.ifmap.give_back(self._ifmap_words(p, convoy, p.strip.size - p.kept_after))

    def _fetch_filters(self, words: int) -> int:
        link_words = raw_words(words, self.hardware.b_w)
        self._moved.filter_fills += words
        self._moved.filter_link_words += link_words
        return link_words

    def _fetch_ifmap(self, p: Pass, convoy: Convoy) -> int:
        """Fetch a convoy; an image that comes in parts is one RLC tile, of which each part is its share."""
        if convoy.columns.start == 0:
            self._tile_words = self.engine.fetch_ifmap(p, convoy.images.shifted(p.images.start))
        before, after = (self._tile_words * column // p.shape.width for column in convoy.columns)
        self._moved.ifmap_fills += self._ifmap_words(p, convoy, p.stored_rows)
        self._moved.ifmap_link_words += after - before
        return after - before

    def _filter_words(self, p: Pass) -> int:
        return p.shape.filters * p.shape.channels * p.shape.R * p.shape.S

    def _ifmap_words(self, p: Pass, convoy: Convoy, rows: int) -> int:
        """Words of that many ifmap rows of a convoy, in all the pass's channels."""
        return convoy.images.size * convoy.columns.size * rows * p.shape.channels
