"""Settings of the test suite, and runs that several tests look at."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

from analytical.hardware import PRESETS
from analytical.networks import load_network
from simulator.result import LayerResult, NetworkResult
from simulator.runner import run_network
from simulator.settings import Settings

# JIT compilation and simulations take their time; a test never fails on seconds. Everybody draws the same examples: a
# user's run sees nothing that CI has not seen.
settings.register_profile(
    "project", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None
)
# new ones, and many: pytest --hypothesis-profile deep --hypothesis-seed N (N: 0, 1, 2, ...)
settings.register_profile("deep", settings.get_profile("project"), derandomize=False, print_blob=True, max_examples=300)
# for python -m tests.mutants, where it matters that a test fails, not on how small an example
settings.register_profile(
    "mutants", settings.get_profile("project"), phases=(Phase.explicit, Phase.generate), report_multiple_bugs=False
)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Rewrite what pages and examples show, in place of comparing it."""
    parser.addoption("--update-shown", action="store_true", help="rewrite the outputs that pages and examples show")


@pytest.fixture
def update_shown(request: pytest.FixtureRequest) -> bool:
    """Whether what is shown is to be rewritten."""
    return bool(request.config.getoption("--update-shown"))


@pytest.fixture(scope="session")
def zoo_run() -> Callable[[str, int], NetworkResult]:
    """Runs of the zoo's networks at 8 or 16 bit, each made once; without their ofmaps, which are large."""

    @cache
    def run(network: str, bits: int) -> NetworkResult:
        results = run_network(Settings(network=load_network(network), hardware=PRESETS[bits]))
        return replace(results, layers=tuple(_without_ofmap(layer) for layer in results))

    return run


def _without_ofmap(layer: LayerResult) -> LayerResult:
    return replace(layer, run=replace(layer.run, ofmap=np.zeros((0, 0, 0, 0), np.int64)))
