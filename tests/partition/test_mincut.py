"""Minimum cuts through branches."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical.graph import Graph, Node
from analytical.layer import Layer
from partition.channel import Channel
from partition.mincut import least_energy_cut

ONE = Layer(name="one", H=1, W=1, C=1, R=1, S=1, F=1, E=1, G=1)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, dict[str, float], dict[str, float]]:
    """A graph of up to eight nodes after the image, with energies and bits."""
    chain = draw(st.booleans())
    nodes = {"In": Node(name="In", channels=1, height=1, width=1)}
    for number in range(draw(st.integers(1, 7))):
        before = list(nodes)[-1:] if chain else list(nodes)
        reads = draw(st.sets(st.sampled_from(before), min_size=1, max_size=3))
        layer = ONE if draw(st.booleans()) else None
        nodes[f"n{number}"] = Node(
            name=f"n{number}", reads=tuple(sorted(reads)), channels=1, height=1, width=1, layer=layer
        )
    ends = tuple(name for name, users in Graph("", nodes).consumers.items() if not users)
    nodes["out"] = Node(name="out", reads=ends, channels=1, height=1, width=1, layer=ONE)
    amounts = st.floats(0, 1e6, allow_subnormal=False)
    return Graph("random", nodes), {n: draw(amounts) for n in nodes}, {n: draw(amounts) * 1e-9 for n in nodes}


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_the_minimum_cut_is_the_best_of_all_cuts(case: tuple[Graph, dict[str, float], dict[str, float]]) -> None:
    graph, bits, energy = case
    channel = Channel(bitrate_bps=1e8, tx_power_W=0.5)

    def cost(client: frozenset[str]) -> float:
        spent = sum(energy.get(name, 0) for name in client)
        return spent + sum(channel.energy_J(bits[name]) for name in graph.sent(client))

    others = [name for name in graph.nodes if name != "In"]
    legal = [
        client
        for size in range(len(others) + 1)
        for some in combinations(others, size)
        for client in [frozenset(some) | {"In"}]
        if all(read in client for name in some for read in graph.nodes[name].reads)
    ]
    found = least_energy_cut(graph, bits, energy, channel)
    assert found in legal
    assert cost(found) == pytest.approx(min(map(cost, legal)), rel=1e-12, abs=1e-18)
