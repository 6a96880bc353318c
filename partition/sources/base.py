"""What every energy source is: one that knows what layers cost. A cut does not know which source it has."""

from typing import Protocol, runtime_checkable

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.network import Network
from partition.costs import Costs


class SourceError(InputError):
    """A source that has no costs for a network; the message says what is wrong and what was expected."""


@runtime_checkable
class EnergySource(Protocol):
    """Who knows what layers cost: the seam for sources of other kinds.

    Examples
    --------
    >>> import partition
    >>> class Even:
    ...     name = "even"
    ...     def costs(self, network, hardware):
    ...         layers = [layer.name for layer in network.layers]
    ...         return Costs(energy_J=dict.fromkeys(layers, 1e-3), latency_s=dict.fromkeys(layers, 1e-3))
    >>> partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", source=Even()).best.name
    'P2'
    """

    @property
    def name(self) -> str:
        """What users call it."""

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        """Costs of every layer of a network, for one image: joules and seconds.

        Parameters
        ----------
        network : Network
            Whose layers.
        hardware : Hardware
            The phone's accelerator.

        Raises
        ------
        SourceError
            It does not know them.
        """


def knows_shares(source: EnergySource) -> bool:
    """Whether a source prices any layer that it is shown, and so a part of one as well; one that has been measured
    knows the layers that were measured, and says so by an attribute ``whole_layers``.

    Examples
    --------
    >>> from partition.sources import choose_source
    >>> knows_shares(choose_source("analytical")), knows_shares(choose_source({"C1": 0.001}))
    (True, False)
    """
    return not getattr(source, "whole_layers", False)
