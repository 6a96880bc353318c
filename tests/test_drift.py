"""Figures do not drift: the machine's CSV of every zoo network is byte for byte what is stored."""

from collections.abc import Callable
from pathlib import Path

import pytest

import simulator
from analytical.networks import ZOO
from analytical.terminal.outputs import as_csv
from simulator.result import NetworkResult

STORED = Path(__file__).parent / "data" / "machine"


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("network", ZOO)
def test_csv_of_the_zoo(network: str, bits: int, zoo_run: Callable[[str, int], NetworkResult]) -> None:
    assert as_csv(zoo_run(network, bits).rows()) == (STORED / f"{network}_{bits}bit.csv").read_bytes()


@pytest.mark.parametrize("bits", [16, 8])
def test_csv_of_alexnet_on_the_chip_s_mapping(bits: int) -> None:
    result = simulator.run("alexnet", bits=bits, mapping="eyeriss")
    assert as_csv(result.rows()) == (STORED / f"alexnet_{bits}bit_eyeriss.csv").read_bytes()
