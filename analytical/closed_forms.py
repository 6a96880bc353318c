"""CNNergy's closed forms: what the mapping moves and computes (section IV-D, eqs 13-19).

Every function is per ``images`` images processed together, in b_w-bit words; fractions of passes stay fractions.
"""

from analytical import counts as c
from analytical.counts import Counts, Number
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import CnnergyMapping, Correction
from analytical.traffic import filter_words as link_words_of_filters
from analytical.traffic import fmap_words
from analytical.zeros import carried_out, psum_taken, with_a_cycle


def filter_words(layer: Layer, mapping: CnnergyMapping) -> float:
    """F_Pass over all passes, however many images share it (eq 15).

    As many values cross the DRAM link and leave the GLB: filters stay in the RFs for the strips of a row block. The
    link may have a code for them (:func:`analytical.traffic.filter_words`).
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
    nonzero_macs = carried_out(macs, layer, hardware)
    psums = psum_words(layer, mapping, images)
    filters = filter_words(layer, mapping)
    # all PEs of a column but the bottom one take the psum from below
    inter_pe = (mapping.pe_column_height(layer) - 1) * psums * n.z
    return Counts(
        macs=macs,
        nonzero_macs=nonzero_macs,
        events={
            # a zero pixel is read to be recognised, and then spares filter and psum (section IV-D2); so does a zero
            # filter value, where the hardware looks at those, but for a bit beside it that is not priced
            c.RF_IFMAP_READ: macs,
            c.RF_FILTER_READ: nonzero_macs,
            c.RF_PSUM_READ: nonzero_macs - psums_taken(layer, hardware, mapping, nonzero_macs, inter_pe),
            c.RF_PSUM_WRITE: nonzero_macs,
            c.INTER_PE_PSUM: inter_pe,
            c.GLB_FILTER_READ: filters,
            c.GLB_IFMAP_READ: ifmap_glb_words(layer, mapping, images),
            # in the first step along z psums start at zero, so that they are written once more than read
            c.GLB_PSUM_WRITE: psums * n.z,
            c.GLB_PSUM_READ: psums * (n.z - 1),
            c.DRAM_FILTER_READ: link_words_of_filters(filters, layer, hardware),
            c.DRAM_IFMAP_READ: ifmap_dram_words(layer, hardware, mapping, images),
            c.DRAM_OFMAP_WRITE: ofmap_dram_words(layer, hardware, images),
        },
    )


def psums_taken(
    layer: Layer, hardware: Hardware, mapping: CnnergyMapping, nonzero_macs: Number, inter_pe: Number
) -> Number:
    """Psums from the PE below that take the place of a read of the RF.

    All that are handed on, but for windows that zero filter values leave without a MAC
    (:func:`analytical.zeros.psum_taken`); but a PE takes one only with a nonzero MAC, so that there are at most as
    many. In a very sparse layer the published difference falls below zero, and no count does.

    Parameters
    ----------
    layer, hardware
        Shares of zeros, and whose zeros spare a MAC.
    mapping : CnnergyMapping
        Says whether the published difference is corrected.
    nonzero_macs, inter_pe : number
        MACs that are carried out, and psums that are handed from PE to PE.
    """
    taken: Number = psum_taken(inter_pe, mapping.C_set, layer, hardware)
    return min(taken, nonzero_macs) if Correction.PSUMS_TAKEN in mapping.corrections else taken


def latency_s(layer: Layer, hardware: Hardware) -> float:
    """Latency of one image at the chip's throughput (section V).

    Returns
    -------
    float
        Seconds: all MACs, zero operands included, at the same rate for every layer; but for those that the hardware
        skips, as if its PEs never waited: a bound, from which the machine tells how far a design is.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> latency_s(Layer.fc("FC", inputs=2310, outputs=1000), EYERISS_16BIT)
    0.0001
    """
    return float(with_a_cycle(layer.macs, layer, hardware)) / hardware.throughput
