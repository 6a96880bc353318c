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
    """Cuts as lines: energy up to each, and bits to send; the first is the image's."""

    energy_J: NDArray[np.float64]
    bits: NDArray[np.float64]

    def best(self, x: float) -> int:
        """Algorithm 2 for one channel: the first of the cuts with the least energy at x = P_Tx / B."""
        return int(np.argmin(self.energy_J + x * self.bits))

    def costs_J(self, cut: NDArray[np.int64] | int, x: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """E_Cost of a cut for each x = P_Tx / B."""
        return np.asarray(self.energy_J[cut] + x * self.bits[cut])

    @classmethod
    def of(cls, cuts: Sequence[Cut]) -> "Lines":
        return cls(
            np.array([cut.client_energy_J for cut in cuts], np.float64),
            np.array([cut.transmit_bits for cut in cuts], np.float64),
        )


def algorithm_2(lines: Lines, x: ArrayLike, image_bits: ArrayLike | None = None) -> NDArray[np.int64]:
    """Algorithm 2 (section VII): for each x = P_Tx / B, in joules a bit, the cut of least energy.

    ``image_bits`` : of the image, if it is not what ``lines`` say; broadcast with ``x``.
    """
    from partition import kernels  # Numba takes its time to import, and one channel does without

    xs, images, shape = _cases(lines, x, image_bits)
    best = np.empty(xs.size, np.int64)
    kernels.algorithm_2_all(xs, lines.energy_J[0], images, lines.energy_J, lines.bits, best)
    return best.reshape(shape)


class Envelope:
    """The lower envelope of all cuts but the image's, whose line is compared when it is known.

    ``cuts`` are those that are best for some channel without the image's, from the fastest channel to the slowest;
    ``switch`` the x = P_Tx / B, in joules a bit, at which one gives way to the next.
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.cuts, exact = _lower_envelope(lines)
        self.switch = np.array([float(x) for x in exact], np.float64)
        self._energy_J, self._bits = lines.energy_J[self.cuts], lines.bits[self.cuts]

    def decide(self, x: ArrayLike, image_bits: ArrayLike | None = None) -> NDArray[np.int64]:
        """The cut of least energy for each x, by binary search: the same as :func:`algorithm_2`, but where so many
        lines meet that floats cannot tell them apart."""
        from partition import kernels  # as above

        xs, images, shape = _cases(self.lines, x, image_bits)
        best = np.empty(xs.size, np.int64)
        kernels.decide_all(xs, self.lines.energy_J[0], images, self._energy_J, self._bits, self.cuts, self.switch, best)
        return best.reshape(shape)

    def switch_points(self, image_bits: float | None = None) -> list[tuple[float, int]]:
        """For an image, where each cut begins to be the best as x grows: (x, cut), the first at x = 0."""
        lines = self.lines
        if image_bits is not None:
            lines = Lines(lines.energy_J, np.array([image_bits, *lines.bits[1:]]))
        cuts, exact = _lower_envelope(lines, first=0)
        return [(float(x), int(cut)) for x, cut in zip((Fraction(0), *exact), cuts, strict=True)]


def _lower_envelope(lines: Lines, first: int = 1) -> tuple[NDArray[np.int64], list[Fraction]]:
    """Lines that are lowest somewhere in x >= 0, by growing x, and where one takes over from the other; exactly."""
    exact = [
        (Fraction(float(e)), Fraction(float(d)), number)
        for number, (e, d) in enumerate(zip(lines.energy_J, lines.bits, strict=True))
    ]
    hull: list[tuple[Fraction, Fraction, int]] = []
    starts: list[Fraction] = []
    # the cheapest at x = 0 first, then ever flatter ones
    for energy, bits, number in sorted(exact[first:]):
        if hull and bits >= hull[-1][1]:
            continue
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
