"""The best cut of a network that branches: a minimum cut between image and cloud."""

from collections.abc import Mapping
from fractions import Fraction

from analytical.graph import IMAGE, Graph
from partition.channel import Channel


def least_energy_cut(
    graph: Graph,
    bits: Mapping[str, float],
    energy_J: Mapping[str, float],
    channel: Channel,
    image_energy_J: float = 0.0,
) -> frozenset[str]:
    """The nodes that the phone runs at least energy, over all ways to cut: any set that needs nothing from the cloud.

    The image's node is the source: what is on its side of the cut runs on the phone. A node on the phone costs its
    energy, an edge to the cloud. A tensor that is used in the cloud is sent once, an edge from its node to one that
    needs all who use it. Capacities are exact: fractions of joules made whole.

    Parameters
    ----------
    graph : Graph
        The network.
    bits : mapping of str to float
        Bits of each tensor that may be sent, by the node that makes it.
    energy_J : mapping of str to float
        Joules of each layer.
    channel : Channel
        What a bit costs.
    image_energy_J : float
        What JPEG costs if the image itself is sent, in joules.

    Returns
    -------
    frozenset of str
        The image's node among them.

    Raises
    ------
    ValueError
        A network branches, and a node other than the image reads nothing.

    Examples
    --------
    >>> from analytical.graph import graph_of
    >>> from analytical.networks import load_network
    >>> graph = graph_of(load_network("alexnet"))
    >>> names = list(graph.nodes)
    >>> bits, energy_J = dict.fromkeys(names, 1e6), dict.fromkeys(names, 1e-3)
    >>> best = least_energy_cut(graph, bits | {"P1": 1e3}, energy_J, Channel(bitrate_bps=1e8, tx_power_W=0.5))
    >>> sorted(best)
    ['C1', 'In', 'P1']
    """
    joules = {
        **{("spent", name): Fraction(energy_J[name]) for name in graph.nodes if name in energy_J},
        **{
            ("sent", name): Fraction(channel.energy_J(bits[name])) + (Fraction(image_energy_J) if name == IMAGE else 0)
            for name, node in graph.nodes.items()
            if graph.consumers[name] and node.sendable
        },
    }
    # where each tensor has one reader, the beginnings of the chain are all the cuts that there are
    if all(len(users) <= 1 for users in graph.consumers.values()):
        return _of_chain(graph, joules)
    import networkx as nx  # takes its time to import, and chains do without

    # the flow of whole numbers is exact, and so of two cuts the one that costs less, by however little, is found
    whole = 1
    for share in joules.values():
        whole = max(whole, share.denominator)  # all denominators are powers of two
    flow = nx.DiGraph()
    flow.add_node(CLOUD)
    for (kind, name), share in joules.items():
        ends = (name, CLOUD) if kind == "spent" else (name, (name,))
        flow.add_edge(*ends, capacity=int(share * whole))
    for name, node in graph.nodes.items():
        if graph.consumers[name] and not node.sendable:
            flow.add_edge(name, (name,))  # without a capacity: its users are where it is
        for user in graph.consumers[name]:
            flow.add_edge((name,), user)  # without a capacity: whoever has the tensor's node has its users
            flow.add_edge(user, name)  # nobody runs on the phone what is fed from the cloud
        if not node.reads and name != IMAGE:
            raise ValueError(f"node {name} reads nothing; expected the image alone to do so")
    _, (phone, _) = nx.minimum_cut(flow, IMAGE, CLOUD)
    return frozenset(name for name in graph.nodes if name in phone)


def _of_chain(graph: Graph, joules: Mapping[tuple[str, str], Fraction]) -> frozenset[str]:
    """The minimum cut of a network without branches: of all its beginnings, the longest of those that cost least.

    So it is with branches, too, where the flow leaves in the cloud no more than it must.
    """
    names = list(graph.nodes)
    spent, least, best = Fraction(0), None, 1
    for count, name in enumerate(names, start=1):
        spent += joules.get(("spent", name), Fraction(0))
        if graph.consumers[name] and not graph.nodes[name].sendable:
            continue
        total = spent + joules.get(("sent", name), Fraction(0))
        if least is None or total <= least:
            least, best = total, count
    return frozenset(names[:best])


CLOUD = ("cloud", "cloud")
"""The sink; no node has a pair for a name."""
