"""What the depth of a PE's FIFOs, which is not published, does to AlexNet: CONV layers mapped as on the chip; FC6."""

from dataclasses import replace

import analytical
import simulator
from analytical.hardware import EYERISS_16BIT
from analytical.mappings.files import published_mappings

CHIP = published_mappings("alexnet")
alexnet = analytical.load_network("alexnet")
# a few of FC6's filters say what all do, which run the same passes again and again
layers = [*alexnet.subset([*CHIP]), replace(alexnet.layer("FC6"), F=180)]


def cycles(ifmap_fifo: int, psum_fifo: int) -> list[int]:
    """Processing cycles of each layer with FIFOs of so many words."""
    hardware = replace(EYERISS_16BIT, ifmap_fifo=ifmap_fifo, psum_fifo=psum_fifo)
    runs = (
        simulator.run_layer(
            layer,
            hardware=hardware,
            batch=4 if layer.name in CHIP else 18,
            mapping=CHIP.get(layer.name, "cnnergy"),
        )
        for layer in layers
    )
    return [result.run.processing_cycles for result in runs]


assumed = cycles(EYERISS_16BIT.ifmap_fifo, EYERISS_16BIT.psum_fifo)
print("Processing cycles, relative to FIFOs of 48 ifmap and 24 psum words")
print("ifmap psum " + "".join(f"{layer.name:>7}" for layer in layers))
for depths in ((12, 24), (24, 24), (36, 24), (48, 24), (96, 24), (48, 8), (48, 16), (48, 48)):
    ratios = (now / then for now, then in zip(cycles(*depths), assumed, strict=True))
    print(f"{depths[0]:5} {depths[1]:4} " + "".join(f"{ratio:7.3f}" for ratio in ratios))
