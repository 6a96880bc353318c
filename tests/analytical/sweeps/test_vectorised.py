"""Closed forms over many hardware: every number is the scalar one's, to 1e-12."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical.hardware import CHIPS, EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings import MappingError
from analytical.mappings.rules import RULE_SETS
from analytical.model import estimate_layer
from analytical.networks import ZOO, load_network
from analytical.sweeps.vectorised import Many, estimate_many
from tests.strategies import any_hardwares, layers


def assert_alike(layer: Layer, hardware: list[Hardware], rules: str, batch: int | None = None) -> int:
    """The same numbers, and the same hardware that cannot map the layer; how many can."""
    found = estimate_many(layer, Many.of(hardware), batch, rules)
    for at, one in enumerate(hardware):
        try:
            expected = estimate_layer(layer, one, batch, rules)
        except MappingError:
            assert not found.mapped[at]
            assert np.isnan(found.energy_J[at])
            continue
        assert found.mapped[at]
        assert found.images[at] == expected.images
        assert found.energy_J[at] == pytest.approx(expected.energy_J, rel=1e-12)
        assert found.latency_s[at] == pytest.approx(expected.latency_s, rel=1e-12)
        for name, joules in expected.energy.parts().items():
            # a part may be a small difference of large ones
            assert found.parts_J[name][at] == pytest.approx(joules, rel=1e-12, abs=1e-12 * expected.energy_J), name
    return int(found.mapped.sum())


@settings(max_examples=150)
@given(layers(), st.lists(any_hardwares(), min_size=1, max_size=5), st.sampled_from(RULE_SETS), st.data())
def test_random_layers_on_random_hardware(
    layer: Layer, hardware: list[Hardware], rules: str, data: st.DataObject
) -> None:
    alike = [
        replace(
            one, b_w=hardware[0].b_w, fmap_code=hardware[0].fmap_code, filter_code=hardware[0].filter_code,
            gate=hardware[0].gate, skip=hardware[0].skip,
        )
        for one in hardware
        if min(getattr(one, name) for name in ("gin_filter_bits", "gin_ifmap_bits", "gin_psum_bits", "gon_bits"))
        >= hardware[0].b_w
    ]  # fmt: skip
    bits = min(layer.filter_bits or 1, hardware[0].b_w)
    fits = replace(layer, filter_bits=None if layer.filter_bits is None else bits, batch=data.draw(st.integers(1, 9)))
    assert_alike(fits, alike, rules, data.draw(st.sampled_from([None, 1, 4])))


@pytest.mark.parametrize("rules", RULE_SETS)
@pytest.mark.parametrize("network", ZOO)
def test_the_zoo_on_chips_of_many_sizes(network: str, rules: str) -> None:
    sizes = [
        replace(EYERISS_16BIT, name="any", J=J, K=K, glb_kib=glb, I_s=I_s)
        for J in (6, 12, 24)
        for K in (7, 14)
        for glb in (8, 100)
        for I_s in (12, 24)
    ]
    layers_ = {replace(layer, name="any"): layer for layer in load_network(network).layers}
    mapped = sum(assert_alike(layer, [EYERISS_16BIT, *sizes], rules) for layer in list(layers_.values())[:12])
    assert mapped > 0


def test_published_figures_stay_the_published_ones_among_others() -> None:
    """SqueezeNet's C10 has psum reads below zero on the chip by the authors' program, and there alone."""
    c10 = load_network("squeezenet1_1").layer("C10")
    assert assert_alike(c10, [EYERISS_16BIT, replace(EYERISS_16BIT, name="other", K=13)], "corrected") == 2


def test_hardware_of_two_kinds_is_refused() -> None:
    with pytest.raises(ValueError, match="hardware of 2 kinds; expected one width"):
        Many.of([CHIPS["eyeriss-16bit"], CHIPS["eyeriss-8bit"]])
    assert not estimate_many(load_network("alexnet").layer("C1"), Many.of([replace(EYERISS_16BIT, J=2)])).mapped.any()
