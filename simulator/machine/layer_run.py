"""The machine at work on a layer: SimPy moves tiles between DRAM, GLB and PEs, the engine says what a pass does."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import tee

import numpy as np
import simpy
from numpy.typing import NDArray

from analytical.counts import Counts
from analytical.layer import Layer
from analytical.mappings.tiling import Tiling
from simulator.machine import loop
from simulator.machine.buffer import Buffer
from simulator.machine.dram import DramLink, Fetch, WriteBack
from simulator.machine.engines import Engine, FastEngine, engine_named
from simulator.machine.fast_run import FastRun
from simulator.machine.geometry import PassShape
from simulator.machine.history import Diary, History
from simulator.machine.pe_array import PassTimes, Stall
from simulator.machine.schedule import Pass, schedule
from simulator.machine.timeline import Act, Moment, Moved, filter_words, ifmap_words, moments, psum_words, room_words
from simulator.machine.transfers import Transfer, transfers
from traces.tensors import LayerTensors, TensorError


class Wait(Enum):
    """What the PE array waits for when it waits for DRAM; the values name it in results.

    DATA        ifmaps or filters of the next pass
    ROOM        room for psums, which ofmaps on their way out still take
    WRITE_BACK  complete ofmaps that have to leave before it goes on, or before the layer ends
    """

    DATA = "data"
    ROOM = "room"
    WRITE_BACK = "write_back"


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerRun:
    """What happened in the run of one layer, for the whole batch.

    Attributes
    ----------
    tiling : Tiling
        The layer, the hardware, and whole tiles of the one on the other.
    counts : Counts
        MACs, and b_w-bit words by level, data and action.
    active_pes : int
        PEs at work in the fullest pass.
    passes : int
        How many there were.
    processing_cycles : int
        Cycles in which the PE array works on passes; DRAM fully overlapped.
    total_cycles : int
        Until the last ofmap word is in DRAM.
    compute, gated, idle : int
        PE-cycles; with the stalls together J * K * processing_cycles.
    skipped : int
        MACs that take no cycle; with ``compute`` and ``gated`` all MACs.
    nonzero_ifmap_macs : int
        MACs whose pixel is not zero.
    stalls : dict of Stall to int
        PE-cycles by cause.
    ramp_up : dict of Stall to int
        Of the stalls, those before a PE's first MAC of a pass.
    cycles_by_shape : dict of PassShape to int
        Processing cycles of all passes of each shape.
    dram_waits : dict of Wait to int
        Cycles that the array stands still, by cause; together total_cycles - processing_cycles.
    dram_busy_cycles : int
        Cycles in which the link moves something.
    glb_peak_words : dict of str to int
        Most words of each part of the GLB that were taken at a time.
    ofmap : (batch, F, E, G), int64
        Exact psums, before ReLU.
    """

    tiling: Tiling
    counts: Counts
    active_pes: int
    passes: int
    processing_cycles: int
    total_cycles: int
    compute: int
    gated: int
    skipped: int
    nonzero_ifmap_macs: int
    stalls: dict[Stall, int]
    ramp_up: dict[Stall, int]
    idle: int
    cycles_by_shape: dict[PassShape, int]
    dram_waits: dict[Wait, int]
    dram_busy_cycles: int
    glb_peak_words: dict[str, int]
    ofmap: NDArray[np.int64]

    @property
    def layer(self) -> Layer:
        """The layer that ran."""
        return self.tiling.layer

    @property
    def images(self) -> int:
        """Images of the batch."""
        return self.tiling.batch

    @property
    def processing_s(self) -> float:
        """Processing latency of one image, in seconds."""
        return self.processing_cycles / self.tiling.hardware.core_hz / self.images

    @property
    def total_s(self) -> float:
        """Total latency of one image, in seconds."""
        return self.total_cycles / self.tiling.hardware.core_hz / self.images


GLB_IFMAP, GLB_PSUMS, FILTER_BUFFER = "GLB for ifmap", "GLB for psums", "filter buffer"
"""What results call the parts of the GLB."""

Progress = Callable[[int], None]
"""Told of each pass that ends, with the number of its MACs."""

Observer = Callable[[History], None]
"""Shown when things happened in a run."""


def run_tiling(
    tiling: Tiling,
    tensors: LayerTensors,
    *,
    engine: str = "fast",
    progress: Progress | None = None,
    observe: Observer | None = None,
) -> LayerRun:
    """Run the images in ``tensors`` through a layer, cut as ``tiling`` says.

    Parameters
    ----------
    tiling : Tiling
        The layer, the hardware, and whole tiles of the one on the other.
    tensors : LayerTensors
        The values of that layer, as wide as the hardware's words.
    engine : str
        One of :data:`simulator.machine.engines.ENGINES`.
    progress : callable, optional
        Told of each pass that ends, with the number of its MACs.
    observe : callable, optional
        Shown, after the run, when things happened in it.

    Raises
    ------
    TensorError
        The tensors are another layer's, of another width, or of another number of images.
    EngineError
        There is no such engine.
    RuntimeError
        The PE array makes no progress: its FIFOs cannot serve a pass.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules import map_layer
    >>> from traces.tensors import synthesise
    >>> layer = Layer.conv("L", channels=4, size=10, filters=8, filter=3)
    >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1)
    >>> run = run_tiling(tiling, synthesise(layer, b_w=16, batch=1, seed=0))
    >>> run.counts.macs == layer.macs == run.compute + run.gated, run.active_pes
    (True, 96)
    >>> run.total_cycles - run.processing_cycles == sum(run.dram_waits.values())
    True
    """
    layer, b_w, batch = tiling.layer, tiling.hardware.b_w, tiling.batch
    if tensors.layer != layer:
        raise TensorError(f"layer {layer.name}: tensors are those of {tensors.layer}; expected those of {layer}")
    if tensors.b_w != b_w:
        raise TensorError(f"layer {layer.name}: tensors have {tensors.b_w} bits; expected {b_w}, as the hardware")
    if len(tensors.ifmap) != batch:
        raise TensorError(f"layer {layer.name}: tensors have {len(tensors.ifmap)} images; expected {batch}")
    made = engine_named(engine)(tiling, tensors)
    if isinstance(made, FastEngine):
        return play_tables(tiling, made, progress, observe)
    return Machine(tiling, made, progress, observe).run()


def play_tables(
    tiling: Tiling, engine: FastEngine, progress: Progress | None = None, observe: Observer | None = None
) -> LayerRun:
    """What :class:`Machine` does, in a compiled loop over tables of the passes.

    Parameters
    ----------
    tiling : Tiling
    engine : FastEngine
        Says what passes do; made for the same tiling.
    progress : callable, optional
        Told of each pass with the number of its MACs.
    observe : callable, optional
        As for :func:`run_tiling`.

    Raises
    ------
    RuntimeError
        Link and array wait for each other, or the GLB has no room where there should be some.
    """
    run = FastRun(tiling, engine, progress)
    played = run.play(keep_history=observe is not None)
    if played.outcome != loop.DONE:
        why = "wait for each other" if played.outcome == loop.STUCK else "want room in the GLB that is not there"
        raise RuntimeError(f"layer {tiling.layer.name}: link and PE array {why} at cycle {played.total}")
    if observe is not None and played.history is not None:
        observe(played.history)
    tally = engine.tally()
    ifmap, psums, filters = (int(peak) for peak in played.peaks)
    return LayerRun(
        tiling=tiling,
        counts=tally.counts + run.moved.counts(tiling.hardware),
        active_pes=run.active_pes,
        passes=run.passes,
        processing_cycles=tally.cycles,
        total_cycles=played.total,
        compute=tally.nonzero_macs,
        gated=tally.gated,
        skipped=tally.skipped,
        nonzero_ifmap_macs=tally.nonzero_ifmap_macs,
        stalls=tally.stalls,
        ramp_up=tally.ramp_up,
        idle=tally.idle,
        cycles_by_shape=tally.cycles_by_shape,
        dram_waits={wait: int(cycles) for wait, cycles in zip(Wait, played.waits, strict=True)},
        dram_busy_cycles=played.busy,
        glb_peak_words={GLB_IFMAP: ifmap, GLB_PSUMS: psums, FILTER_BUFFER: filters},
        ofmap=engine.ofmap,
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

    Parameters
    ----------
    tiling : Tiling
        The layer, the hardware, and whole tiles of the one on the other.
    engine : Engine
        Says what each pass does; made for the same tiling.
    progress : callable, optional
        Told of each pass that ends, with the number of its MACs.
    observe : callable, optional
        As for :func:`run_tiling`.
    """

    def __init__(
        self, tiling: Tiling, engine: Engine, progress: Progress | None = None, observe: Observer | None = None
    ) -> None:
        self.tiling = tiling
        self.engine = engine
        self.hardware = tiling.hardware
        self._progress = progress
        self.env = simpy.Environment()
        self.ifmap = Buffer(self.env, GLB_IFMAP, tiling.ifmap_words, loop.IFMAP)
        self.psums = Buffer(self.env, GLB_PSUMS, tiling.psum_words, loop.PSUMS)
        self.filters = Buffer(self.env, FILTER_BUFFER, self.hardware.filter_buffer_words, loop.FILTERS)
        # two readers of one schedule: the link is as many passes ahead of the array as there is room
        to_fetch, self._to_run = tee(schedule(tiling))
        self.link = DramLink(self.env, self.hardware, self._fetches(to_fetch))
        # only these two: the link fills them, whereas it is the array that waits for room for psums
        for buffer in (self.ifmap, self.filters):
            buffer.on_release = self.link.wake
        self._observe = observe
        self._diary = None if observe is None else Diary()
        self.link.diary = self._diary
        self._moved = Moved()
        self._waits = dict.fromkeys(Wait, 0)
        self._timelines: dict[tuple[PassShape, bool, bool], list[Moment]] = {}
        self._acts = {
            Act.RELEASE_FILTERS: self._release_filters,
            Act.RELEASE_IFMAP: self._release_ifmap,
            Act.TAKE_PSUMS: self._take_psums,
            Act.SEND_OFMAP: self._send_ofmap,
        }
        self._tile_words = 0
        self._active_pes = 0
        self._passes = 0

    def run(self) -> LayerRun:
        """Run all passes, and the write-backs after the last; once."""
        self.env.run(self.env.process(self._array()))
        end_of_passes = self._now()
        # until nothing is left to happen, which is when the last write-back is through
        self.env.run()
        self._waits[Wait.WRITE_BACK] += self._now() - end_of_passes
        if self._observe is not None and self._diary is not None:
            self._observe(self._diary.history(self._now()))
        tally = self.engine.tally()
        return LayerRun(
            tiling=self.tiling,
            counts=tally.counts + self._moved.counts(self.hardware),
            active_pes=self._active_pes,
            passes=self._passes,
            processing_cycles=tally.cycles,
            total_cycles=self._now(),
            compute=tally.nonzero_macs,
            gated=tally.gated,
            skipped=tally.skipped,
            nonzero_ifmap_macs=tally.nonzero_ifmap_macs,
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
        """What the link brings, pass after pass: filters first, then the new rows of the strip of each transfer, if the
        GLB does not have the strip for earlier filters. A pass that brings no strip loads filters."""
        for number, p in enumerate(passes):
            if p.shape.loads_filters:
                # a tile that is larger than the whole buffer takes all of it, and only when the array waits for it
                words = filter_words(p)
                room = min(words, self.filters.capacity)
                yield Fetch(
                    buffer=self.filters,
                    room=room,
                    link_words=partial(self._fetch_filters, p),
                    pass_number=number,
                    last=not p.brings,
                    on_demand=room < words,
                )
            parts = transfers(self.tiling, p.shape) if p.brings else []
            for transfer in parts:
                yield Fetch(
                    buffer=self.ifmap,
                    room=ifmap_words(p, transfer, p.strip.stored_rows),
                    link_words=partial(self._fetch_ifmap, p, transfer),
                    pass_number=number,
                    last=transfer is parts[-1],
                    on_demand=not self.hardware.overlap_fmaps,
                )

    def _array(self) -> Generator[simpy.Event, None, None]:
        """The PE array: pass after pass, each along its timeline."""
        for number, p in enumerate(self._to_run):
            ready = self._now()
            if self.link.fetched_passes <= number:
                self.link.demand(number)
                since = self._now()
                while self.link.fetched_passes <= number:
                    yield self.link.fetched()
                self._waits[Wait.DATA] += self._now() - since
            # What the pass does is known at once; its time then passes, from one moment to the next. Waits at a moment
            # stretch the total latency, not the pass: they are counted apart, and its own cycles go on afterwards.
            timing = self.engine.run(p)
            start = self._now()
            cycle = 0
            for moment in self._timeline(p, timing):
                if moment.cycle > cycle:
                    yield self.env.timeout(moment.cycle - cycle)
                    cycle = moment.cycle
                asked = self._now()
                waiting = self._acts[moment.act](p, moment.part)
                if waiting is not None:
                    yield from waiting
                if self._diary is not None:
                    words = room_words(self.tiling, p, moment)
                    self._diary.acts.append((self._now(), asked, int(moment.act), words))
            if timing.cycles > cycle:
                yield self.env.timeout(timing.cycles - cycle)
            if self._diary is not None:
                self._diary.passes.append((ready, start, self._now(), timing.cycles))
            if not self.hardware.overlap_fmaps:
                yield from self._drain(Wait.WRITE_BACK)
            self._active_pes = max(self._active_pes, p.shape.active_pes)
            self._passes += 1
            if self._progress is not None:
                self._progress(p.shape.macs)

    def _timeline(self, p: Pass, timing: PassTimes) -> list[Moment]:
        if self.hardware.skips:
            return moments(self.tiling, p, timing)
        key = (p.shape, p.last_channels, p.leaves)
        timeline = self._timelines.get(key)
        if timeline is None:
            timeline = self._timelines[key] = moments(self.tiling, p, timing)
        return timeline

    def _take_psums(self, p: Pass, part: Transfer) -> Generator[simpy.Event, None, None] | None:
        words = psum_words(p, part)
        if self.psums.has_room(words):
            self.psums.take(words)
            return None
        return self._wait_for_psum_room(words)

    def _wait_for_psum_room(self, words: int) -> Generator[simpy.Event, None, None]:
        # where transfers do not overlap work, write-backs move only if the array stands still for them
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

    def _send_ofmap(self, p: Pass, part: Transfer) -> None:
        words = psum_words(p, part)
        link_words = self.engine.write_back(
            p, part.images.shifted(p.images.start), part.columns.shifted(p.columns.start)
        )
        self._moved.ofmap_drains += words
        self._moved.ofmap_link_words += link_words
        self.link.write_back(WriteBack(buffer=self.psums, room=words, link_words=link_words))

    def _release_filters(self, p: Pass, part: Transfer) -> None:
        del part  # all of them
        self.filters.give_back(min(filter_words(p), self.filters.capacity))

    def _release_ifmap(self, p: Pass, part: Transfer) -> None:
        # not the rows that the next strip finds there: see room_words
        self.ifmap.give_back(ifmap_words(p, part, p.strip.ifmap.size - p.strip.kept_after))

    def _fetch_filters(self, p: Pass) -> int:
        link_words = self.engine.fetch_filters(p.filters, p.filter_channels)
        self._moved.filter_fills += filter_words(p)
        self._moved.filter_link_words += link_words
        return link_words

    def _fetch_ifmap(self, p: Pass, transfer: Transfer) -> int:
        """Fetch a transfer; an image that comes in parts is one RLC tile, of which each part is its share."""
        # The engine codes whole images, when their first part moves. Differences of rounded-down shares add up to the
        # whole, whatever the parts.
        if transfer.columns.start == 0:
            self._tile_words = self.engine.fetch_ifmap(p, transfer.images.shifted(p.images.start))
        before, after = (self._tile_words * column // p.shape.width for column in transfer.columns)
        self._moved.ifmap_fills += ifmap_words(p, transfer, p.strip.stored_rows)
        self._moved.ifmap_link_words += after - before
        return after - before
