"""From node to node: the factors of the published equations, and what a hardware file makes of them."""

import json
from pathlib import Path

import pytest

from analytical.files import CHIP_NAMES, choose_hardware
from analytical.files.about import about
from analytical.files.hardware import hardware_with, load_hardware
from analytical.hardware import EYERISS_16BIT
from analytical.technology import HardwareError
from analytical.technology.scaling import nodes, scaling


@pytest.mark.parametrize(
    ("nm", "energy", "delay"),
    [(45, 0.7837, 0.6257), (32, 0.4026, 0.4865), (20, 0.1507, 0.4343), (16, 0.1068, 0.2910), (7, 0.0491, 0.1318)],
)
def test_factors_from_65_nm_at_1_V_to_nominal_voltage(nm: float, energy: float, delay: float) -> None:
    """By hand from the coefficients (Stillmaker, Baas 2017)."""
    found = scaling(nm)
    assert (round(found.energy, 4), round(found.delay, 4)) == (energy, delay)


def test_the_authors_erratum_is_reproduced() -> None:
    """E(32 nm, 0.9 V) = 0.4571, E(65 nm, 1.3 V) = 2.604, so that their ratio is 0.1756 (page of the authors)."""
    assert scaling(32, 0.9).energy / scaling(65, 1.3).energy == pytest.approx(0.1756, abs=5e-5)


def test_28_nm_lies_between_32_and_20() -> None:
    ends = scaling(32), scaling(20)
    found = scaling(28)
    assert found.energy == pytest.approx((8 * ends[0].energy + 4 * ends[1].energy) / 12)
    assert ends[1].delay < found.delay < ends[0].delay
    assert 28 not in nodes()


def test_energy_falls_from_node_to_node_from_65_nm_on() -> None:
    energies = [scaling(nm).energy for nm in sorted(nodes(), reverse=True) if nm <= 65]
    # at its nominal voltage 65 nm takes more than at the chip's 1 V
    assert energies[0] > 1
    assert energies == sorted(energies, reverse=True)


@pytest.mark.parametrize(("nm", "vdd"), [(5, None), (250, None), (16, 2.0), (65, 0.5)])
def test_beyond_the_table_there_is_an_error(nm: float, vdd: float | None) -> None:
    with pytest.raises(HardwareError, match="expected"):
        scaling(nm, vdd)


def test_a_hardware_file_s_node_scales_what_is_on_the_chip(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text('technology_nm = 16\nvdd = 0.9\n[prices]\nrf = 1e-13\n[about]\nwhat = "mine"')
    chip, factor = load_hardware(path), scaling(16, 0.9).energy
    old = EYERISS_16BIT.prices
    assert chip.prices.mac == old.mac * factor
    assert chip.prices.glb == pytest.approx(old.glb * factor)
    assert (chip.prices.dram, chip.prices.rf) == (old.dram, 1e-13)
    assert chip.clock_W == pytest.approx(EYERISS_16BIT.clock_W * factor, rel=1e-3)
    assert chip.core_hz == EYERISS_16BIT.core_hz
    # what is not said changes nothing, to the last digit
    path.write_text("")
    assert load_hardware(path).prices == old
    assert load_hardware(path).clock_tree == EYERISS_16BIT.clock_tree
    # a supply alone is that of Eyeriss's node
    path.write_text("vdd = 0.9")
    assert load_hardware(path).prices.mac == old.mac * scaling(65, 0.9).energy


def test_prices_in_macs_are_in_macs_of_the_file_s_node(tmp_path: Path) -> None:
    path = tmp_path / "chip.toml"
    path.write_text('technology_nm = 16\n[prices]\nunit = "MAC"\nrf = 0.5')
    chip = load_hardware(path)
    assert chip.prices.rf == 0.5 * chip.prices.mac == 0.5 * EYERISS_16BIT.prices.mac * scaling(16).energy


@pytest.mark.parametrize("nm", [28, 16, 45])
def test_a_chip_of_another_node_scales_from_its_own(nm: float) -> None:
    """What a grid makes of a 28 nm base is what it makes of Eyeriss, but for the last digits."""
    scaled = choose_hardware("eyeriss-28nm")
    assert (scaled.technology_nm, EYERISS_16BIT.technology_nm, EYERISS_16BIT.vdd) == (28, 65, 1)
    again = hardware_with(scaled, {"technology_nm": nm}, name="chip", where="grid")
    direct = hardware_with(EYERISS_16BIT, {"technology_nm": nm}, name="chip", where="grid")
    for name, joules in direct.prices.record().items():
        assert again.prices.record()[name] == pytest.approx(joules, rel=1e-12)
    assert again.clock_W == pytest.approx(direct.clock_W, rel=1e-3)
    assert (again.technology_nm, again.vdd) == (direct.technology_nm, direct.vdd)
    if nm == 28:
        assert (again.prices, again.clock_tree) == (scaled.prices, scaled.clock_tree)


def test_another_constant_of_the_clock_tree_keeps_the_others_of_the_base() -> None:
    scaled = choose_hardware("eyeriss-28nm")
    wide = hardware_with(scaled, {"clock_tree": {"chip_side_um": 7000}}, name="wide", where="grid")
    assert wide.clock_tree is not None
    assert scaled.clock_tree is not None
    assert wide.clock_tree.scale == scaled.clock_tree.scale


def test_a_run_s_json_is_not_scaled_again(tmp_path: Path) -> None:
    scaled = choose_hardware("eyeriss-28nm")
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"hardware": scaled.record()}))
    assert load_hardware(path) == scaled


def test_a_grid_s_glb_stays_in_the_trend_unless_its_price_is_said() -> None:
    with pytest.raises(HardwareError, match="glb_kib is 2048; expected 2 to 512"):
        hardware_with(EYERISS_16BIT, {"glb_kib": 2048}, name="large", where="grid")
    priced = hardware_with(EYERISS_16BIT, {"glb_kib": 2048, "prices": {"glb": 1e-10}}, name="large", where="grid")
    assert priced.prices.glb == 1e-10


def test_every_chip_that_ships_says_what_it_rests_on() -> None:
    for name in CHIP_NAMES:
        found = about(name)
        assert found.hardware == choose_hardware(name)
        assert found.hardware.name == name
        assert found.what
        assert found.trust
        assert found.rests_on
    with pytest.raises(HardwareError, match="chip is 'mine'; expected eyeriss-16bit"):
        about("mine")
