"""A network over the processors of a phone, and the cloud: the front door to schedules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analytical import __version__
from analytical.checks import all_of, is_whole
from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.graph import Graph, graph_of
from analytical.hardware import Hardware
from analytical.mappings.cnnergy import RuleSet
from analytical.network import Network, word_bits
from analytical.networks import load_network
from analytical.results import frame, html_table
from partition.channel import Channel, bits_of, share_of_zeros
from partition.cuts import CLOUD_OPS
from partition.processors.conditions import Condition, load_condition, load_grid
from partition.processors.kept import Kept, cheapest, keep, load_schedules
from partition.processors.processor import Processor, ProcessorError, load_processors, options_of, parts_that_fit
from partition.processors.schedules import Option, Schedule, Scheduler, supported
from partition.radios import radio_of
from partition.sources import Watch
from partition.units import quantity


class NoScheduleError(InputError):
    """No schedule is in time; the message says how fast the fastest is."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """How a network runs on several processors.

    Attributes
    ----------
    network : str
    processors : tuple of Processor
    parts, batch : int
        Equal parts of each layer's filters, and images that run at once.
    word : Hardware
        Whose words are sent.
    channel : Channel or None
    cloud_ops : float
    max_delay_s, weight : float or None
        What was asked for.
    scheduler : Scheduler
        All other schedules.
    optimum : Schedule or None
        What is least; None: nothing is in time.
    is_kept : bool
        It was found beforehand, and is the cheapest of those.

    See Also
    --------
    split : makes one.
    """

    network: str
    processors: tuple[Processor, ...]
    parts: int
    batch: int
    seed: int
    word: Hardware
    channel: Channel | None
    max_delay_s: float | None
    weight: float | None
    scheduler: Scheduler = field(repr=False, compare=False)
    optimum: Schedule | None
    is_kept: bool = False

    @property
    def best(self) -> Schedule:
        """The schedule of least energy in time, or of the least weighted sum.

        Raises
        ------
        NoScheduleError
            None is in time.
        """
        if self.optimum is None:
            limit = 0.0 if self.max_delay_s is None else self.max_delay_s
            raise NoScheduleError(
                f"no schedule takes at most {limit * 1e3:g} ms; the fastest takes "
                f"{self.scheduler.fastest_s * 1e3:.6g} ms"
            )
        return self.optimum

    def front(self) -> list[Schedule]:
        """All schedules in time than which no other takes both less energy and less time."""
        return self.scheduler.front(float("inf") if self.max_delay_s is None else self.max_delay_s)

    def layers(self) -> list[tuple[str, Option]]:
        """How each layer that the phone runs is run, by the best."""
        return self.scheduler.chosen(self.best)

    def rows(self, *, front: bool = False) -> list[dict[str, Any]]:
        """The best schedule, or all of the front, as CSV has them."""
        if not front:
            return [self.best.record()]
        schedules = self.front()
        return [
            {**schedule.record(), "supported": int(reached)}
            for schedule, reached in zip(schedules, supported(schedules), strict=True)
        ]

    def to_frame(self, *, front: bool = False) -> Any:
        """The rows as a pandas DataFrame; :class:`ImportError` without the extra ``frame``."""
        return frame(self.rows(front=front))

    def record(self, *, front: bool = False) -> dict[str, Any]:
        """As JSON has it."""
        channel = self.channel
        return {
            "version": __version__,
            "network": self.network,
            "batch": self.batch,
            "seed": self.seed,
            "processors": [processor.record() for processor in self.processors],
            "parts": self.parts,
            "bits": self.word.b_w,
            "channel": None
            if channel is None
            else {
                "bitrate_bps": channel.bitrate_bps,
                "tx_power_W": channel.tx_power_W,
                "round_trip_s": channel.round_trip_s,
            },
            "max_delay_s": self.max_delay_s,
            "weight": self.weight,
            "fastest_s": self.scheduler.fastest_s,
            "best": self.best.record()
            | {"kept": self.is_kept, "layers": dict(self.best.by_layer(self.scheduler.layers))},
            "front": self.rows(front=True) if front else None,
        }

    def _repr_html_(self) -> str:
        """The best schedule, as a notebook shows it."""
        names = [processor.name for processor in self.processors]
        rows = [
            {"layer": name, **dict(zip(names, option.parts, strict=True))}
            | {"mJ": option.energy_J * 1e3, "ms": option.latency_s * 1e3}
            for name, option in (self.layers() if self.optimum is not None else [])
        ]
        return html_table(repr(self), rows)

    def __repr__(self) -> str:
        best = self.optimum
        said = (
            "no schedule is in time"
            if best is None
            else f"{best.energy_J * 1e3:.4g} mJ, {best.latency_s * 1e3:.4g} ms, cut after {best.cut}"
        )
        return f"<{self.network} on {', '.join(each.name for each in self.processors)}: {said}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Problem:
    """A network and what costs what, whatever the condition."""

    network: Network
    graph: Graph
    parts: int
    bits: dict[str, float]
    cloud_ops: float

    def layers_by_cut(self, scheduler: Scheduler) -> dict[str, int]:
        """How many layers, and other nodes that cost something, each cut has."""
        priced = set(scheduler.layers)
        return {name: sum(node in priced for node in client) for name, client in self.graph.chain()}

    def under(self, processors: Sequence[Processor], channel: Channel | None) -> Scheduler:
        options = options_of(self.network, processors, self.parts)
        return Scheduler(self.graph, options, channel, self.bits, self.cloud_ops)


USUAL_PARTS = 4
"""Of each layer's filters."""


def split(
    network: str | Path | Network,
    processors: str | Path | Sequence[Processor],
    *,
    max_delay: str | float | None = None,
    weight: float | None = None,
    parts: int | None = None,
    batch: int | None = None,
    bitrate: str | float | None = None,
    tx_power: str | float | None = None,
    round_trip: str | float | None = None,
    cloud_ops: str | float = CLOUD_OPS,
    now: str | Path | Condition | None = None,
    schedules: str | Path | None = None,
    bits: int | None = None,
    sparsity_in: float | None = None,
    rules: RuleSet | str = RuleSet.CORRECTED,
    seed: int = 0,
    cache: str | Path | None = None,
    watch: Watch | None = None,
) -> Split:
    """Which processor runs which part of each layer, and where the phone stops.

    Parameters
    ----------
    network : str, Path or Network
        A name of the zoo, a file, or a network.
    processors : str, Path or sequence of Processor
        A file (:func:`partition.processors.processor.load_processors`), or processors.
    max_delay : str or float, optional
        The longest that an inference may take: ``"25ms"``, or seconds; default: as long as it takes, or what the
        schedules were solved for.
    weight : float, optional
        In place of it: least of ``weight`` x mJ + (1 - ``weight``) x ms.
    parts : int, optional
        Equal parts of each layer's filters; default: 4, or the most below that which the filters of all layers make; or
        those of the schedules.
    batch : int, optional
        Images that a layer runs at once; default: 1, or that of the schedules.
    bitrate, tx_power : str or float, optional
        To the cloud, as for :func:`partition.plan`; default: there is none.
    round_trip, cloud_ops
        As for :func:`partition.plan`.
    now : str, Path or Condition, optional
        What a monitor recorded: how busy processors are, and the channel
        (:func:`partition.processors.conditions.load_condition`).
    schedules : str or Path, optional
        Schedules that were solved beforehand: the cheapest of those in time is taken, and only if none is, one is
        solved for.
    bits : int, optional
        Of the words that are sent; default: 8, or those of the network's trace.
    sparsity_in, rules, seed, cache, watch
        As for :func:`partition.plan`.

    Raises
    ------
    InputError
        Something that cannot be, in one line. That no schedule is in time is said by ``best``
        (:class:`NoScheduleError`).

    Examples
    --------
    >>> from partition.processors.processor import Processor
    >>> from partition.sources import choose_source
    >>> phone = [
    ...     Processor(name=name, source=choose_source("analytical"), hardware=choose_hardware(name))
    ...     for name in ("eyeriss-16bit", "eyeriss-8bit")
    ... ]
    >>> split("alexnet", phone, max_delay="25ms")
    <alexnet on eyeriss-16bit, eyeriss-8bit: 17.87 mJ, 24.89 ms, cut after FC8>
    """
    if weight is not None and max_delay is not None:
        raise InputError("--weight is given with --max-delay; expected one of them")
    if weight is not None and not 0 <= weight <= 1:
        raise InputError(f"weight is {weight!r}; expected a number from 0 to 1")
    if tx_power is not None and bitrate is None:
        raise InputError("--tx-power is given without --bitrate; expected both, or neither")
    if round_trip and bitrate is None and now is None:
        raise InputError("--round-trip is given without --bitrate; expected both, or neither")
    for name, number in (("parts", parts), ("batch", batch)):
        if number is not None and (not is_whole(number) or number < 1):
            raise InputError(f"{name} is {number!r}; expected a whole number, at least 1")
    of_channel = {"round_trip_s": quantity(round_trip, "s") if round_trip else 0.0}
    channel = None
    if bitrate is not None:
        radio = radio_of(bitrate, tx_power)
        channel = Channel(bitrate_bps=radio.bitrate_bps, tx_power_W=radio.tx_power_W, **of_channel)
    of_sources = {"cache": cache, "seed": seed, "watch": watch, "rules": rules}
    known = _processors(processors, of_sources)
    condition = now if isinstance(now, Condition) or now is None else load_condition(now, known, **of_channel)
    if condition is not None:
        known = condition.on(known)
        if condition.channel is not None and channel is not None:
            raise InputError("--bitrate is given, and the record of --now has one; expected one of them")
        channel = condition.channel or channel
    file = None if schedules is None else load_schedules(schedules)
    loaded = load_network(network)
    if file is not None:
        if weight is not None:
            raise InputError("--weight is given with --schedules; expected --max-delay, by which they were chosen")
        for what, of_file, here in (
            ("network", file.network, loaded.name),
            ("processors", ", ".join(file.processors), ", ".join(each.name for each in known)),
            ("hardware", ", ".join(file.hardware), ", ".join(each.hardware.name for each in known)),
            ("parts", file.parts, parts or file.parts),
            ("batch", file.batch, batch or file.batch),
            ("bits", file.bits, bits or file.bits),
        ):
            if of_file != here:
                raise ProcessorError(f"{schedules}: {what} is {of_file}; expected {here}, as here")
    parts = parts or (file.parts if file else usual_parts(loaded))
    batch = batch or (file.batch if file else 1)
    problem, word = _problem(loaded, parts, batch, bits or (file.bits if file else None), sparsity_in, cloud_ops)
    scheduler = problem.under(known, channel)
    limit = None if max_delay is None else quantity(max_delay, "s")
    if limit is None and file is not None:
        limit = file.max_delay_s
    deadline = float("inf") if limit is None else limit
    best = None
    if file is not None:
        numbers = problem.layers_by_cut(scheduler)
        for at, (cut, of_layers) in enumerate(file.schedules):
            if numbers.get(cut) != len(of_layers):
                expected = f"a cut of {loaded.name}, with a split of each layer up to it"
                raise ProcessorError(
                    f"{schedules}: schedules.{at} is {len(of_layers)} layers to {cut!r}; expected {expected}"
                )
        best = cheapest(scheduler, file.schedules, deadline)
    is_kept = best is not None
    if best is None:
        best = scheduler.least_energy(deadline) if weight is None else scheduler.least_weighted(weight)
    return Split(
        network=loaded.name,
        processors=known,
        parts=parts,
        batch=batch,
        seed=seed,
        word=word,
        channel=channel,
        max_delay_s=limit,
        weight=weight,
        scheduler=scheduler,
        optimum=best,
        is_kept=is_kept,
    )


def usual_parts(network: Network) -> int:
    """As many parts as are usual, or the most below that which the filters of all layers make.

    Examples
    --------
    >>> usual_parts(load_network("alexnet")), usual_parts(load_network("resnet8"))
    (4, 2)
    """
    return max(number for number in parts_that_fit(network) if number <= USUAL_PARTS)


def _processors(said: str | Path | Sequence[Processor], of_sources: dict[str, Any]) -> tuple[Processor, ...]:
    if isinstance(said, str | Path):
        return load_processors(said, **of_sources)
    found = all_of(Processor, said)
    if not found:
        raise ProcessorError(f"processors are {said!r}; expected a file (.toml), or at least one Processor")
    return found


def _problem(
    loaded: Network, parts: int, batch: int, bits: int | None, sparsity_in: float | None, cloud_ops: str | float
) -> tuple[_Problem, Hardware]:
    network = loaded.with_batch(batch)
    graph = graph_of(network)
    # processors may have words of different widths: what is sent has one of its own
    word = choose_hardware(None, bits, default_bits=word_bits(loaded, 8))
    sent = bits_of(graph, word, share_of_zeros(sparsity_in))
    return (
        _Problem(network=network, graph=graph, parts=parts, bits=sent, cloud_ops=quantity(cloud_ops, "ops")),
        word,
    )


@dataclass(frozen=True, kw_only=True)
class Schedules:
    """Schedules for a grid of conditions, of which some are kept.

    Attributes
    ----------
    network : str
    processors : tuple of Processor
    parts, batch : int
    word : Hardware
    max_delay_s : float or None
    conditions, solved : int
        All, and those for which there is a schedule in time.
    kept : tuple of Kept
        In the order in which they were taken.
    """

    network: str
    processors: tuple[Processor, ...]
    parts: int
    batch: int
    word: Hardware
    max_delay_s: float | None
    conditions: int
    solved: int
    kept: tuple[Kept, ...]

    def rows(self) -> list[dict[str, Any]]:
        """A row for each schedule that is kept."""
        return [{"kept": at, **each.record()} for at, each in enumerate(self.kept, 1)]

    def record(self) -> dict[str, Any]:
        """As the file has it (:func:`partition.processors.kept.load_schedules` reads it)."""
        return {
            "version": __version__,
            "network": self.network,
            "processors": [processor.record() for processor in self.processors],
            "parts": self.parts,
            "batch": self.batch,
            "bits": self.word.b_w,
            "max_delay_s": self.max_delay_s,
            "conditions": self.conditions,
            "solved": self.solved,
            "schedules": [each.record() for each in self.kept],
        }


def schedules(
    network: str | Path | Network,
    processors: str | Path | Sequence[Processor],
    grid: str | Path | Sequence[Condition],
    *,
    max_delay: str | float | None = None,
    number: int = 8,
    parts: int | None = None,
    batch: int = 1,
    round_trip: str | float | None = None,
    cloud_ops: str | float = CLOUD_OPS,
    bits: int | None = None,
    sparsity_in: float | None = None,
    rules: RuleSet | str = RuleSet.CORRECTED,
    seed: int = 0,
    cache: str | Path | None = None,
    watch: Watch | None = None,
) -> Schedules:
    """Solve for all conditions of a grid, and keep a few schedules (:func:`partition.processors.kept.keep`).

    Parameters
    ----------
    grid : str, Path or sequence of Condition
        A file (:func:`partition.processors.conditions.load_grid`), or conditions.
    number : int
        Of schedules that are kept, at most.
    network, processors, max_delay, parts, batch, round_trip, cloud_ops, bits, sparsity_in, rules, seed, cache, watch
        As for :func:`split`.

    Raises
    ------
    InputError
        Something that cannot be, in one line.

    Examples
    --------
    >>> from partition.processors.processor import Processor
    >>> from partition.sources import choose_source
    >>> npu = Processor(name="npu", source=choose_source("analytical"), hardware=choose_hardware("eyeriss-8bit"))
    >>> busy = [Condition(utilisation={"npu": share}) for share in (0.0, 0.5)]
    >>> found = schedules("alexnet", [npu], busy, max_delay="40ms")
    >>> found.conditions, found.solved, found.kept[0].schedule.cut
    (2, 1, 'FC8')
    """
    of_sources = {"cache": cache, "seed": seed, "watch": watch, "rules": rules}
    known = _processors(processors, of_sources)
    round_trip_s = quantity(round_trip, "s") if round_trip else 0.0
    conditions = load_grid(grid, known, round_trip_s=round_trip_s) if isinstance(grid, str | Path) else list(grid)
    loaded = load_network(network)
    if not is_whole(number) or number < 1:
        raise InputError(f"number is {number!r}; expected a whole number, at least 1")
    parts = parts or usual_parts(loaded)
    problem, word = _problem(loaded, parts, batch, bits, sparsity_in, cloud_ops)
    limit = None if max_delay is None else quantity(max_delay, "s")
    # what parts cost depends on how busy a processor is, not on the channel
    options: dict[tuple[float, ...], Any] = {}
    schedulers = []
    for condition in conditions:
        busy = condition.on(known)
        key = tuple(each.utilisation for each in busy)
        if key not in options:
            options[key] = options_of(problem.network, busy, parts)
        schedulers.append(Scheduler(problem.graph, options[key], condition.channel, problem.bits, problem.cloud_ops))
    kept, solved = keep(schedulers, number, float("inf") if limit is None else limit)
    return Schedules(
        network=loaded.name,
        processors=known,
        parts=parts,
        batch=batch,
        word=word,
        max_delay_s=limit,
        conditions=len(conditions),
        solved=solved,
        kept=tuple(kept),
    )
