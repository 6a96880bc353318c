"""Sequential segments, optimised exactly: all cuts than which no others take less of everything."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from math import comb
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytical.graph import IMAGE
from analytical.pareto import not_beaten
from partition.fleet.shares import FleetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from partition.fleet.plan import Fleet

MOST_TRIED = 300_000
"""Ways to cut, beyond which trying all takes too long."""


class Segmented(NamedTuple):
    """One way to cut.

    Attributes
    ----------
    cuts : tuple of str
        The last tensor of each segment but the last one's.
    max_energy_J : float
        Of the device that spends most on a frame.
    period_s : float
        Between two frames.
    memory_bytes : float
        Weights and activations of the device that holds most.
    weight_bytes : float
        Weights of the device that holds most of them.
    latency_s : float
        Of a frame.
    """

    cuts: tuple[str, ...]
    max_energy_J: float
    period_s: float
    memory_bytes: float
    weight_bytes: float
    latency_s: float


OBJECTIVES: dict[str, Callable[[Segmented], float]] = {
    "energy": lambda found: found.max_energy_J,
    "latency": lambda found: found.latency_s,
    "throughput": lambda found: found.period_s,
    "memory": lambda found: found.memory_bytes,
    "weights": lambda found: found.weight_bytes,
}
"""What cuts may have least of."""


@dataclass(frozen=True, slots=True)
class _Label:
    """Segments from a tensor to the end, of some devices.

    Attributes
    ----------
    stops : tuple of int
        Where the segments but the last one end.
    worst : tuple of float
        What only grows as segments are put before it, as :meth:`Segments._joined` has it.
    owed : tuple of float
        Of each tensor that is made before and read here, words that its maker sends.
    """

    stops: tuple[int, ...]
    worst: tuple[float, ...]
    owed: tuple[float, ...]


class Segments:
    """The ways to cut a network into segments, the first device's first, at most one a device.

    They are put together from the end. What a segment costs depends on where it begins and ends, but for what it sends:
    that depends on how many segments behind read it. So of two ways to cut what is behind a tensor, one is as good as
    the other only if it has no more of anything, and nobody before has to send more for it. All others are dropped:
    whatever comes before adds the same to both.

    Parameters
    ----------
    fleet : Fleet
        Whose devices, network and link.
    """

    def __init__(self, fleet: "Fleet") -> None:
        self._fleet = fleet
        tensors = fleet.tensors
        self._order = tensors.names[1:]
        self._devices = len(fleet.members)
        places = {name: at for at, name in enumerate(self._order)} | {IMAGE: -1}
        parts = {name: tensors.needed(name, ~tensors.nothing(name)) for name in self._order}
        # of each tensor, by its place, who reads it and what of it
        self._readers: dict[int, list[tuple[int, NDArray[np.bool_]]]] = {at: [] for at in places.values()}
        for name in self._order:
            for read, part in parts[name].items():
                self._readers[places[read]].append((places[name], part))
        self._words = [tensors.node(name).values for name in self._order]
        weights = [0 if (layer := tensors.node(name).layer) is None else layer.weights for name in self._order]
        self._weights = np.concatenate([[0], np.cumsum(weights)])
        self._ends = [places[name] for name in tensors.ends]
        # of each device, joules and seconds of all tensors up to each
        self._up_to = []
        for device in range(self._devices):
            prices = [fleet.price(device, name, ~tensors.nothing(name)) for name in self._order]
            energy = np.concatenate([[0.0], np.cumsum([price.energy_J for price in prices])])
            latency = np.concatenate([[0.0], np.cumsum([price.latency_s for price in prices])])
            self._up_to.append((energy, latency))
        self._idle = [fleet.idle_power_W(device) for device in range(self._devices)]
        self._limits = [member.memory_bytes for member in fleet.members]
        self._powers = sorted({power for power in self._idle if power})
        self._needed = cache(self._needed_words)
        self._peak_words = cache(self._most_held)
        self._crossing = [
            [at for at in range(-1, place) if any(reader >= place for reader, _ in self._readers[at])
             and not (at == -1 and fleet.is_image_everywhere)]
            for place in range(len(self._order) + 1)
        ]  # fmt: skip

    def best(self, least: str) -> tuple[str, ...]:
        """The cuts that have least of something; of equals, those of which the worst device spends least, then those of
        the shortest period.

        Parameters
        ----------
        least : str
            One of :data:`OBJECTIVES`.
        """
        least_of = OBJECTIVES[least]
        asked = {"latency": least == "latency", "memory": least == "memory"}
        limited = any(limit is not None for limit in self._limits)
        found = self.front(**asked, within=limited)
        if not found:
            # no cuts leave all devices the memory that they need: those without a limit say how much is missing
            found = self.front(**asked)
        return min(found, key=lambda each: (least_of(each), each.max_energy_J, each.period_s)).cuts

    def front(self, *, latency: bool = False, memory: bool = False, within: bool = False) -> list[Segmented]:
        """All ways to cut than which no other has less or as much of everything: of the worst device's energy, of the
        period, and of weights; and of latency, or of weights with activations, if that is asked for; or of those alone
        for which all devices have the memory.

        Raises
        ------
        FleetError
            Devices code tensors in different ways, and there are too many ways to try.
        """
        if (
            len(
                {
                    tuple(self._fleet.bits_on(name, member) for name in self._fleet.tensors.names)
                    for member in self._fleet.members
                }
            )
            > 1
        ):
            all_stops = list(self._all_stops())
            if within:
                all_stops = [stops for stops in all_stops if self._all_fit(stops)]
            tried = [self.measured(stops) for stops in all_stops]
        else:
            tried = [self.measured(label.stops) for label in self._labels(latency, memory, within)]
        if not tried:
            return []
        columns = [[each.max_energy_J, each.period_s, each.memory_bytes if memory else each.weight_bytes]
                   + ([each.latency_s] if latency else []) for each in tried]  # fmt: skip
        kept = not_beaten(np.array(columns))
        return sorted((tried[at] for at in kept), key=lambda each: each[1:])

    def _all_fit(self, stops: Sequence[int]) -> bool:
        edges = [0, *stops, len(self._order)]
        return all(self._fits(device, *span) for device, span in enumerate(pairwise(edges)))

    def _fits(self, device: int, start: int, stop: int) -> bool:
        """Whether a device has the memory for a segment."""
        limit = self._limits[device]
        if limit is None:
            return True
        words = float(self._weights[stop] - self._weights[start]) + self._peak_words(start, stop)
        return words * self._fleet.members[device].hardware.b_w / 8 <= limit

    def _all_stops(self) -> Iterator[tuple[int, ...]]:
        places = len(self._order) - 1
        most = min(self._devices - 1, places)
        number = sum(comb(places, cuts) for cuts in range(most + 1))
        if number > MOST_TRIED:
            raise FleetError(
                f"devices code tensors in different ways, and there are {number:,} ways to cut; expected devices with "
                f"the same words, or fewer of them (at most {MOST_TRIED:,} ways are tried)"
            )
        for cuts in range(most + 1):
            yield from combinations(range(1, places + 1), cuts)

    def measured(self, stops: Sequence[int]) -> Segmented:
        """One way to cut, as it is."""
        fleet, link = self._fleet, self._fleet.link
        edges = [0, *stops, len(self._order)]
        spans = list(pairwise(edges))
        received, sent = [0.0] * len(spans), [0.0] * len(spans)
        for device, (start, stop) in enumerate(spans):
            for at in self._crossing[start]:
                words = self._needed(at, start, stop)
                maker = 0 if at == -1 else next(number for number, (a, b) in enumerate(spans) if a <= at < b)
                if words and maker != device:
                    name = IMAGE if at == -1 else self._order[at]
                    bits = words * fleet.bits_on(name, fleet.members[maker])
                    received[device] += bits
                    sent[maker] += bits
        if fleet.result_at is not None:
            for at in self._ends:
                maker = next(number for number, (a, b) in enumerate(spans) if a <= at < b)
                if maker:
                    bits = self._words[at] * fleet.bits_on(self._order[at], fleet.members[maker])
                    sent[maker] += bits
                    received[0] += bits
        busy = [
            float(self._up_to[device][1][stop] - self._up_to[device][1][start])
            for device, (start, stop) in enumerate(spans)
        ]
        radio = [(out + into) / link.bitrate_bps for out, into in zip(sent, received, strict=True)]
        transfers = sum(sent) / link.bitrate_bps
        period = max(*busy, *radio, transfers if link.shared else 0.0)
        energies = [self._idle[device] * period for device in range(len(spans), self._devices)]
        for device, (start, stop) in enumerate(spans):
            computed = float(self._up_to[device][0][stop] - self._up_to[device][0][start])
            moved = (sent[device] * link.tx_power_W + received[device] * link.rx_power_W) / link.bitrate_bps
            idle = self._idle[device] * max(0.0, period - busy[device] - radio[device])
            energies.append(computed + moved + idle)
        widths = [fleet.members[device].hardware.b_w / 8 for device in range(len(spans))]
        held = [float(self._weights[stop] - self._weights[start]) for start, stop in spans]
        return Segmented(
            cuts=tuple(self._order[stop - 1] for stop in stops),
            max_energy_J=max(energies),
            period_s=period,
            memory_bytes=max(
                (weights + self._peak_words(start, stop)) * width
                for weights, (start, stop), width in zip(held, spans, widths, strict=True)
            ),
            weight_bytes=max(weights * width for weights, width in zip(held, widths, strict=True)),
            latency_s=sum(busy) + transfers,
        )

    def _labels(self, latency: bool, memory: bool, within: bool) -> list[_Label]:
        """All ways but those than which another is as good, as long as all devices code tensors alike."""
        last = len(self._order)
        here: dict[int, list[_Label]] = {}
        found: list[_Label] = []
        for device in range(self._devices - 1, -1, -1):
            # what is behind is of the devices behind, or there is nothing behind
            behind = {last: [self._nothing_behind(device, latency)]} | here
            here = {}
            starts = [0] if device == 0 else range(1, last)
            for start in starts:
                labels = [
                    self._joined(device, start, stop, label, latency, memory)
                    for stop, of_stop in behind.items()
                    if stop > start and not (within and not self._fits(device, start, stop))
                    for label in of_stop
                ]
                if labels:
                    kept = not_beaten(np.array([(*label.worst, *label.owed) for label in labels]))
                    here[start] = [labels[at] for at in kept]
            found = here.get(0, [])
        return found

    def _nothing_behind(self, device: int, latency: bool) -> _Label:
        """Behind the last segment: devices that only wait, if there are some."""
        waiting = self._idle[device + 1 :]
        columns = [0.0, *(0.0 if power in waiting else -np.inf for power in self._powers), 0.0, 0.0]
        return _Label((), (*columns, *[0.0] * (self._fleet.link.shared + latency)), ())

    def _joined(self, device: int, start: int, stop: int, behind: _Label, latency: bool, memory: bool) -> _Label:
        """A segment put before others: worst energy without waiting; for each power of a device that waits, worst
        energy if the period were nothing; the longest of work and radio; memory; all bits and latency where they
        matter."""
        fleet, link = self._fleet, self._fleet.link
        owed = dict(zip(self._crossing[stop], behind.owed, strict=True))
        sent = sum(
            words * self._bits(at) for at, words in owed.items() if start <= at < stop or (device == 0 and at == -1)
        )
        received = sum(
            self._needed(at, start, stop) * self._bits(at)
            for at in self._crossing[start]
            if not (device == 0 and at == -1)
        )
        if fleet.result_at is not None:
            results = {at: self._words[at] * self._bits(at) for at in self._ends}
            if device:
                sent += sum(bits for at, bits in results.items() if start <= at < stop)
            else:
                received += sum(bits for at, bits in results.items() if at >= stop)
        energy, seconds = self._up_to[device]
        busy = float(seconds[stop] - seconds[start])
        radio = (sent + received) / link.bitrate_bps
        base = float(energy[stop] - energy[start])
        base += (sent * link.tx_power_W + received * link.rx_power_W) / link.bitrate_bps
        held = float(self._weights[stop] - self._weights[start]) + (self._peak_words(start, stop) if memory else 0.0)
        worst, *rest = behind.worst
        columns = [max(worst, base)]
        for power in self._powers:
            own = base - power * (busy + radio) if self._idle[device] == power else -np.inf
            columns.append(max(rest.pop(0), own))
        columns.append(max(rest.pop(0), busy, radio))
        columns.append(max(rest.pop(0), held * fleet.members[device].hardware.b_w / 8))
        if link.shared:
            columns.append(rest.pop(0) + received)
        if latency:
            columns.append(rest.pop(0) + busy + received / link.bitrate_bps)
        return _Label(
            stops=behind.stops if stop == len(self._order) else (stop, *behind.stops),
            worst=tuple(columns),
            owed=tuple(owed.get(at, 0.0) + self._needed(at, start, stop) for at in self._crossing[start]),
        )

    def _bits(self, at: int) -> float:
        return self._fleet.bits_on(IMAGE if at == -1 else self._order[at], self._fleet.members[0])

    def _needed_words(self, at: int, start: int, stop: int) -> int:
        """Words of a tensor that a segment needs."""
        parts = [part for reader, part in self._readers[at] if start <= reader < stop]
        if not parts:
            return 0
        whole = parts[0].copy()
        for part in parts[1:]:
            whole |= part
        return self._fleet.tensors.words(IMAGE if at == -1 else self._order[at], whole)

    def _most_held(self, start: int, stop: int) -> int:
        """Most words of tensors that a segment holds at a time (:func:`partition.fleet.plan.most_live`)."""
        most = 0
        last_read = {at: max((reader for reader, _ in readers), default=-2) for at, readers in self._readers.items()}
        for step in range(start, stop):
            words = self._words[step] + sum(self._words[at] for at in range(start, step) if last_read[at] >= step)
            for at in (-1, *range(start)):
                if any(step <= reader < stop for reader, _ in self._readers[at]):
                    words += self._needed(at, start, step + 1)
            most = max(most, words)
        return most
