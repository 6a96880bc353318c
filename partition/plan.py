"""Where to cut: all cuts of a network over a channel, the best of them, and what it saves."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analytical.hardware import Hardware
from partition.channel import Channel, bits_of
from partition.cuts import Cut, cut_at, cuts_of
from partition.decision import Envelope, Lines, algorithm_2
from partition.graph import Graph
from partition.mincut import least_energy_cut
from partition.source import Costs


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A network's cuts over a channel.

    image_energy_J  what JPEG costs if the image is sent
    max_delay_s     the longest that an inference may take; None: as long as it takes
    """

    graph: Graph
    hardware: Hardware
    source: str
    costs: Costs
    channel: Channel
    sparsity_in: float
    image_energy_J: float = 0.0
    max_delay_s: float | None = None

    @cached_property
    def bits(self) -> Mapping[str, float]:
        """Bits of every tensor that may be sent."""
        return bits_of(self.graph, self.hardware, self.sparsity_in)

    @cached_property
    def cuts(self) -> list[Cut]:
        """The paper's cuts, from fully cloud to fully in situ."""
        return cuts_of(self.graph, self.bits, self.costs, self.image_energy_J)

    @cached_property
    def lines(self) -> Lines:
        """The cuts as lines."""
        return Lines.of(self.cuts)

    @property
    def optimum(self) -> Cut | None:
        """The cut of least energy, within the delay if there is one; None if none is."""
        cuts = self.cuts
        if self.max_delay_s is None:
            return cuts[int(algorithm_2(self.lines, self.channel.joules_per_bit))]
        fast = [cut for cut in cuts if cut.delay_s(self.channel) <= self.max_delay_s]
        return min(fast, key=lambda cut: cut.total_energy_J(self.channel), default=None)

    @property
    def branching_optimum(self) -> tuple[Cut, list[str]]:
        """The best of all cuts, through branches, too, and the tensors that it sends; delay is not looked at."""
        client = least_energy_cut(self.graph, self.bits, self.costs.energy_J, self.channel, self.image_energy_J)
        sent = self.graph.sent(client)
        name = " + ".join(sent) or self.graph.last
        cut = cut_at(self.graph, name, client, self.bits, self.costs, self.image_energy_J)
        return cut, sent

    def saving_percent(self, cut: Cut, instead_of: Cut) -> float:
        """What one cut saves, in percent of another's energy."""
        ours, theirs = cut.total_energy_J(self.channel), instead_of.total_energy_J(self.channel)
        return 100 * (1 - ours / theirs) if theirs else 0.0

    def switch_rates(self) -> list[tuple[str, float]]:
        """Cuts that are best at some bit rate, with this transmission power, and from which rate (bit/s) on: the
        slowest channel's first."""
        cuts = self.cuts
        points = Envelope(self.lines).switch_points()
        ends = [x for x, _ in points[1:]] + [None]
        power = self.channel.tx_power_W
        found = [
            (cuts[number].name, power / end if end else 0.0) for (_, number), end in zip(points, ends, strict=True)
        ]
        return found[::-1]

    def rows(self) -> list[dict[str, str | float]]:
        """One row a cut."""
        return [
            {
                "cut": cut.name,
                "client_energy_J": cut.client_energy_J,
                "transmit_bits": cut.transmit_bits,
                "transmit_energy_J": self.channel.energy_J(cut.transmit_bits),
                "total_energy_J": cut.total_energy_J(self.channel),
                "delay_s": cut.delay_s(self.channel),
            }
            for cut in self.cuts
        ]

    def record(self) -> dict[str, Any]:
        """The plan as JSON has it."""
        cuts, best = self.cuts, self.optimum
        branching, sent = self.branching_optimum
        codec = self.costs.codec_bits
        return {
            "network": self.graph.network,
            "source": self.source,
            "bits": self.hardware.b_w,
            "hardware": self.hardware.record(),
            "bitrate_bps": self.channel.bitrate_bps,
            "tx_power_W": self.channel.tx_power_W,
            "sparsity_in": self.sparsity_in,
            "max_delay_s": self.max_delay_s,
            "optimum": best.name if best else None,
            "saving_vs_fcc_percent": self.saving_percent(best, cuts[0]) if best else None,
            "saving_vs_fisc_percent": self.saving_percent(best, cuts[-1]) if best else None,
            "cuts": [row | _known_bits(codec, cut) for row, cut in zip(self.rows(), cuts, strict=True)],
            "best_from_bitrate_bps": dict(self.switch_rates()),
            "branching": {"sends": sent, "total_energy_J": branching.total_energy_J(self.channel)},
        }


def _known_bits(codec_bits: Mapping[str, int], cut: Cut) -> dict[str, int]:
    """What a codec made of a cut's tensor, if one did."""
    return {"codec_bits": codec_bits[cut.name]} if cut.name in codec_bits else {}
