"""Hardware as a value, and as a file that a person writes."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from analytical.files.hardware import load_hardware
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, PRESETS, HardwareError
from analytical.model import estimate_layer
from analytical.networks import load_network


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "chip.toml"
    path.write_text(text)
    return str(path)


def test_8_bit_holds_twice_the_words_of_the_same_silicon() -> None:
    for field in ("f_s", "I_s", "P_s", "ifmap_fifo", "psum_fifo"):
        assert getattr(EYERISS_8BIT, field) == 2 * getattr(EYERISS_16BIT, field)
    assert EYERISS_8BIT.glb_words == 2 * EYERISS_16BIT.glb_words == 102_400
    assert (EYERISS_16BIT.rlc_pairs, EYERISS_8BIT.rlc_pairs) == (3, 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"J": 0}, "J is 0; expected a whole number from 1"),
        ({"b_w": 12}, "b_w is 12; expected 8 or 16"),
        ({"glb_kib": 0}, "glb_kib is 0; expected a number from"),
        ({"gon_bits": 8}, "gon_bits is 8; expected at least one word of 16 bits"),
        ({"other_control": 1}, "other_control is 1"),
        ({"glb_kib": 1e308}, "glb_kib is 1e.308; expected a number from"),
        ({"core_hz": 10**30}, "core_hz is 1000000000000000000000000000000; expected"),
        ({"pe_stages": 1}, "pe_stages is 1; expected from 2"),
        ({"link_bits": 32}, "link_bits is 32; expected 64"),
        ({"throughput": float("nan")}, "throughput is nan"),
    ],
)
def test_hardware_that_cannot_exist_says_why(change: dict[str, Any], message: str) -> None:
    with pytest.raises(HardwareError, match=message):
        replace(EYERISS_16BIT, **change)


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
