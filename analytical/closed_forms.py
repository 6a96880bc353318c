"""CNNergy's closed forms: what the mapping moves and computes (section IV-D, eqs 13-19).

Every function is per ``images`` images processed together, in b_w-bit words; fractions of passes stay fractions.
"""

import math
from dataclasses import dataclass

from analytical import counts as c
from analytical.counts import Counts
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import CnnergyMapping
from analytical.traffic import Repetitions, rlc_words


@dataclass(frozen=True, kw_only=True, slots=True)
class Passes:
    """How many passes along each direction (Algorithm 1, lines 6, 8 and 9).

    Attributes
    ----------
    z : float
        Along the channels: C/z_i.
    strips : float
        Along the rows, in one row block: Y_o/y_o.
    row_blocks : float
        Row blocks, for each of which filters are loaded anew: E/Y_o.
    column_tiles : float
        Along the columns: G/X_o.
    filters : float
        Along the filters: F/f_i.
    """

    z: float
    strips: float
    row_blocks: float
    column_tiles: float
    filters: float

    @property
    def residencies(self) -> float:
        """Loads of filters: each stays for the strips of a block."""
        return self.z * self.row_blocks * self.column_tiles * self.filters

    @property
    def all(self) -> float:
        """Passes of the layer, each over all images that run together."""
        return self.residencies * self.strips


def passes(layer: Layer, mapping: CnnergyMapping) -> Passes:
    """C/z_i, Y_o/y_o, E/Y_o, G/X_o and F/f_i (eqs 16-18).

    Parameters
    ----------
    layer : Layer
    mapping : CnnergyMapping
        How the layer is laid on the hardware.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.cnnergy import map_layer
    >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
    >>> n = passes(layer, map_layer(layer, EYERISS_16BIT))
    >>> n.z, round(n.filters, 2), round(n.all, 2)
    (3.0, 2.22, 6.67)
    """
    # C is of one filter and F of all groups together, so that a grouped convolution needs no case of its own
    return Passes(
        z=layer.C / mapping.z_i,
        strips=mapping.Y_o / mapping.y_o,
        row_blocks=layer.E / mapping.Y_o,
        column_tiles=layer.G / mapping.X_o,
        filters=layer.F / mapping.f_i,
    )


def pe_column_height(layer: Layer, mapping: CnnergyMapping) -> int:
    """h: PEs that a psum climbs through in one pass.

    R rows for each set that shares the z_i channels; h - 1 of these PEs hand the psum on. With a last set that is not
    full, the quotient may fall inside it and is rounded up.
    """
    return math.ceil(layer.R * mapping.z_i / mapping.C_set)


def filter_words(layer: Layer, mapping: CnnergyMapping) -> float:
    """F_Pass over all passes, however many images share it (eq 15).

    The same number crosses the DRAM link and leaves the GLB: filters stay in the RFs for the strips of a row block.
    """
    return mapping.f_i * mapping.z_i * layer.R * layer.S * passes(layer, mapping).residencies


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
    n = passes(layer, mapping)
    # neighbouring strips share R - U rows; a block's first strip finds none of them in the GLB
    rows = mapping.y_i + (n.strips - 1) * (mapping.y_i - (layer.R - layer.U))
    values = mapping.X_i * rows * mapping.z_i * n.residencies * images
    return values if layer.first else rlc_words(values, layer.sparsity_ifmap, hardware)


def ifmap_glb_words(layer: Layer, mapping: CnnergyMapping, images: int) -> float:
    """I_Pass over all passes (eq 13): b_w-bit words that the PEs read from the GLB, overlapping rows in each strip."""
    return mapping.X_i * mapping.y_i * mapping.z_i * passes(layer, mapping).all * images


def psum_words(layer: Layer, mapping: CnnergyMapping, images: int) -> float:
    """P_Pass over the passes of one z step (eq 14): each psum of the layer once, in b_w-bit words."""
    n = passes(layer, mapping)
    return mapping.f_i * mapping.X_o * mapping.y_o * images * n.all / n.z


def ofmap_dram_words(layer: Layer, hardware: Hardware, images: int) -> float:
    """The whole ofmap in RLC (eq 17)."""
    return rlc_words(layer.ofmap_size * images, layer.sparsity_ofmap, hardware)


def repetitions(layer: Layer, mapping: CnnergyMapping) -> Repetitions:
    """How often the mapping repeats the layer's data, for images that run together: the same equations (13-18) by axis.

    With exact numbers its words are those of :func:`count`, which a test holds. The functions above multiply a pass by
    the number of passes, as the equations and the authors' program do: in floats, the order is a part of the result.

    Parameters
    ----------
    layer : Layer
    mapping : CnnergyMapping
        How the layer is laid on the hardware; its numbers may be fractions.

    Returns
    -------
    Repetitions
        Of one image batch.
    """
    # each tile of filters fetches the ifmap anew: the mapping keeps psums of one tile only
    n = passes(layer, mapping)
    further_rows = (n.strips - 1) * (mapping.y_i - (layer.R - layer.U))
    return Repetitions(
        channel_passes=n.z,
        hops=n.z * (pe_column_height(layer, mapping) - 1),
        filter_passes=n.filters,
        ifmap_fetches=n.filters,
        strips=n.row_blocks * n.strips,
        row_blocks=n.row_blocks,
        strip_rows=n.row_blocks * n.strips * mapping.y_i,
        fetched_rows=n.row_blocks * (mapping.y_i + further_rows),
        column_tiles=n.column_tiles,
        ifmap_columns=n.column_tiles * mapping.X_i,
        image_batches=1,
    )


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
    >>> from analytical.mappings.cnnergy import map_layer
    >>> layer = Layer(name="L", C=4, H=16, W=16, R=3, S=3, F=8, E=14, G=14)
    >>> count(layer, EYERISS_16BIT, map_layer(layer, EYERISS_16BIT), images=1)[c.GLB_PSUM_WRITE]
    1568.0
    """
    n = passes(layer, mapping)
    macs = layer.macs * images
    nonzero_macs = macs * (1 - layer.sparsity_ifmap)
    psums = psum_words(layer, mapping, images)
    filters = filter_words(layer, mapping)
    # all PEs of a column but the bottom one take the psum from below
    inter_pe = (pe_column_height(layer, mapping) - 1) * psums * n.z
    return Counts(
        macs=macs,
        nonzero_macs=nonzero_macs,
        events={
            # a zero pixel is read to be recognised, and then spares filter and psum (section IV-D2)
            c.RF_IFMAP_READ: macs,
            c.RF_FILTER_READ: nonzero_macs,
            # a psum from the PE below takes the place of a read of the RF
            c.RF_PSUM_READ: nonzero_macs - inter_pe,
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
