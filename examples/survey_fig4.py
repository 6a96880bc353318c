"""What compression saves: Fig. 4 of Xie et al. (IEEE Wireless Communications, 2019) beside the closed forms, for the
same VGG-16 with 100 classes, one image at a time."""

from collections.abc import Callable
from dataclasses import replace

import analytical
from analytical.compression.survey import survey_J

PUBLISHED = {"prune 70 %": 3.26, "prune 90 %": 9.87, "SVD": 4.44, "8-bit": 2.19}
"""Energy before over energy after, from the figure's sizes and FLOP by its own formula."""

COMPRESSED: dict[str, Callable[[analytical.Network], analytical.Network]] = {
    "prune 70 %": lambda network: analytical.prune(network, 0.7),
    "prune 90 %": lambda network: analytical.prune(network, 0.9),
    "SVD": lambda network: analytical.decompose(network, {"conv": 3.5, "fc": 6.27}),
    "8-bit": lambda network: analytical.quantise(network, 8),
}
SPARSE = analytical.CHIPS["eyeriss-16bit-sparse"]
MACHINES = {
    "the chip": analytical.CHIPS["eyeriss-16bit"],
    "gates, codes": SPARSE,
    "skips, codes": replace(SPARSE, skip="both"),
}


def vgg16() -> analytical.Network:
    """With 100 classes, and without batches."""
    *others, last = analytical.load_network("vgg16").layers
    layers = tuple(replace(layer, batch=1) for layer in (*others, replace(last, F=100)))
    return replace(analytical.load_network("vgg16"), layers=layers)


dense = vgg16()
chip_J = analytical.estimate(dense, MACHINES["the chip"]).energy_J
print("energy of the dense network on the chip, over that of the compressed one on each machine")
print(f"{'':12}{'published':>10}{'its formula':>13}" + "".join(f"{machine:>14}" for machine in MACHINES))
for name, compress in COMPRESSED.items():
    network = compress(dense)
    factors = [chip_J / analytical.estimate(network, hardware).energy_J for hardware in MACHINES.values()]
    formula = survey_J(dense) / survey_J(network)
    print(f"{name:12}{PUBLISHED[name]:10.2f}{formula:13.2f}" + "".join(f"{factor:14.2f}" for factor in factors))
