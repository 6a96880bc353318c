"""Where two sources disagree on what a share of a layer costs, and why."""

from dataclasses import dataclass
from typing import Any

from partition.fleet.plan import Fleet
from partition.fleet.shares import Share, SharePrices, share_out
from partition.sources import EnergySource


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedLayer:
    """The first device's share of a layer, to each source.

    Attributes
    ----------
    layer, split : str
        The layer's name, and what of it is shared out: ``rows`` or ``filters``.
    of : (int, int)
        How many it has, of how many.
    energy : dict of str to float
        The share's energy as a part of the whole layer's, by source.
    active_pes : (int, int) or None
        PEs at work on the share and on the whole, where a source knows.
    """

    layer: str
    split: str
    of: tuple[int, int]
    energy: dict[str, float]
    active_pes: tuple[int, int] | None

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        pes = self.active_pes or (None, None)
        return {
            "layer": self.layer,
            "split": self.split,
            "share": self.of[0],
            "of": self.of[1],
            "energy_share": self.energy,
            "active_pes": pes[0],
            "active_pes_whole": pes[1],
        }


def shared_layers(fleet: Fleet, sources: list[EnergySource]) -> list[SharedLayer]:
    """The first device's shares by rows and by filters, layer by layer, to several sources; where they differ most,
    first.

    Parameters
    ----------
    fleet : Fleet
    sources : list of EnergySource

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> from analytical.networks import load_network
    >>> from partition.fleet.members import alike
    >>> from partition.fleet.spread import Link
    >>> from partition.sources import choose_source
    >>> source = choose_source("analytical")
    >>> link = Link(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.78)
    >>> fleet = Fleet(load_network("alexnet"), alike(4, EYERISS_8BIT, source), link)
    >>> found = {(each.layer, each.split): each for each in shared_layers(fleet, [source])}
    >>> found["C3", "rows"].of, round(found["C3", "rows"].energy["analytical"], 2)
    ((4, 13), 0.33)
    """
    network, hardware = fleet.tensors.network, fleet.members[0].hardware
    prices = {source.name: SharePrices(network, source, hardware) for source in sources}
    found = []
    for layer in network.layers:
        read = fleet.tensors.graph.nodes[fleet.tensors.node(layer.name).reads[0]]
        for split, number in (("rows", layer.E), ("filters", layer.F)):
            part = share_out(number, fleet.weights)[0]
            if not 0 < part.size < number:
                continue
            share = Share(rows=part) if split == "rows" else Share(filters=part)
            whole = {name: price.of(layer, Share()) for name, price in prices.items()}
            own = {name: price.of(layer, share, (read.height, read.width)) for name, price in prices.items()}
            pes = [(own[name].active_pes, whole[name].active_pes) for name in prices]
            known = [(a, b) for a, b in pes if a is not None and b is not None]
            found.append(
                SharedLayer(
                    layer=layer.name,
                    split=split,
                    of=(part.size, number),
                    energy={name: own[name].energy_J / whole[name].energy_J for name in prices},
                    active_pes=known[0] if known else None,
                )
            )
    return sorted(found, key=lambda each: min(each.energy.values()) - max(each.energy.values()))
