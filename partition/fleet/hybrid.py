"""Blocks of layers, each spread in its own way: by rows, by filters, or on one device; put together exactly."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytical.graph import IMAGE
from analytical.pareto import not_beaten
from partition.fleet.shares import FleetError, share_out
from partition.fleet.strategies import Made, channels_that_are_there, fuse_rows
from partition.fleet.tensors import Part, Tensors, traffic_of

if TYPE_CHECKING:
    from partition.fleet.plan import Fleet

ROWS, FUSED, FILTERS, ONE = "rows", "fused rows", "filters", "one"

WAYS = (ROWS, FUSED, FILTERS, ONE)
"""Ways of a block: rows of each tensor, halos exchanged; rows of its end, and all that these need, made again; filters
of each layer; all of it on the first device."""

ROW_WAYS = (ROWS, FUSED)
"""Those of rows; where they are asked for, a block of a fully connected layer may be shared out by filters."""

MOST_LABELS = 4000
"""Ways so far that are followed from one tensor, of those that none beats; beyond them, those that look best."""


class Block(NamedTuple):
    """Layers up to a tensor, and how they are spread."""

    until: str
    way: str


def modules_of(tensors: Tensors) -> list[list[str]]:
    """The network's tensors in the order in which they are made, up to each place where a single one crosses (a
    concatenation is one): blocks begin and end there.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> modules_of(Tensors(load_network("squeezenet1_1")))[:4]
    [['C1'], ['P1'], ['Fs2'], ['Fe2_1x1', 'Fe2_3x3']]
    """
    found: list[list[str]] = []
    done: set[str] = {IMAGE}
    for name, client in tensors.graph.chain():
        if name != IMAGE:
            module = [each for each in tensors.names if each in client and each not in done]
            done.update(module)
            # a cut behind a concatenation alone adds no tensor
            if module:
                found.append(module)
    return found


def by_blocks(tensors: Tensors, weights: list[float], blocks: list[Block]) -> Made:
    """Who makes what, block by block.

    Parameters
    ----------
    tensors : Tensors
    weights : list of float
        Of the devices.
    blocks : list of Block
        Their ends as :func:`modules_of` has them.
    """
    image = [tensors.nothing(IMAGE) for _ in weights]
    image[0][:] = True
    made: Made = {IMAGE: image}
    modules = modules_of(tensors)
    stops = {module[-1]: at + 1 for at, module in enumerate(modules)}
    start = 0
    for block in blocks:
        stop = stops[block.until]
        made |= _made(tensors, weights, modules[start:stop], block.way, made)
        start = stop
    return made


def _made(tensors: Tensors, weights: list[float], modules: list[list[str]], way: str, before: Made) -> Made:
    """Who makes what of a block; ``before`` has what it reads."""
    names = [name for module in modules for name in module]
    if way == FUSED:
        fused: Made = {name: [tensors.nothing(name) for _ in weights] for name in names}
        fuse_rows(tensors, weights, names, fused)
        return fused
    made: Made = {}
    for name in names:
        node, parts = tensors.node(name), [tensors.nothing(name) for _ in weights]
        if way == ONE:
            parts[0][:] = True
        elif way == ROWS:
            for part, rows in zip(parts, share_out(node.height, weights), strict=True):
                part[:, rows.slice] = True
        elif node.layer is None and tensors.keeps_channels(name) and _has_channels(tensors, name, before | made):
            parts = channels_that_are_there(tensors, before | made, name)
        else:
            for part, channels in zip(parts, share_out(node.channels, weights), strict=True):
                part[channels.slice] = True
        made[name] = parts
    return made


def _has_channels(tensors: Tensors, name: str, made: Made) -> bool:
    """Whether what a tensor is made of lies on the devices by channels, whole, each on one."""
    for maker, _ in tensors.makers(tensors.node(name).reads[0]):
        there = np.array(made[maker])
        if not (np.all(there.any(axis=2) == there.all(axis=2)) and np.all(there.sum(axis=0) == 1)):
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Label:
    """Blocks so far.

    Attributes
    ----------
    energy_J : ndarray of float
        Of each device; what it would spend while it works or sends, if it waited instead, is taken off.
    latency_s : float
    blocks : tuple of Block
    """

    energy_J: NDArray[np.float64]
    latency_s: float
    blocks: tuple[Block, ...]


class _Cost(NamedTuple):
    energy_J: NDArray[np.float64]
    latency_s: float


class Hybrid:
    """The ways to spread a network block by block.

    What a block costs depends on the block, and on where the devices have what it reads: so of all ways to one such
    place, for least latency the fastest is enough (Viterbi), and for the worst device's energy those that none other
    beats on all devices.

    Parameters
    ----------
    fleet : Fleet
        Whose devices, network and link.
    ways : collection of str
        Of :data:`WAYS`, that blocks may have.
    """

    def __init__(self, fleet: "Fleet", ways: Collection[str] = WAYS) -> None:
        self._fleet = fleet
        self._ways = [way for way in WAYS if way in ways]
        self._tensors = fleet.tensors
        self._modules = modules_of(fleet.tensors)
        self._idle = np.array([fleet.idle_power_W(device) for device in range(len(fleet.members))])
        self.is_exact = True
        """Whether all ways that none beats were followed."""

    def best(self, least: str) -> list[Block]:
        """The blocks of which the spread has least ``latency``, or least ``energy`` of the worst device.

        Parameters
        ----------
        least : str
            ``throughput`` is as ``latency``, since one frame is under way.

        Raises
        ------
        FleetError
            Of ``memory``, by which blocks do not add up.
        """
        if least == "memory":
            raise FleetError("least is memory, and blocks are searched for; expected energy, latency or throughput")
        by_latency = least in ("latency", "throughput")
        image = [self._tensors.nothing(IMAGE) for _ in self._fleet.members]
        for device, part in enumerate(image):
            part[:] = device == 0 or self._fleet.is_image_everywhere
        nothing = _Label(np.zeros(len(image)), 0.0, ())
        # of each number of modules: where what was made lies, and the ways to it
        reached: list[dict[bytes, tuple[Made, list[_Label]]]] = [{} for _ in range(len(self._modules) + 1)]
        reached[0][b""] = ({IMAGE: image}, [nothing])
        for at in range(len(self._modules)):
            for crossing, labels in reached[at].values():
                kept = self._kept(labels, by_latency)
                for way in self._ways_of(at):
                    stops = range(at + 1, len(self._modules) + 1) if way == FUSED else [at + 1]
                    for stop in stops:
                        modules = self._modules[at:stop]
                        made = _made(self._tensors, self._fleet.weights, modules, way, crossing)
                        cost = self._cost(made, crossing, is_last=stop == len(self._modules))
                        block = Block(modules[-1][-1], way)
                        after = self._crossing(made, stop)
                        key = b"".join(part.tobytes() for parts in after.values() for part in parts)
                        _, there = reached[stop].setdefault(key, (after, []))
                        there += [
                            _Label(
                                label.energy_J + cost.energy_J, label.latency_s + cost.latency_s, (*label.blocks, block)
                            )
                            for label in kept
                        ]
        ends = [label for _, labels in reached[-1].values() for label in labels]
        return list(min(ends, key=lambda label: self._figures(label, by_latency)).blocks)

    def _ways_of(self, module: int) -> list[str]:
        """Ways of a block that begins with a module."""
        layers = [self._tensors.node(name).layer for name in self._modules[module]]
        is_fc = all(layer is not None and layer.kind == "fc" for layer in layers)
        return [*self._ways, FILTERS] if is_fc and FILTERS not in self._ways else self._ways

    def _figures(self, label: _Label, by_latency: bool) -> tuple[float, float]:
        worst = float(np.max(label.energy_J + self._idle * label.latency_s))
        return (label.latency_s, worst) if by_latency else (worst, label.latency_s)

    def _kept(self, labels: list[_Label], by_latency: bool) -> list[_Label]:
        if by_latency:
            return [min(labels, key=lambda label: self._figures(label, by_latency))]
        columns = np.array([[*label.energy_J, label.latency_s if self._idle.any() else 0.0] for label in labels])
        order = np.argsort(columns.max(axis=1), kind="stable")
        kept = not_beaten(columns, order, MOST_LABELS)
        if len(kept) == MOST_LABELS:
            self.is_exact = False
        return [labels[at] for at in kept]

    def _crossing(self, made: Made, stop: int) -> Made:
        """What the modules behind read."""
        behind = {read for module in self._modules[stop:] for name in module for read in self._tensors.reads(name)}
        return {name: parts for name, parts in made.items() if name in behind}

    def _cost(self, made: Made, crossing: Made, is_last: bool) -> _Cost:
        """Of a block: what each device computes, sends and receives; the slowest of each tensor."""
        fleet, link, devices = self._fleet, self._fleet.link, len(self._fleet.members)
        needed: dict[str, list[Part]] = {}
        energy, busy, latency = np.zeros(devices), np.zeros(devices), 0.0
        for name, parts in made.items():
            prices = [fleet.price(device, name, part) for device, part in enumerate(parts)]
            energy += [price.energy_J for price in prices]
            busy += [price.latency_s for price in prices]
            latency += max(price.latency_s for price in prices)
            for device, part in enumerate(parts):
                for read, wanted in self._tensors.needed(name, part).items():
                    of_read = needed.setdefault(read, [self._tensors.nothing(read) for _ in parts])
                    of_read[device] = of_read[device] | wanted
        if is_last and fleet.result_at is not None:
            for name in set(self._tensors.ends) & set(made):
                of_end = needed.setdefault(name, [self._tensors.nothing(name) for _ in made[name]])
                of_end[fleet.result_at] = ~self._tensors.nothing(name)
        there: Mapping[str, list[Part]] = crossing | made
        moved = np.zeros(devices)
        for name, wanted_by in needed.items():
            of_tensor = traffic_of(self._tensors, name, wanted_by, there[name])
            bits = fleet.bits_on(name, fleet.members[0])
            sent = np.array([each.sent * bits for each in of_tensor])
            received = np.array([each.received * bits for each in of_tensor])
            energy += (sent * link.tx_power_W + received * link.rx_power_W) / link.bitrate_bps
            moved += sent + received
            latency += (float(sent.sum()) if link.shared else float((sent + received).max())) / link.bitrate_bps
        return _Cost(energy - self._idle * (busy + moved / link.bitrate_bps), latency)
