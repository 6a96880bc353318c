"""Blocks, each spread in its own way, beside all ways to choose them."""

from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytical.hardware import EYERISS_8BIT
from analytical.network import Network
from analytical.networks import load_network
from partition.fleet.hybrid import FUSED, ROW_WAYS, WAYS, Block, by_blocks, modules_of
from partition.fleet.machine import DistributedRun, on_machine
from partition.fleet.members import alike
from partition.fleet.plan import Fleet
from partition.fleet.spread import LEAST, Link
from partition.fleet.tensors import Tensors, exchanged
from partition.fleet.ways import BLOCKS, Strategy, Way
from partition.sources.analytical import Analytical
from tests.partition.fleet.test_laws import networks, on_paper

LINK = Link(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.78)
HYBRID, ROWS_ONLY = Way(Strategy.HYBRID), Way(Strategy.HORIZONTAL, BLOCKS)


def all_blocks(ends: list[str], ways: tuple[str, ...]) -> Iterator[list[Block]]:
    """All ways to make blocks: those of fused rows may be long."""
    if not ends:
        yield []
        return
    for way in ways:
        for stop in range(1, len(ends) + 1) if way == FUSED else (1,):
            for rest in all_blocks(ends[stop:], ways):
                yield [Block(ends[stop - 1], way), *rest]


@given(
    networks(),
    st.integers(2, 3),
    st.sampled_from([1e5, 1e7, 1e9]),
    st.booleans(),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from(["none", "first"]),
)
@settings(deadline=None, max_examples=10)
def test_no_blocks_are_better(
    network: Network, devices: int, bitrate: float, shared: bool, idle: float, result_to: str
) -> None:
    tensors = Tensors(network)
    ends = [module[-1] for module in modules_of(tensors)]
    assume(len(ends) <= 4)
    link = Link(bitrate_bps=bitrate, tx_power_W=0.78, rx_power_W=0.5, idle_power_W=idle, shared=shared)
    fleet = Fleet(network, alike(devices, EYERISS_8BIT, Analytical()), link, result_to=result_to)
    for way, of_blocks in ((ROWS_ONLY, ROW_WAYS), (HYBRID, WAYS)):
        every = [
            fleet._spread(way, by_blocks(tensors, fleet.weights, blocks), set(), ())
            for blocks in all_blocks(ends, of_blocks)
        ]
        for least in ("latency", "energy"):
            found = fleet.spread(way, least=least)
            assert found.is_exact
            assert LEAST[least](found) == pytest.approx(min(map(LEAST[least], every)), rel=1e-9)


@given(networks(), st.lists(st.integers(0, 3), min_size=2, max_size=4).filter(sum), st.data())
@settings(deadline=None)
def test_blocks_with_values_are_the_whole(network: Network, weights: list[float], data: st.DataObject) -> None:
    """Whatever the ways of the blocks, devices together make the whole, and miss every message."""
    tensors = Tensors(network)
    ends = [module[-1] for module in modules_of(tensors)]
    blocks = []
    while ends:
        way = data.draw(st.sampled_from(WAYS))
        stop = data.draw(st.integers(1, len(ends))) if way == FUSED else 1
        blocks.append(Block(ends[stop - 1], way))
        ends = ends[stop:]
    made = by_blocks(tensors, weights, blocks)
    run = DistributedRun(tensors, b_w=8)
    assert run.wrong(made, on_paper) == {}
    moved = exchanged(tensors, made)
    for name in tensors.names:
        if any(each.received for each in moved[name]):
            assert run.wrong(made, on_paper, dropped=[name])


@pytest.mark.parametrize("network", ["alexnet", "resnet8"])
def test_what_was_searched_for_beats_what_it_is_made_of(network: str) -> None:
    fleet = Fleet(load_network(network), alike(4, EYERISS_8BIT, Analytical()), LINK)
    plain = [fleet.spread(Way(strategy)) for strategy in (Strategy.HORIZONTAL, Strategy.FUSED, Strategy.VERTICAL)]
    rows, hybrid = fleet.spread(ROWS_ONLY, least="latency"), fleet.spread(HYBRID, least="latency")
    assert rows.latency_s <= min(spread.latency_s for spread in plain[:2])
    assert hybrid.latency_s <= min(rows.latency_s, plain[2].latency_s)
    assert len(hybrid.blocks) == len(hybrid.cuts) + 1


def test_a_hybrid_runs_on_the_machine() -> None:
    fleet = Fleet(load_network("resnet8"), alike(3, EYERISS_8BIT, Analytical()), LINK)
    spread = fleet.spread(HYBRID, least="latency")
    made, _ = fleet.made(HYBRID, spread.cuts, spread.blocks)
    assert DistributedRun(fleet.tensors, b_w=8).wrong(made, on_machine(EYERISS_8BIT)) == {}
