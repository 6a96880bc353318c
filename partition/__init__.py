"""NeuPart: where to cut a network between phone and cloud so that the phone spends least energy.

>>> import partition
>>> partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W").best.name
'P2'
"""

from typing import TYPE_CHECKING

from analytical.lazy import lazy_names

_HOMES = {
    "Channel": "partition.channel",
    "Costs": "partition.costs",
    "Cut": "partition.cuts",
    "Distribution": "partition.fleet.distribution",
    "Envelope": "partition.envelope",
    "Plan": "partition.planning",
    "cut_map": "partition.maps",
    "distribute": "partition.fleet.distribution",
    "plan": "partition.planning",
    "quartiles": "partition.maps",
    "show": "partition.tables",
}
"""Public names, and the modules that have them, imported when a name is first used."""

__all__ = [*_HOMES]

if TYPE_CHECKING:
    from partition.channel import Channel as Channel
    from partition.costs import Costs as Costs
    from partition.cuts import Cut as Cut
    from partition.envelope import Envelope as Envelope
    from partition.fleet.distribution import Distribution as Distribution
    from partition.fleet.distribution import distribute as distribute
    from partition.maps import cut_map as cut_map
    from partition.maps import quartiles as quartiles
    from partition.planning import Plan as Plan
    from partition.planning import plan as plan
    from partition.tables import show as show

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
