"""Which cut costs the phone least: Algorithm 2, and the lower envelope that answers for every channel at once.

E_L + D_L * (P_Tx / B) is a line in x = P_Tx / B for each cut. Over all channels, the optimum is the lower envelope of
these lines; only the image's line moves, with the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partition.cuts import Cut


@dataclass(frozen=True)
class Lines:
    """Cuts as lines in x = P_Tx / B; the first is the image's.

    Attributes
    ----------
    energy_J : (cuts,), float64
        E_L: joules up to each cut, where its line begins.
    bits : (cuts,), float64
        D_L: bits to send, the slope.

    Examples
    --------
    >>> lines = Lines(np.array([0.0, 1.0, 3.0]), np.array([10.0, 2.0, 0.0]))
    >>> [lines.best(x) for x in (0.1, 0.5, 2.0)]
    [0, 1, 2]
    """

    energy_J: NDArray[np.float64]
    bits: NDArray[np.float64]

    def best(self, x: float) -> int:
        """Algorithm 2 for one channel: the first of the cuts with the least energy at x = P_Tx / B."""
        return int(np.argmin(self.energy_J + x * self.bits))

    def costs_J(self, cut: NDArray[np.int64] | int, x: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """E_Cost of a cut for each x = P_Tx / B, in joules: one cut for all x, or one for each."""
        return np.asarray(self.energy_J[cut] + x * self.bits[cut])

    @classmethod
    def of(cls, cuts: Sequence[Cut]) -> "Lines":
        return cls(
            np.array([cut.client_energy_J for cut in cuts], np.float64),
            np.array([cut.transmit_bits for cut in cuts], np.float64),
        )


def algorithm_2(lines: Lines, x: ArrayLike, image_bits: ArrayLike | None = None) -> NDArray[np.int64]:
    """Algorithm 2 (section VII): for each x = P_Tx / B, in joules a bit, the cut of least energy.

    Parameters
    ----------
    lines : Lines
        The cuts.
    x : float or array
        P_Tx / B, in joules a bit.
    image_bits : float or array, optional
        Bits of the image, if they are not what ``lines`` say; broadcast with ``x``.

    Returns
    -------
    array of int64
        Of the shape to which ``x`` and ``image_bits`` broadcast: numbers of cuts, of equal ones the first.

    Examples
    --------
    >>> lines = Lines(np.array([0.0, 1.0, 3.0]), np.array([10.0, 2.0, 0.0]))
    >>> algorithm_2(lines, [0.1, 0.5, 2.0]).tolist()
    [0, 1, 2]
    >>> algorithm_2(lines, 0.5, image_bits=[1.0, 10.0]).tolist()
    [0, 1]
    """
    from partition import kernels  # Numba takes its time to import, and one channel does without

    xs, images, shape = _cases(lines, x, image_bits)
    best = np.empty(xs.size, np.int64)
    kernels.algorithm_2_all(xs, lines.energy_J[0], images, lines.energy_J, lines.bits, best)
    return best.reshape(shape)


class Envelope:
    """The lower envelope of all cuts but the image's, whose line is compared when it is known.

    Parameters
    ----------
    lines : Lines
        The cuts.

    Attributes
    ----------
    lines : Lines
        The same.
    cuts : array of int64
        Numbers of those cuts that are best for some channel without the image's, from the fastest channel to the
        slowest.
    switch : array of float64, one shorter
        The x = P_Tx / B, in joules a bit, at which one gives way to the next.

    Examples
    --------
    >>> lines = Lines(np.array([0.0, 1.0, 2.5, 3.0]), np.array([10.0, 2.0, 1.0, 0.0]))
    >>> envelope = Envelope(lines)
    >>> envelope.cuts.tolist(), envelope.switch.tolist()
    ([1, 3], [1.0])
    >>> envelope.decide([0.1, 0.5, 2.0]).tolist()
    [0, 1, 3]
    >>> envelope.switch_points()
    [(0.0, 0), (0.125, 1), (1.0, 3)]
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.cuts, exact = _lower_envelope(lines)
        self.switch = np.array([float(x) for x in exact], np.float64)
        self._energy_J, self._bits = lines.energy_J[self.cuts], lines.bits[self.cuts]

    def decide(self, x: ArrayLike, image_bits: ArrayLike | None = None) -> NDArray[np.int64]:
        """The cut of least energy for each x, by binary search: the same as :func:`algorithm_2`, but where so many
        lines meet that floats cannot tell them apart.

        Parameters
        ----------
        x : float or array
            P_Tx / B, in joules a bit.
        image_bits : float or array, optional
            Bits of the image, if they are not what the lines say; broadcast with ``x``.

        Returns
        -------
        array of int64
            Numbers of cuts, of the shape to which both broadcast.
        """
        from partition import kernels  # as above

        xs, images, shape = _cases(self.lines, x, image_bits)
        best = np.empty(xs.size, np.int64)
        kernels.decide_all(xs, self.lines.energy_J[0], images, self._energy_J, self._bits, self.cuts, self.switch, best)
        return best.reshape(shape)

    def switch_points(self, image_bits: float | None = None) -> list[tuple[float, int]]:
        """For an image, where each cut begins to be the best as x grows: (x, cut), the first at x = 0.

        Parameters
        ----------
        image_bits : float, optional
            Bits of the image; default: what the lines say.
        """
        # unlike in decide, the image's line is one of the envelope here
        lines = self.lines
        if image_bits is not None:
            lines = Lines(lines.energy_J, np.array([image_bits, *lines.bits[1:]]))
        cuts, exact = _lower_envelope(lines, first=0)
        return [(float(x), int(cut)) for x, cut in zip((Fraction(0), *exact), cuts, strict=True)]


def _lower_envelope(lines: Lines, first: int = 1) -> tuple[NDArray[np.int64], list[Fraction]]:
    """Lines that are lowest somewhere in x >= 0, by growing x, and where one takes over from the other; exactly."""
    # three lines in one point must be found to be that: with floats, rounding would keep or drop the one in the middle
    exact = [
        (Fraction(float(e)), Fraction(float(d)), number)
        for number, (e, d) in enumerate(zip(lines.energy_J, lines.bits, strict=True))
    ]
    hull: list[tuple[Fraction, Fraction, int]] = []
    starts: list[Fraction] = []
    # the cheapest at x = 0 first, then ever flatter ones; of equal lines the first, as in Algorithm 2
    for energy, bits, number in sorted(exact[first:]):
        if hull and bits >= hull[-1][1]:
            # dearer at x = 0 and no flatter than the last, which is the flattest so far: nowhere lower
            continue
        # a line goes if the new one is below it already where it would begin, or meets it there
        while hull:
            begins = (energy - hull[-1][0]) / (hull[-1][1] - bits)
            if begins > starts[-1]:
                break
            hull.pop()
            starts.pop()
        starts.append(begins if hull else Fraction(0))
        hull.append((energy, bits, number))
    return np.array([number for _, _, number in hull], np.int64), starts[1:]


def _cases(
    lines: Lines, x: ArrayLike, image_bits: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[int, ...]]:
    images = lines.bits[0] if image_bits is None else image_bits
    xs, all_images = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(images, np.float64))
    return np.ascontiguousarray(xs).ravel(), np.ascontiguousarray(all_images).ravel(), xs.shape
