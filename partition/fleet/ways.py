"""Ways to spread a network: strategies, their variants, and the options that ask for them."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple


class Strategy(Enum):
    """What is split.

    DATA        frames: each device makes everything, for frames of its own
    SEQUENTIAL  the row of layers and pools: each device a segment of it, whole
    HORIZONTAL  rows of every tensor
    FUSED       rows at the end of the feature maps, and all rows that these need, made again where several need them
    VERTICAL    filters of every layer; pools follow the channels that they read
    HYBRID      block by block, rows, filters or nothing
    """

    DATA = "data"
    SEQUENTIAL = "sequential"
    HORIZONTAL = "horizontal"
    FUSED = "fused"
    VERTICAL = "vertical"
    HYBRID = "hybrid"


LEAST_CUTS = "best cuts"
"""A variant: cuts that have least of what is asked for, and not the fewest MACs in the largest segment."""

BY_CHANNELS = "by channels"
"""A variant: layers work on the channels that are there, wherever psums take fewer bits than what they would read."""

FC_BY_FILTERS = "fc by filters"
"""A variant: filters of fully connected layers are shared out, and not their one row."""


BLOCKS = "blocks"
"""A variant: of rows, blocks whose devices exchange rows inside, and blocks that make them again, whichever is best;
filters of fully connected layers may be shared out, too."""


class Way(NamedTuple):
    """A strategy, and one of its variants."""

    strategy: Strategy
    variant: str = ""


WAYS: dict[Way, Mapping[str, str]] = {
    Way(Strategy.DATA): {},
    Way(Strategy.SEQUENTIAL): {"cuts": "even"},
    Way(Strategy.SEQUENTIAL, LEAST_CUTS): {"cuts": "best"},
    Way(Strategy.HORIZONTAL): {"halo": "exchange", "fc": "one"},
    Way(Strategy.HORIZONTAL, FC_BY_FILTERS): {"halo": "exchange", "fc": "filters"},
    Way(Strategy.FUSED): {"halo": "recompute", "fc": "one"},
    Way(Strategy.HORIZONTAL, BLOCKS): {"halo": "best", "fc": ""},
    Way(Strategy.VERTICAL): {"by": "filters"},
    Way(Strategy.VERTICAL, BY_CHANNELS): {"by": "channels"},
    Way(Strategy.HYBRID): {},
}
"""All ways, in the order of tables, and what each says of how it is done."""

ON_REQUEST: dict[Way, str] = {Way(Strategy.HORIZONTAL, BLOCKS): "best", Way(Strategy.HYBRID): "hybrid"}
"""Ways that are searched for among many, which takes its time, and what asks for them: of halos, or as a strategy."""


def ways_of(strategy: str, asked: Mapping[str, str | None]) -> list[Way]:
    """The ways that are asked for.

    Parameters
    ----------
    strategy : str
        The value of a :class:`Strategy`, or ``all``; ``horizontal`` has ``fused``, too, which is one of rows.
    asked : mapping of str to str or None
        How it is to be done; None: any.

    Examples
    --------
    >>> [way.variant for way in ways_of("vertical", {"by": None})]
    ['', 'by channels']
    >>> ways_of("horizontal", {"halo": "recompute", "fc": None})
    [Way(strategy=<Strategy.FUSED: 'fused'>, variant='')]
    """
    named = {strategy, Strategy.FUSED.value} if strategy == Strategy.HORIZONTAL.value else {strategy}
    return [
        way
        for way, said in WAYS.items()
        if (strategy == "all" or way.strategy.value in named)
        and all(asked.get(option) in (None, chosen) for option, chosen in said.items())
        and (way not in ON_REQUEST or (strategy if way.variant != BLOCKS else asked.get("halo")) == ON_REQUEST[way])
    ]
