"""The run-length code, by itself."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from traces.rlc import RLCError, decode, encode, encoded_words, pairs_of_word, sent, words_of_tiles

WIDTHS = st.sampled_from([8, 16])


@st.composite
def tiles(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Values with long and short runs of zeros."""
    b_w = draw(WIDTHS)
    half = 1 << (b_w - 1)
    runs = st.integers(0, 100).map(lambda n: [0] * n)
    values = st.lists(st.integers(-half, half - 1), max_size=8)
    pieces = draw(st.lists(st.one_of(runs, values), max_size=8))
    return np.array([value for piece in pieces for value in piece], np.int64), b_w


@given(tiles())
@example((np.zeros(0, np.int64), 16))
@example((np.zeros(32, np.int64), 16))
@example((np.zeros(33, np.int64), 16))
@example((np.zeros(16, np.int64), 8))
def test_what_goes_in_comes_out(tile: tuple[np.ndarray, int]) -> None:
    values, b_w = tile
    code = encode(values, b_w)
    assert np.array_equal(decode(code, values.size, b_w), values)
    assert len(code) == encoded_words(values, b_w)


@given(tiles(), st.integers(1, 4))
def test_tiles_that_are_sent_are_coded_and_decoded_each_apart(tile: tuple[np.ndarray, int], number: int) -> None:
    values, b_w = tile
    several = np.stack([np.roll(values, by) for by in range(number)])
    arrived, words = sent(several, b_w)
    assert np.array_equal(arrived, several)
    assert words == words_of_tiles(several, b_w) == sum(len(encode(one, b_w)) for one in several)


@pytest.mark.parametrize(("b_w", "pairs"), [(16, 3), (8, 5)])
def test_dense_values_fill_words_without_a_rest(b_w: int, pairs: int) -> None:
    assert pairs_of_word(b_w) == pairs
    assert encoded_words(np.ones(7 * pairs, np.int64), b_w) == 7
    assert encoded_words(np.ones(7 * pairs + 1, np.int64), b_w) == 8


def test_figure_of_the_eyeriss_paper_16_bit() -> None:
    """0, 0, 12, 0, 0, 0, 0, 53, 0, 0, 22, ... is (2, 12), (4, 53), (2, 22): JSSC 2017, Fig. 8."""
    values = np.array([0, 0, 12, 0, 0, 0, 0, 53, 0, 0, 22])
    expected = (2 << 59) | (12 << 43) | (4 << 38) | (53 << 22) | (2 << 17) | (22 << 1) | 1
    assert encode(values, 16).tolist() == [expected]


def test_8_bit_pairs_leave_four_bits() -> None:
    expected = (1 << 60) | (0xFF << 52) | (0 << 48) | (7 << 40) | 1
    assert encode(np.array([0, -1, 7]), 8).tolist() == [expected]


@pytest.mark.parametrize(("b_w", "longest"), [(16, 31), (8, 15)])
def test_a_longer_run_spends_a_zero_value(b_w: int, longest: int) -> None:
    pairs = pairs_of_word(b_w)
    fits = np.array(([0] * longest + [5]) * pairs)
    too_long = np.array([0] * (longest + 1) + [5] + ([0] * longest + [5]) * (pairs - 1))
    assert encoded_words(fits, b_w) == 1
    assert encoded_words(too_long, b_w) == 2


def test_a_tile_of_zeros_takes_one_pair_for_each_full_run() -> None:
    assert encoded_words(np.zeros(3 * 32, np.int64), 16) == 1
    assert encoded_words(np.zeros(3 * 32 + 1, np.int64), 16) == 2


def test_values_too_wide_are_refused() -> None:
    with pytest.raises(ValueError, match="must fit in 8 bits"):
        encode(np.array([128]), 8)
    with pytest.raises(ValueError, match=r"b_w\(=12\) must be one of"):
        encode(np.array([1]), 12)


@pytest.mark.parametrize(("b_w", "bits"), [(16, 16), (8, 8), (16, 5), (16, 3), (8, 1)])
def test_two_s_complement_has_one_more_below_zero_than_above(b_w: int, bits: int) -> None:
    lowest, highest = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    ends = np.array([lowest, highest])
    assert np.array_equal(decode(encode(ends, b_w, bits), 2, b_w, bits), ends)
    for beyond in (lowest - 1, highest + 1):
        with pytest.raises(ValueError, match=f"must fit in {bits} bits"):
            encode(np.array([0, beyond]), b_w, bits)


def test_words_that_are_not_a_tile_are_refused() -> None:
    code = encode(np.arange(1, 10), 16)
    with pytest.raises(RLCError, match="expected 12 values"):
        decode(code, 12, 16)
    with pytest.raises(RLCError, match="expected 2 values"):
        decode(code, 2, 16)
    with pytest.raises(RLCError, match="last-word mark"):
        decode(code[:-1], 6, 16)


@given(tiles())
def test_no_tile_needs_more_than_a_pair_a_value_or_less_than_a_pair_a_nonzero(tile: tuple[np.ndarray, int]) -> None:
    values, b_w = tile
    pairs = pairs_of_word(b_w)
    words = encoded_words(values, b_w)
    assert np.count_nonzero(values) <= words * pairs
    assert words <= -(-values.size // pairs)
