"""The machine's laws, on random layers and random hardware."""

from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from analytical import counts as c
from analytical.closed_forms import count
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings import LayerMapping
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.rules import map_layer
from analytical.mappings.tiling import MappingError
from analytical.networks import load_network
from simulator.crosscheck import crosscheck
from simulator.machine import engines
from simulator.machine.engines import ENGINES, FastEngine, count_nonzero_macs
from simulator.machine.geometry import PassShape
from simulator.machine.layer_run import LayerRun, Machine, Wait, play_tables, run_tiling
from simulator.machine.pe_array import PassRun, PEArray, Stall
from simulator.machine.schedule import schedule
from tests.machines import run_layer
from tests.strategies import chip_mappable, mappable
from traces.convolution import convolve_plainly
from traces.tensors import synthesise


def simulate(
    layer: Layer,
    hardware: Hardware,
    batch: int,
    *,
    seed: int = 0,
    engine: str = "fast",
    mapping: LayerMapping | None = None,
) -> LayerRun:
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    return run_layer(layer, hardware, tensors, engine=engine, mapping=mapping)


def assert_equal(*runs: LayerRun) -> None:
    """Field by field."""
    for one, other in pairwise(runs):
        for field in fields(LayerRun):
            ours, theirs = getattr(one, field.name), getattr(other, field.name)
            assert np.array_equal(ours, theirs) if field.name == "ofmap" else ours == theirs, field.name


QUICK = Layer(name="quick", H=18, W=4, C=9, R=2, S=3, F=30, E=17, G=2, sparsity_ifmap=0.97)
"""So few pixels that psums of some PEs come long before those of others: which the GON takes next hangs on how early a
psum that is not known yet could come."""


@settings(max_examples=200)
@given(mappable(), st.integers(0, 2**32))
@example((QUICK, replace(EYERISS_16BIT, skip="ifmap"), 1), 5)
def test_all_engines_agree_on_everything(case: tuple[Layer, Hardware, int], seed: int) -> None:
    layer, hardware, batch = case
    runs = (simulate(layer, hardware, batch, seed=seed, engine=engine) for engine in ("fast", "detailed", "stepped"))
    assert_equal(*runs)


@settings(max_examples=200)
@given(chip_mappable(), st.integers(0, 2**32))
def test_the_chip_s_mapping_needs_no_other_machine(
    case: tuple[Layer, Hardware, EyerissMapping, int], seed: int
) -> None:
    """Engines agree, the ofmap is the convolution, and every count is what schedule and data ask for."""
    layer, hardware, mapping, batch = case
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    fast, detailed, stepped = (
        run_layer(layer, hardware, tensors, mapping=mapping, engine=engine)
        for engine in ("fast", "detailed", "stepped")
    )
    assert_equal(fast, detailed, stepped)
    assert np.array_equal(fast.ofmap, tensors.psums)
    assert crosscheck(fast, tensors).explained


@given(mappable(), st.integers(0, 2**32))
def test_the_ofmap_is_the_convolution_bit_for_bit(case: tuple[Layer, Hardware, int], seed: int) -> None:
    layer, hardware, batch = case
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    run = run_layer(layer, hardware, tensors, engine="detailed")
    expected = convolve_plainly(
        tensors.ifmap, tensors.filters, stride=(layer.U, layer.V), groups=layer.groups, E=layer.E, G=layer.G
    )
    assert np.array_equal(run.ofmap, expected)


@given(mappable())
def test_the_parts_add_up(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    run = simulate(layer, hardware, batch)
    counts = run.counts
    assert run.compute + run.gated + sum(run.stalls.values()) + run.idle == hardware.pes * run.processing_cycles
    assert run.compute + run.gated + run.skipped == counts.macs == layer.macs * batch
    assert run.total_cycles - run.processing_cycles == sum(run.dram_waits.values())
    assert run.dram_busy_cycles <= run.total_cycles
    assert counts[c.RF_FILTER_READ] == counts[c.RF_PSUM_WRITE] == counts.nonzero_macs == run.compute
    assert counts[c.GLB_PSUM_WRITE] - counts[c.GLB_PSUM_READ] == layer.ofmap_size * batch
    assert counts[c.GLB_OFMAP_DRAIN] == layer.ofmap_size * batch
    bits, narrow = counts[c.DRAM_FILTER_READ] * hardware.b_w, layer.filter_bits or hardware.b_w
    if hardware.filter_code == "raw":
        assert counts[c.GLB_FILTER_READ] * narrow <= bits
    assert counts[c.GLB_FILTER_READ] == counts[c.GLB_FILTER_FILL]
    assert counts[c.GLB_IFMAP_READ] >= counts[c.GLB_IFMAP_FILL]
    assert run.glb_peak_words["GLB for ifmap"] <= run.tiling.ifmap_words
    assert run.glb_peak_words["GLB for psums"] <= run.tiling.psum_words
    assert all(counts[event] >= 0 for event in c.ALL_EVENTS)


@given(mappable())
def test_ramp_up_is_those_stalls_before_the_first_mac_of_a_pass(case: tuple[Layer, Hardware, int]) -> None:
    """Added up here from the array's own timing, pass by pass; what a run reports begins at nothing."""
    layer, hardware, batch = case
    hardware = replace(hardware, skip="none")
    run = simulate(layer, hardware, batch)
    timings = {shape: PEArray(hardware).time(shape) for shape in {p.shape for p in schedule(run.tiling)}}
    expected = dict.fromkeys(Stall, 0)
    for p in schedule(run.tiling):
        for stall, cycles in timings[p.shape].ramp_up.items():
            expected[stall] += cycles
    assert run.ramp_up == expected
    assert all(run.ramp_up[stall] <= run.stalls[stall] for stall in Stall)


@given(mappable(), st.integers(0, 2**32))
def test_values_change_no_processing_cycle(case: tuple[Layer, Hardware, int], seed: int) -> None:
    layer, hardware, batch = case
    # what skipping does to cycles is in tests/simulator/test_zeros.py
    hardware = replace(hardware, skip="none")
    # one mapping for both, which by the corrected rules may depend on the share of zeros
    mapping = map_layer(layer, hardware)
    dense, sparse = (
        simulate(replace(layer, sparsity_ifmap=z), hardware, batch, seed=seed, engine="detailed", mapping=mapping)
        for z in (0.0, 0.9)
    )
    assert dense.processing_cycles == sparse.processing_cycles
    assert dense.stalls == sparse.stalls


DIVIDING = [
    # every tile divides: C by z_i, F by f_i, E by K or less, and tiles fill whole DRAM words, 3 or 5 values each
    (EYERISS_16BIT, Layer(name="default", H=16, W=18, C=48, R=3, S=3, F=36, E=14, G=16)),
    (EYERISS_16BIT, Layer(name="strips", H=30, W=18, C=48, R=3, S=3, F=36, E=28, G=16)),
    (EYERISS_16BIT, Layer(name="strided", H=29, W=33, C=48, R=3, S=3, F=36, U=2, E=14, G=16)),
    (EYERISS_16BIT, Layer(name="gaps", H=82, W=16, C=24, R=1, S=1, F=36, U=3, E=28, G=6)),
    (EYERISS_16BIT, Layer(name="one pass", H=16, W=18, C=4, R=3, S=3, F=72, E=14, G=16)),
    (EYERISS_16BIT, Layer(name="spare sets", H=16, W=18, C=8, R=3, S=3, F=36, E=14, G=16)),
    (EYERISS_16BIT, Layer(name="1x1", H=14, W=12, C=144, R=1, S=1, F=72, E=14, G=12)),
    (EYERISS_16BIT, Layer(name="fc", kind="fc", H=6, W=6, C=64, R=6, S=6, F=36, E=1, G=1)),
    (EYERISS_16BIT, Layer(name="raw", H=16, W=18, C=48, R=3, S=3, F=36, E=14, G=16, first=True)),
    (EYERISS_16BIT, Layer(name="groups", groups=2, H=16, W=18, C=48, R=3, S=3, F=72, E=14, G=16)),
    (EYERISS_8BIT, Layer(name="8 bit", H=15, W=12, C=64, R=3, S=3, F=36, E=13, G=10)),
]


@pytest.mark.parametrize(("hardware", "layer"), DIVIDING, ids=lambda value: value.name)
@pytest.mark.parametrize("batch", [1, 2])
def test_where_every_tile_divides_machine_and_formulas_count_the_same(
    hardware: Hardware, layer: Layer, batch: int
) -> None:
    """Dense data, whole tiles: equal integers, level by level; RLC as far as its words fill exactly."""
    mapping = map_layer(layer, hardware)
    assert batch <= mapping.N
    run = simulate(layer, hardware, batch)
    closed = count(layer, hardware, mapping, batch)
    assert run.counts.macs == closed.macs
    assert run.counts.nonzero_macs == closed.nonzero_macs
    for event in closed:
        assert run.counts[event] == pytest.approx(closed[event], rel=1e-12), event


def test_gated_macs_follow_from_the_ifmap_by_brute_force() -> None:
    layer = Layer(name="L", groups=2, H=9, W=8, C=3, R=3, S=2, F=4, U=2, E=4, G=4, sparsity_ifmap=0.5)
    ifmap = synthesise(layer, b_w=16, batch=2, seed=3).ifmap
    expected = 0
    for n, f, y, x in np.ndindex(2, layer.F, layer.E, layer.G):
        first = f // 2 * layer.C
        window = ifmap[n, first : first + 3, 2 * y : 2 * y + 3, 2 * x : 2 * x + 2]
        expected += np.count_nonzero(window)
    assert count_nonzero_macs(layer, ifmap) == expected


@given(mappable())
@example(  # prefetch took the bank that kept psums from being read and written through one port
    (
        Layer(name="C", H=32, W=32, C=4, R=2, S=2, F=17, U=3, E=11, G=11),
        replace(
            EYERISS_8BIT,
            J=2,
            K=4,
            f_s=224,
            I_s=6,
            P_s=17,
            glb_kib=6,
            filter_buffer_kib=0.25,
            link_hz=7_000_000,
            gin_psum_bits=16,
            gon_bits=16,
            ifmap_fifo=1,
            psum_fifo=1,
            pe_stages=2,
        ),
        1,
    )
)
def test_fmaps_are_not_moved_while_pes_work_unless_the_hardware_overlaps_them(
    case: tuple[Layer, Hardware, int],
) -> None:
    layer, hardware, batch = case
    apart, overlapped = (simulate(layer, replace(hardware, overlap_fmaps=overlap), batch) for overlap in (False, True))
    assert apart.processing_cycles == overlapped.processing_cycles
    for run in (apart, overlapped):
        waited = run.total_cycles - run.processing_cycles
        assert waited <= run.dram_busy_cycles
    fmaps = apart.counts.total(c.DRAM_IFMAP_READ, c.DRAM_OFMAP_WRITE) * hardware.b_w // hardware.link_bits
    assert (apart.total_cycles - apart.processing_cycles) * hardware.link_hz >= fmaps * hardware.core_hz


def test_a_slow_link_shows_in_total_cycles_alone() -> None:
    layer = Layer(name="L", H=15, W=15, C=64, R=3, S=3, F=36, E=13, G=13)
    fast, slow = (simulate(layer, replace(EYERISS_16BIT, link_hz=hz), 1) for hz in (60_000_000, 1_000_000))
    assert slow.processing_cycles == fast.processing_cycles
    assert slow.total_cycles > 5 * fast.total_cycles
    assert slow.dram_waits[Wait.DATA] > slow.processing_cycles


def test_fc_layers_keep_12_pes_busy() -> None:
    layer = replace(load_network("alexnet").layer("FC8"), F=36)
    run = simulate(layer, EYERISS_16BIT, 18)
    assert run.active_pes == 12


def test_a_filter_tile_larger_than_its_buffer_still_runs() -> None:
    layer = Layer(name="L", H=15, W=15, C=64, R=3, S=3, F=36, E=13, G=13)
    small = replace(EYERISS_16BIT, filter_buffer_kib=0.5)
    run, normal = simulate(layer, small, 1), simulate(layer, EYERISS_16BIT, 1)
    assert run.counts == normal.counts
    assert run.total_cycles > normal.total_cycles


def test_more_room_in_the_glb_hides_more_of_the_link() -> None:
    layer = replace(load_network("alexnet").layers[0], F=20)
    overlaps = replace(EYERISS_16BIT, overlap_fmaps=True)
    tight, roomy = (simulate(layer, replace(overlaps, glb_kib=kib), 1) for kib in (100, 400))
    assert roomy.dram_waits[Wait.DATA] < tight.dram_waits[Wait.DATA]


def test_one_pass_from_dram_to_dram() -> None:
    """3 words of filters and 3 of ifmap come in 10 cycles each; the only psum leaves as one word in 4."""
    layer = Layer(name="L", H=3, W=3, C=1, R=3, S=3, F=1, E=1, G=1, first=True)
    run = simulate(layer, EYERISS_16BIT, 1)
    assert run.passes == 1
    assert run.dram_waits == {Wait.DATA: 20, Wait.ROOM: 0, Wait.WRITE_BACK: 4}
    assert run.total_cycles == 20 + run.processing_cycles + 4
    assert run.dram_busy_cycles == 24
    # of each column the bottom row's pixel comes first: the last in cycle 6, for its MAC in cycle 7; the PEs above
    # hand the psum up after 3 MACs and their pipeline
    stages = EYERISS_16BIT.pe_stages
    assert run.processing_cycles == 7 + stages + 2 * (3 - 1 + stages) + 1


def test_images_that_follow_each_other_pay_the_ramp_once() -> None:
    layer = Layer(name="L", H=15, W=15, C=16, R=3, S=3, F=18, E=13, G=13)
    one, two, three = (simulate(layer, EYERISS_16BIT, batch).processing_cycles for batch in (1, 2, 3))
    assert three - two == two - one < one


def test_a_pe_that_adds_wrongly_shows_in_the_ofmap(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = PEArray.run

    def faulty(self: PEArray, shape: PassShape, ifmap: Any, filters: Any, psums: Any) -> PassRun:
        run = honest(self, shape, ifmap, filters, psums)
        psums[0, 0, 0, 0] += 1
        return run

    monkeypatch.setattr(PEArray, "run", faulty)
    assert_wrong_ofmap("stepped")


def test_a_wrong_value_of_a_pass_shows_in_the_ofmap(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = engines.pass_values

    def faulty(*args: Any, **more: Any) -> Any:
        found = honest(*args, **more)
        found.psums[0, 0, 0, 0] += 1
        return found

    monkeypatch.setattr(engines, "pass_values", faulty)
    assert_wrong_ofmap("detailed")


def assert_wrong_ofmap(engine: str) -> None:
    layer = Layer(name="L", H=15, W=15, C=32, R=3, S=3, F=18, E=13, G=13)
    tensors = synthesise(layer, b_w=16, batch=1, seed=0)
    run = run_layer(layer, EYERISS_16BIT, tensors, engine=engine)
    assert np.count_nonzero(run.ofmap != tensors.psums) >= 1


@st.composite
def grouped(draw: st.DrawFn) -> tuple[Layer, Hardware, int]:
    """Layers of several groups, few channels each, on arrays with room for some of them."""
    groups, channels, filters = draw(st.integers(2, 9)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size, kernel = draw(st.integers(5, 14)), draw(st.integers(1, 3))
    layer = Layer.conv(
        "grouped",
        channels=groups * channels,
        size=size,
        filters=groups * filters,
        filter=kernel,
        stride=draw(st.integers(1, 2)),
        padding=draw(st.integers(0, 1)),
        groups=groups,
        first=draw(st.booleans()),
        sparsity_ifmap=draw(st.sampled_from([0.0, 0.5])),
        sparsity_ofmap=0.3,
    )
    J, K = draw(st.integers(3, 12)), draw(st.integers(2, 20))
    hardware = replace(EYERISS_16BIT, J=J, K=K, glb_kib=draw(st.sampled_from([8, 108])))
    return layer, hardware, draw(st.integers(1, 3))


@settings(max_examples=80)
@given(grouped(), st.booleans(), st.integers(0, 2**32))
def test_groups_may_run_side_by_side(case: tuple[Layer, Hardware, int], overlap: bool, seed: int) -> None:
    """The same sums and MACs as one after the other, in all engines, and nothing that the cross-check cannot name."""
    layer, hardware, batch = case
    hardware = replace(hardware, overlap_fmaps=overlap)
    try:
        apart = map_layer(layer, hardware).tiling(layer, hardware, batch)
    except MappingError:
        assume(False)
    together = apart.side_by_side()
    tensors = synthesise(layer, b_w=16, batch=batch, seed=seed)
    first, *others = (run_tiling(together, tensors, engine=engine) for engine in ENGINES)
    for other in others:
        assert_equal(first, other)
    assert np.array_equal(first.ofmap, tensors.psums)
    assert first.counts.macs == layer.macs * batch
    assert crosscheck(first, tensors).explained
    alone = run_tiling(apart, tensors)
    assert first.counts.nonzero_macs == alone.counts.nonzero_macs
    assert first.counts[c.GLB_PSUM_WRITE] == alone.counts[c.GLB_PSUM_WRITE]
    # as many passes as there are groups of groups, for each batch of images
    if together.groups_at_once > 1 and together.N == apart.N:
        assert first.passes * layer.groups == alone.passes * -(-layer.groups // together.groups_at_once)


@settings(max_examples=60)
@given(mappable(), st.integers(0, 2**32))
def test_tiles_may_move_raw_where_that_is_shorter(case: tuple[Layer, Hardware, int], seed: int) -> None:
    """All engines agree, no tile takes more than either way, and the cross-check explains all."""
    layer, hardware, batch = case
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    words = {}
    for code in ("rlc", "raw", "best"):
        chosen = replace(hardware, fmap_code=code)
        # one mapping for all, so that tiles are the same
        mapping = map_layer(layer, hardware)
        runs = [run_layer(layer, chosen, tensors, mapping=mapping, engine=engine) for engine in ENGINES]
        assert runs[0].counts == runs[1].counts == runs[2].counts
        assert runs[0].total_cycles == runs[1].total_cycles == runs[2].total_cycles
        assert crosscheck(runs[0], tensors).explained
        words[code] = runs[0].counts[c.DRAM_IFMAP_READ], runs[0].counts[c.DRAM_OFMAP_WRITE]
    for rlc_words, raw_words, best in zip(words["rlc"], words["raw"], words["best"], strict=True):
        assert best <= min(rlc_words, raw_words)


@settings(max_examples=60)
@given(mappable(), st.integers(0, 2**32))
def test_feature_maps_may_move_raw(case: tuple[Layer, Hardware, int], seed: int) -> None:
    """Engines agree, whole words cross the link, and the cross-check explains all."""
    layer, hardware, batch = case
    raw = replace(hardware, fmap_code="raw")
    tensors = synthesise(layer, b_w=raw.b_w, batch=batch, seed=seed)
    fast, detailed = (run_layer(layer, raw, tensors, engine=engine) for engine in ("fast", "detailed"))
    assert fast.counts == detailed.counts
    assert fast.total_cycles == detailed.total_cycles
    words = fast.counts[c.DRAM_OFMAP_WRITE]
    assert layer.ofmap_size * batch <= words
    assert words % (raw.link_bits // raw.b_w) == 0
    assert crosscheck(fast, tensors).explained


AT_ONCE = (
    Layer(name="at once", H=83, W=23, C=2, R=5, S=4, F=2, U=2, E=40, G=10),
    replace(
        EYERISS_16BIT, J=5, K=16, f_s=48, I_s=4, P_s=1, glb_kib=1.5, filter_buffer_kib=0.25, link_hz=200_000_000,
        gin_psum_bits=16, gon_bits=16, ifmap_fifo=1, psum_fifo=1, pe_stages=2, fmap_code="raw",
    ),
    1,
)  # fmt: skip
"""Transfers end in the very cycle in which a pass asks for room: which of both is first is SimPy's order."""


@settings(max_examples=200)
@given(st.one_of(mappable(), chip_mappable()), st.booleans(), st.integers(0, 2**32))
@example(AT_ONCE, True, 0)
def test_the_compiled_loop_is_what_simpy_plays_out(case: Any, overlap: bool, seed: int) -> None:
    """Every field of a run, but for the arrays' own, which are the same engine's."""
    layer, hardware, *mapping, batch = case
    hardware = replace(hardware, overlap_fmaps=overlap)
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    chosen = mapping[0] if mapping else map_layer(layer, hardware)
    tiling = chosen.tiling(layer, hardware, batch)
    tables = play_tables(tiling, FastEngine(tiling, tensors))
    events = Machine(tiling, FastEngine(tiling, tensors)).run()
    assert_equal(tables, events)
