"""What a smaller or larger global buffer does to AlexNet's C2, by formula and on the machine."""

from dataclasses import replace

from analytical.hardware import EYERISS_16BIT
from analytical.model import estimate
from analytical.networks import load
from simulator.crosscheck import crosscheck
from simulator.machine import run_layer
from traces.tensors import synthesise

layer = load("alexnet").select(["C2"]).layers[0]
tensors = synthesise(layer, b_w=16, batch=1, seed=0)
print("GLB KiB   images that fit   closed forms mJ   simulated mJ   ms")
for glb_kib in (25, 50, 100, 200):
    hardware = replace(EYERISS_16BIT, glb_kib=glb_kib)
    run = run_layer(layer, hardware, tensors)
    energy = crosscheck(run, tensors).energy()["without_control"]
    print(
        f"{glb_kib:7} {estimate(layer, hardware, 1).mapping.N:17}"
        f" {energy.reference * 1e3:17.3f} {energy.value * 1e3:14.3f}"
        f" {run.total_cycles / hardware.core_hz * 1e3:6.2f}"
    )
