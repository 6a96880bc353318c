"""Whole tiles that the RFs and the GLB hold."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.rules import map_layer
from analytical.mappings.tiling import MappingError, Tiling, divide_glb, fit_glb
from analytical.networks import load_network
from tests.machines import tile
from tests.strategies import chip_mappable, layers
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


@st.composite
def undivided(draw: st.DrawFn) -> Tiling:
    """Tiles of any size, on a GLB that holds them or not, of many banks or few."""
    layer = draw(layers())
    y_o = draw(st.integers(1, layer.E))
    f = draw(st.integers(1, layer.filters_per_group))
    z = draw(st.integers(1, layer.C))
    images = draw(st.integers(1, 5))
    tiling = Tiling(
        layer=layer,
        hardware=EYERISS_16BIT,
        mapping=map_layer(layer, replace(EYERISS_16BIT, J=14, I_s=24)),
        S_pass=1,
        C_set=z,
        z=z,
        f=f,
        m=f,
        y_i=layer.U * (y_o - 1) + layer.R,
        y_o=y_o,
        X_o=draw(st.integers(1, layer.G)),
        Y_o=min(layer.E, y_o * draw(st.integers(1, 5))),
        N=images,
        batch=images,
    )
    needed = tiling.strip_words + tiling.least_psum_words
    glb = draw(st.one_of(st.integers(1, needed), st.integers(needed, 3 * needed)))
    bank = draw(st.integers(1, max(1, glb // draw(st.integers(1, 8)))))
    hardware = replace(
        EYERISS_16BIT, glb_kib=glb / 512, glb_bank_kib=bank / 512, overlap_fmaps=draw(st.booleans()), name="any"
    )
    return replace(tiling, hardware=hardware)


def no_larger(tiling: Tiling) -> Iterator[Tiling]:
    """A tiling and all that it may shrink to: image by image, then strip by strip of a block that keeps psums, then by
    halves of the width, then filter by filter."""
    for N in range(tiling.N, 0, -1):
        yield replace(tiling, N=N)
    Y_o, X_o = tiling.Y_o, tiling.X_o
    if tiling.z < tiling.layer.C:
        for top in reversed(range(tiling.y_o, tiling.Y_o, tiling.y_o)):
            Y_o = top
            yield replace(tiling, N=1, Y_o=Y_o)
    while X_o > 1:
        X_o = (X_o + 1) // 2
        yield replace(tiling, N=1, Y_o=Y_o, X_o=X_o)
    for f in range(tiling.f - 1, 0, -1):
        yield replace(tiling, N=1, Y_o=Y_o, X_o=1, f=f, m=f)


@settings(max_examples=300)
@given(undivided())
def test_tiles_give_up_no_more_than_the_glb_asks_and_in_their_order(tiling: Tiling) -> None:
    glb = tiling.hardware.glb_words
    fits = [small for small in no_larger(tiling) if small.strip_words + small.least_psum_words <= glb]
    if fits:
        assert fit_glb(tiling) == divide_glb(fits[0])
    else:
        with pytest.raises(MappingError, match="the smallest tile, one window wide, has"):
            fit_glb(tiling)


@settings(max_examples=300)
@given(undivided())
def test_parts_of_the_glb_are_whole_banks_and_prefetch_takes_what_psums_can_spare(tiling: Tiling) -> None:
    try:
        divided = fit_glb(tiling)
    except MappingError:
        return
    glb, bank = tiling.hardware.glb_words, tiling.hardware.glb_bank_words
    strip, least = divided.strip_words, divided.least_psum_words

    def part(wish: int, most: int) -> int:
        # the first border of banks from the wish on, or the last before it; by words where there is none
        borders = [words for words in range(0, most + 1, bank) if words >= strip]
        return min((words for words in borders if words >= wish), default=max(borders, default=wish))

    alone = part(strip, glb - least)
    expected = alone
    if tiling.hardware.overlap_fmaps:
        # psums that have two banks without prefetch keep two
        most = glb - (least if glb - alone <= bank else max(least, bank + 1))
        spare = (most - strip) // 2 if divided.psums_stream else most - strip
        expected = part(strip + min(strip, spare), most)
    assert divided.ifmap_words == expected
    assert divided.psum_words == glb - expected
    assert divided.one_psum_bank == (divided.psum_words <= bank) == (glb - alone <= bank)


def test_a_bank_of_psums_is_one_bank_and_a_word_more_are_two() -> None:
    tiling = tiling_of(load_network("alexnet").layer("C3"), EYERISS_16BIT, 1)
    assert replace(tiling, psum_words=EYERISS_16BIT.glb_bank_words).one_psum_bank
    assert not replace(tiling, psum_words=EYERISS_16BIT.glb_bank_words + 1).one_psum_bank


@given(undivided())
def test_tiles_have_no_part_of_the_glb_before_it_is_divided(tiling: Tiling) -> None:
    assert (tiling.ifmap_words, tiling.psum_words, tiling.groups_at_once) == (0, 0, 1)


@st.composite
def grouped(draw: st.DrawFn) -> Tiling:
    """Tiles of a layer whose groups are small, on an array and a GLB of any size that hold one of them."""
    groups, E = draw(st.integers(1, 12)), draw(st.integers(1, 8))
    channels, filters, R = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = E - 1 + R
    layer = Layer(
        name="L", groups=groups, H=size, W=size, C=channels, R=R, S=R, F=groups * filters, E=E, G=E, first=False
    )
    y_o, images = draw(st.integers(1, E)), draw(st.integers(1, 4))
    set_channels = draw(st.integers(1, channels))
    f = draw(st.integers(max(1, filters - 1), filters))
    tiling = Tiling(
        layer=layer,
        hardware=EYERISS_16BIT,
        mapping=map_layer(layer, EYERISS_16BIT),
        S_pass=-(-channels // set_channels) * draw(st.integers(1, 4)),
        C_set=set_channels,
        z=channels,
        f=f,
        m=f,
        y_i=y_o - 1 + R,
        y_o=y_o,
        X_o=E,
        Y_o=y_o,
        N=images,
        batch=images,
    )
    one = replace(tiling, N=1)
    glb = draw(st.integers(1, 8)) * (one.strip_words + one.least_psum_words) + draw(st.integers(0, 20))
    hardware = replace(
        EYERISS_16BIT, glb_kib=glb / 512, J=draw(st.integers(R, 14)), K=draw(st.integers(y_o, 16)), name="any"
    )
    return replace(tiling, hardware=hardware)


@settings(max_examples=300)
@given(grouped())
def test_groups_run_side_by_side_in_the_fewest_passes_that_array_and_glb_allow(tiling: Tiling) -> None:
    layer, hardware = tiling.layer, tiling.hardware
    sets_of_array = max(tiling.S_pass, (hardware.J // layer.R) * (hardware.K // tiling.y_o))
    expected = tiling
    if layer.groups > 1 and tiling.f == layer.filters_per_group:
        sets, stacks = tiling.sets_of(layer.C, layer.filters_per_group)
        # fewest passes first, then most images; each pass has as many groups as share out evenly
        choices = [
            replace(tiling, groups_at_once=-(-layer.groups // passes), N=N)
            for passes in range(1, layer.groups)
            for N in range(tiling.N, 0, -1)
        ]
        for choice in choices:
            words = choice.strip_words + choice.least_psum_words
            if choice.groups_at_once * len(sets) * len(stacks) <= sets_of_array and words <= hardware.glb_words:
                expected = divide_glb(choice)
                break
    assert tiling.side_by_side() == expected
