"""Differences between two sides as tables."""

from collections.abc import Iterable, Mapping

from rich.table import Table

from analytical.counts import Number
from analytical.terminal.tables import people_table
from analytical.terminal.text import digits, metric, short
from simulator.crosscheck.difference import Difference, Differences, sum_of

WORTH_TELLING = 0.003
"""Share of the largest effect below which tables add effects up; files have each."""

LEAST_PERCENT = 0.0005
"""Effects below, which would show as 0.000 %, are added up in tables."""

EFFECTS_TOLD, PARTS_TOLD = 5, 3
"""Largest effects, and parts that have most of one, which a table of places tells."""


def difference_table(title: str, value: str, reference: str, sections: Iterable[tuple[str, Differences]]) -> Table:
    """A table with a section for each of ``sections``: what differs, by how much, and why; and what is equal.

    Parameters
    ----------
    title, value, reference : str
        What stands above it, and what the two sides are called.
    sections : iterable of (str, Differences)
        Quantities by name, under the heading of each section.
    """
    table = people_table(title, "", value, reference, "differ", "because")
    because = table.columns[-1]
    because.justify, because.no_wrap = "left", False
    for heading, differences in sections:
        table.add_section()
        table.add_row(heading, style="bold")
        # scaled first, so that effects have the unit of the sides that they stand beside
        shown = {}
        for name, d in differences.items():
            factor, unit = _scale(d)
            shown[f"{name}, {unit}" if unit else name] = d * factor
        for label, d in shown.items():
            if d.difference or d.residual:
                sides = (short(d.value), short(d.reference), _signed(d.difference))
                table.add_row(label, *sides, _why(d), style=None if d.explained else "red")
        equal = [f"{label} {short(d.value)}" for label, d in shown.items() if not (d.difference or d.residual)]
        if equal:
            table.add_row("equal", "", "", "", ", ".join(equal), style="dim")
    return table


def effects_table(title: str, parts: Mapping[str, Difference], value: str, reference: str) -> Table:
    """From one side to the other, effect by effect, in percent of the first; a column for each of ``parts``.

    Parameters
    ----------
    title : str
        Stands above it.
    parts : mapping of str to Difference
        Quantities, or one quantity of several networks, by the headings of their columns.
    value, reference : str
        What the two sides are called.
    """
    table = people_table(title, "", *parts)
    table.add_row(reference, *(_quantity(d.reference, d) for d in parts.values()), style="bold")
    effects = dict.fromkeys(effect for d in parts.values() for effect in d.by_size)
    sizes = {effect: max(abs(percent(d.effects.get(effect, 0), d)) for d in parts.values()) for effect in effects}
    # an effect that is small in all columns; one that is large in any has a line
    smaller = [effect for effect in effects if sizes[effect] < LEAST_PERCENT]
    for effect in sorted(effects.keys() - smaller, key=lambda effect: (-sizes[effect], effect)):
        table.add_row(effect, *(_inpercent(d.effects.get(effect, 0), d) for d in parts.values()))
    if smaller:
        sums = (sum(d.effects.get(effect, 0) for effect in smaller) for d in parts.values())
        adds = (_inpercent(number, d) for number, d in zip(sums, parts.values(), strict=True))
        table.add_row(f"{len(smaller)} smaller", *adds)
    table.add_row("residual", *(_inpercent(0 if d.explained else d.residual, d) for d in parts.values()))
    table.add_row(value, *(_quantity(d.value, d) for d in parts.values()), style="bold")
    return table


def places_table(title: str, wholes: Mapping[str, Differences]) -> Table:
    """The largest effects on each of ``wholes``, and its parts in which they are largest.

    Parameters
    ----------
    title : str
        Stands above it.
    wholes : mapping of str to Differences
        For each network, by its name, one quantity of its layers, by theirs.
    """
    table = people_table(title, "", "effect", "adds", "most of it in")
    for left in (1, 3):
        table.columns[left].justify = "left"
    table.columns[3].no_wrap = False
    for name, parts in wholes.items():
        table.add_section()
        # the same quantity of all parts under one name, so that it adds up
        whole = sum_of({name: part} for part in parts.values())[name]
        for number, (effect, adds) in enumerate(list(whole.by_size.items())[:EFFECTS_TOLD]):
            there = sorted(parts, key=lambda part: -abs(float(parts[part].effects.get(effect, 0))))
            shares = [
                f"{part} {percent(parts[part].effects[effect], parts[part]):+.0f} %" for part in there[:PARTS_TOLD]
            ]
            table.add_row("" if number else name, effect, _signed_quantity(adds, whole), ", ".join(shares))
    return table


def _scale(d: Difference) -> tuple[float, str]:
    """The factor and unit with which both sides read well; counts are as they are."""
    if not d.is_energy:
        return 1.0, ""
    factor, prefix = metric(d.magnitude)
    return factor, f"{prefix}J"


def _why(d: Difference) -> str:
    effects = d.by_size
    least = WORTH_TELLING * max((abs(float(number)) for number in effects.values()), default=0.0)
    # a single small one takes no more room by its name
    smaller = {effect: number for effect, number in effects.items() if abs(float(number)) < least}
    if len(smaller) > 1:
        effects = {effect: number for effect, number in effects.items() if effect not in smaller}
        effects[f"{len(smaller)} smaller"] = sum(smaller.values())
    parts = [f"{effect} {_signed(number)}" for effect, number in effects.items()]
    if not d.explained:
        parts.append(f"UNEXPLAINED {_signed(d.residual)}")
    return ", ".join(parts)


def percent(number: Number, d: Difference) -> float:
    """A number in percent of the side that is the reference, or, if that is nothing, of the other one.

    Examples
    --------
    >>> percent(1, Difference(value=5, reference=4, effects={}, unit="words"))
    25.0
    """
    return 100 * float(number) / float(d.reference or d.value or 1)


def _inpercent(number: Number, d: Difference) -> str:
    if not number:
        return "0"
    # where the reference is nothing there is no percentage of it: the amount itself is told
    return f"{percent(number, d):+.3f} %" if d.reference else _signed_quantity(number, d)


def _signed_quantity(number: Number, d: Difference) -> str:
    factor, unit = _scale(d)
    return f"{_signed(number * factor)} {unit}".rstrip()


def _quantity(number: Number, d: Difference) -> str:
    factor, unit = _scale(d)
    return f"{digits(float(number) * factor)} {unit}" if d.is_energy else short(number)


def _signed(number: Number) -> str:
    return ("+" if number > 0 else "") + short(number)
