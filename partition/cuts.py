"""The paper's cuts of a network: what the phone spends up to each, and what it sends there."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytical.graph import IMAGE, Graph
from partition.channel import Channel
from partition.costs import Costs

CLOUD_OPS = 92e12
"""Operations a second of the cloud's accelerator (section VIII-A: Google's TPU); a MAC is two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Where a network may be cut.

    Attributes
    ----------
    name : str
        The last node that the phone runs: ``In`` (fully cloud) to the last layer (fully in situ).
    client_energy_J : float
        E_L: joules that the phone spends on layers up to here; what JPEG costs, if the image is sent.
    transmit_bits : float
        D_L: bits that it sends.
    client_s, cloud_s : float
        Latency of the layers on each side, in seconds.

    Examples
    --------
    >>> cut = Cut(name="P2", client_energy_J=4e-3, transmit_bits=300e3, client_s=0.02, cloud_s=1e-5)
    >>> channel = Channel(bitrate_bps=60e6, tx_power_W=0.5)
    >>> round(cut.total_energy_J(channel), 6), round(cut.delay_s(channel), 6)
    (0.0065, 0.02501)
    """

    name: str
    client_energy_J: float
    transmit_bits: float
    client_s: float
    cloud_s: float

    def total_energy_J(self, channel: Channel) -> float:
        """E_Cost: joules of the layers and of sending (eq 1)."""
        return self.client_energy_J + channel.energy_J(self.transmit_bits)

    def delay_s(self, channel: Channel) -> float:
        """t_delay: seconds on the phone, on the channel and in the cloud, one after the other (eq 26); and there and
        back again, where anything is sent."""
        delay = self.client_s + self.transmit_bits / channel.bitrate_bps + self.cloud_s
        return delay + (channel.round_trip_s if self.transmit_bits or self.cloud_s else 0.0)


def cuts_of(
    graph: Graph,
    bits: Mapping[str, float],
    costs: Costs,
    image_energy_J: float = 0.0,
    cloud_ops: float = CLOUD_OPS,
) -> tuple[Cut, ...]:
    """The paper's cuts, from fully cloud to fully in situ.

    Parameters
    ----------
    graph : Graph
        The network.
    bits : mapping of str to float
        Bits of each tensor that may be sent, by the node that makes it.
    costs : Costs
        Joules and seconds of every layer, and of other nodes that cost something.
    image_energy_J : float
        What JPEG costs if the image itself is sent, in joules.
    cloud_ops : float
        Operations a second of the cloud; a MAC is two.
    """
    return tuple(cut_at(graph, name, client, bits, costs, image_energy_J, cloud_ops) for name, client in graph.chain())


def cut_at(
    graph: Graph,
    name: str,
    client: frozenset[str],
    bits: Mapping[str, float],
    costs: Costs,
    image_energy_J: float = 0.0,
    cloud_ops: float = CLOUD_OPS,
) -> Cut:
    """A cut after the nodes of ``client``, which need no others.

    Unlike :func:`cuts_of`, it may be one that several tensors cross.

    Parameters
    ----------
    name : str
        What to call it.
    client : frozenset of str
        Nodes on the phone, the image among them.
    graph, bits, costs, image_energy_J, cloud_ops
        As for :func:`cuts_of`.
    """
    # most often one tensor; between branches several, each sent once however many nodes read it
    sent = graph.sent(client)
    layers = {node.name: node.layer for node in graph.nodes.values() if node.layer is not None}
    cloud_macs = sum(layer.macs for node, layer in layers.items() if node not in client)
    # where the last node is on the phone, nothing is sent and both sums over what is sent are 0: fully in situ
    return Cut(
        name=name,
        client_energy_J=sum(costs.energy_J.get(node, 0.0) for node in graph.nodes if node in client)
        + (image_energy_J if IMAGE in sent else 0.0),
        transmit_bits=sum(bits[node] for node in sent),
        client_s=sum(costs.latency_s.get(node, 0.0) for node in graph.nodes if node in client),
        cloud_s=2 * cloud_macs / cloud_ops,
    )
