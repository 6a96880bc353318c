"""Exact convolution."""

import numpy as np
import pytest
from hypothesis import given

from analytical.layer import Layer
from tests.strategies import layers
from traces import convolution
from traces.convolution import convolve, convolve_plainly
from traces.tensors import synthesise


@given(layers(most_macs=100_000))
def test_the_fast_way_equals_the_definition(layer: Layer) -> None:
    t = synthesise(layer, b_w=16, batch=2, seed=1)
    plain = convolve_plainly(t.ifmap, t.filters, stride=(layer.U, layer.V), groups=layer.groups, E=layer.E, G=layer.G)
    assert np.array_equal(t.psums, plain)


def test_pieces_of_rows_and_filters_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Layer(name="L", groups=2, H=17, W=11, C=5, R=3, S=2, F=14, U=2, E=8, G=5)
    whole = synthesise(layer, b_w=8, batch=3, seed=0).psums
    monkeypatch.setattr(convolution, "_PATCH_BYTES", 1000)
    assert np.array_equal(synthesise(layer, b_w=8, batch=3, seed=0).psums, whole)


def test_sums_that_float64_cannot_hold_are_still_exact() -> None:
    """Two products of 2**52 + 1 and a third make a sum that float64 would round."""
    ifmap = np.array([2**26, 2**26, 1], np.int64).reshape(1, 3, 1, 1)
    filters = np.array([2**27, 2**27, 1], np.int64).reshape(1, 3, 1, 1)
    assert convolve(ifmap, filters, stride=1, groups=1, E=1, G=1).item() == 2**54 + 1


def test_extreme_words_of_16_bits() -> None:
    ifmap = np.full((1, 64, 3, 3), 2**15 - 1, np.int16)
    filters = np.full((1, 64, 3, 3), -(2**15), np.int16)
    assert convolve(ifmap, filters, stride=1, groups=1, E=1, G=1).item() == -576 * (2**15 - 1) * 2**15
