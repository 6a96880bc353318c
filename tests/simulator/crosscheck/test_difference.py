"""Differences as values: they add, scale and say what is not explained."""

from fractions import Fraction

from rich.console import Console

from simulator.crosscheck.difference import Difference, sum_of, unexplained
from simulator.tables.differences import difference_table, effects_table

ONE = Difference(value=10, reference=7, effects={"small": 1, "large": 2, "none": 0}, unit="MACs")
OFF = Difference(value=10, reference=7, effects={"large": 2}, unit="MACs")
JOULES = Difference(value=3.5e-6, reference=3e-6, effects={"zeros": 0.5e-6}, unit="J/image")


def printed(table: object) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_residual_is_what_effects_leave_over() -> None:
    assert (ONE.difference, ONE.residual) == (3, 0)
    assert (OFF.difference, OFF.residual) == (3, 1)


def test_effects_by_size() -> None:
    assert list(ONE.by_size.items()) == [("large", 2), ("small", 1)]


def test_differences_add_and_scale_effect_by_effect() -> None:
    both = ONE + OFF * 2
    assert (both.value, both.reference, both.residual) == (30, 21, 2)
    assert both.effects == {"small": 1, "large": 6, "none": 0}
    assert sum_of([{"a": ONE}, {"a": ONE, "b": OFF}]) == {"a": ONE + ONE, "b": OFF}


def test_records_keep_whole_numbers_whole() -> None:
    third = ONE * Fraction(1, 2)
    assert third.record("ours", "theirs") == {
        "unit": "MACs",
        "ours": 5,
        "theirs": 3.5,
        "effects": {"large": 1, "small": 0.5},
        "residual": 0,
    }


def test_tables_name_effects_and_what_none_explains() -> None:
    shown = printed(difference_table("Why", "sim", "model", [("C1", {"macs": ONE, "reads": OFF, "RF": JOULES})]))
    assert "large +2, small +1" in shown
    assert "UNEXPLAINED +1" in shown
    assert "RF, uJ" in shown
    assert unexplained({"C1": {"macs": ONE, "reads": OFF}}) == ["C1 reads"]


def test_a_table_of_effects_leads_from_side_to_side_in_percent() -> None:
    lines = printed(effects_table("From here to there", {"energy": JOULES}, "there", "here")).splitlines()
    assert [line.split() for line in lines[4:] if line.strip()] == [
        ["here", "3.000", "uJ"],
        ["zeros", "+16.667", "%"],
        ["residual", "0"],
        ["there", "3.500", "uJ"],
    ]


def test_effects_on_nothing_are_shown_as_they_are() -> None:
    free = Difference(value=2e-6, reference=0, effects={"prices": 2e-6}, unit="J/image")
    assert "prices      +2 uJ" in printed(effects_table("From free to paid", {"energy": free}, "paid", "free"))
