"""Run-length code of zeros: what it makes of tiles, from the gaps between values, and what it may be expected to.

:mod:`traces.rlc` is the codec that the machine sends tiles through; here they are counted by other means.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD_BITS = 64
"""Of a word on the DRAM link."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coded:
    """What run-length coding makes of tiles; adds with ``+``.

    Attributes
    ----------
    values, nonzeros : int
        In all tiles.
    overflows : int
        Pairs whose value is zero, since a run exceeds its field.
    restarts : int
        Pairs whose value is zero, since a run ends with its tile.
    words : int
        64-bit words, the last of each tile filled up.
    longer : int
        Of them, those by which tiles are longer than they would be raw.
    """

    values: int = 0
    nonzeros: int = 0
    overflows: int = 0
    restarts: int = 0
    words: int = 0
    longer: int = 0

    @property
    def pairs(self) -> int:
        """Pairs of a run and a value."""
        return self.nonzeros + self.overflows + self.restarts

    def __add__(self, other: "Coded") -> "Coded":
        return Coded(
            values=self.values + other.values,
            nonzeros=self.nonzeros + other.nonzeros,
            overflows=self.overflows + other.overflows,
            restarts=self.restarts + other.restarts,
            words=self.words + other.words,
            longer=self.longer + other.longer,
        )


def code(tiles: Iterable[NDArray[np.number]], run_bits: int, value_bits: int) -> Coded:
    """Run-length code of tiles, from the gaps between nonzero values.

    Parameters
    ----------
    tiles : iterable of arrays
        Each is coded by itself, in C order.
    run_bits, value_bits : int
        Bits of the field for a run, and of a value.

    Examples
    --------
    >>> code([np.array([0, 0, 7, 0])], run_bits=5, value_bits=16)
    Coded(values=4, nonzeros=1, overflows=0, restarts=1, words=1, longer=0)
    """
    total = Coded()
    for several in _batches(tiles):
        total += _code(several, run_bits, value_bits)
    return total


def expected_overflows(share: float, longest: int) -> float:
    """Pairs a value that runs too long for one need, if each value is zero with that chance, whatever the others are.

    Parameters
    ----------
    share : float
        Of zeros, from 0 to 1.
    longest : int
        Zeros that one pair can stand for, its value among them.

    Examples
    --------
    >>> expected_overflows(1.0, 32) == 1 / 32, round(expected_overflows(0.9, 16), 4)
    (True, 0.0227)
    """
    # a run of at least n zeros begins at a value with the chance (1 - z) z^n; n is each multiple of the longest
    whole = share**longest
    return 1 / longest if whole == 1 else (1 - share) * whole / (1 - whole)


_AT_ONCE = 1 << 20
"""Values of tiles that are looked at together: many tiles are small, and each look takes its time."""


def _batches(tiles: Iterable[NDArray[np.number]]) -> Iterator[list[NDArray[np.number]]]:
    """Tiles in lists of about so many values."""
    several: list[NDArray[np.number]] = []
    size = 0
    for tile in tiles:
        # C order, the last axis first: rows of a tile follow each other, and runs go on across them
        several.append(tile.reshape(-1))
        size += tile.size
        if size >= _AT_ONCE:
            yield several
            several, size = [], 0
    if several:
        yield several


def _code(tiles: list[NDArray[np.number]], run_bits: int, value_bits: int) -> Coded:
    at_most = 1 << run_bits  # zeros that one pair can stand for, its value among them
    sizes = np.array([tile.size for tile in tiles])
    stops = np.cumsum(sizes)
    starts = stops - sizes
    places = np.flatnonzero(np.concatenate(tiles))
    # where each tile's nonzero values begin among them all, and how many they are
    first = np.searchsorted(places, starts)
    counts = np.diff(first, append=places.size)
    # zeros before each nonzero value; before a tile's first, from its start
    before = np.diff(places, prepend=-1) - 1
    filled = counts > 0
    before[first[filled]] = places[first[filled]] - starts[filled]
    # zeros at the end, but for what full runs take, need a pair of their own, since no value ends them
    after = sizes.copy()
    after[filled] = stops[filled] - 1 - places[first[filled] + counts[filled] - 1]
    overflows = np.zeros(len(tiles), np.int64)
    np.add.at(overflows, np.repeat(np.arange(len(tiles)), counts), before // at_most)
    overflows += after // at_most
    left_over = (after % at_most > 0).astype(np.int64)
    pairs = counts + overflows + left_over
    words = -(-pairs // (WORD_BITS // (run_bits + value_bits)))
    raw = -(-sizes * value_bits // WORD_BITS)
    return Coded(
        values=int(sizes.sum()),
        nonzeros=int(places.size),
        overflows=int(overflows.sum()),
        restarts=int(left_over.sum()),
        words=int(words.sum()),
        longer=int(np.maximum(words - raw, 0).sum()),
    )
