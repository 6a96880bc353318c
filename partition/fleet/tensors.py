"""What a device needs to make its part of a tensor, element by element, and what therefore moves."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytical.graph import IMAGE, Graph, Node, graph_of
from analytical.layer import OPERATIONS, Layer
from analytical.network import Network

Part = NDArray[np.bool_]
"""Elements of a tensor, (channels, rows): whole rows of channels. Not a range of rows, since windows may lie apart (a
stride beyond the filter)."""


class Window(NamedTuple):
    """Of a pool, along the height."""

    size: int
    stride: int
    pad: int


class Maker(NamedTuple):
    """Where a node's channels come from: a tensor, and its first channel among them."""

    tensor: str
    first: int


@dataclass(frozen=True)
class Tensors:
    """A network's tensors: what its image, layers, pools and operations make. Concatenations and flattening are
    transparent: what is read behind one is read of its parts.

    Attributes
    ----------
    network : Network
    """

    network: Network

    @cached_property
    def graph(self) -> Graph:
        """The network's graph."""
        return graph_of(self.network)

    @cached_property
    def names(self) -> list[str]:
        """Names of the tensors, in the order in which they are made; the image first."""
        return [name for name in self.graph.nodes if not self._joins(name)]

    @cached_property
    def ends(self) -> list[str]:
        """Tensors that nobody reads: the results."""
        read = {tensor for name in self.names[1:] for tensor in self.reads(name)}
        return [name for name in self.names[1:] if name not in read]

    @cached_property
    def _operations(self) -> dict[str, Layer]:
        return {row.name: row for row in self.network.operations}

    def node(self, name: str) -> Node:
        """Who makes a tensor."""
        return self.graph.nodes[name]

    def nothing(self, name: str) -> Part:
        """No element of a tensor."""
        node = self.node(name)
        return np.zeros((node.channels, node.height), np.bool_)

    def words(self, name: str, part: Part) -> int:
        """Values of a part."""
        return int(np.count_nonzero(part)) * self.node(name).width

    def _joins(self, name: str) -> bool:
        node = self.graph.nodes[name]
        return node.layer is None and len(node.reads) > 1 and name not in self._operations

    def sparsity(self, name: str) -> float:
        """Share of zeros of a tensor: of its first concatenation, if it is a part of one, since that is what a layer
        that reads it says."""
        nodes = self.graph.nodes
        return next(
            (nodes[user].sparsity for user in self.graph.consumers[name] if self._joins(user)), nodes[name].sparsity
        )

    def makers(self, name: str) -> list[Maker]:
        """The tensors behind a node, in the order of its channels."""
        if not self._joins(name):
            return [Maker(name, 0)]
        found, first = [], 0
        for read in self.graph.nodes[name].reads:
            found += [Maker(maker.tensor, first + maker.first) for maker in self.makers(read)]
            first += self.graph.nodes[read].channels
        return found

    def reads(self, name: str) -> set[str]:
        """The tensors that who makes a tensor reads."""
        return {maker.tensor for read in self.node(name).reads for maker in self.makers(read)}

    def keeps_channels(self, name: str) -> bool:
        """Whether each channel of a tensor is made of the same channel of what is read: in pools and sums."""
        operation = self._operations.get(name)
        return self.node(name).layer is None and (operation is None or operation.kind in ("pool", "add"))

    def is_sum(self, name: str) -> bool:
        """Whether a tensor is the sum of what is read."""
        operation = self._operations.get(name)
        return operation is not None and operation.kind == "add"

    def is_known(self, name: str) -> bool:
        """Whether it is known how a tensor is made of what is read: of layers, pools and sums."""
        operation = self._operations.get(name)
        return operation is None or operation.kind in ("pool", "add")

    def words_across(self, before: list[str]) -> int:
        """Words of the tensors that are made before a cut and used behind it; the image aside."""
        made = set(before)
        used = {read for name in self.names if name not in made and name != IMAGE for read in self.reads(name)}
        return sum(self.node(name).values for name in used & made)

    def split(self, name: str, part: Part) -> dict[str, Part]:
        """A part of what a node makes, by the tensors behind it."""
        found: dict[str, Part] = {}
        for tensor, first in self.makers(name):
            own = part[first : first + self.node(tensor).channels]
            if own.any():
                found[tensor] = found[tensor] | own if tensor in found else own
        return found

    def needed(self, name: str, made: Part) -> dict[str, Part]:
        """What who makes a part of a tensor needs of others.

        Parameters
        ----------
        name : str
            The tensor.
        made : (channels, rows)
            The part.

        Examples
        --------
        >>> from analytical.networks import load_network
        >>> tensors = Tensors(load_network("alexnet"))
        >>> part = tensors.nothing("C2")
        >>> part[:128, :13] = True
        >>> {name: needed.shape + (int(needed.sum()),) for name, needed in tensors.needed("C2", part).items()}
        {'P1': (96, 27, 720)}
        """
        node = self.node(name)
        if not made.any():
            return {}
        found: dict[str, Part] = {}
        for read in node.reads:
            for tensor, part in self.split(read, self._needed_of(node, self.graph.nodes[read], made)).items():
                found[tensor] = found[tensor] | part if tensor in found else part
        return found

    def _needed_of(self, node: Node, read: Node, made: Part) -> Part:
        everything = np.ones((read.channels, read.height), np.bool_)
        layer, operation = node.layer, self._operations.get(node.name)
        if layer is not None:
            if layer.kind == "fc":
                return everything
            # an ifmap of another size than what is read lies in its middle
            window = Window(layer.R, layer.U, (layer.H - read.height) // 2)
            rows = _rows_under(np.asarray(made.any(axis=0)), window, read.height)
            groups = made.any(axis=1).reshape(layer.groups, -1).any(axis=1)
            return np.repeat(groups, layer.C)[:, None] & rows
        if operation is not None and operation.kind != "pool":
            # of a sum, a part may be one pixel for each channel; of anything else, nothing is known
            if operation.kind == "add" and (read.height, read.width) == (node.height, node.width):
                return made
            return np.asarray(made.any(axis=1))[:, None] & everything if operation.kind == "add" else everything
        window = self.window(node.name)
        found = np.zeros_like(everything)
        for row in range(node.height):
            for y in _under(row, window, read.height):
                found[:, y] |= made[:, row]
        return found

    def window(self, pool: str) -> Window:
        """The window of a pool along the height: of its row, or, where a table has none, what the zoo's has or sizes
        say."""
        from partition.fleet.pools import window_of

        node = self.node(pool)
        read = self.graph.nodes[node.reads[0]]
        row = self._operations.get(pool)
        if row is not None and row.kind in OPERATIONS:
            # what lies over the edge is shared by both ends, the smaller half before
            over = max(0, (node.height - 1) * row.U + row.R - read.height)
            return Window(row.R, row.U, int(row.pad_h) if row.pad_h else (0 if row.U > 1 else over // 2))
        return window_of(self.network, read.height, node.height)


def _under(row: int, window: Window, height: int) -> range:
    first = row * window.stride - window.pad
    return range(max(0, first), min(height, first + window.size))


def _rows_under(rows: NDArray[np.bool_], window: Window, height: int) -> NDArray[np.bool_]:
    found = np.zeros(height, np.bool_)
    for row in np.flatnonzero(rows):
        found[list(_under(int(row), window, height))] = True
    return found


class Traffic(NamedTuple):
    """Words of a tensor that a device receives, sends to each who needs them, and would send if all heard at once."""

    received: int
    sent: int
    sent_multicast: int


def exchanged(
    tensors: Tensors,
    made: Mapping[str, list[Part]],
    local: Collection[str] = (),
    result_at: int | None = None,
) -> dict[str, list[Traffic]]:
    """What moves between devices, by tensor and device.

    Parameters
    ----------
    tensors : Tensors
    made : mapping of str to list of (channels, rows)
        What each device makes of each tensor; of what several make, the first sends it.
    local : collection of str
        Layers that take the channels that are there, and so need no others.
    result_at : int, optional
        Device that needs what nobody reads; default: it stays where it is made.
    """
    devices = len(next(iter(made.values())))
    needed = {name: [tensors.nothing(name) for _ in range(devices)] for name in tensors.names}
    for name in tensors.names:
        for device, part in enumerate(made[name]):
            if name != IMAGE and name not in local:
                for read, wanted in tensors.needed(name, part).items():
                    needed[read][device] = needed[read][device] | wanted
    if result_at is not None:
        for name in tensors.ends:
            needed[name][result_at] |= True
    return {name: traffic_of(tensors, name, needed[name], made[name]) for name in tensors.names}


def traffic_of(tensors: Tensors, name: str, needed: list[Part], made: list[Part]) -> list[Traffic]:
    """What moves of one tensor, by device.

    Parameters
    ----------
    tensors : Tensors
    name : str
    needed, made : list of (channels, rows)
        By each device; of what several make, the first sends it.
    """
    lacking = [wanted & ~own for wanted, own in zip(needed, made, strict=True)]
    # how many devices lack an element, and who sends it
    receivers = np.asarray(np.sum(lacking, axis=0, dtype=np.int64))
    width = tensors.node(name).width
    taken = tensors.nothing(name)
    found = []
    for own, without in zip(made, lacking, strict=True):
        sends = own & ~taken
        taken |= own
        found.append(
            Traffic(
                received=tensors.words(name, without),
                sent=int(receivers[sends].sum()) * width,
                sent_multicast=tensors.words(name, sends & (receivers > 0)),
            )
        )
    return found
