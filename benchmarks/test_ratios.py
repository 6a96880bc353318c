"""How many times a bare matrix multiplication of the same MACs a run takes, side by side in one process.

    python -m pytest benchmarks/test_ratios.py -s

Ratios only: seconds say more about a computer than about the program, and no benchmark fails on them.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest

import simulator
from analytical.layer import Layer
from analytical.networks import load_network

CASES: dict[str, list[dict[str, Any]]] = tomllib.loads(Path(__file__).with_name("cases.toml").read_text())


def least_s(work: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the quickest of some rounds."""
    taken = []
    for _ in range(rounds):
        start = process_time()
        work()
        taken.append(process_time() - start)
    return min(taken)


def multiply(layers: tuple[Layer, ...]) -> None:
    """The MACs of each layer's batch as a matrix multiplication for each group, in float64."""
    for layer in layers:
        taps = layer.C * layer.R * layer.S
        filters = np.ones((layer.filters_per_group, taps))
        # in pieces of 32 MiB, since the windows of a large layer would fill the memory
        windows = layer.E * layer.G * layer.batch
        piece = np.ones((taps, min(windows, max(1, (1 << 22) // taps))))
        for first in range(0, windows, piece.shape[1]):
            for _ in range(layer.groups):
                filters @ piece[:, : windows - first]


@pytest.mark.parametrize("case", CASES["ratio"], ids=lambda case: f"{case['network']} {case['engine']}")
def test_times_a_matrix_multiplication(case: dict[str, Any], record_property: Callable[[str, object], None]) -> None:
    layers = load_network(case["network"]).layers
    simulator.run(case["network"], engine=case["engine"])  # start-up aside
    gemm = least_s(lambda: multiply(layers), rounds=3)
    run = least_s(lambda: simulator.run(case["network"], engine=case["engine"]), case["rounds"])
    record_property("ratio", run / gemm)
    print(f"\n{case['network']:14} {case['engine']:9} {run / gemm:6.1f} x GEMM")  # noqa: T201  # what a person runs it for
    assert run > 0


@pytest.mark.parametrize("case", CASES["growth"], ids=lambda case: case["of"])
def test_cost_grows_as_it_should(case: dict[str, Any], record_property: Callable[[str, object], None]) -> None:
    """Twice as much of one thing, at most about twice the time."""
    small, large = (Layer.conv("L", **(case["layer"] | case[size])) for size in ("small", "large"))
    for layer in (small, large):
        simulator.run_layer(layer)
    ratio = least_s(lambda: simulator.run_layer(large), 3) / least_s(lambda: simulator.run_layer(small), 3)
    record_property("growth", ratio)
    print(f"\n{case['of']:14} x 4: time x {ratio:.1f}")  # noqa: T201  # likewise
    assert ratio > 0
