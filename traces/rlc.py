"""Run-length coding of zeros, as the Eyeriss chip stores fmaps in DRAM.

A 64-bit word holds pairs of a run of zeros and the value that ends it: three pairs of 5 + 16 bits, or five of 4 + 8
bits, first pair in the highest bits. Its lowest bit marks the last word of a tile. A run longer than its field spends
a pair whose value is zero; zeros at the end of a tile end in such a pair; pairs that a last word has to spare are zero.
"""

import numpy as np
from numpy.typing import NDArray

from analytical.hardware import RLC_RUN_BITS
from traces.compiled import njit

WORD_BITS = 64


class RLCError(ValueError):
    """Words that are not the code of a tile of the expected size."""


def pairs_of_word(b_w: int) -> int:
    """Pairs in one word.

    >>> pairs_of_word(16), pairs_of_word(8)
    (3, 5)
    """
    return WORD_BITS // (_run_bits(b_w) + b_w)


def encode(values: NDArray[np.integer], b_w: int) -> NDArray[np.uint64]:
    """Code of a tile, its values in C order.

    Raises
    ------
    ValueError
        ``b_w`` is neither 8 nor 16, or a value does not fit in it.
    """
    run_bits = _run_bits(b_w)
    flat = np.ascontiguousarray(values).reshape(-1).astype(np.int64)
    if flat.size and not (-(1 << (b_w - 1)) <= flat.min() and flat.max() < 1 << (b_w - 1)):
        raise ValueError(f"values from {flat.min()} to {flat.max()} must fit in {b_w} bits")
    words = np.zeros(encoded_words(flat, b_w), np.uint64)
    _encode(flat, words, b_w, run_bits, pairs_of_word(b_w))
    if words.size:
        words[-1] |= np.uint64(1)
    return words


def decode(words: NDArray[np.uint64], size: int, b_w: int) -> NDArray[np.int64]:
    """The ``size`` values of a tile.

    Raises
    ------
    RLCError
        The words hold fewer or more values, or the last-word mark is not where it should be.
    """
    run_bits = _run_bits(b_w)
    marks = np.flatnonzero(np.asarray(words) & np.uint64(1))
    if size and (marks.size != 1 or marks[0] != len(words) - 1):
        raise RLCError(f"last-word marks at {marks.tolist()} of {len(words)} words; expected one, at the end")
    values = np.zeros(size, np.int64)
    used, filled = _decode(np.asarray(words, np.uint64), values, b_w, run_bits, pairs_of_word(b_w))
    if filled != size or used != len(words):
        raise RLCError(
            f"{len(words)} words hold {filled} values in {used} words; expected {size} values in all of them"
        )
    return values


def encoded_words(values: NDArray[np.integer], b_w: int) -> int:
    """64-bit words that :func:`encode` needs for a tile, counted without coding it."""
    pairs = _count_pairs(np.atleast_1d(values).reshape(-1), (1 << _run_bits(b_w)) - 1)
    return -(-int(pairs) // pairs_of_word(b_w))


def _run_bits(b_w: int) -> int:
    if b_w not in RLC_RUN_BITS:
        raise ValueError(f"b_w(={b_w}) must be one of {', '.join(map(str, RLC_RUN_BITS))}")
    return RLC_RUN_BITS[b_w]


@njit()
def _count_pairs(values, longest):
    pairs = 0
    run = 0
    for value in values:
        if value == 0 and run < longest:
            run += 1
        else:
            pairs += 1
            run = 0
    if run > 0:
        pairs += 1
    return pairs


@njit()
def _encode(values, words, b_w, run_bits, pairs):
    longest = (1 << run_bits) - 1
    mask = np.uint64((1 << b_w) - 1)
    n = 0
    run = 0
    for at in range(values.size):
        value = values[at]
        if value == 0 and run < longest and at + 1 < values.size:
            run += 1
            continue
        shift = np.uint64(64 - (n % pairs + 1) * (run_bits + b_w))
        pair = (np.uint64(run) << np.uint64(b_w)) | (np.uint64(value) & mask)
        words[n // pairs] |= pair << shift
        n += 1
        run = 0


@njit()
def _decode(words, values, b_w, run_bits, pairs):
    run_mask = np.uint64((1 << run_bits) - 1)
    mask = np.uint64((1 << b_w) - 1)
    sign = np.int64(1) << (b_w - 1)
    filled = np.int64(0)
    for at in range(words.size):
        if filled == values.size:
            return at, filled
        for n in range(pairs):
            if filled == values.size:
                break
            pair = words[at] >> np.uint64(64 - (n + 1) * (run_bits + b_w))
            filled = filled + np.int64((pair >> np.uint64(b_w)) & run_mask)
            if filled >= values.size:
                return at + 1, filled + 1
            value = np.int64(pair & mask)
            values[filled] = value - ((value & sign) << 1)
            filled += 1
    return words.size, filled
