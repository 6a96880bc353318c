"""Layers that exist, and what is said of those that do not."""

from typing import Any

import numpy as np
import pytest

from analytical.layer import Layer, LayerError
from analytical.networks import load_network

SHAPE: dict[str, Any] = {"name": "C3", "H": 15, "W": 15, "C": 256, "R": 3, "S": 3, "F": 384, "E": 13, "G": 13}


def test_macs_of_alexnet_c3() -> None:
    assert Layer(**SHAPE).macs == 149_520_384


def test_groups_share_filters_and_channels() -> None:
    layer = Layer(**SHAPE | {"groups": 2})
    assert (layer.channels, layer.filters_per_group) == (512, 192)
    assert layer.ifmap_size == 512 * 15 * 15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"C": 0}, r"C \(channels_per_filter\) is 0; expected a whole number from 1"),
        ({"F": 2**31}, r"F \(filters\) is 2147483648; expected a whole number from 1 to 2147483647"),
        ({"R": 16}, "filter height is 16; expected at most the padded ifmap's 15"),
        ({"E": 14}, r"ofmap height is 14; expected \(15 - 3\) // 1 \+ 1 = 13"),
        ({"G": 14}, "ofmap width is 14"),
        ({"E": 12}, r"ofmap height is 12; expected \(15 - 3\) // 1 \+ 1 = 13"),
        ({"U": 2}, "ofmap height is 13; expected"),
        ({"groups": 5}, r"F \(filters\) is 384; expected a multiple of the 5 groups"),
        ({"sparsity_ifmap": 1.5}, r"sparsity_ifmap \(sparsity_ifmap_padded\) is 1.5; expected a fraction"),
        ({"sparsity_ofmap": float("nan")}, "sparsity_ofmap is nan"),
        ({"pad_h": 0.3}, "pad is 0.3; expected a multiple of 0.5"),
        ({"pad_w": 8}, "pad is 8; expected"),
        ({"kind": "pooling"}, "kind is pooling; expected one of conv, fc"),
        ({"kind": "fc"}, "ofmap is 13x13; expected 1x1"),
        ({"name": ""}, "layer name is ''; expected a name"),
        ({"name": "a\nb"}, "expected a name of printable characters"),
        ({"pad_h": 1e308}, "pad is 1e.308; expected a multiple"),
    ],
)
def test_a_layer_that_cannot_exist_says_why(change: dict[str, Any], message: str) -> None:
    with pytest.raises(LayerError, match=message):
        Layer(**SHAPE | change)


@pytest.mark.parametrize("value", [30.5, 30.0, "30", None, True])
@pytest.mark.parametrize("field", ["H", "C", "batch"])
def test_sizes_are_whole_numbers(field: str, value: Any) -> None:
    """A float of a whole value, too: what computes it may one day not be whole."""
    with pytest.raises(LayerError, match=rf"layer L: {field}( \(\w+\))? is .*; expected a whole number from 1"):
        Layer(**{"name": "L", "H": 30, "W": 30, "C": 3, "R": 3, "S": 3, "F": 8, "E": 28, "G": 28} | {field: value})


def test_numpy_s_integers_become_python_s() -> None:
    layer = Layer.conv("L", channels=np.int32(3), size=np.int64(30), filters=8, filter=3)
    assert type(layer.C) is type(layer.H) is int


def test_conv_and_fc_take_a_framework_s_numbers() -> None:
    """AlexNet's C2 and FC7, as torchvision has them."""
    c2 = Layer.conv("C2", channels=96, size=27, filters=256, filter=5, padding=2, groups=2)
    table = load_network("alexnet").layer("C2")
    shape = ("groups", "H", "W", "pad_h", "pad_w", "C", "R", "S", "F", "U", "E", "G")
    assert [getattr(c2, name) for name in shape] == [getattr(table, name) for name in shape]
    fc7, its = Layer.fc("FC7", inputs=4096, outputs=4096), load_network("alexnet").layer("FC7")
    assert [getattr(fc7, name) for name in (*shape, "kind")] == [getattr(its, name) for name in (*shape, "kind")]
    wide = Layer.conv("wide", channels=1, size=(7, 9), filters=1, filter=(3, 5), stride=2, padding=(1, 0))
    assert (wide.H, wide.W, wide.E, wide.G) == (9, 9, 4, 3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"channels": 5, "groups": 2}, "channels is 5; expected a multiple of the 2 groups"),
        ({"filter": 40}, "filter is 40x40; expected at most the padded ifmap's 30x30"),
        ({"size": "30"}, "size is '30'; expected a whole number"),
        ({"size": (1, 2, 3)}, "size is .*; expected a whole number"),
        ({"padding": "same"}, "padding is 'same'; expected a number, or one for each side"),
        ({"stride": 0}, "stride is 0; expected at least 1"),
    ],
)
def test_a_convolution_that_cannot_be_is_refused(wrong: dict[str, Any], said: str) -> None:
    right: dict[str, Any] = {"channels": 4, "size": 30, "filters": 8, "filter": 3}
    with pytest.raises(LayerError, match=said):
        Layer.conv("L", **(right | wrong))
