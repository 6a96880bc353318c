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
        ("J = 'x'", 'chip.toml: J is "x"; expected a whole number'),
        ("J = 0", "chip.toml: hardware chip: J is 0"),
        ("Q = 3", "chip.toml: Q is unknown; expected some of name, J, K"),
        ("[prices]\nrom = 1.0", "chip.toml: prices.rom is unknown; expected some of unit, mac, rf"),
        ("[clock_tree]\nvdd = 'x'", 'chip.toml: clock_tree.vdd is "x"; expected a number'),
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


def test_prices_of_each_register_file_read_and_written_in_picojoules(tmp_path: Path) -> None:
    text = """
[prices]
unit = "pJ"
mac = 2
glb = {read = 10, write = 14.5}
[prices.rf]
ifmap = 0.5
psum = {read = 1, write = 1.5}
"""
    prices = load_hardware(written(tmp_path, text)).prices
    assert (prices.mac, prices.glb_read, prices.glb_write) == (2e-12, 10e-12, 14.5e-12)
    assert prices.of_word("rf", "ifmap", writes=True) == 0.5e-12
    assert prices.of_word("rf", "psum", writes=False) == 1e-12
    assert prices.of_word("rf", "psum", writes=True) == 1.5e-12
    assert prices.of_word("rf", "filter", writes=False) == EYERISS_16BIT.prices.rf
    assert prices.of_word("glb", "psum", writes=True) == 14.5e-12


def test_prices_relative_to_a_mac(tmp_path: Path) -> None:
    prices = load_hardware(written(tmp_path, '[prices]\nunit = "MAC"\nmac = 1\nrf = 1\nglb = 6\ndram = 200\n')).prices
    assert (prices.mac, prices.rf, prices.glb, prices.dram) == (1e-12, 1e-12, 6e-12, 200e-12)


def test_events_are_priced_one_by_one() -> None:
    """So many words of each event at its own price are the energy; equal prices give what one price gives."""
    from analytical import counts as c
    from analytical.counts import ALL_EVENTS, Counts
    from analytical.energy import Accounting, price

    counts = Counts(events={event: number + 1 for number, event in enumerate(ALL_EVENTS)})
    chip = EYERISS_16BIT
    once = price(counts, chip, latency_s=0.0, accounting=Accounting.FULL)
    named = dict.fromkeys(("glb_read", "glb_write"), chip.prices.glb)
    apart = replace(chip, prices=replace(chip.prices, **named))
    assert price(counts, apart, latency_s=0.0, accounting=Accounting.FULL) == once
    dear = replace(chip, prices=replace(chip.prices, dram_write=1e-9))
    more = price(counts, dear, latency_s=0.0, accounting=Accounting.FULL).dram - once.dram
    assert more == pytest.approx(float(counts[c.DRAM_OFMAP_WRITE]) * (1e-9 - chip.prices.dram))


def test_the_price_of_a_glb_word_follows_its_size_unless_prices_say_otherwise(tmp_path: Path) -> None:
    glb = EYERISS_16BIT.prices.glb
    assert load_hardware(written(tmp_path, "glb_kib = 100")).prices.glb == glb
    assert load_hardware(written(tmp_path, "glb_kib = 32")).prices.glb == pytest.approx(0.53 * glb, rel=0.01)
    prices = [load_hardware(written(tmp_path, f"glb_kib = {kib}")).prices.glb for kib in (1, 30, 77.5, 300, 4000)]
    assert prices == sorted(prices)
    assert load_hardware(written(tmp_path, "glb_kib = 32\n[prices]\nglb = 5e-12")).prices.glb == 5e-12
