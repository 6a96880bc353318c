"""Schedules: a way to run each layer, up to a cut; exact, by what no other is better than."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical.graph import Graph
from partition.channel import Channel
from partition.costs import Costs
from partition.cuts import CLOUD_OPS, cuts_of

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_HIGHEST_W = 1e12
"""Beyond any price of a second in joules."""

_HALVINGS = 40
"""Of the range in which that price is."""

_ABOVE = (1.0, 1.02, 1.1)
"""Prices of a second, by the one that is just enough, from which a search for a good schedule starts."""

_CHANGES = 40
"""Most changes of a schedule that is close to the best."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to run a layer.

    Attributes
    ----------
    parts : tuple of int
        Of each processor.
    energy_J : float
        Of all processors.
    latency_s : float
        Of the slowest.
    """

    parts: tuple[int, ...]
    energy_J: float
    latency_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A way to run a network.

    Attributes
    ----------
    cut : str
        The last node that the phone runs.
    parts : tuple of tuple of int
        Of each of its layers, those of each processor.
    energy_J : float
        What the phone spends, also to send.
    latency_s : float
        Of layers one after the other, each as long as its slowest processor; of sending, and of the cloud.
    """

    cut: str
    parts: tuple[tuple[int, ...], ...]
    energy_J: float
    latency_s: float

    def by_layer(self, layers: Sequence[str]) -> list[tuple[str, tuple[int, ...]]]:
        """Parts with their layers' names, of :attr:`Scheduler.layers`; those behind the cut have none."""
        return list(zip(layers, self.parts, strict=False))

    def record(self) -> dict[str, Any]:
        """As JSON and CSV have it."""
        return {
            "energy_J": self.energy_J,
            "latency_s": self.latency_s,
            "cut": self.cut,
            "split": " ".join("/".join(map(str, parts)) for parts in self.parts),
        }


@dataclass(frozen=True, slots=True)
class _Layer:
    """One to run."""

    name: str


@dataclass(frozen=True, slots=True)
class _End:
    """Where the phone may stop, and what comes then."""

    cut: str
    energy_J: float
    latency_s: float


@dataclass(frozen=True, slots=True)
class _Labels:
    """Ways so far; of each its energy, its latency, and how it came about.

    Attributes
    ----------
    energy_J, latency_s : ndarray of float
        Ascending, and descending.
    before, option : ndarray of int
        Which of the labels a layer before, and which option of this layer; where there is no layer before, none.
    """

    energy_J: Floats
    latency_s: Floats
    before: Indices
    option: Indices


class Scheduler:
    """Schedules of one network.

    After each layer it keeps those ways so far than which no other takes both less energy and less time: whatever
    follows adds the same to both, so that all others lead to nothing that is better.

    Parameters
    ----------
    graph : Graph
        The network.
    options : mapping of str to sequence of Option
        Of each layer, and of other nodes that cost something (:func:`partition.processors.processor.options_of`).
    channel : Channel, optional
        To the cloud; None: there is none, and the phone runs all layers.
    bits : mapping of str to float, optional
        Of each tensor that may be sent.
    cloud_ops : float
        Operations a second of the cloud.

    Examples
    --------
    >>> from analytical.graph import graph_of
    >>> from analytical.layer import Layer
    >>> from analytical.network import Network
    >>> graph = graph_of(Network("two", (Layer.fc("A", inputs=8, outputs=8), Layer.fc("B", inputs=8, outputs=8))))
    >>> ways = (Option((1, 0), 2.0, 1.0), Option((0, 1), 1.0, 2.0))
    >>> scheduler = Scheduler(graph, {"A": ways, "B": ways})
    >>> [(schedule.energy_J, schedule.latency_s) for schedule in scheduler.front()]
    [(2.0, 4.0), (3.0, 3.0), (4.0, 2.0)]
    >>> scheduler.least_energy(max_delay_s=3.5).energy_J, scheduler.fastest_s
    (3.0, 2.0)
    """

    def __init__(
        self,
        graph: Graph,
        options: Mapping[str, Sequence[Option]],
        channel: Channel | None = None,
        bits: Mapping[str, float] | None = None,
        cloud_ops: float = CLOUD_OPS,
    ) -> None:
        self._options = {name: _not_beaten(of_layer) for name, of_layer in options.items()}
        self._events = _events(graph, self._options, channel, bits or {}, cloud_ops)
        self._all = {name: {option.parts: option for option in of_node} for name, of_node in options.items()}
        # the least time from behind each event on, to any end
        self._rest: list[float] = []
        rest = np.inf
        for event in reversed(self._events):
            self._rest.insert(0, rest)
            if isinstance(event, _End):
                rest = min(rest, event.latency_s)
            else:
                rest += min(option.latency_s for option in self._options[event.name])
        self.fastest_s = float(rest)
        """No schedule takes less."""
        self.layers = tuple(event.name for event in self._events if isinstance(event, _Layer))
        """In the order in which schedules have them: of each cut, those that it has come first."""

    def front(self, max_delay_s: float = np.inf) -> list[Schedule]:
        """All schedules than which no other takes both less energy and less time, from least energy to least time; of
        those that take no longer."""
        return self._search(max_delay_s)

    def least_energy(self, max_delay_s: float = np.inf) -> Schedule | None:
        """The one that spends least, of those that take no longer; None where all take longer."""
        if self.fastest_s > max_delay_s * (1 + 1e-12):
            return None
        power, enough_J = self._price_of_time(max_delay_s)
        if np.isfinite(enough_J) and power:
            enough_J = min(enough_J, *(self._nearby(power * above, max_delay_s) for above in _ABOVE))
        return next(iter(self._search(max_delay_s, power, enough_J)), None)

    def least_weighted(self, weight: float) -> Schedule:
        """The one with the least ``weight`` times millijoules plus ``1 - weight`` times milliseconds (DeepX's
        objective); of equals, the one that spends least."""
        return min(
            self.front(),
            key=lambda schedule: weight * schedule.energy_J * 1e3 + (1 - weight) * schedule.latency_s * 1e3,
        )

    def chosen(self, schedule: Schedule) -> list[tuple[str, Option]]:
        """How each layer is run by a schedule."""
        return [(name, self._all[name][parts]) for name, parts in schedule.by_layer(self.layers)]

    def evaluated(self, cut: str, parts: Sequence[Sequence[int]]) -> Schedule | None:
        """A schedule that was found elsewhere, under these costs and this channel; None where the phone cannot stop
        there, or layers have no such option.

        Parameters
        ----------
        cut : str
            The last node that the phone runs.
        parts : sequence of sequence of int
            Of each of its layers, those of each processor.
        """
        run = 0
        for event in self._events:
            if isinstance(event, _Layer):
                run += 1
            elif event.cut == cut:
                chosen = [self._all[name].get(tuple(of)) for name, of in zip(self.layers, parts, strict=False)]
                known = [option for option in chosen if option is not None]
                if len(parts) != run or len(known) != run:
                    return None
                return Schedule(
                    cut=cut,
                    parts=tuple(option.parts for option in known),
                    energy_J=sum(option.energy_J for option in known) + event.energy_J,
                    latency_s=sum(option.latency_s for option in known) + event.latency_s,
                )
        return None

    def _priced(self, power: float) -> tuple[list[float], float, float]:
        """If a second costs so many joules: the least from behind each event on, and energy and latency of all."""
        rest, energy, latency = np.inf, 0.0, 0.0
        behind: list[float] = []
        for event in reversed(self._events):
            behind.insert(0, rest)
            if isinstance(event, _End):
                if event.energy_J + power * event.latency_s < rest:
                    energy, latency = event.energy_J, event.latency_s
                    rest = energy + power * latency
            else:
                best = min(self._options[event.name], key=lambda option: option.energy_J + power * option.latency_s)
                energy, latency = energy + best.energy_J, latency + best.latency_s
                rest += best.energy_J + power * best.latency_s
        return behind, energy, latency

    def _price_of_time(self, max_delay_s: float) -> tuple[float, float]:
        """A price of a second at which the least of both together is in time, the lower the better, and the energy of
        that schedule: the one looked for spends no more."""
        _, energy, latency = self._priced(0.0)
        if latency <= max_delay_s:
            return 0.0, energy
        low, high = 0.0, 1.0
        while self._priced(high)[2] > max_delay_s:
            low, high = high, 2 * high
            if high > _HIGHEST_W:
                # in time only by a hair: no price is high enough to tell
                return 0.0, np.inf
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self._priced(middle)[2] <= max_delay_s else (middle, high)
        return high, self._priced(high)[1]

    def _nearby(self, power: float, max_delay_s: float) -> float:
        """Energy of a schedule in time that is close to the best: that of least energy and price, in which then one
        layer or two have another option, as long as that saves energy and is still in time."""
        ways = [event for event in self._events if isinstance(event, _Layer)]
        best = [
            min(self._options[way.name], key=lambda option: option.energy_J + power * option.latency_s) for way in ways
        ]
        energy, latency, run = 0.0, 0.0, 0
        found = (np.inf, 0.0, 0.0, 0)
        for event in self._events:
            if isinstance(event, _Layer):
                energy, latency, run = energy + best[run].energy_J, latency + best[run].latency_s, run + 1
            else:
                joules, seconds = energy + event.energy_J, latency + event.latency_s
                found = min(found, (joules + power * seconds, joules, seconds, run))
        _, energy, latency, run = found
        # from here on, options are numbers of all options of all layers that are run
        sizes = [len(self._options[way.name]) for way in ways[:run]]
        of_layer = np.repeat(np.arange(run), sizes)
        options = [option for way in ways[:run] for option in self._options[way.name]]
        joules_of = np.array([option.energy_J for option in options])
        seconds_of = np.array([option.latency_s for option in options])
        starts = np.concatenate([[0], np.cumsum(sizes)])
        now = np.array(
            [starts[at] + self._options[way.name].index(best[at]) for at, way in enumerate(ways[:run])], np.int64
        )
        for _ in range(_CHANGES):
            if not run:
                break
            saved, longer = joules_of - joules_of[now[of_layer]], seconds_of - seconds_of[now[of_layer]]
            pairs = np.where(of_layer[:, None] == of_layer, np.inf, saved[:, None] + saved)
            # an option changed for itself is one change alone
            np.fill_diagonal(pairs, saved)
            slower = longer[:, None] + longer
            np.fill_diagonal(slower, longer)
            pairs[latency + slower > max_delay_s] = np.inf
            first, second = np.unravel_index(int(np.argmin(pairs)), pairs.shape)
            if not pairs[first, second] < 0:
                break
            for chosen in {int(first), int(second)}:
                energy, latency = energy + saved[chosen], latency + longer[chosen]
                now[of_layer[chosen]] = chosen
        # sums of differences are not sums: the bound is on the safe side of what rounding does
        return float(energy) * (1 + 1e-12)

    def _search(self, max_delay_s: float, power: float = 0.0, enough_J: float = np.inf) -> list[Schedule]:
        """Schedules in time, least energy first; all of the front, or those of it that spend at most so much.

        With a price of time (a Lagrange multiplier) there is a bound to what a way so far leads to: of schedules in
        time, energy is at least energy and price so far, and the least of both for the rest, less the price of all the
        time there is."""
        priced = self._priced(power)[0]
        limit = (enough_J + (power * max_delay_s if power else 0.0)) * (1 + 1e-9)
        nothing = np.zeros(1)
        labels = [_Labels(nothing, nothing, np.zeros(1, np.int64), np.zeros(1, np.int64))]
        layers: list[str] = []
        ends: list[tuple[_End, int]] = []
        for event, rest, least in zip(self._events, self._rest, priced, strict=True):
            if isinstance(event, _End):
                ends.append((event, len(layers)))
                continue
            options = self._options[event.name]
            energy = (labels[-1].energy_J[:, None] + np.array([option.energy_J for option in options])).ravel()
            latency = (labels[-1].latency_s[:, None] + np.array([option.latency_s for option in options])).ravel()
            # what cannot end in time leads nowhere, and what cannot be as good as what is known, nowhere better
            in_time = latency + rest <= max_delay_s * (1 + 1e-12)
            in_reach = energy + power * latency + least <= limit
            there = np.flatnonzero(in_time & in_reach)
            kept = there[_front(energy[there], latency[there])]
            layers.append(event.name)
            labels.append(_Labels(energy[kept], latency[kept], kept // len(options), kept % len(options)))
        energy = np.concatenate([labels[at].energy_J + end.energy_J for end, at in ends])
        latency = np.concatenate([labels[at].latency_s + end.latency_s for end, at in ends])
        of_end = np.repeat(np.arange(len(ends)), [labels[at].energy_J.size for _, at in ends])
        label_of = np.concatenate([np.arange(labels[at].energy_J.size) for _, at in ends])
        there = np.flatnonzero((latency <= max_delay_s * (1 + 1e-12)) & (energy <= enough_J * (1 + 1e-9)))
        found = there[_front(energy[there], latency[there])]
        return [
            Schedule(
                cut=ends[of_end[at]][0].cut,
                parts=self._parts(labels, layers, ends[of_end[at]][1], int(label_of[at])),
                energy_J=float(energy[at]),
                latency_s=float(latency[at]),
            )
            for at in found
        ]

    def _parts(
        self, labels: Sequence[_Labels], layers: Sequence[str], run: int, label: int
    ) -> tuple[tuple[int, ...], ...]:
        """How a label came about, read from its end."""
        parts = []
        for at in range(run, 0, -1):
            parts.append(self._options[layers[at - 1]][int(labels[at].option[label])].parts)
            label = int(labels[at].before[label])
        return tuple(reversed(parts))


def supported(front: Sequence[Schedule]) -> list[bool]:
    """Which of a front a weighted sum of energy and time can reach: those on its lower convex hull.

    Examples
    --------
    >>> front = [Schedule(cut="A", parts=(), energy_J=e, latency_s=t) for e, t in [(0, 4), (2, 3), (3, 0)]]
    >>> supported(front)
    [True, False, True]
    """
    hull: list[int] = []
    for at, schedule in enumerate(front):
        while len(hull) > 1:
            first, last = front[hull[-2]], front[hull[-1]]
            over = (last.energy_J - first.energy_J) * (schedule.latency_s - first.latency_s)
            under = (schedule.energy_J - first.energy_J) * (last.latency_s - first.latency_s)
            if over > under:
                break
            hull.pop()
        hull.append(at)
    return [at in hull for at in range(len(front))]


def _front(energy: Floats, latency: Floats) -> Indices:
    """Which are not beaten in both, by energy; of equals the first."""
    order = np.lexsort((latency, energy))
    least = np.minimum.accumulate(latency[order])
    return order[np.concatenate([[True], latency[order][1:] < least[:-1]])] if order.size else order


def _not_beaten(options: Sequence[Option]) -> list[Option]:
    energy = np.array([option.energy_J for option in options])
    latency = np.array([option.latency_s for option in options])
    return [options[at] for at in _front(energy, latency)]


def _events(
    graph: Graph,
    options: Collection[str],
    channel: Channel | None,
    bits: Mapping[str, float],
    cloud_ops: float,
) -> list[_Layer | _End]:
    """Layers in an order in which each cut's come before those behind it, and where the phone may stop."""
    # a schedule's energies and times are its own: of the cut only the rest is asked
    nothing = Costs(energy_J={}, latency_s={})
    known = cuts_of(graph, dict.fromkeys(graph.nodes, 0.0) | dict(bits), nothing, cloud_ops=cloud_ops)
    cuts = {cut.name: cut for cut in known}
    events: list[_Layer | _End] = []
    run: set[str] = set()
    for name, client in graph.chain():
        for node in graph.nodes.values():
            if node.name in client and node.name in options and node.name not in run:
                run.add(node.name)
                events.append(_Layer(node.name))
        if channel is not None:
            cut = cuts[name]
            events.append(_End(name, cut.total_energy_J(channel), cut.delay_s(channel)))
        elif name == graph.last:
            events.append(_End(name, 0.0, 0.0))
    return events
