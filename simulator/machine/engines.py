"""Three ways to say what a pass does: step it with its values; time its shape, and compute its values; or time its
shape, and take what values change from array code over the whole layer.

The stepped engine is the machine as it is defined. The others rest on one property of it: zeros gate but never skip a
cycle (NeuPart paper, section IV-D2), so that cycles, stalls and most events depend on a pass's shape alone. On hardware
that skips they depend on which words are zero, too, and every pass is timed by itself
(:mod:`simulator.machine.skipping`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from analytical.counts import Counts, Event
from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.tiling import Tiling
from analytical.spans import Span, spans
from simulator.machine.filter_code import FilterCode, raw_words
from simulator.machine.geometry import PassShape
from simulator.machine.masks import effectual_macs, masks_of, sets_of_group, taken_psums
from simulator.machine.pe_array import PassTimes, PassTiming, PEArray, Stall, counts_of
from simulator.machine.schedule import Pass
from simulator.machine.skipping import Place, Skipping, threads
from simulator.machine.values import pass_values
from traces import rlc
from traces.tensors import LayerTensors

_Fetched = tuple[Span, Span, Span, Span, Span]
"""New rows of a strip in the GLB: the filter block that they serve, images, channels, rows and columns."""


@dataclass
class Tally:
    """What the PE array did over all passes so far, in PE-cycles, cycles and words.

    Attributes
    ----------
    moved : Counter of Event
        Words that moved between RFs, between PEs, and in and out of the GLB.
    macs, skipped : int
        MACs; those of them that take no cycle.
    nonzero_macs, nonzero_ifmap_macs : int
        MACs that were carried out; those whose pixel is not zero.
    psum_takes : int
        Psums that a MAC took from the PE below.
    idle : int
        PE-cycles of PEs without work in their pass.
    stalls, ramp_up : dict of Stall to int
        PE-cycles by cause; of these, those before a PE's first MAC of a pass.
    cycles : int
        Of all passes, one after the other.
    cycles_by_shape : dict of PassShape to int
        The same, by the shape of the pass.
    """

    moved: "Counter[Event]" = field(default_factory=Counter)
    macs: int = 0
    skipped: int = 0
    nonzero_macs: int = 0
    nonzero_ifmap_macs: int = 0
    psum_takes: int = 0
    stalls: dict[Stall, int] = field(default_factory=lambda: dict.fromkeys(Stall, 0))
    ramp_up: dict[Stall, int] = field(default_factory=lambda: dict.fromkeys(Stall, 0))
    idle: int = 0
    cycles: int = 0
    cycles_by_shape: dict[PassShape, int] = field(default_factory=dict)

    def add(self, shape: PassShape, timing: PassTiming, times: int = 1) -> None:
        """Add so many passes of a shape that all take what ``timing`` says, but for what their values do."""
        for event, words in timing.moved.items():
            self.moved[event] += words * times
        self.macs += timing.macs * times
        self.skipped += timing.skipped * times
        for stall in Stall:
            self.stalls[stall] += timing.stalls[stall] * times
            self.ramp_up[stall] += timing.ramp_up[stall] * times
        self.idle += timing.idle * times
        self.cycles += timing.cycles * times
        self.cycles_by_shape[shape] = self.cycles_by_shape.get(shape, 0) + timing.cycles * times

    def add_values(self, done: "Done") -> None:
        """Add what values do, over as many passes."""
        self.nonzero_macs += done.nonzero_macs
        self.nonzero_ifmap_macs += done.nonzero_ifmap_macs
        self.psum_takes += done.psum_takes

    @property
    def gated(self) -> int:
        """PE-cycles with a MAC that a zero gated."""
        return self.macs - self.skipped - self.nonzero_macs

    @property
    def counts(self) -> Counts:
        """MACs, and words by level, data and action, of RF, inter-PE and GLB."""
        return counts_of(self.moved, self.macs, self.nonzero_macs, self.psum_takes)


class Done(NamedTuple):
    """What values do: MACs that are carried out, MACs whose pixel is not zero, psums that PEs take from those below."""

    nonzero_macs: int
    nonzero_ifmap_macs: int
    psum_takes: int


class Engine(Protocol):
    """What the machine asks of an engine, in the order of events: fetch, run, write back.

    An engine is made of a ``Tiling`` and the ``LayerTensors`` of its layer and batch.
    """

    ofmap: NDArray[np.int64]
    """Psums of the whole layer (batch, F, E, G) once every pass has run."""

    def fetch_ifmap(self, p: Pass, images: Span) -> int:
        """Bring the new rows of these images' strips into the GLB; DRAM words that crossed the link.

        Images are counted over the batch. The words have 64 bits.
        """

    def fetch_filters(self, filters: Span, channels: Span) -> int:
        """Bring a tile of filters into its buffer; DRAM words that crossed the link.

        Filters are counted over the layer, channels over those of a filter.
        """

    def run(self, p: Pass) -> PassTimes:
        """Run a pass on the array; all its data have been fetched."""

    def write_back(self, p: Pass, images: Span, columns: Span) -> int:
        """Send psums of a pass to DRAM as ofmap, a tile an image; DRAM words that crossed the link.

        Images are counted over the batch, columns over the ofmap. The words have 64 bits.
        """

    def tally(self) -> Tally:
        """What happened in all the passes that ran."""


def _ifmap_moves_raw(tiling: Tiling) -> bool:
    """The network's input does (NeuPart paper, section IV-D2), and all others where the hardware has no code."""
    return tiling.layer.first or tiling.hardware.fmaps_move_raw


def _most_words(tiling: Tiling, tiles: NDArray[np.integer]) -> int | None:
    """Words that a tile takes at most, where the hardware sends it raw if its code is longer."""
    hardware = tiling.hardware
    return raw_words(tiles[0].size, hardware.b_w) if hardware.tiles_move_raw_where_shorter else None


class SteppedEngine:
    """Every pass stepped with its values: what the link brings is decoded, kept in the GLB, streamed into the PEs,
    summed there, put back into the GLB, requantised and coded again."""

    def __init__(self, tiling: Tiling, tensors: LayerTensors) -> None:
        self._tiling = tiling
        self._tensors = tensors
        self._b_w = tiling.hardware.b_w
        self._array = PEArray(tiling.hardware)
        self._tally = Tally()
        self._filter_code = FilterCode(tiling.hardware, tensors)
        # tiles of filters that came in code, as they arrived; others are those of the tensors
        self._arrived: dict[tuple[Span, Span], NDArray[np.int16]] = {}
        # ifmap tiles in the GLB, for the filter block that they serve: the same tile may be there for the next one, too
        self._in_glb: dict[_Fetched, NDArray[np.int64]] = {}
        # by images: the rows that a strip leaves for the next one of its row block
        self._kept: dict[Span, NDArray[np.int64]] = {}
        layer = tiling.layer
        self.ofmap = np.zeros((tiling.batch, layer.F, layer.E, layer.G), np.int64)

    def fetch_ifmap(self, p: Pass, images: Span) -> int:
        sent = _fetched_values(self._tensors, p, images)
        # the network's input moves raw, all other fmaps run-length coded (NeuPart paper, section IV-D2)
        if _ifmap_moves_raw(self._tiling):
            received, words = sent.astype(np.int64), images.size * raw_words(sent[0].size, self._b_w)
        else:
            received, words = self._through_code(sent)
        fetched = _fetched(p)
        if fetched not in self._in_glb:
            self._in_glb[fetched] = np.empty((p.images.size, *received.shape[1:]), np.int64)
        self._in_glb[fetched][images.shifted(-p.images.start).slice] = received
        return words

    def _through_code(self, tiles: NDArray[np.integer]) -> tuple[NDArray[np.int64], int]:
        """Tiles as they arrive, and the DRAM words that they took."""
        codes = [rlc.encode(tile, self._b_w) for tile in tiles]
        arrived = [rlc.decode(code, tiles[0].size, self._b_w).reshape(tiles[0].shape) for code in codes]
        return np.stack(arrived), self._words_of_codes(tiles, codes)

    def _words_of_codes(self, tiles: NDArray[np.integer], codes: list[NDArray[np.uint64]]) -> int:
        most = _most_words(self._tiling, tiles)
        return sum(len(code) if most is None else min(len(code), most) for code in codes)

    def fetch_filters(self, filters: Span, channels: Span) -> int:
        tile = _filter_tile(self._tensors, filters, channels)
        if self._filter_code.is_plain:
            return self._filter_code.words(tile)
        self._arrived[filters, channels], words = self._filter_code.sent(tile)
        return words

    def _filters_that_came(self, p: Pass) -> NDArray[np.int16]:
        """A pass's filters, as they have arrived."""
        place = p.filters, p.filter_channels
        return _filter_tile(self._tensors, *place) if self._filter_code.is_plain else self._arrived[place]

    def run(self, p: Pass) -> PassTimes:
        filters = self._filters_that_came(p)
        # the ofmap stands for the psums' part of the GLB: the kernel reads what earlier channels have left, and adds
        psums = np.ascontiguousarray(self.ofmap[p.images.slice, p.filters.slice, p.rows.slice, p.columns.slice])
        run = self._array.run(p.shape, self._strip(p), filters, psums)
        self.ofmap[p.images.slice, p.filters.slice, p.rows.slice, p.columns.slice] = psums
        self._tally.add(p.shape, run)
        self._tally.add_values(Done(run.nonzero_macs, run.nonzero_ifmap_macs, run.psum_takes))
        return run

    def write_back(self, p: Pass, images: Span, columns: Span) -> int:
        place = images.slice, p.filters.slice, p.rows.slice, columns.slice
        tiles = self._tensors.leaving(*place, self.ofmap[place])
        if self._tiling.hardware.fmaps_move_raw:
            return sum(raw_words(tile.size, self._b_w) for tile in tiles)
        return self._words_of_codes(tiles, [rlc.encode(tile, self._b_w) for tile in tiles])

    def tally(self) -> Tally:
        return self._tally

    def _strip(self, p: Pass) -> NDArray[np.int64]:
        """A whole strip: rows that the last one left, and new ones; rows between windows are dropped."""
        # A strip that serves more filters stays; the last one takes it out. Rows that were fetched but that no window
        # of this strip sees (a stride larger than the filter) stand first, and are left out.
        fetched = _fetched(p)
        new = (self._in_glb.pop(fetched) if p.leaves else self._in_glb[fetched])[:, :, -p.strip.stored_rows :]
        strip = np.concatenate([self._kept.pop(p.images), new], axis=2) if p.strip.kept_before else new
        if p.strip.kept_after:
            self._kept[p.images] = strip[:, :, -p.strip.kept_after :]
        return strip


_KNOWN: dict[Any, dict[PassShape, PassTiming]] = {}
"""Passes that have been timed in this process, by all that it depends on beside their shapes."""

MOST_KNOWN = 20_000
"""Passes that are remembered; about as many as a thousand networks have."""


def forget_timings() -> None:
    """Time all passes anew from now on, as a new process does."""
    _KNOWN.clear()


class _Timings:
    """Passes of one array, each shape timed once in a process, and how often they have run."""

    def __init__(self, array: PEArray) -> None:
        self._array = array
        if sum(map(len, _KNOWN.values())) > MOST_KNOWN:
            forget_timings()
        # what times them is a part of the key, since tests change it
        self._known = _KNOWN.setdefault((array.timing_key, type(array).time), {})
        self.times: Counter[PassShape] = Counter()

    def run(self, shape: PassShape) -> PassTiming:
        """One more pass of that shape."""
        self.times[shape] += 1
        timing = self._known.get(shape)
        if timing is None:
            timing = self._known[shape] = self._array.time(shape)
        return timing

    def tally(self, done: Done) -> Tally:
        """What all of them did, with what their values did."""
        tally = Tally()
        for shape, times in self.times.items():
            tally.add(shape, self._known[shape], times)
        tally.add_values(done)
        return tally


def timing_of(hardware: Hardware, shape: PassShape) -> PassTiming:
    """What happens in a pass of a shape, on hardware that does not skip; known, if one has run in this process."""
    return _Timings(PEArray(hardware)).run(shape)


class DetailedEngine(SteppedEngine):
    """Every pass with its values, which cross the link in code and lie in the GLB as in the stepped engine; but its
    timing is that of its shape (:mod:`simulator.machine.timing`), and its values are computed apart from it
    (:mod:`simulator.machine.values`).
    """

    def __init__(self, tiling: Tiling, tensors: LayerTensors) -> None:
        super().__init__(tiling, tensors)
        self._timings = _Timings(self._array)
        # a pass is all that its masks are of
        self._skipping = Skipping(self._array) if tiling.hardware.skips else None
        self._done = Done(0, 0, 0)
        # those of the last load: filters stay in the RFs for the strips of a row block
        self._loaded: tuple[Span, Span] | None = None
        self._filters = np.empty((0, 0, 0, 0))

    def run(self, p: Pass) -> PassTimes:
        spares = self._tiling.hardware.filter_zeros_spare
        strip = self._strip(p)
        found = pass_values(p.shape, strip, self._filters_as_floats(p), filter_zeros_spare=spares)
        place = p.images.slice, p.filters.slice, p.rows.slice, p.columns.slice
        # the ofmap stands for the psums' part of the GLB: the pass adds to what earlier channels have left
        self.ofmap[place] = self.ofmap[place] + found.psums if p.shape.reads_psums else found.psums
        done = found.nonzero_macs, found.nonzero_ifmap_macs, found.psum_takes
        self._done = Done(*(a + b for a, b in zip(self._done, done, strict=True)))
        return self._timings.run(p.shape) if self._skipping is None else self._skip(self._skipping, p, strip)

    def _skip(self, skipping: Skipping, p: Pass, strip: NDArray[np.int64]) -> PassTimes:
        """Time a pass by the zeros of what has arrived."""
        stops = np.cumsum(p.shape.set_channels).tolist()
        sets = [Span(start, stop) for start, stop in zip([0, *stops], stops, strict=False)]
        groups = np.split(strip, p.shape.groups, axis=1)
        pixels = np.concatenate([masks_of(of_group, sets) for of_group in groups])
        filters = masks_of(self._filters_that_came(p), sets)
        return skipping.start([(p.shape, Place(0, 0, 0, 0, 0, 0))], pixels, filters, len(sets))()[0]

    def _through_code(self, tiles: NDArray[np.integer]) -> tuple[NDArray[np.int64], int]:
        return rlc.sent(tiles, self._b_w, _most_words(self._tiling, tiles))

    def tally(self) -> Tally:
        return self._timings.tally(self._done) if self._skipping is None else _tally_of(self._skipping, self._done)

    def _filters_as_floats(self, p: Pass) -> NDArray[np.float64]:
        if self._loaded != (p.filters, p.channels):
            filters = self._filters_that_came(p)
            # by group, channel, row, column and filter
            by_group = filters.reshape(p.shape.groups, -1, *filters.shape[1:])
            self._filters = np.ascontiguousarray(by_group.transpose(0, 2, 3, 4, 1), np.float64)
            self._loaded = p.filters, p.channels
        return self._filters


class FastEngine:
    """Each distinct pass timed once in a process; what values change, psums, the MACs and psum reads that zeros gate
    and the sizes of RLC tiles, comes from array code over the tensors."""

    def __init__(self, tiling: Tiling, tensors: LayerTensors) -> None:
        self._tiling = tiling
        self._tensors = tensors
        self._b_w = tiling.hardware.b_w
        array = PEArray(tiling.hardware)
        self._timings = _Timings(array)
        self._filter_code = FilterCode(tiling.hardware, tensors)
        self._filter_words: dict[tuple[Span, Span], int] = {}
        self._masks: _LayerMasks | None = None
        self._skipping: Skipping | None = None
        if tiling.hardware.skips:
            self._masks = _LayerMasks(tiling, tensors)
            self._skipping = Skipping(array)
        # by images, channels, rows and columns: every filter tile that needs a strip again gets the same code
        self._fetch_words: dict[tuple[Span, Span, Span, Span], int] = {}
        self.ofmap = tensors.psums

    def fetch_ifmap(self, p: Pass, images: Span) -> int:
        tiles = (images, p.channels, p.strip.fetched, p.ifmap_columns)
        words = self._fetch_words.get(tiles)
        if words is None:
            values = _fetched_values(self._tensors, p, images)
            words = self._fetch_words[tiles] = self._words(values, raw=_ifmap_moves_raw(self._tiling))
        return words

    def _words(self, tiles: NDArray[np.integer], *, raw: bool) -> int:
        """DRAM words of tiles of as many images."""
        if raw:
            return len(tiles) * raw_words(tiles[0].size, self._b_w)
        return rlc.words_of_tiles(tiles, self._b_w, _most_words(self._tiling, tiles))

    def fetch_filters(self, filters: Span, channels: Span) -> int:
        if not self._filter_code.depends_on_values:
            # without a look at the values, which may not be there yet: they are made as they are needed
            layer = self._tiling.layer
            return self._filter_code.raw_words(filters.size * channels.size * layer.R * layer.S)
        words = self._filter_words.get((filters, channels))
        if words is None:
            words = self._filter_code.words(_filter_tile(self._tensors, filters, channels))
            self._filter_words[filters, channels] = words
        return words

    @property
    def filters_by_values(self) -> bool:
        """What filters take on the link depends on their values."""
        return self._filter_code.depends_on_values

    def run(self, p: Pass) -> PassTimes:
        return self._timings.run(p.shape) if self._skipping is None else self.start([p])()[0]

    def start(self, passes: Sequence[Pass], pool: Executor | None = None) -> Callable[[], list[PassTimes]]:
        """Begin to run passes on hardware that skips, each by its own zeros; what is returned gives their times."""
        if self._skipping is None or self._masks is None:
            raise RuntimeError(f"{self._tiling.hardware.name} does not skip: a pass's shape says its times")
        masks = self._masks
        places = [(p.shape, masks.place(p)) for p in passes]
        return self._skipping.start(places, masks.pixels, masks.filters, len(masks.sets), pool)

    def repeat(self, shapes: "Counter[PassShape]") -> None:
        """Count passes that are like those that have run, so many of each shape."""
        self._timings.times.update(shapes)

    def write_back(self, p: Pass, images: Span, columns: Span) -> int:
        values = self._tensors.ofmap[images.slice, p.filters.slice, p.rows.slice, columns.slice]
        return self._words(values, raw=self._tiling.hardware.fmaps_move_raw)

    def tally(self) -> Tally:
        layer, ifmap = self._tiling.layer, self._tensors.ifmap
        of_pixels = count_nonzero_macs(layer, ifmap)
        if self._tiling.hardware.filter_zeros_spare and not self._tensors.filters.all():
            masks = self._masks or _LayerMasks(self._tiling, self._tensors)
            done = Done(masks.effectual_macs(), of_pixels, masks.taken_psums())
        else:
            done = Done(of_pixels, of_pixels, count_psum_takes(self._tiling, ifmap))
        return self._timings.tally(done) if self._skipping is None else _tally_of(self._skipping, done)


class _LayerMasks:
    """Which words of a whole layer are not zero."""

    def __init__(self, tiling: Tiling, tensors: LayerTensors) -> None:
        self._tiling, self._tensors = tiling, tensors
        layer = tiling.layer
        self.sets = sets_of_group(tiling)
        self._number = {members.start: number for number, members in enumerate(self.sets)}
        of_groups = [members.shifted(group * layer.C) for group in range(layer.groups) for members in self.sets]
        self.pixels = masks_of(tensors.ifmap, of_groups)
        self.filters = masks_of(tensors.filters, self.sets)

    def place(self, p: Pass) -> Place:
        """Where a pass lies in them."""
        of_filter = self._number[p.filter_channels.start]
        return Place(
            image=p.images.start,
            pixel_set=p.groups.start * len(self.sets) + of_filter,
            row=p.strip.ifmap.start,
            column=p.ifmap_columns.start,
            first_filter=p.filters.start,
            filter_set=of_filter,
        )

    def effectual_macs(self) -> int:
        """MACs of the whole batch whose pixel and filter value both are not zero."""
        layer = self._tiling.layer
        nonzero_pixels = np.count_nonzero(self._tensors.ifmap, axis=0)
        stride = layer.U, layer.V
        return effectual_macs(nonzero_pixels, self._tensors.filters, groups=layer.groups, stride=stride)

    def taken_psums(self) -> int:
        """Psums that such a MAC takes from the PE below."""
        layer = self._tiling.layer
        # the last set of each tile of channels has the bottom PE
        bottoms = {channels.stop for channels in spans(layer.C, self._tiling.z)}
        jobs = [(group, number) for group in range(layer.groups) for number in range(len(self.sets))]

        def of_set(job: tuple[int, int]) -> int:
            group, number = job
            filters = slice(group * layer.filters_per_group, (group + 1) * layer.filters_per_group)
            return taken_psums(
                self.pixels[group * len(self.sets) + number],
                self.filters[number, filters],
                bottom=layer.R - 1 if self.sets[number].stop in bottoms else None,
                stride=(layer.U, layer.V),
                size=(layer.E, layer.G),
            )

        with threads() as pool:
            return sum(pool.map(of_set, jobs))


def _tally_of(skipping: Skipping, done: Done) -> Tally:
    """What all passes on hardware that skips did."""
    tally = Tally()
    for shape, timing in skipping.timings():
        tally.add(shape, timing)
    tally.add_values(done)
    return tally


AnyEngine = type[SteppedEngine] | type[FastEngine]

ENGINES: dict[str, AnyEngine] = {"fast": FastEngine, "detailed": DetailedEngine, "stepped": SteppedEngine}
"""Every engine, by name; the first is the default. All have the same results."""


class EngineError(InputError):
    """An engine that does not exist; the message lists those that do."""


def engine_named(name: str) -> AnyEngine:
    """The engine of that name.

    Raises
    ------
    EngineError
        There is none.
    """
    if name not in ENGINES:
        raise EngineError(f"engine is {name!r}; expected one of {', '.join(ENGINES)}")
    return ENGINES[name]


def _fetched(p: Pass) -> _Fetched:
    return p.filter_block, p.images, p.channels, p.strip.fetched, p.ifmap_columns


def _fetched_values(tensors: LayerTensors, p: Pass, images: Span) -> NDArray[np.int16]:
    return tensors.ifmap[images.slice, p.channels.slice, p.strip.fetched.slice, p.ifmap_columns.slice]


def _filter_tile(tensors: LayerTensors, filters: Span, channels: Span) -> NDArray[np.int16]:
    return tensors.filters[filters.slice, channels.slice]


def count_nonzero_macs(layer: Layer, ifmap: NDArray[np.integer]) -> int:
    """MACs of the whole batch whose ifmap value is not zero, which alone decides whether a MAC is gated.

    Parameters
    ----------
    layer : Layer
        Its shape.
    ifmap : (batch, channels, H, W)
        Padded; channels of all groups.

    Examples
    --------
    Four windows of 2x2 on a 3x3 ifmap; all see the pixel in the middle, one sees that in the corner.

    >>> layer = Layer.conv("L", channels=1, size=3, filters=5, filter=2)
    >>> ifmap = np.array([[[[1, 0, 0], [0, 1, 0], [0, 0, 0]]]])
    >>> count_nonzero_macs(layer, ifmap) == (4 + 1) * 5
    True
    """
    # Each filter value (r, s) meets every stride-th pixel, from (r, s) on. A channel meets the filters of its group,
    # and all groups have as many, so that channels and images can be added up first.
    nonzero = np.count_nonzero(ifmap, axis=(0, 1))
    uses = sum(
        int(nonzero[_windows(layer.U, r, layer.E), _windows(layer.V, s, layer.G)].sum())
        for r in range(layer.R)
        for s in range(layer.S)
    )
    return uses * layer.filters_per_group


def count_psum_takes(tiling: Tiling, ifmap: NDArray[np.integer]) -> int:
    """Psums that a nonzero MAC takes from the PE below: one for each filter, PE and window in which that PE sees a
    nonzero value, but for the bottom PE of the stack, whose psum lies in its RF.

    Parameters
    ----------
    tiling : Tiling
        Layer, and how many channels each set and each pass takes.
    ifmap : (batch, channels, H, W)
        Padded; channels of all groups.
    """
    layer = tiling.layer
    takes = 0
    for first in range(0, layer.channels, layer.C):
        for channels in spans(layer.C, tiling.z, first):
            stack = spans(channels.size, tiling.C_set, channels.start)
            for set_channels in stack:
                # a PE sees its set's channels of one row: which pixels, then which windows of a row, are not all zero
                seen = (ifmap[:, set_channels.slice] != 0).any(axis=1)
                in_window = np.zeros((*seen.shape[:2], layer.G), np.bool_)
                for s in range(layer.S):
                    in_window |= seen[:, :, _windows(layer.V, s, layer.G)]
                for i in range(layer.R):
                    if (set_channels, i) != (stack[-1], layer.R - 1):
                        takes += int(np.count_nonzero(in_window[:, _windows(layer.U, i, layer.E)]))
    return takes * layer.filters_per_group


def _windows(stride: int, offset: int, count: int) -> slice:
    """Position ``offset`` of each of ``count`` windows."""
    return slice(offset, offset + stride * (count - 1) + 1, stride)
