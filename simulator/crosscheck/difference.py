"""A quantity on two sides, and what makes the difference: as a value, and as JSON has it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analytical.counts import Number


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """``value = reference + sum of effects + residual``, in ``unit``.

    Adds with ``+`` and scales with ``*``, side by side and effect by effect.

    Attributes
    ----------
    value, reference : number
        The two sides: exact for counts and cycles, floats for joules.
    effects : mapping of str to number
        What each adds to the reference.
    unit : str
        Of all numbers; one that begins with J is of energies.

    Examples
    --------
    >>> words = Difference(value=12, reference=8, effects={"ragged tiles F": 3, "strip overlap": 0}, unit="words")
    >>> words.difference, words.residual, words.explained, words.by_size
    (4, 1, False, {'ragged tiles F': 3})
    >>> (words + words * 2).value
    36
    """

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
        """How much larger the value is; float noise on joules is none."""
        return self._without_noise(self.value - self.reference)

    @property
    def residual(self) -> Number:
        """What no effect explains."""
        return self._without_noise(self.value - self.reference - sum(self.effects.values()))

    def _without_noise(self, number: Number) -> Number:
        # counts are never rounded to nothing: one word that is not explained is one too many
        return 0 if self.is_energy and abs(float(number)) <= FLOAT_NOISE * self.magnitude else number

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
        there = {name: number for name, number in self.effects.items() if self._without_noise(number)}
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
        """The difference as JSON has it, its sides under these names; whole numbers as such.

        Parameters
        ----------
        value, reference : str
            What to call the two sides.

        Examples
        --------
        >>> Difference(value=3, reference=2, effects={"fit": 1}, unit="words").record("simulated", "analytical")
        {'unit': 'words', 'simulated': 3, 'analytical': 2, 'effects': {'fit': 1}, 'residual': 0}
        """
        return {
            "unit": self.unit,
            value: plain(self.value),
            reference: plain(self.reference),
            "effects": {name: plain(number) for name, number in self.by_size.items()},
            "residual": plain(self.residual),
        }


FLOAT_NOISE = 1e-12
"""Relative to the sides: joules that differ by less are equal, but for the rounding of floats."""

ROUNDING = 1e-9
"""Relative to the sides, what sums of floats may be off by; counts are exact, and off by nothing."""

Differences = Mapping[str, Difference]
"""Quantities by name."""


def added(some: Mapping[str, Number], others: Mapping[str, Number]) -> dict[str, Number]:
    """Sums by name; a name that one side lacks is 0 there.

    Examples
    --------
    >>> added({"a": 1}, {"a": 2, "b": 3})
    {'a': 3, 'b': 3}
    """
    # in the order of the first side, then what only the other has: tables and files keep it
    return {name: some.get(name, 0) + others.get(name, 0) for name in (*some, *(n for n in others if n not in some))}


def sum_of(parts: Iterable[Differences]) -> dict[str, Difference]:
    """Differences of all parts together, quantity by quantity.

    Examples
    --------
    >>> part = {"macs": Difference(value=3, reference=2, effects={"fit": 1}, unit="MACs")}
    >>> sum_of([part, part])["macs"].value
    6
    """
    sums: dict[str, Difference] = {}
    for part in parts:
        for name, difference in part.items():
            sums[name] = sums[name] + difference if name in sums else difference
    return sums


def plain(number: Number) -> int | float:
    """A number as files have it: an integer if it is one.

    Examples
    --------
    >>> from fractions import Fraction
    >>> plain(Fraction(6, 3)), plain(Fraction(1, 4))
    (2, 0.25)
    """
    return int(number) if number == int(number) else float(number)


def unexplained(sections: Mapping[str, Differences]) -> list[str]:
    """Quantities with a residual that rounding does not explain, by section and name.

    Parameters
    ----------
    sections : mapping of str to Differences
        Quantities of each layer, or of other parts, by their headings.

    Examples
    --------
    >>> unexplained({"C1": {"macs": Difference(value=3, reference=2, effects={}, unit="MACs")}})
    ['C1 macs']
    """
    return [f"{heading} {name}" for heading, part in sections.items() for name, d in part.items() if not d.explained]
