"""CNNergy whole: a layer and a hardware in, the row that the authors' program prints out."""

from dataclasses import dataclass

from analytical import counts as c
from analytical.closed_forms import count, latency_s
from analytical.counts import Counts
from analytical.energy import Energy, price
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mapping import Mapping, map_layer

MIB = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerEstimate:
    """What CNNergy says of one layer: the mapping, the counts of one image and its energy."""

    layer: Layer
    hardware: Hardware
    mapping: Mapping
    images: int
    counts: Counts
    energy: Energy

    @property
    def ifmap_glb_kib(self) -> float:
        return self.images * self.mapping.ifmap_kib

    @property
    def psum_glb_kib(self) -> float:
        """GLB that psums use: all that the ifmap leaves where they only pass through."""
        if self.mapping.all_channels_in_one_pass:
            return self.hardware.glb_kib - self.ifmap_glb_kib
        return self.images * self.mapping.psum_kib

    def columns(self) -> dict[str, str | int | float]:
        """The row of CNNergy's output; energies in joules per image, MiB of 2**20 bytes per image."""
        mib = self.hardware.b_w / 8 / MIB
        words = self.counts
        filter_glb = words[c.GLB_FILTER_READ]
        ifmap_glb = words[c.GLB_IFMAP_READ]
        psum_glb = words.total(c.GLB_PSUM_READ, c.GLB_PSUM_WRITE)
        dram = (words[c.DRAM_FILTER_READ], words[c.DRAM_IFMAP_READ], words[c.DRAM_OFMAP_WRITE])
        return {
            "layer": self.layer.name,
            "energy_J": self.energy.total,
            "energy_without_control_J": self.energy.without_control,
            "images_that_fit": self.mapping.N,
            "images": self.images,
            "psum_glb_kib": self.psum_glb_kib,
            "ifmap_glb_kib": self.ifmap_glb_kib,
            "glb_used_kib": self.psum_glb_kib + self.ifmap_glb_kib,
            "nonzero_macs": float(words.nonzero_macs),
            "rf_mib": (words.macs + 3 * words.nonzero_macs) * mib,
            "glb_mib": (filter_glb + ifmap_glb + psum_glb) * mib,
            "dram_mib": sum(dram) * mib,
            "filter_glb_mib": filter_glb * mib,
            "ifmap_glb_mib": ifmap_glb * mib,
            "psum_glb_mib": psum_glb * mib,
            "filter_dram_mib": dram[0] * mib,
            "ifmap_dram_mib": dram[1] * mib,
            "ofmap_dram_mib": dram[2] * mib,
        }


def estimate(layer: Layer, hardware: Hardware, batch: int | None = None) -> LayerEstimate:
    """Energy and accesses of one image when ``batch`` images (the layer's own unless given) share its filters.

    No more share them than the N that fit the GLB, or than the layer's own batch, which CNNergy's program takes as it
    stands: SqueezeNet's Fs6 runs two images at 8 bit where one fits, and the GLB left for its psums is what remains
    beside two ifmaps.

    Raises
    ------
    MappingError
        The layer does not fit the hardware.
    """
    mapping = map_layer(layer, hardware)
    images = layer.batch if batch is None else min(batch, max(mapping.N, layer.batch))
    counts = count(layer, hardware, mapping, images) * (1 / images)
    return LayerEstimate(
        layer=layer,
        hardware=hardware,
        mapping=mapping,
        images=images,
        counts=counts,
        energy=price(counts, hardware, latency_s=latency_s(layer, hardware)),
    )
