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
from simulator.machine.schedule import pass_shape
from simulator.machine.transfers import pieces


def nonzero_macs(layer: Layer, ifmap: NDArray[np.integer]) -> int:
    """MACs of the batch less those of each zero: as many as windows see it, for each filter of its group.

    ``ifmap`` : (batch, channels, H, W)
    """
    seen_by = np.outer(_windows_on(layer.H, layer.R, layer.U, layer.E), _windows_on(layer.W, layer.S, layer.U, layer.G))
    zeros = np.count_nonzero(ifmap == 0, axis=(0, 1))
    gated = int((zeros * seen_by).sum()) * layer.filters_per_group
    return layer.macs * len(ifmap) - gated


def _windows_on(size: int, window: int, stride: int, count: int) -> NDArray[np.int64]:
    """How many of ``count`` windows see each row (or column)."""
    ends = np.zeros(size + 1, np.int64)
    starts = stride * np.arange(count)
    np.add.at(ends, starts, 1)
    np.add.at(ends, starts + window, -1)
    return np.cumsum(ends)[:-1]


def empty_windows(tiling: Tiling, ifmap: NDArray[np.integer]) -> int:
    """Psums that pass through a PE, from the one below, while no pixel of its row of the window is nonzero: the PE
    then has no use for them.

    ``ifmap`` : (batch, channels, H, W)
    """
    layer = tiling.layer
    empty = 0
    for group in range(layer.groups):
        for channels in spans(layer.C, tiling.z, group * layer.C):
            for members in spans(channels.size, tiling.C_set, channels.start):
                pixels = np.count_nonzero(ifmap[:, members.slice], axis=1)
                up_to = np.cumsum(np.pad(pixels, ((0, 0), (0, 0), (1, 0))), axis=2)
                left = layer.U * np.arange(layer.G)
                of_row = np.count_nonzero(up_to[:, :, left + layer.S] == up_to[:, :, left], axis=(0, 2))
                # the bottom PE of the stack has its psum in its own RF
                above_bottom = layer.R - (members.stop == channels.stop)
                empty += int((of_row * _windows_on(layer.H, above_bottom, layer.U, layer.E)).sum())
    return empty * layer.filters_per_group


@dataclass(frozen=True, kw_only=True, slots=True)
class Coded:
    """What run-length coding makes of tiles.

    values, nonzeros  in all tiles
    overflows         pairs whose value is zero, since a run exceeds its field
    restarts          pairs whose value is zero, since a run ends with its tile
    words             64-bit words, the last of each tile filled up
    """

    values: int = 0
    nonzeros: int = 0
    overflows: int = 0
    restarts: int = 0
    words: int = 0

    @property
    def pairs(self) -> int:
        return self.nonzeros + self.overflows + self.restarts

    def __add__(self, other: "Coded") -> "Coded":
        return Coded(
            values=self.values + other.values,
            nonzeros=self.nonzeros + other.nonzeros,
            overflows=self.overflows + other.overflows,
            restarts=self.restarts + other.restarts,
            words=self.words + other.words,
        )


def code(tiles: Iterable[NDArray[np.integer]], run_bits: int, pairs_of_word: int) -> Coded:
    """Run-length code of tiles, from the gaps between nonzero values.

    >>> code([np.array([0, 0, 7, 0])], run_bits=5, pairs_of_word=3)
    Coded(values=4, nonzeros=1, overflows=0, restarts=1, words=1)
    """
    total = Coded()
    at_most = 1 << run_bits  # zeros that one pair can stand for, its value among them
    for tile in tiles:
        flat = tile.reshape(-1)
        places = np.flatnonzero(flat)
        gaps = np.diff(places, prepend=-1, append=flat.size) - 1
        overflows, left_over = int((gaps // at_most).sum()), int(gaps[-1] % at_most > 0)
        pairs = places.size + overflows + left_over
        total += Coded(
            values=flat.size,
            nonzeros=places.size,
            overflows=overflows,
            restarts=left_over,
            words=-(-pairs // pairs_of_word),
        )
    return total


def ifmap_tiles(tiling: Tiling, ifmap: NDArray[np.integer]) -> Iterator[NDArray[np.integer]]:
    """Tiles of ifmap that cross the link for one tile of filters of each group."""
    layer = tiling.layer
    along_y = [strip for row_block in tiling.row_blocks() for strip in row_block]
    along_x = tiling.column_tiles()
    for group in range(layer.groups):
        for channels in spans(layer.C, tiling.z, group * layer.C):
            for _, ifmap_columns in along_x:
                for strip in along_y:
                    yield from ifmap[:, channels.slice, strip.fetched.slice, ifmap_columns.slice]


def ofmap_tiles(tiling: Tiling, ofmap: NDArray[np.integer]) -> Iterator[NDArray[np.integer]]:
    """Tiles of ofmap that cross the link."""
    layer = tiling.layer
    along_y = [strip for row_block in tiling.row_blocks() for strip in row_block]
    along_x = tiling.column_tiles()
    last_channels = spans(layer.C, tiling.z)[-1].size
    for images in spans(tiling.batch, tiling.N):
        for group in range(layer.groups):
            for filters in chain.from_iterable(tiling.filter_blocks(group)):
                for tile_columns, _ in along_x:
                    for strip in along_y:
                        shape = pass_shape(
                            tiling,
                            images=images.size,
                            filters=filters.size,
                            channels=last_channels,
                            rows=strip.rows.size,
                            columns=tile_columns.size,
                            loads=False,
                            reads=False,
                        )
                        for piece in pieces(tiling, shape):
                            yield from ofmap[
                                piece.images.shifted(images.start).slice,
                                filters.slice,
                                strip.rows.slice,
                                piece.columns.shifted(tile_columns.start).slice,
                            ]
