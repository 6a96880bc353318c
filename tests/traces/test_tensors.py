"""Synthetic tensors have exactly the zeros that the table states."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.layer import Layer
from analytical.networks import load_network
from tests.strategies import layers
from traces import tensors
from traces.convolution import convolve_plainly
from traces.tensors import calibrate, draw, padding_ring, smallest, synthesise


@given(layers(), st.sampled_from([8, 16]), st.integers(0, 2**32))
def test_zeros_are_those_of_the_table_and_the_rest_fits_the_word(layer: Layer, b_w: int, seed: int) -> None:
    t = synthesise(layer, b_w=b_w, batch=2, seed=seed)
    zeros = round(layer.sparsity_ifmap * layer.ifmap_size)
    ring = np.broadcast_to(padding_ring(layer), t.ifmap.shape[1:])
    for image in t.ifmap:
        assert np.count_nonzero(image == 0) == zeros
        if zeros >= np.count_nonzero(ring):
            assert not image[ring].any()
        else:
            assert image[~ring].all()
    assert np.count_nonzero(t.filters == 0) == round(layer.sparsity_filters * layer.weights)
    if layer.filter_bits is not None and layer.filter_bits < b_w:
        assert np.unique(t.filters).size <= 1 << layer.filter_bits
    for tensor in (t.ifmap, t.filters):
        assert -(1 << (b_w - 1)) <= tensor.min()
        assert tensor.max() < 1 << (b_w - 1)


@given(
    st.integers(-(2**15), 2**15 - 2),
    st.integers(1, 2**15 - 1),
    st.lists(st.integers(0, 400), min_size=1, max_size=5),
    st.integers(0, 2**32),
)
def test_values_that_are_drawn_in_pieces_are_those_that_numpy_draws_in_one(
    low: int, more: int, sizes: list[int], seed: int
) -> None:
    high = min(low + more, 2**15 - 1)
    pieces = list(draw(np.random.default_rng(seed), low, high, sizes))
    whole = np.random.default_rng(seed).integers(low, high, sum(sizes), dtype=np.int16)
    assert [piece.size for piece in pieces] == sizes
    assert np.array_equal(np.concatenate(pieces), whole)


def test_large_filters_come_in_pieces_that_make_the_same_psums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two groups of 20 filters, seven at a time: a piece has some of both groups."""
    layer = Layer.conv("L", channels=8, size=6, filters=40, filter=3, groups=2)
    monkeypatch.setattr(tensors, "_FILTER_VALUES", 7 * layer.C * 9)
    one, other = (synthesise(layer, b_w=16, batch=2, seed=3) for _ in range(2))
    assert [len(piece) for piece in one.filter_pieces()] == [7, 7, 7, 7, 7, 5]
    expected = convolve_plainly(one.ifmap, one.filters, stride=1, groups=2, E=layer.E, G=layer.G)
    # with the filters as they come, and once all of them are there
    assert "filters" not in other.__dict__
    assert np.array_equal(other.psums, expected)
    assert np.array_equal(one.psums, expected)
    monkeypatch.undo()
    assert np.array_equal(synthesise(layer, b_w=16, batch=2, seed=3).filters, one.filters)


@pytest.mark.parametrize(("pad", "before", "after"), [(0, 0, 0), (1, 1, 1), (2.5, 2, 3), (0.5, 0, 1)])
def test_a_fractional_pad_puts_the_smaller_half_before(pad: float, before: int, after: int) -> None:
    ring = padding_ring(Layer(name="L", H=20, W=20, pad_h=pad, pad_w=0, C=1, R=1, S=1, F=1, E=20, G=20))
    rows = ring.all(axis=1)
    assert rows[:before].all()
    assert not rows[before : 20 - after].any()
    assert rows[20 - after :].all()


def test_an_image_does_not_depend_on_its_batch_nor_a_layer_on_its_network() -> None:
    layer = load_network("alexnet").layer("C3")
    one, three = (synthesise(layer, b_w=16, batch=batch, seed=7) for batch in (1, 3))
    assert np.array_equal(one.ifmap[0], three.ifmap[0])
    assert np.array_equal(one.filters, three.filters)
    assert not np.array_equal(three.ifmap[0], three.ifmap[1])


def test_seeds_and_layers_have_streams_of_their_own() -> None:
    layer = Layer(name="A", H=9, W=9, C=8, R=3, S=3, F=4, E=7, G=7)
    a = synthesise(layer, b_w=16, batch=1, seed=0)
    assert not np.array_equal(a.ifmap, synthesise(layer, b_w=16, batch=1, seed=1).ifmap)
    assert not np.array_equal(a.ifmap, synthesise(replace(layer, name="B"), b_w=16, batch=1, seed=0).ifmap)


@given(
    st.lists(st.integers(-(2**46), 2**46), min_size=1, max_size=200, unique=True),
    st.floats(0, 1),
    st.sampled_from([8, 16]),
)
def test_one_bias_leaves_the_share_of_zeros(psums: list[int], sparsity: float, b_w: int) -> None:
    values = np.array(psums)
    quantised = calibrate(values, sparsity, b_w)(values)
    assert np.count_nonzero(quantised == 0) == round(sparsity * values.size)
    assert quantised.min() >= 0
    assert quantised.max() < 1 << (b_w - 1)


def test_equal_psums_become_zero_together_on_the_nearer_side() -> None:
    psums = np.array([1, 2, 2, 2, 3])
    assert np.count_nonzero(calibrate(psums, 0.4, 8)(psums) == 0) == 1
    assert np.count_nonzero(calibrate(psums, 0.6, 8)(psums) == 0) == 4


@pytest.mark.parametrize("name", ["C1", "C5", "FC8"])
def test_alexnets_ofmaps_have_the_tables_zeros(name: str) -> None:
    layer = load_network("alexnet").layer(name)
    t = synthesise(layer, b_w=16, batch=1, seed=0)
    zeros = np.count_nonzero(t.requantise(t.psums) == 0)
    assert zeros == round(layer.sparsity_ofmap * layer.ofmap_size)


@given(st.lists(st.integers(-(2**50), 2**50) | st.integers(-3, 3), min_size=1, max_size=40), st.data())
def test_the_value_of_a_rank_is_that_of_the_sorted_values(values: list[int], data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, len(values) - 1))
    ordered = np.sort(np.array(values, np.int64))
    below, at_most = (int(np.searchsorted(ordered, ordered[rank], side=side)) for side in ("left", "right"))
    assert smallest(np.array(values, np.int64), rank) == (int(ordered[rank]), below, at_most)


@given(layers(), st.integers(0, 2**32))
def test_zeros_of_filters_change_no_other_value(layer: Layer, seed: int) -> None:
    """Drawn after the values: a weight that is not zero is the one that it would be without any."""
    dense, sparse = (
        synthesise(replace(layer, sparsity_filters=z, filter_bits=None), b_w=16, batch=1, seed=seed).filters
        for z in (0.0, 0.6)
    )
    assert np.array_equal(sparse[sparse != 0], dense[sparse != 0])
    assert np.count_nonzero(sparse == 0) == round(0.6 * layer.weights)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_zeros_of_filters_are_anywhere(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several pieces, too: over many draws each place is zero as often as any other."""
    monkeypatch.setattr(tensors, "_PIECE", 7)
    layer = Layer.fc("FC", inputs=10, outputs=4, sparsity_filters=share)
    zeros = sum((synthesise(layer, b_w=8, batch=1, seed=seed).filters == 0).astype(int) for seed in range(2000))
    expected, spread = 2000 * share, np.sqrt(2000 * share * (1 - share))
    assert abs(zeros - expected).max() < 5 * spread


@pytest.mark.parametrize("bits", [1, 2, 5, 15])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_codebook_has_zero_if_filters_have_zeros(bits: int, share: float) -> None:
    layer = Layer.fc("FC", inputs=500, outputs=400, sparsity_filters=share, filter_bits=bits)
    filters = synthesise(layer, b_w=16, batch=1, seed=1).filters
    values = np.unique(filters)
    assert values.size <= 1 << bits
    assert (0 in values) == (share > 0)
    # so many draws meet every entry of a small one
    if bits <= 5:
        assert values.size == 1 << bits
    assert np.count_nonzero(filters == 0) == share * layer.weights
