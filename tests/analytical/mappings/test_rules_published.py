"""The mapping rules of section IV-C, one test a rule, and what no rule can map."""

from dataclasses import replace

import pytest
from hypothesis import given

from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import CnnergyMapping, Rule
from analytical.mappings.rules import map_layer
from analytical.mappings.tiling import MappingError
from analytical.networks import load_network
from tests.strategies import hardwares, layers


def conv(**sizes: int) -> Layer:
    shape = {"H": 15, "W": 15, "C": 256, "R": 3, "S": 3, "F": 384, "E": 13, "G": 13} | sizes
    return Layer(name="L", **shape)


def of_network(network: str, layer: str, hardware: Hardware = EYERISS_16BIT) -> CnnergyMapping:
    return map_layer(load_network(network).layer(layer), hardware, "published")


def test_no_rule_alexnet_c3() -> None:
    mapping = of_network("alexnet", "C3")
    assert mapping.rules == ()
    assert (mapping.S_pass, mapping.C_set, mapping.f_set, mapping.z_i, mapping.f_i) == (4, 4, 18, 16, 18)
    assert (mapping.y_i, mapping.y_o, mapping.X_i, mapping.X_o, mapping.Y_o, mapping.N) == (15, 13, 15, 13, 13, 7)


def test_rule_1_few_channels_fill_the_sets_with_filters() -> None:
    mapping = map_layer(conv(C=2), EYERISS_16BIT, "published")
    assert mapping.rules == (Rule.FEW_CHANNELS, Rule.PSUM_RF)
    mapping = map_layer(conv(C=4), EYERISS_16BIT, "published")
    assert mapping.rules == (Rule.FEW_CHANNELS,)
    assert (mapping.C_set, mapping.z_i, mapping.f_set, mapping.f_i) == (4, 4, 18, 72)
    assert mapping.all_channels_in_one_pass


def test_rule_2_sets_to_spare_take_filters() -> None:
    mapping = map_layer(conv(C=7), EYERISS_16BIT, "published")
    assert mapping.rules == (Rule.SETS_TO_SPARE,)
    assert (mapping.C_set, mapping.z_i, mapping.f_i) == (4, 7, 36)
    assert mapping.all_channels_in_one_pass


def test_as_many_channels_as_the_sets_hold_fire_no_rule() -> None:
    assert map_layer(conv(C=16), EYERISS_16BIT, "published").rules == ()


@pytest.mark.parametrize(("F", "f_set", "f_i"), [(18, 18, 18), (35, 17.5, 35), (36, 18, 36), (400, 18, 36)])
def test_rule_3_1x1_filters_take_72_channels(F: int, f_set: float, f_i: int) -> None:
    mapping = map_layer(conv(R=1, S=1, H=13, W=13, F=F), EYERISS_16BIT, "published")
    assert mapping.rules == (Rule.FILTERS_1X1,)
    assert (mapping.z_i, mapping.f_set, mapping.f_i) == (72, f_set, f_i)


def test_rule_3_leaves_fully_connected_layers_alone() -> None:
    assert of_network("alexnet", "FC7").z_i == 144


def test_rule_3_needs_an_array_that_holds_72_channels() -> None:
    small = replace(EYERISS_16BIT, J=5)
    mapping = map_layer(conv(R=1, S=1, H=13, W=13), small, "published")
    assert mapping.rules == ()
    assert mapping.z_i == 60


def test_rule_4_few_filters_are_shared_out() -> None:
    mapping = map_layer(conv(F=10), EYERISS_16BIT, "published")
    assert mapping.rules == (Rule.FEW_FILTERS,)
    assert (mapping.f_set, mapping.f_i) == (2.5, 10)


def test_rule_5_psum_rf_limits_filters_googlenet_c1() -> None:
    mapping = of_network("googlenet", "C1")
    assert mapping.rules == (Rule.PSUM_RF,)
    assert (mapping.f_set, mapping.f_i) == (24, 24)


def test_rule_6_keeps_whole_strips_vgg16_c1_2() -> None:
    mapping = of_network("vgg16", "C1_2")
    assert mapping.rules == (Rule.WHOLE_STRIP,)
    assert (mapping.Y_o, mapping.f_i) == (14, 14)


def test_wide_ifmaps_are_halved_and_may_leave_fractions_squeezenet_fs3() -> None:
    mapping = of_network("squeezenet1_1", "Fs3")
    assert (mapping.X_i, mapping.X_o) == (28, 28)
    assert of_network("vgg16", "C1_2", EYERISS_8BIT).X_o == 111


@pytest.mark.parametrize(
    ("sizes", "hardware", "message"),
    [
        ({"R": 13, "E": 3}, EYERISS_16BIT, "; J >= 13 would fit it"),
        ({"S": 13, "G": 3}, EYERISS_16BIT, "; I_s >= 13 would fit it"),
        ({"R": 13, "E": 3, "S": 13, "G": 3}, EYERISS_16BIT, "; J >= 13 and I_s >= 13 would fit it"),
        ({}, replace(EYERISS_16BIT, f_s=8), "; the corrected rules map it"),
        ({}, replace(EYERISS_16BIT, glb_kib=0.1), "; the corrected rules map it"),
        ({}, replace(EYERISS_16BIT, glb_kib=7.1), "; the corrected rules map it"),
    ],
)
def test_what_cannot_be_mapped_names_a_way_out(sizes: dict[str, int], hardware: Hardware, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        map_layer(conv(**sizes), hardware, "published")


@given(layers(most_macs=10**9), hardwares())
def test_a_mapping_fits_the_memories_it_was_made_for(layer: Layer, hardware: Hardware) -> None:
    try:
        mapping = map_layer(layer, hardware, "published")
    except MappingError:
        return
    assert 1 <= mapping.z_i <= layer.C
    assert mapping.C_set * layer.S <= hardware.I_s
    assert mapping.f_i >= 1
    assert mapping.ifmap_kib < hardware.glb_kib
    assert mapping.N >= 1
    assert mapping.y_o <= mapping.Y_o <= max(layer.E, mapping.y_o)
    if not mapping.all_channels_in_one_pass:
        # where the ofmap is lower than the array is wide, rule 6 counts rows that do not exist, after N is chosen
        psum_kib = mapping.psum_kib * min(mapping.Y_o, layer.E) / mapping.Y_o
        assert mapping.N * (mapping.ifmap_kib + psum_kib) <= hardware.glb_kib * (1 + 1e-12)
