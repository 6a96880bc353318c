"""The accelerator as a value: PE array, memories, ports, clocks, prices (paper, Tables II and III)."""

import math
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any, NoReturn

from analytical.checks import is_number, is_whole
from analytical.clock_tree import ClockTree
from analytical.technology import EYERISS_NODE, HardwareError, Prices, prices

RLC, RAW, BEST = FMAP_CODES = ("rlc", "raw", "best")
"""Codes of feature maps on the DRAM link."""

FILTER_CODES = (RAW, RLC)
"""Codes of filters on the DRAM link."""

IFMAP, BOTH = GATES = ("ifmap", "both")
"""Whose zeros gate a MAC."""

NONE, *_ = SKIPS = ("none", IFMAP, BOTH)
"""Whose zeros spare a MAC its cycle."""

_WORDS = {"gate": GATES, "skip": SKIPS, "filter_code": FILTER_CODES, "fmap_code": FMAP_CODES}
"""Fields that are one of some words; the first is the default."""

RLC_RUN_BITS = {16: 5, 8: 4}
"""Bits of a run field in RLC, for each data width that the format is defined for (paper, section VI-A)."""


LARGEST = 2**31 - 1
SMALLEST = 1e-15
"""Beyond any whole number, and any size or rate or its inverse, of a hardware that could be built."""

NETWORK_WIDTHS = ("gin_filter_bits", "gin_ifmap_bits", "gin_psum_bits", "gon_bits")
"""Fields that are widths of the networks between GLB and PEs."""

WHOLE = (
    *("J", "K", "f_s", "I_s", "P_s", "core_hz", "link_hz", "link_bits"),
    *("ifmap_fifo", "psum_fifo", "pe_stages", *NETWORK_WIDTHS),
)
"""Fields that are whole numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """A row-stationary accelerator; symbols of the paper's Table II.

    Attributes
    ----------
    name : str
        What reports call it.
    J, K : int
        Rows and columns of the PE array.
    f_s, I_s, P_s : int
        Filter, ifmap and psum words in the RFs of one PE.
    b_w : int
        Bits of a word: 8 or 16.
    glb_kib, glb_bank_kib : float
        GLB for ifmap and psum, and one bank of it, in KiB.
    filter_buffer_kib : float
        GLB that prefetches filters, in KiB.
    core_hz, link_hz : int
        Clocks of the core and of the DRAM link, in hertz.
    link_bits : int
        Width of the DRAM link, in bits.
    gin_filter_bits, gin_ifmap_bits, gin_psum_bits, gon_bits : int
        Widths of the networks between GLB and PEs, in bits.
    ifmap_fifo, psum_fifo : int
        Words in the FIFOs at a PE's ports.
    pe_stages : int
        Stages of a PE's pipeline.
    fmap_code : str
        How feature maps move over the DRAM link: ``"rlc"``, run-length coded but for the image, ``"raw"``, or
        ``"best"``, whichever of both has fewer words, tile by tile.
    filter_code : str
        How filters do: ``"raw"``, or ``"rlc"``, run-length coded wherever that has fewer words.
    gate : str
        Whose zeros gate a MAC, which then takes its cycle and nothing else: ``"ifmap"``, as on the chip, or ``"both"``,
        those of the ifmap and of the filters.
    skip : str
        Whose zeros spare a MAC its cycle, too: ``"none"``, as on the chip, ``"ifmap"`` or ``"both"``.
    overlap_fmaps : bool
        Whether PEs work while ifmaps load and ofmaps drain over the DRAM link, or only while filters load.
    throughput : float
        MAC/s that the closed forms take for the latency (section V).
    prices : Prices
        Joules an event.
    clock_tree : ClockTree or None
        What the clock drives; None: the clock costs nothing.
    other_control : float
        Share of control beside the clock, of all but DRAM (section IV-D3).
    technology_nm, vdd : float
        Node of the prices and of the clock, in nanometres, and its supply, in volts: said, not computed with.

    Raises
    ------
    HardwareError
        A hardware that cannot exist.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(EYERISS_16BIT, name="half", glb_kib=50).glb_words
    25600
    """

    name: str
    J: int
    K: int
    f_s: int
    I_s: int
    P_s: int
    b_w: int
    glb_kib: float
    glb_bank_kib: float = 4
    filter_buffer_kib: float = 8
    core_hz: int = 200_000_000
    link_hz: int = 60_000_000
    link_bits: int = 64
    gin_filter_bits: int = 64
    gin_ifmap_bits: int = 16
    gin_psum_bits: int = 64
    gon_bits: int = 64
    ifmap_fifo: int
    psum_fifo: int
    pe_stages: int = 3
    fmap_code: str = RLC
    filter_code: str = RAW
    gate: str = IFMAP
    skip: str = NONE
    overlap_fmaps: bool = False
    throughput: float
    prices: Prices
    clock_tree: ClockTree | None = field(default_factory=ClockTree)
    other_control: float = 0.15
    technology_nm: float = EYERISS_NODE.nm
    vdd: float = EYERISS_NODE.vdd

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isprintable() or not self.name.strip():
            raise HardwareError(f"hardware name is {self.name!r}; expected a name of printable characters")
        # first of all, since widths are compared with it
        if not is_whole(self.b_w) or self.b_w not in RLC_RUN_BITS:
            self._refuse("b_w", "8 or 16")
        for name in WHOLE:
            # 200e6 is a whole number to who writes it
            if isinstance(getattr(self, name), float) and getattr(self, name).is_integer():
                object.__setattr__(self, name, int(getattr(self, name)))
            if not is_whole(getattr(self, name)):
                self._refuse(name, "a whole number")
        for name in ("J", "K", "f_s", "I_s", "P_s", "core_hz", "link_hz", "ifmap_fifo", "psum_fifo"):
            if not 1 <= getattr(self, name) <= LARGEST:
                self._refuse(name, f"a whole number from 1 to {LARGEST}")
        if not 2 <= self.pe_stages <= LARGEST:
            self._refuse("pe_stages", f"from 2, one to multiply and one to add, to {LARGEST}")
        # "not within" rather than "below or above": NaN is refused, too
        for name in ("glb_kib", "glb_bank_kib", "filter_buffer_kib", "throughput", "technology_nm", "vdd"):
            if not is_number(getattr(self, name)) or not SMALLEST <= getattr(self, name) <= 1 / SMALLEST:
                self._refuse(name, f"a number from {SMALLEST:g} to {1 / SMALLEST:g}")
        for name in NETWORK_WIDTHS:
            if not self.b_w <= getattr(self, name) <= LARGEST:
                self._refuse(name, f"at least one word of {self.b_w} bits, at most {LARGEST}")
        if self.link_bits != 64:
            # hardware with another link would need another code: pairs are packed into words of this size
            self._refuse("link_bits", "64, the width for which the RLC words are defined")
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                self._refuse(name, f"{', '.join(words[:-1])} or {words[-1]}")
        if not is_number(self.other_control) or not 0 <= self.other_control < 1:
            self._refuse("other_control", "a share of at least 0 and below 1")
        # 8192 bits are a KiB
        if self.filter_buffer_kib * 8192 < self.link_bits:
            self._refuse("filter_buffer_kib", f"room for one DRAM word of {self.link_bits} bits")

    def _refuse(self, name: str, expected: str) -> NoReturn:
        raise HardwareError(f"hardware {self.name}: {name} is {getattr(self, name)}; expected {expected}")

    @property
    def pes(self) -> int:
        """PEs of the array."""
        return self.J * self.K

    @property
    def glb_words(self) -> int:
        """b_w-bit words of ifmap and psum that the GLB holds."""
        return int(self.glb_kib * 8192) // self.b_w

    @property
    def glb_bank_words(self) -> int:
        """b_w-bit words of a bank of the GLB; at least one, however small the bank."""
        return max(1, int(self.glb_bank_kib * 8192) // self.b_w)

    @property
    def filter_buffer_words(self) -> int:
        """b_w-bit words of filters that the GLB prefetches."""
        return int(self.filter_buffer_kib * 8192) // self.b_w

    @property
    def glb_banks(self) -> int:
        """Banks of the whole GLB, filter buffer included: 27 in Eyeriss.

        What the clock drives; psums and ifmap lie in :func:`analytical.mappings.eyeriss.banks_of_glb` of them.
        """
        # banks of one kind each: both parts are rounded up on their own
        return math.ceil(self.glb_kib / self.glb_bank_kib) + math.ceil(self.filter_buffer_kib / self.glb_bank_kib)

    @property
    def clock_W(self) -> float:
        """P_clk, in watts (eq 21); 0 if the clock is free."""
        if self.clock_tree is None:
            return 0.0
        return self.clock_tree.power_W(pes=self.pes, banks=self.glb_banks, clock_hz=self.core_hz)

    @property
    def fmaps_move_raw(self) -> bool:
        """Whether feature maps move over the DRAM link as they are."""
        return self.fmap_code == RAW

    @property
    def tiles_move_raw_where_shorter(self) -> bool:
        """Whether a tile of a feature map moves as it is where its code would be longer."""
        return self.fmap_code == BEST

    @property
    def filters_move_raw(self) -> bool:
        """Whether filters move over the DRAM link as they are, however many of their values are zero."""
        return self.filter_code == RAW

    @property
    def skips(self) -> bool:
        """Whether some zeros spare a MAC its cycle, so that what a pass takes depends on its values."""
        return self.skip != NONE

    @property
    def filter_zeros_spare(self) -> bool:
        """Whether a zero filter value spares its MAC, with or without its cycle."""
        return BOTH in (self.gate, self.skip)

    @property
    def rlc_run_bits(self) -> int:
        """Bits of a run field in RLC."""
        return RLC_RUN_BITS[self.b_w]

    @property
    def rlc_pairs(self) -> int:
        """(run, value) pairs in one DRAM word: 3 of 16 bits, 5 of 8 bits."""
        return self.rlc_pairs_of(self.b_w)

    def rlc_pairs_of(self, value_bits: int) -> int:
        """(run, value) pairs in one DRAM word, of values of so many bits.

        Examples
        --------
        >>> EYERISS_16BIT.rlc_pairs_of(16), EYERISS_16BIT.rlc_pairs_of(5)
        (3, 6)
        """
        return self.link_bits // (self.rlc_run_bits + value_bits)

    @property
    def rlc_words_per_value(self) -> Fraction:
        """b_w-bit words that a nonzero value costs in RLC when nothing is wasted: 1 + delta of eq 25.

        Examples
        --------
        >>> EYERISS_16BIT.rlc_words_per_value, EYERISS_8BIT.rlc_words_per_value
        (Fraction(4, 3), Fraction(8, 5))
        """
        # exact, since the cross-check adds up what the code costs without a rounding error
        return Fraction(self.link_bits, self.b_w * self.rlc_pairs)

    def record(self) -> dict[str, Any]:
        """The hardware as files keep it (JSON), with the clock power that its tree gives."""
        return asdict(self) | {"prices": self.prices.record(), "clock_W": self.clock_W}

    def without_control(self) -> "Hardware":
        """The same hardware with free control: P_clk = 0 and c = 0.

        Examples
        --------
        >>> free = EYERISS_16BIT.without_control()
        >>> free.clock_W, free.other_control
        (0.0, 0.0)
        """
        return replace(self, clock_tree=None, other_control=0.0)


EYERISS_16BIT = Hardware(
    name="eyeriss-16bit",
    J=12,
    K=14,
    f_s=224,
    I_s=12,
    P_s=24,
    b_w=16,
    glb_kib=100,
    ifmap_fifo=48,
    psum_fifo=24,
    throughput=23.1e9,
    prices=prices(16),
)
"""The chip of the Eyeriss paper, as CNNergy models it. The FIFO depths are not published: four ifmap RFs, and one psum
RF."""

EYERISS_8BIT = replace(
    EYERISS_16BIT,
    name="eyeriss-8bit",
    f_s=448,
    I_s=24,
    P_s=48,
    b_w=8,
    ifmap_fifo=96,
    psum_fifo=48,
    prices=prices(8),
)
"""The same silicon at 8 bit: every memory holds twice the words (section VIII)."""

PRESETS = {16: EYERISS_16BIT, 8: EYERISS_8BIT}
"""Hardware that ships, by the bits of its words."""

_SPARSE = {
    bits: replace(chip, name=f"{chip.name}-sparse", gate=BOTH, filter_code=RLC, fmap_code=BEST)
    for bits, chip in PRESETS.items()
}

CHIPS = {chip.name: chip for chip in (*PRESETS.values(), *_SPARSE.values())}
"""Hardware that ships, by name."""
