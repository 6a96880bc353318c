"""A second opinion on latencies: from words and clocks alone, without the machine's schedule."""

from collections.abc import Callable
from fractions import Fraction

import pytest

from analytical.counts import Level
from simulator.result import NetworkResult

Runs = Callable[[str, int], NetworkResult]

ZOO = [("alexnet", 16), ("alexnet", 8), ("squeezenet1_1", 8)]


@pytest.mark.parametrize(("network", "bits"), ZOO)
def test_the_link_is_busy_for_its_words_at_its_clock(network: str, bits: int, zoo_run: Runs) -> None:
    """64 bits a cycle of the link; a transfer that ends within a cycle takes all of it, which is next to nothing."""
    for layer in zoo_run(network, bits):
        run, hardware = layer.run, layer.run.tiling.hardware
        words = sum(number for event, number in run.counts.events.items() if event.level is Level.DRAM)
        cycles = Fraction(words * hardware.b_w, hardware.link_bits) * Fraction(hardware.core_hz, hardware.link_hz)
        assert cycles <= run.dram_busy_cycles <= cycles * Fraction(1001, 1000), layer.name


@pytest.mark.parametrize(("network", "bits"), ZOO)
def test_a_layer_takes_as_long_as_its_slower_half_and_at_most_both(network: str, bits: int, zoo_run: Runs) -> None:
    for layer in zoo_run(network, bits):
        run = layer.run
        assert max(run.processing_cycles, run.dram_busy_cycles) <= run.total_cycles, layer.name
        assert run.total_cycles <= run.processing_cycles + run.dram_busy_cycles, layer.name
