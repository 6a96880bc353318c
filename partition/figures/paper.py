"""The paper's figures as data: what each of their curves and bars shows, from one or more energy sources."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analytical.glb_size import explore
from analytical.hardware import Hardware
from analytical.network import Network
from partition.channel import Channel
from partition.envelope import algorithm_2
from partition.figures.panels import Panel, Series
from partition.maps import savings_percent
from partition.planning import Plan

Q1, Q2, Q3 = 0.5199, 0.6080, 0.6909
"""Quartiles of Sparsity-In over ImageNet test images (section VIII-A)."""

INTERMEDIATE = ("P1", "P2", "P3")
"""AlexNet's candidates for an intermediate optimum (Fig. 13(b))."""

BITRATES_BPS: NDArray[np.float64] = np.arange(10.0, 201.0, 2.0) * 1e6
"""Over which the figures go."""


Plans = Mapping[str, Plan]
"""Plans of one network by their energy sources."""


def figure_2(plans: Plans) -> list[Panel]:
    """Fig. 2: (a) energy of all layers up to each, in mJ; (b) bits to send after each, in Mbit.

    Parameters
    ----------
    plans : mapping of str to Plan
        Plans of one network by their energy sources, as for the other figures; only the cuts matter here.

    Examples
    --------
    >>> import partition
    >>> plans = {"analytical": partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W")}
    >>> energy, bits = figure_2(plans)
    >>> energy.series[0].x[:3], [round(mbit, 2) for mbit in bits.series[0].y[:3]]
    (['In', 'C1', 'P1'], [0.76, 1.82, 0.56])
    """
    # what is sent does not depend on the source
    plan = next(iter(plans.values()))
    names = [cut.name for cut in plan.cuts]
    energy = [
        Series(label=source, x=names, y=[1e3 * cut.client_energy_J for cut in plan.cuts])
        for source, plan in plans.items()
    ]
    bits = [Series(label="min(raw, RLC)", x=names, y=[cut.transmit_bits / 1e6 for cut in plan.cuts])]
    return [
        Panel(title="(a) energy up to each layer", x="", y="mJ", series=energy),
        Panel(title="(b) bits to send", x="", y="Mbit", series=bits),
    ]


def figure_10(plans: Plans) -> list[Panel]:
    """Fig. 10: E_Cost of every cut in mJ, what the phone computes below what it sends, and the best cut marked; at
    100 Mbps and 1 W, whatever the plans' own channels."""
    channel = Channel(bitrate_bps=100e6, tx_power_W=1.0)
    series = []
    for source, plan in plans.items():
        total = [1e3 * cut.total_energy_J(channel) for cut in plan.cuts]
        computes = [1e3 * cut.client_energy_J for cut in plan.cuts]
        series.append(
            Series(
                label=source,
                x=[cut.name for cut in plan.cuts],
                y=total,
                parts={"computes": computes, "sends": [all_ - own for all_, own in zip(total, computes, strict=True)]},
                best=total.index(min(total)),
            )
        )
    network = next(iter(plans.values())).graph.network
    return [Panel(title=f"{network}, 100 Mbps, 1 W", x="", y="E_Cost, mJ", series=series)]


def figure_12(plans: Plans) -> list[Panel]:
    """Fig. 12: savings at the optimum against FCC and FISC in percent, over bit rates, at 0.5 and 1.3 W.

    Three images, a panel each: those at the quartiles of Sparsity-In.
    """
    return [
        Panel(
            title=f"Sparsity-In {100 * share:.2f} %",
            x="Mbps",
            y="saving, %",
            series=[
                _saving(plan, source, share, power, end)
                for source, plan in plans.items()
                for power in (0.5, 1.3)
                for end in ("FCC", "FISC")
            ],
        )
        for share in (Q1, Q2, Q3)
    ]


def _saving(plan: Plan, source: str, share: float, power: float, end: str) -> Series:
    # a plan of its own for the share: what it has computed belongs to another image
    lines, x = replace(plan, sparsity_in=share).lines, power / BITRATES_BPS
    ours = lines.costs_J(algorithm_2(lines, x), x)
    theirs = lines.costs_J(0 if end == "FCC" else -1, x)
    return Series(label=f"{source}, {power} W, vs {end}", x=_mbps(), y=savings_percent(ours, theirs).tolist())


def figure_13a(plans: Plans) -> list[Panel]:
    """Fig. 13(a): inference delay in ms at the cut of least energy, beside FCC and FISC; 0.5 W, median image."""
    channels = [Channel(bitrate_bps=float(rate), tx_power_W=0.5) for rate in BITRATES_BPS]
    series: list[Series] = []
    for source, plan in plans.items():
        at = replace(plan, sparsity_in=Q2)
        # the delay at the cut of least energy, not the least delay
        best = algorithm_2(at.lines, 0.5 / BITRATES_BPS)
        chosen = {
            f"{source}, optimum": [at.cuts[cut] for cut in best],
            f"{source}, FISC": [at.cuts[-1]] * len(channels),
        }
        jumps = (np.flatnonzero(np.diff(best)) + 1).tolist()
        # all in the cloud, the phone's energies and latencies do not matter: one curve for all sources
        if not series:
            chosen["FCC"] = [at.cuts[0]] * len(channels)
        for label, cuts in chosen.items():
            delays = [1e3 * cut.delay_s(channel) for cut, channel in zip(cuts, channels, strict=True)]
            # where another cut becomes best, the delay jumps
            series.append(Series(label=label, x=_mbps(), y=delays, jumps=jumps if label.endswith("optimum") else ()))
    return [Panel(title="inference delay at the cut of least energy", x="Mbps", y="ms", series=series)]


def figure_13b(plans: Plans) -> list[Panel]:
    """Fig. 13(b): E_Cost in mJ at the intermediate candidates over bit rates; 0.5 W.

    A network without :data:`INTERMEDIATE` cuts has no series.
    """
    series = [
        Series(
            label=f"{source}, {cut.name}",
            x=_mbps(),
            y=[1e3 * cut.total_energy_J(Channel(bitrate_bps=float(rate), tx_power_W=0.5)) for rate in BITRATES_BPS],
        )
        for source, plan in plans.items()
        for cut in plan.cuts
        if cut.name in INTERMEDIATE
    ]
    return [Panel(title="intermediate cuts, 0.5 W", x="Mbps", y="E_Cost, mJ", series=series)]


def figure_13c(network: Network, hardware: Hardware) -> list[Panel]:
    """Fig. 13(c): the network's energy in mJ against the size of the GLB in KiB, with and without control.

    By the closed forms and the published rules; sizes with which a layer cannot be mapped leave a hole.
    """
    sizes = explore(network, hardware, "published")
    sized = [(size.kib, size.energy) for size in sizes if size.energy is not None]
    kib = [size for size, _ in sized]
    known = [number for number, size in enumerate(sizes) if size.energy is not None]
    jumps = [at for at in range(1, len(known)) if known[at] > known[at - 1] + 1]
    return [
        Panel(
            title=f"{network.name}: energy against GLB size",
            x="KiB",
            y="mJ",
            series=[
                Series(label="total", x=kib, y=[1e3 * energy.total for _, energy in sized], jumps=jumps),
                Series(
                    label="without control",
                    x=kib,
                    y=[1e3 * energy.without_control for _, energy in sized],
                    jumps=jumps,
                ),
            ],
            log="x",
        )
    ]


FIGURES = {"2": figure_2, "10": figure_10, "12": figure_12, "13a": figure_13a, "13b": figure_13b}
"""Figures of plans, by number; 13c has no plan."""


def _mbps() -> list[float]:
    return [float(rate) / 1e6 for rate in BITRATES_BPS]
