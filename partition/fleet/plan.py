"""A fleet: what each device makes, holds, moves and spends; what a frame takes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from analytical.graph import IMAGE
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.network import Network
from analytical.spans import Span
from partition.channel import MEDIAN_SPARSITY_IN, image_bits, tensor_bits
from partition.fleet.hybrid import ROW_WAYS, Block, Hybrid, by_blocks
from partition.fleet.hybrid import WAYS as HYBRID_WAYS
from partition.fleet.members import Member
from partition.fleet.shares import FleetError, Price, Share, SharePrices, share_out, shares_of
from partition.fleet.spread import Device, Link, Spread
from partition.fleet.strategies import (
    Made,
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
from partition.fleet.ways import BY_CHANNELS, FC_BY_FILTERS, LEAST_CUTS, ON_REQUEST, WAYS, Strategy, Way

IMAGE_AT = ("first", "everywhere")
"""Who has the image: the first device, or each of them."""

RESULT_TO = ("none", "first")
"""Whom the result is sent to: nobody, it stays where it is made; or the first device."""


class Fleet:
    """Devices, one network, and the link between them.

    Parameters
    ----------
    network : Network
    members : sequence of Member
        The devices; of a share of a layer, each one's source is asked as of any layer.
    link : Link
    sparsity_in : float
        Share of zeros in the image's JPEG.
    image_at : str
        Who has the image: one of :data:`IMAGE_AT`.
    result_to : str
        Whom the result is for: one of :data:`RESULT_TO`.

    Raises
    ------
    FleetError
        Shares that cannot be.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> from analytical.networks import load_network
    >>> from partition.fleet.members import alike
    >>> from partition.sources import choose_source
    >>> link = Link(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.78)
    >>> fleet = Fleet(load_network("alexnet"), alike(4, EYERISS_8BIT, choose_source("analytical")), link)
    >>> spread = fleet.spread(Way(Strategy.SEQUENTIAL))
    >>> spread.cuts, round(spread.frames_per_s)
    (('P1', 'P2', 'C3'), 94)
    """

    def __init__(
        self,
        network: Network,
        members: Sequence[Member],
        link: Link,
        sparsity_in: float = MEDIAN_SPARSITY_IN,
        image_at: str = IMAGE_AT[0],
        result_to: str = RESULT_TO[0],
    ) -> None:
        self.tensors = Tensors(network)
        self.members = tuple(members)
        self.link = link
        self.is_image_everywhere = image_at == "everywhere"
        self.result_at = 0 if result_to == "first" else None
        share_out(1, self.weights)  # refuses weights that cannot be, whatever the way
        # devices that are alike share what they have asked
        prices: dict[tuple[int, Hardware], SharePrices] = {}
        for member in members:
            key = id(member.source), member.hardware
            prices.setdefault(key, SharePrices(network, member.source, member.hardware))
        self._prices = [prices[id(member.source), member.hardware] for member in members]
        widths = {member.hardware for member in members}
        self._bits_on = {
            hardware: {name: _bits_of_word(self.tensors, name, hardware, sparsity_in) for name in self.tensors.names}
            for hardware in widths
        }

    @property
    def weights(self) -> list[float]:
        """Of the devices' shares."""
        return [member.share for member in self.members]

    @property
    def widths(self) -> list[int]:
        """Of the devices' words, each once."""
        return sorted({member.hardware.b_w for member in self.members})

    def alone(self) -> Spread:
        """All of it on the first device."""
        fleet = copy(self)
        fleet.members, fleet._prices = self.members[:1], self._prices[:1]
        fleet.members = (replace(self.members[0], share=1.0),)
        return fleet.spread(Way(Strategy.DATA))

    def fits(self, spread: Spread) -> bool:
        """Whether each device has the memory for what it holds."""
        return all(
            member.memory_bytes is None or device.memory_bytes <= member.memory_bytes
            for member, device in zip(self.members, spread.devices, strict=True)
        )

    def made(self, way: Way, cuts: Sequence[str] = (), blocks: Sequence[str] = ()) -> tuple[Made, set[str]]:
        """Who makes what, and the layers that work on the channels that are there.

        Parameters
        ----------
        way : Way
            Any but frames, of which each device makes everything.
        cuts : sequence of str
            Of a sequential one, or of blocks.
        blocks : sequence of str
            How each block is spread.

        Raises
        ------
        FleetError
            Cuts that cannot be.
        """
        if blocks:
            ends = (*cuts, self.tensors.names[-1])
            found = by_blocks(self.tensors, self.weights, [Block(*each) for each in zip(ends, blocks, strict=True)])
            if self.is_image_everywhere:
                found[IMAGE] = [~self.tensors.nothing(IMAGE) for _ in found[IMAGE]]
            return found, set()
        makers: dict[Strategy, Callable[[], Made]] = {
            Strategy.DATA: lambda: {name: [~self.tensors.nothing(name)] for name in self.tensors.names},
            Strategy.SEQUENTIAL: lambda: by_segments(self.tensors, cuts, len(self.members)),
            Strategy.HORIZONTAL: lambda: by_rows(
                self.tensors, self.weights, fc_by_filters=way.variant == FC_BY_FILTERS
            ),
            Strategy.FUSED: lambda: by_rows_fused(self.tensors, self.weights),
            Strategy.VERTICAL: lambda: by_filters(self.tensors, self.weights),
        }
        made = makers[way.strategy]()
        if self.is_image_everywhere:
            made[IMAGE] = [~self.tensors.nothing(IMAGE) for _ in made[IMAGE]]
        local: set[str] = set()
        if way.variant == BY_CHANNELS:
            bits = self._bits_on[self.members[0].hardware]
            local = layers_by_channels(self.tensors, made, bits.__getitem__, self._psum_bits)
        return made, local

    def spread(self, way: Way, cuts: Sequence[str] | None = None, least: str = "energy") -> Spread:
        """The network by one way.

        Parameters
        ----------
        way : Way
            One of :data:`partition.fleet.ways.WAYS`.
        cuts : sequence of str, optional
            Of a sequential one; default: those of the fewest MACs in the largest segment, or, for
            :data:`partition.fleet.ways.LEAST_CUTS`, those with least of what ``least`` says.
        least : str
            One of :data:`partition.fleet.spread.LEAST`.

        Raises
        ------
        FleetError
            There is no such way, or cuts that cannot be; or devices have words of different widths, and exchange parts
            of a tensor.
        SourceError
            A source has no costs for a share.
        """
        if way not in WAYS:
            variants = " or ".join(repr(each.variant) for each in WAYS if each.strategy is way.strategy)
            raise FleetError(f"variant is {way.variant!r}; expected {variants}")
        is_sequential = way.strategy is Strategy.SEQUENTIAL
        if cuts is not None and not is_sequential:
            raise FleetError(f"cuts are given with {way.strategy.value}; expected {Strategy.SEQUENTIAL.value}")
        if way.strategy is Strategy.DATA:
            return self._by_frames()
        if len(self.widths) > 1 and not is_sequential:
            widths = " and ".join(map(str, self.widths))
            raise FleetError(
                f"devices have words of {widths} bit, and {way.strategy.value} shares out tensors; expected one width, "
                "or data or sequential"
            )
        chosen: tuple[str, ...] = ()
        if is_sequential and cuts is not None:
            chosen = tuple(cuts)
        elif is_sequential:
            chosen = tuple(
                self.best_cuts(least) if way.variant == LEAST_CUTS else least_segments(self.tensors, len(self.members))
            )
        if way in ON_REQUEST:
            ways = HYBRID_WAYS if way.strategy is Strategy.HYBRID else ROW_WAYS
            search = Hybrid(self, ways)
            best = search.best(least)
            chosen, blocks = tuple(block.until for block in best[:-1]), tuple(block.way for block in best)
            made, local = self.made(way, chosen, blocks)
            return replace(self._spread(way, made, local, chosen), blocks=blocks, is_exact=search.is_exact)
        made, local = self.made(way, chosen)
        return self._spread(way, made, local, chosen)

    def best_cuts(self, least: str) -> tuple[str, ...]:
        """Cuts into segments of which the spread has least of what is asked for, exactly
        (:class:`partition.fleet.segments.Segments`)."""
        from partition.fleet.segments import Segments

        return Segments(self).best(least)

    def _spread(self, way: Way, made: Made, local: Collection[str], cuts: tuple[str, ...]) -> Spread:
        devices = range(len(self.members))
        traffic = exchanged(self.tensors, made, local, result_at=self.result_at)
        psums = {
            layer.name: psums_moved(self.tensors, made, layer)
            for layer in self.tensors.network.layers
            if layer.name in local
        }
        taken = [self._work(made, device, local) for device in devices]
        bits = {name: self._bits_of(name, made) for name in traffic}
        moving = [
            [(each.received + each.sent) * bits[name] for each in of_tensor] for name, of_tensor in traffic.items()
        ] + [[(each.received + each.sent) * self._psum_bits for each in of_layer] for of_layer in psums.values()]
        seconds = [sum(of_device) / self.link.bitrate_bps for of_device in zip(*moving, strict=True)]
        busy = [sum(each.values()) for _, each in taken]
        is_sequential = way.strategy is Strategy.SEQUENTIAL
        if self.link.shared:
            sent = sum(each.sent * bits[name] for name, of_tensor in traffic.items() for each in of_tensor)
            sent += sum(each.sent * self._psum_bits for of_layer in psums.values() for each in of_layer)
            transfers = sent / self.link.bitrate_bps
        elif is_sequential:
            transfers = sum(seconds) / 2
        else:
            transfers = sum(max(of_tensor) for of_tensor in moving) / self.link.bitrate_bps
        if is_sequential:
            latency = sum(busy) + transfers
            period = max([*map(max, zip(busy, seconds, strict=True)), *([transfers] if self.link.shared else [])])
        else:
            latency = sum(max(each.get(name, 0.0) for _, each in taken) for name in self.tensors.names) + transfers
            period = latency
        found = [self._device(number, made, traffic, psums, bits, *taken[number], period=period) for number in devices]
        return Spread(
            strategy=way.strategy,
            variant=way.variant,
            devices=tuple(found),
            latency_s=latency,
            frames_per_s=1 / period,
            cuts=cuts,
        )

    @property
    def _psum_bits(self) -> float:
        """A psum is as wide as a product, and moves raw."""
        return 2.0 * self.members[0].hardware.b_w

    def _bits_of(self, name: str, made: Made) -> float:
        """Of a word of a tensor, as its maker has it; where several make it, they are as wide."""
        makers = [member for member, part in zip(self.members, made[name], strict=True) if part.any()]
        return self.bits_on(name, (makers or self.members)[0])

    def bits_on(self, name: str, member: Member) -> float:
        """Of a word of a tensor, if this device makes it."""
        return self._bits_on[member.hardware][name]

    def idle_power_W(self, number: int) -> float:
        """Of a device that waits."""
        own = self.members[number].idle_power_W
        return self.link.idle_power_W if own is None else own

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

    def price(self, device: int, name: str, part: Part) -> Price:
        """What a part of a tensor costs a device to make."""
        node = self.tensors.node(name)
        if node.layer is None:
            whole, of = self._prices[device].of_node(name), self.tensors.words(name, part) / node.values
            return Price(whole.energy_J * of, whole.latency_s * of)
        read = self.tensors.graph.nodes[node.reads[0]]
        prices = [self._prices[device].of(node.layer, share, (read.height, read.width)) for share in shares_of(part)]
        return Price(sum(price.energy_J for price in prices), sum(price.latency_s for price in prices))

    def _work(self, made: Made, device: int, local: Collection[str] = ()) -> tuple[float, dict[str, float]]:
        """Joules of a device's shares for a frame, and seconds by tensor."""
        energy = 0.0
        seconds: dict[str, float] = {}
        for name in self.tensors.names[1:]:
            layer = self.tensors.node(name).layer
            if layer is None or name not in local:
                price = self.price(device, name, made[name][device])
            else:
                prices = [self._prices[device].of(layer, share) for share in self._shares(made, device, layer, local)]
                price = Price(sum(each.energy_J for each in prices), sum(each.latency_s for each in prices))
            energy += price.energy_J
            seconds[name] = price.latency_s
        return energy, seconds

    def _device(
        self,
        number: int,
        made: Made,
        traffic: Mapping[str, list[Traffic]],
        psums: Mapping[str, list[Traffic]],
        bits: Mapping[str, float],
        energy: float,
        seconds: Mapping[str, float],
        period: float,
    ) -> Device:
        own = {name: of_tensor[number] for name, of_tensor in traffic.items()}
        busy = sum(seconds.values())
        psums_received = sum(of_layer[number].received for of_layer in psums.values())
        psums_sent = sum(of_layer[number].sent for of_layer in psums.values())
        received = sum(each.received * bits[name] for name, each in own.items())
        received += psums_received * self._psum_bits
        sent = sum(each.sent * bits[name] for name, each in own.items()) + psums_sent * self._psum_bits
        parts = {
            layer.name: [part for share in self._shares(made, number, layer, psums) for part in share.layers(layer)]
            for layer in self.tensors.network.layers
        }
        # filters that serve rows apart from each other are held once
        held = {
            layer.name: np.asarray(made[layer.name][number].any(axis=1)).sum() * layer.C * layer.R * layer.S
            for layer in self.tensors.network.layers
            if layer.name not in psums
        }
        by_channels = sum(part.weights for name in psums for part in parts[name])
        radio_s = (received + sent) / self.link.bitrate_bps
        member = self.members[number]
        return Device(
            number=number,
            name=member.name,
            b_w=member.hardware.b_w,
            macs=sum(part.macs for of_layer in parts.values() for part in of_layer),
            weight_words=int(sum(held.values())) + by_channels,
            activation_words=most_live(self.tensors, made, number, psums),
            image_received_words=own[IMAGE].received,
            image_sent_words=own[IMAGE].sent,
            received_words=sum(each.received for name, each in own.items() if name != IMAGE),
            sent_words=sum(each.sent for name, each in own.items() if name != IMAGE),
            psums_received_words=psums_received,
            psums_sent_words=psums_sent,
            sent_bits=sent,
            received_bits=received,
            compute_J=energy,
            send_J=sent * self.link.tx_power_W / self.link.bitrate_bps,
            receive_J=received * self.link.rx_power_W / self.link.bitrate_bps,
            idle_J=self.idle_power_W(number) * max(0.0, period - busy - radio_s),
            busy_s=busy,
            layers=tuple(name for name, of_layer in parts.items() if of_layer),
        )

    def _by_frames(self) -> Spread:
        """Each device everything, for its share of the frames; the image comes from the first, and the result goes
        there if it is asked for there. Words and MACs are those of a round, in which each device that has frames works
        on one; bits and joules are a frame's of the system, by shares."""
        total = sum(self.weights)
        shares = [weight / total for weight in self.weights]
        devices = range(len(shares))
        everything, _ = self.made(Way(Strategy.DATA))
        by_all = {name: parts * len(shares) for name, parts in everything.items()}
        # a device without frames does nothing, and holds nothing
        at_work = [share > 0 for share in shares]
        taken = [self._work(by_all, device) if at_work[device] else (0.0, {}) for device in devices]
        busy = [sum(by_layer.values()) for _, by_layer in taken]
        node = self.tensors.node(IMAGE)
        ends = [self.tensors.node(name) for name in self.tensors.ends] if self.result_at is not None else []
        image = 0.0 if self.is_image_everywhere else node.values * self.bits_on(IMAGE, self.members[0])
        results = [sum(end.values * self.bits_on(end.name, member) for end in ends) for member in self.members]
        result_words = sum(end.values for end in ends)
        others = sum(shares[1:])
        # bits of a frame of the system, those of the first device apart
        sent = [others * image, *(share * bits for share, bits in zip(shares[1:], results[1:], strict=True))]
        back = sum(sent[1:])
        received = [back, *(share * image for share in shares[1:])]
        frame_s = (others * image + back) / self.link.bitrate_bps
        # an image is sent for each frame that another device works on
        period = max([seconds * share for seconds, share in zip(busy, shares, strict=True)] + [frame_s])
        layers = self.tensors.network.layers
        words = 0 if self.is_image_everywhere else node.values
        elsewhere = sum(at_work[1:])
        held = most_live(self.tensors, everything, 0)
        found = []
        for number, (member, share) in enumerate(zip(self.members, shares, strict=True)):
            is_first, works = number == 0, at_work[number]
            radio_s = (sent[number] + received[number]) / self.link.bitrate_bps
            found.append(
                Device(
                    number=number,
                    name=member.name,
                    b_w=member.hardware.b_w,
                    macs=sum(layer.macs for layer in layers) * works,
                    weight_words=sum(layer.weights for layer in layers) * works,
                    activation_words=held * works,
                    image_received_words=0 if is_first else words * works,
                    image_sent_words=words * elsewhere if is_first else 0,
                    received_words=result_words * elsewhere if is_first else 0,
                    sent_words=0 if is_first else result_words * works,
                    sent_bits=sent[number],
                    received_bits=received[number],
                    compute_J=taken[number][0] * share,
                    send_J=sent[number] * self.link.tx_power_W / self.link.bitrate_bps,
                    receive_J=received[number] * self.link.rx_power_W / self.link.bitrate_bps,
                    idle_J=self.idle_power_W(number) * max(0.0, period - busy[number] * share - radio_s),
                    busy_s=busy[number],
                    layers=tuple(layer.name for layer in layers) if works else (),
                )
            )
        there_and_back = elsewhere * (image + max(results)) / self.link.bitrate_bps
        return Spread(
            strategy=Strategy.DATA,
            variant="",
            devices=tuple(found),
            latency_s=max(busy) + there_and_back,
            frames_per_s=1 / period,
            frames=sum(at_work),
        )


def _bits_of_word(tensors: Tensors, name: str, hardware: Hardware, sparsity_in: float) -> float:
    node = tensors.node(name)
    if name == IMAGE:
        return image_bits(node.values, sparsity_in) / node.values
    # of a part of a concatenation, zeros are known as those of the whole
    return tensor_bits(replace(node, sparsity=tensors.sparsity(name)), hardware) / node.values


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
