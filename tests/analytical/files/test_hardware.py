"""Hardware from files."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from analytical.files.hardware import load_hardware
from analytical.hardware import EYERISS_16BIT, PRESETS, HardwareError
from analytical.model import estimate_layer
from analytical.networks import load_network


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "chip.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("bits", PRESETS)
def test_an_empty_file_is_eyeriss(tmp_path: Path, bits: int) -> None:
    hardware = load_hardware(written(tmp_path, f"b_w = {bits}\n"))
    assert asdict(hardware) == asdict(PRESETS[bits]) | {"name": "chip"}


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    text = 'name = "big"\nJ = 24\nI_s = 16\ncore_hz = 100000000\n[prices]\ndram = 1e-10\n[clock_tree]\nvdd = 0.9\n'
    hardware = load_hardware(written(tmp_path, text))
    assert (hardware.name, hardware.J, hardware.K, hardware.ifmap_fifo, hardware.psum_fifo) == ("big", 24, 14, 64, 24)
    assert hardware.prices == replace(EYERISS_16BIT.prices, dram=1e-10)
    assert hardware.throughput == EYERISS_16BIT.throughput  # twice the PEs at half the clock
    assert hardware.clock_tree is not None
    assert hardware.clock_tree.vdd == 0.9


def test_a_free_clock_can_be_written(tmp_path: Path) -> None:
    hardware = load_hardware(written(tmp_path, "clock_tree = false\n"))
    assert hardware.clock_W == 0
    assert estimate_layer(load_network("alexnet").layers[0], hardware).energy.clock == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("J = 'x'", "chip.toml: J is 'x'; expected: a valid integer"),
        ("J = 0", "chip.toml: hardware chip: J is 0"),
        ("Q = 3", "chip.toml: Q is unknown; expected some of name, J, K"),
        ("[prices]\nrom = 1.0", "chip.toml: prices.rom is unknown; expected some of mac, rf"),
        ("[clock_tree]\nvdd = 'x'", "chip.toml: clock_tree.vdd is 'x'"),
        ("b_w = 4", "chip.toml: b_w is 4; expected 8 or 16"),
        ("J =", "chip.toml: .*expected TOML"),
        ("'' = 3", "chip.toml:  is unknown; expected some of name"),
        ("[prices]\nmac = 1e308", "chip.toml: price mac is 1e.308; expected joules"),
        ("[clock_tree]\nvdd = nan", "chip.toml: clock tree: vdd is nan; expected a number"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HardwareError, match=message):
        load_hardware(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(HardwareError, match=r"nowhere.toml: cannot be read"):
        load_hardware("nowhere.toml")
