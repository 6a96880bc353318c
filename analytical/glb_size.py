"""Energy against the size of the GLB (section VIII-B, Fig. 13(c)): a larger one saves DRAM, and costs more a word."""

from dataclasses import dataclass, replace

from analytical.energy import Energy
from analytical.hardware import Hardware
from analytical.mappings.cnnergy import map_layer
from analytical.mappings.tiling import MappingError
from analytical.model import estimate_layer
from analytical.network import Network
from analytical.technology import sram_read_nJ

REFERENCE_KIB = 100.0
"""Size of Eyeriss's GLB, at which a word has the price of Table III; it stands for sizes that the trend lacks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SizedGlb:
    """A network's energy for one image with a GLB of that many KiB; None if a layer cannot be mapped."""

    kib: float
    energy: Energy | None


def explore(network: Network, hardware: Hardware) -> list[SizedGlb]:
    """Energy by the closed forms for every size that the trend has; layers run as many images of their batch as fit."""
    return [SizedGlb(kib=kib, energy=_energy(network, with_glb(hardware, kib))) for kib in sorted(sram_read_nJ())]


def with_glb(hardware: Hardware, kib: float) -> Hardware:
    """The same hardware with another GLB, and the price of its words."""
    trend = sram_read_nJ()
    price = hardware.prices.glb * trend[kib] / trend.get(hardware.glb_kib, trend[REFERENCE_KIB])
    return replace(hardware, glb_kib=kib, prices=replace(hardware.prices, glb=price))


def _energy(network: Network, hardware: Hardware) -> Energy | None:
    total = Energy.zero()
    for layer in network.layers:
        try:
            images = min(layer.batch, map_layer(layer, hardware).N)
        except MappingError:
            return None
        total += estimate_layer(replace(layer, batch=images), hardware).energy
    return total
