"""What values do in a pass, without its timing: psums, MACs that zeros spare, psums that PEs take.

What each PE sees of the ifmap, window by window, and no cycle. The stepped kernel does both at once, and
``tests/simulator/machine/test_layer_run.py`` holds the two equal.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.machine.geometry import PassShape
from traces.compiled import njit


class PassValues(NamedTuple):
    """What came of a pass.

    Attributes
    ----------
    psums : (images, filters, pe_columns, windows), int64
        The pass's own sums.
    nonzero_macs : int
        MACs that are carried out.
    nonzero_ifmap_macs : int
        MACs whose pixel is not zero.
    psum_takes : int
        Psums that a MAC takes from the PE below, in place of a read of the RF.
    """

    psums: NDArray[np.int64]
    nonzero_macs: int
    nonzero_ifmap_macs: int
    psum_takes: int


def pass_values(
    shape: PassShape,
    ifmap: NDArray[np.integer],
    filters: NDArray[np.float64],
    *,
    filter_zeros_spare: bool = False,
) -> PassValues:
    """Compute a pass with its values.

    Parameters
    ----------
    shape : PassShape
    ifmap : (images, channels, strip_rows, width)
        Padded integers of at most 16 bits; channels of the first group come first.
    filters : (groups, channels of a group, R, S, filters of a group), float64
        Integers of at most 16 bits: sums of a pass stay far below 2**53, and so exact.
    filter_zeros_spare : bool
        A zero filter value spares its MAC, as a zero pixel always does.

    Examples
    --------
    >>> shape = PassShape(
    ...     set_channels=(1,), stack_filters=(1,), R=1, S=2, U=1, images=1, strip_rows=1, width=4,
    ...     pe_columns=1, windows=3, loads_filters=True, reads_psums=False,
    ... )
    >>> found = pass_values(shape, np.array([[[[1, 0, 0, 3]]]]), np.array([5.0, 7.0]).reshape(1, 1, 1, 2, 1))
    >>> found.psums.ravel().tolist(), found.nonzero_macs, found.nonzero_ifmap_macs, found.psum_takes
    ([5, 0, 21], 2, 2, 0)
    """
    stops = np.cumsum(np.array(shape.set_channels, np.int64))
    size = shape.images, shape.pe_columns, shape.windows, shape.R, shape.S
    channels, of_group = shape.filter_channels, shape.filters // shape.groups
    windows = np.empty((shape.images * shape.pe_columns * shape.windows, channels * shape.R * shape.S))
    psums, done, nonzero, takes = [], 0, 0, 0
    for group in range(shape.groups):
        own = np.ascontiguousarray(ifmap[:, group * channels : (group + 1) * channels])
        seen, taken = _windows(own, windows, stops, size, shape.U, shape.V)
        nonzero += int(seen) * of_group
        if filter_zeros_spare:
            met, taken = _met(windows, filters[group].reshape(-1, of_group), stops, shape.R * shape.S, shape.S)
            done, takes = done + int(met), takes + int(taken)
        else:
            done, takes = done + int(seen) * of_group, takes + int(taken) * of_group
        sums = (windows @ filters[group].reshape(-1, of_group)).astype(np.int64)
        psums.append(sums.reshape(*size[:3], of_group).transpose(0, 3, 1, 2))
    found = psums[0] if shape.groups == 1 else np.concatenate(psums, axis=1)
    return PassValues(found, done, nonzero, takes)


def _met(
    windows: NDArray[np.float64], filters: NDArray[np.float64], set_stops: NDArray[np.int64], RS: int, S: int
) -> tuple[int, int]:
    """Pairs of a pixel and a filter value that both are not zero; and PEs, by window and filter, that have any: each
    has a set's channels and a filter row. The bottom one does not count."""
    pixels, weights = (windows != 0).astype(np.float32), (filters != 0).astype(np.float32)
    # by channel, row and column of the window
    rows = np.arange(pixels.shape[1]) // S % (RS // S)
    channels = np.arange(pixels.shape[1]) // RS
    met = taken = 0
    for number, stop in enumerate(set_stops):
        of_set = (channels < stop) & (channels >= (set_stops[number - 1] if number else 0))
        for i in range(RS // S):
            own = of_set & (rows == i)
            pairs = pixels[:, own] @ weights[own]
            met += int(pairs.sum(dtype=np.float64))
            if (number, i) != (set_stops.size - 1, RS // S - 1):
                taken += int(np.count_nonzero(pairs))
    return met, taken


@njit()
def _windows(ifmap, windows, set_stops, size, U, V):
    """Lay out what each PE sees, window by window, and count its nonzero pixels and the PEs that see any."""
    images, rows, columns, R, S = size
    bottom = set_stops.size - 1, R - 1
    nonzero, takes, at = 0, 0, 0
    for n in range(images):
        for e in range(rows):
            for g in range(columns):
                window = windows[at]
                at += 1
                first = 0
                for number in range(set_stops.size):
                    for i in range(R):
                        # the pixels of one PE's window
                        seen = 0
                        for c in range(first, set_stops[number]):
                            for s in range(S):
                                pixel = ifmap[n, c, U * e + i, V * g + s]
                                window[(c * R + i) * S + s] = pixel
                                seen += pixel != 0
                        nonzero += seen
                        # the bottom PE of the stack has its psum in its own RF
                        takes += seen > 0 and (number, i) != bottom
                    first = set_stops[number]
    return nonzero, takes
