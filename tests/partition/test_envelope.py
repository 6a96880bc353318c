"""Algorithm 2 and the lower envelope."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from partition import kernels
from partition.envelope import Envelope, Lines, algorithm_2

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
