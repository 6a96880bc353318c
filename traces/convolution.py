"""Exact integer convolution, twice: once as fast as it goes, once as plainly as it can be written."""

from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from traces.compiled import njit

EXACT_IN_FLOAT64 = 2**53
"""Sums of integers below this are exact in float64, in whatever order they are added."""

_PATCH_BYTES = 2 * 2**20
"""Patches and filters are multiplied in pieces of about this size."""


Stride = int | tuple[int, int]
"""Along both axes, or along height and width."""


def convolve(
    ifmap: NDArray[np.integer], filters: NDArray[np.integer], *, stride: Stride, groups: int, E: int, G: int
) -> NDArray[np.int64]:
    """Convolve padded ifmaps (N, groups*C, H, W) with filters (F, C, R, S) into psums (N, F, E, G), exactly.

    The products are summed by a float64 matrix multiplication, exact because no sum reaches 2**53; sums that could
    are left to :func:`convolve_plainly`.

    Parameters
    ----------
    ifmap : (N, groups * C, H, W)
        Padded integers; rows and columns behind the last of the E x G windows have no part in it.
    filters : (F, C, R, S)
        Integers; those of the first group come first.
    stride : int or (int, int)
        Along both axes, or along height and width.
    groups : int
        Groups of a grouped convolution; F is a multiple of it.
    E, G : int
        Rows and columns of the ofmap.

    Returns
    -------
    (N, F, E, G), int64

    Examples
    --------
    >>> ifmap, filters = np.arange(9).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2), np.int64)
    >>> convolve(ifmap, filters, stride=1, groups=1, E=2, G=2).tolist()
    [[[[8, 12], [20, 24]]]]
    """
    return convolve_pieces(ifmap, [filters], F=len(filters), stride=stride, groups=groups, E=E, G=G)


def convolve_pieces(
    ifmap: NDArray[np.integer],
    pieces: Iterable[NDArray[np.integer]],
    *,
    F: int,
    stride: Stride,
    groups: int,
    E: int,
    G: int,
) -> NDArray[np.int64]:
    """:func:`convolve` with filters that come some at a time, in order: in all, ``F``.

    Examples
    --------
    >>> ifmap, ones = np.arange(9).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2), np.int64)
    >>> convolve_pieces(ifmap, [ones, 2 * ones], F=2, stride=1, groups=1, E=1, G=2).tolist()
    [[[[8, 12]], [[16, 24]]]]
    """
    psums = np.empty((len(ifmap), F, E, G), np.int64)
    of_group = F // groups
    first = 0
    for filters in pieces:
        C, stop = filters.shape[1], first + len(filters)
        for group in range(first // of_group, -(-stop // of_group)):
            low, high = max(first, group * of_group), min(stop, (group + 1) * of_group)
            channels = ifmap[:, group * C : (group + 1) * C]
            _convolve_group(channels, filters[low - first : high - first], _both(stride), psums[:, low:high])
        first = stop
    return psums


def _convolve_group(
    ifmap: NDArray[np.integer], filters: NDArray[np.integer], stride: tuple[int, int], psums: NDArray[np.int64]
) -> None:
    """Filters of one group, on its channels."""
    N, F, E, G = psums.shape
    C, R, S = filters.shape[1:]
    U, V = stride
    taps = C * R * S
    # no partial sum can be larger than all products at their largest, with one sign
    if taps * _magnitude(ifmap) * _magnitude(filters) >= EXACT_IN_FLOAT64:
        psums[:] = convolve_plainly(ifmap, filters, stride=stride, groups=1, E=E, G=G)
        return
    rows_at_once = max(1, _PATCH_BYTES // (8 * taps * G * N))
    filters_at_once = max(1, _PATCH_BYTES // (8 * taps))
    # Windows become the columns of a matrix, and filters the rows of another; a pixel is copied for each window that
    # sees it, hence the pieces.
    views = sliding_window_view(ifmap, (R, S), axis=(2, 3))[:, :, ::U, ::V][:, :, :E, :G]
    for top in range(0, E, rows_at_once):
        patches = views[:, :, top : top + rows_at_once].transpose(1, 4, 5, 0, 2, 3)
        height = patches.shape[4]
        columns = patches.reshape(taps, -1).astype(np.float64)
        for first in range(0, F, filters_at_once):
            some = filters[first : first + filters_at_once].reshape(-1, taps).astype(np.float64)
            sums = (some @ columns).reshape(len(some), N, height, G)
            psums[:, first : first + len(some), top : top + height] = sums.swapaxes(0, 1)


def convolve_plainly(
    ifmap: NDArray[np.integer], filters: NDArray[np.integer], *, stride: Stride, groups: int, E: int, G: int
) -> NDArray[np.int64]:
    """The same, by the definition: every window times every filter, in integers.

    Parameters, values and order are those of :func:`convolve`, which it is compared with, and which calls it for sums
    that float64 does not hold.

    Examples
    --------
    >>> big = np.array([[[[2**53, 1]]]])
    >>> convolve_plainly(big, np.ones((1, 1, 1, 2), np.int64), stride=1, groups=1, E=1, G=1).item() == 2**53 + 1
    True
    """
    psums = np.zeros((ifmap.shape[0], filters.shape[0], E, G), np.int64)
    _convolve_plainly(ifmap, filters, *_both(stride), groups, psums)
    return psums


def _both(stride: Stride) -> tuple[int, int]:
    return stride if isinstance(stride, tuple) else (stride, stride)


def _magnitude(values: NDArray[np.integer]) -> int:
    return max(abs(int(values.min())), abs(int(values.max())))


@njit()
def _convolve_plainly(ifmap, filters, U, V, groups, psums):
    N, F, E, G = psums.shape
    C, R, S = filters.shape[1:]
    weights = np.ascontiguousarray(filters).reshape(F, C * R * S)
    for n in range(N):
        for group in range(groups):
            channels = ifmap[n, group * C : (group + 1) * C]
            for y in range(E):
                for x in range(G):
                    window = channels[:, U * y : U * y + R, V * x : V * x + S].copy().reshape(-1)
                    for f in range(group * (F // groups), (group + 1) * (F // groups)):
                        psums[n, f, y, x] = _dot(weights[f], window)


@njit()
def _dot(a, b):
    total = np.int64(0)
    for i in range(a.size):
        total += np.int64(a[i]) * np.int64(b[i])
    return total
