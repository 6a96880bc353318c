"""What silicon costs: nodes and how energies scale between them, the price list of Table III, SRAM against its size."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
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
    rf_ifmap_read, rf_ifmap_write, rf_filter_read, rf_filter_write, rf_psum_read, rf_psum_write : float or None
        The same for each of the three register files, read and written; None: what ``rf`` says.
    glb_read, glb_write, dram_read, dram_write : float or None
        Reads and writes apiece; None: what ``glb`` and ``dram`` say.

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
    rf_ifmap_read: float | None = None
    rf_ifmap_write: float | None = None
    rf_filter_read: float | None = None
    rf_filter_write: float | None = None
    rf_psum_read: float | None = None
    rf_psum_write: float | None = None
    glb_read: float | None = None
    glb_write: float | None = None
    dram_read: float | None = None
    dram_write: float | None = None

    def __post_init__(self) -> None:
        for price in fields(self):
            joules = getattr(self, price.name)
            if joules is None and price.default is None:
                continue
            if not is_number(joules) or not 0 <= joules <= 1:
                raise HardwareError(f"price {price.name} is {joules!r}; expected joules, from 0 to 1")

    def of_word(self, level: str, data: str, writes: bool) -> float:
        """Joules of one word.

        Parameters
        ----------
        level : str
            ``"rf"``, ``"inter_pe"``, ``"glb"`` or ``"dram"``.
        data : str
            ``"ifmap"``, ``"filter"``, ``"psum"`` or ``"ofmap"``.
        writes : bool
            Whether the word enters that memory, or else leaves it.

        Examples
        --------
        >>> from dataclasses import replace
        >>> apiece = replace(prices(16), rf_psum_read=1e-12)
        >>> apiece.of_word("rf", "psum", writes=False), apiece.of_word("rf", "psum", writes=True) == apiece.rf
        (1e-12, True)
        """
        action = "write" if writes else "read"
        apiece = getattr(self, f"{level}_{data}_{action}" if level == "rf" else f"{level}_{action}", None)
        return float(getattr(self, level) if apiece is None else apiece)

    def with_glb_times(self, factor: float) -> "Prices":
        """The same prices, but for words of the GLB, which cost that many times as much."""
        glb = {name: joules * factor for name, joules in self.record().items() if name.startswith("glb")}
        return replace(self, **glb)

    def record(self) -> dict[str, float]:
        """The prices that there are, by name."""
        every = {price.name: getattr(self, price.name) for price in fields(self)}
        return {name: joules for name, joules in every.items() if joules is not None}


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


REFERENCE_KIB = 100.0
"""Size of Eyeriss's GLB, at which a word has the price of Table III."""


def sram_factor(kib: float) -> float:
    """What a word of an SRAM of that size costs, in words of one of :data:`REFERENCE_KIB`.

    Between the sizes of the trend (:func:`sram_read_nJ`), and beyond them, a power of the size: a straight line in
    logarithms.

    Parameters
    ----------
    kib : float
        Size, in KiB.

    Examples
    --------
    >>> sram_factor(100), round(sram_factor(32), 2), sram_factor(50) < sram_factor(60)
    (1.0, 0.53, True)
    """
    trend = sram_read_nJ()
    if kib in trend:
        return trend[kib] / trend[REFERENCE_KIB]
    sizes = sorted(trend)
    above = next((number for number, size in enumerate(sizes) if size > kib), len(sizes) - 1)
    low, high = sizes[max(above, 1) - 1], sizes[max(above, 1)]
    slope = math.log(trend[high] / trend[low]) / math.log(high / low)
    return float(trend[low] / trend[REFERENCE_KIB] * (kib / low) ** slope)
