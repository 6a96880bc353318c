"""Tiles of a layer by CNNergy's mapping."""

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.rules import map_layer
from analytical.mappings.tiling import Tiling
from tests.machines import tile


def tiling_of(layer: Layer, hardware: Hardware, batch: int) -> Tiling:
    return tile(layer, hardware, map_layer(layer, hardware), batch)
