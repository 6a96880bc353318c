"""The lower envelope beside Algorithm 2, and the minimum cut beside brute force."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical.graph import Graph, Node
from analytical.layer import Layer
from partition import kernels
from partition.channel import Channel
from partition.envelope import Envelope, Lines, algorithm_2
from partition.mincut import least_energy_cut

CASES = 1_000_000


def random_lines(rng: np.random.Generator, tied: bool) -> Lines:
    cuts = int(rng.integers(2, 25))
    energy, bits = np.cumsum(rng.random(cuts)) * 1e-3, rng.random(cuts) * 1e6
    if tied:
        energy, bits = np.round(energy, 3), np.round(bits, -5)
    bits[-1] = 0
    return Lines(energy, bits)


def test_both_agree_on_a_million_cases() -> None:
    rng = np.random.default_rng(0)
    for number in range(200):
        lines = random_lines(rng, tied=number % 4 == 0)
        x = 10 ** rng.uniform(-12, -6, CASES // 200)
        images = rng.random(x.size) * 2e6
        assert np.array_equal(Envelope(lines).decide(x, images), algorithm_2(lines, x, images))


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=9), st.integers(0, 40))
def test_switch_points_are_exact(points: list[tuple[int, int]], image: int) -> None:
    """Small whole numbers, so that lines meet in one point and lie on each other."""
    lines = Lines(
        np.array([0.0, *(float(e) for e, _ in points)]), np.array([float(image), *(float(d) for _, d in points)])
    )
    switches = Envelope(lines).switch_points()
    assert switches[0][0] == 0.0
    ends = [x for x, _ in switches[1:]] + [switches[-1][0] + 1.0]
    for (begin, cut), end in zip(switches, ends, strict=True):
        middle = (Fraction(begin) + Fraction(end)) / 2
        costs = [Fraction(e) + middle * Fraction(d) for e, d in zip(lines.energy_J, lines.bits, strict=True)]
        assert costs[cut] <= min(costs) * (1 + Fraction(1, 10**12))


def test_vectors_broadcast() -> None:
    lines = Lines(np.array([0.0, 1.0, 3.0]), np.array([10.0, 2.0, 0.0]))
    x = np.array([[0.01], [1.0], [10.0]])
    best = Envelope(lines).decide(x, np.array([[10.0, 1000.0]]))
    assert best.tolist() == [[0, 1], [1, 1], [2, 2]]
    assert np.array_equal(best, algorithm_2(lines, x, np.array([[10.0, 1000.0]])))


def test_the_compiled_functions_say_the_same_without_the_compiler() -> None:
    lines = Lines(np.array([0.0, 1.0, 3.0]), np.array([10.0, 2.0, 0.0]))
    envelope = Envelope(lines)
    arguments = (envelope.lines.energy_J[envelope.cuts], envelope.lines.bits[envelope.cuts], envelope.cuts)
    for x in (0.01, 0.124, 0.126, 0.99, 1.01, 5.0):
        plain = kernels.algorithm_2.py_func(x, 0.0, 10.0, lines.energy_J, lines.bits)
        assert kernels.decide.py_func(x, 0.0, 10.0, *arguments, envelope.switch) == plain == algorithm_2(lines, x)


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
        spent = sum(energy[name] for name in client if graph.nodes[name].layer)
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
