"""Ways to spread a network: which device makes what of every tensor."""

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from analytical.graph import IMAGE
from analytical.layer import Layer
from partition.fleet.shares import FleetError, share_out
from partition.fleet.tensors import Part, Tensors, Traffic, exchanged

Made = dict[str, list[Part]]
"""Parts by tensor and device."""


def by_rows(tensors: Tensors, weights: Sequence[float], *, fc_by_filters: bool = False) -> Made:
    """Rows of every tensor; a fully connected layer's one row is the first device's, or its filters are shared out.

    Parameters
    ----------
    tensors : Tensors
    weights : sequence of float
        Of the devices.
    fc_by_filters : bool

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> made = by_rows(Tensors(load_network("alexnet")), [1, 1])
    >>> [int(part.any(axis=0).sum()) for part in made["C1"]], [bool(part.any()) for part in made["FC6"]]
    ([28, 27], [True, False])
    """

    def part(name: str, device: int) -> Part:
        node, made = tensors.node(name), tensors.nothing(name)
        if fc_by_filters and node.layer is not None and node.layer.kind == "fc":
            made[share_out(node.channels, weights)[device].slice] = True
        else:
            made[:, share_out(node.height, weights)[device].slice] = True
        return made

    return _each(tensors, len(weights), part)


def by_filters(tensors: Tensors, weights: Sequence[float]) -> Made:
    """Filters of every layer; pools and sums follow the channels that they read, of which a sum's first part says.

    Parameters
    ----------
    tensors, weights
        As for :func:`by_rows`.
    """
    made: Made = {}
    for name in tensors.names:
        node = tensors.node(name)
        parts = [tensors.nothing(name) for _ in weights]
        if name == IMAGE:
            parts[0][:] = True
        elif node.layer is not None:
            for part, filters in zip(parts, share_out(node.channels, weights), strict=True):
                part[filters.slice] = True
        elif tensors.keeps_channels(name):
            parts = channels_that_are_there(tensors, made, name)
        else:
            for part, channels in zip(parts, share_out(node.channels, weights), strict=True):
                part[channels.slice] = True
        made[name] = parts
    return made


def channels_that_are_there(tensors: Tensors, made: Made, name: str) -> list[Part]:
    """Of a pool or a sum, on each device the channels that it has made of what is read first.

    Parameters
    ----------
    tensors : Tensors
    made : Made
        Has what is read.
    name : str
    """
    parts = [tensors.nothing(name) for _ in next(iter(made.values()))]
    for device, part in enumerate(parts):
        for maker, first in tensors.makers(tensors.node(name).reads[0]):
            whole = np.asarray(made[maker][device].any(axis=1))
            part[first : first + whole.size] = whole[:, None]
    return parts


def fuse_rows(tensors: Tensors, weights: Sequence[float], names: Sequence[str], made: Made) -> None:
    """Add to ``made`` rows of what none of some tensors reads, and all rows that these need of what is in ``made``.

    Parameters
    ----------
    tensors : Tensors
    weights : sequence of float
        Of the devices.
    names : sequence of str
        The tensors, in order.
    made : Made
        Has them, and what else may be made again; is changed.
    """
    read_inside = {read for name in names for read in tensors.reads(name)}
    for name in names:
        if name not in read_inside:
            for part, rows in zip(made[name], share_out(tensors.node(name).height, weights), strict=True):
                part[:, rows.slice] = True
    for device in range(len(weights)):
        for name in reversed(names):
            for read, part in tensors.needed(name, made[name][device]).items():
                if read in made:
                    made[read][device] |= part


def by_rows_fused(tensors: Tensors, weights: Sequence[float]) -> Made:
    """Rows of the last feature maps of more than one row, and back to the image all rows that these need: devices
    exchange nothing before; what comes after is the first device's.

    Parameters
    ----------
    tensors, weights
        As for :func:`by_rows`.
    """
    before = [name for name in tensors.names[1:] if tensors.node(name).height > 1]

    def part(name: str, device: int) -> Part:
        made = tensors.nothing(name)
        made[:] = name not in before and device == 0
        return made

    made = _each(tensors, len(weights), part)
    # the image is nobody's to make
    fuse_rows(tensors, weights, before, {name: parts for name, parts in made.items() if name != IMAGE})
    return made


def by_segments(tensors: Tensors, cuts: Sequence[str], devices: int) -> Made:
    """Segments of the row of tensors.

    Parameters
    ----------
    tensors : Tensors
    cuts : sequence of str
        The last tensor of each segment but the last one's, in order.
    devices : int
        Those beyond the last segment make nothing.

    Raises
    ------
    FleetError
        A name that is no tensor, out of order, or more segments than devices.
    """
    order = tensors.names[1:]
    stops: list[int] = []
    for cut in cuts:
        if cut not in order[:-1] or (stops and order.index(cut) <= stops[-1]):
            raise FleetError(f"cuts are {', '.join(cuts)}; expected some of {', '.join(order[:-1])}, in this order")
        stops.append(order.index(cut))
    if len(stops) >= devices:
        raise FleetError(f"cuts are {', '.join(cuts)}; expected at most {devices - 1}, for {devices} devices")

    def part(name: str, device: int) -> Part:
        made = tensors.nothing(name)
        made[:] = device == sum(order.index(name) > stop for stop in stops)
        return made

    return _each(tensors, devices, part)


def least_segments(tensors: Tensors, devices: int) -> list[str]:
    """The cuts into as many segments as devices, or as there are layers, whose largest has the fewest MACs; of these,
    those across which the fewest words go. Each segment has a layer.

    Parameters
    ----------
    tensors : Tensors
    devices : int

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> least_segments(Tensors(load_network("alexnet")), 3)
    ['P2', 'C3']
    """
    order = tensors.names[1:]
    macs = [0 if (layer := tensors.node(name).layer) is None else layer.macs for name in order]
    up_to = np.concatenate([[0], np.cumsum(macs)])
    crossing = [tensors.words_across(order[: at + 1]) for at in range(len(order) - 1)]
    # of each number of segments and each end: least (largest segment, words across), and the cut before
    best = {(1, at): (int(up_to[at + 1]), 0, -1) for at in range(len(order)) if up_to[at + 1]}
    for segments in range(2, devices + 1):
        for at in range(len(order)):
            choices = [
                (
                    max(best[segments - 1, cut][0], int(up_to[at + 1] - up_to[cut + 1])),
                    best[segments - 1, cut][1] + crossing[cut],
                    cut,
                )
                for cut in range(at)
                if (segments - 1, cut) in best and up_to[at + 1] > up_to[cut + 1]
            ]
            if choices:
                best[segments, at] = min(choices)
    end = len(order) - 1
    segments = max(number for number in range(1, devices + 1) if (number, end) in best)
    cuts: list[str] = []
    while segments > 1:
        end = best[segments, end][2]
        cuts.insert(0, order[end])
        segments -= 1
    return cuts


def _each(tensors: Tensors, devices: int, part: Callable[[str, int], Part]) -> Made:
    """Parts of every tensor; the image is the first device's."""
    made = {name: [part(name, device) for device in range(devices)] for name in tensors.names[1:]}
    image = [tensors.nothing(IMAGE) for _ in range(devices)]
    image[0][:] = True
    return {IMAGE: image} | made


def channels_at(tensors: Tensors, made: Made, layer: Layer) -> list[NDArray[np.bool_]]:
    """Which channels of its ifmap each device has made, all groups together."""
    read = tensors.node(layer.name).reads[0]
    channels = tensors.graph.nodes[read].channels
    found = []
    for device in range(len(made[IMAGE])):
        there = np.zeros(channels, np.bool_)
        for maker, first in tensors.makers(read):
            whole = np.asarray(made[maker][device].any(axis=1))
            there[first : first + whole.size] = whole
        # a flattened tensor has each channel as so many
        found.append(np.repeat(there, layer.channels // channels))
    return found


def psums_moved(tensors: Tensors, made: Made, layer: Layer) -> list[Traffic]:
    """Psums of a layer that devices send each other, if each works on the channels that it has, for all filters of
    their groups, and the owner of a filter adds them up.

    Parameters
    ----------
    tensors : Tensors
    made : Made
        Who makes which filters.
    layer : Layer
    """
    owned = [np.asarray(part.any(axis=1)) for part in made[layer.name]]
    # filters for which a device has some channel
    partly = [
        np.repeat(there.reshape(layer.groups, -1).any(axis=1), layer.filters_per_group)
        for there in channels_at(tensors, made, layer)
    ]
    size = layer.E * layer.G
    makers = np.asarray(np.sum(partly, axis=0, dtype=np.int64))
    found = []
    for own, some in zip(owned, partly, strict=True):
        sent = int(np.count_nonzero(some & ~own)) * size
        received = int((makers - some)[own].sum()) * size
        found.append(Traffic(received=received, sent=sent, sent_multicast=sent))
    return found


def layers_by_channels(tensors: Tensors, made: Made, word_bits: Callable[[str], float], psum_bits: float) -> set[str]:
    """Layers that cost fewer bits if psums move in place of what they read: of each tensor all readers, or none.

    Parameters
    ----------
    tensors : Tensors
    made : Made
        By filters.
    word_bits : callable
        Bits of a word of a tensor.
    psum_bits : float
        Of a psum.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> tensors = Tensors(load_network("alexnet"))
    >>> sorted(layers_by_channels(tensors, by_filters(tensors, [1, 1]), lambda _: 1.0, 2.0))
    ['FC6', 'FC8']
    """

    def bits(local: Collection[str]) -> float:
        moved = exchanged(tensors, made, local)
        return sum(each.received * word_bits(name) for name, of_tensor in moved.items() for each in of_tensor)

    readers: dict[str, list[Layer]] = {}
    for layer in tensors.network.layers:
        readers.setdefault(tensors.node(layer.name).reads[0], []).append(layer)
    whole, chosen = bits(()), set()
    for read, layers in readers.items():
        if read != IMAGE:
            names = {layer.name for layer in layers}
            psums = sum(each.received for layer in layers for each in psums_moved(tensors, made, layer))
            if psums * psum_bits < whole - bits(names):
                chosen |= names
    return chosen
