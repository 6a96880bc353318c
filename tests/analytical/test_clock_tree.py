"""Clock power (eqs 21-23)."""

import pytest

from analytical.clock_tree import ClockTree
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT


def test_the_papers_0_1063_w_comes_out_of_the_constants() -> None:
    assert EYERISS_16BIT.clock_W == 0.1063
    assert EYERISS_8BIT.clock_W == 0.1063
    assert EYERISS_16BIT.glb_banks == 27


def test_power_is_that_of_tree_pes_and_glb_together() -> None:
    tree = ClockTree()
    farad = tree.tree_F + 168 * tree.pe_F + tree.glb_F(27)
    watt = farad * 1.1**2 * 200e6 * (65 / 45) / 1.1**2
    assert watt == pytest.approx(0.106267, abs=1e-6)
    assert tree.power_W(pes=168, banks=27, clock_hz=200e6) == pytest.approx(watt, rel=1e-3)


def test_slow_and_small_chips_have_a_clock_too() -> None:
    tree = ClockTree()
    fast, slow = (tree.power_W(pes=168, banks=27, clock_hz=hertz) for hertz in (200e6, 50e3))
    assert slow == pytest.approx(fast * 50e3 / 200e6, rel=1e-3)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e200])
def test_constants_that_cannot_be_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"clock tree: vdd is .*; expected a number from 0 to 1e\+15"):
        ClockTree(vdd=value)


def test_more_pes_take_more_clock() -> None:
    small, large = (ClockTree().power_W(pes=pes, banks=27, clock_hz=200e6) for pes in (168, 256))
    assert large > small
