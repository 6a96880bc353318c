"""Passes cover the layer, each part once, in an order that the memories can hold."""

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.rules import map_layer
from analytical.mappings.search import find_mapping
from analytical.networks import load_network
from simulator.machine.schedule import Pass, blocks, passes_of, schedule
from tests.machines import run_layer, tile
from tests.strategies import chip_mappable, mappable
from tests.tilings import tiling_of
from traces.tensors import synthesise


@given(mappable())
def test_every_mac_is_in_one_pass(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    # filters x channels of a group, once for each image and ofmap position
    seen = np.zeros((batch, layer.F, layer.C, layer.E, layer.G), np.int8)
    for p in schedule(tiling_of(layer, hardware, batch)):
        first = p.groups.start * layer.C
        channels = slice(p.channels.start - first, p.channels.stop - first)
        assert p.filter_channels.slice == channels
        seen[p.images.slice, p.filters.slice, channels, p.rows.slice, p.columns.slice] += 1
        assert (
            p.filters.start // layer.filters_per_group
            == p.groups.start
            == (p.filters.stop - 1) // layer.filters_per_group
        )
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
        assert layer.V * (p.columns.stop - 1) + layer.S <= p.ifmap_columns.stop <= layer.W
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


@given(st.one_of(mappable(), chip_mappable()), st.booleans())
def test_a_strip_is_in_the_glb_for_all_its_passes_and_no_other_is(case: Any, together: bool) -> None:
    """The chip's mapping has several tiles of filters that one strip serves; CNNergy's has one."""
    layer, hardware, *mapping, batch = case
    tiling = tile(layer, hardware, mapping[0] if mapping else map_layer(layer, hardware), batch)
    held: object = None
    for p in schedule(tiling.side_by_side() if together else tiling):
        strip = p.images, p.channels, p.ifmap_columns, p.strip
        if p.brings:
            assert held is None
            held = strip
        assert held == strip
        if p.leaves:
            held = None
    assert held is None


@given(mappable())
def test_passes_that_complete_psums_are_the_last_of_their_block(case: tuple[Layer, Hardware, int]) -> None:
    tiling = tiling_of(*case)
    for block in blocks(tiling):
        passes = list(passes_of(tiling, block))
        complete = [p for p in passes if p.last_channels]
        assert list(passes_of(tiling, block, last_channels_only=True)) == complete == passes[-len(complete) :]


def test_groups_side_by_side_have_all_channels_of_their_filters() -> None:
    layer = Layer.conv("L", channels=24, size=8, filters=12, filter=3, padding=1, groups=12)
    tiling = tiling_of(layer, EYERISS_16BIT, 1).side_by_side()
    assert tiling.groups_at_once > 1
    passes = list(schedule(tiling))
    assert [str(p.groups) for p in passes] == [str(groups) for groups in tiling.groups_together()]
    for p in passes:
        assert str(p.filter_channels) == "0:2"
        assert (p.channels.start, p.channels.stop) == (2 * p.groups.start, 2 * p.groups.stop)
        assert (p.filters.start, p.filters.stop) == (p.groups.start, p.groups.stop)
        assert sum(p.shape.stack_filters) == p.filters.size
        assert sum(p.shape.set_channels) == 2


def test_alexnet_c3_runs_six_images_together_on_156_pes() -> None:
    layer = load_network("alexnet").layer("C3")
    tiling = tiling_of(layer, EYERISS_16BIT, layer.batch)
    passes = list(schedule(tiling))
    assert (tiling.N, tiling.z, tiling.f, tiling.Y_o) == (6, 16, 18, 13)
    assert len(passes) == 22 * 16
    assert {p.shape.active_pes for p in passes} == {156}
    assert passes[0].shape.set_channels == (4, 4, 4, 4)


def test_a_batch_larger_than_fits_runs_in_groups() -> None:
    layer = load_network("alexnet").layer("C3")
    images = [p.images for p in schedule(tiling_of(layer, EYERISS_16BIT, 16))]
    assert sorted({str(span) for span in images}) == ["0:7", "14:16", "7:14"]


def test_a_group_runs_its_filters_before_the_next() -> None:
    layer = load_network("alexnet").layer("C4")
    groups = [p.groups.start for p in schedule(tiling_of(layer, EYERISS_16BIT, 1))]
    assert groups == sorted(groups)
    assert set(groups) == {0, 1}
