"""Accelergy's files: its sum is ours, and a table of energies is a price list."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import simulator
from analytical.energy import Accounting
from analytical.files.accelergy import action_counts, as_yaml, ert, read_ert
from analytical.files.hardware import load_hardware
from analytical.hardware import EYERISS_16BIT
from analytical.technology import HardwareError
from tests.simulator.commands.calls import NETWORK

REAL = """
ERT:
    version: '0.4'
    tables:
      - name: system_top_level.DRAM[1..1]
        actions:
          - {name: write, arguments: {global_cycle_seconds: 1e-09}, energy: 512.0}
          - {name: read, arguments: {global_cycle_seconds: 1e-09}, energy: 500.0}
      - name: system_top_level.shared_glb[1..1]
        actions:
          - {name: write, arguments: {}, energy: 26.156875}
          - {name: read, arguments: {}, energy: 32.377775}
          - {name: leak, arguments: {}, energy: 0.005353}
      - name: system_top_level.PE[1..168].psum_spad[1..168]
        actions:
          - {name: read, arguments: {}, energy: 0.8}
          - {name: write, arguments: {}, energy: 0.9}
      - name: system_top_level.PE[1..168].mac[1..168]
        actions:
          - {name: compute, arguments: {}, energy: 0.315}
          - {name: leak, arguments: {}, energy: 0.0036}
      - name: system_top_level.some_mux[1..1]
        actions: [{name: read, arguments: {}, energy: 9}]
"""
"""As the exercises of Timeloop and Accelergy have it (example_designs, simple_weight_stationary), a spad added."""


def summed(energies: dict[str, Any], counts: dict[str, Any]) -> float:
    """What Accelergy's estimation adds up, in picojoules: counts by action, times the energy of the component's."""
    of = {
        (table["name"], action["name"]): action["energy"]
        for table in energies["ERT"]["tables"]
        for action in table["actions"]
    }
    return sum(
        float(of[component["name"], action["name"]] * action["counts"])
        for component in counts["action_counts"]["local"]
        for action in component["action_counts"]
    )


@pytest.mark.parametrize("accounting", list(Accounting))
def test_accelergy_s_own_sum_is_ours(accounting: Accounting, tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_text(NETWORK)
    result = simulator.run(path, accounting=accounting)
    files = as_yaml(ert(result.hardware)), as_yaml(action_counts(result.counts_of_all(), accounting))
    energies, counts = (yaml.safe_load(file) for file in files)
    ours = sum(layer.energy.without_control for layer in result)
    assert summed(energies, counts) * 1e-12 == pytest.approx(ours, rel=1e-9)


def test_a_run_writes_both_files(tmp_path: Path) -> None:
    from tests.simulator.commands.calls import simulator as command

    (tmp_path / "small.csv").write_text(NETWORK)
    done = command("run", str(tmp_path / "small.csv"), "--accelergy", str(tmp_path), "--quiet")
    assert done.returncode == 0
    energies, counts = (yaml.safe_load((tmp_path / name).read_text()) for name in ("ERT.yaml", "action_counts.yaml"))
    ours = sum(layer.energy.without_control for layer in simulator.run(tmp_path / "small.csv"))
    assert summed(energies, counts) * 1e-12 == pytest.approx(ours, rel=1e-9)
    # and what was written is a price list again
    chip = tmp_path / "chip.toml"
    chip.write_text('[prices]\nert = "ERT.yaml"')
    prices = load_hardware(chip).prices
    for level, data, writes in (("rf", "psum", True), ("glb", "ifmap", False), ("dram", "ofmap", True)):
        ours = EYERISS_16BIT.prices.of_word(level, data, writes)
        assert prices.of_word(level, data, writes) == pytest.approx(ours, rel=1e-12)
    refused = command("run", str(tmp_path / "small.csv"), "--accelergy", str(tmp_path / "none"))
    assert refused.stderr == f"error: --accelergy is {tmp_path / 'none'}; expected a folder that exists\n"


def test_a_table_of_timeloop_s_exercises_is_a_price_list(tmp_path: Path) -> None:
    (tmp_path / "ERT.yaml").write_text(REAL)
    chip = tmp_path / "chip.toml"
    chip.write_text('[prices]\nert = "ERT.yaml"\nunit = "pJ"\ninter_pe = 0.5')
    prices = load_hardware(chip).prices
    assert prices.mac == pytest.approx(0.315e-12)
    assert (prices.of_word("dram", "ifmap", False), prices.of_word("dram", "ofmap", True)) == pytest.approx(
        (5e-10, 5.12e-10)
    )
    assert prices.of_word("glb", "psum", True) == pytest.approx(26.156875e-12)
    assert prices.of_word("rf", "psum", True) == pytest.approx(0.9e-12)
    # what no table has for a register file is what the psums' has; what the file says itself stands
    assert prices.of_word("rf", "ifmap", False) == pytest.approx(0.8e-12)
    assert prices.inter_pe == pytest.approx(0.5e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no ERT with tables"),
        ("ERT: {tables: 3}", "has no ERT with tables"),
        ("[", "has no ERT with tables"),
        (REAL.replace("0.315", "-1"), "has the energy -1; expected picojoules"),
        (REAL.replace("mac[", "adder["), "has no mac among its components"),
        (REAL.replace("DRAM", "flash"), "has no dram among its components"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "ERT.yaml").write_text(text)
    with pytest.raises(HardwareError, match="expected") as refused:
        read_ert(tmp_path / "ERT.yaml")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(HardwareError, match="cannot be read"):
        read_ert(tmp_path / "none.yaml")
