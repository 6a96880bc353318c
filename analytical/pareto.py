"""What no other beats."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def not_beaten(columns: NDArray[np.float64], order: Iterable[int] | None = None, most: int | None = None) -> list[int]:
    """Rows than which no other has less or as much of everything; of equal ones the first.

    Parameters
    ----------
    columns : ndarray of float, shape (rows, figures)
        Of each row, what it has of everything.
    order : iterable of int, optional
        Of the rows; whatever beats a row has to stand before it. Default: by their first figure, then the second, and
        so on.
    most : int, optional
        How many to find before all others are left out.

    Examples
    --------
    >>> not_beaten(np.array([[2.0, 2.0], [1.0, 3.0], [2.0, 3.0], [2.0, 2.0]]))
    [1, 0]
    """
    kept: list[int] = []
    rows = np.empty_like(columns)
    for at in np.lexsort(columns.T[::-1]) if order is None else order:
        # rows before it in this order alone can be as good
        if not np.any(np.all(rows[: len(kept)] <= columns[at], axis=1)):
            rows[len(kept)] = columns[at]
            kept.append(int(at))
        if len(kept) == most:
            break
    return kept
