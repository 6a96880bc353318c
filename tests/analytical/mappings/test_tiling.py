"""Whole tiles that the RFs and the GLB hold."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.rules import map_layer
from analytical.networks import load_network
from tests.machines import tile
from tests.strategies import chip_mappable
from tests.tilings import tiling_of


@settings(max_examples=300)
@given(chip_mappable())
def test_a_chip_s_mapping_leaves_ifmaps_and_psums_their_room(case: tuple[Layer, Hardware, EyerissMapping, int]) -> None:
    """Though q*r may be more than the channels that there are."""
    layer, hardware, mapping, batch = case
    tiling = tile(layer, hardware, mapping, batch)
    assert tiling.z <= layer.C
    assert tiling.ifmap_words >= tiling.strip_words
    assert tiling.psum_words >= tiling.least_psum_words
    assert tiling.ifmap_words + tiling.psum_words <= hardware.glb_words


def test_alexnet_c1_rounds_27_5_rows_up_where_they_fit() -> None:
    layer = load_network("alexnet").layers[0]
    assert map_layer(layer, EYERISS_16BIT).Y_o == 27.5
    assert tiling_of(layer, EYERISS_16BIT, 1).Y_o == 28


def test_a_block_that_the_mapping_leaves_whole_stays_whole() -> None:
    layer = Layer(name="L", H=14, W=14, C=6, R=5, S=5, F=16, E=10, G=10)
    assert tiling_of(layer, replace(EYERISS_16BIT, K=7), 1).Y_o == 10


def test_rule_5_may_ask_for_more_filters_than_the_rfs_hold() -> None:
    """R = 2, S = 7: rule 2 gives each channel a set, and rule 5 counts these sets as if they held filters."""
    layer = Layer(name="L", H=14, W=19, C=3, R=2, S=7, F=400, E=13, G=13)
    mapping = map_layer(layer, EYERISS_16BIT, "published")
    assert mapping.f_i == 144
    assert tile(layer, EYERISS_16BIT, mapping, 1).f == 48


def test_blocks_shrink_by_strips_until_they_fit() -> None:
    """Rounding 14.06 rows to whole strips leaves no block of a strip and a row, and always ends."""
    layer = Layer(name="L", H=227, W=92, C=64, R=3, S=3, F=72, E=225, G=90)
    assert map_layer(layer, EYERISS_16BIT).Y_o == pytest.approx(14.06, abs=0.01)
    assert tiling_of(layer, EYERISS_16BIT, 1).Y_o == 14
    wider = Layer(name="L", H=227, W=101, C=64, R=3, S=3, F=64, E=225, G=99)
    assert tiling_of(wider, EYERISS_16BIT, 1).fits
