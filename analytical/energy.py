"""From counts to joules: one price list, one function, a choice of what is charged (section IV-D, eqs 3, 4, 20)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache

from analytical import counts as c
from analytical.counts import ALL_EVENTS, Action, Counts, Event, Level, Number
from analytical.hardware import Hardware
from analytical.technology import Prices

# what both published accountings charge; they differ in filters and in the drain of the ofmap
_CORE_EVENTS = frozenset(
    {
        c.RF_IFMAP_READ,
        c.RF_FILTER_READ,
        c.RF_PSUM_READ,
        c.RF_PSUM_WRITE,
        c.INTER_PE_PSUM,
        c.GLB_IFMAP_READ,
        c.GLB_PSUM_READ,
        c.GLB_PSUM_WRITE,
        c.DRAM_FILTER_READ,
        c.DRAM_IFMAP_READ,
        c.DRAM_OFMAP_WRITE,
    }
)


class Accounting(Enum):
    """Which events are charged.

    ``cnnergy``: as section IV-D has it, filters once from the GLB, no fill of the GLB or an RF, no drain. ``chip``: the
    GLB column of Table V of the Eyeriss paper, no filters, but the read of the ofmap for its write-back. ``full``:
    everything that was counted.
    """

    CNNERGY = "cnnergy"
    CHIP = "chip"
    FULL = "full"

    def charges(self, event: Event) -> bool:
        """Whether ``event`` has a price under this accounting.

        Examples
        --------
        >>> [accounting.value for accounting in Accounting if accounting.charges(c.GLB_FILTER_READ)]
        ['cnnergy', 'full']
        """
        match self:
            case Accounting.CNNERGY:
                return event in _CORE_EVENTS or event == c.GLB_FILTER_READ
            case Accounting.CHIP:
                return event in _CORE_EVENTS or event == c.GLB_OFMAP_DRAIN
            case Accounting.FULL:
                return True


ENERGY_PARTS = {
    "mac": "MAC",
    "rf": "RF",
    "inter_pe": "PE-PE",
    "glb": "GLB",
    "dram": "DRAM",
    "clock": "clock",
    "other_control": "other",
    "total": "total",
}
"""What tables call the parts of the energy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Energy:
    """Joules by where they went; adds with ``+``.

    Attributes
    ----------
    mac, rf, inter_pe, glb, dram : float
        MACs; register files; psums handed from PE to PE; global buffer; DRAM.
    clock, other_control : float
        What the clock drives; all other control (section IV-D3).

    Examples
    --------
    >>> energy = Energy(mac=1.0, rf=2.0, inter_pe=0.0, glb=1.0, dram=4.0, clock=1.0, other_control=1.0)
    >>> energy.on_chip, energy.without_control, energy.total
    (4.0, 8.0, 10.0)
    """

    mac: float
    rf: float
    inter_pe: float
    glb: float
    dram: float
    clock: float
    other_control: float

    @property
    def on_chip(self) -> float:
        """All but DRAM and control."""
        return self.mac + self.rf + self.inter_pe + self.glb

    @property
    def without_control(self) -> float:
        """All but clock and other control."""
        return self.on_chip + self.dram

    @property
    def total(self) -> float:
        """All of it."""
        return self.without_control + self.clock + self.other_control

    def parts(self) -> dict[str, float]:
        """Joules by part, in the order of the fields."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    def __add__(self, other: "Energy") -> "Energy":
        theirs = other.parts()
        return Energy(**{part: joules + theirs[part] for part, joules in self.parts().items()})

    @staticmethod
    def zero() -> "Energy":
        """Nothing, to start a sum from."""
        return Energy(**{f.name: 0.0 for f in fields(Energy)})


PARTS = tuple(each.name for each in fields(Energy))
"""Parts of the energy, in the order in which all of them stand."""


def joules_of_word(hardware: Hardware) -> dict[Event, float]:
    """What one b_w-bit word costs in each kind of event, in joules (Table III)."""
    return _joules_of_word(hardware.prices)


@cache
def _joules_of_word(prices: Prices) -> dict[Event, float]:
    # a word that is filled in, or written, enters a memory; one that is read or drained leaves it. The link's reads of
    # DRAM are reads there, and its writes writes.
    enters = (Action.WRITE, Action.FILL)
    return {e: prices.of_word(e.level.value, e.data.value, e.action in enters) for e in ALL_EVENTS}


def price(
    counts: Counts, hardware: Hardware, *, latency_s: float, accounting: Accounting = Accounting.CNNERGY
) -> Energy:
    """Energy of what ``counts`` records, over ``latency_s`` seconds of clock (eqs 3, 4, 19, 20).

    Other control is c/(1-c) of on-chip energy and clock, so that it is the share c of all but DRAM. Of the MACs, those
    with a zero pixel cost nothing (section IV-D2).

    Parameters
    ----------
    counts : Counts
        MACs, and words by level, data and action; of as many images as ``latency_s`` is of.
    hardware : Hardware
        Its prices, clock power and share of other control.
    latency_s : float
        How long the clock runs, in seconds.
    accounting : Accounting
        Which events are charged.

    Returns
    -------
    Energy
        Joules.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> energy = price(Counts(events={c.DRAM_FILTER_READ: 1000}), EYERISS_16BIT, latency_s=0.0)
    >>> round(energy.dram * 1e9, 1)  # nanojoules
    338.8
    """
    of_word = joules_of_word(hardware)
    by_level = {
        level: _joules({event: counts[event] for event in counts if event.level is level}, of_word, accounting)
        for level in Level
    }
    # a gated MAC costs no more than the read of its pixel, which is an event
    mac = hardware.prices.mac * float(counts.nonzero_macs)
    clock = hardware.clock_W * latency_s
    on_chip = mac + by_level[Level.RF] + by_level[Level.INTER_PE] + by_level[Level.GLB]
    # c/(1-c) of the rest is a share c of the sum: the paper's 15 % are of the layer without DRAM (section IV-D3)
    share = hardware.other_control
    return Energy(
        mac=mac,
        rf=by_level[Level.RF],
        inter_pe=by_level[Level.INTER_PE],
        glb=by_level[Level.GLB],
        dram=by_level[Level.DRAM],
        clock=clock,
        other_control=share / (1 - share) * (on_chip + clock),
    )


def _joules(words: Mapping[Event, Number], of_word: Mapping[Event, float], accounting: Accounting) -> float:
    """Joules of the words that are charged."""
    # a machine's integers and exact fractions add up without rounding: only sums of what has one price become floats
    sums: dict[float, Number] = {}
    for event, number in words.items():
        if accounting.charges(event):
            sums[of_word[event]] = sums.get(of_word[event], 0) + number
    return sum((joules * float(number) for joules, number in sums.items()), 0.0)


def not_charged(counts: Counts, accounting: Accounting) -> Mapping[Event, Number]:
    """Events that were counted but have no price under ``accounting``, and how many words they are.

    Examples
    --------
    >>> counts = Counts(events={c.RF_IFMAP_READ: 9, c.RF_IFMAP_FILL: 3})
    >>> {str(event): words for event, words in not_charged(counts, Accounting.CNNERGY).items()}
    {'rf ifmap fill': 3}
    """
    return {event: counts[event] for event in counts if not accounting.charges(event)}
