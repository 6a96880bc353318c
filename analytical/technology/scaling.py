"""Energy and delay from one technology node to another, by published equations."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import StringIO
from types import MappingProxyType

from analytical.technology import EYERISS_NODE, HardwareError

SOURCE = "Stillmaker, Baas, Integration 58 (2017)"

RANGE = (0.6, 1.3)
"""Supply voltages, as multiples of a node's nominal one, for which the equations are used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scaling:
    """Factors from one node to another.

    Attributes
    ----------
    energy : float
        On the energy of what switches.
    delay : float
        On the delay of a gate: below 1, a clock may be faster.
    """

    energy: float
    delay: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    nominal_V: float
    energy: tuple[float, ...]
    delay: tuple[float, ...]


@cache
def nodes() -> Mapping[int, float]:
    """Nodes of the table, in nanometres, with their nominal supply voltages.

    Examples
    --------
    >>> nodes()[65], 28 in nodes()
    (1.1, False)
    """
    return MappingProxyType({nm: row.nominal_V for nm, row in _table().items()})


@cache
def _table() -> Mapping[int, _Row]:
    text = files("analytical.technology").joinpath("nodes.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            int(row["nm"]): _Row(
                nominal_V=float(row["nominal_V"]),
                energy=tuple(float(row[f"energy_{power}"]) for power in range(3)),
                delay=tuple(float(row[f"delay_{power}"]) for power in range(4)),
            )
            for row in csv.DictReader(StringIO(text))
        }
    )


def _between(nm: float) -> tuple[int, int, float]:
    """The nodes of the table below and above a feature size, and how far it is from the one to the other."""
    table = _table()
    if not min(table) <= nm <= max(table):
        raise HardwareError(f"technology_nm is {nm:g}; expected {min(table)} to {max(table)}, the nodes of {SOURCE}")
    above = min(node for node in table if node >= nm)
    below = max(node for node in table if node <= nm)
    return below, above, 0.0 if above == below else (nm - below) / (above - below)


def nominal_V(nm: float) -> float:
    """The supply voltage that a node is made for; between two nodes of the table linear in the feature size.

    Raises
    ------
    HardwareError
        A node beyond the table's.

    Examples
    --------
    >>> nominal_V(65), round(nominal_V(28), 3)
    (1.1, 0.947)
    """
    below, above, share = _between(nm)
    table = _table()
    return share * table[above].nominal_V + (1 - share) * table[below].nominal_V


def energy_between(base: tuple[float, float], to: tuple[float, float]) -> float:
    """The factor on energies from one node to another, each by its feature size and supply voltage.

    Parameters
    ----------
    base, to : tuple of float
        Nanometres and volts.

    Raises
    ------
    HardwareError
        A node or a voltage beyond the table's.

    Examples
    --------
    >>> eyeriss, at_28 = (65, 1.0), (28, nominal_V(28))
    >>> energy_between(at_28, at_28), energy_between(eyeriss, at_28) == scaling(28).energy
    (1.0, True)
    """
    if base == to:
        return 1.0
    return scaling(*to).energy / scaling(*base).energy


@cache
def scaling(to_nm: float, vdd: float | None = None) -> Scaling:
    """Factors from Eyeriss's node, 65 nm at 1 V, to another one.

    Parameters
    ----------
    to_nm : float
        A feature size from 180 to 7 nm; between two nodes of the table (28 nm lies between 32 and 20) the factors are
        interpolated, linear in the feature size.
    vdd : float, optional
        Supply voltage, in volts; default: the node's nominal one.

    Returns
    -------
    Scaling

    Raises
    ------
    HardwareError
        A node or a voltage beyond the table's.

    Examples
    --------
    >>> found = scaling(16)
    >>> round(found.energy, 3), round(found.delay, 3)
    (0.107, 0.291)
    >>> scaling(65, 1.0)
    Scaling(energy=1.0, delay=1.0)
    """
    table = _table()
    below, above, share = _between(to_nm)
    nominal = nominal_V(to_nm)
    # the nominal voltage of a node between two is that of each of them, there
    at_nominal = vdd is None or vdd == nominal
    volts = nominal if vdd is None else vdd
    # Eyeriss's own supply is below the nominal one of its node, too
    if not RANGE[0] * nominal <= volts <= RANGE[1] * nominal:
        raise HardwareError(
            f"vdd is {volts:g}; expected {RANGE[0] * nominal:.2f} to {RANGE[1] * nominal:.2f} at {to_nm:g} nm"
        )
    here = _table()[int(EYERISS_NODE.nm)]
    found = []
    for own, which in ((here.energy, "energy"), (here.delay, "delay")):
        ends = [
            _polynomial(getattr(table[nm], which), table[nm].nominal_V if at_nominal else volts)
            for nm in (above, below)
        ]
        found.append((share * ends[0] + (1 - share) * ends[1]) / _polynomial(own, EYERISS_NODE.vdd))
    return Scaling(energy=found[0], delay=found[1])


def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    return float(sum(coefficient * x**power for power, coefficient in enumerate(coefficients)))
