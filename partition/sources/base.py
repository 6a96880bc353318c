"""What every energy source is: one that knows what layers cost. A cut does not know which source it has."""

from typing import Protocol

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.network import Network
from partition.costs import Costs


class SourceError(InputError):
    """A source that has no costs for a network; the message says what is wrong and what was expected."""


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
