"""Energy against the size of the GLB (section VIII-B, Fig. 13(c)): a larger one saves DRAM, and costs more a word."""

from dataclasses import dataclass, replace

from analytical.energy import Energy
from analytical.hardware import Hardware
from analytical.mappings.cnnergy import RuleSet
from analytical.mappings.rules import map_layer
from analytical.mappings.tiling import MappingError
from analytical.model import estimate_layer
from analytical.network import Network
from analytical.technology import sram_factor, sram_read_nJ


@dataclass(frozen=True, kw_only=True, slots=True)
class SizedGlb:
    """A network's energy for one image with a GLB of that many KiB; None if a layer cannot be mapped.

    Attributes
    ----------
    kib : float
        GLB for ifmap and psums, in KiB.
    energy : Energy or None
        Joules of one image through all layers.
    """

    kib: float
    energy: Energy | None


def explore(network: Network, hardware: Hardware, rules: RuleSet | str = RuleSet.CORRECTED) -> list[SizedGlb]:
    """Energy by the closed forms for every size that the trend has; layers run as many images of their batch as fit.

    Parameters
    ----------
    network : Network
    hardware : Hardware
        All but the GLB and the price of its words stays as it is.
    rules : RuleSet or str
        As for :func:`analytical.estimate`.

    Returns
    -------
    list of SizedGlb
        One for each size, the smallest first.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> from analytical.networks import load_network
    >>> sizes = [size for size in explore(load_network("alexnet"), EYERISS_8BIT) if size.energy is not None]
    >>> min(sizes, key=lambda size: size.energy.total).kib
    64.0
    """
    return [
        SizedGlb(kib=kib, energy=_energy(network, with_glb(hardware, kib), rules)) for kib in sorted(sram_read_nJ())
    ]


def with_glb(hardware: Hardware, kib: float) -> Hardware:
    """The same hardware with another GLB, and the price of its words.

    Parameters
    ----------
    hardware : Hardware
        Its own price of a GLB word is taken to hold at its own size.
    kib : float
        The new size, in KiB.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> small = with_glb(EYERISS_16BIT, 32)
    >>> small.glb_words, round(small.prices.glb / EYERISS_16BIT.prices.glb, 2)
    (16384, 0.53)
    """
    # the larger factor over the smaller: Table III's price comes back to the last digit
    factor = sram_factor(kib) / sram_factor(hardware.glb_kib)
    return replace(hardware, glb_kib=kib, prices=hardware.prices.with_glb_times(factor))


def _energy(network: Network, hardware: Hardware, rules: RuleSet | str) -> Energy | None:
    total = Energy.zero()
    for layer in network.layers:
        # by the published rules a layer's own batch stands as it is, even where fewer images fit: here it is cut first
        try:
            images = min(layer.batch, map_layer(layer, hardware, rules).N)
        except MappingError:
            # no sum without the layer, which would pass for the network's
            return None
        total += estimate_layer(replace(layer, batch=images), hardware, rules=rules).energy
    return total
