"""Figures do not drift: the machine's CSV of every zoo network is byte for byte what is stored, but for new columns."""

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
    assert_not_drifted(zoo_run(network, bits), f"{network}_{bits}bit.csv")


@pytest.mark.parametrize("bits", [16, 8])
def test_csv_of_alexnet_on_the_chip_s_mapping(bits: int) -> None:
    result = simulator.run("alexnet", bits=bits, mapping="eyeriss")
    assert_not_drifted(result, f"alexnet_{bits}bit_eyeriss.csv")


def assert_not_drifted(result: NetworkResult, file: str) -> None:
    stored = (STORED / file).read_bytes().splitlines()
    columns = len(stored[0].split(b","))
    now = [b",".join(line.split(b",")[:columns]) for line in as_csv(result.rows()).splitlines()]
    assert now == stored
