"""Zeros at work: gating of both, coded filters, skipping; against brute force, and by their laws."""

from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator
from analytical import CHIPS, Layer, Network, load_network, prune
from analytical import counts as c
from analytical.hardware import BOTH, EYERISS_8BIT, EYERISS_16BIT, GATES, IFMAP, NONE, RLC, SKIPS, Hardware
from analytical.mappings.rules import map_layer
from simulator.crosscheck import crosscheck
from simulator.machine import engines
from simulator.machine.filter_code import FilterCode
from simulator.machine.layer_run import LayerRun
from simulator.machine.pe_array import PEArray, Stall
from simulator.machine.schedule import schedule
from tests.machines import run_layer
from tests.strategies import mappable
from traces import rlc
from traces.tensors import LayerTensors, synthesise

SPARSE = CHIPS["eyeriss-16bit-sparse"]

PRUNED = Layer(
    name="pruned",
    groups=2,
    H=13,
    W=11,
    pad_h=1,
    pad_w=1,
    C=9,
    R=3,
    S=3,
    F=10,
    U=2,
    E=6,
    G=5,
    sparsity_ifmap=0.6,
    sparsity_filters=0.7,
)
"""Groups, padding, a stride, and sets of four, four and one channel."""


def run(layer: Layer, hardware: Hardware, batch: int = 2, *, engine: str = "fast", seed: int = 0) -> LayerRun:
    return run_layer(layer, hardware, synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed), engine=engine)


def brute_force(layer: Layer, hardware: Hardware, tensors: LayerTensors) -> tuple[int, int]:
    """MACs whose pixel and filter value both are not zero, and psums that they take, MAC by MAC."""
    tiling = map_layer(layer, hardware).tiling(layer, hardware, len(tensors.ifmap))
    effectual = takes = 0
    for n, f, y, x in np.ndindex(len(tensors.ifmap), layer.F, layer.E, layer.G):
        group = f // layer.filters_per_group
        for first in range(0, layer.C, tiling.z):
            channels = range(first, min(first + tiling.z, layer.C))
            for i in range(layer.R):
                for at in range(0, len(channels), tiling.C_set):
                    met = sum(
                        tensors.ifmap[n, group * layer.C + q, layer.U * y + i, layer.V * x + s] != 0
                        and tensors.filters[f, q, i, s] != 0
                        for q in channels[at : at + tiling.C_set]
                        for s in range(layer.S)
                    )
                    is_bottom = i == layer.R - 1 and at + tiling.C_set >= len(channels)
                    effectual += met
                    takes += met > 0 and not is_bottom
    return effectual, takes


@pytest.mark.parametrize("engine", ["fast", "detailed", "stepped"])
def test_gating_of_both_by_brute_force(engine: str) -> None:
    """SPARSE: rf_ifmap_reads = macs; filter reads = psum writes = effectual; psum reads = effectual - takes."""
    tensors = synthesise(PRUNED, b_w=16, batch=2, seed=3)
    effectual, takes = brute_force(PRUNED, SPARSE, tensors)
    found = run_layer(PRUNED, SPARSE, tensors, engine=engine)
    counts = found.counts
    assert counts[c.RF_IFMAP_READ] == counts.macs == found.compute + found.gated
    assert counts[c.RF_FILTER_READ] == counts[c.RF_PSUM_WRITE] == counts.nonzero_macs == found.compute == effectual
    assert counts[c.RF_PSUM_READ] == effectual - takes
    assert found.nonzero_ifmap_macs == run(PRUNED, EYERISS_16BIT, seed=3).counts.nonzero_macs
    # timing stays free of values
    assert found.processing_cycles == run(PRUNED, EYERISS_16BIT, seed=3).processing_cycles


@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
def test_on_the_chip_as_it_is_a_pruned_network_costs_what_the_dense_one_does(network: str) -> None:
    """Gating on ifmap zeros only, raw filters: in the closed forms, and on the machine in every count and cycle."""
    from analytical import estimate

    dense = load_network(network)
    pruned = prune(dense, 0.7)
    assert [layer.row() for layer in estimate(pruned)] == [layer.row() for layer in estimate(dense)]
    names = ["FC8"] if network == "vgg16" else ["C3", "FC8"]
    for ours, theirs in zip(
        simulator.run(pruned, layers=names, batch=1), simulator.run(dense, layers=names, batch=1), strict=True
    ):
        # what other filters make of the same ifmap is coded otherwise, and nothing else
        assert {**ours.row(), "dram_ofmap_bits": 0}.items() >= {
            name: value
            for name, value in theirs.row().items()
            if name not in ("dram_ofmap_bits", "total_cycles", "energy_J", "energy_without_control_J")
        }.items()
        assert ours.row()["dram_ofmap_bits"] == pytest.approx(theirs.row()["dram_ofmap_bits"], rel=0.01)


@settings(max_examples=150)
@given(mappable(), st.integers(0, 2**32))
def test_laws_of_skipping(case: tuple[Layer, Hardware, int], seed: int) -> None:
    layer, hardware, batch = case
    of = {skip: run(layer, replace(hardware, skip=skip), batch, seed=seed) for skip in SKIPS}
    skipped = {skip: of[skip].skipped for skip in SKIPS}
    assert skipped[NONE] == 0
    assert skipped[IFMAP] == of[NONE].counts.macs - of[NONE].nonzero_ifmap_macs
    assert skipped[BOTH] == of[BOTH].counts.macs - of[BOTH].counts.nonzero_macs
    # under both nothing is left to gate, and what is computed is effectual
    assert of[BOTH].gated == 0
    assert of[BOTH].compute == run(layer, replace(hardware, gate=BOTH, skip=NONE), batch, seed=seed).compute
    if hardware.gate == IFMAP:
        assert of[IFMAP].gated == 0
    for found in of.values():
        classes = found.compute + found.gated + sum(found.stalls.values()) + found.idle
        assert classes == hardware.pes * found.processing_cycles
        assert found.compute + found.gated + found.skipped == layer.macs * batch
        assert np.array_equal(found.ofmap, of[NONE].ofmap)
        # never below what all PEs together, all at work, need
        assert found.processing_cycles * found.active_pes >= found.compute + found.gated
    # psums pass as they do without; words move as they do without
    for event in (c.GLB_IFMAP_READ, c.GLB_PSUM_WRITE, c.INTER_PE_PSUM, c.RF_IFMAP_FILL, c.RF_PSUM_DRAIN):
        assert of[BOTH].counts[event] == of[NONE].counts[event]
    assert of[NONE].stalls[Stall.PSUM_PASS] == 0


@settings(max_examples=60)
@given(mappable(), st.integers(0, 2**32))
def test_dense_data_leave_nothing_to_skip(case: tuple[Layer, Hardware, int], seed: int) -> None:
    """Same cycles, stalls and timeline as without: in every field of a run."""
    layer, hardware, batch = case
    layer = replace(layer, sparsity_ifmap=0.0, sparsity_filters=0.0, pad_h=0, pad_w=0)
    without, *others = (run(layer, replace(hardware, skip=skip), batch, seed=seed) for skip in SKIPS)
    for other in others:
        for field in fields(LayerRun):
            if field.name not in ("tiling", "ofmap"):
                assert getattr(other, field.name) == getattr(without, field.name), field.name


@given(st.integers(0, 2**32), st.sampled_from([IFMAP, BOTH]))
def test_never_below_the_busiest_pe_s_own_work(seed: int, skip: str) -> None:
    """One pass: PE (i, y) of a set has a filter row and an ofmap row."""
    layer = Layer.conv("one", channels=8, size=10, filters=6, filter=3, sparsity_ifmap=0.5, sparsity_filters=0.5)
    chip = replace(SPARSE, skip=skip)
    tensors = synthesise(layer, b_w=16, batch=1, seed=seed)
    found = run_layer(layer, chip, tensors)
    assert found.passes == 1
    (shape,) = found.cycles_by_shape
    pixels, weights = tensors.ifmap[0] != 0, tensors.filters != 0
    if skip == IFMAP:
        weights = np.ones_like(weights)
    work = []
    first = 0
    for channels in shape.set_channels:
        own = slice(first, first + channels)
        first += channels
        filters, most = 0, len(shape.stack_filters)
        for stack in range(most):
            of_stack = slice(filters, filters + shape.stack_filters[stack])
            filters += shape.stack_filters[stack]
            for i, y in np.ndindex(layer.R, layer.E):
                row = np.stack([pixels[own, y + i, x : x + layer.S] for x in range(layer.G)])
                work.append(int(np.einsum("xqs,fqs->", row.astype(int), weights[of_stack, own, i].astype(int))))
    assert sum(work) == found.compute + found.gated
    assert max(work) <= found.processing_cycles


def test_a_column_without_a_mac_passes_at_once_but_for_its_psum() -> None:
    """One PE, a 1x3 filter, windows of which the middle is zero: first and last column take a cycle each."""
    layer = Layer(name="L", H=1, W=3, C=1, R=1, S=3, F=1, E=1, G=1)
    chip = replace(EYERISS_16BIT, J=1, K=1, skip=BOTH, gate=BOTH)

    def classes(ifmap: list[int], filters: list[int]) -> tuple[int, int, int]:
        made = synthesise(layer, b_w=16, batch=1, seed=0)
        tensors = replace(
            made,
            ifmap=np.array(ifmap, np.int16).reshape(1, 1, 1, 3),
            filter_pieces=lambda: [np.array(filters, np.int16).reshape(1, 1, 1, 3)],
        )
        fast, stepped = (run_layer(layer, chip, tensors, engine=engine) for engine in ("fast", "stepped"))
        assert (fast.compute, fast.stalls, fast.processing_cycles) == (
            stepped.compute,
            stepped.stalls,
            stepped.processing_cycles,
        )
        return fast.compute, fast.skipped, fast.stalls[Stall.PSUM_PASS]

    assert classes([1, 1, 1], [1, 1, 1]) == (3, 0, 0)
    assert classes([1, 0, 1], [1, 1, 1]) == (2, 1, 0)
    assert classes([1, 1, 1], [0, 1, 1]) == (2, 1, 1)
    assert classes([0, 1, 0], [1, 0, 1]) == (0, 3, 2)


def test_sets_of_more_channels_than_a_mask_has_bits() -> None:
    """90 channels in a set: two words of a mask."""
    chip = replace(SPARSE, name="wide", I_s=90, f_s=2000)
    layer = Layer.conv("W", channels=100, size=6, filters=12, filter=1, sparsity_ifmap=0.5, sparsity_filters=0.5)
    for skip in SKIPS:
        fast, detailed, stepped = (
            run(layer, replace(chip, skip=skip), engine=engine) for engine in ("fast", "detailed", "stepped")
        )
        for field in fields(LayerRun):
            if field.name != "ofmap":
                assert getattr(fast, field.name) == getattr(detailed, field.name) == getattr(stepped, field.name)
        tensors = synthesise(layer, b_w=16, batch=2, seed=0)
        assert crosscheck(fast, tensors).explained


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("bits", [None, 5, 1])
def test_filters_on_the_link_are_the_shorter_of_both_codes(gate: str, bits: int | None) -> None:
    layer = replace(PRUNED, filter_bits=bits)
    chip = replace(SPARSE, gate=gate)
    tensors = synthesise(layer, b_w=16, batch=1, seed=1)
    found = run_layer(layer, chip, tensors)
    expected = 0
    for p in schedule(found.tiling):
        if p.shape.loads_filters:
            tile = tensors.filters[p.filters.slice, p.filter_channels.slice]
            raw = -(-tile.size * (bits or 16) // 64)
            expected += min(raw, rlc.encoded_words(tile, 16, bits))
    assert found.counts[c.DRAM_FILTER_READ] * 16 == expected * 64
    # behind the decoder words are those of the hardware
    assert found.counts[c.GLB_FILTER_READ] == run(layer, EYERISS_16BIT, 1, seed=1).counts[c.GLB_FILTER_READ]


def test_break_even_of_coded_filters() -> None:
    """25 % of zeros at 16 bit, 37.5 % at 8 bit, where runs neither overflow nor tiles end badly."""
    for chip, share in ((EYERISS_16BIT, 0.25), (EYERISS_8BIT, 0.375)):
        coded = replace(chip, filter_code=RLC)
        for zeros, is_shorter in ((share - 0.05, False), (share + 0.05, True)):
            layer = Layer.fc("L", inputs=1440, outputs=480, sparsity_filters=zeros)
            raw, best = (run(layer, each, 1).counts[c.DRAM_FILTER_READ] for each in (chip, coded))
            assert best < raw if is_shorter else best == raw


FAULTS: dict[str, Any] = {
    "zeros of filters do not gate": {
        "fast": lambda patch: patch.setattr(
            engines._LayerMasks,
            "effectual_macs",
            lambda self: engines.count_nonzero_macs(self._tiling.layer, self._tensors.ifmap),
        ),
        "stepped": lambda patch: patch.setattr(PEArray, "geometry", without_filters(PEArray.geometry)),
    },
    "takes not by filter": {
        "fast": lambda patch: patch.setattr(
            engines._LayerMasks, "taken_psums", lambda self: engines.count_psum_takes(self._tiling, self._tensors.ifmap)
        ),
    },
    "a filter tile without its last word": {
        "fast": lambda patch: patch.setattr(FilterCode, "words", one_less(FilterCode.words)),
        "stepped": lambda patch: patch.setattr(FilterCode, "sent", a_word_less(FilterCode.sent)),
    },
    "a skipped MAC takes its cycle": {
        "fast": lambda patch: patch.setattr(engines, "_tally_of", one_skipped_less(engines._tally_of)),
    },
}


def without_filters(honest: Any) -> Any:
    return lambda self, shape: honest(self, shape)._replace(filter_zeros_spare=False)


def one_less(honest: Any) -> Any:
    return lambda *args: honest(*args) - 1


def a_word_less(honest: Any) -> Any:
    def faulty(self: FilterCode, tile: Any) -> Any:
        arrived, words = honest(self, tile)
        return arrived, words - 1

    return faulty


def one_skipped_less(honest: Any) -> Any:
    def faulty(*args: Any) -> Any:
        tally = honest(*args)
        tally.skipped -= 1
        return tally

    return faulty


@pytest.mark.parametrize(("fault", "engine"), [(fault, engine) for fault, by in FAULTS.items() for engine in by])
def test_a_planted_fault_leaves_a_residual(fault: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chip = replace(SPARSE, skip=BOTH) if "skipped" in fault else SPARSE
    tensors = synthesise(PRUNED, b_w=16, batch=2, seed=0)
    assert crosscheck(run_layer(PRUNED, chip, tensors, engine=engine), tensors).explained
    FAULTS[fault][engine](monkeypatch)
    checked = crosscheck(run_layer(PRUNED, chip, tensors, engine=engine), tensors)
    assert not checked.explained


def test_effects_have_the_names_of_their_causes() -> None:
    tensors = synthesise(PRUNED, b_w=16, batch=2, seed=0)
    checked = crosscheck(run_layer(PRUNED, replace(SPARSE, skip=BOTH), tensors), tensors).counts()
    assert {"where zeros meet"} <= {*checked["nonzero_macs"].by_size} | {*checked["total_cycles"].by_size}
    assert "windows without an effectual MAC" in checked["rf_psum_reads"].by_size
    assert {"RLC run overflow", "RLC word padding"} & {*checked["dram_filter_bits"].by_size}
    assert "psums of skipped columns" in checked["total_cycles"].by_size
    # no more zeros than the table says: rounded to whole values
    assert abs(float(checked["nonzero_macs"].effects["share of filter zeros"])) < PRUNED.macs / PRUNED.weights * 2


def test_skipping_of_a_grouped_layer_side_by_side() -> None:
    """Groups at once have masks of their own, one after the other in each row of stacks."""
    layer = Layer.conv("dw", channels=12, size=9, filters=12, filter=3, groups=12, sparsity_ifmap=0.5)
    network = Network("n", (replace(layer, sparsity_filters=0.5),))
    both = {}
    for groups, engine in product(("apart", "together"), ("fast", "stepped")):
        chip = replace(SPARSE, skip=BOTH)
        both[groups, engine] = simulator.run(network, hardware=chip, groups=groups, engine=engine)["dw"]
    for groups in ("apart", "together"):
        fast, stepped = both[groups, "fast"], both[groups, "stepped"]
        assert fast.row() == stepped.row()
        assert fast.check.explained
    assert both["together", "fast"].run.processing_cycles < both["apart", "fast"].run.processing_cycles


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_codebook_without_zero_is_never_taken_for_one_with(bits: int) -> None:
    """Nearly all weights have one value, whose number is 0; but none of them is zero."""
    layer = Layer.conv("L", channels=16, size=8, filters=64, filter=1, sparsity_ifmap=0.5, filter_bits=bits)
    filters = np.where(np.random.default_rng(0).random((64, 16, 1, 1)) < 0.995, -7, 3)
    rows = []
    for engine in ("fast", "detailed", "stepped"):
        result = simulator.run_layer(layer, filters=filters, hardware=SPARSE, engine=engine, batch=1, verify=True)
        assert (result.wrong_values, result.check.explained) == (0, True)
        rows.append(result.row())
    assert rows[0] == rows[1] == rows[2]


@pytest.mark.parametrize("skip", SKIPS)
def test_no_closed_form_reads_psums_below_zero(skip: str) -> None:
    """SqueezeNet's C10 at 16 bit does as published; pruned, on hardware that looks at it, it does not."""
    from analytical import estimate

    for zeros in (0.001, 0.05, 0.5):
        pruned = prune(load_network("squeezenet1_1"), zeros)
        found = estimate(pruned, replace(SPARSE, skip=skip))
        assert all(layer.counts[c.RF_PSUM_READ] >= 0 for layer in found)
