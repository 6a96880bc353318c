"""What NeuPart claims, beside what closed forms and machine say here at 8 bit: the cut, and its savings in %."""

import tempfile
from pathlib import Path

from analytical.hardware import EYERISS_8BIT
from analytical.networks import load
from partition.channel import MEDIAN_SPARSITY_IN, Channel
from partition.figures import Q1
from partition.graph import graph_of
from partition.plan import Plan
from partition.source import EnergySource
from partition.sources import Analytical
from partition.sources.simulated import Simulated

CLAIMS = (
    ("alexnet", 60, 0.5, MEDIAN_SPARSITY_IN, "31.3"),
    ("squeezenet1_1", 60, 0.5, MEDIAN_SPARSITY_IN, "31.3"),
    ("alexnet", 80, 0.78, MEDIAN_SPARSITY_IN, "27.3"),
    ("squeezenet1_1", 80, 0.78, MEDIAN_SPARSITY_IN, "28.8"),
    ("alexnet", 100, 1.0, MEDIAN_SPARSITY_IN, "26.6"),
    ("googlenet", 60, 1.0, Q1, "9.6"),
    ("vgg16", 60, 0.5, MEDIAN_SPARSITY_IN, "all in the cloud"),
)
"""Network, Mbps, watts, Sparsity-In, published saving in % against all on the phone."""


def answer(source: EnergySource, network: str, mbps: float, watts: float, share: float) -> str:
    """The best cut, and what it saves against all on the phone and all in the cloud."""
    chosen = load(network)
    plan = Plan(
        graph=graph_of(chosen),
        hardware=EYERISS_8BIT,
        source=source.name,
        costs=source.costs(chosen, EYERISS_8BIT),
        channel=Channel(bitrate_bps=mbps * 1e6, tx_power_W=watts),
        sparsity_in=share,
    )
    best, cuts = plan.optimum, plan.cuts
    assert best is not None
    return f"{best.name:4} {plan.saving_percent(best, cuts[-1]):5.1f} {plan.saving_percent(best, cuts[0]):5.1f}"


with tempfile.TemporaryDirectory() as cache:
    sources: tuple[EnergySource, ...] = (Analytical(), Simulated(Path(cache)))
    print("network       Mbps    W  published         closed forms      machine")
    print("                                           cut   FISC   FCC  cut   FISC   FCC")
    for network, mbps, watts, share, published in CLAIMS:
        said = "  ".join(answer(source, network, mbps, watts, share) for source in sources)
        print(f"{network:13} {mbps:4} {watts:4}  {published:16}  {said}")
