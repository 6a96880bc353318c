"""What a layer's run takes of memory, beside the estimate by which it is refused: ``python benchmarks/memory.py``."""

import resource
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import analytical
import simulator
from simulator.memory import needed_bytes

VGG16 = analytical.load_network("vgg16")

LAYERS = (
    ("warm-up", analytical.Layer.conv("small", channels=16, size=14, filters=16, filter=3, padding=1), 1),
    ("VGG-16's C1_2, an image", VGG16.layer("C1_2"), 1),
    ("VGG-16's C1_2, 16 images", VGG16.layer("C1_2"), 16),
    (
        "YOLO's second layer at 1,088 x 1,920",
        analytical.Layer.conv("yolo", channels=32, size=(1088, 1920), filters=64, filter=3, stride=2, padding=1),
        1,
    ),
    ("FC of 25,088 x 4,096, 64 images", analytical.Layer.fc("fc", inputs=25_088, outputs=4_096), 64),
)


def peak_mib(layer: analytical.Layer, batch: int) -> float:
    """What a process has taken at most when a run of a layer is over."""
    simulator.run_layer(layer, batch=batch)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print what each takes beyond what the program itself does."""
    peaks = []
    for _, layer, batch in LAYERS:
        # a process each: what the system says is the most that there ever was
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            peaks.append(pool.submit(peak_mib, layer, batch).result())
    print("layer                                  values, millions   estimate, MiB   measured, MiB")
    for (name, layer, batch), peak in zip(LAYERS[1:], peaks[1:], strict=True):
        values = batch * (layer.ifmap_size + layer.ofmap_size) + layer.F * layer.C * layer.R * layer.S
        print(f"{name:40} {values / 1e6:14.1f} {needed_bytes(layer, batch) / 2**20:15.0f} {peak - peaks[0]:15.0f}")


if __name__ == "__main__":
    main()
