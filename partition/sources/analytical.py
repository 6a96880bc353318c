"""The closed forms as a source of energies."""

from dataclasses import dataclass

from analytical.closed_forms import latency_s
from analytical.hardware import Hardware
from analytical.model import estimate_layer
from analytical.network import Network
from partition.costs import Costs


@dataclass(frozen=True, slots=True)
class Analytical:
    """CNNergy's closed forms, and the latency of its throughput."""

    name: str = "analytical"

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        return Costs(
            energy_J={layer.name: estimate_layer(layer, hardware).energy.total for layer in network.layers},
            latency_s={layer.name: latency_s(layer, hardware) for layer in network.layers},
        )
