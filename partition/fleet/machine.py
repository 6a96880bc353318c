"""A distributed run, with values: each device makes its parts on the machine of what it has and receives."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analytical.graph import IMAGE
from analytical.hardware import Hardware
from analytical.layer import Layer
from partition.fleet.shares import FleetError, shares_of
from partition.fleet.strategies import Made, channels_at
from partition.fleet.tensors import Part, Tensors
from traces.convolution import convolve

Values = NDArray[np.int64]

RunLayer = Callable[[Layer, Values, Values], Values]
"""Runs a layer on a padded ifmap (channels, H, W) and filters (F, C, R, S): psums (F, E, G)."""


def on_machine(hardware: Hardware) -> RunLayer:
    """Layers on the machine, as :func:`simulator.run_layer` has it.

    Parameters
    ----------
    hardware : Hardware
    """
    from simulator.runner import run_layer  # the machine takes its time to import

    def run(layer: Layer, ifmap: Values, filters: Values) -> Values:
        alone = replace(layer, name="share", batch=1)
        return np.asarray(run_layer(alone, ifmap[None], filters, hardware=hardware, batch=1).ofmap[0], np.int64)

    return run


class DistributedRun:
    """One image through a network, whole, and then on several devices.

    Values are synthetic, and none is zero, so that whatever is missing is missed: pixels and weights from 1 up. What is
    made is shifted down until it has the width of a word, and is at least 1. Pools add up what is under their windows,
    since the greatest of several values would hide that one is missing.

    Parameters
    ----------
    tensors : Tensors
        Of a network without operations of other kinds than ``pool`` and ``add``.
    b_w : int
        Bits of a word.
    seed : int

    Raises
    ------
    FleetError
        The network has other operations: nobody knows what they make.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> from analytical.layer import Layer
    >>> from analytical.network import Network
    >>> from partition.fleet.strategies import by_rows
    >>> tensors = Tensors(Network("one", (Layer.conv("L", channels=1, size=6, filters=2, filter=3, first=True),)))
    >>> run, made = DistributedRun(tensors, b_w=8), by_rows(tensors, [1, 1])
    >>> run.wrong(made, on_machine(EYERISS_8BIT)), run.wrong(made, on_machine(EYERISS_8BIT), dropped=["In"])
    ({}, {'L': 16})
    """

    def __init__(self, tensors: Tensors, b_w: int, seed: int = 0) -> None:
        unknown = next((name for name in tensors.names[1:] if not tensors.is_known(name)), None)
        if unknown is not None:
            raise FleetError(
                f"operation {unknown} has no values; expected layers, pools and sums for a run with values"
            )
        self.tensors = tensors
        self._most = 2 ** (b_w - 1) - 1
        self._rng = np.random.default_rng(seed)
        image = tensors.node(IMAGE)
        shape = (image.channels, image.height, image.width)
        self.values: dict[str, Values] = {IMAGE: self._rng.integers(1, self._most + 1, shape)}
        self.psums: dict[str, Values] = {}
        """Of each tensor, before it has the width of a word."""
        self._shift: dict[str, int] = {}
        for name in tensors.names[1:]:
            self.psums[name] = self._whole(name)
            most = int(self.psums[name].max())
            self._shift[name] = max(0, most.bit_length() - (b_w - 1))
            self.values[name] = self._narrowed(name, self.psums[name])

    def filters(self, layer: Layer) -> Values:
        """Of a layer: weights of 1 to 3, always the same ones."""
        rng = np.random.default_rng((layer.weights, layer.F, layer.E))
        return rng.integers(1, 4, (layer.F, layer.C, layer.R, layer.S))

    def wrong(
        self, made: Made, run: RunLayer, local: Collection[str] = (), dropped: Collection[str] = ()
    ) -> dict[str, int]:
        """Values that a distributed run gets wrong, by tensor; a right one has none.

        Parameters
        ----------
        made : Made
            Who makes what.
        run : callable
            Runs a layer (:func:`on_machine`).
        local : collection of str
            Layers that work on the channels that are there, whose psums their filters' owners add up.
        dropped : collection of str
            Tensors whose messages are lost: what would come in them is 0.
        """
        found: dict[str, int] = {}
        for name in self.tensors.names[1:]:
            whole = self.psums[name]
            if name in local:
                wrong = int(np.count_nonzero(self._by_channels(name, made, run) != whole))
                found |= {name: wrong} if wrong else {}
                continue
            for device, part in enumerate(made[name]):
                if part.any():
                    there = self._there(name, device, made, dropped)
                    got = self._part(name, part, there, run)
                    wrong = int(np.count_nonzero(got[part] != whole[part]))
                    if wrong:
                        found[name] = found.get(name, 0) + wrong
        return found

    def _there(self, name: str, device: int, made: Made, dropped: Collection[str]) -> dict[str, Values]:
        """What a device has of what it reads: what it made, and of what it receives what it needs."""
        needed = self.tensors.needed(name, made[name][device])
        there = {}
        for read in self.tensors.reads(name):
            has = made[read][device]
            if read in needed and read not in dropped:
                has = has | needed[read]
            there[read] = np.where(has[:, :, None], self.values[read], 0)
        return there

    def _read(self, read: str, there: Mapping[str, Values]) -> Values:
        return np.concatenate([there[maker.tensor] for maker in self.tensors.makers(read)])

    def _padded(self, layer: Layer, values: Values) -> Values:
        """Values as a layer's ifmap: flattened, or in the middle of their padding."""
        if layer.kind == "fc":
            return values.reshape(layer.channels, layer.H, layer.W)
        top, left = (layer.H - values.shape[1]) // 2, (layer.W - values.shape[2]) // 2
        ifmap = np.zeros((layer.channels, layer.H, layer.W), np.int64)
        ifmap[:, max(0, top) : max(0, top) + values.shape[1], max(0, left) : max(0, left) + values.shape[2]] = values[
            :, max(0, -top) : max(0, -top) + layer.H, max(0, -left) : max(0, -left) + layer.W
        ]
        return ifmap

    def _whole(self, name: str) -> Values:
        node = self.tensors.node(name)
        if node.layer is None:
            return self._pooled(name, self.values)
        layer = node.layer
        ifmap = self._padded(layer, self._read(node.reads[0], self.values))
        filters, stride = self.filters(layer), (layer.U, layer.V)
        return np.asarray(convolve(ifmap[None], filters, stride=stride, groups=layer.groups, E=layer.E, G=layer.G)[0])

    def _part(self, name: str, part: Part, there: Mapping[str, Values], run: RunLayer) -> Values:
        """A part of a tensor, the rest of which is 0."""
        node = self.tensors.node(name)
        if node.layer is None:
            return self._pooled(name, there)
        layer = node.layer
        ifmap, filters = self._padded(layer, self._read(node.reads[0], there)), self.filters(layer)
        made = np.zeros((layer.F, layer.E, layer.G), np.int64)
        read = self.tensors.graph.nodes[node.reads[0]]
        for share in shares_of(part):
            for piece in share.pieces(layer, (read.height, read.width)):
                made[piece.ofmap] = run(piece.layer, ifmap[piece.ifmap], filters[piece.filters])
        return made

    def _by_channels(self, name: str, made: Made, run: RunLayer) -> Values:
        """Psums of the channels that each device has, added up."""
        layer = self.tensors.node(name).layer
        assert layer is not None  # only layers work on channels
        ifmap = self._padded(layer, self._read(self.tensors.node(name).reads[0], self.values))
        filters, of_group = self.filters(layer), layer.filters_per_group
        sums = np.zeros((layer.F, layer.E, layer.G), np.int64)
        for there in channels_at(self.tensors, made, layer):
            for group, of_channels in enumerate(there.reshape(layer.groups, layer.C)):
                if not of_channels.any():
                    continue
                own = slice(group * of_group, (group + 1) * of_group)
                part = replace(layer, groups=1, F=of_group, C=int(of_channels.sum()))
                channels = ifmap[group * layer.C : (group + 1) * layer.C][of_channels]
                sums[own] += run(part, channels, filters[own][:, of_channels])
        return sums

    def _narrowed(self, name: str, sums: Values) -> Values:
        return np.asarray(np.maximum(1, np.minimum(sums >> self._shift[name], self._most)))

    def _pooled(self, name: str, there: Mapping[str, Values]) -> Values:
        """The sum under each window of a pool, or of what a sum adds up."""
        node = self.tensors.node(name)
        read = [self._read(each, there) for each in node.reads]
        if self.tensors.is_sum(name):
            shape = (node.channels, node.height, node.width)
            return np.asarray(np.sum([np.broadcast_to(each, shape) for each in read], axis=0))
        values, window = read[0], self.tensors.window(name)
        # along the width no device splits anything: columns as even as they go
        edges = np.linspace(0, values.shape[2], node.width + 1).astype(int)
        columns = np.add.reduceat(values, np.minimum(edges[:-1], values.shape[2] - 1), axis=2)
        starts = [row * window.stride - window.pad for row in range(node.height)]
        return np.asarray(
            np.stack([columns[:, max(0, at) : max(0, at + window.size)].sum(axis=1) for at in starts], axis=1)
        )
