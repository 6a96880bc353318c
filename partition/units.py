"""Quantities with units, as people write them."""

import re
from dataclasses import dataclass

from analytical.checks import is_number
from analytical.errors import InputError
from analytical.sheet import NUMBER


class UnitError(InputError):
    """A quantity that cannot be read; the message says what was given and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Unit:
    """A unit.

    Attributes
    ----------
    written : str
        How it may be written, as a regular expression.
    prefixes : str
        Those that it is used with.
    least, most : float
        That make sense.
    example : str
        For messages.
    zero : bool
        Whether nothing makes sense as well.
    """

    written: str
    prefixes: str
    least: float
    most: float
    example: str
    zero: bool = False

    def has(self, value: float) -> bool:
        # a nan fails every comparison
        return self.least <= value <= self.most or (self.zero and value == 0)


_PREFIXES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "m": 1e-3, "u": 1e-6}

_UNITS = {
    # no rate is a thousandth of a bit: an m is an M; a B is a byte, and refused
    "bps": _Unit(written="(?:bps|b/s|bit/s)", prefixes="kKMGm", least=1.0, most=1e15, example="a bit rate like 60Mbps"),
    "W": _Unit(written="W", prefixes="mu", least=1e-9, most=1e6, example="a power like 0.5W", zero=True),
    "s": _Unit(written="s", prefixes="mu", least=1e-9, most=1e6, example="a time like 50ms"),
    "J": _Unit(written="J", prefixes="mu", least=1e-12, most=1e6, example="an energy like 3mJ"),
    "ops": _Unit(written="(?:ops|OPS|op/s)?", prefixes="kMGTP", least=1.0, most=1e24, example="a speed like 92Tops"),
}


def parse_quantity(text: str, unit: str) -> float:
    """A positive quantity with a unit, in SI units without prefix; of power, nothing is one, too.

    Parameters
    ----------
    text : str
        A number, maybe a prefix, and the unit: ``"60Mbps"``. Spaces may stand around each of number and unit.
    unit : str
        Which is expected: ``"bps"``, ``"W"``, ``"s"``, ``"J"`` or ``"ops"`` (operations a second).

    Raises
    ------
    UnitError
        It is not one, or it is too small or too large to make sense.

    Examples
    --------
    >>> parse_quantity("60Mbps", "bps"), parse_quantity("60 Mbit/s", "bps"), parse_quantity("780 mW", "W")
    (60000000.0, 60000000.0, 0.78)
    """
    known = _UNITS[unit]
    match = re.fullmatch(rf"\s*({NUMBER})\s*([{known.prefixes}]?){known.written}\s*", text)
    value = float("nan")
    if match:
        prefix = "M" if unit == "bps" and match[2] == "m" else match[2]
        value = float(match[1]) * _PREFIXES[prefix]
    if not known.has(value):
        raise UnitError(f"{text!r}; expected {known.example}, from {known.least:g} to {known.most:g} {unit}")
    return value


def quantity(said: str | float, unit: str) -> float:
    """A quantity with a unit as text, or a number in SI units; checked.

    Parameters
    ----------
    said : str or float
        ``"60Mbps"``, or ``60e6``.
    unit : str
        As for :func:`parse_quantity`.

    Returns
    -------
    float
        In SI units without prefix.

    Raises
    ------
    UnitError
        It is neither, or it is too small or too large to make sense.

    Examples
    --------
    >>> quantity("60Mbps", "bps"), quantity(60e6, "bps")
    (60000000.0, 60000000.0)
    """
    if isinstance(said, str):
        return parse_quantity(said, unit)
    known = _UNITS[unit]
    # a bool is an int to Python
    if not is_number(said) or not known.has(said):
        raise UnitError(
            f"{said!r}; expected {known.example}, or a number from {known.least:g} to {known.most:g} {unit}"
        )
    return float(said)


def require(name: str, value: float, unit: str) -> None:
    """Refuse a number that makes no sense in its unit.

    Raises
    ------
    UnitError
        It does not; the message begins with ``name``.
    """
    known = _UNITS[unit]
    if not is_number(value) or not known.has(value):
        raise UnitError(f"{name} is {value!r}; expected {known.example}, from {known.least:g} to {known.most:g} {unit}")
