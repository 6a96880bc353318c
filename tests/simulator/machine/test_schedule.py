"""Passes cover the layer, each part once, in an order that the memories can hold."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import map_layer
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.search import find_mapping
from analytical.mappings.tiling import MappingError, Tiling
from analytical.networks import load_network
from simulator.machine.schedule import Pass, schedule
from tests.machines import run_layer, tile
from tests.strategies import chip_mappable, mappable
from traces.tensors import synthesise


def tiling_of(layer: Layer, hardware: Hardware, batch: int) -> Tiling:
    return tile(layer, hardware, map_layer(layer, hardware), batch)


@given(mappable())
def test_every_mac_is_in_one_pass(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    # filters x channels of a group, once for each image and ofmap position
    seen = np.zeros((batch, layer.F, layer.C, layer.E, layer.G), np.int8)
    for p in schedule(tiling_of(layer, hardware, batch)):
        first = p.group * layer.C
        channels = slice(p.channels.start - first, p.channels.stop - first)
        seen[p.images.slice, p.filters.slice, channels, p.rows.slice, p.columns.slice] += 1
        assert p.filters.start // layer.filters_per_group == p.group == (p.filters.stop - 1) // layer.filters_per_group
    assert (seen == 1).all()


@given(mappable())
def test_passes_fit_rfs_array_and_glb(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    tiling = tiling_of(layer, hardware, batch)
    assert tiling.strip_words <= tiling.ifmap_words
    assert tiling.least_psum_words <= tiling.psum_words
    assert tiling.ifmap_words + tiling.psum_words <= hardware.glb_words
    for p in schedule(tiling):
        shape = p.shape
        assert len(shape.stack_filters) * len(shape.set_channels) * shape.R <= hardware.J
        assert shape.pe_columns <= hardware.K
        assert max(shape.set_channels) * shape.S <= hardware.I_s
        assert max(shape.stack_filters) <= hardware.P_s
        assert max(shape.stack_filters) * max(shape.set_channels) * shape.S <= hardware.f_s
        assert shape.images * shape.width * shape.strip_rows * shape.channels <= tiling.ifmap_words
        assert shape.macs == (
            p.images.size * p.filters.size * p.channels.size * layer.R * layer.S * p.rows.size * p.columns.size
        )


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


def test_more_channels_in_a_mapping_than_in_the_layer_take_no_room() -> None:
    layer = Layer(name="L", H=5, W=231, C=10, R=3, S=3, F=1, E=3, G=229)
    mapping = find_mapping(layer, EYERISS_16BIT, batch=4).mapping
    assert mapping.q * mapping.r > layer.C
    tensors = synthesise(layer, b_w=16, batch=4, seed=0)
    assert np.array_equal(run_layer(layer, EYERISS_16BIT, tensors, mapping=mapping).ofmap, tensors.psums)


@given(mappable())
def test_strips_hold_the_rows_that_their_windows_need(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    before: Pass | None = None
    for p in schedule(tiling_of(layer, hardware, batch)):
        assert p.strip.ifmap.start == layer.U * p.rows.start
        assert layer.U * (p.rows.stop - 1) + layer.R <= p.strip.ifmap.stop <= layer.H
        assert layer.U * (p.columns.stop - 1) + layer.S <= p.ifmap_columns.stop <= layer.W
        assert p.strip.fetched.stop == p.strip.ifmap.stop
        assert p.strip.stored_rows <= p.strip.fetched.size
        if p.shape.loads_filters:
            assert p.strip.fetched == p.strip.ifmap
            assert p.strip.kept_before == 0
            assert before is None or before.strip.kept_after == 0
        else:
            assert before is not None
            assert p.strip.fetched.start == before.strip.ifmap.stop
            assert p.strip.kept_before == before.strip.kept_after == max(0, layer.R - layer.U)
        before = p


@given(mappable())
def test_psums_start_once_and_end_once(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    first, last = Counter[str](), Counter[str]()
    for p in schedule(tiling_of(layer, hardware, batch)):
        place = f"{p.images} {p.filters} {p.rows} {p.columns}"
        first[place] += p.first_channels
        last[place] += p.last_channels
        assert p.shape.reads_psums == (not p.first_channels)
    assert set(first.values()) == set(last.values()) == {1}


def test_alexnet_c3_runs_six_images_together_on_156_pes() -> None:
    layer = load_network("alexnet").layer("C3")
    tiling = tiling_of(layer, EYERISS_16BIT, layer.batch)
    passes = list(schedule(tiling))
    assert (tiling.N, tiling.z, tiling.f, tiling.Y_o) == (6, 16, 18, 13)
    assert len(passes) == 22 * 16
    assert {p.shape.active_pes for p in passes} == {156}
    assert passes[0].shape.set_channels == (4, 4, 4, 4)


def test_alexnet_c1_rounds_27_5_rows_up_where_they_fit() -> None:
    layer = load_network("alexnet").layers[0]
    assert map_layer(layer, EYERISS_16BIT).Y_o == 27.5
    assert tiling_of(layer, EYERISS_16BIT, 1).Y_o == 28


def test_a_block_that_the_mapping_leaves_whole_stays_whole() -> None:
    layer = Layer(name="L", H=14, W=14, C=6, R=5, S=5, F=16, E=10, G=10)
    assert tiling_of(layer, replace(EYERISS_16BIT, K=7), 1).Y_o == 10


def test_a_batch_larger_than_fits_runs_in_groups() -> None:
    layer = load_network("alexnet").layer("C3")
    images = [p.images for p in schedule(tiling_of(layer, EYERISS_16BIT, 16))]
    assert sorted({str(span) for span in images}) == ["0:7", "14:16", "7:14"]


def test_a_group_runs_its_filters_before_the_next() -> None:
    layer = load_network("alexnet").layer("C4")
    groups = [p.group for p in schedule(tiling_of(layer, EYERISS_16BIT, 1))]
    assert groups == sorted(groups)
    assert set(groups) == {0, 1}


def test_rule_5_may_ask_for_more_filters_than_the_rfs_hold() -> None:
    """R = 2, S = 7: rule 2 gives each channel a set, and rule 5 counts these sets as if they held filters."""
    layer = Layer(name="L", H=14, W=19, C=3, R=2, S=7, F=400, E=13, G=13)
    mapping = map_layer(layer, EYERISS_16BIT)
    assert mapping.f_i == 144
    assert tile(layer, EYERISS_16BIT, mapping, 1).f == 48


def test_a_tile_that_fits_no_glb_says_what_would() -> None:
    layer = Layer(name="L", H=14, W=14, C=64, R=1, S=1, F=36, E=14, G=14)
    hardware = replace(EYERISS_16BIT, glb_kib=1.76)
    with pytest.raises(MappingError, match=r"layer L cannot be mapped: .* KiB would fit it"):
        tiling_of(layer, hardware, 1)


def test_blocks_shrink_by_strips_until_they_fit() -> None:
    """Rounding 14.06 rows to whole strips leaves no block of a strip and a row, and always ends."""
    layer = Layer(name="L", H=227, W=92, C=64, R=3, S=3, F=72, E=225, G=90)
    assert map_layer(layer, EYERISS_16BIT).Y_o == pytest.approx(14.06, abs=0.01)
    assert tiling_of(layer, EYERISS_16BIT, 1).Y_o == 14
    wider = Layer(name="L", H=227, W=101, C=64, R=3, S=3, F=64, E=225, G=99)
    assert tiling_of(wider, EYERISS_16BIT, 1).fits
