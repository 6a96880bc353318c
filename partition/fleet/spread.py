"""A network spread over devices: what each of them does, and what a frame takes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from partition.fleet.ways import Strategy


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """How devices talk to each other.

    Attributes
    ----------
    bitrate_bps : float
        Of each device's link; of all together, where they share one medium.
    tx_power_W, rx_power_W, idle_power_W : float
        Of a device that sends, receives, or waits; the last, where the device itself states none.
    shared : bool
        One transmission at a time.
    """

    bitrate_bps: float
    tx_power_W: float
    rx_power_W: float
    idle_power_W: float = 0.0
    shared: bool = False

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        said = asdict(self)
        return said | {"medium": "shared" if said.pop("shared") else "links"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """What one device does for a frame of the system.

    Attributes
    ----------
    number : int
        From 0.
    name : str
    b_w : int
        Bits of its words.
    macs, weight_words : int
        MACs of a frame that it works on, and weights that it holds.
    activation_words : int
        Most words of tensors that it holds at a time: what it has made until the last reader of it, and what it has
        received while it reads it.
    image_received_words, image_sent_words : int
        Of the image, for a frame.
    received_words, sent_words : int
        Of all other tensors.
    psums_received_words, psums_sent_words : int
        Where layers are split by channels.
    sent_bits, received_bits : float
        Of all tensors and psums, the image among them, for a frame of the system.
    compute_J, send_J, receive_J, idle_J : float
        For a frame of the system.
    busy_s : float
        That it works on a frame.
    layers : tuple of str
        Of which it does something.
    """

    number: int
    name: str
    b_w: int
    macs: int
    weight_words: int
    activation_words: int
    image_received_words: int
    image_sent_words: int
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
    layers: tuple[str, ...]

    @property
    def energy_J(self) -> float:
        """All of it, for a frame of the system."""
        return self.compute_J + self.send_J + self.receive_J + self.idle_J

    @property
    def weight_bytes(self) -> float:
        """Of the weights that it holds."""
        return self.weight_words * self.b_w / 8

    @property
    def activation_bytes(self) -> float:
        """Of the tensors that it holds at a time, at most."""
        return self.activation_words * self.b_w / 8

    @property
    def memory_bytes(self) -> float:
        """Of both."""
        return self.weight_bytes + self.activation_bytes

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        said = asdict(self)
        return {
            "device": said.pop("number"),
            **said,
            "layers": list(self.layers),
            "weight_bytes": self.weight_bytes,
            "activation_bytes": self.activation_bytes,
            "energy_J": self.energy_J,
        }


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
    frames : int
        That are under way at once: of frames that are shared out, one a device.
    cuts : tuple of str
        Where segments end, or blocks.
    blocks : tuple of str
        How each block is spread, where blocks are.
    is_exact : bool
        Nothing that was searched for is better; if not, so many ways were as good in some respect that not all of them
        were followed.
    """

    strategy: Strategy
    variant: str
    devices: tuple[Device, ...]
    latency_s: float
    frames_per_s: float
    frames: int = 1
    cuts: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    is_exact: bool = True

    @property
    def name(self) -> str:
        """As people read it."""
        return ", ".join(filter(None, (self.strategy.value, self.variant)))

    @property
    def max_energy_J(self) -> float:
        """The worst device's, for a frame of the system."""
        return max(device.energy_J for device in self.devices)

    @property
    def total_energy_J(self) -> float:
        """All devices', for a frame of the system."""
        return sum(device.energy_J for device in self.devices)

    @property
    def memory_bytes(self) -> float:
        """Weights and activations of the device that needs most."""
        return max(device.memory_bytes for device in self.devices)

    def worst_J(self, joules_per_bit: float) -> float:
        """The worst device's energy, if a bit costs so much, sent and received alike: each device's is a line."""
        return max(
            device.compute_J + device.idle_J + joules_per_bit * (device.sent_bits + device.received_bits)
            for device in self.devices
        )

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

    def record(self, alone: "Spread | None" = None) -> dict[str, Any]:
        """As JSON has it; with the break-even, where one device alone is known."""
        breakeven = None if alone is None else self.breakeven_J_per_bit(alone.max_energy_J)
        return {
            "strategy": self.strategy.value,
            "variant": self.variant,
            "frames": self.frames,
            "latency_s": self.latency_s,
            "frames_per_s": self.frames_per_s,
            "max_energy_J": self.max_energy_J,
            "total_energy_J": self.total_energy_J,
            "breakeven_J_per_bit": breakeven,
            "cuts": list(self.cuts),
            "blocks": list(self.blocks),
            "exact": self.is_exact,
            "devices": [device.record() for device in self.devices],
        }


LEAST: dict[str, Callable[[Spread], float]] = {
    "energy": lambda spread: spread.max_energy_J,
    "latency": lambda spread: spread.latency_s,
    "throughput": lambda spread: -spread.frames_per_s,
    "memory": lambda spread: spread.memory_bytes,
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
