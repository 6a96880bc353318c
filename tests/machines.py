"""Short ways to run one layer with given tensors, for tests that look inside the machine."""

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings import LayerMapping
from analytical.mappings.rules import map_layer
from analytical.mappings.tiling import Tiling
from simulator.machine.history import History
from simulator.machine.layer_run import LayerRun, run_tiling
from traces.tensors import LayerTensors, synthesise


def tile(layer: Layer, hardware: Hardware, mapping: LayerMapping, batch: int) -> Tiling:
    """Whole tiles of a layer."""
    return mapping.tiling(layer, hardware, batch)


def run_layer(
    layer: Layer,
    hardware: Hardware,
    tensors: LayerTensors,
    *,
    mapping: LayerMapping | None = None,
    engine: str = "fast",
) -> LayerRun:
    """A layer through the machine, laid on it by CNNergy's mapping by default."""
    chosen = mapping or map_layer(layer, hardware)
    return run_tiling(chosen.tiling(layer, hardware, len(tensors.ifmap)), tensors, engine=engine)


def observed(layer: Layer, hardware: Hardware, batch: int, engine: str = "fast") -> tuple[LayerRun, History]:
    """A layer through the machine, and when things happened in it."""
    seen: list[History] = []
    tiling = map_layer(layer, hardware).tiling(layer, hardware, batch)
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=0)
    return run_tiling(tiling, tensors, engine=engine, observe=seen.append), seen[0]
