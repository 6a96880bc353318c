"""Run-length coding of zeros, as the Eyeriss chip stores fmaps in DRAM.

A 64-bit word holds pairs of a run of zeros and the value that ends it: three pairs of 5 + 16 bits, or five of 4 + 8
bits, first pair in the highest bits. Its lowest bit marks the last word of a tile. A run longer than its field spends
a pair whose value is zero; zeros at the end of a tile end in such a pair; pairs that a last word has to spare are zero.
Values of fewer bits than a word's, which number the entries of a codebook, leave room for more pairs in a word; their
run fields are those of the word, and where pairs fill it to the last bit there is no mark. The closed forms take the
format as a factor of 1 + 1/3 at 16 bits, of 1 + 3/5 at 8 (NeuPart paper, section VI-A and eq 25); here each tile is
coded, with what runs and last words waste.
"""

import numpy as np
from numpy.typing import NDArray

from analytical.hardware import RLC_RUN_BITS
from traces.compiled import njit

WORD_BITS = 64


class RLCError(ValueError):
    """Words that are not the code of a tile of the expected size."""


def pairs_of_word(b_w: int, value_bits: int | None = None) -> int:
    """Pairs of a run and a value in one word.

    Parameters
    ----------
    b_w : int
        Bits of a word of the hardware, which say those of a run.
    value_bits : int, optional
        Bits of a value; default: ``b_w``.

    Raises
    ------
    ValueError
        ``b_w`` is neither 8 nor 16, or ``value_bits`` not from 1 to ``b_w``.

    Examples
    --------
    >>> pairs_of_word(16), pairs_of_word(8), pairs_of_word(16, 5)
    (3, 5, 6)
    """
    return WORD_BITS // (_run_bits(b_w) + _value_bits(b_w, value_bits))


def encode(values: NDArray[np.integer], b_w: int, value_bits: int | None = None) -> NDArray[np.uint64]:
    """Code of a tile, its values in C order.

    Parameters
    ----------
    values : array of int
        A tile of any shape, also an empty one.
    b_w : int
        Bits of a word of the hardware.
    value_bits : int, optional
        Bits of a value, in two's complement; default: ``b_w``.

    Returns
    -------
    (words,), uint64
        No words for an empty tile; else the last one has the mark, if pairs leave a bit for it.

    Raises
    ------
    ValueError
        ``b_w`` is neither 8 nor 16, or a value does not fit.

    Examples
    --------
    Two zeros and 12, four zeros and 53, two zeros and 22 are one word of three pairs:

    >>> code = encode(np.array([0, 0, 12, 0, 0, 0, 0, 53, 0, 0, 22]), 16)
    >>> code.tolist() == [2 << 59 | 12 << 43 | 4 << 38 | 53 << 22 | 2 << 17 | 22 << 1 | 1]
    True
    """
    run_bits, bits = _run_bits(b_w), _value_bits(b_w, value_bits)
    flat = np.ascontiguousarray(values).reshape(-1).astype(np.int64)
    if flat.size and not (-(1 << (bits - 1)) <= flat.min() and flat.max() < 1 << (bits - 1)):
        raise ValueError(f"values from {flat.min()} to {flat.max()} must fit in {bits} bits")
    words = np.zeros(encoded_words(flat, b_w, bits), np.uint64)
    _encode(flat, words, bits, run_bits, pairs_of_word(b_w, bits))
    if words.size and _has_mark(b_w, bits):
        words[-1] |= np.uint64(1)
    return words


def decode(words: NDArray[np.uint64], size: int, b_w: int, value_bits: int | None = None) -> NDArray[np.int64]:
    """The ``size`` values of a tile.

    Parameters
    ----------
    words : (words,), uint64
        As :func:`encode` makes them.
    size : int
        Values of the tile: the code itself does not say where spare pairs begin.
    b_w, value_bits
        As for :func:`encode`.

    Raises
    ------
    RLCError
        The words hold fewer or more values, or the last-word mark is not where it should be.
    ValueError
        ``b_w`` is neither 8 nor 16.

    Examples
    --------
    >>> decode(encode(np.array([0, -1, 7]), 8), 3, 8).tolist()
    [0, -1, 7]
    """
    run_bits, bits = _run_bits(b_w), _value_bits(b_w, value_bits)
    marks = np.flatnonzero(np.asarray(words) & np.uint64(1))
    if size and _has_mark(b_w, bits) and (marks.size != 1 or marks[0] != len(words) - 1):
        raise RLCError(f"last-word marks at {marks.tolist()} of {len(words)} words; expected one, at the end")
    values = np.zeros(size, np.int64)
    used, filled = _decode(np.asarray(words, np.uint64), values, bits, run_bits, pairs_of_word(b_w, bits))
    if filled != size or used != len(words):
        raise RLCError(
            f"{len(words)} words hold {filled} values in {used} words; expected {size} values in all of them"
        )
    return values


def encoded_words(values: NDArray[np.integer], b_w: int, value_bits: int | None = None) -> int:
    """64-bit words that :func:`encode` needs for a tile, counted without coding it.

    Examples
    --------
    At 16 bits a pair ends a run of at most 31 zeros, so that a pair stands for at most 32 of them:

    >>> [encoded_words(np.zeros(zeros, np.int64), 16) for zeros in (3 * 32, 3 * 32 + 1)]
    [1, 2]
    """
    pairs = _count_pairs(np.atleast_1d(values).reshape(-1), (1 << _run_bits(b_w)) - 1)
    return -(-int(pairs) // pairs_of_word(b_w, value_bits))


def words_of_tiles(tiles: NDArray[np.integer], b_w: int, most: int | None = None) -> int:
    """64-bit words of as many tiles as the first axis is long, each coded apart; or ``most`` words where a tile's code
    is longer.

    Examples
    --------
    >>> words_of_tiles(np.array([[0, -1], [7, 0]]), 16)
    2
    """
    flat = np.ascontiguousarray(tiles).reshape(len(tiles), -1)
    return int(_words_of_tiles(flat, (1 << _run_bits(b_w)) - 1, pairs_of_word(b_w), _NO_MOST if most is None else most))


_NO_MOST = np.iinfo(np.int64).max


def sent(tiles: NDArray[np.integer], b_w: int, most: int | None = None) -> tuple[NDArray[np.int64], int]:
    """Tiles as they arrive, each coded by :func:`encode` and decoded by :func:`decode`, and the 64-bit words between:
    the same in one call, for who sends many small tiles.

    Parameters
    ----------
    tiles : (tiles, ...)
        As many tiles as the first axis is long, of values of ``b_w`` bits.
    b_w : int
        Bits of a value.
    most : int, optional
        As for :func:`words_of_tiles`.

    Examples
    --------
    >>> arrived, words = sent(np.array([[0, -1], [7, 0]]), 16)
    >>> arrived.tolist(), words
    ([[0, -1], [7, 0]], 2)
    """
    flat = np.ascontiguousarray(tiles).reshape(len(tiles), -1)
    arrived = np.zeros(flat.shape, np.int64)
    limit = _NO_MOST if most is None else most
    words, lost = _sent(flat, arrived, b_w, _run_bits(b_w), pairs_of_word(b_w), limit)
    if lost:
        raise RLCError(f"{lost} of {len(tiles)} tiles arrive with another number of values; expected {flat.shape[1]}")
    return arrived.reshape(tiles.shape), int(words)


def _value_bits(b_w: int, value_bits: int | None) -> int:
    bits = b_w if value_bits is None else value_bits
    if not 1 <= bits <= b_w:
        raise ValueError(f"value_bits(={bits}) must be from 1 to {b_w}")
    return bits


def _has_mark(b_w: int, bits: int) -> bool:
    return pairs_of_word(b_w, bits) * (_run_bits(b_w) + bits) < WORD_BITS


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
def _words_of_tiles(tiles, longest, pairs, most):
    words = 0
    for tile in tiles:
        words += min(-(-_count_pairs(tile, longest) // pairs), most)
    return words


@njit()
def _sent(tiles, arrived, b_w, run_bits, pairs, most):
    sent, lost = 0, 0
    for number in range(tiles.shape[0]):
        count = _count_pairs(tiles[number], (1 << run_bits) - 1)
        words = np.zeros(-(-count // pairs), np.uint64)
        _encode(tiles[number], words, b_w, run_bits, pairs)
        used, filled = _decode(words, arrived[number], b_w, run_bits, pairs)
        sent += min(words.size, most)
        if used != words.size or filled != tiles.shape[1]:
            lost += 1
    return sent, lost


@njit()
def _encode(values, words, b_w, run_bits, pairs):
    longest = (1 << run_bits) - 1
    mask = np.uint64((1 << b_w) - 1)
    n = 0
    run = 0
    for at in range(values.size):
        value = values[at]
        # a pair ends here at a value, at a zero that the run has no room for, and at the end of the tile
        if value == 0 and run < longest and at + 1 < values.size:
            run += 1
            continue
        shift = np.uint64(64 - (n % pairs + 1) * (run_bits + b_w))
        # the mask cuts the sign's copies off a negative value
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
            # a run that leaves no place for the value that ends it: too many values, which the caller refuses
            if filled >= values.size:
                return at + 1, filled + 1
            # two's complement: where the sign bit is set, twice its worth is too much
            value = np.int64(pair & mask)
            values[filled] = value - ((value & sign) << 1)
            filled += 1
    return words.size, filled
