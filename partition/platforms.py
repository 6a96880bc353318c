"""A network over a chain of platforms (phone, edge, cloud): cut in several places, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from analytical import __version__
from analytical.checks import all_of
from analytical.errors import InputError
from analytical.files import choose_hardware, hardware_beside
from analytical.files.toml import as_model, read_toml
from analytical.graph import IMAGE, Graph, graph_of
from analytical.hardware import Hardware
from analytical.mappings.cnnergy import RuleSet
from analytical.network import Network, word_bits
from analytical.networks import load_network
from analytical.pareto import not_beaten
from analytical.results import frame, html_table
from analytical.sizes import memory_size
from partition.channel import bits_of, share_of_zeros
from partition.costs import Costs
from partition.fleet.tensors import Tensors
from partition.radios import Radio, radio_of
from partition.sources import ANALYTICAL, EnergySource, Watch, choose_source, source_beside
from partition.units import quantity

LEAST = ("energy", "latency", "memory")
"""What the best way to cut may have least of."""

WITHOUT_LINK = Radio(bitrate_bps=1.0, tx_power_W=0.0, rx_power_W=0.0)


class PlatformError(InputError):
    """Platforms that cannot be; the message says what was expected."""


class NoWayError(InputError):
    """No way to cut is within the limits; the message says how near the nearest is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """A place where layers may run.

    Attributes
    ----------
    name : str
    hardware : Hardware
    source : EnergySource or None
        What layers cost there; None: nothing that counts, at ``ops``.
    ops : float or None
        Operations a second, of which a MAC is two, where there is no source.
    memory_bytes : float or None
        That it has for weights and tensors; None: as much as it takes.
    link : Radio or None
        From the platform before; None for the first.
    round_trip_s : float
        Over that link, beside sending.
    """

    name: str
    hardware: Hardware
    source: EnergySource | None = None
    ops: float | None = None
    memory_bytes: float | None = None
    link: Radio | None = None
    round_trip_s: float = 0.0

    @property
    def is_counted(self) -> bool:
        """Whether its energy counts."""
        return self.source is not None

    def costs(self, network: Network) -> Costs:
        """Of the network's layers."""
        if self.source is not None:
            return self.source.costs(network, self.hardware)
        speed = self.ops or float("inf")
        return Costs(
            energy_J=dict.fromkeys(network.names, 0.0),
            latency_s={layer.name: 2 * layer.macs / speed for layer in network.layers},
        )

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        link = self.link
        return {
            "name": self.name,
            "hardware": self.hardware.name,
            "bits": self.hardware.b_w,
            "source": None if self.source is None else self.source.name,
            "ops": self.ops,
            "memory_bytes": self.memory_bytes,
            "link": None
            if link is None
            else {
                "bitrate_bps": link.bitrate_bps,
                "tx_power_W": link.tx_power_W,
                "rx_power_W": link.rx_power_W,
                "round_trip_s": self.round_trip_s,
            },
        }


class _Link(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    bitrate: str | float
    tx_power: str | float | None = None
    rx_power: str | float | None = None
    round_trip: str | None = None


class _Platform(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1)
    source: str | None = None
    hardware: str | None = None
    ops: str | float | None = None
    memory: str | None = None
    link: _Link | None = None


class _Platforms(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    platform: list[_Platform] = Field(min_length=1, max_length=16)


def load_platforms(path: str | Path, bits: int = 8, **of_sources: Any) -> tuple[Platform, ...]:
    """The platforms that a file describes.

    Parameters
    ----------
    path : str or Path
        TOML, with a table ``[[platform]]`` for each, in the order of the chain: ``name``; ``hardware`` and ``source``,
        as ``--hardware`` and ``--source`` take them (default: Eyeriss, closed forms); or ``ops`` in their place, a
        speed as ``"92Tops"``, for one whose energy does not count; ``memory`` (``"64MB"``); and, for all but the first,
        a table ``link``, from the one before: ``bitrate`` (or a radio by name), ``tx_power``, ``rx_power`` (default:
        nothing where the receiver's energy does not count, else as sending), ``round_trip``. Files are looked for
        beside it.
    bits : int
        Of Eyeriss, where nothing is said.
    **of_sources
        As for :func:`partition.sources.choose_source`.

    Raises
    ------
    PlatformError
        It cannot be read, or describes what cannot be.
    SourceError, HardwareError
        So does a file that it names.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "chain.toml")
    ...     _ = path.write_text('''
    ... [[platform]]
    ... name = "phone"
    ... [[platform]]
    ... name = "cloud"
    ... ops = "92Tops"
    ... link = {bitrate = "wifi"}
    ... ''')
    ...     [(each.name, each.is_counted) for each in load_platforms(path)]
    [('phone', True), ('cloud', False)]
    """
    tables = read_toml(path, PlatformError, "a chain of platforms")
    written = as_model(tables, _Platforms, path, PlatformError)
    found: list[Platform] = []
    for at, each in enumerate(written.platform):
        where = f"{path}: platform {each.name}"
        if each.name in [platform.name for platform in found]:
            raise PlatformError(f"{path}: two platforms are called {each.name}; expected a name for each")
        if (each.link is None) != (at == 0):
            said = "has a link, and is the first" if at == 0 else "has no link"
            raise PlatformError(f"{where}: {said}; expected one for each but the first, from the one before")
        if each.ops is not None and each.source is not None:
            raise PlatformError(f"{where}: ops and source are both given; expected one of them")
        try:
            memory = None if each.memory is None else memory_size(each.memory)
            ops = None if each.ops is None else quantity(each.ops, "ops")
            link, round_trip = None, 0.0
            if each.link is not None:
                receiving = 0.0 if each.link.rx_power is None and ops is not None else each.link.rx_power
                link = radio_of(each.link.bitrate, each.link.tx_power, receiving)
                round_trip = 0.0 if each.link.round_trip is None else quantity(each.link.round_trip, "s")
            chip = choose_hardware(hardware_beside(path, each.hardware), default_bits=bits)
            source = source_beside(path, each.source or ANALYTICAL)
            known = None if ops is not None else choose_source(source, **of_sources)
        except InputError as error:
            raise PlatformError(f"{where}: {error}") from error
        found.append(
            Platform(
                name=each.name,
                hardware=chip,
                source=known,
                ops=ops,
                memory_bytes=memory,
                link=link,
                round_trip_s=round_trip,
            )
        )
    return tuple(found)


class Stage(NamedTuple):
    """What one platform does.

    Attributes
    ----------
    platform : str
    first, last : str
        The first and last node that it runs; empty: it runs none, and passes on what it gets.
    sends : str
        The tensor that it sends on; empty: nothing.
    compute_J, send_J, receive_J : float
        0 where its energy does not count.
    latency_s : float
        Of its nodes, and of sending on.
    memory_bytes : float
        Weights, and the most that it holds of tensors at a time.
    """

    platform: str
    first: str
    last: str
    sends: str
    compute_J: float
    send_J: float
    receive_J: float
    latency_s: float
    memory_bytes: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A way to cut a network over a chain.

    Attributes
    ----------
    stages : tuple of Stage
        One for each platform.
    """

    stages: tuple[Stage, ...]

    @property
    def cuts(self) -> tuple[str, ...]:
        """What each platform but the last sends on; empty: nothing."""
        return tuple(stage.sends for stage in self.stages[:-1])

    @property
    def energy_J(self) -> float:
        """Of all platforms whose energy counts."""
        return sum(stage.compute_J + stage.send_J + stage.receive_J for stage in self.stages)

    @property
    def latency_s(self) -> float:
        """One platform after the other."""
        return sum(stage.latency_s for stage in self.stages)

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "cuts": list(self.cuts),
            "energy_J": self.energy_J,
            "latency_s": self.latency_s,
            "stages": [stage._asdict() for stage in self.stages],
        }


class _Label(NamedTuple):
    """Platforms so far: energy, latency, memory, bits of the tensor that is handed on, and the stops."""

    energy_J: float
    latency_s: float
    memory_bytes: float
    bits: float
    stops: tuple[int, ...]


class _Segment(NamedTuple):
    """Nodes between two cuts on a platform."""

    energy_J: float
    latency_s: float
    memory_bytes: float


class _Sent(NamedTuple):
    """What goes over a link."""

    send_J: float
    receive_J: float
    latency_s: float


NOTHING_SENT = _Sent(0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A network over a chain of platforms.

    Attributes
    ----------
    network : str
    platforms : tuple of Platform
    front : tuple of Way
        All ways within the limits than which no other has less or as much energy, latency and memory; memory is that of
        the platform that needs most, of those whose energy counts.
    least : str
        What the best has least of.

    See Also
    --------
    chain : makes one.
    """

    network: str
    platforms: tuple[Platform, ...]
    front: tuple[Way, ...]
    least: str

    def memory_bytes(self, way: Way) -> float:
        """Of the platform that needs most, of those whose energy counts."""
        counted = zip(way.stages, self.platforms, strict=True)
        return max((stage.memory_bytes for stage, platform in counted if platform.is_counted), default=0.0)

    @property
    def best(self) -> Way:
        """The way that has least of what was asked for."""
        figures = {
            "energy": lambda way: (way.energy_J, way.latency_s),
            "latency": lambda way: (way.latency_s, way.energy_J),
            "memory": lambda way: (self.memory_bytes(way), way.energy_J),
        }
        return min(self.front, key=figures[self.least])

    def rows(self) -> list[dict[str, Any]]:
        """A row for each way of the front."""
        return [
            {
                **{f"after_{platform.name}": cut for platform, cut in zip(self.platforms, way.cuts, strict=False)},
                "energy_J": way.energy_J,
                "latency_s": way.latency_s,
                "memory_bytes": self.memory_bytes(way),
                "best": int(way is self.best),
            }
            for way in self.front
        ]

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame; :class:`ImportError` without the extra ``frame``."""
        return frame(self.rows())

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "version": __version__,
            "network": self.network,
            "platforms": [platform.record() for platform in self.platforms],
            "least": self.least,
            "best": self.best.record(),
            "front": [way.record() | {"memory_bytes": self.memory_bytes(way)} for way in self.front],
        }

    def _repr_html_(self) -> str:
        """The ways that none beats, as a notebook shows them."""
        return html_table(repr(self), self.rows())

    def __repr__(self) -> str:
        best = self.best
        said = " | ".join(f"{stage.first} to {stage.last}" if stage.first else "-" for stage in best.stages)
        return f"<{self.network}: {said}, {best.energy_J * 1e3:.4g} mJ, {best.latency_s * 1e3:.4g} ms>"


class _Search:
    """Ways to cut, put together platform by platform: of those that have come to the same cut, only such are kept as no
    other has less or as much of everything, the bits that it hands on among it."""

    def __init__(self, network: Network, platforms: Sequence[Platform], sparsity_in: float) -> None:
        self.platforms = platforms
        self.graph: Graph = graph_of(network)
        self.tensors = Tensors(network)
        self.cuts = list(self.graph.chain())
        self._costs = [platform.costs(network) for platform in platforms]
        self._bits = [bits_of(self.graph, platform.hardware, sparsity_in) for platform in platforms]
        self._known: dict[tuple[int, int, int], _Segment] = {}

    def names(self, start: int, stop: int) -> list[str]:
        """Nodes between two cuts, in order."""
        before, until = self.cuts[start][1], self.cuts[stop][1]
        return [name for name in self.graph.nodes if name in until and name not in before]

    def segment(self, at: int, start: int, stop: int) -> _Segment:
        """What a platform takes for the nodes between two cuts."""
        if start == stop:
            return _Segment(0.0, 0.0, 0.0)
        key = at, start, stop
        if key not in self._known:
            costs, names = self._costs[at], self.names(start, stop)
            layers = [layer for name in names if (layer := self.graph.nodes[name].layer) is not None]
            words = sum(layer.weights for layer in layers) + self._peak_words(names)
            self._known[key] = _Segment(
                sum(costs.energy_J.get(name, 0.0) for name in names),
                sum(costs.latency_s.get(name, 0.0) for name in names),
                words * self.platforms[at].hardware.b_w / 8,
            )
        return self._known[key]

    def _peak_words(self, names: Sequence[str]) -> int:
        """Most words of tensors at a time: what was got, until its last reader, and what was made, until its last
        reader or, where somebody behind reads it, to the end."""
        tensors = [name for name in names if name in self.tensors.names]
        places = {name: at for at, name in enumerate(tensors)}
        last: dict[str, int] = {}
        for name in tensors:
            for read in self.tensors.reads(name):
                last[read] = places[name]
        inside = set(tensors)
        read_behind = {
            read for name in self.tensors.names[1:] if name not in inside for read in self.tensors.reads(name)
        }
        most = 0
        for name, at in places.items():
            held = {name}
            held |= {other for other in tensors[:at] if last.get(other, -1) >= at or other in read_behind}
            held |= {other for other, reader in last.items() if other not in inside and reader >= at}
            most = max(most, sum(self.tensors.node(other).values for other in held))
        return most

    def ways(self, max_delay_s: float) -> list[tuple[int, ...]]:
        """Where each platform stops, of all ways that no other beats, within the memories and the delay."""
        end = len(self.cuts) - 1
        labels: dict[int, list[_Label]] = {0: [_Label(0.0, 0.0, 0.0, self._bits[0][IMAGE], ())]}
        for at, platform in enumerate(self.platforms):
            after: dict[int, list[_Label]] = {}
            for start, of_start in labels.items():
                for stop in range(start, end + 1):
                    if at == len(self.platforms) - 1 and stop != end:
                        continue
                    segment = self.segment(at, start, stop)
                    if platform.memory_bytes is not None and segment.memory_bytes > platform.memory_bytes:
                        continue
                    for label in of_start:
                        joined = self._joined(label, at, start, stop, segment)
                        if joined.latency_s <= max_delay_s * (1 + 1e-12):
                            after.setdefault(stop, []).append(joined)
            labels = {stop: _least(of_stop) for stop, of_stop in after.items()}
        return [label.stops for label in labels.get(end, [])]

    def _joined(self, label: _Label, at: int, start: int, stop: int, segment: _Segment) -> _Label:
        """One more platform: it gets what was handed on, runs its nodes, and hands on what they make."""
        platform = self.platforms[at]
        energy, latency = label.energy_J + segment.energy_J, label.latency_s + segment.latency_s
        if at and start < len(self.cuts) - 1:
            sent = self._sent(at, label.bits)
            latency += sent.latency_s
            energy += sent.send_J + sent.receive_J
        bits = label.bits if stop == start else self._bits[at].get(self.cuts[stop][0], 0.0)
        memory = max(label.memory_bytes, segment.memory_bytes if platform.is_counted else 0.0)
        return _Label(energy, latency, memory, bits, (*label.stops, stop))

    def _sent(self, at: int, bits: float) -> _Sent:
        """What it takes to send bits over a platform's link, from the one before."""
        platform, before = self.platforms[at], self.platforms[at - 1]
        link = platform.link or WITHOUT_LINK
        sending = bits / link.bitrate_bps
        return _Sent(
            send_J=sending * link.tx_power_W * before.is_counted,
            receive_J=sending * link.rx_power_W * platform.is_counted,
            latency_s=sending + platform.round_trip_s,
        )

    def way(self, stops: Sequence[int]) -> Way:
        """A way, platform by platform."""
        stages: list[Stage] = []
        start, bits, end = 0, self._bits[0][IMAGE], len(self.cuts) - 1
        for at, (platform, stop) in enumerate(zip(self.platforms, stops, strict=True)):
            segment, names = self.segment(at, start, stop), self.names(start, stop)
            received = self._sent(at, bits) if at and start < end else NOTHING_SENT
            bits = bits if stop == start else self._bits[at].get(self.cuts[stop][0], 0.0)
            sent = self._sent(at + 1, bits) if stop < end else NOTHING_SENT
            stages.append(
                Stage(
                    platform=platform.name,
                    first=names[0] if names else "",
                    last=names[-1] if names else "",
                    sends=self.cuts[stop][0] if stop < end else "",
                    compute_J=segment.energy_J,
                    send_J=sent.send_J,
                    receive_J=received.receive_J,
                    latency_s=segment.latency_s + sent.latency_s,
                    memory_bytes=segment.memory_bytes,
                )
            )
            start = stop
        return Way(stages=tuple(stages))


def _least(labels: list[_Label]) -> list[_Label]:
    """Those than which no other has less or as much of everything; of equal ones the first."""
    return [labels[at] for at in not_beaten(np.array([label[:4] for label in labels]))]


def chain(
    network: str | Path | Network,
    platforms: str | Path | Sequence[Platform],
    *,
    least: str = LEAST[0],
    max_delay: str | float | None = None,
    sparsity_in: float | None = None,
    bits: int | None = None,
    rules: RuleSet | str = RuleSet.CORRECTED,
    seed: int = 0,
    cache: str | Path | None = None,
    watch: Watch | None = None,
) -> Chain:
    """Cut a network over a chain of platforms: which runs what, and what goes over each link.

    Cuts are the paper's: where a single tensor crosses. A platform may run nothing, and pass on what it gets. Whatever
    goes over a link is paid for, the image among it.

    Parameters
    ----------
    network : str, Path or Network
        A name of the zoo, a file, or a network.
    platforms : str, Path or sequence of Platform
        A file (:func:`load_platforms`), or platforms in the order of the chain.
    least : str
        Of what the best has least: ``"energy"``, ``"latency"`` or ``"memory"``.
    max_delay : str or float, optional
        The longest that an inference may take: ``"50ms"``, or seconds.
    bits : int, optional
        Of Eyeriss, where a platform states no hardware; default: 8, or those of the network's trace.
    sparsity_in, rules, seed, cache, watch
        As for :func:`partition.plan`.

    Raises
    ------
    NoWayError
        Nothing is within the delay and the memories.
    InputError
        Something that cannot be, in one line.

    Examples
    --------
    >>> phone = Platform(name="phone", hardware=choose_hardware("eyeriss-8bit"), source=choose_source("analytical"))
    >>> cloud = Platform(name="cloud", hardware=phone.hardware, ops=92e12, link=radio_of("80Mbps", "0.78W", "0W"))
    >>> chain("alexnet", [phone, cloud])
    <alexnet: C1 to P2 | C3 to FC8, 5.276 mJ, 16.8 ms>
    """
    if least not in LEAST:
        raise InputError(f"least is {least!r}; expected {', '.join(LEAST)}")
    loaded = load_network(network)
    of_sources = {"cache": cache, "seed": seed, "watch": watch, "rules": rules}
    width = bits or word_bits(loaded, 8)
    if isinstance(platforms, str | Path):
        known = load_platforms(platforms, width, **of_sources)
    else:
        known = all_of(Platform, platforms)
        if not known:
            raise PlatformError(f"platforms are {platforms!r}; expected a file (.toml), or at least one Platform")
    search = _Search(loaded, known, share_of_zeros(sparsity_in))
    limit = float("inf") if max_delay is None else quantity(max_delay, "s")
    stops = search.ways(limit)
    if not stops:
        fastest = min((search.way(each).latency_s for each in search.ways(float("inf"))), default=None)
        if fastest is None:
            raise NoWayError(
                f"no way to cut {loaded.name} has room in the memories of {', '.join(p.name for p in known)}"
            )
        raise NoWayError(
            f"no way to cut {loaded.name} takes at most {limit * 1e3:g} ms; the fastest takes {fastest * 1e3:.6g} ms"
        )
    found = Chain(network=loaded.name, platforms=known, front=tuple(search.way(each) for each in stops), least=least)
    # labels also held back bits, which count no more at the end
    figures = [(way.energy_J, way.latency_s, found.memory_bytes(way)) for way in found.front]
    kept = _least([_Label(*each, 0.0, (at,)) for at, each in enumerate(figures)])
    front = sorted((found.front[label.stops[0]] for label in kept), key=lambda way: (way.energy_J, way.latency_s))
    return Chain(network=loaded.name, platforms=known, front=tuple(front), least=least)
