"""What NeuPart claims, beside what closed forms and machine say here at 8 bit: the cut, and its savings in %."""

import tempfile

import partition
from partition.channel import MEDIAN_SPARSITY_IN
from partition.figures.paper import Q1

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

with tempfile.TemporaryDirectory() as cache:
    print("network       Mbps    W  published         closed forms      machine")
    print("                                           cut   FISC   FCC  cut   FISC   FCC")
    for network, mbps, watts, share, published in CLAIMS:
        answers = []
        for source in ("analytical", "simulated"):
            plan = partition.plan(
                network, bitrate=mbps * 1e6, tx_power=watts, sparsity_in=share, source=source, cache=cache
            )
            fcc, fisc = (plan.saving_percent(plan.best, plan.cuts[end]) for end in (0, -1))
            answers.append(f"{plan.best.name:4} {fisc:5.1f} {fcc:5.1f}")
        print(f"{network:13} {mbps:4} {watts:4}  {published:16}  {'  '.join(answers)}")
