"""What values do in a pass, without its timing: psums, MACs that zeros gate, psums that PEs take.

PE by PE as the array has them, and no cycle: zeros gate and never skip one (NeuPart paper, section IV-D2), so that
timing needs no values, and values no timing. The stepped kernel does both at once, and a test holds the two equal.
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
        MACs whose pixel is not zero.
    psum_takes : int
        Psums that a nonzero MAC takes from the PE below, in place of a read of the RF.
    """

    psums: NDArray[np.int64]
    nonzero_macs: int
    psum_takes: int


def pass_values(shape: PassShape, ifmap: NDArray[np.integer], filters: NDArray[np.float64]) -> PassValues:
    """Compute a pass with its values.

    Parameters
    ----------
    shape : PassShape
    ifmap : (images, channels, strip_rows, width)
        Padded integers of at most 16 bits.
    filters : (channels, R, S, filters), float64
        Integers of at most 16 bits: sums of a pass stay far below 2**53, and so exact.

    Examples
    --------
    >>> shape = PassShape(
    ...     set_channels=(1,), stack_filters=(1,), R=1, S=2, U=1, images=1, strip_rows=1, width=4,
    ...     pe_columns=1, windows=3, loads_filters=True, reads_psums=False,
    ... )
    >>> found = pass_values(shape, np.array([[[[1, 0, 0, 3]]]]), np.array([5.0, 7.0]).reshape(1, 1, 2, 1))
    >>> found.psums.ravel().tolist(), found.nonzero_macs, found.psum_takes
    ([5, 0, 21], 2, 0)
    """
    psums = np.zeros((shape.images, shape.pe_columns, shape.windows, shape.filters))
    stops = np.cumsum(np.array(shape.set_channels, np.int64))
    nonzero, takes = _pass_values(np.ascontiguousarray(ifmap, np.float64), filters, psums, stops, shape.U, shape.V)
    return PassValues(np.ascontiguousarray(psums.transpose(0, 3, 1, 2)).astype(np.int64), int(nonzero), int(takes))


@njit()
def _pass_values(ifmap, filters, psums, set_stops, U, V):
    images, rows, windows, n_filters = psums.shape
    R, S = filters.shape[1], filters.shape[2]
    last_set = set_stops.size - 1
    nonzero, takes = 0, 0
    for n in range(images):
        for e in range(rows):
            for g in range(windows):
                sums = psums[n, e, g]
                first = 0
                for number in range(set_stops.size):
                    for i in range(R):
                        # the pixels of one PE's window
                        count = 0
                        for c in range(first, set_stops[number]):
                            row = ifmap[n, c, U * e + i]
                            for s in range(S):
                                pixel = row[V * g + s]
                                if pixel != 0:
                                    count += 1
                                    weights = filters[c, i, s]
                                    for f in range(n_filters):
                                        sums[f] += pixel * weights[f]
                        nonzero += count
                        # the bottom PE of the stack has its psum in its own RF
                        if count > 0 and not (number == last_set and i == R - 1):
                            takes += 1
                    first = set_stops[number]
    return nonzero * n_filters, takes * n_filters
