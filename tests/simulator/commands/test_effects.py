"""``python -m simulator effects``."""

import json
from pathlib import Path

import pytest

from tests.simulator.commands.calls import NETWORK, rows_of, simulator


def test_effects_add_up_to_the_machine(network: str) -> None:
    record = json.loads(simulator("effects", network, "--json", "-").stdout)
    assert (record["bits"], record["seed"]) == (16, 0)
    small = record["networks"]["small"]
    for quantity in small.values():
        assert quantity["analytical"] + sum(quantity["effects"].values()) == pytest.approx(
            quantity["simulated"], rel=1e-9
        )
    rows = rows_of(simulator("effects", network, "--csv", "-").stdout)
    energy = [float(row["adds"]) for row in rows if row["quantity"] == "energy_J"]
    assert sum(energy) == pytest.approx(small["energy_J"]["simulated"])


def test_effects_refuse_two_networks_of_one_name(network: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / "small.csv"
    twin.write_text(NETWORK)
    result = simulator("effects", network, str(twin))
    assert result.returncode == 2
    assert result.stderr == "error: networks are small, small; expected each to have a name of its own\n"
