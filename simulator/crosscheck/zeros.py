"""What the zeros of a layer's data do: MACs they gate, windows they empty, the code that they shorten.

Counted for the cross-check by other means than the machine's; only the sizes of tiles, and the pieces in which ofmaps
leave (:mod:`simulator.machine.transfers`), are the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from analytical.layer import Layer
from analytical.mappings.tiling import Tiling
from analytical.spans import spans
from simulator.machine.schedule import channel_tiles_of, filter_tiles_of, pass_shape
from simulator.machine.transfers import pieces


def nonzero_macs(layer: Layer, ifmap: NDArray[np.integer]) -> int:
    """MACs of the batch less those of each zero: as many as windows see it, for each filter of its group.

    Parameters
    ----------
    layer : Layer
        The layer.
    ifmap : (batch, channels, H, W), integers
        Padded.

    Examples
    --------
    >>> layer = Layer.conv("L", channels=1, size=3, filters=5, filter=2)
    >>> ifmap = np.ones((1, 1, 3, 3), int)
    >>> ifmap[0, 0, 1, 1] = 0  # the pixel in the middle, which all four windows see
    >>> layer.macs, nonzero_macs(layer, ifmap)
    (80, 60)
    """
    seen_by = np.outer(_windows_on(layer.H, layer.R, layer.U, layer.E), _windows_on(layer.W, layer.S, layer.V, layer.G))
    # where a pixel lies decides, not in which image or channel: zeros of all are counted place by place
    zeros = np.count_nonzero(ifmap == 0, axis=(0, 1))
    gated = int((zeros * seen_by).sum()) * layer.filters_per_group
    return layer.macs * len(ifmap) - gated


def _windows_on(size: int, window: int, stride: int, count: int) -> NDArray[np.int64]:
    """How many of ``count`` windows see each row (or column)."""
    # one more where a window begins, one less where it has ended: summed up, how many there are
    ends = np.zeros(size + 1, np.int64)
    starts = stride * np.arange(count)
    np.add.at(ends, starts, 1)
    np.add.at(ends, starts + window, -1)
    return np.cumsum(ends)[:-1]


def empty_windows(tiling: Tiling, ifmap: NDArray[np.integer]) -> int:
    """Psums that pass through a PE, from the one below, while no pixel of its row of the window is nonzero: the PE
    then has no use for them.

    Parameters
    ----------
    tiling : Tiling
        Says which channels are in one set, and so in one PE.
    ifmap : (batch, channels, H, W), integers
        Padded.
    """
    layer = tiling.layer
    empty = 0
    for group in range(layer.groups):
        for channels in spans(layer.C, tiling.z, group * layer.C):
            for members in spans(channels.size, tiling.C_set, channels.start):
                # nonzero pixels of all the set's channels, summed along each row: equal sums, nothing in between
                pixels = np.count_nonzero(ifmap[:, members.slice], axis=1)
                up_to = np.cumsum(np.pad(pixels, ((0, 0), (0, 0), (1, 0))), axis=2)
                # first columns of the windows
                left = layer.V * np.arange(layer.G)
                of_row = np.count_nonzero(up_to[:, :, left + layer.S] == up_to[:, :, left], axis=(0, 2))
                # the bottom PE of the stack has its psum in its own RF
                above_bottom = layer.R - (members.stop == channels.stop)
                empty += int((of_row * _windows_on(layer.H, above_bottom, layer.U, layer.E)).sum())
    return empty * layer.filters_per_group


@dataclass(frozen=True, kw_only=True, slots=True)
class Coded:
    """What run-length coding makes of tiles; adds with ``+``.

    Attributes
    ----------
    values, nonzeros : int
        In all tiles.
    overflows : int
        Pairs whose value is zero, since a run exceeds its field.
    restarts : int
        Pairs whose value is zero, since a run ends with its tile.
    words : int
        64-bit words, the last of each tile filled up.
    longer : int
        Of them, those by which tiles are longer than they would be raw.
    """

    values: int = 0
    nonzeros: int = 0
    overflows: int = 0
    restarts: int = 0
    words: int = 0
    longer: int = 0

    @property
    def pairs(self) -> int:
        """Pairs of a run and a value."""
        return self.nonzeros + self.overflows + self.restarts

    def __add__(self, other: "Coded") -> "Coded":
        return Coded(
            values=self.values + other.values,
            nonzeros=self.nonzeros + other.nonzeros,
            overflows=self.overflows + other.overflows,
            restarts=self.restarts + other.restarts,
            words=self.words + other.words,
            longer=self.longer + other.longer,
        )


def code(tiles: Iterable[NDArray[np.integer]], run_bits: int, pairs_of_word: int) -> Coded:
    """Run-length code of tiles, from the gaps between nonzero values.

    Parameters
    ----------
    tiles : iterable of arrays
        Each is coded by itself, in C order.
    run_bits : int
        Bits of the field for a run.
    pairs_of_word : int
        Pairs in a 64-bit word.

    Examples
    --------
    >>> code([np.array([0, 0, 7, 0])], run_bits=5, pairs_of_word=3)
    Coded(values=4, nonzeros=1, overflows=0, restarts=1, words=1, longer=0)
    """
    total = Coded()
    for several in _batches(tiles):
        total += _code(several, run_bits, pairs_of_word)
    return total


def expected_overflows(share: float, longest: int) -> float:
    """Pairs a value that runs too long for one need, if each value is zero with that chance, whatever the others are.

    Parameters
    ----------
    share : float
        Of zeros, from 0 to 1.
    longest : int
        Zeros that one pair can stand for, its value among them.

    Examples
    --------
    >>> expected_overflows(1.0, 32) == 1 / 32, round(expected_overflows(0.9, 16), 4)
    (True, 0.0227)
    """
    # a run of at least n zeros begins at a value with the chance (1 - z) z^n; n is each multiple of the longest
    whole = share**longest
    return 1 / longest if whole == 1 else (1 - share) * whole / (1 - whole)


_AT_ONCE = 1 << 20
"""Values of tiles that are looked at together: many tiles are small, and each look takes its time."""


def _batches(tiles: Iterable[NDArray[np.integer]]) -> Iterator[list[NDArray[np.integer]]]:
    """Tiles in lists of about so many values."""
    several: list[NDArray[np.integer]] = []
    size = 0
    for tile in tiles:
        # C order, the last axis first: rows of a tile follow each other, and runs go on across them
        several.append(tile.reshape(-1))
        size += tile.size
        if size >= _AT_ONCE:
            yield several
            several, size = [], 0
    if several:
        yield several


def _code(tiles: list[NDArray[np.integer]], run_bits: int, pairs_of_word: int) -> Coded:
    at_most = 1 << run_bits  # zeros that one pair can stand for, its value among them
    sizes = np.array([tile.size for tile in tiles])
    stops = np.cumsum(sizes)
    starts = stops - sizes
    places = np.flatnonzero(np.concatenate(tiles))
    # where each tile's nonzero values begin among them all, and how many they are
    first = np.searchsorted(places, starts)
    counts = np.diff(first, append=places.size)
    # zeros before each nonzero value; before a tile's first, from its start
    before = np.diff(places, prepend=-1) - 1
    filled = counts > 0
    before[first[filled]] = places[first[filled]] - starts[filled]
    # zeros at the end, but for what full runs take, need a pair of their own, since no value ends them
    after = sizes.copy()
    after[filled] = stops[filled] - 1 - places[first[filled] + counts[filled] - 1]
    overflows = np.zeros(len(tiles), np.int64)
    np.add.at(overflows, np.repeat(np.arange(len(tiles)), counts), before // at_most)
    overflows += after // at_most
    left_over = (after % at_most > 0).astype(np.int64)
    pairs = counts + overflows + left_over
    words = -(-pairs // pairs_of_word)
    # a word of 64 bits has pairs of a run and a value, or values alone, and a bit for its mark
    raw = -(-sizes * (63 // pairs_of_word - run_bits) // 64)
    return Coded(
        values=int(sizes.sum()),
        nonzeros=int(places.size),
        overflows=int(overflows.sum()),
        restarts=int(left_over.sum()),
        words=int(words.sum()),
        longer=int(np.maximum(words - raw, 0).sum()),
    )


def ifmap_tiles(tiling: Tiling, ifmap: NDArray[np.integer]) -> Iterator[NDArray[np.integer]]:
    """Tiles of ifmap that cross the link for one tile of filters of each group.

    Parameters
    ----------
    tiling : Tiling
        Whole tiles.
    ifmap : (batch, channels, H, W), integers
        Padded.

    Yields
    ------
    (channels, rows, columns) of one image
        Rows are those that the strip before has not left in the GLB.
    """
    along_y = [strip for row_block in tiling.row_blocks() for strip in row_block]
    along_x = tiling.column_tiles()
    for groups in tiling.groups_together():
        for channels in channel_tiles_of(tiling, groups):
            for _, ifmap_columns in along_x:
                for strip in along_y:
                    yield from ifmap[:, channels.slice, strip.fetched.slice, ifmap_columns.slice]


def ofmap_tiles(tiling: Tiling, ofmap: NDArray[np.integer]) -> Iterator[NDArray[np.integer]]:
    """Tiles of ofmap that cross the link.

    Parameters
    ----------
    tiling : Tiling
        Whole tiles.
    ofmap : (batch, F, E, G), integers
        As it goes to DRAM.

    Yields
    ------
    (filters, rows, columns) of one image
        What a pass completes, or a piece of it where psums stream.
    """
    layer = tiling.layer
    along_y = [strip for row_block in tiling.row_blocks() for strip in row_block]
    along_x = tiling.column_tiles()
    # psums are complete, and leave, in the passes of the last channels: their shape says in what pieces
    last_channels = spans(layer.C, tiling.z)[-1].size
    for images in spans(tiling.batch, tiling.N):
        for groups in tiling.groups_together():
            for filters in chain.from_iterable(filter_tiles_of(tiling, groups)):
                for tile_columns, _ in along_x:
                    for strip in along_y:
                        shape = pass_shape(
                            tiling,
                            images=images.size,
                            filters=filters.size,
                            channels=last_channels * groups.size,
                            rows=strip.rows.size,
                            columns=tile_columns.size,
                            loads=False,
                            reads=False,
                            groups=groups.size,
                        )
                        for piece in pieces(tiling, shape):
                            yield from ofmap[
                                piece.images.shifted(images.start).slice,
                                filters.slice,
                                strip.rows.slice,
                                piece.columns.shifted(tile_columns.start).slice,
                            ]
