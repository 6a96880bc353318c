"""Settings of the test suite, and runs that several tests look at."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from analytical.hardware import PRESETS
from analytical.networks import load
from simulator.session import LayerResult, NetworkRun, Settings, run_network

# JIT compilation and simulations take their time; a test never fails on seconds
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# a change lands or not by what it does: CI draws the same examples each time, everybody else new ones
settings.register_profile("ci", settings.get_profile("project"), derandomize=True, database=None)
settings.load_profile("ci" if "CI" in os.environ else "project")


@pytest.fixture(scope="session")
def zoo_run() -> Callable[[str, int], NetworkRun]:
    """Runs of the zoo's networks at 8 or 16 bit, each made once; without their ofmaps, which are large."""

    @cache
    def run(network: str, bits: int) -> NetworkRun:
        results = run_network(Settings(network=load(network), hardware=PRESETS[bits]))
        return replace(results, layers=[_without_ofmap(layer) for layer in results.layers])

    return run


def _without_ofmap(layer: LayerResult) -> LayerResult:
    run = replace(layer.report.run, ofmap=np.zeros((0, 0, 0, 0), np.int64))
    return replace(layer, report=replace(layer.report, run=run))
