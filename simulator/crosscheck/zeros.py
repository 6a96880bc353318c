"""What the zeros of a layer's data do: MACs they gate, windows they empty, the code that they shorten.

Counted for the cross-check by other means than the machine's; only the sizes of tiles, and the pieces in which ofmaps
leave (:mod:`simulator.machine.transfers`), are the same.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytical.layer import Layer
from analytical.mappings.tiling import Tiling
from analytical.spans import spans
from simulator.machine.schedule import channel_tiles_of, filter_channels_of, filter_tiles_of, pass_shape
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


class Met(NamedTuple):
    """Where nonzero pixels meet nonzero filter values.

    Attributes
    ----------
    macs : int
        MACs of the batch in which they do.
    without : int
        Psums that pass through a PE, from the one below, while none of its row of the window does: the PE then has no
        use for them.
    """

    macs: int
    without: int


def meet(tiling: Tiling, ifmap: NDArray[np.integer], filters: NDArray[np.integer]) -> Met:
    """Where nonzero pixels meet nonzero filter values.

    Parameters
    ----------
    tiling : Tiling
        Says which channels are in one set, and so in one PE.
    ifmap : (batch, channels, H, W), integers
        Padded.
    filters : (F, C, R, S), integers
    """
    macs = without = 0
    for pixels, weights, bits, is_bottom in _patterns(tiling, ifmap, filters):
        together, apart = _pairs(pixels, weights, bits)
        macs += together
        without += 0 if is_bottom else apart
    return Met(macs, without)


def _patterns(
    tiling: Tiling, ifmap: NDArray[np.integer], filters: NDArray[np.integer]
) -> Iterator[tuple[NDArray[Any], NDArray[Any], int, bool]]:
    """For each set and filter row what a PE of it sees, as a number with a bit for each channel and column that is not
    zero: of each window, and of each filter; how many bits there are, and whether the PE is the bottom one."""
    layer = tiling.layer
    for group in range(layer.groups):
        own = filters[group * layer.filters_per_group : (group + 1) * layer.filters_per_group]
        for channels in spans(layer.C, tiling.z):
            for members in spans(channels.size, tiling.C_set, channels.start):
                there = ifmap[:, members.shifted(group * layer.C).slice] != 0
                kept = own[:, members.slice] != 0
                # numbers of as many bits as it takes
                number = np.dtype(np.int64 if members.size * layer.S < 63 else object)
                windows = np.zeros((len(there), layer.H, layer.G), number)
                weights = np.zeros((len(own), layer.R), number)
                for bit, (q, s) in enumerate(np.ndindex(members.size, layer.S)):
                    columns = slice(s, s + layer.V * (layer.G - 1) + 1, layer.V)
                    windows |= there[:, q, :, columns].astype(number) << bit
                    weights |= kept[:, q, :, s].astype(number) << bit
                for i in range(layer.R):
                    rows = slice(i, i + layer.U * (layer.E - 1) + 1, layer.U)
                    is_bottom = members.stop == channels.stop and i == layer.R - 1
                    yield windows[:, rows].reshape(-1), weights[:, i], members.size * layer.S, is_bottom


_COUNTED_BITS = 16
"""Patterns of at most so many bits are counted one by one."""


def _pairs(pixels: NDArray[Any], weights: NDArray[Any], bits: int) -> tuple[int, int]:
    """Of all pairs of a window and a filter: the bits that they have in common, and the pairs that have none."""
    if bits > _COUNTED_BITS:
        some, how_often = np.unique(pixels, return_counts=True)
        others, as_often = np.unique(weights, return_counts=True)
        apart = sum(int(n * as_often[(one & others) == 0].sum()) for one, n in zip(some, how_often, strict=True))
        together = sum(int((some >> bit & 1) @ how_often) * int((others >> bit & 1) @ as_often) for bit in range(bits))
        return together, apart
    windows, among = (np.bincount(patterns, minlength=1 << bits) for patterns in (pixels, weights))
    places = _bits(bits)
    together = int(((places @ windows) * (places @ among)).sum())
    # filters whose bits are all among those of a pattern, summed up bit by bit; a window wants those among its zeros
    for bit in range(bits):
        halves = among.reshape(-1, 2, 1 << bit)
        halves[:, 1] += halves[:, 0]
    return together, int(windows @ among[::-1])


@lru_cache(maxsize=32)
def _bits(bits: int) -> NDArray[np.int64]:
    """The bits of every pattern, by bit and pattern."""
    return np.arange(1 << bits) >> np.arange(bits)[:, None] & 1


def filter_tiles(tiling: Tiling, filters: NDArray[np.integer]) -> Iterator[NDArray[np.integer]]:
    """Tiles of filters that cross the link, each once.

    Parameters
    ----------
    tiling : Tiling
        Whole tiles.
    filters : (F, C, R, S), integers

    Yields
    ------
    (filters, channels, R, S)
    """
    for groups in tiling.groups_together():
        for several in chain.from_iterable(filter_tiles_of(tiling, groups)):
            for channels in channel_tiles_of(tiling, groups):
                yield filters[several.slice, filter_channels_of(tiling, groups, channels).slice]


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
