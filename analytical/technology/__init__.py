"""What silicon costs: nodes and how energies scale between them, the price list of Table III, SRAM against its size."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from io import StringIO
from types import MappingProxyType

from analytical.checks import is_number
from analytical.errors import InputError


class HardwareError(InputError):
    """A hardware that cannot exist; the message names the field, its value and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A CMOS technology node, as energies scale: with feature size, and with the square of the supply voltage.

    Attributes
    ----------
    nm : float
        Feature size, in nanometres.
    vdd : float
        Supply voltage, in volts.

    Examples
    --------
    >>> round(Node(nm=45, vdd=0.9).scale_to(EYERISS_NODE), 4)
    1.7833
    """

    nm: float
    vdd: float

    def scale_to(self, other: "Node") -> float:
        """The factor s on a dynamic energy (section V): (nm' / nm) (V' / V)^2.

        Parameters
        ----------
        other : Node
            The node that the energy is wanted for; this one is where it is known.
        """
        return (other.nm / self.nm) * (other.vdd / self.vdd) ** 2


EYERISS_NODE = Node(nm=65, vdd=1.0)
"""The chip's: 65 nm at 1 V."""

ARITHMETIC_NODE = Node(nm=45, vdd=0.9)
"""For which Table III gives adds, multiplications and memory: 45 nm at 0.9 V."""

CLOCK_NODE = Node(nm=45, vdd=1.1)
"""For which the cells that the clock drives are known: NCSU's 45 nm library at 1.1 V (section IV-D3)."""

ADD_16BIT_J = 0.05e-12
MUL_16BIT_J = 0.9e-12
"""Energy of a 16-bit add and multiply at :data:`ARITHMETIC_NODE` (Table III: together 0.95 pJ)."""

WORD_IN_MACS = {"rf": 1, "inter_pe": 2, "glb": 6, "dram": 200}
"""What a 16-bit word costs at each level of memory, in 16-bit MACs (Table III)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """Energy of one event, in joules: a MAC, or one b_w-bit word at a level of memory (Table III).

    Attributes
    ----------
    mac : float
        One multiply-accumulate.
    rf, inter_pe, glb, dram : float
        One word read or written in a register file, handed from PE to PE, in the GLB, in DRAM.

    Raises
    ------
    HardwareError
        A price that is no number of joules from 0 to 1.
    """

    mac: float
    rf: float
    inter_pe: float
    glb: float
    dram: float

    def __post_init__(self) -> None:
        for price in fields(self):
            joules = getattr(self, price.name)
            if not is_number(joules) or not 0 <= joules <= 1:
                raise HardwareError(f"price {price.name} is {getattr(self, price.name)}; expected joules, from 0 to 1")


def prices(b_w: int) -> Prices:
    """The price list of Table III at :data:`EYERISS_NODE`.

    Multiplication scales with the square of the width, all else linearly (section VIII).

    Parameters
    ----------
    b_w : int
        Bits of a word.

    Returns
    -------
    Prices
        Joules.

    Examples
    --------
    >>> round(prices(16).mac * 1e12, 4)  # picojoules
    1.6941
    """
    width = b_w / 16
    scale = ARITHMETIC_NODE.scale_to(EYERISS_NODE)
    # Table III prices memory in MACs of 16 bits; at another width it is still these that count, not the cheaper MAC
    mac_16 = (ADD_16BIT_J + MUL_16BIT_J) * scale
    return Prices(
        mac=(ADD_16BIT_J * width + MUL_16BIT_J * width**2) * scale,
        **{level: macs * mac_16 * width for level, macs in WORD_IN_MACS.items()},
    )


CELLS = "itrs-lop"
"""Cells of the SRAM whose trend is taken."""


@cache
def sram_read_nJ() -> Mapping[float, float]:
    """Energy of a 64-bit read of an SRAM, in nanojoules, by its size in KiB; the folder's README has the source.

    Only ratios are used: Table III prices a word of the GLB at its own size, and the trend takes it to others.

    Examples
    --------
    >>> trend = sram_read_nJ()
    >>> round(trend[64] / trend[32], 2)  # an SRAM of twice the size
    1.79
    """
    text = files("analytical.technology").joinpath("sram_65nm.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(StringIO(text))
    trend = {float(row["size_kib"]): float(row["read_energy_nj"]) for row in rows if row["cell"] == CELLS}
    return MappingProxyType(trend)  # remembered, and so for everybody
