"""A network spread over a fleet in all ways that are asked for, side by side: the front door to several devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analytical import __version__
from analytical.checks import all_of
from analytical.files import choose_hardware
from analytical.mappings.cnnergy import RuleSet
from analytical.network import Network, word_bits
from analytical.networks import load_network
from analytical.results import frame, html_table
from analytical.sheet import parse_names
from analytical.sizes import memory_size
from partition.channel import share_of_zeros
from partition.fleet.members import MOST_DEVICES, Member, alike, load_members, with_shares
from partition.fleet.plan import IMAGE_AT, RESULT_TO, Fleet
from partition.fleet.shares import FleetError
from partition.fleet.spread import LEAST, Link, Spread, best_of
from partition.fleet.ways import WAYS, Strategy, ways_of
from partition.radios import radio_of
from partition.sources import ANALYTICAL, EnergySource, Watch, choose_source
from partition.units import quantity

MEDIA = ("links", "shared")
"""A link for each device, or one medium for all; the first is the default."""

ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A network on several devices, in several ways.

    Attributes
    ----------
    fleet : Fleet
        The network, the devices and their link.
    source : str
        What the energy source is called.
    spreads : tuple of Spread
        One for each way.
    alone : Spread
        All of it on the first device.
    least : str
        What the best has least of: one of :data:`partition.fleet.spread.LEAST`.

    See Also
    --------
    distribute : makes one.
    """

    fleet: Fleet = field(compare=False)
    source: str
    spreads: tuple[Spread, ...]
    alone: Spread
    least: str

    @property
    def network(self) -> str:
        """Its name."""
        return self.fleet.tensors.network.name

    @property
    def fitting(self) -> list[Spread]:
        """Those for which each device has the memory."""
        return [spread for spread in self.spreads if self.fleet.fits(spread)]

    @property
    def best(self) -> Spread | None:
        """The one that has least, of those that fit; None where none does."""
        return best_of(self.fitting, self.least)

    def __getitem__(self, name: str) -> Spread:
        """A spread by its name, such as ``"vertical, by channels"``; :class:`KeyError` for others."""
        for spread in self.spreads:
            if spread.name == name:
                return spread
        raise KeyError(f"{name}: no such way; expected one of {', '.join(spread.name for spread in self.spreads)}")

    def rows(self) -> list[dict[str, Any]]:
        """A row for each device of each way, as CSV has it."""
        return [
            {"strategy": spread.strategy.value, "variant": spread.variant, **_flat(device.record())}
            for spread in self.spreads
            for device in spread.devices
        ]

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame; :class:`ImportError` without the extra ``frame``."""
        return frame(self.rows())

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        best, fleet, first = self.best, self.fleet, self.fleet.members[0]
        return {
            "version": __version__,
            "network": self.network,
            "source": self.source,
            "bits": first.hardware.b_w,
            "hardware": first.hardware.record(),
            "link": fleet.link.record(),
            "devices": [member.record() for member in fleet.members],
            "image_at": IMAGE_AT[fleet.is_image_everywhere],
            "result_to": RESULT_TO[fleet.result_at is not None],
            "least": self.least,
            "alone": {
                "energy_J": self.alone.max_energy_J,
                "latency_s": self.alone.latency_s,
                "weight_bytes": self.alone.devices[0].weight_bytes,
            },
            "strategies": [{"fits": fleet.fits(spread)} | spread.record(self.alone) for spread in self.spreads],
            "best": None if best is None else {"strategy": best.strategy.value, "variant": best.variant},
        }

    def _repr_html_(self) -> str:
        """Ways side by side, as a notebook shows them."""
        return html_table(
            repr(self),
            [
                {
                    "strategy": spread.name,
                    "mJ worst": spread.max_energy_J * 1e3,
                    "mJ all": spread.total_energy_J * 1e3,
                    "MB": spread.memory_bytes / 1e6,
                    "ms": spread.latency_s * 1e3,
                    "frames/s": spread.frames_per_s,
                    "fits": "yes" if self.fleet.fits(spread) else "no",
                }
                for spread in self.spreads
            ],
        )

    def __repr__(self) -> str:
        best = self.best
        said = "none fits" if best is None else f"{best.name}, {best.max_energy_J * 1e3:.4g} mJ the worst device"
        return f"<{self.network} on {len(self.fleet.members)} devices, {self.source}: {said}>"


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: " ".join(value) if isinstance(value, list) else value for name, value in record.items()}


def distribute(
    network: str | Path | Network,
    devices: int | str | Path | Sequence[Member],
    *,
    bitrate: str | float,
    tx_power: str | float | None = None,
    rx_power: str | float | None = None,
    idle_power: str | float = 0.0,
    medium: str = MEDIA[0],
    strategy: str = ALL,
    halo: str | None = None,
    fc: str | None = None,
    by: str | None = None,
    shares: Sequence[float] | None = None,
    cuts: Sequence[str] | str | None = None,
    least: str = "energy",
    memory: str | float | None = None,
    image_at: str = IMAGE_AT[0],
    result_to: str = RESULT_TO[0],
    source: "str | Path | Mapping[str, float] | EnergySource" = ANALYTICAL,
    hardware: Any = None,
    bits: int | None = None,
    sparsity_in: float | None = None,
    rules: RuleSet | str = RuleSet.CORRECTED,
    seed: int = 0,
    cache: str | Path | None = None,
    watch: Watch | None = None,
) -> Distribution:
    """Spread a network over several devices, in all ways that are asked for.

    Parameters
    ----------
    network : str, Path or Network
        A name of the zoo, a file, or a network.
    devices : int, str, Path or sequence of Member
        How many, alike; or a file that describes each (:func:`partition.fleet.members.load_members`).
    bitrate, tx_power, rx_power : str or float
        Of each device's link: ``"80Mbps"`` and ``"0.78W"``, bits a second and watts, or a radio by its name. Receiving
        takes as much as sending where nothing is said.
    idle_power : str or float
        Of a device that waits.
    medium : str
        ``"links"``, or ``"shared"``: one transmission at a time.
    strategy : str
        ``"data"``, ``"sequential"``, ``"horizontal"``, ``"vertical"``, or ``"all"`` of these; or ``"hybrid"``, block by
        block rows, filters or one device, whichever is best.
    halo, fc, by : str, optional
        How rows and filters are shared out: ``"exchange"`` or ``"recompute"``, ``"one"`` or ``"filters"``,
        ``"filters"`` or ``"channels"``; ``"best"`` keeps the better one, and of halos finds for each block of layers
        which is better (:class:`partition.fleet.hybrid.Hybrid`). Default: all, but that.
    shares : sequence of float, optional
        Weights of the devices' shares; default: those of the file, or all alike.
    cuts : sequence of str, or str, optional
        Of a sequential one: where segments end; ``"even"``: the fewest MACs in the largest; ``"best"``: what has least
        of ``least``. Default: both of these.
    least : str
        What the best has least of: ``"energy"`` (of the worst device), ``"latency"``, ``"throughput"`` (most of it) or
        ``"memory"``.
    memory : str or float, optional
        That each device has: ``"16MB"``, or bytes; default: what its file says, or as much as it takes.
    image_at, result_to : str
        ``"first"`` or ``"everywhere"``; ``"none"`` or ``"first"``.
    source, hardware, bits, sparsity_in, rules, seed, cache, watch
        As for :func:`partition.plan`. A source that has been measured knows whole layers: shares cost in proportion to
        their MACs.

    Raises
    ------
    InputError
        Something that cannot be, in one line.

    Examples
    --------
    >>> found = distribute("alexnet", 4, bitrate="80Mbps", tx_power="0.78W")
    >>> found
    <alexnet on 4 devices, analytical: sequential, best cuts, 5.276 mJ the worst device>
    >>> found["horizontal"].devices[1].received_words
    55840
    """
    loaded = load_network(network)
    chip = choose_hardware(hardware, bits, default_bits=word_bits(loaded, 8))
    of_sources: dict[str, Any] = {
        "cache": cache,
        "seed": seed,
        "watch": watch,
        "rules": rules,
    }
    known = choose_source(source, **of_sources)
    members = _members(devices, chip, known, bits, of_sources)
    if shares is not None:
        members = with_shares(members, shares)
    if memory is not None:
        size = memory_size(memory, FleetError)
        members = tuple(_with_memory(member, size) for member in members)
    if isinstance(cuts, str) and cuts not in CUTS:
        cuts = parse_names(cuts)
    for name, said, expected in (
        ("medium", medium, MEDIA),
        ("image_at", image_at, IMAGE_AT),
        ("result_to", result_to, RESULT_TO),
        ("least", least, tuple(LEAST)),
        ("strategy", strategy, (ALL, *(each.value for each in Strategy))),
        ("halo", halo, (None, *CHOICES["halo"])),
        ("fc", fc, (None, *CHOICES["fc"])),
        ("by", by, (None, *CHOICES["by"])),
    ):
        if said not in expected:
            raise FleetError(f"{name} is {said!r}; expected {' or '.join(map(str, filter(None, expected)))}")
    radio = radio_of(bitrate, tx_power, rx_power)
    link = Link(
        bitrate_bps=radio.bitrate_bps,
        tx_power_W=radio.tx_power_W,
        rx_power_W=radio.rx_power_W,
        idle_power_W=quantity(idle_power, "W"),
        shared=medium == "shared",
    )
    fleet = Fleet(loaded, members, link, share_of_zeros(sparsity_in), image_at, result_to)
    named = None if cuts is None or isinstance(cuts, str) else tuple(cuts)
    if named is not None and strategy not in (ALL, Strategy.SEQUENTIAL.value):
        raise FleetError(f"cuts are given with {strategy}; expected {Strategy.SEQUENTIAL.value}")
    asked = {"halo": halo, "fc": fc, "by": by, "cuts": "even" if named is not None else cuts}
    best_wanted = [option for option in ("fc", "by") if asked[option] == "best"]
    ways = ways_of(strategy, asked | dict.fromkeys(best_wanted))  # type: ignore[arg-type]  # names of cuts are gone
    if not ways:
        raise FleetError(f"halo is {halo}, and fc is {fc}; expected {WITHOUT_FC[halo or '']}")
    spreads = [fleet.spread(way, named if way.strategy is Strategy.SEQUENTIAL else None, least) for way in ways]
    for option in best_wanted:
        among = [spread for way, spread in zip(ways, spreads, strict=True) if option in WAYS[way]]
        better = best_of(among, least)
        kept = [spread not in among or spread is better for spread in spreads]
        ways = [way for way, keep in zip(ways, kept, strict=True) if keep]
        spreads = [spread for spread, keep in zip(spreads, kept, strict=True) if keep]
    names = " + ".join(dict.fromkeys(member.source.name for member in members))
    return Distribution(fleet=fleet, source=names, spreads=tuple(spreads), alone=fleet.alone(), least=least)


CHOICES = {
    "halo": ("exchange", "recompute", "best"),
    "fc": ("one", "filters", "best"),
    "by": ("filters", "channels", "best"),
}
"""What may be asked for of how rows and filters are shared out."""

CUTS = ("even", "best")
"""What cuts may be called that are found."""

WITHOUT_FC = {
    "recompute": "fc one, where rows are made again",
    "best": "no fc, which is chosen block by block, too",
}
"""What was expected where halos leave no choice of fully connected layers."""


def _members(devices: Any, chip: Any, source: EnergySource, bits: int | None, of_sources: dict[str, Any]) -> Any:
    if isinstance(devices, int) and not isinstance(devices, bool):
        if not 1 <= devices <= MOST_DEVICES:
            raise FleetError(f"devices is {devices}; expected 1 to {MOST_DEVICES}, or a file of devices (.toml)")
        return alike(devices, chip, source)
    if isinstance(devices, str | Path):
        return load_members(devices, source, chip, bits, **of_sources)
    found = all_of(Member, devices)
    if not found:
        raise FleetError(f"devices is {devices!r}; expected a number, a file of devices (.toml), or Members")
    return found


def _with_memory(member: Member, size: float) -> Member:
    return member if member.memory_bytes is not None else replace(member, memory_bytes=size)
