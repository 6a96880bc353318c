"""Three ways to say what a pass does: step every one with its values; time each distinct one once, and run every one
with its values; or neither, and take what values change from array code.

The stepped engine is the machine as it is defined. The others rest on one property of it: zeros gate but never skip a
cycle (NeuPart paper, section IV-D2), so that cycles, stalls and most events depend on a pass's shape alone.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analytical import counts as c
from analytical.counts import Counts
from analytical.errors import InputError
from analytical.layer import Layer
from analytical.mappings.tiling import Tiling
from analytical.spans import Span, spans
from simulator.machine import kernels
from simulator.machine.geometry import PassShape
from simulator.machine.pe_array import PassRun, PEArray, Stall
from simulator.machine.schedule import Pass
from simulator.machine.values import pass_values
from traces import rlc
from traces.convolution import convolve
from traces.tensors import LayerTensors

_Tile = tuple[int, Span, Span, Span]
"""A contiguous piece of ifmap that crosses the link: image, channels, rows and columns."""


@dataclass
class Tally:
    """What the PE array did over all passes so far, in PE-cycles, cycles and words.

    Attributes
    ----------
    counts : Counts
        MACs, and words by level, data and action, of RF, inter-PE and GLB.
    compute, gated, idle : int
        PE-cycles with a MAC, with one that a zero gated, and of PEs without work in their pass.
    stalls, ramp_up : dict of Stall to int
        PE-cycles by cause; of these, those before a PE's first MAC of a pass.
    cycles : int
        Of all passes, one after the other.
    cycles_by_shape : dict of PassShape to int
        The same, by the shape of the pass.
    """

    counts: Counts = field(default_factory=Counts)
    compute: int = 0
    gated: int = 0
    stalls: dict[Stall, int] = field(default_factory=lambda: dict.fromkeys(Stall, 0))
    ramp_up: dict[Stall, int] = field(default_factory=lambda: dict.fromkeys(Stall, 0))
    idle: int = 0
    cycles: int = 0
    cycles_by_shape: dict[PassShape, int] = field(default_factory=dict)

    def add(self, shape: PassShape, run: PassRun, times: int = 1) -> None:
        """Add so many passes of a shape that all ran like ``run``."""
        self.counts += run.counts * times
        self.compute += run.compute * times
        self.gated += run.gated * times
        for stall in Stall:
            self.stalls[stall] += run.stalls[stall] * times
            self.ramp_up[stall] += run.ramp_up[stall] * times
        self.idle += run.idle * times
        self.cycles += run.cycles * times
        self.cycles_by_shape[shape] = self.cycles_by_shape.get(shape, 0) + run.cycles * times


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

    def run(self, p: Pass) -> PassRun:
        """Run a pass on the array; all its data have been fetched."""

    def write_back(self, p: Pass, images: Span, columns: Span) -> int:
        """Send psums of a pass to DRAM as ofmap, a tile an image; DRAM words that crossed the link.

        Images are counted over the batch, columns over the ofmap. The words have 64 bits.
        """

    def tally(self) -> Tally:
        """What happened in all the passes that ran."""


def raw_words(values: int, b_w: int) -> int:
    """DRAM words of 64 bits that values of ``b_w`` bits fill, uncoded; the last is filled up.

    >>> raw_words(5, 16)
    2
    """
    return -(-values * b_w // rlc.WORD_BITS)


def _ifmap_moves_raw(tiling: Tiling) -> bool:
    """The network's input does (NeuPart paper, section IV-D2), and all others where the hardware has no code."""
    return tiling.layer.first or tiling.hardware.fmaps_move_raw


class SteppedEngine:
    """Every pass stepped with its values: what the link brings is decoded, kept in the GLB, streamed into the PEs,
    summed there, put back into the GLB, requantised and coded again."""

    def __init__(self, tiling: Tiling, tensors: LayerTensors) -> None:
        self._tiling = tiling
        self._tensors = tensors
        self._b_w = tiling.hardware.b_w
        self._array = PEArray(tiling.hardware)
        self._tally = Tally()
        # ifmap tiles in the GLB, for the filter block that they serve: the same tile may be there for the next one, too
        self._in_glb: dict[tuple[Span, _Tile], NDArray[np.int64]] = {}
        # by image: the rows that a strip leaves for the next one of its row block
        self._kept: dict[int, NDArray[np.int64]] = {}
        layer = tiling.layer
        self.ofmap = np.zeros((tiling.batch, layer.F, layer.E, layer.G), np.int64)

    def fetch_ifmap(self, p: Pass, images: Span) -> int:
        return sum(self._fetch(p, image) for image in range(*images))

    def _fetch(self, p: Pass, image: int) -> int:
        sent = _fetched_values(self._tensors, p, image)
        # the network's input moves raw, all other fmaps run-length coded (NeuPart paper, section IV-D2)
        if _ifmap_moves_raw(self._tiling):
            received, words = sent.astype(np.int64), raw_words(sent.size, self._b_w)
        else:
            received, words = self._through_code(sent)
        self._in_glb[p.filter_block, _fetched_tile(p, image)] = received
        return words

    def _through_code(self, values: NDArray[np.integer]) -> tuple[NDArray[np.int64], int]:
        """Values as they arrive, and the DRAM words that they took."""
        code = rlc.encode(values, self._b_w)
        return rlc.decode(code, values.size, self._b_w).reshape(values.shape), len(code)

    def run(self, p: Pass) -> PassRun:
        ifmap = np.stack([self._strip(p, image) for image in range(*p.images)])
        filters = _filters_of(self._tensors, self._tiling.layer, p)
        # the ofmap stands for the psums' part of the GLB: the kernel reads what earlier channels have left, and adds
        psums = np.ascontiguousarray(self.ofmap[p.images.slice, p.filters.slice, p.rows.slice, p.columns.slice])
        run = self._array.run(p.shape, ifmap, filters, psums)
        self.ofmap[p.images.slice, p.filters.slice, p.rows.slice, p.columns.slice] = psums
        self._tally.add(p.shape, run)
        return run

    def write_back(self, p: Pass, images: Span, columns: Span) -> int:
        psums = self.ofmap[images.slice, p.filters.slice, p.rows.slice, columns.slice]
        tiles = self._tensors.requantise(psums)
        if self._tiling.hardware.fmaps_move_raw:
            return sum(raw_words(tile.size, self._b_w) for tile in tiles)
        return sum(len(rlc.encode(tile, self._b_w)) for tile in tiles)

    def tally(self) -> Tally:
        return self._tally

    def _strip(self, p: Pass, image: int) -> NDArray[np.int64]:
        """A whole strip: rows that the last one left, and new ones; rows between windows are dropped."""
        # A strip that serves more filters stays; the last one takes it out. Rows that were fetched but that no window
        # of this strip sees (a stride larger than the filter) stand first, and are left out.
        tile = (p.filter_block, _fetched_tile(p, image))
        new = (self._in_glb.pop(tile) if p.leaves else self._in_glb[tile])[:, -p.strip.stored_rows :]
        strip = np.concatenate([self._kept.pop(image), new], axis=1) if p.strip.kept_before else new
        if p.strip.kept_after:
            self._kept[image] = strip[:, -p.strip.kept_after :]
        return strip


_KNOWN: dict[Any, dict[PassShape, PassRun]] = {}
"""What passes took that have been stepped in this process, by all that it depends on beside their shapes."""


def _known_runs(array: PEArray) -> dict[PassShape, PassRun]:
    """Passes that have been stepped on such an array; the kernel is a part of the key, since tests change it."""
    if sum(map(len, _KNOWN.values())) > MOST_KNOWN:
        _KNOWN.clear()
    return _KNOWN.setdefault((array.timing_key, type(array).run, kernels.step_pass), {})


MOST_KNOWN = 20_000
"""Passes that are remembered; about as many as a thousand networks have."""


class DetailedEngine(SteppedEngine):
    """Every pass with its values, which cross the link in code and lie in the GLB as in the stepped engine; but passes
    of a shape are stepped once in a process, for their timing, and all others computed
    (:mod:`simulator.machine.values`).
    """

    def __init__(self, tiling: Tiling, tensors: LayerTensors) -> None:
        super().__init__(tiling, tensors)
        self._known = _known_runs(self._array)
        self._times: Counter[PassShape] = Counter()
        self._nonzero = self._takes = 0
        # those of the last load: filters stay in the RFs for the strips of a row block
        self._loaded: tuple[Span, Span] | None = None
        self._filters = np.empty((0, 0, 0, 0))

    def run(self, p: Pass) -> PassRun:
        ifmap = np.stack([self._strip(p, image) for image in range(*p.images)])
        found = pass_values(p.shape, ifmap, self._filters_as_floats(p))
        psums = found.psums
        run = self._known.get(p.shape)
        if run is None:
            stepped = np.zeros_like(psums)
            filters = _filters_of(self._tensors, self._tiling.layer, p)
            run = self._known[p.shape] = self._array.run(p.shape, ifmap, filters, stepped)
            # were they not the same, the ofmap would have the array's, for --verify to find
            psums = stepped
        place = p.images.slice, p.filters.slice, p.rows.slice, p.columns.slice
        # the ofmap stands for the psums' part of the GLB: the pass adds to what earlier channels have left
        self.ofmap[place] = self.ofmap[place] + psums if p.shape.reads_psums else psums
        self._times[p.shape] += 1
        self._nonzero += found.nonzero_macs
        self._takes += found.psum_takes
        return run

    def _through_code(self, values: NDArray[np.integer]) -> tuple[NDArray[np.int64], int]:
        return rlc.sent(values, self._b_w)

    def tally(self) -> Tally:
        return _with_values(_timed(self._known, self._times), self._nonzero, self._takes)

    def _filters_as_floats(self, p: Pass) -> NDArray[np.float64]:
        if self._loaded != (p.filters, p.channels):
            filters = _filters_of(self._tensors, self._tiling.layer, p)
            self._filters = np.ascontiguousarray(filters.transpose(1, 2, 3, 0), np.float64)
            self._loaded = p.filters, p.channels
        return self._filters


def _timed(known: Mapping[PassShape, PassRun], times: Mapping[PassShape, int]) -> Tally:
    """What all passes did, each as the one of its shape that was stepped."""
    tally = Tally()
    for shape, number in times.items():
        tally.add(shape, known[shape], number)
    return tally


def _with_values(tally: Tally, nonzero: int, taken: int) -> Tally:
    """With the layer's own zeros in place of those of the passes that were stepped: in MACs, and in the RF accesses
    that only a nonzero MAC makes. All other events are the same whatever the values.
    """
    macs = tally.compute + tally.gated
    tally.compute, tally.gated = nonzero, macs - nonzero
    events = dict(tally.counts.events)
    events[c.RF_FILTER_READ] = events[c.RF_PSUM_WRITE] = nonzero
    events[c.RF_PSUM_READ] = nonzero - taken
    tally.counts = Counts(macs, nonzero, events)
    return tally


class FastEngine:
    """Each distinct pass once in a process, for its cycles and for the events that values do not change; what values do
    change, the MACs and psum reads that zeros gate and the sizes of RLC tiles, comes from array code over the tensors.

    A pass that is stepped has the values of the layer's first pass of its shape. Were its psums not what the array
    code gives, ``ofmap`` would have the machine's, for ``--verify`` to find.
    """

    def __init__(self, tiling: Tiling, tensors: LayerTensors) -> None:
        self._tiling = tiling
        self._tensors = tensors
        self._b_w = tiling.hardware.b_w
        self._array = PEArray(tiling.hardware)
        self._known = _known_runs(self._array)
        self._runs: dict[PassShape, PassRun] = {}
        self._times: dict[PassShape, int] = {}
        # by images, channels, rows and columns: every filter tile that needs a strip again gets the same code
        self._fetch_words: dict[tuple[Span, Span, Span, Span], int] = {}
        self.ofmap = tensors.psums

    def fetch_ifmap(self, p: Pass, images: Span) -> int:
        tiles = (images, p.channels, p.strip.fetched, p.ifmap_columns)
        words = self._fetch_words.get(tiles)
        if words is None:
            words = self._fetch_words[tiles] = sum(
                self._tile_words(_fetched_values(self._tensors, p, image)) for image in range(*images)
            )
        return words

    def _tile_words(self, values: NDArray[np.integer]) -> int:
        if _ifmap_moves_raw(self._tiling):
            return raw_words(values.size, self._b_w)
        return rlc.encoded_words(values, self._b_w)

    def run(self, p: Pass) -> PassRun:
        run = self._runs.get(p.shape)
        if run is None:
            run = self._known.get(p.shape)
            if run is None:
                run = self._known[p.shape] = self._step(p)
            self._runs[p.shape] = run
            self._times[p.shape] = 0
        self._times[p.shape] += 1
        return run

    def repeat(self, shapes: Mapping[PassShape, int]) -> None:
        """Count passes that are like those that have run, so many of each shape."""
        for shape, times in shapes.items():
            self._times[shape] += times

    def write_back(self, p: Pass, images: Span, columns: Span) -> int:
        values = self._tensors.ofmap[images.slice, p.filters.slice, p.rows.slice, columns.slice]
        if self._tiling.hardware.fmaps_move_raw:
            return sum(raw_words(tile.size, self._b_w) for tile in values)
        return sum(rlc.encoded_words(tile, self._b_w) for tile in values)

    def tally(self) -> Tally:
        nonzero = count_nonzero_macs(self._tiling.layer, self._tensors.ifmap)
        taken = count_psum_takes(self._tiling, self._tensors.ifmap)
        return _with_values(_timed(self._runs, self._times), nonzero, taken)

    def _step(self, p: Pass) -> PassRun:
        layer = self._tiling.layer
        ifmap = self._tensors.ifmap[p.images.slice, p.channels.slice, p.strip.ifmap.slice, p.ifmap_columns.slice]
        filters = _filters_of(self._tensors, layer, p)
        psums = np.zeros((p.images.size, p.filters.size, p.rows.size, p.columns.size), np.int64)
        run = self._array.run(p.shape, ifmap, filters, psums)
        # From zero even where the pass would read psums, whose values change no cycle; so what comes out is this pass's
        # own share, and is compared with exact array code.
        wrong = psums - convolve(ifmap, filters, stride=(layer.U, layer.V), groups=1, E=p.rows.size, G=p.columns.size)
        if wrong.any():
            # the tensors' psums stay right: what is wrong shows in this engine's ofmap alone
            self.ofmap = self.ofmap.copy()
            self.ofmap[p.images.slice, p.filters.slice, p.rows.slice, p.columns.slice] += wrong
        return run


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


def _fetched_tile(p: Pass, image: int) -> _Tile:
    return image, p.channels, p.strip.fetched, p.ifmap_columns


def _fetched_values(tensors: LayerTensors, p: Pass, image: int) -> NDArray[np.int16]:
    return tensors.ifmap[image, p.channels.slice, p.strip.fetched.slice, p.ifmap_columns.slice]


def _filters_of(tensors: LayerTensors, layer: Layer, p: Pass) -> NDArray[np.int16]:
    """A pass's filters; theirs are the channels of one group."""
    channels = p.channels.shifted(-p.group * layer.C)
    return tensors.filters[p.filters.slice, channels.slice]


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
