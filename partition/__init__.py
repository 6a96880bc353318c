"""NeuPart: where to cut a network between phone and cloud so that the phone spends least energy.

>>> import partition
>>> partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W").best.name
'P2'
"""

from typing import TYPE_CHECKING

from analytical.lazy import lazy_names

_HOMES = {
    "Chain": "partition.platforms",
    "Channel": "partition.channel",
    "Choice": "partition.catalogue",
    "Costs": "partition.costs",
    "Cut": "partition.cuts",
    "Distribution": "partition.fleet.distribution",
    "Envelope": "partition.envelope",
    "Plan": "partition.planning",
    "Split": "partition.processors.splitting",
    "chain": "partition.platforms",
    "choose": "partition.catalogue",
    "cut_map": "partition.maps",
    "distribute": "partition.fleet.distribution",
    "plan": "partition.planning",
    "quartiles": "partition.maps",
    "schedules": "partition.processors.splitting",
    "show": "partition.tables",
    "split": "partition.processors.splitting",
}
"""Public names, and the modules that have them, imported when a name is first used."""

__all__ = [*_HOMES]

if TYPE_CHECKING:
    from partition.catalogue import Choice as Choice
    from partition.catalogue import choose as choose
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
    from partition.platforms import Chain as Chain
    from partition.platforms import chain as chain
    from partition.processors.splitting import Split as Split
    from partition.processors.splitting import schedules as schedules
    from partition.processors.splitting import split as split
    from partition.tables import show as show

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
