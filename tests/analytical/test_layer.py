"""Layers that exist, and what is said of those that do not."""

from typing import Any

import pytest

from analytical.layer import Layer, LayerError

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
        ({"E": 14}, r"ofmap height is 14; expected at most \(15 - 3\) // 1 \+ 1 = 13"),
        ({"G": 14}, "ofmap width is 14"),
        ({"U": 2}, "ofmap height is 13; expected at most"),
        ({"groups": 5}, r"F \(filters\) is 384; expected a multiple of the 5 groups"),
        ({"sparsity_ifmap": 1.5}, r"sparsity_ifmap \(sparsity_ifmap_padded\) is 1.5; expected a fraction"),
        ({"sparsity_ofmap": float("nan")}, "sparsity_ofmap is nan"),
        ({"pad_h": 0.3}, "pad is 0.3; expected a multiple of 0.5"),
        ({"pad_w": 8}, "pad is 8; expected"),
        ({"kind": "pool"}, "kind is pool; expected one of conv, fc"),
        ({"kind": "fc"}, "ofmap is 13x13; expected 1x1"),
        ({"name": ""}, "layer name is ''; expected a name"),
        ({"name": "a\nb"}, "expected a name of printable characters"),
        ({"pad_h": 1e308}, "pad is 1e.308; expected a multiple"),
    ],
)
def test_a_layer_that_cannot_exist_says_why(change: dict[str, Any], message: str) -> None:
    with pytest.raises(LayerError, match=message):
        Layer(**SHAPE | change)
