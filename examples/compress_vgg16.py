"""VGG-16 pruned, decomposed and quantised: energies, latencies and the best cut beside each other, as a table and,
with a file's name, as a picture: python examples/compress_vgg16.py [picture.svg]."""

import sys
from dataclasses import replace
from typing import NamedTuple

import analytical
import partition
from analytical.diagrams import COLOURS

DENSE = analytical.load_network("vgg16")
KEPT = analytical.shares_kept(DENSE, "han2015")
PRUNED = analytical.prune(DENSE, {layer: 1 - share for layer, share in KEPT.items()})
NARROW = {"conv": 8, "fc": 5}
NETWORKS = {
    "dense": DENSE,
    "pruned (Han 2015)": PRUNED,
    "SVD": analytical.decompose(DENSE, {"conv": 3.5, "fc": 6.27}),
    "8/5 bit codebooks": analytical.quantise(DENSE, NARROW),
    "pruned and 8/5 bit": analytical.quantise(PRUNED, NARROW),
}
CHIP = analytical.CHIPS["eyeriss-16bit"]
SPARSE = analytical.CHIPS["eyeriss-16bit-sparse"]
MACHINES = {
    "the chip": CHIP,
    "gates and codes both": SPARSE,
    "skips, codes both": replace(SPARSE, name="skip", skip="both"),
}
MBPS, WATTS = 4, 1.0


class Answer(NamedTuple):
    """Energy and latency of an image by closed forms, and the cut of least energy."""

    mJ: float
    ms: float
    cut: str


def answer(network: analytical.Network, hardware: analytical.Hardware) -> Answer:
    """What a network costs on a phone, which runs one image at a time, and where to cut it."""
    alone = network.with_batch(1)
    estimate = analytical.estimate(alone, hardware)
    best = partition.plan(alone, bitrate=MBPS * 1e6, tx_power=WATTS, hardware=hardware).best
    return Answer(estimate.energy_J * 1e3, estimate.latency_s * 1e3, best.name)


def draw(picture: str, answers: dict[str, dict[str, Answer]]) -> None:
    """Energies, with the best cut above each, and latencies: bars of the machines beside each other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    energies, latencies = figure.subplots(2, sharex=True)
    for number, machine in enumerate(MACHINES):
        places = [at + 0.27 * (number - 1) for at in range(len(NETWORKS))]
        of_machine = [by_machine[machine] for by_machine in answers.values()]
        colour = COLOURS[number]
        bars = energies.bar(places, [each.mJ for each in of_machine], width=0.25, label=machine, color=colour)
        energies.bar_label(bars, [each.cut for each in of_machine], fontsize="x-small")
        latencies.bar(places, [each.ms for each in of_machine], width=0.25, color=colour)
    energies.set_ylabel(f"mJ; best cut at {MBPS} Mbps, {WATTS} W")
    latencies.set_ylabel("ms")
    latencies.set_xticks(range(len(NETWORKS)), [*NETWORKS])
    figure.legend(loc="outside upper center", ncols=len(MACHINES))
    figure.savefig(picture)


if __name__ == "__main__":
    found = {name: {m: answer(network, chip) for m, chip in MACHINES.items()} for name, network in NETWORKS.items()}
    print(f"mJ and ms of an image by closed forms, batch 1; cut of least energy at {MBPS} Mbps, {WATTS} W")
    print(f"{'':18} {'Mweights':>8}" + "".join(f"{machine:>27}" for machine in MACHINES))
    print((f"{'':27}" + f"{'mJ':>13}{'ms':>7} cut   " * len(MACHINES)).rstrip())
    for name, by_machine in found.items():
        weights = sum(layer.weights for layer in NETWORKS[name].layers) / 1e6
        cells = "".join(f"{each.mJ:13.1f}{each.ms:7.1f} {each.cut:6}" for each in by_machine.values())
        print(f"{name:18} {weights:8.1f}{cells}".rstrip())
    if len(sys.argv) > 1:
        draw(sys.argv[1], found)
