"""Codebooks: the few values that a layer's filters have, numbered in fewer bits than a word's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Codebook:
    """Values and their numbers.

    Attributes
    ----------
    bits : int
        Of a number, in two's complement, as the run-length code takes its values.
    entries : (entries,), int16
        At most ``2**bits``; where zero is among them, it is the first, and its number 0.

    Examples
    --------
    >>> book = codebook_of(np.array([0, 700, 0, -300], np.int16), bits=2)
    >>> book.entries.tolist(), book.numbers(np.array([700, 0, -300], np.int16)).tolist()
    ([0, -300, 700], [-2, 0, 1])
    >>> book.values(np.array([-2, 0, 1])).tolist()
    [700, 0, -300]
    """

    bits: int
    entries: NDArray[np.int16]

    def numbers(self, values: NDArray[np.int16]) -> NDArray[np.int16]:
        """The numbers of values that all are entries."""
        table = np.zeros(1 << 16, np.int16)
        table[self.entries.view(np.uint16)] = self._signed(np.arange(self.entries.size))
        numbers: NDArray[np.int16] = table[np.ascontiguousarray(values, np.int16).view(np.uint16)]
        return numbers

    def values(self, numbers: NDArray[np.integer]) -> NDArray[np.int16]:
        """The values of numbers."""
        found: NDArray[np.int16] = self.entries[numbers.astype(np.int64) % (1 << self.bits)]
        return found

    def _signed(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return numbers - ((numbers >> (self.bits - 1)) << self.bits)


def codebook_of(values: NDArray[np.int16], bits: int) -> Codebook:
    """The codebook of all values that there are.

    Raises
    ------
    ValueError
        They are more than so many bits can number.
    """
    there = np.zeros(1 << 16, np.bool_)
    there[np.ascontiguousarray(values, np.int16).reshape(-1).view(np.uint16)] = True
    # in order, as signed; zero, which the run-length code knows by its number, comes first
    entries = np.sort(np.flatnonzero(there).astype(np.uint16).view(np.int16))
    entries = np.concatenate([entries[entries == 0], entries[entries != 0]])
    if entries.size > 1 << bits:
        raise ValueError(f"{entries.size} different values; expected at most {1 << bits}, in {bits} bits")
    return Codebook(bits=bits, entries=entries)
