"""What a smaller or larger global buffer does to AlexNet's C2, by formula and on the machine, over a process pool."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import analytical
import simulator

SIZES = (25, 50, 100, 200)
"""GLB in KiB."""


def run(glb_kib: int) -> simulator.LayerResult:
    """C2 on Eyeriss with another GLB."""
    hardware = replace(analytical.CHIPS["eyeriss-16bit"], glb_kib=glb_kib)
    return simulator.run_layer(analytical.load_network("alexnet").layer("C2"), hardware=hardware, batch=1)


if __name__ == "__main__":  # the pool's processes import this file
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        results = list(pool.map(run, SIZES))
    print("GLB KiB   images that fit   closed forms mJ   simulated mJ   ms")
    for glb_kib, result in zip(SIZES, results, strict=True):
        print(
            f"{glb_kib:7} {analytical.map_layer(result.run.layer, result.run.tiling.hardware).N:17}"
            f" {result.model_energy.without_control * 1e3:17.3f} {result.energy.without_control * 1e3:14.3f}"
            f" {result.latency_s * 1e3:6.2f}"
        )
