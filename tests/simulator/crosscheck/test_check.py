"""No residual, and faults that are planted leave one."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical import counts as c
from analytical.counts import Counts, Event
from analytical.energy import Accounting
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.model import estimate_layer
from analytical.networks import ZOO
from simulator.crosscheck.check import COMPARED
from simulator.machine import engines, fast_run, filter_code, loop
from simulator.machine import layer_run as machine
from simulator.machine.fast_run import FastRun
from simulator.machine.layer_run import LayerRun, Machine, Wait
from simulator.machine.pe_array import PEArray
from simulator.machine.schedule import Pass, passes_of, schedule
from simulator.result import NetworkResult
from tests.simulator.crosscheck.checks import check
from tests.strategies import mappable
from traces import rlc


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


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("network", ZOO)
def test_the_link_is_busy_for_its_words_and_a_layer_takes_its_slower_half_to_both(
    network: str, bits: int, zoo_run: Callable[[str, int], NetworkResult]
) -> None:
    """64 bits a cycle of the link; a transfer that ends within a cycle takes all of it, which is next to nothing."""
    for layer in zoo_run(network, bits):
        run, hardware = layer.run, layer.run.tiling.hardware
        words = sum(number for event, number in run.counts.events.items() if event.level is c.Level.DRAM)
        cycles = Fraction(words * hardware.b_w, hardware.link_bits) * Fraction(hardware.core_hz, hardware.link_hz)
        assert cycles <= run.dram_busy_cycles <= cycles * Fraction(1001, 1000), layer.name
        assert max(run.processing_cycles, run.dram_busy_cycles) <= run.total_cycles, layer.name
        assert run.total_cycles <= run.processing_cycles + run.dram_busy_cycles, layer.name


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


def test_what_has_no_name_anywhere_is_not_explained() -> None:
    """Not an event that no column compares, not a PE-cycle in no class, not a cycle."""
    checked = check(Layer.fc("L", inputs=8, outputs=4), EYERISS_16BIT)
    assert checked.explained
    one_more = checked.simulated + Counts(events={c.GLB_IFMAP_FILL: 1})
    assert not replace(checked, simulated=one_more).explained
    assert not replace(checked, unclassified=1).explained
    assert not replace(checked, cycles=checked.cycles + 1).explained


def test_columns_of_both_sides_have_the_order_and_the_units_that_they_are_known_by() -> None:
    columns = check(Layer.fc("L", inputs=8, outputs=4), EYERISS_16BIT).counts()
    assert tuple(columns) == COMPARED
    assert {columns[name].unit for name in columns if name.startswith("dram_")} == {"bits"}
    assert {columns[name].unit for name in columns if name.startswith(("rf_", "glb_"))} == {"16-bit words"}


RAGGED = Layer(
    name="faulty", groups=2, H=33, W=20, pad_h=1, pad_w=1, C=37, R=3, S=3, F=50, E=31, G=18, sparsity_ifmap=0.8
)
"""A layer with all there is: groups, several passes along each axis, ragged tiles, padding, zeros."""


def in_one_pass(change: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """Plant a fault in what the PE array reports of the first pass that it times, or steps."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        for honest in (PEArray.time, PEArray.run):
            monkeypatch.setattr(PEArray, honest.__name__, first_changed(honest))

    def first_changed(honest: Any) -> Any:
        done = []

        def faulty(self: PEArray, *pass_: Any) -> Any:
            timing = honest(self, *pass_)
            if done:
                return timing
            done.append(True)
            return change(timing)

        return faulty

    return plant


def miscounted(event: Event, by: int) -> Callable[[pytest.MonkeyPatch], None]:
    return in_one_pass(lambda timing: replace(timing, moved=timing.moved | {event: timing.moved[event] + by}))


def reshaped(**fields: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Plant a fault in the shape of all passes as the PE array is given them."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        time, run = PEArray.time, PEArray.run
        monkeypatch.setattr(PEArray, "time", lambda self, shape: time(self, replace(shape, **fields)))
        monkeypatch.setattr(PEArray, "run", lambda self, shape, *data: run(self, replace(shape, **fields), *data))

    return plant


def rescheduled(change: Callable[[Pass], Pass]) -> Callable[[pytest.MonkeyPatch], None]:
    """Plant a fault in the schedule."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        # SimPy's machine, and the tables of the fast one
        monkeypatch.setattr(machine, "schedule", lambda tiling: map(change, schedule(tiling)))
        monkeypatch.setattr(fast_run, "passes_of", lambda *block, **more: map(change, passes_of(*block, **more)))

    return plant


def off_by(function: str, by: int, *modules: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Plant a fault in what a function returns to those that have imported it."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        honest = getattr(modules[0], function)
        for module in modules:
            monkeypatch.setattr(module, function, lambda *args: honest(*args) + by)

    return plant


def drained_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Machine._send_ofmap

    def faulty(self: Machine, *piece: Any) -> None:
        honest(self, *piece)
        self._moved.ofmap_drains += 1

    monkeypatch.setattr(Machine, "_send_ofmap", faulty)
    made = FastRun._add

    def faulty_tables(self: FastRun, *block: Any) -> int:
        self.moved.ofmap_drains += 1
        return made(self, *block)

    monkeypatch.setattr(FastRun, "_add", faulty_tables)


def wait_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Machine.run

    def faulty(self: Machine) -> LayerRun:
        run = honest(self)
        return replace(run, dram_waits=run.dram_waits | {Wait.DATA: run.dram_waits[Wait.DATA] - 1})

    monkeypatch.setattr(Machine, "run", faulty)
    played = FastRun.play

    def faulty_play(self: FastRun, *, keep_history: bool = False) -> loop.Played:
        found = played(self, keep_history=keep_history)
        return found._replace(waits=found.waits - [1, 0, 0])

    monkeypatch.setattr(FastRun, "play", faulty_play)


def whole_strip_again(p: Pass) -> Pass:
    return replace(p, strip=replace(p.strip, fetched=p.strip.ifmap, kept_before=0, kept_after=0))


def one_row_less(p: Pass) -> Pass:
    fetched = p.strip.fetched._replace(start=p.strip.fetched.start + 1)
    return replace(p, strip=replace(p.strip, fetched=fetched)) if p.strip.kept_before else p


FAULTS = {
    "a MAC is not counted": in_one_pass(lambda timing: replace(timing, macs=timing.macs - 1)),
    "a pixel read from the GLB counts twice": miscounted(c.GLB_IFMAP_READ, +1),
    "a psum write is forgotten": miscounted(c.GLB_PSUM_WRITE, -1),
    "a transfer between PEs is forgotten": miscounted(c.INTER_PE_PSUM, -1),
    "a fill of an RF is forgotten": miscounted(c.RF_IFMAP_FILL, -1),
    "a drain of an RF counts twice": miscounted(c.RF_PSUM_DRAIN, +1),
    "earlier psums are not read": reshaped(reads_psums=False),
    "filters are read for every strip": reshaped(loads_filters=True),
    "a cycle has no class": in_one_pass(lambda timing: replace(timing, cycles=timing.cycles + 1)),
    "a PE idles uncounted": in_one_pass(lambda timing: replace(timing, idle=timing.idle - 1)),
    "the array idles for a while": in_one_pass(
        lambda timing: replace(timing, idle=timing.idle + 100 * EYERISS_16BIT.pes, cycles=timing.cycles + 100)
    ),
    "a stall is lost": in_one_pass(
        lambda timing: replace(timing, stalls={s: max(0, n - 1) for s, n in timing.stalls.items()})
    ),
    "rows that the GLB holds are fetched again": rescheduled(whole_strip_again),
    "run fields of 6 bits": lambda monkeypatch: monkeypatch.setattr(rlc, "_run_bits", lambda _: 6),
    "a word too many for raw tiles": off_by("raw_words", +1, filter_code, engines),
    "an ofmap piece drains a word twice": drained_twice,
    "a cycle of waiting for DRAM is lost": wait_lost,
}


FAULTS_OF_FAST = {
    "a nonzero MAC too few": off_by("count_nonzero_macs", -1, engines),
    "a psum taken too often": off_by("count_psum_takes", +1, engines),
    "an overlap row is skipped": rescheduled(one_row_less),
    "a coded word too few": off_by("words_of_tiles", -1, rlc),
}


FAULTS_OF_STEPPED = {
    "a nonzero MAC too many": in_one_pass(lambda run: replace(run, nonzero_macs=run.nonzero_macs + 1)),
    "a psum read in the RF too few": in_one_pass(lambda run: replace(run, psum_takes=run.psum_takes + 1)),
}


PLANTED = [
    (engine, fault)
    for engine, more in (("fast", FAULTS_OF_FAST), ("stepped", FAULTS_OF_STEPPED))
    for fault in FAULTS | more
]


@pytest.mark.parametrize("engine", ["fast", "detailed", "stepped"])
def test_without_a_fault_there_is_no_residual(engine: str) -> None:
    assert check(RAGGED, EYERISS_16BIT, 2, engine=engine).explained


@pytest.mark.parametrize(("engine", "fault"), PLANTED)
def test_a_planted_fault_leaves_a_residual(engine: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (FAULTS | FAULTS_OF_FAST | FAULTS_OF_STEPPED)[fault](monkeypatch)
    checked = check(RAGGED, EYERISS_16BIT, 2, engine=engine)
    assert not checked.explained
    left_over = (checked.residual != Counts(), checked.counts()["total_cycles"].residual, checked.unclassified)
    assert any(left_over)
