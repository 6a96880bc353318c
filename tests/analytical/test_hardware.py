"""The accelerator as a value."""

from dataclasses import replace
from typing import Any

import pytest

from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, HardwareError


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
        ({"b_w": 16.0}, "b_w is 16.0; expected 8 or 16"),
        ({"J": 12.5}, "J is 12.5; expected a whole number"),
        ({"glb_kib": "100"}, "glb_kib is 100; expected a number from"),
        ({"other_control": "0.15"}, "other_control is 0.15; expected a share"),
        ({"glb_kib": 0}, "glb_kib is 0; expected a number from"),
        ({"gon_bits": 8}, "gon_bits is 8; expected at least one word of 16 bits"),
        ({"other_control": 1}, "other_control is 1"),
        ({"glb_kib": 1e308}, "glb_kib is 1e.308; expected a number from"),
        ({"core_hz": 10**30}, "core_hz is 1000000000000000000000000000000; expected"),
        ({"pe_stages": 1}, "pe_stages is 1; expected from 2"),
        ({"link_bits": 32}, "link_bits is 32; expected 64"),
        ({"throughput": float("nan")}, "throughput is nan"),
        ({"gate": "filter"}, "gate is filter; expected ifmap or both"),
        ({"skip": "all"}, "skip is all; expected none, ifmap or both"),
        ({"filter_code": "best"}, "filter_code is best; expected raw or rlc"),
        ({"fmap_code": "zip"}, "fmap_code is zip; expected rlc, raw or best"),
        ({"skip": None}, "skip is None; expected none, ifmap or both"),
    ],
)
def test_hardware_that_cannot_exist_says_why(change: dict[str, Any], message: str) -> None:
    with pytest.raises(HardwareError, match=message):
        replace(EYERISS_16BIT, **change)


def test_a_price_is_a_number_of_joules() -> None:
    for wrong in ("1", None, -1.0, 2.0, float("nan")):
        with pytest.raises(HardwareError, match=r"price mac is .*; expected joules, from 0 to 1"):
            replace(EYERISS_16BIT.prices, mac=wrong)
