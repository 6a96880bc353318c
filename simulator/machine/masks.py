"""Which words of a layer are not zero, a bit each: what skipping looks at, and what gating of both counts.

A mask has a bit for each channel of a set, since these are what a PE works on together (NeuPart paper, section IV-B).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical.mappings.tiling import Tiling
from analytical.spans import Span, spans
from traces.compiled import njit

Masks = NDArray[Any]
"""(sets, ..., words) of unsigned integers, as wide as the most channels of a set need; the first channel's bit is the
lowest of the first word."""


def sets_of_group(tiling: Tiling) -> list[Span]:
    """Channels of each set of a convolution group, in the order of its passes: tiles of channels, and sets of a tile.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.layer import Layer
    >>> from analytical.mappings.rules import map_layer
    >>> layer = Layer(name="L", C=18, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
    >>> list(map(str, sets_of_group(map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1))))
    ['0:4', '4:8', '8:12', '12:16', '16:18']
    """
    return [
        members
        for channels in spans(tiling.layer.C, tiling.z)
        for members in spans(channels.size, tiling.C_set, channels.start)
    ]


def masks_of(values: NDArray[np.integer], sets: Sequence[Span]) -> Masks:
    """Masks of values whose second axis is that of channels.

    Parameters
    ----------
    values : (A, channels, B, C), integers
        Of an ifmap, or of filters.
    sets : sequence of Span
        Channels of each set.

    Returns
    -------
    (sets, A, B, C, words), unsigned

    Examples
    --------
    >>> values = np.array([3, 0, -1]).reshape(1, 3, 1, 1)
    >>> masks_of(values, [Span(0, 2), Span(2, 3)]).ravel().tolist()
    [1, 1]
    """
    most = max(members.size for members in sets)
    # as narrow as they can be: those of a large fully connected layer are millions
    width = next((bits for bits in (8, 16, 32) if most <= bits), 64)
    masks = np.zeros((len(sets), len(values), *values.shape[2:], -(-most // width)), np.dtype(f"uint{width}"))
    starts = np.array([[members.start, members.stop] for members in sets], np.int64)
    _fill(values, starts, masks, width)
    return masks


@njit(error_model="numpy", nogil=True)
def _fill(values, sets, masks, width):
    for number in range(sets.shape[0]):
        for a in range(values.shape[0]):
            for c in range(sets[number, 0], sets[number, 1]):
                bit = c - sets[number, 0]
                for b in range(values.shape[2]):
                    for d in range(values.shape[3]):
                        if values[a, c, b, d] != 0:
                            masks[number, a, b, d, bit // width] |= np.uint64(1) << np.uint64(bit % width)


def effectual_macs(
    nonzero_pixels: NDArray[np.int64], filters: NDArray[np.integer], *, groups: int, stride: tuple[int, int]
) -> int:
    """MACs whose pixel and filter value both are not zero: where they lie decides, not in which window.

    Parameters
    ----------
    nonzero_pixels : (channels, H, W)
        How many images have a pixel there that is not zero.
    filters : (F, C, R, S)
    groups : int
    stride : (int, int)
        Along the height and the width.

    Returns
    -------
    int
        Sum over channel and filter position of nonzero pixels that all windows see there, times nonzero filter values.

    Examples
    --------
    >>> pixels = np.array([[[1, 0, 2]]])
    >>> effectual_macs(pixels, np.array([7, 0]).reshape(1, 1, 1, 2), groups=1, stride=(1, 1))
    1
    """
    F, C, R, S = filters.shape
    U, V = stride
    _, H, W = nonzero_pixels.shape
    E, G = (H - R) // U + 1, (W - S) // V + 1
    weights = np.count_nonzero(filters.reshape(groups, F // groups, C, R, S), axis=1)
    total = 0
    for r in range(R):
        for s in range(S):
            seen = nonzero_pixels[:, r : r + U * (E - 1) + 1 : U, s : s + V * (G - 1) + 1 : V].sum(axis=(1, 2))
            total += int((seen.reshape(groups, C) * weights[:, :, r, s]).sum())
    return total


def taken_psums(
    pixel_masks: Masks, filter_masks: Masks, *, bottom: int | None, stride: tuple[int, int], size: tuple[int, int]
) -> int:
    """Psums that a MAC takes from the PE below: one for each filter, PE and window in which that PE has a pixel and a
    filter value that meet and are not zero; but for the bottom PE of the stack, whose psum lies in its RF.

    Parameters
    ----------
    pixel_masks : (images, H, W, words)
        Of one set.
    filter_masks : (filters, R, S, words)
        Of the same set.
    bottom : int or None
        The filter row of the stack's bottom PE, if that is in this set.
    stride, size : (int, int)
        Along the height and the width; windows along them.
    """
    return int(_taken(pixel_masks, filter_masks, -1 if bottom is None else bottom, stride, size))


@njit(error_model="numpy", nogil=True)
def _taken(pixels, filters, bottom, stride, size):
    """Each window's row of one set against each filter's: bits of all its columns, side by side in as many words."""
    images = pixels.shape[0]
    F, R, S, words = filters.shape
    U, V = stride
    E, G = size
    taken = 0
    of_filters = np.zeros((S * words, F), filters.dtype)
    met = np.zeros(F, filters.dtype)
    for i in range(R):
        if i == bottom:
            continue
        for f in range(F):
            for s in range(S):
                for word in range(words):
                    of_filters[s * words + word, f] = filters[f, i, s, word]
        for n in range(images):
            for e in range(E):
                for g in range(G):
                    alive = 0
                    for s in range(S):
                        for word in range(words):
                            mask = pixels[n, U * e + i, V * g + s, word]
                            if mask:
                                column = of_filters[s * words + word]
                                if alive == 0:
                                    for f in range(F):
                                        met[f] = mask & column[f]
                                else:
                                    for f in range(F):
                                        met[f] |= mask & column[f]
                                alive += 1
                    if alive:
                        for f in range(F):
                            taken += met[f] != 0
    return taken
