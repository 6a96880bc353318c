"""What happened, or what the formulas say happens: one record for both sides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import NamedTuple


class Level(Enum):
    """Where a word was touched: in the register files, between PEs, in the global buffer, or in DRAM."""

    RF = "rf"
    INTER_PE = "inter_pe"
    GLB = "glb"
    DRAM = "dram"

    # of the object: Enum's own, of the name, is Python code, and counts are looked up millions of times
    __hash__ = object.__hash__


class Data(Enum):
    """What the word is."""

    IFMAP = "ifmap"
    FILTER = "filter"
    PSUM = "psum"
    OFMAP = "ofmap"

    # of the object: Enum's own, of the name, is Python code, and counts are looked up millions of times
    __hash__ = object.__hash__


class Action(Enum):
    """What was done to it.

    READ and WRITE serve the level below or a computation; FILL is a word that arrives from the level above,
    DRAIN one that leaves for it.
    """

    READ = "read"
    WRITE = "write"
    FILL = "fill"
    DRAIN = "drain"

    # of the object: Enum's own, of the name, is Python code, and counts are looked up millions of times
    __hash__ = object.__hash__


class Event(NamedTuple):
    """One kind of access.

    Attributes
    ----------
    level : Level
        Where the word was touched.
    data : Data
        What the word is.
    action : Action
        What was done to it.

    Examples
    --------
    >>> str(RF_PSUM_WRITE)
    'rf psum write'
    """

    level: Level
    data: Data
    action: Action

    def __str__(self) -> str:
        return f"{self.level.value} {self.data.value} {self.action.value}"


Number = float | Fraction
"""Integers where a machine counted, fractions where a formula did: floats, or exact ones."""


def exact(number: float) -> Fraction:
    """The fraction that a float stands for: the decimal as written.

    A table's 0.3 means three tenths; the binary float nearest to it does not, and sums of such would leave a residual.

    Examples
    --------
    >>> exact(0.3)
    Fraction(3, 10)
    """
    return Fraction(str(number))


@dataclass(frozen=True, slots=True)
class Counts:
    """MACs, and b_w-bit words by level, data and action.

    Adds with ``+``, subtracts with ``-`` and scales with ``*``. Events that never happened are left out, so that equal
    histories compare equal.

    Attributes
    ----------
    macs : int, float or Fraction
        Multiply-accumulates, those with a zero pixel included.
    nonzero_macs : int, float or Fraction
        Of them, those whose pixel is not zero.
    events : mapping of Event to int, float or Fraction
        Words of each kind of event; indexing gives 0 for what never happened.

    Examples
    --------
    >>> two = Counts(macs=1, events={RF_IFMAP_READ: 1}) * 2
    >>> two.macs, two[RF_IFMAP_READ], two[RF_FILTER_READ]
    (2, 2, 0)
    """

    macs: Number = 0
    nonzero_macs: Number = 0
    events: Mapping[Event, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # a plain dict, since a read-only view of one cannot be pickled, which process pools do; nobody writes to it
        object.__setattr__(self, "events", {event: words for event, words in self.events.items() if words})

    def __getitem__(self, event: Event) -> Number:
        return self.events.get(event, 0)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __add__(self, other: "Counts") -> "Counts":
        events = dict(self.events)
        for event, words in other.events.items():
            events[event] = events.get(event, 0) + words
        return Counts(self.macs + other.macs, self.nonzero_macs + other.nonzero_macs, events)

    def __sub__(self, other: "Counts") -> "Counts":
        # by way of the sum, so that what only ``other`` has stays, with a minus
        return self + other * -1

    def __mul__(self, times: Number) -> "Counts":
        events = {event: words * times for event, words in self.events.items()}
        return Counts(self.macs * times, self.nonzero_macs * times, events)

    def total(self, *events: Event) -> Number:
        """Words of several kinds of events together.

        Examples
        --------
        >>> Counts(events={GLB_PSUM_READ: 2, GLB_PSUM_WRITE: 3}).total(GLB_PSUM_READ, GLB_PSUM_WRITE, DRAM_IFMAP_READ)
        5
        """
        return sum(self[event] for event in events)


# not all levels, data and actions go together: an ofmap, for one, is psums until it leaves the GLB
RF_IFMAP_READ = Event(Level.RF, Data.IFMAP, Action.READ)
RF_FILTER_READ = Event(Level.RF, Data.FILTER, Action.READ)
RF_PSUM_READ = Event(Level.RF, Data.PSUM, Action.READ)
RF_PSUM_WRITE = Event(Level.RF, Data.PSUM, Action.WRITE)
RF_IFMAP_FILL = Event(Level.RF, Data.IFMAP, Action.FILL)
RF_FILTER_FILL = Event(Level.RF, Data.FILTER, Action.FILL)
RF_PSUM_FILL = Event(Level.RF, Data.PSUM, Action.FILL)
RF_PSUM_DRAIN = Event(Level.RF, Data.PSUM, Action.DRAIN)
INTER_PE_PSUM = Event(Level.INTER_PE, Data.PSUM, Action.READ)
GLB_IFMAP_FILL = Event(Level.GLB, Data.IFMAP, Action.FILL)
GLB_IFMAP_READ = Event(Level.GLB, Data.IFMAP, Action.READ)
GLB_FILTER_FILL = Event(Level.GLB, Data.FILTER, Action.FILL)
GLB_FILTER_READ = Event(Level.GLB, Data.FILTER, Action.READ)
GLB_PSUM_READ = Event(Level.GLB, Data.PSUM, Action.READ)
GLB_PSUM_WRITE = Event(Level.GLB, Data.PSUM, Action.WRITE)
GLB_OFMAP_DRAIN = Event(Level.GLB, Data.OFMAP, Action.DRAIN)
DRAM_IFMAP_READ = Event(Level.DRAM, Data.IFMAP, Action.READ)
DRAM_FILTER_READ = Event(Level.DRAM, Data.FILTER, Action.READ)
DRAM_OFMAP_WRITE = Event(Level.DRAM, Data.OFMAP, Action.WRITE)

# collected, so that none that is added above can be forgotten here
ALL_EVENTS = tuple(value for value in list(globals().values()) if isinstance(value, Event))
"""Every kind of event that a machine or a formula counts."""
