"""What layers cost the phone, whoever says so; partition does not know which source it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from analytical.hardware import Hardware
from analytical.networks import Network


class SourceError(ValueError):
    """A source that has no costs for a network; the message says what is wrong and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What an image costs the phone, by layer: joules and seconds; bits that a codec made of tensors, by node."""

    energy_J: Mapping[str, float]
    latency_s: Mapping[str, float]
    codec_bits: Mapping[str, int] = field(default_factory=dict)


class EnergySource(Protocol):
    """Who knows what layers cost."""

    @property
    def name(self) -> str:
        """What users call it."""

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        """Costs of every layer of a network.

        Raises
        ------
        SourceError
            It does not know them.
        """
