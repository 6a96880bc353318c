"""A person's own figures as a source of energies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytical.checks import is_number
from analytical.closed_forms import latency_s
from analytical.graph import graph_of
from analytical.hardware import Hardware
from analytical.network import Network
from partition.costs import Costs
from partition.sources.base import SourceError


@dataclass(frozen=True, slots=True)
class Own:
    """Joules of an image by layer, from Python; latencies are those of the closed forms.

    Attributes
    ----------
    energy_J : mapping of str to float
        Joules of every layer of the network, by its name, and maybe of its pools; others are passed over.
    name : str
        What the source is called.
    """

    energy_J: Mapping[str, float]
    name: str = "own"
    whole_layers = True

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        """See :meth:`partition.sources.base.EnergySource.costs`."""
        # layers have to be there; of other nodes, such as pools, those that are
        others = [name for name in graph_of(network).nodes if name in self.energy_J]
        return Costs(
            energy_J={name: self._joules(name) for name in dict.fromkeys([*network.names, *others])},
            latency_s={layer.name: latency_s(layer, hardware) for layer in network.layers},
        )

    def _joules(self, layer: str) -> float:
        if layer not in self.energy_J:
            raise SourceError(f"own energies: layer {layer} is missing; expected joules of every layer")
        joules = self.energy_J[layer]
        # a nan is in no range
        if not is_number(joules) or not 0 <= joules < float("inf"):
            raise SourceError(f"own energies: layer {layer} has {joules!r}; expected joules, at least 0")
        return float(joules)


@dataclass(frozen=True, slots=True)
class OfResult:
    """What a run, or an estimate, of the network said: joules and seconds of an image by layer."""

    result: Any
    name: str = "result"
    whole_layers = True

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        """See :meth:`partition.sources.base.EnergySource.costs`."""
        if self.result.hardware != hardware:
            raise SourceError(
                f"the result is one on {self.result.hardware.name}, {self.result.hardware.b_w} bit; expected one on "
                f"{hardware.name}, {hardware.b_w} bit, as here"
            )
        missing = [name for name in network.names if name not in self.result]
        if missing:
            raise SourceError(f"the result has no layer {missing[0]}; expected all layers of {network.name}")
        return Costs(
            energy_J={name: self.result[name].energy_J for name in network.names},
            latency_s={name: self.result[name].latency_s for name in network.names},
        )
