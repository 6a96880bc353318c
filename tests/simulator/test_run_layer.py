"""One layer from Python, with values of one's own."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator
from analytical import EyerissMapping, InputError, Layer
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from simulator.machine.layer_run import run_tiling
from simulator.runner import accounting_named
from tests.strategies import layers
from traces.convolution import convolve_plainly
from traces.tensors import TensorError, synthesise

LAYER = Layer.conv("L", channels=2, size=6, filters=3, filter=3, padding=1)
IFMAP = np.arange(2 * 8 * 8).reshape(1, 2, 8, 8)
FILTERS = np.arange(-27, 27).reshape(3, 2, 3, 3)


def test_own_values_come_out_as_their_convolution() -> None:
    for engine in ("fast", "detailed"):
        result = simulator.run_layer(LAYER, IFMAP, FILTERS, engine=engine)
        expected = convolve_plainly(IFMAP, FILTERS, stride=1, groups=1, E=6, G=6)
        assert np.array_equal(result.ofmap, expected)
        assert result.check.explained


@settings(max_examples=30)
@given(layers(most_macs=50_000), st.sampled_from([8, 16]), st.integers(0, 2**32), st.floats(0, 1))
def test_engines_agree_on_any_values(layer: Layer, bits: int, seed: int, share: float) -> None:
    """Of both signs, with any zeros, in filters, too."""
    rng, most = np.random.default_rng(seed), 2 ** (bits - 1)
    shapes = (2, layer.channels, layer.H, layer.W), (layer.F, layer.C, layer.R, layer.S)
    ifmap, filters = (rng.integers(-most, most, shape) * (rng.random(shape) < share) for shape in shapes)
    try:
        fast, detailed = (
            simulator.run_layer(layer, ifmap, filters, bits=bits, engine=engine) for engine in ("fast", "detailed")
        )
    except InputError:
        return
    assert fast.row() == detailed.row()
    assert np.array_equal(fast.ofmap, detailed.ofmap)
    assert fast.check.explained


def test_what_is_not_given_is_synthetic() -> None:
    one, other = simulator.run_layer(LAYER, IFMAP), simulator.run_layer(LAYER, IFMAP, seed=1)
    made = synthesise(LAYER, b_w=16, batch=1, seed=0)
    assert np.array_equal(one.ofmap, convolve_plainly(IFMAP, made.filters, stride=1, groups=1, E=6, G=6))
    assert not np.array_equal(one.ofmap, other.ofmap)
    assert simulator.run_layer(LAYER, batch=3).run.images == 3
    assert simulator.run_layer(LAYER, np.repeat(IFMAP, 2, axis=0)).run.images == 2


def test_a_mapping_of_one_s_own() -> None:
    own = EyerissMapping(m=3, n=1, e=6, p=1, q=1, r=1, t=3)
    result = simulator.run_layer(LAYER, mapping=own)
    assert result.chosen.mapping == own
    assert result.chosen.origin.value == "file"
    assert result.check.explained


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ifmap": IFMAP.astype(float)}, "layer L: ifmap is of float64; expected integers of 16 bits"),
        ({"filters": FILTERS.astype(np.float32)}, "layer L: filters is of float32; expected integers of 16 bits"),
        ({"filters": FILTERS.astype(bool)}, "layer L: filters is of bool; expected integers"),
        ({"ifmap": IFMAP[:, :, 1:]}, "layer L: ifmap has the shape (1, 2, 7, 8); expected (1, 2, 8, 8)"),
        ({"ifmap": IFMAP[0]}, "layer L: ifmap has the shape (2, 8, 8); expected (1, 2, 8, 8)"),
        ({"ifmap": IFMAP, "batch": 2}, "layer L: ifmap has the shape (1, 2, 8, 8); expected (2, 2, 8, 8)"),
        ({"filters": FILTERS[:2]}, "layer L: filters has the shape (2, 2, 3, 3); expected (3, 2, 3, 3)"),
        ({"ifmap": IFMAP * 1000}, "layer L: ifmap has values from 0 to 127000; expected -32768 to 32767, in 16 bits"),
        ({"ifmap": IFMAP * 2, "bits": 8}, "layer L: ifmap has values from 0 to 254; expected -128 to 127, in 8 bits"),
        ({"ifmap": [[1, 2], [3]]}, "layer L: ifmap is no array"),
        ({"engine": "quick"}, "engine is 'quick'; expected fast, detailed or stepped"),
        ({"mapping": "eyerriss"}, "mapping is 'eyerriss'; expected cnnergy or eyeriss"),
        ({"mapping": 3}, "mapping is 3; expected the name of a mapper, or a mapping"),
        ({"batch": 0}, "batch is 0; expected a whole number"),
        ({"accounting": "free"}, "accounting is 'free'; expected cnnergy, chip, full"),
        ({"hardware": EYERISS_8BIT, "bits": 16}, "hardware eyeriss-8bit: b_w is 8; expected 16"),
        ({"hardware": "eyeriss-16bit", "bits": 8}, "hardware eyeriss-16bit: b_w is 16; expected 8"),
    ],
)
def test_wrong_input_is_refused_where_it_enters(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        simulator.run_layer(LAYER, **given)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_tensors_of_another_layer_width_or_batch_are_refused() -> None:
    from analytical.mappings.rules import map_layer

    tiling = map_layer(LAYER, EYERISS_16BIT).tiling(LAYER, EYERISS_16BIT, 1)
    other = Layer.conv("other", channels=2, size=6, filters=3, filter=3, padding=1)
    for layer, b_w, batch, said in (
        (other, 16, 1, "layer L: tensors are those of"),
        (LAYER, 8, 1, "layer L: tensors have 8 bits; expected 16, as the hardware"),
        (LAYER, 16, 2, "layer L: tensors have 2 images; expected 1"),
    ):
        with pytest.raises(TensorError, match=said):
            run_tiling(tiling, synthesise(layer, b_w=b_w, batch=batch, seed=0))


def test_an_accounting_has_a_name() -> None:
    assert accounting_named("chip") is accounting_named(accounting_named("chip"))
