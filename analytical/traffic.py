"""What moves: data times repetitions, for closed forms, mapper and cross-check alike.

A tile that does not hold all of an axis repeats the data of the others: filters are loaded again for each block of
rows, the ifmap passes the array again for each tile of filters. :class:`Repetitions` says how often, along each axis;
:meth:`Repetitions.words` multiplies. The numbers may be integers (whole tiles), exact fractions (closed forms), or
arrays with one place for each of many mappings (the search).
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from analytical import counts as c
from analytical.counts import Event, Number
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.spans import spans
from analytical.zeros import bits_of_filters

if TYPE_CHECKING:
    from analytical.mappings.tiling import Tiling

Amount = Any
"""An integer, a fraction, or an array of numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repetitions:
    """What the tiles of a layer add up to along each axis.

    Attributes
    ----------
    channel_passes
        Passes along the channels (Z).
    hops
        PEs that hand a psum on, over these passes.
    filter_passes
        Passes along the filters (F), those of all groups together.
    ifmap_fetches
        How often the ifmap is fetched for other filters, all groups together.
    strips, row_blocks
        Passes along the rows (Y), and loads of filters for them.
    strip_rows
        Ifmap rows of all strips.
    fetched_rows
        Of them, those that cross the link: a strip's first rows may be in the GLB still.
    column_tiles
        Passes along the columns (X).
    ifmap_columns
        Ifmap columns of them all.
    image_batches
        Loads of the same filters for other images (N).
    """

    channel_passes: Amount
    hops: Amount
    filter_passes: Amount
    ifmap_fetches: Amount
    strips: Amount
    row_blocks: Amount
    strip_rows: Amount
    fetched_rows: Amount
    column_tiles: Amount
    ifmap_columns: Amount
    image_batches: Amount

    def words(self, layer: Layer, batch: int) -> dict[Event, Amount]:
        """b_w-bit words that move for ``batch`` images when all values do, uncoded: data times repetitions.

        Parameters
        ----------
        layer : Layer
        batch : int
            Images of the run, over all image batches.

        Returns
        -------
        dict of Event to integer, fraction or array
            DRAM and GLB reads of filters and ifmap, GLB reads and writes of psums, and psums handed from PE to PE.
            What the RFs do for MACs is not among them, nor what the DRAM link writes.

        Examples
        --------
        >>> layer = Layer(name="L", C=4, H=16, W=16, R=3, S=3, F=8, E=14, G=14)
        >>> once = Repetitions(
        ...     channel_passes=1, hops=11, filter_passes=1, ifmap_fetches=1, strips=1, row_blocks=1,
        ...     strip_rows=16, fetched_rows=16, column_tiles=1, ifmap_columns=16, image_batches=1,
        ... )
        >>> words = once.words(layer, batch=1)
        >>> words[c.DRAM_IFMAP_READ], words[c.GLB_PSUM_WRITE]
        (1024, 1568)
        """
        # filters stay in the RFs for all strips of a row block, and serve all images of an image batch
        filters = layer.F * layer.C * layer.R * layer.S * self.row_blocks * self.column_tiles * self.image_batches
        # channels of one group: fetches and passes along the filters are those of all groups together
        rows_of_ifmap = layer.C * self.ifmap_columns * batch
        psums = layer.ofmap_size * batch
        return {
            c.DRAM_FILTER_READ: filters,
            c.GLB_FILTER_READ: filters,
            c.DRAM_IFMAP_READ: rows_of_ifmap * self.fetched_rows * self.ifmap_fetches,
            c.GLB_IFMAP_READ: rows_of_ifmap * self.strip_rows * self.filter_passes,
            # in its first pass along the channels a psum starts at zero, and is not read
            c.GLB_PSUM_WRITE: psums * self.channel_passes,
            c.GLB_PSUM_READ: psums * (self.channel_passes - 1),
            c.INTER_PE_PSUM: psums * self.hops,
        }


def rlc_words(values: float, sparsity: float, hardware: Hardware) -> float:
    """b_w-bit words of ``values`` values in RLC (eq 25).

    Parameters
    ----------
    values : float
        Values, zeros among them.
    sparsity : float
        Fraction of zeros.
    hardware : Hardware
        Its RLC format.

    Returns
    -------
    float or Fraction
        Words of a code in which no run overflows and no word is padded; exact, if all that goes in is.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> rlc_words(1200, 0.5, EYERISS_16BIT)
    800.0
    """
    return values * (1 - sparsity) * hardware.rlc_words_per_value


def fmap_words(values: float, sparsity: float, hardware: Hardware) -> float:
    """b_w-bit words of feature maps on the DRAM link: run-length coded, or as they are if the hardware has no code, or
    sends what is shorter.

    Parameters
    ----------
    values, sparsity, hardware
        As for :func:`rlc_words`.
    """
    coded = rlc_words(values, sparsity, hardware)
    if hardware.tiles_move_raw_where_shorter:
        return min(values, coded)
    return values if hardware.fmaps_move_raw else coded


def filter_words(values: Number, layer: Layer, hardware: Hardware) -> Number:
    """b_w-bit words of filters on the DRAM link: as they are, in as few bits as number their values; or run-length
    coded, without waste, if the hardware may and that is shorter.

    Parameters
    ----------
    values : float
        Values, zeros among them.
    layer : Layer
        Its filters' share of zeros, and bits of a value.
    hardware : Hardware
        Its RLC format.

    Returns
    -------
    float or Fraction
        Exact, if all that goes in is.

    Examples
    --------
    >>> from analytical.hardware import CHIPS
    >>> pruned = Layer.fc("L", inputs=8, outputs=4, sparsity_filters=0.75)
    >>> filter_words(1200, pruned, CHIPS["eyeriss-16bit"]), filter_words(1200, pruned, CHIPS["eyeriss-16bit-sparse"])
    (1200, 400.0)
    """
    bits = bits_of_filters(layer, hardware)
    # whole numbers stay what they are where nothing is coded
    raw = values if bits == hardware.b_w else values * Fraction(bits, hardware.b_w)
    if hardware.filters_move_raw:
        return raw
    return min(raw, values * (1 - layer.sparsity_filters) * words_of_pair(bits, hardware))


def words_of_pair(value_bits: int, hardware: Hardware) -> Fraction:
    """b_w-bit words that a (run, value) pair costs in RLC when nothing is wasted, of values of so many bits."""
    return Fraction(hardware.link_bits, hardware.b_w * hardware.rlc_pairs_of(value_bits))


def repeated_by(tiling: "Tiling") -> Repetitions:
    """Repetitions of whole tiles, ragged ones among them.

    Parameters
    ----------
    tiling : Tiling
        Whole tiles; where the GLB is divided does not matter.

    Returns
    -------
    Repetitions
        In integers.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules import map_layer
    >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
    >>> repeated = repeated_by(map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1))
    >>> repeated.channel_passes, repeated.filter_passes, repeated.hops
    (3, 3, 33)
    """
    layer = tiling.layer
    # heights, in PEs, of the stack of each pass along the channels; a last pass of few channels stacks fewer sets
    stacks = [layer.R * len(tiling.sets_of(tile.size, 1)[0]) for tile in spans(layer.C, tiling.z)]
    blocks = tiling.row_blocks()
    strips = [strip for block in blocks for strip in block]
    along_x = tiling.column_tiles()
    # groups are alike: one is walked, and counted as often as there are groups
    filter_passes = sum(map(len, tiling.filter_blocks(group=0)))
    return Repetitions(
        channel_passes=len(stacks),
        hops=sum(height - 1 for height in stacks),
        filter_passes=layer.groups * filter_passes,
        ifmap_fetches=layer.groups * ifmap_fetches(tiling),
        strips=len(strips),
        row_blocks=len(blocks),
        strip_rows=sum(strip.ifmap.size for strip in strips),
        fetched_rows=sum(strip.fetched.size for strip in strips),
        column_tiles=len(along_x),
        ifmap_columns=sum(ifmap.size for _, ifmap in along_x),
        image_batches=len(spans(tiling.batch, tiling.N)),
    )


def ifmap_fetches(tiling: "Tiling") -> int:
    """How often a group's ifmap is fetched: for each block of filters that a strip stays for, or each tile."""
    blocks = tiling.filter_blocks(group=0)
    return len(blocks) if tiling.strip_stays else sum(map(len, blocks))
