"""Each effect where its cause is, and none where there is nothing to explain."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical.hardware import CHIPS, EYERISS_8BIT, EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.files import published_mappings
from analytical.mappings.rules import map_layer
from analytical.networks import load_network
from simulator.crosscheck import Crosscheck, Effect, crosscheck
from tests.machines import run_layer
from tests.simulator.crosscheck.checks import BASE, check, dividing, with_whole_filters
from tests.strategies import chip_mappable
from traces.tensors import synthesise


def effects_on_counts(checked: Crosscheck) -> dict[str, Any]:
    """Effects of each quantity but latency, which the closed forms never have right."""
    return {name: d.by_size for name, d in checked.counts().items() if d.by_size and name != "total_cycles"}


ARRAYS = [EYERISS_16BIT, EYERISS_8BIT] + [
    replace(chip, name=f"{chip.b_w} bit {J}x{K}", J=J, K=K)
    for chip in (EYERISS_16BIT, EYERISS_8BIT)
    for J, K in ((6, 7), (8, 8), (16, 16), (4, 20))
]


FILTERS = [(3, 3, 1), (3, 3, 2), (2, 2, 1), (4, 3, 1), (1, 1, 1)]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("hardware", ARRAYS, ids=lambda hardware: hardware.name)
def test_no_effect_where_every_tile_divides_and_nothing_is_zero(
    hardware: Hardware, filters: tuple[int, int, int]
) -> None:
    """50 layers: not small effects that add up to nothing, but none."""
    hardware = with_whole_filters(hardware, filters[1])
    layer = dividing(hardware, *filters)
    checked = check(layer, hardware)
    assert effects_on_counts(checked) == {}
    for name, d in checked.counts().items():
        if name != "total_cycles":
            assert d.value == d.reference == int(d.value), name


def test_energies_then_differ_by_the_clock_alone() -> None:
    energies = check(dividing(EYERISS_16BIT, 3, 3, 1), EYERISS_16BIT).energy()
    for part in ("mac", "rf", "inter_pe", "glb", "dram"):
        assert energies[part].value == energies[part].reference
    assert energies["clock"].difference != 0


@pytest.mark.parametrize("E", [20, 28, 40])
def test_each_strip_and_block_that_is_rounded_up_takes_r_less_u_rows_again(E: int) -> None:
    """How much an effect is, and not only that all together are right: the next step would make up for it."""
    layer = replace(BASE, E=E, H=E + 2, G=100, W=102, F=34)
    mapping = map_layer(layer, EYERISS_16BIT)
    assert (mapping.y_o, mapping.Y_o) == (14, 14)
    further = -(-E // 14) - Fraction(E, 14)
    # 32 channels of 102 columns, two rows for each strip, which is a block; two passes of 17 filters fetch them
    words = 32 * 102 * 2 * further * 2
    counts = check(layer, EYERISS_16BIT).counts()
    assert counts["glb_ifmap_reads"].effects[Effect.OVERLAP.value] == words
    assert counts["glb_ifmap_reads"].effects[Effect.RAGGED_Y.value] == 0
    # none is zero, and the code takes four words for three values, of 16 bits
    assert counts["dram_ifmap_bits"].effects[Effect.OVERLAP.value] == words * Fraction(4, 3) * 16
    assert counts["dram_ifmap_bits"].effects[Effect.RAGGED_Y.value] == 0


def test_filters_of_other_zeros_than_the_table_s_take_a_pair_more_for_each() -> None:
    chip = CHIPS["eyeriss-16bit-sparse"]
    layer = replace(BASE, sparsity_filters=0.5)
    tensors = synthesise(layer, b_w=16, batch=1, seed=0)
    checked = crosscheck(run_layer(layer, chip, tensors), tensors)
    nonzeros = np.count_nonzero(tensors.filters) - Fraction(tensors.filters.size, 2)
    effects = checked.counts()["dram_filter_bits"].effects
    assert checked.explained
    loads = len(map_layer(layer, chip).tiling(layer, chip, 1).row_blocks())
    assert effects[Effect.SHARE_OF_FILTER_ZEROS.value] == nonzeros * loads * Fraction(4, 3) * 16
    # no tile is shorter raw, here or in the closed forms
    assert effects[Effect.RAW_TILES.value] == 0


TINY = replace(EYERISS_16BIT, name="tiny", J=2, K=10, f_s=48, I_s=4, P_s=5, glb_kib=1.5)


@pytest.mark.parametrize(
    ("effect", "layer", "hardware", "count"),
    [
        (Effect.RAGGED_SETS, replace(BASE, C=10), EYERISS_16BIT, "inter_pe_psums"),
        (Effect.RAGGED_Z, replace(BASE, C=40), EYERISS_16BIT, "glb_psum_writes"),
        (Effect.RAGGED_F, replace(BASE, F=27), EYERISS_16BIT, "glb_ifmap_reads"),
        (Effect.RAGGED_Y, replace(BASE, E=20, H=22, G=100, W=102), EYERISS_16BIT, "glb_filter_reads"),
        (Effect.RAGGED_X, replace(BASE, E=14, H=16, G=214, W=216), EYERISS_16BIT, "glb_filter_reads"),
        (Effect.OVERLAP, replace(BASE, E=20, H=22), EYERISS_16BIT, "glb_ifmap_reads"),
        (
            Effect.FILTERS_HELD,
            Layer(name="L", C=5, H=1, W=1, R=1, S=1, F=2, E=1, G=1),
            replace(TINY, K=1, P_s=1),
            "glb_ifmap_reads",
        ),
        (
            Effect.FIT,
            Layer(name="L", H=41, W=4, C=9, R=1, S=1, F=5, U=2, E=21, G=2),
            TINY,
            "glb_filter_reads",
        ),
        (Effect.SHARE_OF_ZEROS, replace(BASE, sparsity_ifmap=0.12345678), EYERISS_16BIT, "nonzero_macs"),
        (Effect.PLACES_OF_ZEROS, replace(BASE, pad_h=1, pad_w=1, sparsity_ifmap=0.25), EYERISS_16BIT, "nonzero_macs"),
        (Effect.EMPTY_WINDOWS, replace(BASE, sparsity_ifmap=0.9), EYERISS_16BIT, "rf_psum_reads"),
        (Effect.RLC_OVERFLOW, replace(BASE, sparsity_ofmap=0.99), EYERISS_16BIT, "dram_ofmap_bits"),
        (Effect.RLC_RESTARTS, replace(BASE, sparsity_ofmap=0.5), EYERISS_16BIT, "dram_ofmap_bits"),
        (Effect.RLC_PADDING, replace(BASE, sparsity_ofmap=0.5), EYERISS_16BIT, "dram_ofmap_bits"),
        (Effect.RAW_PADDING, replace(BASE, C=3, F=37), EYERISS_16BIT, "dram_filter_bits"),
    ],
    ids=lambda value: value.name if isinstance(value, Effect) else "",
)
def test_an_effect_shows_where_its_cause_is(effect: Effect, layer: Layer, hardware: Hardware, count: str) -> None:
    # the corrected rules leave two of the causes out
    rules = "published" if effect in (Effect.FILTERS_HELD, Effect.FIT) else "corrected"
    checked = check(layer, hardware, rules=rules)
    assert checked.explained
    assert checked.counts()[count].effects[effect.value] != 0


def test_images_that_do_not_fit_together_have_their_filters_loaded_again() -> None:
    layer = dividing(EYERISS_16BIT, 1, 1, 1)
    fit = map_layer(layer, EYERISS_16BIT).N
    checked = check(replace(layer, batch=2 * fit), EYERISS_16BIT, 2 * fit, rules="published")
    filters = checked.counts()["glb_filter_reads"]
    assert filters.by_size == {Effect.IMAGE_BATCHES.value: filters.reference}
    # which the corrected rules know, and the published ones do not
    checked = check(replace(layer, batch=2 * fit), EYERISS_16BIT, 2 * fit)
    assert checked.counts()["glb_filter_reads"].by_size == {}


def test_fc_layers_are_held_up_by_idle_pes() -> None:
    """The closed forms' constant throughput takes 115.5 PEs for granted; FC layers keep 12 at work."""
    layer = replace(load_network("alexnet").layer("FC8"), F=72)
    cycles = check(layer, EYERISS_16BIT, 18).counts()["total_cycles"]
    assert next(iter(cycles.by_size)) == Effect.IDLE.value
    assert cycles.effects[Effect.IDLE.value] > 10 * cycles.reference


CNNERGY_ALONE = {Effect.FILTERS_HELD.value, Effect.RAGGED_SETS.value, Effect.FIT.value}


@settings(max_examples=150)
@given(chip_mappable(), st.integers(0, 2**32))
def test_another_mapping_is_an_effect_of_its_own(case: tuple[Layer, Hardware, EyerissMapping, int], seed: int) -> None:
    """Tiles of CNNergy's mapping explain nothing of a machine that runs the chip's; and nothing is left over."""
    layer, hardware, mapping, batch = case
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    checked = crosscheck(run_layer(layer, hardware, tensors, mapping=mapping), tensors)
    assert checked.explained
    names = {effect for d in checked.counts().values() for effect in d.by_size}
    assert not names & CNNERGY_ALONE


def test_c3_as_on_the_chip_moves_four_times_the_psums_for_another_mapping() -> None:
    """One set of 4 channels a pass in place of four; images in one group, so that filters are shared alike."""
    layer = load_network("alexnet").layer("C3")
    tensors = synthesise(layer, b_w=16, batch=4, seed=0)
    mapping = published_mappings("alexnet")["C3"]
    checked = crosscheck(run_layer(layer, EYERISS_16BIT, tensors, mapping=mapping), tensors)
    psums = checked.counts()["glb_psum_writes"]
    assert psums.by_size == {Effect.OTHER_MAPPING.value: layer.ofmap_size * 4 * (64 - 16)}
    assert psums.reference == layer.ofmap_size * 4 * 16
