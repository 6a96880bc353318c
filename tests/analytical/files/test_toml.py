"""Messages about TOML speak TOML."""

import pytest

from analytical.files.hardware import load_hardware
from analytical.hardware import HardwareError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("J = 1.5", "J is 1.5; expected a whole number"),
        ("J = true", "J is true; expected a whole number"),
        ('J = "12"', 'J is "12"; expected a whole number'),
        ("J = [1, 2]", r"J is \[1, 2\]; expected a whole number"),
        ("name = 0x" + 9999 * "f", "name is a number of 39996 bits; expected text in quotes"),
        ("throughput = false", "throughput is false; expected a number"),
        ("overlap_fmaps = 1", "overlap_fmaps is 1; expected true or false"),
        ("name = 3", "name is 3; expected text in quotes"),
        ("J = {a = true}", "J is {a = true}; expected a whole number"),
        ('fmap_code = "zip"', "fmap_code is zip; expected rlc, raw or best"),
        ('[prices]\nunit = "nJ"', 'prices.unit is "nJ"; expected "J", "pJ" or "MAC"'),
        ("[prices.glb]\nread = 1.0", "prices.glb.write is missing; expected all of read, write"),
    ],
)
def test_what_is_wrong_in_a_hardware_file(text: str, message: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "chip.toml"
    path.write_text(text)
    with pytest.raises(HardwareError, match=message):
        load_hardware(path)


def test_a_byte_order_mark_and_200e6(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "chip.toml"
    path.write_bytes("\ufeffcore_hz = 200e6\n".encode())
    assert load_hardware(path).core_hz == 200_000_000
