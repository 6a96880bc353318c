"""Codebooks, and values of fewer bits in the run-length code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.layer import Layer
from analytical.run_lengths import code
from traces import rlc
from traces.codebook import codebook_of
from traces.tensors import LayerTensors, TensorError, synthesise


@st.composite
def few_values(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    """Values of a codebook of so many bits."""
    bits = draw(st.integers(1, 16))
    entries = draw(st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=min(1 << bits, 60), unique=True))
    zeros = [0] * draw(st.integers(0, 30)) if 0 in entries else []
    values = draw(st.lists(st.sampled_from(entries + zeros), min_size=1, max_size=300))
    return np.array(values, np.int16), bits


@given(few_values())
def test_a_number_stands_for_its_value(case: tuple[np.ndarray, int]) -> None:
    values, bits = case
    book = codebook_of(values, bits)
    numbers = book.numbers(values)
    assert np.array_equal(book.values(numbers), values)
    assert -(1 << (bits - 1)) <= numbers.min() <= numbers.max() < 1 << (bits - 1) or bits == 1
    if 0 in values:
        assert np.array_equal(numbers == 0, values == 0)


@given(few_values(), st.sampled_from([8, 16]))
def test_numbers_go_through_the_code(case: tuple[np.ndarray, int], b_w: int) -> None:
    values, bits = case
    if bits > b_w or 0 not in values:
        return
    numbers = codebook_of(values, bits).numbers(values)
    words = rlc.encode(numbers, b_w, bits)
    assert np.array_equal(rlc.decode(words, numbers.size, b_w, bits), numbers)
    assert len(words) == rlc.encoded_words(numbers, b_w, bits)
    assert len(words) == code([numbers], 5 if b_w == 16 else 4, bits).words


def test_pairs_that_fill_a_word_leave_no_mark() -> None:
    """Five bits of a run and three of a value: eight pairs, and not a bit left."""
    assert rlc.pairs_of_word(16, 3) == 8
    words = rlc.encode(np.full(9, -1), 16, 3)
    assert [hex(word) for word in words] == ["0x707070707070707", "0x700000000000000"]
    assert rlc.decode(words, 9, 16, 3).tolist() == [-1] * 9


@pytest.mark.parametrize("bits", [0, 17])
def test_bits_that_cannot_be_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match=f"value_bits\\(={bits}\\) must be from 1 to 16"):
        rlc.pairs_of_word(16, bits)


def test_filters_of_more_values_than_their_bits_number_are_refused() -> None:
    layer = Layer.fc("FC", inputs=10, outputs=1, filter_bits=3)
    made = synthesise(layer, b_w=16, batch=1, seed=0)
    assert made.codebook is not None
    assert made.codebook.entries.size <= 8
    own = LayerTensors(
        layer=layer,
        b_w=16,
        ifmap=made.ifmap,
        filter_pieces=lambda: [np.arange(10, dtype=np.int16).reshape(1, 10, 1, 1)],
    )
    with pytest.raises(TensorError, match=r"layer FC: filters have 10 different values; expected at most 8, in 3 bits"):
        assert own.codebook
