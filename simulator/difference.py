"""A quantity on two sides, and what makes the difference: as a value, as JSON, as a table for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from analytical.cli import digits, metric, people_table, short
from analytical.counts import Number


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """``value = reference + sum of effects + residual``, in ``unit``."""

    value: Number
    reference: Number
    effects: Mapping[str, Number]
    unit: str

    @property
    def is_energy(self) -> bool:
        """Joules read well with a prefix; counts do without."""
        return self.unit.startswith("J")

    @property
    def difference(self) -> Number:
        return self.value - self.reference

    @property
    def residual(self) -> Number:
        """What no effect explains."""
        return self.difference - sum(self.effects.values())

    @property
    def explained(self) -> bool:
        """Nothing is left over: not one of a count, not more of joules than floats round off."""
        return abs(float(self.residual)) <= ROUNDING * self.magnitude

    @property
    def magnitude(self) -> float:
        """The larger side, without its sign."""
        return max(abs(float(self.value)), abs(float(self.reference)))

    @property
    def by_size(self) -> dict[str, Number]:
        """The effects that there are, the largest first."""
        there = {name: number for name, number in self.effects.items() if number}
        return dict(sorted(there.items(), key=lambda named: -abs(float(named[1]))))

    def __add__(self, other: "Difference") -> "Difference":
        return Difference(
            value=self.value + other.value,
            reference=self.reference + other.reference,
            effects=added(self.effects, other.effects),
            unit=self.unit,
        )

    def __mul__(self, times: Number) -> "Difference":
        return Difference(
            value=self.value * times,
            reference=self.reference * times,
            effects={name: number * times for name, number in self.effects.items()},
            unit=self.unit,
        )

    def record(self, value: str, reference: str) -> dict[str, Any]:
        """The difference as JSON has it, its sides under these names; whole numbers as such."""
        return {
            "unit": self.unit,
            value: plain(self.value),
            reference: plain(self.reference),
            "effects": {name: plain(number) for name, number in self.by_size.items()},
            "residual": plain(self.residual),
        }


ROUNDING = 1e-9
"""Relative to the sides, what sums of floats may be off by; counts are exact, and off by nothing."""

WORTH_TELLING = 0.003
"""Share of the largest effect below which tables add effects up; files have each."""

LEAST_PERCENT = 0.0005
"""Effects below, which would show as 0.000 %, are added up in tables."""

EFFECTS_TOLD, PARTS_TOLD = 5, 3
"""Largest effects, and parts that have most of one, which a table of places tells."""

Differences = Mapping[str, Difference]
"""Quantities by name."""


def added(some: Mapping[str, Number], others: Mapping[str, Number]) -> dict[str, Number]:
    """Sums by name.

    >>> added({"a": 1}, {"a": 2, "b": 3})
    {'a': 3, 'b': 3}
    """
    return {name: some.get(name, 0) + others.get(name, 0) for name in (*some, *(n for n in others if n not in some))}


def sum_of(parts: Iterable[Differences]) -> dict[str, Difference]:
    """Differences of all parts together, quantity by quantity."""
    sums: dict[str, Difference] = {}
    for part in parts:
        for name, difference in part.items():
            sums[name] = sums[name] + difference if name in sums else difference
    return sums


def plain(number: Number) -> int | float:
    """A number as files have it: an integer if it is one.

    >>> from fractions import Fraction
    >>> plain(Fraction(6, 3)), plain(Fraction(1, 4))
    (2, 0.25)
    """
    return int(number) if number == int(number) else float(number)


def difference_table(title: str, value: str, reference: str, sections: Iterable[tuple[str, Differences]]) -> Table:
    """A table with a section for each of ``sections``: what differs, by how much, and why; and what is equal."""
    table = people_table(title, "", value, reference, "differ", "because")
    because = table.columns[-1]
    because.justify, because.no_wrap = "left", False
    for heading, differences in sections:
        table.add_section()
        table.add_row(heading, style="bold")
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
    """From one side to the other, effect by effect, in percent of the first; a column for each of ``parts``."""
    table = people_table(title, "", *parts)
    table.add_row(reference, *(_quantity(d.reference, d) for d in parts.values()), style="bold")
    effects = dict.fromkeys(effect for d in parts.values() for effect in d.by_size)
    sizes = {effect: max(abs(_percent(d.effects.get(effect, 0), d)) for d in parts.values()) for effect in effects}
    smaller = [effect for effect in effects if sizes[effect] < LEAST_PERCENT]
    for effect in sorted(effects.keys() - smaller, key=lambda effect: (-sizes[effect], effect)):
        table.add_row(effect, *(_in_percent(d.effects.get(effect, 0), d) for d in parts.values()))
    if smaller:
        sums = (sum(d.effects.get(effect, 0) for effect in smaller) for d in parts.values())
        adds = (_in_percent(number, d) for number, d in zip(sums, parts.values(), strict=True))
        table.add_row(f"{len(smaller)} smaller", *adds)
    table.add_row("residual", *(_in_percent(0 if d.explained else d.residual, d) for d in parts.values()))
    table.add_row(value, *(_quantity(d.value, d) for d in parts.values()), style="bold")
    return table


def places_table(title: str, wholes: Mapping[str, Differences]) -> Table:
    """The largest effects on each of ``wholes``, and its parts in which they are largest."""
    table = people_table(title, "", "effect", "adds", "most of it in")
    for left in (1, 3):
        table.columns[left].justify = "left"
    table.columns[3].no_wrap = False
    for name, parts in wholes.items():
        table.add_section()
        whole = sum_of({name: part} for part in parts.values())[name]
        for number, (effect, adds) in enumerate(list(whole.by_size.items())[:EFFECTS_TOLD]):
            there = sorted(parts, key=lambda part: -abs(float(parts[part].effects.get(effect, 0))))
            shares = [
                f"{part} {_percent(parts[part].effects[effect], parts[part]):+.0f} %" for part in there[:PARTS_TOLD]
            ]
            table.add_row("" if number else name, effect, _signed_quantity(adds, whole), ", ".join(shares))
    return table


def unexplained(sections: Mapping[str, Differences]) -> list[str]:
    """Quantities with a residual that rounding does not explain, by section and name."""
    return [f"{heading} {name}" for heading, part in sections.items() for name, d in part.items() if not d.explained]


def _scale(d: Difference) -> tuple[float, str]:
    """The factor and unit with which both sides read well; counts are as they are."""
    if not d.is_energy:
        return 1.0, ""
    factor, prefix = metric(d.magnitude)
    return factor, f"{prefix}J"


def _why(d: Difference) -> str:
    effects = d.by_size
    least = WORTH_TELLING * max((abs(float(number)) for number in effects.values()), default=0.0)
    smaller = {effect: number for effect, number in effects.items() if abs(float(number)) < least}
    if len(smaller) > 1:
        effects = {effect: number for effect, number in effects.items() if effect not in smaller}
        effects[f"{len(smaller)} smaller"] = sum(smaller.values())
    parts = [f"{effect} {_signed(number)}" for effect, number in effects.items()]
    if not d.explained:
        parts.append(f"UNEXPLAINED {_signed(d.residual)}")
    return ", ".join(parts)


def _percent(number: Number, d: Difference) -> float:
    """In percent of the side that is the reference, or, if that is nothing, of the other one."""
    return 100 * float(number) / float(d.reference or d.value or 1)


def _in_percent(number: Number, d: Difference) -> str:
    if not number:
        return "0"
    return f"{_percent(number, d):+.3f} %" if d.reference else _signed_quantity(number, d)


def _signed_quantity(number: Number, d: Difference) -> str:
    factor, unit = _scale(d)
    return f"{_signed(number * factor)} {unit}".rstrip()


def _quantity(number: Number, d: Difference) -> str:
    factor, unit = _scale(d)
    return f"{digits(float(number) * factor)} {unit}" if d.is_energy else short(number)


def _signed(number: Number) -> str:
    return ("+" if number > 0 else "") + short(number)
