"""Every difference between machine and closed forms has a name, and the names leave nothing over."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical import counts as c
from analytical.closed_forms import count, repetitions
from analytical.counts import Counts, Event, Level
from analytical.energy import Accounting
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import map_layer
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.files import published_mappings
from analytical.mappings.search import Candidates, weigh
from analytical.mappings.tiling import Tiling
from analytical.model import estimate_layer
from analytical.networks import ZOO, load_network
from simulator.crosscheck import Crosscheck, Effect, crosscheck
from simulator.crosscheck.check import exactly
from simulator.crosscheck.zeros import Coded, code, empty_windows, nonzero_macs
from simulator.machine import engines
from simulator.machine import layer_run as machine
from simulator.machine.geometry import PassShape
from simulator.machine.layer_run import LayerRun, Machine, Wait
from simulator.machine.pe_array import PassRun, PEArray
from simulator.machine.schedule import Pass, schedule
from simulator.result import NetworkResult
from tests.machines import run_layer, tile
from tests.strategies import chip_mappable, mappable
from traces import rlc
from traces.tensors import synthesise


def check(
    layer: Layer,
    hardware: Hardware,
    batch: int = 1,
    *,
    seed: int = 0,
    engine: str = "fast",
    accounting: Accounting = Accounting.CNNERGY,
) -> Crosscheck:
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=seed)
    return crosscheck(run_layer(layer, hardware, tensors, engine=engine), tensors, accounting)


def effects_on_counts(checked: Crosscheck) -> dict[str, Any]:
    """Effects of each quantity but latency, which the closed forms never have right."""
    return {name: d.by_size for name, d in checked.counts().items() if d.by_size and name != "total_cycles"}


# --- the residual is zero


@settings(max_examples=300)
@given(mappable(), st.integers(0, 2**32), st.sampled_from(Accounting))
def test_no_residual_on_random_layers(case: tuple[Layer, Hardware, int], seed: int, accounting: Accounting) -> None:
    checked = check(*case, seed=seed, accounting=accounting)
    assert checked.residual == Counts()
    assert checked.explained
    assert all(d.residual == 0 for d in checked.counts().values())
    for part, d in checked.energy().items():
        assert abs(d.residual) <= 1e-9 * d.magnitude, part


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("network", ZOO)
def test_no_residual_on_the_published_networks(
    network: str, bits: int, zoo_run: Callable[[str, int], NetworkResult]
) -> None:
    run = zoo_run(network, bits)
    assert run.unexplained_layers() == []
    for layer in run:
        for part, d in layer.check.energy().items():
            assert abs(d.residual) <= 1e-9 * d.magnitude, (layer.name, part)


@given(mappable())
def test_both_sides_are_what_the_run_reports(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    checked = check(layer, hardware, batch)
    closed = estimate_layer(layer, hardware, batch)
    assert float(checked.analytical.macs) == layer.macs * batch
    for event in checked.analytical:
        assert float(checked.analytical[event]) == pytest.approx(closed.counts[event] * batch, rel=1e-12), event
    assert checked.analytical_energy == closed.energy
    total = checked.energy()["total"]
    assert total.value == pytest.approx(total.reference + sum(total.effects.values()), rel=1e-9)


# --- no effect where there is nothing to explain

ARRAYS = [EYERISS_16BIT, EYERISS_8BIT] + [
    replace(chip, name=f"{chip.b_w} bit {J}x{K}", J=J, K=K)
    for chip in (EYERISS_16BIT, EYERISS_8BIT)
    for J, K in ((6, 7), (8, 8), (16, 16), (4, 20))
]
FILTERS = [(3, 3, 1), (3, 3, 2), (2, 2, 1), (4, 3, 1), (1, 1, 1)]


def dividing(hardware: Hardware, R: int, S: int, U: int) -> Layer:
    """Two whole tiles along channels, filters and rows; rows of ifmap and ofmap that fill whole RLC words."""
    pairs = hardware.rlc_pairs
    C_set = hardware.I_s // S
    G = 2 * pairs
    width = U * (G - 1) + S
    return Layer(
        name=f"{R}x{S} by {U}",
        C=144 if R == 1 else 2 * C_set * (hardware.J // R),
        R=R,
        S=S,
        U=U,
        F=2 * min(hardware.f_s // S // C_set, hardware.P_s),
        E=2 * hardware.K,
        G=G,
        H=U * (2 * hardware.K - 1) + R,
        W=-(-width // pairs) * pairs,
    )


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("hardware", ARRAYS, ids=lambda hardware: hardware.name)
def test_no_effect_where_every_tile_divides_and_nothing_is_zero(
    hardware: Hardware, filters: tuple[int, int, int]
) -> None:
    """50 layers: not small effects that add up to nothing, but none."""
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


# --- each effect where its cause is


BASE = dividing(EYERISS_16BIT, 3, 3, 1)


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
    checked = check(layer, hardware)
    assert checked.explained
    assert checked.counts()[count].effects[effect.value] != 0


def test_images_that_do_not_fit_together_have_their_filters_loaded_again() -> None:
    layer = dividing(EYERISS_16BIT, 1, 1, 1)
    fit = map_layer(layer, EYERISS_16BIT).N
    checked = check(replace(layer, batch=2 * fit), EYERISS_16BIT, 2 * fit)
    filters = checked.counts()["glb_filter_reads"]
    assert filters.by_size == {Effect.IMAGE_BATCHES.value: filters.reference}


def test_fc_layers_are_held_up_by_idle_pes() -> None:
    """The closed forms' constant throughput takes 115.5 PEs for granted; FC layers keep 12 at work."""
    layer = replace(load_network("alexnet").layer("FC8"), F=72)
    cycles = check(layer, EYERISS_16BIT, 18).counts()["total_cycles"]
    assert next(iter(cycles.by_size)) == Effect.IDLE.value
    assert cycles.effects[Effect.IDLE.value] > 10 * cycles.reference


# --- each effect against brute force


def test_nonzero_macs_by_brute_force() -> None:
    layer = Layer(name="L", groups=2, H=9, W=8, C=3, R=3, S=2, F=4, U=2, E=4, G=3, sparsity_ifmap=0.5)
    ifmap = synthesise(layer, b_w=16, batch=2, seed=3).ifmap
    windows = (
        ifmap[n, f // 2 * 3 : f // 2 * 3 + 3, 2 * y : 2 * y + 3, 2 * x : 2 * x + 2]
        for n, f, y, x in np.ndindex(2, layer.F, layer.E, layer.G)
    )
    assert nonzero_macs(layer, ifmap) == sum(map(np.count_nonzero, windows))


def test_empty_windows_by_brute_force() -> None:
    layer = Layer(name="L", H=6, W=6, C=10, R=3, S=3, F=2, E=4, G=4, sparsity_ifmap=0.9)
    tiling = tile(layer, EYERISS_16BIT, map_layer(layer, EYERISS_16BIT), batch=1)
    ifmap = synthesise(layer, b_w=16, batch=1, seed=1).ifmap
    sets = [range(4), range(4, 8), range(8, 10)]
    assert (tiling.C_set, tiling.z) == (4, 10)
    empty = 0
    for y, x, i in np.ndindex(layer.E, layer.G, layer.R):
        for members in sets:
            bottom = members is sets[-1] and i == layer.R - 1
            if not bottom and not ifmap[0, members.start : members.stop, y + i, x : x + 3].any():
                empty += layer.F
    assert empty_windows(tiling, ifmap) == empty > 0


@given(st.lists(st.sampled_from([0, 0, 0, 0, 0, 0, 0, 5]), max_size=400), st.sampled_from([8, 16]))
def test_code_from_gaps_is_the_codec_s(values: list[int], b_w: int) -> None:
    tile_values = np.array(values, np.int64)
    hardware = {8: EYERISS_8BIT, 16: EYERISS_16BIT}[b_w]
    coded = code([tile_values], hardware.rlc_run_bits, hardware.rlc_pairs)
    assert coded.words == len(rlc.encode(tile_values, b_w))
    assert coded.values == len(values)
    assert coded.nonzeros == np.count_nonzero(tile_values)


def test_code_of_tiles_by_hand() -> None:
    """31 zeros fit a run and the 32nd ends it; 3 pairs fill a word."""
    run_of_32, run_of_31 = np.zeros(32, int), np.zeros(31, int)
    assert code([run_of_32], 5, 3) == Coded(values=32, overflows=1, words=1)
    assert code([run_of_31], 5, 3) == Coded(values=31, restarts=1, words=1)
    assert code([np.ones(4, int), np.array([0, 1])], 5, 3) == Coded(values=6, nonzeros=5, words=3)


@given(mappable())
def test_fractions_of_tiles_are_the_closed_forms(case: tuple[Layer, Hardware, int]) -> None:
    """The first rung of the ladder is what :func:`analytical.closed_forms.count` says, but for code and zeros."""
    layer, hardware, batch = case
    mapping = map_layer(layer, hardware)
    words = repetitions(exactly(layer), exactly(mapping)).words(layer, batch)
    closed = count(exactly(layer), hardware, exactly(mapping), batch)
    for event in words:
        if event != c.DRAM_IFMAP_READ or layer.first:
            assert words[event] == closed[event], event


def test_repetitions_of_a_layer_by_hand() -> None:
    """Two strips of 14 and 6 rows, the second of which needs the last two rows of the first again."""
    layer = replace(BASE, E=20, H=22)
    mapping = map_layer(layer, EYERISS_16BIT)
    repeated = repetitions(layer, exactly(mapping))
    assert (repeated.strips, repeated.strip_rows) == (Fraction(20, 14), Fraction(20 * 16, 14))
    effect = check(layer, EYERISS_16BIT).counts()["glb_ifmap_reads"].effects[Effect.OVERLAP.value]
    further_strips = 2 - Fraction(20, 14)
    assert effect == further_strips * 2 * layer.W * layer.C * 2


# --- the check is to be trusted: faults that are planted show


RAGGED = Layer(
    name="faulty", groups=2, H=33, W=20, pad_h=1, pad_w=1, C=37, R=3, S=3, F=50, E=31, G=18, sparsity_ifmap=0.8
)
"""A layer with all there is: groups, several passes along each axis, ragged tiles, padding, zeros."""


def in_one_pass(change: Callable[[PassRun], PassRun]) -> Callable[[pytest.MonkeyPatch], None]:
    """Plant a fault in what the PE array reports of the first pass that it steps."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        honest, done = PEArray.run, []

        def faulty(self: PEArray, *pass_: Any) -> PassRun:
            run = honest(self, *pass_)
            if done:
                return run
            done.append(True)
            return change(run)

        monkeypatch.setattr(PEArray, "run", faulty)

    return plant


def miscounted(event: Event, by: int) -> Callable[[pytest.MonkeyPatch], None]:
    return in_one_pass(lambda run: replace(run, counts=run.counts + Counts(events={event: by})))


def reshaped(**fields: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Plant a fault in the shape of all passes as the PE array is given them."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        honest = PEArray.run

        def faulty(self: PEArray, shape: PassShape, *data: Any) -> PassRun:
            return honest(self, replace(shape, **fields), *data)

        monkeypatch.setattr(PEArray, "run", faulty)

    return plant


def rescheduled(change: Callable[[Pass], Pass]) -> Callable[[pytest.MonkeyPatch], None]:
    """Plant a fault in the schedule."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        def faulty(tiling: Tiling) -> Any:
            return map(change, schedule(tiling))

        monkeypatch.setattr(machine, "schedule", faulty)

    return plant


def off_by(module: Any, function: str, by: int) -> Callable[[pytest.MonkeyPatch], None]:
    """Plant a fault in what a function returns."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        honest = getattr(module, function)
        monkeypatch.setattr(module, function, lambda *args: honest(*args) + by)

    return plant


def drained_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Machine._send_ofmap

    def faulty(self: Machine, *piece: Any) -> None:
        honest(self, *piece)
        self._moved.ofmap_drains += 1

    monkeypatch.setattr(Machine, "_send_ofmap", faulty)


def wait_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Machine.run

    def faulty(self: Machine) -> LayerRun:
        run = honest(self)
        return replace(run, dram_waits=run.dram_waits | {Wait.DATA: run.dram_waits[Wait.DATA] - 1})

    monkeypatch.setattr(Machine, "run", faulty)


def whole_strip_again(p: Pass) -> Pass:
    return replace(p, strip=replace(p.strip, fetched=p.strip.ifmap, kept_before=0, kept_after=0))


def one_row_less(p: Pass) -> Pass:
    fetched = p.strip.fetched._replace(start=p.strip.fetched.start + 1)
    return replace(p, strip=replace(p.strip, fetched=fetched)) if p.strip.kept_before else p


FAULTS = {
    "a pixel read from the RF is not counted": miscounted(c.RF_IFMAP_READ, -1),
    "a pixel read from the GLB counts twice": miscounted(c.GLB_IFMAP_READ, +1),
    "a psum write is forgotten": miscounted(c.GLB_PSUM_WRITE, -1),
    "a transfer between PEs is forgotten": miscounted(c.INTER_PE_PSUM, -1),
    "a fill of an RF is forgotten": miscounted(c.RF_IFMAP_FILL, -1),
    "a drain of an RF counts twice": miscounted(c.RF_PSUM_DRAIN, +1),
    "earlier psums are not read": reshaped(reads_psums=False),
    "filters are read for every strip": reshaped(loads_filters=True),
    "a cycle has no class": in_one_pass(lambda run: replace(run, cycles=run.cycles + 1)),
    "a PE idles uncounted": in_one_pass(lambda run: replace(run, idle=run.idle - 1)),
    "the array idles for a while": in_one_pass(
        lambda run: replace(run, idle=run.idle + 100 * EYERISS_16BIT.pes, cycles=run.cycles + 100)
    ),
    "a stall is lost": in_one_pass(lambda run: replace(run, stalls={s: max(0, n - 1) for s, n in run.stalls.items()})),
    "rows that the GLB holds are fetched again": rescheduled(whole_strip_again),
    "run fields of 6 bits": lambda monkeypatch: monkeypatch.setattr(rlc, "_run_bits", lambda _: 6),
    "a word too many for raw tiles": off_by(machine, "raw_words", +1),
    "an ofmap piece drains a word twice": drained_twice,
    "a cycle of waiting for DRAM is lost": wait_lost,
}
FAULTS_OF_FAST = {
    "a nonzero MAC too few": off_by(engines, "count_nonzero_macs", -1),
    "a psum taken too often": off_by(engines, "count_psum_takes", +1),
    "an overlap row is skipped": rescheduled(one_row_less),
    "a coded word too few": off_by(rlc, "encoded_words", -1),
}
FAULTS_OF_DETAILED = {
    "a nonzero MAC too many": in_one_pass(lambda run: replace(run, counts=run.counts + Counts(nonzero_macs=1))),
    "a psum read in the RF too few": miscounted(c.RF_PSUM_READ, -1),
}
PLANTED = [
    (engine, fault)
    for engine, more in (("fast", FAULTS_OF_FAST), ("detailed", FAULTS_OF_DETAILED))
    for fault in FAULTS | more
]


@pytest.mark.parametrize("engine", ["fast", "detailed"])
def test_without_a_fault_there_is_no_residual(engine: str) -> None:
    assert check(RAGGED, EYERISS_16BIT, 2, engine=engine).explained


@pytest.mark.parametrize(("engine", "fault"), PLANTED)
def test_a_planted_fault_leaves_a_residual(engine: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (FAULTS | FAULTS_OF_FAST | FAULTS_OF_DETAILED)[fault](monkeypatch)
    checked = check(RAGGED, EYERISS_16BIT, 2, engine=engine)
    assert not checked.explained
    left_over = (checked.residual != Counts(), checked.counts()["total_cycles"].residual, checked.unclassified)
    assert any(left_over)


# --- the chip's mapping


CNNERGY_ALONE = {Effect.FILTERS_HELD.value, Effect.RAGGED_SETS.value, Effect.FIT.value, Effect.RAGGED_X.value}


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


@settings(max_examples=100)
@given(chip_mappable())
def test_the_mapper_weighs_the_words_that_the_machine_moves(case: tuple[Layer, Hardware, EyerissMapping, int]) -> None:
    """Events that neither zeros nor code change, on any mapping."""
    layer, hardware, mapping, batch = case
    layer = replace(layer, sparsity_ifmap=0.0, pad_h=0, pad_w=0, first=True)
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=0)
    moved = run_layer(layer, hardware, tensors, mapping=mapping).counts
    ways = Candidates(*(np.array([getattr(mapping, symbol)]) for symbol in Candidates._fields))
    weighed = weigh(layer, hardware, batch, ways).words
    for event, words in weighed.items():
        if event.level is not Level.DRAM:
            assert moved[event] == words, event
    at_a_time = hardware.link_bits // hardware.b_w
    padding = at_a_time * len(list(schedule(tile(layer, hardware, mapping, batch)))) * (batch + 1)
    for event in (c.DRAM_FILTER_READ, c.DRAM_IFMAP_READ):
        assert weighed[event] <= moved[event] <= weighed[event] + padding, event
