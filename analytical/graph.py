"""A network as a graph of layers, pools and concatenations, and the tensors between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile

from analytical.errors import InputError
from analytical.layer import OPERATIONS, Layer
from analytical.network import IMAGE as IMAGE
from analytical.network import Edges, Network
from analytical.sheet import list_names


class GraphError(InputError):
    """Layers that do not fit together; the message names network and layer, and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """What makes a tensor: the image, a layer, a pool or a concatenation.

    Attributes
    ----------
    name : str
        Unique in a graph.
    reads : tuple of str
        Nodes whose tensors it takes; several only for a concatenation or an operation, none for the image.
    channels, height, width : int
        Shape of its tensor, for one image and without padding.
    sparsity : float
        Fraction of zeros in the tensor; the image's depends on the image, and is 0 here.
    layer : Layer or None
        The layer, if it is one; all else costs nothing.
    sendable : bool
        A cut may send its tensor. What an operation of kind ``other`` makes may not be: a part of a tensor, say.
    """

    name: str
    reads: tuple[str, ...] = ()
    channels: int
    height: int
    width: int
    sparsity: float = 0.0
    layer: Layer | None = None
    sendable: bool = True

    @property
    def values(self) -> int:
        return self.channels * self.height * self.width


@dataclass(frozen=True)
class Graph:
    """Nodes of a network, each after those that it reads; the first is the image, the last the result.

    Attributes
    ----------
    network : str
        Name of the network.
    nodes : dict of str to Node
        By name, in the order in which they run.
    consumers : dict of str to tuple of str
        Who reads each node's tensor; made from ``nodes``.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> graph = graph_of(load_network("squeezenet1_1"))
    >>> graph.nodes["Fe2"].reads
    ('Fe2_1x1', 'Fe2_3x3')
    >>> graph.consumers["Fs2"]
    ('Fe2_1x1', 'Fe2_3x3')
    """

    network: str
    nodes: dict[str, Node]
    consumers: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        # found once, since every cut asks for the readers of every tensor
        consumers: dict[str, list[str]] = {name: [] for name in self.nodes}
        for node in self.nodes.values():
            for name in node.reads:
                consumers[name].append(node.name)
        object.__setattr__(self, "consumers", {name: tuple(users) for name, users in consumers.items()})

    @property
    def last(self) -> str:
        """The node that makes the network's result."""
        return next(reversed(self.nodes))

    def upstream(self, name: str) -> frozenset[str]:
        """A node and all that it needs: what the client runs if it is cut there.

        Examples
        --------
        >>> from analytical.networks import load_network
        >>> sorted(graph_of(load_network("alexnet")).upstream("P1"))
        ['C1', 'In', 'P1']
        """
        needed: set[str] = set()
        waiting = [name]
        while waiting:
            node = waiting.pop()
            # what several branches read is walked through once
            if node not in needed:
                needed.add(node)
                waiting.extend(self.nodes[node].reads)
        return frozenset(needed)

    def sent(self, client: Iterable[str]) -> list[str]:
        """Tensors that cross if the client runs these nodes: made there, and used outside.

        Parameters
        ----------
        client : iterable of str
            Names of nodes, with each all that it needs.

        Returns
        -------
        list of str
            Names of the nodes that make the tensors, in the network's order.

        Examples
        --------
        >>> from analytical.networks import load_network
        >>> graph = graph_of(load_network("squeezenet1_1"))
        >>> graph.sent(graph.upstream("Fe2_1x1"))
        ['Fs2', 'Fe2_1x1']
        """
        there = set(client)
        # the result has no readers, and so is never among them
        return [name for name in self.nodes if name in there and not there.issuperset(self.consumers[name])]

    def chain(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The paper's cuts: those that a single tensor crosses, by the node that makes it, and the nodes before; at
        last the whole network, from which nothing is sent.

        Yields
        ------
        (str, frozenset of str)
            The node after which to cut, and the nodes that the client runs.

        Examples
        --------
        >>> from analytical.networks import load_network
        >>> [name for name, _ in graph_of(load_network("squeezenet1_1")).chain()][:6]
        ['In', 'C1', 'P1', 'Fs2', 'Fe2', 'Fs3']
        """
        for name, node in self.nodes.items():
            # inside a branch a second tensor crosses as well: no cut of the paper's
            client = self.upstream(name)
            if name == self.last:
                # all heads, where there are several
                yield name, frozenset(self.nodes)
            elif node.sendable and self.sent(client) == [name]:
                yield name, client


def why_no_cut(graph: Graph) -> list[str]:
    """What keeps the paper's kind of cut away, in sentences: operations whose results cannot be sent, and a network of
    which several tensors cross wherever it is cut.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> why_no_cut(graph_of(load_network("alexnet")))
    []
    """
    said = []
    divided = [name for name, node in graph.nodes.items() if not node.sendable]
    if divided:
        said.append(
            f"No cut behind {list_names(divided)}: what is read there is not a tensor as a layer made it, but padded, "
            "a part, or in another order."
        )
    inside = [name for name, _ in graph.chain()][1:-1]
    if not inside and len(graph.nodes) > 2:
        names = [name for name, node in graph.nodes.items() if node.sendable and name not in (IMAGE, graph.last)]
        most = [graph.sent(graph.upstream(name)) for name in names]
        example = next((sent for sent in most if len(sent) > 1), [])
        if example:
            said.append(f"No cut inside: wherever it is cut, several tensors cross, such as {list_names(example)}.")
    return said


def graph_of(network: Network) -> Graph:
    """The graph of a network: what its edges say, each layer reading the one before where they say nothing.

    A layer whose ifmap is smaller than what it reads has a pool before it. A tensor's sparsity is that of the unpadded
    ifmap of who reads it, as the paper's is, or, before a pool, the ofmap's.

    Parameters
    ----------
    network : Network

    Raises
    ------
    GraphError
        A layer's ifmap is not what the layers that it reads make, nobody reads what a layer makes, or a name is taken.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> list(graph_of(load_network("alexnet")).nodes)
    ['In', 'C1', 'P1', 'C2', 'P2', 'C3', 'C4', 'C5', 'P3', 'FC6', 'FC7', 'FC8']
    """
    builder = _Builder(network)
    for row in network.rows():
        builder.add(row)
    graph = Graph(network.name, builder.nodes)
    # an end other than the last has most likely lost an edge: its work would be paid for and never used
    for name, users in graph.consumers.items():
        if not users and name != graph.last and name not in network.heads:
            raise GraphError(
                f"network {network.name}: nobody reads what {name} makes; expected one end, {graph.last}, or yes in "
                "its column head"
            )
    return graph


class _Builder:
    """Adds layers one by one, each with the concatenation and the pools that it needs before it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        first = network.layers[0]
        # those to come as well: pools and concatenations must not take their names
        self._layers = {row.name for row in network.rows()}
        if IMAGE in self._layers:
            raise GraphError(
                f"network {network.name}: a layer is called {IMAGE}; expected another name, it is the image's"
            )
        channels, height, width = network.image or (first.channels, *first.unpadded)
        self.nodes = {IMAGE: Node(name=IMAGE, channels=channels, height=height, width=width)}
        # what a layer reads whose edges say nothing
        self.before = IMAGE
        self._pools = 0

    def add(self, layer: Layer) -> None:
        """Add a layer, or an operation."""
        edges = self.network.edges.get(layer.name, Edges())
        if layer.kind in OPERATIONS:
            self._operate(layer, edges.inputs)
            return
        source = self._join(edges.inputs or (self.before,), layer)
        if source == IMAGE and edges.pools:
            raise self._error(layer, f"pool {edges.pools[0]} before the image", "none")
        # no pool and no check after the image, which a network may state in another size than its first ifmap's
        if source != IMAGE:
            source = self._pool(source, edges.pools, layer)
            self._require_fits(source, layer)
            self._learn_sparsity(source, layer)
        self.nodes[layer.name] = Node(
            name=layer.name,
            reads=(source,),
            channels=layer.F,
            height=layer.E,
            width=layer.G,
            sparsity=layer.sparsity_ofmap,
            layer=layer,
        )
        self.before = layer.name

    def _operate(self, row: Layer, inputs: tuple[str, ...]) -> None:
        """Add an operation, which makes what its row says; of a sum, the parts must have that size, or one pixel."""
        for name in inputs:
            if name not in self.nodes:
                raise self._error(row, f"the input {name!r}", "names of rows before it")
            part = self.nodes[name]
            sizes = (row.E, row.G), (1, 1)
            if row.kind == "add" and (part.channels != row.F or (part.height, part.width) not in sizes):
                raise self._error(
                    row,
                    f"an input {name} of {part.channels}x{part.height}x{part.width}",
                    f"{row.F}x{row.E}x{row.G}, as the sum, or {row.F}x1x1",
                )
        self.nodes[row.name] = Node(
            name=row.name,
            reads=inputs,
            channels=row.F,
            height=row.E,
            width=row.G,
            sparsity=row.sparsity_ofmap,
            sendable=row.kind != "other",
        )

    def _join(self, inputs: tuple[str, ...], layer: Layer) -> str:
        """The node that makes what a layer reads: its one input, or a concatenation of several."""
        for name in inputs:
            if name not in self.nodes:
                raise self._error(layer, f"the input {name!r}", "names of layers before it")
        if len(inputs) == 1:
            return inputs[0]
        # layers that read the same inputs, as all branches of a module do, share one concatenation
        for node in self.nodes.values():
            if node.reads == inputs and node.name not in self._layers:
                return node.name
        # Fe2_1x1 and Fe2_3x3 make Fe2; its zeros are those of its parts until a layer that reads it says otherwise
        parts = [self.nodes[name] for name in inputs]
        sizes = {(part.height, part.width) for part in parts}
        if len(sizes) > 1:
            raise self._error(layer, f"inputs of {' and '.join(f'{h}x{w}' for h, w in sorted(sizes))}", "one size")
        values = sum(part.values for part in parts)
        return self._put(
            Node(
                name=self._free(_common_start(inputs).rstrip("_-./") or "+".join(inputs)),
                reads=inputs,
                channels=sum(part.channels for part in parts),
                height=parts[0].height,
                width=parts[0].width,
                sparsity=sum(part.sparsity * part.values for part in parts) / values,
            )
        )

    def _pool(self, source: str, pools: tuple[str, ...], layer: Layer) -> str:
        """The pools between: those that are named, or one if sizes shrink."""
        height, width = layer.unpadded
        made = self.nodes[source]
        # a pool keeps the channels; with others the check of sizes decides, since an fc layer may flatten
        if not pools and made.channels == layer.channels and (height < made.height or width < made.width):
            # branches that shrink the same tensor to the same size share one pool
            of_source = [
                node
                for node in self.nodes.values()
                if node.reads == (source,) and node.layer is None and node.sendable and node.channels == made.channels
            ]
            same = [node.name for node in of_source if (node.height, node.width) == (height, width)]
            if same:
                return same[0]
            self._pools += 1
            while self._taken(f"P{self._pools}"):
                self._pools += 1
            pools = (f"P{self._pools}",)
        # of a row of pools only the last has a size that is known, the layer's; those before must be there already
        for name in pools:
            there = self.nodes.get(name)
            if name in self._layers:
                raise self._error(layer, f"pool {name}, which is a layer", "a name of its own")
            if there is None and name != pools[-1]:
                raise self._error(layer, f"pool {name}, of unknown size", "a layer above that reads it alone")
            if there is None:
                self._put(
                    Node(
                        name=name,
                        reads=(source,),
                        channels=made.channels,
                        height=height,
                        width=width,
                        sparsity=layer.unpadded_sparsity,
                    )
                )
            elif there.reads != (source,):
                raise self._error(layer, f"pool {name}, which reads {', '.join(there.reads)}", "a name of its own")
            source = name
        return source

    def _require_fits(self, source: str, layer: Layer) -> None:
        made = self.nodes[source]
        height, width = layer.unpadded
        # an fc layer may read a feature map laid out in a row: how many values there are counts, not their shape
        same = (made.channels, made.height, made.width) == (layer.channels, height, width)
        flat = layer.kind == "fc" and made.values == layer.channels * height * width
        if not same and not flat:
            raise self._error(
                layer,
                f"an ifmap of {layer.channels}x{height}x{width} without its padding, but {source} makes "
                f"{made.channels}x{made.height}x{made.width}",
                "them equal: the column inputs says what a layer reads, one after the other, rows of kind add what is "
                "summed, and rows of kind pool, or the column pool, what lies between",
            )

    def _learn_sparsity(self, source: str, layer: Layer) -> None:
        """Who reads a tensor as it is knows its zeros; the first of those counts."""
        # the layer itself is not among the nodes yet: any reader found here came before it
        if any(source in node.reads and node.layer for node in self.nodes.values()):
            return
        self.nodes[source] = replace(self.nodes[source], sparsity=layer.unpadded_sparsity)

    def _put(self, node: Node) -> str:
        self.nodes[node.name] = node
        return node.name

    def _taken(self, name: str) -> bool:
        return name in self.nodes or name in self._layers

    def _free(self, name: str) -> str:
        while self._taken(name):
            name += "+"
        return name

    def _error(self, layer: Layer, has: str, expected: str) -> GraphError:
        return GraphError(f"network {self.network.name}: layer {layer.name} has {has}; expected {expected}")


def _common_start(names: Iterable[str]) -> str:
    """What all names begin with.

    >>> _common_start(["Fe2_1x1", "Fe2_3x3"])
    'Fe2_'
    """
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in same)
