"""The closed forms as a source of energies."""

from dataclasses import dataclass

from analytical.closed_forms import latency_s
from analytical.hardware import Hardware
from analytical.mappings.cnnergy import RuleSet
from analytical.model import estimate_layer
from analytical.network import Network
from partition.costs import Costs


@dataclass(frozen=True, slots=True)
class Analytical:
    """CNNergy's closed forms (section IV-D), and the latency of its throughput (section V); each layer with the batch
    that its table states.

    Attributes
    ----------
    rules : RuleSet or str
        Whose rules the mapping goes by.
    name : str
        What the source is called.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> from analytical.networks import load_network
    >>> costs = Analytical().costs(load_network("alexnet"), EYERISS_8BIT)
    >>> round(costs.energy_J["C3"] * 1e3, 3)  # millijoules
    1.244
    """

    rules: RuleSet | str = RuleSet.CORRECTED
    name: str = "analytical"

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        """See :meth:`partition.sources.base.EnergySource.costs`; :class:`MappingError` if a layer does not fit."""
        return Costs(
            energy_J={
                layer.name: estimate_layer(layer, hardware, rules=self.rules).energy.total for layer in network.layers
            },
            latency_s={layer.name: latency_s(layer, hardware) for layer in network.layers},
        )
