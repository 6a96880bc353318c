"""A second opinion on latencies: from words and clocks, and from what passes and transfers take."""

from bisect import bisect_left
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from analytical.counts import Level
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.networks import load_network
from simulator.machine import dram, fast_run, layer_run, loop
from simulator.machine.dram import Fetch
from simulator.machine.history import History
from simulator.machine.layer_run import LayerRun, Machine
from simulator.machine.schedule import Pass, schedule
from simulator.machine.timeline import Act
from simulator.machine.transfers import Transfer
from tests.machines import observed
from tests.simulator.crosscheck.checks import check
from tests.strategies import mappable


def room_at(takes: Sequence[int], gives: Sequence[int], at: Sequence[int], capacity: int) -> list[int]:
    """For each of the words that are taken in turn, since when there is room: of words that are given back at times."""
    given_back, times = list(accumulate(gives)), list(at)
    needed = (taken - capacity for taken in accumulate(takes))
    return [0 if words <= 0 else times[bisect_left(given_back, words)] for words in needed]


def recomputed(run: LayerRun, history: History) -> dict[str, list[int]]:
    """When everything begins if nothing waits without a cause: each from what comes before it.

    What passes and transfers take, and in which order they come, is the run's; the rules are said here once more.
    """
    tiling, hardware = run.tiling, run.tiling.hardware
    overlap = hardware.overlap_fmaps
    columns: Any = [[column.tolist() for column in part] for part in history[:-1]]
    (f_start, f_cycles, f_part, f_words, f_pass), (w_start, w_cycles, w_words), passes, acts = columns
    ready, start, end, cycles = passes
    of_act: dict[Act, list[tuple[int, int, int]]] = {act: [] for act in Act}
    for at, asked, act, words in zip(*acts, strict=True):
        of_act[Act(act)].append((at, asked, words))
    w_end = [begun + took for begun, took in zip(w_start, w_cycles, strict=True)]
    transfers_in, transfers_out = zip(f_start, f_cycles, strict=True), zip(w_start, w_cycles, strict=True)
    link = sorted([(begun, begun + took) for begun, took in [*transfers_in, *transfers_out]])
    free = {begun: before for (begun, _), (_, before) in zip(link, [(0, 0), *link], strict=False)}
    assert len(free) == len(link), "two transfers at a time"

    # psums: as write-backs end; where transfers do not overlap work, the array lets all of them go first
    takes = of_act[Act.TAKE_PSUMS]
    sent = [at for at, _, _ in of_act[Act.SEND_OFMAP]]
    assert w_words == [words for _, _, words in of_act[Act.SEND_OFMAP]]
    room = room_at([words for _, _, words in takes], w_words, w_end, tiling.psum_words)
    taken = []
    for (_, asked, _), since in zip(takes, room, strict=True):
        drained = max((through for through, when in zip(w_end, sent, strict=True) if when <= asked), default=0)
        taken.append(max(asked, since) if overlap or since <= asked else drained)

    # write-backs: at once, or when the array stands still
    still = sorted([*end, *(asked for at, asked, _ in takes if at > asked)])
    may_go = sent if overlap else [still[bisect_left(still, when)] for when in sent]
    written = [max(free[begun], when) for begun, when in zip(w_start, may_go, strict=True)]

    # fetches: in order, as there is room, and some only when the array asks
    large = [
        p.shape.loads_filters
        and p.shape.filters * p.shape.filter_channels * p.shape.R * p.shape.S > hardware.filter_buffer_words
        for p in schedule(tiling)
    ]
    since_when = {}
    for part, act, capacity in (
        (loop.IFMAP, Act.RELEASE_IFMAP, tiling.ifmap_words),
        (loop.FILTERS, Act.RELEASE_FILTERS, hardware.filter_buffer_words),
    ):
        of_part = [number for number, where in enumerate(f_part) if where == part]
        gives, at = [words for _, _, words in of_act[act]], [at for at, _, _ in of_act[act]]
        since_when |= zip(of_part, room_at([f_words[n] for n in of_part], gives, at, capacity), strict=True)
    fetched = []
    for number, begun in enumerate(f_start):
        waits_for_array = large[f_pass[number]] if f_part[number] == loop.FILTERS else not overlap
        demand = ready[f_pass[number]] if waits_for_array else 0
        fetched.append(max(free[begun], since_when[number], demand))
        # write-backs that may go are not kept waiting by a fetch that begins
        assert not any(when < begun < later for when, later in zip(may_go, w_start, strict=True)), "out of turn"

    # passes: when their data are there, one after the other
    there = {number: begun + took for number, begun, took in zip(f_pass, f_start, f_cycles, strict=True)}
    waits = [
        sum(at - asked for at, asked, _ in takes if first <= asked < last)
        for first, last in zip(start, end, strict=True)
    ]
    out = [max((t for t, w in zip(w_end, sent, strict=True) if w <= last), default=0) for last in end]
    through = end if overlap else [max(last, drained) for last, drained in zip(end, out, strict=True)]
    return {
        "fetches": fetched,
        "write-backs": written,
        "psums": taken,
        "ready": [0, *through[:-1]],
        "passes": [max(when, there[number]) for number, when in enumerate(ready)],
        "ends": [sum(parts) for parts in zip(start, cycles, waits, strict=True)],
        "total": [max([end[-1], *w_end])],
    }


def said(history: History) -> dict[str, list[int]]:
    """When everything began in the run."""
    taken = history.acts.at[history.acts.act == Act.TAKE_PSUMS]
    return {
        "fetches": history.fetches.start.tolist(),
        "write-backs": history.write_backs.start.tolist(),
        "psums": taken.tolist(),
        "ready": history.passes.ready.tolist(),
        "passes": history.passes.start.tolist(),
        "ends": history.passes.end.tolist(),
        "total": [history.total],
    }


def link_is_right(run: LayerRun, history: History) -> bool:
    """Transfers take their words' time at the link's clock, each rounded up to a cycle."""
    hardware = run.tiling.hardware
    took = [*history.fetches.cycles.tolist(), *history.write_backs.cycles.tolist()]
    words = sum(number for event, number in run.counts.events.items() if event.level is Level.DRAM)
    cycles = Fraction(words * hardware.b_w, hardware.link_bits) * Fraction(hardware.core_hz, hardware.link_hz)
    return cycles <= sum(took) < cycles + len(took) and sum(took) == run.dram_busy_cycles


@given(mappable(), st.sampled_from(["fast", "detailed"]))
def test_total_cycles_follow_from_those_of_passes_and_transfers(case: tuple[Layer, Hardware, int], engine: str) -> None:
    run, history = observed(*case, engine=engine)
    assert recomputed(run, history) == said(history)
    assert link_is_right(run, history)
    assert run.total_cycles == history.total


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("layer", ["C1", "C3", "FC8"])
def test_total_cycles_of_alexnet_follow_from_those_of_passes_and_transfers(layer: str, overlap: bool) -> None:
    run, history = observed(
        load_network("alexnet").layer(layer), replace(EYERISS_16BIT, overlap_fmaps=overlap), batch=2
    )
    assert recomputed(run, history) == said(history)
    assert link_is_right(run, history)


def on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is fetched only when the array waits for it."""
    monkeypatch.setattr(layer_run, "Fetch", lambda **fields: Fetch(**fields | {"on_demand": True}))


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for ifmaps is given back after a while."""
    release = Machine._release_ifmap

    def later(self: Machine, p: Pass, part: Transfer) -> None:
        def wait() -> Generator[simpy.Event, None, None]:
            yield self.env.timeout(5000)
            release(self, p, part)

        self.env.process(wait())

    monkeypatch.setattr(Machine, "_release_ifmap", later)


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("fault", [on_demand, late])
def test_a_wait_without_a_cause_is_noticed(
    fault: Callable[[pytest.MonkeyPatch], None], overlap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, hardware = load_network("alexnet").layer("C3"), replace(EYERISS_16BIT, overlap_fmaps=overlap)
    fault(monkeypatch)
    run, history = observed(layer, hardware, 2, "detailed")
    assert recomputed(run, history)["fetches"] != said(history)["fetches"]


def test_a_link_of_half_its_speed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines agree, and the cross-check has a name for all cycles: both take it for what the link is."""

    def slow(words: Any, hardware: Hardware) -> Any:
        return -(-words * 2 * hardware.core_hz // hardware.link_hz)

    layer = load_network("alexnet").layer("C3")
    assert link_is_right(*observed(layer, EYERISS_16BIT, batch=2))
    for module in (dram, fast_run):
        monkeypatch.setattr(module, "link_cycles", slow)
    assert not link_is_right(*observed(layer, EYERISS_16BIT, batch=2))
    fast, detailed = (observed(layer, EYERISS_16BIT, 2, engine)[0] for engine in ("fast", "detailed"))
    assert fast.total_cycles == detailed.total_cycles
    assert check(layer, EYERISS_16BIT, 2).explained
