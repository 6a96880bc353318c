"""Networks that become other networks, by their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import analytical
from analytical import Layer, Network, decompose, estimate, load_network, prune, quantise
from analytical.compression.stored import huffman_bits, stored
from analytical.compression.transforms import CompressionError, rank_of
from analytical.compression.weights import decompose_weights, prune_weights, quantise_weights
from analytical.hardware import CHIPS
from analytical.network import Edges
from analytical.networks import as_table, parse_table
from traces.convolution import convolve_plainly


def test_zeros_that_are_there_are_among_those_that_are_asked_for() -> None:
    once = prune(load_network("alexnet"), {"C1": 0.5})
    assert prune(once, 0.2).layer("C1").sparsity_filters == 0.5
    assert prune(once, 0.2).layer("C2").sparsity_filters == 0.2


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 5), st.floats(1, 20))
def test_a_part_is_never_larger_than_the_layer(inputs: int, outputs: int, size: int, reduction: float) -> None:
    layer = Layer.conv("L", channels=inputs, size=8, filters=outputs, filter=size, stride=2, padding=1)
    network = Network("n", (layer,))
    split = decompose(network, reduction)
    weights = sum(each.weights for each in split.layers)
    assert weights <= layer.weights / (1 if len(split.layers) == 1 else min(reduction, 1 + 1e-9))
    if len(split.layers) == 2:
        first, second = split.layers
        assert first.F == second.C == rank_of(layer, reduction)
        assert (second.F, second.E, second.G) == (layer.F, layer.E, layer.G)
        assert (first.E, first.G) == (second.H, second.W)
        assert weights <= layer.weights / reduction * (1 + 1e-9)


def test_edges_go_on_from_the_second_part() -> None:
    """A branch that reads N, a layer that reads the one before it, a sum of both, and a head."""
    a, b, d = (Layer.conv(name, channels=64, size=8, filters=64, filter=3, padding=1) for name in "abd")
    add = Layer.operation("sum", "add", reads=(64, 8, 8), makes=(64, 8, 8))
    edges = {"d": Edges(inputs=("a",)), "sum": Edges(inputs=("a", "d"))}
    network = Network("n", (a, b, d), edges, operations=(add,), heads=("b",))
    split = decompose(network, {"a": 2.0, "b": 2.0})
    assert split.names == ["aa", "ab", "ba", "bb", "d"]
    assert split.edges["d"].inputs == ("ab",)
    assert split.edges["sum"].inputs == ("ab", "d")
    assert split.heads == ("bb",)
    assert parse_table(as_table(split), "n") == parse_table(as_table(parse_table(as_table(split), "n")), "n")
    assert estimate(split, CHIPS["eyeriss-16bit-sparse"]).energy_J > 0


def test_a_name_that_is_taken_is_refused() -> None:
    layers = (Layer.fc("N", inputs=64, outputs=64), Layer.fc("Na", inputs=64, outputs=64))
    with pytest.raises(CompressionError, match="layer N cannot become Na and Nb, since there is a layer Na"):
        decompose(Network("n", layers), {"N": 4})


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda n: prune(n, -0.1), "prune is -0.1; expected a share of zeros from 0 to 1"),
        (lambda n: prune(n, "0.5"), "prune is '0.5'; expected a share of zeros from 0 to 1"),
        (lambda n: quantise(n, 2.0), "filter bits is 2.0; expected a whole number of bits from 1 to 16"),
        (lambda n: decompose(n, {"fc": 0.99}), "svd of fc is 0.99; expected a number of at least 1"),
        (lambda n: decompose_weights(n, {}), "neither or both of reduction and energy are given"),
    ],
)
def test_numbers_that_cannot_be_are_refused(call: object, why: str) -> None:
    with pytest.raises(CompressionError, match=why):
        call(load_network("alexnet"))  # type: ignore[operator]


@given(st.integers(0, 2**32), st.floats(0, 1), st.sampled_from([1, 2]))
def test_pruning_by_magnitude_takes_the_smallest(seed: int, share: float, groups: int) -> None:
    layer = Layer.conv("L", channels=4, size=6, filters=6, filter=3, groups=groups)
    shape = layer.F, layer.C, layer.R, layer.S
    weights = np.random.default_rng(seed).normal(size=shape)
    done = prune_weights(Network("n", (layer,)), {"L": weights}, share)
    kept = done.weights["L"] != 0
    assert np.count_nonzero(~kept) == round(share * layer.weights)
    assert np.array_equal(done.weights["L"][kept], weights[kept])
    if kept.any() and not kept.all():
        assert abs(weights[kept]).min() >= abs(weights[~kept]).max()
    assert done.network.layer("L").sparsity_filters == pytest.approx(np.count_nonzero(~kept) / layer.weights)


@pytest.mark.parametrize("groups", [1, 2])
def test_the_two_parts_together_are_the_layer(groups: int) -> None:
    """At a rank that keeps all energy, a convolution by both parts is that by the layer."""
    layer = Layer.conv("L", channels=8, size=7, filters=24, filter=3, stride=2, groups=groups)
    rng = np.random.default_rng(0)
    rank = 3
    left = rng.integers(-5, 6, (groups, layer.filters_per_group, rank))
    right = rng.integers(-5, 6, (groups, rank, layer.C * 9))
    weights = (left @ right).reshape(layer.F, layer.C, 3, 3)
    done = decompose_weights(Network("n", (layer,)), {"L": weights}, energy=1.0)
    assert done.decomposed["L"].rank == rank
    assert done.decomposed["L"].relative_error < 1e-3
    ifmap = rng.integers(-9, 10, (1, 8, 7, 7))
    whole = convolve_plainly(ifmap, weights, stride=2, groups=groups, E=3, G=3)
    a, b = done.weights["La"].reshape(groups, rank, -1), done.weights["Lb"].reshape(groups, -1, rank)
    assert np.allclose((b @ a).reshape(weights.shape), weights, atol=1e-2)
    middle = np.zeros((1, groups * rank, 3, 3))
    for f, y, x in np.ndindex(groups * rank, 3, 3):
        own = ifmap[0, f // rank * layer.C : (f // rank + 1) * layer.C, 2 * y : 2 * y + 3, 2 * x : 2 * x + 3]
        middle[0, f, y, x] = (done.weights["La"][f] * own).sum()
    by_parts = np.einsum("gfr,grp->gfp", b, middle.reshape(groups, rank, 9)).reshape(whole.shape)
    assert np.allclose(by_parts, whole, atol=0.5)


def test_weights_in_a_codebook_are_near_and_few() -> None:
    layer = Layer.fc("FC", inputs=200, outputs=50)
    weights = np.random.default_rng(0).normal(size=(50, 200, 1, 1))
    weights[weights < 0.5] = 0
    done = quantise_weights(Network("n", (layer,)), {"FC": weights}, 4)
    found = done.weights["FC"]
    assert np.unique(found).size <= 16
    assert np.array_equal(found == 0, weights == 0)
    assert abs(found - weights).max() < 0.3
    assert done.network.layer("FC").filter_bits == 4


def test_stored_bytes_by_shares_are_those_of_random_weights() -> None:
    layer = Layer.fc("FC", inputs=1000, outputs=500, sparsity_filters=0.9, filter_bits=5)
    weights = np.where(np.random.default_rng(0).random((500, 1000, 1, 1)) < 0.9, 0, 3)
    by_shares, known = stored(layer, CHIPS["eyeriss-8bit"]), stored(layer, CHIPS["eyeriss-8bit"], weights)
    assert by_shares.raw == known.raw == 500_000 * 5 / 8
    for name in ("kept", "rlc", "eie"):
        assert getattr(by_shares, name) == pytest.approx(getattr(known, name), rel=0.01)
    assert known.huffman is not None
    assert known.huffman < known.eie


def test_a_huffman_code_is_never_shorter_than_the_entropy() -> None:
    # Cormen et al., Introduction to Algorithms, Fig. 16.3
    assert huffman_bits([45, 13, 12, 16, 9, 5]) == 224
    assert (huffman_bits([]), huffman_bits([7])) == (0, 7)


def test_the_api_has_them() -> None:
    assert {"prune", "decompose", "quantise", "shares_kept"} <= {*analytical.__all__}


def test_the_least_integer_is_the_largest_weight() -> None:
    network = Network("n", (Layer.fc("FC", inputs=6, outputs=1),))
    weights = np.array([-128, 3, -128, 1, 2, 100], np.int8).reshape(1, 6, 1, 1)
    assert prune_weights(network, {"FC": weights}, 0.5).weights["FC"].ravel().tolist() == [-128, 0, -128, 0, 0, 100]


def test_the_rank_is_exact_and_weights_of_any_size_are_decomposed() -> None:
    assert rank_of(Layer.fc("x", inputs=110, outputs=110), 1.1) == 50
    network = Network("n", (Layer.fc("FC", inputs=40, outputs=40),))
    huge = np.random.default_rng(0).normal(size=(40, 40, 1, 1)) * 1e300
    done = decompose_weights(network, {"FC": huge}, reduction=2.0)
    assert 0 < done.decomposed["FC"].kept_energy < 1
    with pytest.raises(CompressionError, match="weights of layer FC are missing"):
        decompose_weights(network, {}, reduction=2.0)
    with pytest.raises(CompressionError, match="svd energy is True; expected a share"):
        decompose_weights(network, {"FC": huge}, energy=True)


def test_as_many_bits_as_a_word_are_no_codebook() -> None:
    network = Network("n", (Layer.fc("FC", inputs=300, outputs=400),))
    weights = np.random.default_rng(0).normal(size=(400, 300, 1, 1))
    assert quantise_weights(network, {"FC": weights}, 16).weights["FC"] is weights
    # of many weights, a part of which says where centres lie
    found = quantise_weights(network, {"FC": weights}, 6).weights["FC"]
    assert np.unique(found).size <= 64
    assert np.sqrt(np.mean((found - weights) ** 2)) < 0.06
