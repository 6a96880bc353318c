"""A network before and after compression, side by side: weights, what they take in store, MACs, energies."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from analytical.compression.stored import Stored, stored
from analytical.compression.survey import survey_J
from analytical.compression.weights import Decomposed, Weights
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.model import NetworkEstimate, estimate
from analytical.network import Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A network on one side of the comparison.

    Attributes
    ----------
    network : Network
    stored : tuple of Stored
        Of each layer, in order.
    estimates : tuple of NetworkEstimate
        On each hardware.
    """

    network: Network
    stored: tuple[Stored, ...]
    estimates: tuple[NetworkEstimate, ...]

    @property
    def in_store(self) -> Stored:
        """All layers together."""
        first, *others = self.stored
        return sum(others, first)

    @property
    def macs(self) -> int:
        """MACs of an image, those with a zero included."""
        return sum(layer.macs for layer in self.network.layers)

    @property
    def effectual_macs(self) -> float:
        """Those whose pixel and weight are not zero, as the shares say."""
        return sum(map(_effectual_macs, self.network.layers))

    @property
    def survey_J(self) -> float:
        """Joules of an image by the survey's formula (:mod:`analytical.compression.survey`)."""
        return survey_J(self.network)

    def record(self) -> dict[str, Any]:
        """The sums, as JSON has them."""
        return {
            "weights": self.in_store.weights,
            "weights_kept": self.in_store.kept,
            "macs": self.macs,
            "effectual_macs": self.effectual_macs,
            "bytes": {name: getattr(self.in_store, name) for name in CODES},
            "survey_J": self.survey_J,
            "energies": [
                {
                    "hardware": each.hardware.name,
                    "energy_J": each.energy_J,
                    "energy_J_by": each.energy.parts(),
                    "latency_s": each.latency_s,
                }
                for each in self.estimates
            ],
        }


CODES = ("raw", "rlc", "eie", "huffman")
"""How weights are stored, by the names of :class:`Stored`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CompressionReport:
    """Both sides.

    Attributes
    ----------
    before, after : Side
    decomposed : mapping of str to Decomposed
        What singular value decompositions leave, by the layer that was; of weights, and not of shares.
    """

    before: Side
    after: Side
    decomposed: Mapping[str, Decomposed] = field(default_factory=dict)

    def factors(self) -> list[float]:
        """Energy before over energy after, on each hardware."""
        both = zip(self.before.estimates, self.after.estimates, strict=True)
        return [before.energy_J / after.energy_J for before, after in both]

    @property
    def survey_factor(self) -> float | None:
        """The same by the survey's formula; None where nothing is left."""
        return self.before.survey_J / self.after.survey_J if self.after.survey_J else None

    def rows(self) -> list[dict[str, Any]]:
        """A row for each layer after compression: counts and joules of an image."""
        b_w = self.after.estimates[0].hardware.b_w
        return [
            {
                "layer": layer.name,
                "weights": layer.weights,
                "weights_kept": kept.kept,
                "sparsity_filters": layer.sparsity_filters,
                "filter_bits": layer.filter_bits or b_w,
                **{f"{name}_bytes": _or_nothing(getattr(kept, name)) for name in CODES},
                "macs": layer.macs,
                "effectual_macs": _effectual_macs(layer),
                **{f"energy_J {each.hardware.name}": each.layers[number].energy_J for each in self.after.estimates},
            }
            for number, (layer, kept) in enumerate(zip(self.after.network.layers, self.after.stored, strict=True))
        ]

    def record(self) -> dict[str, Any]:
        """Both sides and their layers, as JSON has them."""
        return {
            "network": self.before.network.name,
            "before": self.before.record(),
            "after": self.after.record(),
            "factors": dict(zip([each.hardware.name for each in self.after.estimates], self.factors(), strict=True)),
            "survey_factor": self.survey_factor,
            "decomposed": {name: asdict(said) for name, said in self.decomposed.items()},
            "layers": self.rows(),
        }


def _effectual_macs(layer: Layer) -> float:
    return layer.macs * (1 - layer.sparsity_ifmap) * (1 - layer.sparsity_filters)


def _or_nothing(number: float | None) -> float | str:
    return "" if number is None else number


def side(network: Network, hardware: Sequence[Hardware], weights: Weights | None = None) -> Side:
    """A network with what its weights take and what an image costs.

    Parameters
    ----------
    network : Network
    hardware : sequence of Hardware
        At least one; the first says the words in which weights are stored.
    weights : dict of str to (F, C, R, S), optional
        Of all layers.

    Raises
    ------
    InputError
        A layer that does not fit a hardware, or weights of more bits than its words.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> from analytical.networks import load_network
    >>> one = side(load_network("alexnet"), [EYERISS_8BIT])
    >>> one.in_store.weights, one.in_store.raw
    (60954656, 60954656.0)
    """
    return Side(
        network=network,
        stored=tuple(
            stored(layer, hardware[0], None if weights is None else weights[layer.name]) for layer in network.layers
        ),
        estimates=tuple(estimate(network, each) for each in hardware),
    )
