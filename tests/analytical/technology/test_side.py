"""What goes with the side of an array: the ports, and the clock's wires."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.files import choose_hardware
from analytical.files.hardware import hardware_with
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, NETWORK_WIDTHS, Hardware
from analytical.technology.side import port_bits, side_factor

FOLLOWS = {"ports_follow_array": True, "clock_follows_array": True}


def chip_with(fields: dict[str, object], base: Hardware = EYERISS_16BIT) -> Hardware:
    return hardware_with(base, fields, name="chip", where="here")


def test_four_times_the_pes_have_twice_the_side() -> None:
    """By hand: 64, 16, 64 and 64 bits, and 3.5 mm, doubled."""
    large = chip_with({"J": 24, "K": 28} | FOLLOWS)
    assert [getattr(large, name) for name in NETWORK_WIDTHS] == [128, 32, 128, 128]
    assert large.clock_tree is not None
    assert large.clock_tree.chip_side_um == 7000


@given(J=st.integers(1, 64), K=st.integers(1, 64), base=st.sampled_from([EYERISS_16BIT, EYERISS_8BIT]))
def test_ports_are_whole_words_that_grow_with_the_array(J: int, K: int, base: Hardware) -> None:
    small, large = (chip_with({"J": J, "K": columns} | FOLLOWS, base) for columns in (K, K + 1))
    for name in NETWORK_WIDTHS:
        bits = getattr(small, name)
        assert bits % base.b_w == 0
        assert base.b_w <= bits <= getattr(large, name)
        exact = getattr(base, name) * (J * K / base.pes) ** 0.5
        assert bits == base.b_w or exact - base.b_w < bits <= exact * (1 + 1e-9)


def test_what_is_said_stands() -> None:
    said = chip_with({"J": 24, "K": 28, "gin_ifmap_bits": 48, "clock_tree": {"chip_side_um": 5000}} | FOLLOWS)
    assert said.gin_ifmap_bits == 48
    assert said.gon_bits == 128
    assert said.clock_tree is not None
    assert said.clock_tree.chip_side_um == 5000
    assert chip_with({"clock_tree": False} | FOLLOWS).clock_tree is None


@pytest.mark.parametrize("base", [EYERISS_16BIT, choose_hardware("array-32x32")])
def test_left_out_or_false_nothing_follows(base: Hardware) -> None:
    plain = chip_with({"J": 24, "K": 28}, base)
    for name in NETWORK_WIDTHS:
        assert getattr(plain, name) == getattr(base, name)
    assert plain.clock_tree == base.clock_tree
    assert chip_with({"J": 24, "K": 28} | dict.fromkeys(FOLLOWS, False), base) == plain
    # the array as it is has the side that it has, to the last digit
    same = chip_with(FOLLOWS, base)
    assert {f.name: getattr(same, f.name) for f in fields(base) if f.name != "name"} == {
        f.name: getattr(base, f.name) for f in fields(base) if f.name != "name"
    }


def test_a_side_that_is_a_whole_multiple_is_one() -> None:
    for times in range(1, 200):
        assert port_bits(16, 16, side_factor(7 * times * times, 7)) == 16 * times
