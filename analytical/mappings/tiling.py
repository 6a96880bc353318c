"""Whole tiles of a layer on a hardware: what a mapping comes to once it is rounded and fits the GLB.

A mapping may have fractions of tiles; a machine has not. Both sides of the cross-check cut a layer with what is here:
tiles of filters, and strips of rows. What moves because of it is counted by the machine as it happens, and computed by
:mod:`analytical.traffic`.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.spans import Span, share, spans

if TYPE_CHECKING:
    from analytical.mappings import LayerMapping


class MappingError(InputError):
    """A layer that does not fit the hardware; the message says what would make it fit."""


# without slots, since cached properties keep their values in the instance's dict
@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Tile sizes that a mapping gives a layer, in whole words, rows, columns, channels, filters and images.

    N images run together; a pass takes z channels and f filters over a strip of y_o ofmap rows and X_o ofmap columns;
    psums of m filters and Y_o rows wait in the GLB. ``ifmap_words`` and ``psum_words`` are the parts of the GLB for
    each.

    Attributes
    ----------
    layer : Layer
    hardware : Hardware
    mapping : LayerMapping
        What the tiles were made from.
    S_pass : int
        Sets in the array, at most.
    C_set : int
        Channels of a set; the last of a stack may have fewer.
    z, f : int
        Channels and filters of a pass, of one group.
    groups_at_once : int
        Convolution groups that run side by side, in stacks of their own; more than one only where all channels and all
        filters of a group are in one pass.
    m : int
        Filters of a filter block.
    y_i, y_o : int
        Ifmap and ofmap rows of a strip.
    X_o : int
        Ofmap columns of a pass.
    Y_o : int
        Ofmap rows of a row block.
    N : int
        Images of an image batch.
    batch : int
        Images of the run.
    ifmap_words, psum_words : int
        Parts of the GLB, in b_w-bit words; 0 until :func:`divide_glb` has divided it.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules import map_layer
    >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
    >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=4)
    >>> tiling.strip_words, tiling.least_psum_words, tiling.fits
    (14400, 12168, True)
    """

    layer: Layer
    hardware: Hardware
    mapping: "LayerMapping"
    S_pass: int
    C_set: int
    z: int
    f: int
    m: int
    y_i: int
    y_o: int
    X_o: int
    Y_o: int
    N: int
    batch: int
    ifmap_words: int = 0
    psum_words: int = 0
    groups_at_once: int = 1

    @cached_property
    def psums_stream(self) -> bool:
        """All channels in one pass: psums only pass through the GLB on their way to DRAM."""
        return self.z >= self.layer.C

    @cached_property
    def strip_words(self) -> int:
        """Ifmap words of one strip of the N images."""
        return self.groups_at_once * self.N * self.ifmap_width(self.X_o) * self.y_i * self.z

    @cached_property
    def least_psum_words(self) -> int:
        """Psum words without which the layer cannot run: all that wait for more channels, or one window of all PEs
        if none do."""
        if self.psums_stream:
            return self.groups_at_once * self.f * self.y_o
        return self.N * self.m * self.X_o * self.Y_o

    @cached_property
    def strip_stays(self) -> bool:
        """One strip is all of a block of rows, and serves all filters of a block before the next takes its place."""
        return self.Y_o <= self.y_o

    @property
    def fits(self) -> bool:
        """Whether the GLB holds the least that the layer needs of ifmap and psums together."""
        return self.hardware.glb_words >= self.strip_words + self.least_psum_words

    @property
    def one_psum_bank(self) -> bool:
        """Psums lie in a single bank, whose one port serves reads and writes by turns."""
        return self.psum_words <= self.hardware.glb_bank_words

    def ifmap_width(self, columns: int) -> int:
        """Ifmap columns that so many ofmap ``columns`` need; whole rows, if the tile is as wide as the ofmap."""
        # columns that no window needs move with the others, as in the closed forms
        if columns == self.layer.G:
            return self.layer.W
        return self.layer.V * (columns - 1) + self.layer.S

    def strip_height(self, rows: int) -> int:
        """Ifmap rows of a strip of so many ofmap ``rows``: y_i for a whole one."""
        if rows == self.y_o:
            return self.y_i
        return self.layer.U * (rows - 1) + self.layer.R

    def sets_of(self, channels: int, filters: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Channels of each set of the stack that a psum climbs, top first, the last one's fewer; and filters of each
        stack, shared evenly.

        Parameters
        ----------
        channels, filters : int
            Those of the pass.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> from analytical.mappings.eyeriss import EyerissMapping
        >>> layer = Layer(name="L", C=5, H=15, W=15, R=3, S=3, F=30, E=13, G=13)
        >>> mapping = EyerissMapping(m=30, n=1, e=13, p=15, q=3, r=2, t=2)
        >>> mapping.tiling(layer, EYERISS_16BIT, batch=1).sets_of(channels=5, filters=29)
        ((3, 2), (15, 14))
        """
        sets = tuple(span.size for span in spans(channels, self.C_set))
        # sets that the stacks leave over in the array stay idle, as do stacks beyond the last filter
        stacks = min(filters, self.S_pass // len(sets))
        return sets, tuple((filters + stack) // stacks for stack in reversed(range(stacks)))

    def groups_together(self) -> list[Span]:
        """Convolution groups that run side by side, in order."""
        return spans(self.layer.groups, self.groups_at_once)

    def side_by_side(self) -> "Tiling":
        """The same tiles with as many convolution groups at once as the array has free sets for, and the GLB room.

        The tiling itself where a group takes several passes, or the array. Where the GLB has no room for all images of
        the batch with so many groups, fewer images run together.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> from analytical.mappings.rules import map_layer
        >>> layer = Layer.conv("dw", channels=32, size=28, filters=32, filter=3, padding=1, groups=32)
        >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1)
        >>> tiling.side_by_side().groups_at_once
        4
        """
        layer, hardware = self.layer, self.hardware
        if layer.groups == 1 or self.z < layer.C or self.f < layer.filters_per_group:
            return self
        sets, stacks = self.sets_of(layer.C, layer.filters_per_group)
        of_array = max(self.S_pass, hardware.J // layer.R * (hardware.K // self.y_o))
        most = min(layer.groups, of_array // (len(sets) * len(stacks)))
        for number in range(most, 1, -1):
            # groups are shared out evenly over the passes
            even = share(layer.groups, share(layer.groups, number))
            for N in range(self.N, 0, -1):
                together = replace(self, groups_at_once=even, N=N)
                if together.fits:
                    return divide_glb(together)
        return self

    def filter_blocks(self, group: int) -> list[list[Span]]:
        """The filter tiles of a group, by blocks whose psums wait in the GLB together.

        Parameters
        ----------
        group : int
            Number of the convolution group, from 0; filters are numbered through all groups.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> from analytical.mappings.rules import map_layer
        >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
        >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1)
        >>> [[str(tile) for tile in block] for block in replace(tiling, m=36).filter_blocks(group=0)]
        [['0:18', '18:36'], ['36:40']]
        """
        filters = self.layer.filters_per_group
        blocks = spans(filters, self.m, group * filters)
        return [spans(block.size, self.f, block.start) for block in blocks]

    def column_tiles(self) -> list[tuple[Span, Span]]:
        """Columns of the ofmap, and those of the padded ifmap under them, tile by tile.

        Neighbours share S - V columns of the ifmap, which are read again for each tile.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> from analytical.mappings.rules import map_layer
        >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
        >>> tiling = replace(map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1), X_o=7)
        >>> [(str(ofmap), str(ifmap)) for ofmap, ifmap in tiling.column_tiles()]
        [('0:7', '0:9'), ('7:13', '7:15')]
        """
        V = self.layer.V
        tiles = spans(self.layer.G, self.X_o)
        return [(t, Span(V * t.start, V * t.start + self.ifmap_width(t.size))) for t in tiles]

    def row_blocks(self) -> list[list["Strip"]]:
        """The strips of an ofmap tile, by blocks of rows whose psums wait in the GLB together.

        Each strip after a block's first finds R - U rows there that the one before has left.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> from analytical.mappings.rules import map_layer
        >>> layer = Layer(name="L", C=48, H=30, W=15, R=3, S=3, F=40, E=28, G=13)
        >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1)
        >>> [[tuple(map(str, (s.rows, s.ifmap, s.fetched))) for s in block] for block in tiling.row_blocks()]
        [[('0:14', '0:16', '0:16'), ('14:28', '14:30', '16:30')]]
        """
        return [self._strips(block) for block in spans(self.layer.E, self.Y_o)]

    def _strips(self, block: Span) -> list["Strip"]:
        # where the stride exceeds the filter, strips do not overlap but leave a gap, whose rows are fetched and dropped
        overlap = max(0, self.layer.R - self.layer.U)
        strips: list[Strip] = []
        for rows in spans(block.size, self.y_o, block.start):
            top = self.layer.U * rows.start
            ifmap = Span(top, top + self.strip_height(rows.size))
            fetched = Span(strips[-1].ifmap.stop, ifmap.stop) if strips else ifmap
            strips.append(
                Strip(
                    rows=rows,
                    ifmap=ifmap,
                    fetched=fetched,
                    kept_before=overlap if strips else 0,
                    kept_after=0 if rows.stop == block.stop else overlap,
                )
            )
        return strips


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """The rows of a pass.

    Attributes
    ----------
    rows : Span
        Rows of the ofmap.
    ifmap : Span
        Rows of the padded ifmap under them.
    fetched : Span
        Rows that cross the DRAM link for this strip: all for a block's first, else those that the strip before has not
        fetched, and with a stride beyond the filter the rows between the two as well.
    kept_before, kept_after : int
        Rows that the GLB holds from the strip before, and for the strip after.
    """

    rows: Span
    ifmap: Span
    fetched: Span
    kept_before: int
    kept_after: int

    @property
    def stored_rows(self) -> int:
        """Rows that enter the GLB with this strip."""
        return self.ifmap.size - self.kept_before


def fit_glb(tiling: Tiling) -> Tiling:
    """The largest tiles, none larger than those given, that fit the GLB, which is then divided.

    Parameters
    ----------
    tiling : Tiling
        One filter tile a block (m = f), as CNNergy's rules have it: both shrink together.

    Raises
    ------
    MappingError
        Not even the smallest do.
    """
    while not tiling.fits:
        tiling = _shrink(tiling)
    return divide_glb(tiling)


def _shrink(tiling: Tiling) -> Tiling:
    """The next smaller tiling: fewer images, then less height, then less width, then fewer filters."""
    layer = tiling.layer
    if tiling.N > 1:
        return replace(tiling, N=tiling.N - 1)
    # psums that stream take the same room whatever Y_o is: a lower block would win nothing
    if not tiling.psums_stream and tiling.Y_o > tiling.y_o:
        return replace(tiling, Y_o=tiling.y_o * (share(tiling.Y_o, tiling.y_o) - 1))
    if tiling.X_o > 1:
        # half the width, rounded up, keeps the two parts alike
        return replace(tiling, X_o=share(tiling.X_o, 2))
    if tiling.f > 1:
        return replace(tiling, f=tiling.f - 1, m=tiling.f - 1)
    # a strip is never cut lower than its y_o rows, the PE columns that the mapping keeps at work
    words = tiling.strip_words + tiling.least_psum_words
    raise MappingError(
        f"layer {layer.name} cannot be mapped: the smallest tile, one window wide, has {words} words, more than the "
        f"GLB of {tiling.hardware.glb_kib} KiB"
    )


def divide_glb(tiling: Tiling) -> Tiling:
    """Give ifmap and psums their parts of the GLB.

    What neither needs goes to the psums; but where transfers overlap work, first to the ifmap for prefetch, up to a
    second strip; a stream of psums is worth as much as prefetch. Each part is whole banks, unless the layer needs the
    bank at the border for both. Prefetch takes no bank without which psums would be read and written through one port,
    so that PEs take as long for their passes whether transfers overlap them or not.

    Parameters
    ----------
    tiling : Tiling
        Tiles that fit the GLB.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.eyeriss import EyerissMapping
    >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
    >>> mapping = EyerissMapping(m=40, n=4, e=13, p=16, q=3, r=2, t=2)
    >>> tiling = divide_glb(mapping.tiling(layer, EYERISS_16BIT, batch=4))
    >>> tiling.strip_words, tiling.ifmap_words, tiling.psum_words  # ifmap: three banks of 2048 words
    (5400, 6144, 45056)
    """
    hardware = tiling.hardware
    alone = _divided(tiling, ifmap=tiling.strip_words, least_psums=tiling.least_psum_words)
    if not hardware.overlap_fmaps:
        return alone
    least = tiling.least_psum_words
    # one word beyond a bank: psums keep two, and with them a port for reads and another for writes
    if not alone.one_psum_bank:
        least = max(least, hardware.glb_bank_words + 1)
    # never below zero: the division without prefetch has left psums at least as much
    spare = hardware.glb_words - tiling.strip_words - least
    prefetch = min(tiling.strip_words, spare // 2 if tiling.psums_stream else spare)
    return _divided(tiling, ifmap=tiling.strip_words + prefetch, least_psums=least)


def _divided(tiling: Tiling, *, ifmap: int, least_psums: int) -> Tiling:
    """Parts of about ``ifmap`` words and of the rest, in whole banks where both needs allow."""
    glb, bank = tiling.hardware.glb_words, tiling.hardware.glb_bank_words
    # rounded up or, where psums need that bank, down; where neither leaves both their least, a bank is shared by words
    for banks in (share(ifmap, bank), ifmap // bank):
        if tiling.strip_words <= banks * bank <= glb - least_psums:
            ifmap = banks * bank
            break
    return replace(tiling, ifmap_words=ifmap, psum_words=glb - ifmap)
