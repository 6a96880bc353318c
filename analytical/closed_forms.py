"""CNNergy's closed forms: what the mapping moves and computes (section IV-D, eqs 13-19).

Every function is per ``images`` images processed together, in b_w-bit words; fractions of passes stay fractions.
"""

from analytical import counts as c
from analytical.counts import Counts
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import CnnergyMapping, Correction
from analytical.traffic import fmap_words


def filter_words(layer: Layer, mapping: CnnergyMapping) -> float:
    """F_Pass over all passes, however many images share it (eq 15).

    The same number crosses the DRAM link and leaves the GLB: filters stay in the RFs for the strips of a row block.
    """
    return mapping.f_i * mapping.z_i * layer.R * layer.S * mapping.passes(layer).residencies


def ifmap_dram_words(layer: Layer, hardware: Hardware, mapping: CnnergyMapping, images: int) -> float:
    """Ifmap that crosses the DRAM link: whole strips first, then only the rows that the last strip did not leave.

    Parameters
    ----------
    layer : Layer
        The first layer's ifmap, the image, moves as it is; all others in RLC (section IV-D2).
    hardware : Hardware
        Its RLC format.
    mapping : CnnergyMapping
        How the layer is laid on the hardware.
    images : int
        Images that run together.

    Returns
    -------
    float
        b_w-bit words.
    """
    n = mapping.passes(layer)
    # neighbouring strips share R - U rows; a block's first strip finds none of them in the GLB
    rows = mapping.y_i + (n.strips - 1) * (mapping.y_i - (layer.R - layer.U))
    values = mapping.X_i * rows * mapping.z_i * n.residencies * images
    return values if layer.first else fmap_words(values, layer.sparsity_ifmap, hardware)


def ifmap_glb_words(layer: Layer, mapping: CnnergyMapping, images: int) -> float:
    """I_Pass over all passes (eq 13): b_w-bit words that the PEs read from the GLB, overlapping rows in each strip."""
    return mapping.X_i * mapping.y_i * mapping.z_i * mapping.passes(layer).all * images


def psum_words(layer: Layer, mapping: CnnergyMapping, images: int) -> float:
    """P_Pass over the passes of one z step (eq 14): each psum of the layer once, in b_w-bit words."""
    n = mapping.passes(layer)
    return mapping.f_i * mapping.X_o * mapping.y_o * images * n.all / n.z


def ofmap_dram_words(layer: Layer, hardware: Hardware, images: int) -> float:
    """The whole ofmap in RLC (eq 17)."""
    return fmap_words(layer.ofmap_size * images, layer.sparsity_ofmap, hardware)


def count(layer: Layer, hardware: Hardware, mapping: CnnergyMapping, images: int) -> Counts:
    """Everything that ``images`` images of the layer do, by level and data.

    Parameters
    ----------
    layer : Layer
    hardware : Hardware
    mapping : CnnergyMapping
        How the layer is laid on the hardware.
    images : int
        Images that run together and share the filters.

    Returns
    -------
    Counts
        MACs and b_w-bit words, of all images together. Fills and drains are not counted: the paper charges none.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules import map_layer
    >>> layer = Layer(name="L", C=4, H=16, W=16, R=3, S=3, F=8, E=14, G=14)
    >>> count(layer, EYERISS_16BIT, map_layer(layer, EYERISS_16BIT), images=1)[c.GLB_PSUM_WRITE]
    1568.0
    """
    n = mapping.passes(layer)
    macs = layer.macs * images
    nonzero_macs = macs * (1 - layer.sparsity_ifmap)
    psums = psum_words(layer, mapping, images)
    filters = filter_words(layer, mapping)
    # all PEs of a column but the bottom one take the psum from below
    inter_pe = (mapping.pe_column_height(layer) - 1) * psums * n.z
    return Counts(
        macs=macs,
        nonzero_macs=nonzero_macs,
        events={
            # a zero pixel is read to be recognised, and then spares filter and psum (section IV-D2)
            c.RF_IFMAP_READ: macs,
            c.RF_FILTER_READ: nonzero_macs,
            c.RF_PSUM_READ: nonzero_macs - psums_taken(mapping, nonzero_macs, inter_pe),
            c.RF_PSUM_WRITE: nonzero_macs,
            c.INTER_PE_PSUM: inter_pe,
            c.GLB_FILTER_READ: filters,
            c.GLB_IFMAP_READ: ifmap_glb_words(layer, mapping, images),
            # in the first step along z psums start at zero, so that they are written once more than read
            c.GLB_PSUM_WRITE: psums * n.z,
            c.GLB_PSUM_READ: psums * (n.z - 1),
            c.DRAM_FILTER_READ: filters,
            c.DRAM_IFMAP_READ: ifmap_dram_words(layer, hardware, mapping, images),
            c.DRAM_OFMAP_WRITE: ofmap_dram_words(layer, hardware, images),
        },
    )


def psums_taken(mapping: CnnergyMapping, nonzero_macs: float, inter_pe: float) -> float:
    """Psums from the PE below that take the place of a read of the RF.

    All that are handed on; but a PE takes one only with a nonzero MAC, so that there are at most as many. In a very
    sparse layer the published difference falls below zero, and no count does.

    Parameters
    ----------
    mapping : CnnergyMapping
        Says whether the published difference is corrected.
    nonzero_macs, inter_pe : float
        MACs with a nonzero pixel, and psums that are handed from PE to PE.
    """
    return min(inter_pe, nonzero_macs) if Correction.PSUMS_TAKEN in mapping.corrections else inter_pe


def latency_s(layer: Layer, hardware: Hardware) -> float:
    """Latency of one image at the chip's throughput (section V).

    Returns
    -------
    float
        Seconds: all MACs, zero operands included, at the same rate for every layer.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> latency_s(Layer.fc("FC", inputs=2310, outputs=1000), EYERISS_16BIT)
    0.0001
    """
    return layer.macs / hardware.throughput
