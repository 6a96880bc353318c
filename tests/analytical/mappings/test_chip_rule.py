"""The chip's mappings: published, inferred, and the rule that returns them all."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings import MAPPERS, MapperOptions, Objective, Origin
from analytical.mappings.chip_rule import IFMAP_ROW_WORDS, find_as_chip
from analytical.mappings.files import known_mapping, published_mappings
from analytical.mappings.tiling import MappingError
from analytical.networks import load_network
from tests.strategies import any_hardwares, layers

CHIP = [("alexnet", 4, name) for name in published_mappings("alexnet")]
CHIP += [("vgg16", 3, name) for name in published_mappings("vgg16")]


@pytest.mark.parametrize(("network", "batch", "name"), CHIP)
def test_the_rule_returns_18_of_18_layers(network: str, batch: int, name: str) -> None:
    """AlexNet's as printed in Table III, C3 as C4 (what its GLB accesses of Table V ask for); VGG-16's as inferred."""
    layer = load_network(network).layer(name)
    expected = published_mappings(network)["C4" if (network, name) == ("alexnet", "C3") else name]
    assert find_as_chip(layer, EYERISS_16BIT, batch).mapping == expected


def test_objective_chip_is_the_rule_for_any_layer() -> None:
    layer = load_network("alexnet").layer("C3")
    options = MapperOptions(objective=Objective.CHIP)
    chosen = MAPPERS["eyeriss"].choose(layer, EYERISS_16BIT, 4, options)
    assert chosen.origin is Origin.CHIP_RULE
    assert chosen.mapping == published_mappings("alexnet")["C4"]
    assert MAPPERS["eyeriss"].choose(layer, EYERISS_16BIT, 4, MapperOptions()).origin is Origin.PUBLISHED


def test_what_is_inferred_is_said_to_be_and_is_of_the_chip_alone() -> None:
    layer = load_network("vgg16").layer("C1_2")
    chosen = MAPPERS["eyeriss"].choose(layer, EYERISS_16BIT, 3, MapperOptions())
    assert chosen.record() == {
        "m": 32,
        "n": 1,
        "e": 13,
        "p": 8,
        "q": 1,
        "r": 1,
        "t": 4,
        "g": 112,
        "origin": "inferred",
        "weighed": 0,
    }
    assert known_mapping(layer, EYERISS_8BIT) is None
    assert known_mapping(replace(layer, F=32), EYERISS_16BIT) is None


@settings(max_examples=150)
@given(layers(most_macs=10**7), any_hardwares(), st.integers(1, 4))
def test_the_rule_keeps_its_limits(layer: Layer, hardware: Hardware, batch: int) -> None:
    try:
        mapping = find_as_chip(layer, hardware, batch).mapping
    except MappingError:
        assume(False)
    mapping.require_fits(layer, hardware)
    assert layer.filters_per_group % mapping.m == 0
    assert mapping.n == 1 or (mapping.n == batch and mapping.e == layer.E)
    assert mapping.columns(layer) <= IFMAP_ROW_WORDS
    assert mapping.q * mapping.r == 1 or mapping.q * mapping.r * mapping.columns(layer) <= IFMAP_ROW_WORDS
