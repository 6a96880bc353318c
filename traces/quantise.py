"""Real values as the integers of a machine's words, and how much that changes them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Quantised(NamedTuple):
    """Integers, and what one of them is worth.

    Attributes
    ----------
    values : array of int16
    scale : float
        The real value is about ``scale * values``.
    """

    values: NDArray[np.int16]
    scale: float


def scale_of(largest: float, b_w: int) -> float:
    """What the least step is worth where the largest magnitude becomes the largest word; 1 if all are zero.

    Examples
    --------
    >>> scale_of(254.0, 8)
    2.0
    """
    top = (1 << (b_w - 1)) - 1
    return float(largest) / top or 1.0


def quantise(values: NDArray[np.floating], scale: float, b_w: int) -> NDArray[np.int16]:
    """``clip(rint(x / s), -top, top)``, symmetric around zero: zeros stay zeros, and what is within half a step of zero
    becomes one.

    Examples
    --------
    >>> quantise(np.array([-3.0, 0.4, 0.6, 200.0]), 1.0, 8).tolist()
    [-3, 0, 1, 127]
    """
    top = (1 << (b_w - 1)) - 1
    steps = np.rint(np.asarray(values, np.float64) / scale)
    return np.clip(steps, -top, top).astype(np.int16)


def snr_db(values: NDArray[np.floating], quantised: NDArray[np.int16], scale: float) -> float:
    """Signal to noise: what the integers leave of the real values, in decibels; infinite where nothing is lost.

    Examples
    --------
    >>> round(snr_db(np.array([10.0, 0.1]), np.array([10, 0], np.int16), 1.0), 1)
    40.0
    """
    exact = np.asarray(values, np.float64)
    noise = float(np.square(exact - scale * quantised.astype(np.float64)).sum())
    signal = float(np.square(exact).sum())
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal else float("-inf")
