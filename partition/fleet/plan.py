"""What each device makes, holds, moves and spends; what a frame takes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical.graph import IMAGE
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.network import Network
from analytical.spans import Span
from partition.channel import MEDIAN_SPARSITY_IN, image_bits, tensor_bits
from partition.fleet.shares import FleetError, Share, SharePrices
from partition.fleet.strategies import (
    Made,
    Strategy,
    by_filters,
    by_rows,
    by_rows_fused,
    by_segments,
    channels_at,
    layers_by_channels,
    least_segments,
    psums_moved,
)
from partition.fleet.tensors import Part, Tensors, Traffic, exchanged
from partition.sources.base import EnergySource


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """How devices talk to each other.

    Attributes
    ----------
    bitrate_bps : float
        Of each device's link; of all together, where they share one medium.
    tx_power_W, rx_power_W, idle_power_W : float
        Of a device that sends, receives, or waits.
    shared : bool
        One transmission at a time.
    """

    bitrate_bps: float
    tx_power_W: float
    rx_power_W: float
    idle_power_W: float = 0.0
    shared: bool = False

    def record(self) -> dict[str, float]:
        """As JSON has it."""
        return {name: value for name, value in asdict(self).items() if name != "shared"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """What one device does for a frame of the system.

    Attributes
    ----------
    number : int
        From 0.
    macs, weight_words : int
        MACs of a frame that it works on, and weights that it holds.
    activation_words : int
        Most words of tensors that it holds at a time: what it has made until the last reader of it, and what it has
        received while it reads it.
    image_received_words, received_words, sent_words : int
        For a frame; the image's are apart from those of other tensors.
    psums_received_words, psums_sent_words : int
        Where layers are split by channels.
    sent_bits, received_bits : float
        Of all tensors and psums, the image among them.
    compute_J, send_J, receive_J, idle_J : float
        For a frame of the system.
    busy_s : float
        That it works on a frame.
    """

    number: int
    macs: int
    weight_words: int
    activation_words: int
    image_received_words: int
    received_words: int
    sent_words: int
    psums_received_words: int = 0
    psums_sent_words: int = 0
    sent_bits: float
    received_bits: float
    compute_J: float
    send_J: float
    receive_J: float
    idle_J: float
    busy_s: float

    @property
    def energy_J(self) -> float:
        """All of it, for a frame of the system."""
        return self.compute_J + self.send_J + self.receive_J + self.idle_J


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A network spread over devices.

    Attributes
    ----------
    strategy : Strategy
    variant : str
        Of the strategy; empty for the plain one.
    devices : tuple of Device
    latency_s : float
        From an image to its result.
    frames_per_s : float
    cuts : tuple of str
        Of a sequential one.
    """

    strategy: Strategy
    variant: str
    devices: tuple[Device, ...]
    latency_s: float
    frames_per_s: float
    cuts: tuple[str, ...] = ()

    @property
    def max_energy_J(self) -> float:
        """The worst device's, for a frame of the system."""
        return max(device.energy_J for device in self.devices)

    @property
    def total_energy_J(self) -> float:
        """All devices', for a frame of the system."""
        return sum(device.energy_J for device in self.devices)

    def memory_bytes(self, hardware: Hardware) -> float:
        """Weights and activations of the device that needs most."""
        return max(device.weight_words + device.activation_words for device in self.devices) * hardware.b_w / 8

    def breakeven_J_per_bit(self, alone_J: float) -> float | None:
        """What a bit may cost, sent and received alike, so that the worst device spends as much as one alone; None
        where it spends more however little a bit costs, or less however much.

        Each device's energy is a line over it: all have to be below.
        """
        limits = []
        for device in self.devices:
            spare = alone_J - device.compute_J - device.idle_J
            bits = device.sent_bits + device.received_bits
            if spare < 0:
                return None
            if bits:
                limits.append(spare / bits)
        return min(limits, default=None)

    def record(self, hardware: Hardware, alone: "Spread | None" = None) -> dict[str, Any]:
        """As JSON has it; with the break-even, where one device alone is known."""
        bytes_of = hardware.b_w / 8
        breakeven = None if alone is None else self.breakeven_J_per_bit(alone.max_energy_J)
        return {
            "strategy": self.strategy.value,
            "variant": self.variant,
            "latency_s": self.latency_s,
            "frames_per_s": self.frames_per_s,
            "max_energy_J": self.max_energy_J,
            "total_energy_J": self.total_energy_J,
            "breakeven_J_per_bit": breakeven,
            "cuts": list(self.cuts),
            "devices": [
                {
                    "device": device.number,
                    **{name: value for name, value in asdict(device).items() if name != "number"},
                    "weight_bytes": device.weight_words * bytes_of,
                    "activation_bytes": device.activation_words * bytes_of,
                    "energy_J": device.energy_J,
                }
                for device in self.devices
            ],
        }


BY_CHANNELS = "by channels"
"""A variant: layers work on the channels that are there, wherever psums take fewer bits than what they would read."""

FC_BY_FILTERS = "fc by filters"
"""A variant: filters of fully connected layers are shared out, and not their one row."""

VARIANTS: dict[Strategy, tuple[str, ...]] = {
    Strategy.DATA: ("",),
    Strategy.SEQUENTIAL: ("",),
    Strategy.HORIZONTAL: ("", FC_BY_FILTERS),
    Strategy.FUSED: ("",),
    Strategy.VERTICAL: ("", BY_CHANNELS),
}
"""Ways to do each; the first is the plain one."""


LEAST: dict[str, Callable[[Spread], float]] = {
    "energy": lambda spread: spread.max_energy_J,
    "latency": lambda spread: spread.latency_s,
    "throughput": lambda spread: -spread.frames_per_s,
    "memory": lambda spread: max(device.weight_words + device.activation_words for device in spread.devices),
}
"""What the best strategy has least of; for throughput, most."""


def best_of(spreads: Sequence[Spread], least: str) -> Spread | None:
    """The best of some; of equals, the one whose worst device spends less energy, and then the first.

    Parameters
    ----------
    spreads : sequence of Spread
    least : str
        One of :data:`LEAST`.
    """
    return min(spreads, key=lambda spread: (LEAST[least](spread), spread.max_energy_J), default=None)


class Fleet:
    """Devices that are alike, one network, one link, one source of energies.

    Parameters
    ----------
    network : Network
    hardware : Hardware
        Of each device.
    source : EnergySource
        Of a share of a layer it is asked as of any layer.
    link : Link
    weights : sequence of float
        Shares of the devices.
    sparsity_in : float
        Share of zeros in the image's JPEG.

    Raises
    ------
    FleetError
        Shares that cannot be.
    """

    def __init__(
        self,
        network: Network,
        hardware: Hardware,
        source: EnergySource,
        link: Link,
        weights: Sequence[float],
        sparsity_in: float = MEDIAN_SPARSITY_IN,
    ) -> None:
        self.tensors = Tensors(network)
        self.hardware = hardware
        self.link = link
        self.weights = list(weights)
        self._prices = SharePrices(source, hardware)
        self._bits = {name: _bits_of_word(self.tensors, name, hardware, sparsity_in) for name in self.tensors.names}

    def spread(self, strategy: Strategy, variant: str = "", cuts: Sequence[str] | None = None) -> Spread:
        """The network by one strategy.

        Parameters
        ----------
        strategy : Strategy
        variant : str
            One of its :data:`VARIANTS`.
        cuts : sequence of str, optional
            Of a sequential one; default: those of the fewest MACs in the largest segment.

        Raises
        ------
        FleetError
            There is no such variant, or cuts that cannot be.
        SourceError
            The source has no costs for a share.
        """
        if variant not in VARIANTS[strategy]:
            raise FleetError(f"variant is {variant!r}; expected {' or '.join(map(repr, VARIANTS[strategy]))}")
        if cuts is not None and strategy is not Strategy.SEQUENTIAL:
            raise FleetError(f"cuts are given with {strategy.value}; expected {Strategy.SEQUENTIAL.value}")
        devices = len(self.weights)
        if strategy is Strategy.DATA:
            return self._by_frames()
        chosen = tuple(least_segments(self.tensors, devices) if cuts is None else cuts)
        makers: dict[Strategy, Callable[[], Made]] = {
            Strategy.SEQUENTIAL: lambda: by_segments(self.tensors, chosen, devices),
            Strategy.HORIZONTAL: lambda: by_rows(self.tensors, self.weights, fc_by_filters=bool(variant)),
            Strategy.FUSED: lambda: by_rows_fused(self.tensors, self.weights),
            Strategy.VERTICAL: lambda: by_filters(self.tensors, self.weights),
        }
        made = makers[strategy]()
        local: set[str] = set()
        if variant == BY_CHANNELS:
            local = layers_by_channels(self.tensors, made, self._bits.__getitem__, self._psum_bits)
        traffic = exchanged(self.tensors, made, local)
        psums = {
            layer.name: psums_moved(self.tensors, made, layer)
            for layer in self.tensors.network.layers
            if layer.name in local
        }
        taken = [self._work(made, device, local) for device in range(devices)]
        is_sequential = strategy is Strategy.SEQUENTIAL
        moving = [
            [(each.received + each.sent) * self._bits[name] for each in of_tensor]
            for name, of_tensor in traffic.items()
        ] + [[(each.received + each.sent) * self._psum_bits for each in of_layer] for of_layer in psums.values()]
        seconds = [sum(of_device) / self.link.bitrate_bps for of_device in zip(*moving, strict=True)]
        busy = [sum(each.values()) for _, each in taken]
        if self.link.shared:
            sent = sum(each.sent * self._bits[name] for name, of_tensor in traffic.items() for each in of_tensor)
            transfers = sent / self.link.bitrate_bps
        elif is_sequential:
            transfers = sum(seconds) / 2
        else:
            transfers = sum(max(of_tensor) for of_tensor in moving) / self.link.bitrate_bps
        if is_sequential:
            latency = sum(busy) + transfers
            period = max([*map(max, zip(busy, seconds, strict=True)), *([transfers] if self.link.shared else [])])
        else:
            layers = [layer.name for layer in self.tensors.network.layers]
            latency = sum(max(each.get(name, 0.0) for _, each in taken) for name in layers) + transfers
            period = latency
        found = [
            self._device(number, made, traffic, psums, energy, sum(by_layer.values()), period)
            for number, (energy, by_layer) in enumerate(taken)
        ]
        return Spread(
            strategy=strategy,
            variant=variant,
            devices=tuple(found),
            latency_s=latency,
            frames_per_s=1 / period,
            cuts=chosen if is_sequential else (),
        )

    @property
    def _psum_bits(self) -> float:
        """A psum is as wide as a product, and moves raw."""
        return 2.0 * self.hardware.b_w

    def _shares(self, made: Made, device: int, layer: Layer, local: Collection[str]) -> list[Share]:
        """What a device does of a layer."""
        if layer.name not in local:
            return shares_of(made[layer.name][device])
        there = channels_at(self.tensors, made, layer)[device].reshape(layer.groups, layer.C)
        of_group = layer.filters_per_group
        # which channels they are matters to no cost, but that they are summed up together
        return [
            Share(filters=Span(group * of_group, (group + 1) * of_group), channels=Span(0, int(of_channels.sum())))
            for group, of_channels in enumerate(there)
        ]

    def _work(self, made: Made, device: int, local: Collection[str] = ()) -> tuple[float, dict[str, float]]:
        """Joules of a device's shares for a frame, and seconds by layer."""
        energy = 0.0
        seconds: dict[str, float] = {}
        for layer in self.tensors.network.layers:
            read = self.tensors.graph.nodes[self.tensors.node(layer.name).reads[0]]
            for share in self._shares(made, device, layer, local):
                for part in share.layers(layer, (read.height, read.width)):
                    joules, taken = self._prices.of(part)
                    energy += joules
                    seconds[layer.name] = seconds.get(layer.name, 0.0) + taken
        return energy, seconds

    def _device(
        self,
        number: int,
        made: Made,
        traffic: Mapping[str, list[Traffic]],
        psums: Mapping[str, list[Traffic]],
        energy: float,
        busy: float,
        period: float,
    ) -> Device:
        own = {name: of_tensor[number] for name, of_tensor in traffic.items()}
        psums_received = sum(of_layer[number].received for of_layer in psums.values())
        psums_sent = sum(of_layer[number].sent for of_layer in psums.values())
        received = sum(each.received * self._bits[name] for name, each in own.items())
        received += psums_received * self._psum_bits
        sent = sum(each.sent * self._bits[name] for name, each in own.items()) + psums_sent * self._psum_bits
        shares = [
            part
            for layer in self.tensors.network.layers
            for share in self._shares(made, number, layer, psums)
            for part in share.layers(layer)
        ]
        # filters that serve rows apart from each other are held once
        held = {
            layer.name: np.asarray(made[layer.name][number].any(axis=1)).sum() * layer.C * layer.R * layer.S
            for layer in self.tensors.network.layers
            if layer.name not in psums
        }
        by_channels = sum(
            part.weights
            for layer in self.tensors.network.layers
            if layer.name in psums
            for share in self._shares(made, number, layer, psums)
            for part in share.layers(layer)
        )
        radio_s = (received + sent) / self.link.bitrate_bps
        return Device(
            number=number,
            macs=sum(part.macs for part in shares),
            weight_words=int(sum(held.values())) + by_channels,
            activation_words=most_live(self.tensors, made, number, psums),
            image_received_words=own[IMAGE].received,
            received_words=sum(each.received for name, each in own.items() if name != IMAGE),
            sent_words=sum(each.sent for each in own.values()),
            psums_received_words=psums_received,
            psums_sent_words=psums_sent,
            sent_bits=sent,
            received_bits=received,
            compute_J=energy,
            send_J=sent * self.link.tx_power_W / self.link.bitrate_bps,
            receive_J=received * self.link.rx_power_W / self.link.bitrate_bps,
            idle_J=self.link.idle_power_W * max(0.0, period - busy - radio_s),
            busy_s=busy,
        )

    def _by_frames(self) -> Spread:
        """Each device everything, for its share of the frames; the image comes from the first."""
        devices, total = len(self.weights), sum(self.weights)
        everything: Made = {name: [~self.tensors.nothing(name)] for name in self.tensors.names}
        energy, by_layer = self._work(everything, 0)
        busy = sum(by_layer.values())
        node = self.tensors.node(IMAGE)
        image = node.values * self._bits[IMAGE]
        frame_s = image / self.link.bitrate_bps
        others = sum(self.weights[1:]) / total
        # an image is sent for each frame that another device works on
        period = max(busy * max(self.weights) / total, others * frame_s if devices > 1 else 0.0)
        layers = self.tensors.network.layers
        found = []
        for number, weight in enumerate(self.weights):
            share = weight / total
            sent, received = (others * image, 0.0) if number == 0 else (0.0, share * image)
            found.append(
                Device(
                    number=number,
                    macs=sum(layer.macs for layer in layers),
                    weight_words=sum(layer.weights for layer in layers),
                    activation_words=most_live(self.tensors, everything, 0),
                    image_received_words=0 if number == 0 else node.values,
                    received_words=0,
                    sent_words=node.values * (devices - 1) if number == 0 else 0,
                    sent_bits=sent,
                    received_bits=received,
                    compute_J=energy * share,
                    send_J=sent * self.link.tx_power_W / self.link.bitrate_bps,
                    receive_J=received * self.link.rx_power_W / self.link.bitrate_bps,
                    idle_J=self.link.idle_power_W * max(0.0, period - busy * share),
                    busy_s=busy,
                )
            )
        return Spread(
            strategy=Strategy.DATA,
            variant="",
            devices=tuple(found),
            latency_s=busy + (devices - 1) * frame_s,
            frames_per_s=1 / period,
        )


def _bits_of_word(tensors: Tensors, name: str, hardware: Hardware, sparsity_in: float) -> float:
    node = tensors.node(name)
    if name == IMAGE:
        return image_bits(node.values, sparsity_in) / node.values
    # of a part of a concatenation, zeros are known as those of the whole
    return tensor_bits(replace(node, sparsity=tensors.sparsity(name)), hardware) / node.values


def shares_of(part: Part) -> list[Share]:
    """A part of a layer's ofmap as shares: runs of rows of runs of filters."""
    rows, filters = _runs(np.asarray(part.any(axis=0))), _runs(np.asarray(part.any(axis=1)))
    return [Share(rows=of_rows, filters=of_filters) for of_rows in rows for of_filters in filters]


def _runs(there: NDArray[np.bool_]) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [Span(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def most_live(tensors: Tensors, made: Made, device: int, local: Collection[str] = ()) -> int:
    """Most words of tensors that a device holds at a time, as it makes its parts in order.

    What it has made it holds until the last reader of the tensor, whoever that is; what it has received, from its first
    reader of it to its last. Of the image it holds what it needs.
    """
    order = tensors.names[1:]
    # a layer that takes the channels that are there needs no others
    needed = {name: {} if name in local else tensors.needed(name, made[name][device]) for name in order}
    readers = {name: [reader for reader in order if name in tensors.reads(reader)] for name in tensors.names}
    most = 0
    for at, name in enumerate(order):
        if not made[name][device].any():
            continue
        before, after = set(order[: at + 1]), set(order[at:])
        words = tensors.words(name, made[name][device])
        for held in tensors.names[: at + 1]:
            own = [reader for reader in readers[held] if held in needed[reader]]
            part = tensors.nothing(held)
            if held != IMAGE and after.intersection(readers[held]):
                part = part | made[held][device]
            if after.intersection(own):
                for reader in own:
                    if reader in before:
                        part = part | needed[reader][held]
            words += tensors.words(held, part)
        most = max(most, words)
    return most
