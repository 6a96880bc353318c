"""What the depth of a PE's FIFOs, which is not published, does to AlexNet: CONV layers mapped as on the chip; FC6."""

from dataclasses import replace

from analytical.hardware import EYERISS_16BIT
from analytical.mappings import published_mappings
from analytical.networks import load
from simulator.machine import run_layer
from traces.tensors import synthesise

CHIP = published_mappings("alexnet")
layers = [layer for layer in load("alexnet").layers if layer.name in CHIP or layer.name == "FC6"]
# a few of FC6's filters say what all do, which run the same passes again and again
tensors = [
    synthesise(layer, b_w=16, batch=4, seed=0)
    if layer.name in CHIP
    else synthesise(replace(layer, F=180), b_w=16, batch=18, seed=0)
    for layer in layers
]


def cycles(ifmap_fifo: int, psum_fifo: int) -> list[int]:
    """Processing cycles of each layer with FIFOs of so many words."""
    hardware = replace(EYERISS_16BIT, ifmap_fifo=ifmap_fifo, psum_fifo=psum_fifo)
    runs = (run_layer(t.layer, hardware, t, mapping=CHIP.get(t.layer.name)) for t in tensors)
    return [run.processing_cycles for run in runs]


assumed = cycles(EYERISS_16BIT.ifmap_fifo, EYERISS_16BIT.psum_fifo)
print("Processing cycles, relative to FIFOs of 48 ifmap and 24 psum words")
print("ifmap psum " + "".join(f"{layer.name:>7}" for layer in layers))
for depths in ((12, 24), (24, 24), (36, 24), (48, 24), (96, 24), (48, 8), (48, 16), (48, 48)):
    ratios = (now / then for now, then in zip(cycles(*depths), assumed, strict=True))
    print(f"{depths[0]:5} {depths[1]:4} " + "".join(f"{ratio:7.3f}" for ratio in ratios))
