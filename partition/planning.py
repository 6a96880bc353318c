"""Where to cut: all cuts of a network over a channel, the best of them, and what it saves."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from analytical.checks import is_number
from analytical.columns import Column, Per, row_of
from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.graph import IMAGE, Graph, graph_of
from analytical.hardware import Hardware
from analytical.mappings.cnnergy import RuleSet
from analytical.network import Network, word_bits
from analytical.networks import load_network
from analytical.networks.table import with_image
from analytical.results import ByLayer, frame, html_table
from partition.channel import Channel, bits_of, share_of_zeros
from partition.charts import cuts_chart
from partition.costs import Costs
from partition.cuts import CLOUD_OPS, Cut, cut_at, cuts_of
from partition.envelope import Envelope, Lines
from partition.mincut import least_energy_cut
from partition.radios import radio_of
from partition.sources import ANALYTICAL, EnergySource, Watch, choose_source
from partition.units import quantity


# no slots: cached properties keep their values in the instance's dict, and need it to be there
@dataclass(frozen=True, kw_only=True)
class Plan:
    """A network's cuts over a channel.

    Attributes
    ----------
    graph : Graph
        The network.
    hardware : Hardware
        The phone's accelerator.
    source : str
        What its energy source is called.
    costs : Costs
        What layers cost it.
    channel : Channel
        Bit rate and transmission power.
    sparsity_in : float
        Share of zeros in the image's JPEG.
    jpeg_bits : float or None
        Bits of the image's JPEG file, where they are known; None: what the paper expects of the share of zeros.
    image_energy_J : float
        What JPEG costs if the image is sent, in joules.
    max_delay_s : float or None
        The longest that an inference may take, in seconds; None: as long as it takes.
    cloud_ops : float
        Operations a second of the cloud.
    least : str
        Of what the best cut has least: one of :data:`LEAST`.

    See Also
    --------
    plan : makes one.

    Examples
    --------
    >>> found = plan("alexnet", bitrate="60Mbps", tx_power="0.5W")
    >>> found.best.name, round(found.saving_percent(found.best, instead_of=found.cuts[0]), 1)
    ('P2', 20.7)
    >>> found.rows()[0]["cut"], len(found.rows())
    ('In', 12)
    """

    graph: Graph
    hardware: Hardware
    source: str
    costs: Costs
    channel: Channel
    sparsity_in: float
    jpeg_bits: float | None = None
    image_energy_J: float = 0.0
    max_delay_s: float | None = None
    cloud_ops: float = CLOUD_OPS
    least: str = "energy"

    @cached_property
    def bits(self) -> Mapping[str, float]:
        """Bits of every tensor that may be sent."""
        bits = bits_of(self.graph, self.hardware, self.sparsity_in)
        return bits if self.jpeg_bits is None else bits | {IMAGE: self.jpeg_bits}

    @cached_property
    def cuts(self) -> tuple[Cut, ...]:
        """The paper's cuts, from fully cloud to fully in situ."""
        return cuts_of(self.graph, self.bits, self.costs, self.image_energy_J, self.cloud_ops)

    @cached_property
    def lines(self) -> Lines:
        """The cuts as lines."""
        return Lines.of(self.cuts)

    @property
    def optimum(self) -> Cut | None:
        """The cut of least energy, or delay; within the longest delay if there is one; None if none is."""
        cuts = self.cuts
        if self.least == "delay":
            # of cuts that take as long, the one that spends less
            fastest = min(cuts, key=lambda cut: (cut.delay_s(self.channel), cut.total_energy_J(self.channel)))
            in_time = self.max_delay_s is None or fastest.delay_s(self.channel) <= self.max_delay_s
            return fastest if in_time else None
        if self.max_delay_s is None:
            return cuts[self.lines.best(self.channel.joules_per_bit)]
        fast = [cut for cut in cuts if cut.delay_s(self.channel) <= self.max_delay_s]
        # of cuts that cost the same, the first, as in Algorithm 2
        return min(fast, key=lambda cut: cut.total_energy_J(self.channel), default=None)

    @property
    def best(self) -> Cut:
        """The :attr:`optimum`.

        Raises
        ------
        DelayError
            No cut is within the delay.
        """
        optimum = self.optimum
        if optimum is None:
            fastest = min(cut.delay_s(self.channel) for cut in self.cuts)
            raise DelayError(f"no cut is within {self.max_delay_s:g} s; the fastest takes {fastest:g} s")
        return optimum

    @property
    def branching_optimum(self) -> tuple[Cut, list[str]]:
        """The best of all cuts, through branches, too, and the tensors that it sends; delay is not looked at.

        See Also
        --------
        partition.mincut.least_energy_cut : finds it.
        """
        client = least_energy_cut(self.graph, self.bits, self.costs.energy_J, self.channel, self.image_energy_J)
        sent = self.graph.sent(client)
        # a cut that sends nothing is the one after the last node
        name = " + ".join(sent) or self.graph.last
        cut = cut_at(self.graph, name, client, self.bits, self.costs, self.image_energy_J, self.cloud_ops)
        return cut, sent

    def saving_percent(self, cut: Cut, instead_of: Cut) -> float:
        """What one cut saves, in percent of another's energy."""
        ours, theirs = cut.total_energy_J(self.channel), instead_of.total_energy_J(self.channel)
        return 100 * (1 - ours / theirs) if theirs else 0.0

    def switch_rates(self) -> list[tuple[str, float]]:
        """Cuts that are best at some bit rate, with this transmission power, and from which rate (bit/s) on: the
        slowest channel's first.

        Returns
        -------
        list of (str, float)
            Name of the cut, and the rate from which it is the best until the next one's; the first rate is 0.

        Examples
        --------
        >>> found = plan("alexnet", bitrate="60Mbps", tx_power="0.5W")
        >>> [(name, round(rate / 1e6)) for name, rate in found.switch_rates()][:3]  # Mbps
        [('FC8', 0), ('FC6', 11), ('P3', 15)]
        """
        cuts = self.cuts
        points = Envelope(self.lines).switch_points()
        if not self.channel.tx_power_W:
            # sending costs nothing at any rate
            return [(cuts[points[0][1]].name, 0.0)]
        # x = P_Tx / B falls as the rate grows: where a cut stops being the best along x is the rate from which it is
        ends = [x for x, _ in points[1:]] + [None]
        power = self.channel.tx_power_W
        found = [
            (cuts[number].name, power / end if end else 0.0) for (_, number), end in zip(points, ends, strict=True)
        ]
        return found[::-1]

    def rows(self) -> list[dict[str, str | float]]:
        """One row a cut (:data:`COLUMNS`)."""
        return [row_of(COLUMNS, (self, cut)) for cut in self.cuts]

    def record(self) -> dict[str, Any]:
        """The plan as JSON has it (:data:`FIELDS`)."""
        return row_of(FIELDS, self)

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame; :class:`ImportError` without the extra ``frame``."""
        return frame(self.rows())

    def plot(self) -> Any:
        """What the phone spends by cut, as an Altair chart (the extra ``report``)."""
        best = self.optimum
        return cuts_chart(self.rows(), best.name if best else None, repr(self).strip("<>"))

    def _repr_html_(self) -> str:
        """Every cut, as a notebook shows it."""
        return html_table(
            repr(self),
            [
                {
                    "cut": row["cut"],
                    "kbit": float(row["transmit_bits"]) / 1e3,
                    "client mJ": float(row["client_energy_J"]) * 1e3,
                    "send mJ": float(row["transmit_energy_J"]) * 1e3,
                    "total mJ": float(row["total_energy_J"]) * 1e3,
                    "ms": float(row["delay_s"]) * 1e3,
                }
                for row in self.rows()
            ],
        )

    def __repr__(self) -> str:
        best = self.optimum
        cut = (
            "no cut is fast enough"
            if best is None
            else f"cut after {best.name}, {_mJ(best.total_energy_J(self.channel))}"
        )
        return (
            f"<{self.graph.network} on {self.hardware.name}, {self.source}, {self.channel.bitrate_bps / 1e6:g} Mbps at "
            f"{self.channel.tx_power_W:g} W: {cut}>"
        )


LEAST = ("energy", "delay")
"""Of what the best cut may have least; the first is the default, and the paper's."""

MOST_BITS = 1e15
"""Beyond any image."""


def _mJ(joules: float) -> str:
    return f"{joules * 1e3:.4g} mJ"


class DelayError(InputError):
    """A delay within which no cut stays; the message says both, in seconds."""


_of_image = partial(Column, per=Per.IMAGE)
_joules = partial(Column, unit="J", per=Per.IMAGE)

COLUMNS: tuple[Column, ...] = (
    Column(name="cut", meaning="the last node that the phone runs; `In`: all in the cloud", of=lambda at: at[1].name),
    _joules(
        name="client_energy_J",
        meaning="what the phone spends on layers up to the cut",
        of=lambda at: at[1].client_energy_J,
    ),
    _of_image(name="transmit_bits", unit="bits", meaning="what it sends", of=lambda at: at[1].transmit_bits),
    _joules(
        name="transmit_energy_J",
        meaning="what sending costs it",
        of=lambda at: at[0].channel.energy_J(at[1].transmit_bits),
    ),
    _joules(name="total_energy_J", meaning="both together (eq 1)", of=lambda at: at[1].total_energy_J(at[0].channel)),
    _of_image(
        name="delay_s",
        unit="s",
        meaning="latency of phone, channel and cloud (eq 26)",
        of=lambda at: at[1].delay_s(at[0].channel),
    ),
)
"""The columns of a cut, in the order in which CSV has them; a function takes the plan and the cut."""


def _saving(plan: Plan, end: int) -> float | None:
    best = plan.optimum
    return plan.saving_percent(best, plan.cuts[end]) if best else None


def _optimum(plan: Plan) -> str | None:
    best = plan.optimum
    return best.name if best else None


def _branching(plan: Plan) -> dict[str, Any]:
    cut, sent = plan.branching_optimum
    return {"sends": sent, "total_energy_J": cut.total_energy_J(plan.channel)}


FIELDS: tuple[Column, ...] = (
    Column(name="network", meaning="name of the network", of=lambda plan: plan.graph.network),
    Column(name="source", meaning="energy source", of=lambda plan: plan.source),
    Column(name="bits", unit="bits", meaning="width of a word", of=lambda plan: plan.hardware.b_w),
    Column(name="hardware", meaning="the phone's accelerator", of=lambda plan: plan.hardware.record()),
    Column(name="bitrate_bps", unit="bit/s", meaning="of the channel", of=lambda plan: plan.channel.bitrate_bps),
    Column(name="tx_power_W", unit="W", meaning="transmission power", of=lambda plan: plan.channel.tx_power_W),
    Column(name="sparsity_in", meaning="share of zeros in the image's JPEG", of=lambda plan: plan.sparsity_in),
    Column(
        name="jpeg_bits",
        unit="bits",
        meaning="of the image's JPEG file; null: the paper's, by its zeros",
        of=lambda plan: plan.jpeg_bits,
    ),
    Column(name="max_delay_s", unit="s", meaning="longest delay; null: any", of=lambda plan: plan.max_delay_s),
    Column(name="round_trip_s", unit="s", meaning="to the cloud and back", of=lambda plan: plan.channel.round_trip_s),
    Column(name="cloud_ops", unit="1/s", meaning="operations of the cloud", of=lambda plan: plan.cloud_ops),
    Column(name="least", meaning="of what the optimum has least: energy or delay", of=lambda plan: plan.least),
    Column(name="optimum", meaning="that cut; null: none is within the delay", of=_optimum),
    Column(
        name="saving_vs_fcc_percent",
        unit="%",
        meaning="what it saves against all in the cloud",
        of=lambda plan: _saving(plan, 0),
    ),
    Column(
        name="saving_vs_fisc_percent",
        unit="%",
        meaning="what it saves against all on the phone",
        of=lambda plan: _saving(plan, -1),
    ),
    Column(
        name="cuts",
        meaning="every cut, from `In` to the last layer, with the columns above; `codec_bits` where a codec ran",
        of=lambda plan: [
            row | _known_bits(plan.costs.codec_bits, cut) for row, cut in zip(plan.rows(), plan.cuts, strict=True)
        ],
    ),
    Column(
        name="best_from_bitrate_bps",
        unit="bit/s",
        meaning="cuts that are best at some bit rate, and from which one on",
        of=lambda plan: dict(plan.switch_rates()),
    ),
    Column(
        name="branching",
        meaning="the minimum cut through branches: the tensors that it `sends`, and its `total_energy_J`",
        of=_branching,
    ),
)
"""What JSON has of a plan."""


def _known_bits(codec_bits: Mapping[str, int], cut: Cut) -> dict[str, int]:
    """What a codec made of a cut's tensor, if one did."""
    return {"codec_bits": codec_bits[cut.name]} if cut.name in codec_bits else {}


def plan(
    network: str | Path | Network,
    *,
    bitrate: str | float,
    tx_power: str | float | None = None,
    bits: int | None = None,
    hardware: Hardware | str | Path | None = None,
    source: "str | Path | Mapping[str, float] | ByLayer[Any] | EnergySource" = ANALYTICAL,
    sparsity_in: float | None = None,
    image_size: str | None = None,
    jpeg_bits: float | None = None,
    jpeg_energy: str | float = 0.0,
    max_delay: str | float | None = None,
    least: str = LEAST[0],
    round_trip: str | float | None = None,
    cloud_ops: str | float = CLOUD_OPS,
    rules: RuleSet | str = RuleSet.CORRECTED,
    seed: int = 0,
    cache: str | Path | None = None,
    watch: Watch | None = None,
) -> Plan:
    """Where to cut a network between phone and cloud so that the phone spends least energy.

    Parameters
    ----------
    network : str, Path or Network
        A name of the zoo, a file, or a network.
    bitrate : str or float
        Of the uplink: ``"60Mbps"``, bits a second, or a radio by its name (:func:`partition.radios.radios`).
    tx_power : str or float, optional
        Transmission power: ``"0.5W"``, or watts; default: that of the radio that is named.
    bits : int, optional
        Width of a word; default: 8, the paper's, or the hardware's.
    hardware : Hardware, str or Path, optional
        The phone's accelerator; default: Eyeriss.
    source : str, Path, mapping, result or EnergySource
        Energy source: ``"analytical"``, ``"simulated"``, a file, joules of each layer by its name, or what
        :func:`simulator.run` or :func:`analytical.estimate` gave for the network on the same hardware.
    sparsity_in : float, optional
        Share of zeros in the image's JPEG; default: the paper's median, 0.608.
    image_size : str, optional
        Of the image that the network takes: ``"224x224"``; default: what its table says, or the first layer's ifmap.
    jpeg_bits : float, optional
        Bits of the image's JPEG file; default: what the paper expects of the share of zeros.
    jpeg_energy : str or float
        What compressing the image costs: ``"0.3mJ"``, or joules.
    max_delay : str or float, optional
        The longest that an inference may take: ``"50ms"``, or seconds.
    least : str
        Of what the best cut has least: ``"energy"`` or ``"delay"``.
    round_trip : str or float, optional
        To the cloud and back, beside the time that sending takes: ``"20ms"``, or seconds; default: none.
    cloud_ops : str or float
        Operations a second of the cloud, of which a MAC is two: ``"92Tops"``, or a number.
    rules : RuleSet or str
        Whose rules CNNergy's mapping goes by, as for :func:`analytical.estimate`.
    seed : int
        Of the synthetic values, for ``"simulated"``.
    cache : str or Path, optional
        Folder that keeps runs, for ``"simulated"``.
    watch : callable, optional
        Makes a context for a run that says whom to tell of its progress.

    Returns
    -------
    Plan
        All cuts, from all in the cloud to all on the phone; ``best`` is the one of least energy (Algorithm 2).

    Raises
    ------
    InputError
        Something that cannot be, in one line: :class:`NetworkError`, :class:`GraphError`, :class:`HardwareError`,
        :class:`MappingError`, :class:`SourceError`, :class:`UnitError`. That no cut is within the delay is said by
        ``best`` (:class:`DelayError`).

    Examples
    --------
    >>> chosen = plan("alexnet", bitrate="80Mbps", tx_power="0.78W")
    >>> chosen
    <alexnet on eyeriss-8bit, analytical, 80 Mbps at 0.78 W: cut after P2, 5.276 mJ>
    >>> chosen.best.name, [cut.name for cut in chosen.cuts][:3]
    ('P2', ['In', 'C1', 'P1'])
    """
    chosen = load_network(network)
    chip = choose_hardware(hardware, bits, default_bits=word_bits(chosen, 8))
    share = share_of_zeros(sparsity_in)
    if jpeg_bits is not None and (not is_number(jpeg_bits) or not 1 <= jpeg_bits <= MOST_BITS):
        raise InputError(f"jpeg_bits is {jpeg_bits!r}; expected bits of a file, from 1 to {MOST_BITS:g}")
    if least not in LEAST:
        raise InputError(f"least is {least!r}; expected {' or '.join(LEAST)}")
    radio = radio_of(bitrate, tx_power)
    if image_size is not None:
        chosen = with_image(chosen, image_size)
    known = choose_source(source, cache=cache, seed=seed, watch=watch, rules=rules)
    return Plan(
        graph=graph_of(chosen),
        hardware=chip,
        source=known.name,
        costs=known.costs(chosen, chip),
        channel=Channel(
            bitrate_bps=radio.bitrate_bps,
            tx_power_W=radio.tx_power_W,
            round_trip_s=quantity(round_trip, "s") if round_trip else 0.0,
        ),
        sparsity_in=share,
        jpeg_bits=jpeg_bits,
        # 0 is below the least energy that a quantity may have, and is the default
        image_energy_J=quantity(jpeg_energy, "J") if jpeg_energy else 0.0,
        max_delay_s=None if max_delay is None else quantity(max_delay, "s"),
        cloud_ops=quantity(cloud_ops, "ops"),
        least=least,
    )
