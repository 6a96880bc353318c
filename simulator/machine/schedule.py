"""The order in which a layer's passes run.

Outermost first: images that run together, groups of a grouped convolution, blocks of filters, tiles of columns, blocks
of rows, tiles of channels, filter tiles of the block, strips. Filters stay in the RFs for the strips of a row block,
psums in the GLB for its channels, and the strip of a row block that has but one for the filters of a block. As in the
NeuPart paper's section IV-C, the strips of a block come before its next channels, so that filters that are loaded once
serve them all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial

from analytical.mappings.tiling import Strip, Tiling
from analytical.spans import Span, spans
from simulator.machine.geometry import PassShape


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One pass: where it lies in the layer, and its place in the sequence.

    Attributes
    ----------
    shape : PassShape
        All that its timing depends on.
    images, channels, filters : Span
        Which of the layer's; channels and filters are counted over all groups.
    groups : Span
        The groups of a grouped convolution.
    filter_channels : Span
        Channels of a filter, counted from the first of its group.
    columns, ifmap_columns : Span
        Columns of the ofmap, and of the padded ifmap under them.
    strip : Strip
        Rows of the ofmap and of the padded ifmap, and which of these come over the DRAM link.
    brings, leaves : bool
        Whether the strip comes into the GLB for this pass, and leaves it afterwards.
    filter_block : Span
        Filters that the strip serves meanwhile.
    first_channels, last_channels : bool
        Whether psums start here; whether they are complete afterwards.
    """

    shape: PassShape
    images: Span
    groups: Span
    channels: Span
    filters: Span
    filter_channels: Span
    columns: Span
    ifmap_columns: Span
    strip: Strip
    brings: bool
    leaves: bool
    filter_block: Span
    first_channels: bool
    last_channels: bool

    @property
    def rows(self) -> Span:
        """Rows of the ofmap."""
        return self.strip.rows


def schedule(tiling: Tiling) -> Iterator[Pass]:
    """The passes of a layer, in order.

    Parameters
    ----------
    tiling : Tiling
        Whole tiles of the layer; its sizes say how deep each of the loops is.

    Yields
    ------
    Pass
        Every MAC of the batch is in exactly one of them.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules import map_layer
    >>> from analytical.networks import load_network
    >>> layer = load_network("alexnet").layer("C3")
    >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1)
    >>> passes = list(schedule(tiling))
    >>> len(passes), str(passes[0].channels), str(passes[0].filters)
    (352, '0:16', '0:18')
    """
    for block in blocks(tiling):
        yield from passes_of(tiling, block)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Passes over all channels of a row block, for the filters of a block: where they lie in the layer.

    Attributes
    ----------
    images, groups, filter_tiles, columns, ifmap_columns, row_block
        As those of the passes.
    """

    images: Span
    groups: Span
    filter_tiles: list[Span]
    columns: Span
    ifmap_columns: Span
    row_block: list[Strip]

    @property
    def sizes(self) -> tuple[object, ...]:
        """All that the shapes of its passes, and what moves in them uncoded, depend on."""
        strips = tuple(
            (strip.rows.size, strip.ifmap.size, strip.fetched.size, strip.kept_before, strip.kept_after)
            for strip in self.row_block
        )
        filters = tuple(tile.size for tile in self.filter_tiles)
        return self.images.size, self.groups.size, filters, self.columns.size, self.ifmap_columns.size, strips

    @property
    def reads(self) -> tuple[object, ...]:
        """Which values of the ifmap come for it, and how often."""
        return (
            self.images,
            self.groups,
            self.ifmap_columns,
            self.row_block[0].rows.start,
            len(self.filter_tiles),
        )


def blocks(tiling: Tiling) -> Iterator[Block]:
    """The blocks of a layer's passes, in order.

    Parameters
    ----------
    tiling : Tiling
    """
    row_blocks = tiling.row_blocks()
    for images in spans(tiling.batch, tiling.N):
        for groups in tiling.groups_together():
            for filter_tiles in filter_tiles_of(tiling, groups):
                for columns, ifmap_columns in tiling.column_tiles():
                    for row_block in row_blocks:
                        yield Block(
                            images=images,
                            groups=groups,
                            filter_tiles=filter_tiles,
                            columns=columns,
                            ifmap_columns=ifmap_columns,
                            row_block=row_block,
                        )


def filter_tiles_of(tiling: Tiling, groups: Span) -> list[list[Span]]:
    """The filter tiles of groups that run side by side, by blocks; of several groups, one tile has all."""
    if tiling.groups_at_once == 1:
        return tiling.filter_blocks(groups.start)
    filters = tiling.layer.filters_per_group
    return [[Span(groups.start * filters, groups.stop * filters)]]


def channel_tiles_of(tiling: Tiling, groups: Span) -> list[Span]:
    """The channel tiles of groups that run side by side; of several groups, one tile has all."""
    C = tiling.layer.C
    if tiling.groups_at_once == 1:
        return spans(C, tiling.z, groups.start * C)
    return [Span(groups.start * C, groups.stop * C)]


def filter_channels_of(tiling: Tiling, groups: Span, channels: Span) -> Span:
    """Channels of a filter that channels of groups that run side by side are, counted from the first of its group."""
    first = channels.start - groups.start * tiling.layer.C
    return Span(first, first + channels.size // groups.size)


def passes_of(tiling: Tiling, block: Block, *, last_channels_only: bool = False) -> Iterator[Pass]:
    """The passes of a block, in order.

    Parameters
    ----------
    tiling : Tiling
    block : Block
    last_channels_only : bool
        Only those that complete psums, which come last.
    """
    # a layer has many passes and a handful of shapes: each is made once
    shape = _shapes(tiling)
    channel_tiles = channel_tiles_of(tiling, block.groups)
    for channels in channel_tiles[-1:] if last_channels_only else channel_tiles:
        for filters in block.filter_tiles:
            yield from _residency(
                tiling,
                shape,
                block.images,
                block.groups,
                block.filter_tiles,
                filters,
                (block.columns, block.ifmap_columns),
                block.row_block,
                channels,
            )


@lru_cache(maxsize=8)
def _shapes(tiling: Tiling) -> Callable[..., PassShape]:
    return cache(partial(pass_shape, tiling))


def _residency(
    tiling: Tiling,
    shape: Callable[..., PassShape],
    images: Span,
    groups: Span,
    filter_tiles: list[Span],
    filters: Span,
    columns: tuple[Span, Span],
    row_block: list[Strip],
    channels: Span,
) -> Iterator[Pass]:
    """Passes of one load of filters: the strips of a row block."""
    layer = tiling.layer
    # channels are counted over all groups; psums start at the first of their own
    first = channels.start == groups.start * layer.C
    of_filter = filter_channels_of(tiling, groups, channels)
    ofmap_columns, ifmap_columns = columns
    # A strip that is all of its row block stays for all filters of the block: the first brings it, the last lets it go.
    # Where a row block has several strips, each makes room for the next, and comes again for the next filters.
    served = filter_tiles if tiling.strip_stays else [filters]
    for number, strip in enumerate(row_block):
        yield Pass(
            shape=shape(
                images.size,
                filters.size,
                channels.size,
                strip.rows.size,
                ofmap_columns.size,
                number == 0,
                not first,
                groups.size,
            ),
            images=images,
            groups=groups,
            channels=channels,
            filters=filters,
            filter_channels=of_filter,
            columns=ofmap_columns,
            ifmap_columns=ifmap_columns,
            strip=strip,
            brings=filters == served[0],
            leaves=filters == served[-1],
            filter_block=Span(served[0].start, served[-1].stop),
            first_channels=first,
            last_channels=channels.stop == groups.stop * layer.C,
        )


def pass_shape(
    tiling: Tiling,
    images: int,
    filters: int,
    channels: int,
    rows: int,
    columns: int,
    loads: bool,
    reads: bool,
    groups: int = 1,
) -> PassShape:
    """The shape of a pass over that much of the layer.

    Parameters
    ----------
    tiling : Tiling
        Layer and tiles; it says how channels share out on sets, and filters on stacks.
    images, filters, channels : int
        How many of each the pass takes.
    rows, columns : int
        Of the ofmap.
    loads : bool
        Whether the pass loads its filters: the first of a row block does.
    reads : bool
        Whether psums of earlier channels come from the GLB.
    groups : int
        Convolution groups side by side, which share filters and channels evenly.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules import map_layer
    >>> from analytical.networks import load_network
    >>> layer = load_network("alexnet").layer("C3")
    >>> tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1)
    >>> shape = pass_shape(tiling, images=1, filters=18, channels=16, rows=13, columns=13, loads=True, reads=False)
    >>> shape.set_channels, shape.stack_filters, shape.strip_rows, shape.width, shape.active_pes
    ((4, 4, 4, 4), (18,), 15, 15, 156)
    """
    layer = tiling.layer
    set_channels, stack_filters = tiling.sets_of(channels // groups, filters // groups)
    return PassShape(
        set_channels=set_channels,
        stack_filters=stack_filters * groups,
        groups=groups,
        R=layer.R,
        S=layer.S,
        U=layer.U,
        V=layer.V,
        images=images,
        strip_rows=tiling.strip_height(rows),
        width=tiling.ifmap_width(columns),
        pe_columns=rows,
        windows=columns,
        loads_filters=loads,
        reads_psums=reads,
        one_psum_bank=tiling.one_psum_bank,
    )
