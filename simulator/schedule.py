"""From a mapping to whole passes: integer tiles, ragged last ones, in the order in which they run.

Order, outermost first: images that fit together, groups of a grouped convolution, blocks of filters, column tiles,
blocks of ofmap rows, channel tiles, filter tiles of the block, strips. Filters stay in the RFs for the strips of a
block, psums in the GLB for its channels, and the strip of a block that has but one for the block's filters.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import NamedTuple

from analytical.chip_mapping import ChipMapping
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mapping import Mapping, MappingError
from simulator.pe_array import PassShape


class Span(NamedTuple):
    """A half-open range of rows, columns, channels, filters or images."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)

    def shifted(self, by: int) -> "Span":
        return Span(self.start + by, self.stop + by)

    def __str__(self) -> str:
        return f"{self.start}:{self.stop}"


def spans(size: int, tile: int, start: int = 0) -> list[Span]:
    """``size`` cut into tiles; the last may be smaller.

    >>> [str(span) for span in spans(5, 2)]
    ['0:2', '2:4', '4:5']
    """
    return [Span(start + at, start + min(at + tile, size)) for at in range(0, size, tile)]


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """Tile sizes that a mapping gives a layer, in whole words, rows, columns, channels, filters and images.

    N images run together; a pass takes z channels and f filters over a strip of y_o ofmap rows and X_o ofmap columns;
    psums of m filters and Y_o rows wait in the GLB. ``ifmap_words`` and ``psum_words`` are the parts of the GLB for
    each.
    """

    layer: Layer
    hardware: Hardware
    mapping: Mapping | ChipMapping
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

    @cached_property
    def psums_stream(self) -> bool:
        """All channels in one pass: psums only pass through the GLB on their way to DRAM."""
        return self.z >= self.layer.C

    @cached_property
    def strip_words(self) -> int:
        """Ifmap words of one strip of the N images."""
        return self.N * self.ifmap_width(self.X_o) * self.y_i * self.z

    @cached_property
    def least_psum_words(self) -> int:
        """Psum words without which the layer cannot run: all that wait for more channels, or one window of all PEs
        if none do."""
        if self.psums_stream:
            return self.f * self.y_o
        return self.N * self.m * self.X_o * self.Y_o

    @cached_property
    def strip_stays(self) -> bool:
        """One strip is all of a block of rows, and serves all filters of a block before the next takes its place."""
        return self.Y_o <= self.y_o

    @property
    def fits(self) -> bool:
        return self.hardware.glb_words >= self.strip_words + self.least_psum_words

    @property
    def one_psum_bank(self) -> bool:
        """Psums lie in a single bank, whose one port serves reads and writes by turns."""
        return self.psum_words <= self.hardware.glb_bank_words

    def ifmap_width(self, columns: int) -> int:
        """Ifmap columns that so many ofmap ``columns`` need; whole rows, if the tile is as wide as the ofmap."""
        if columns == self.layer.G:
            return self.layer.W
        return self.layer.U * (columns - 1) + self.layer.S

    def strip_height(self, rows: int) -> int:
        """Ifmap rows of a strip of so many ofmap ``rows``: y_i for a whole one."""
        if rows == self.y_o:
            return self.y_i
        return self.layer.U * (rows - 1) + self.layer.R


def tile(layer: Layer, hardware: Hardware, mapping: Mapping | ChipMapping, batch: int) -> Tiling:
    """Whole tiles that the RFs and the GLB hold.

    Raises
    ------
    MappingError
        No tile fits the GLB; a chip's mapping does not fit as it stands.
    """
    if isinstance(mapping, ChipMapping):
        return _divide_glb(_chip_tiles(layer, hardware, mapping, batch))
    tiling = whole_tiles(layer, hardware, mapping, batch)
    while not tiling.fits:
        tiling = _shrink(tiling)
    return _divide_glb(tiling)


def whole_tiles(layer: Layer, hardware: Hardware, mapping: Mapping, batch: int) -> Tiling:
    """Round a mapping to whole tiles; they may exceed the GLB by what is rounded up.

    Fractions of columns are cut; as many blocks as the mapping has share out whole strips.
    """
    y_o = min(mapping.y_o, layer.E)
    blocks = math.ceil(layer.E / mapping.Y_o)
    f = min(filters_held(layer, hardware, mapping), layer.filters_per_group)
    return Tiling(
        layer=layer,
        hardware=hardware,
        mapping=mapping,
        S_pass=mapping.S_pass,
        C_set=mapping.C_set,
        z=mapping.z_i,
        f=f,
        m=f,
        y_i=mapping.y_i,
        y_o=y_o,
        X_o=max(1, min(layer.G, int(mapping.X_o))),
        Y_o=min(layer.E, y_o * _share(_share(layer.E, y_o), blocks)),
        N=min(batch, mapping.N),
        batch=batch,
    )


def _chip_tiles(layer: Layer, hardware: Hardware, mapping: ChipMapping, batch: int) -> Tiling:
    mapping.require_fits(layer, hardware)
    return Tiling(
        layer=layer,
        hardware=hardware,
        mapping=mapping,
        S_pass=mapping.r * mapping.t,
        C_set=mapping.q,
        z=min(mapping.q * mapping.r, layer.C),
        f=min(mapping.p * mapping.t, layer.filters_per_group),
        m=min(mapping.m, layer.filters_per_group),
        y_i=mapping.strip_rows(layer),
        y_o=mapping.e,
        X_o=layer.G,
        Y_o=mapping.e,
        N=min(batch, mapping.n),
        batch=batch,
    )


def filters_held(layer: Layer, hardware: Hardware, mapping: Mapping) -> int:
    """Filters of a pass. Where the paper's rules ask for more than the RFs of the sets hold (rules 4 and 5 count sets
    that others have given to channels), what they hold counts."""
    sets = _share(mapping.z_i, mapping.C_set)
    filters_of_set = min(hardware.P_s, hardware.f_s // (mapping.C_set * layer.S))
    return min(int(mapping.f_i), mapping.S_pass // sets * filters_of_set)


def _share(size: int, parts: int) -> int:
    return -(-size // parts)


def _shrink(tiling: Tiling) -> Tiling:
    """The next smaller tiling: fewer images, then less height, then less width, then fewer filters."""
    layer = tiling.layer
    if tiling.N > 1:
        return replace(tiling, N=tiling.N - 1)
    if not tiling.psums_stream and tiling.Y_o > tiling.y_o:
        return replace(tiling, Y_o=tiling.y_o * (_share(tiling.Y_o, tiling.y_o) - 1))
    if tiling.X_o > 1:
        return replace(tiling, X_o=_share(tiling.X_o, 2))
    if tiling.f > 1:
        return replace(tiling, f=tiling.f - 1, m=tiling.f - 1)
    kib = (tiling.strip_words + tiling.least_psum_words) * tiling.hardware.b_w / 8192
    raise MappingError(
        f"layer {layer.name} cannot be mapped: the smallest tile, one window wide, exceeds the GLB of "
        f"{tiling.hardware.glb_kib} KiB; {kib:g} KiB would fit it"
    )


def _divide_glb(tiling: Tiling) -> Tiling:
    """Give ifmap and psums their parts of the GLB.

    What neither needs goes to the psums; but where transfers overlap work, first to the ifmap for prefetch, up to a
    second strip; a stream of psums is worth as much as prefetch. Each part is whole banks, unless the layer needs the
    bank at the border for both.
    """
    glb, bank = tiling.hardware.glb_words, tiling.hardware.glb_bank_words
    spare = glb - tiling.strip_words - tiling.least_psum_words
    ifmap = tiling.strip_words
    if tiling.hardware.overlap_fmaps:
        ifmap += min(tiling.strip_words, spare // 2 if tiling.psums_stream else spare)
    for banks in (_share(ifmap, bank), ifmap // bank):
        if tiling.strip_words <= banks * bank <= glb - tiling.least_psum_words:
            ifmap = banks * bank
            break
    return replace(tiling, ifmap_words=ifmap, psum_words=glb - ifmap)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One pass: where it lies in the layer, and its place in the sequence.

    images, channels, filters  which of the layer's (channels and filters counted over all groups)
    group           the group of a grouped convolution
    rows, columns   of the ofmap
    strip           rows of the padded ifmap
    fetched         rows of it that cross the DRAM link for this pass
    brings, leaves  whether the strip comes into the GLB for this pass, and leaves it afterwards
    filter_block    filters that the strip serves meanwhile
    kept_before, kept_after   rows that the GLB holds from the strip before, and for the strip after
    first_channels, last_channels   whether psums start here; whether they are complete afterwards
    """

    shape: PassShape
    images: Span
    group: int
    channels: Span
    filters: Span
    rows: Span
    columns: Span
    ifmap_columns: Span
    strip: Span
    fetched: Span
    brings: bool
    leaves: bool
    filter_block: Span
    kept_before: int
    kept_after: int
    first_channels: bool
    last_channels: bool

    @property
    def stored_rows(self) -> int:
        """Rows that enter the GLB with this strip."""
        return self.strip.size - self.kept_before


def filter_blocks(tiling: Tiling, group: int) -> list[list[Span]]:
    """The filter tiles of a group, by blocks whose psums wait in the GLB together.

    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mapping import map_layer
    >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
    >>> tiling = tile(layer, EYERISS_16BIT, map_layer(layer, EYERISS_16BIT), batch=1)
    >>> [[str(tile) for tile in block] for block in filter_blocks(replace(tiling, m=36), group=0)]
    [['0:18', '18:36'], ['36:40']]
    """
    filters = tiling.layer.filters_per_group
    blocks = spans(filters, tiling.m, group * filters)
    return [spans(block.size, tiling.f, block.start) for block in blocks]


def schedule(tiling: Tiling) -> Iterator[Pass]:
    """The passes of a layer, in order."""
    layer = tiling.layer
    shape = cache(partial(pass_shape, tiling))
    for images in spans(tiling.batch, tiling.N):
        for group in range(layer.groups):
            for filter_tiles in filter_blocks(tiling, group):
                for columns in spans(layer.G, tiling.X_o):
                    for block in spans(layer.E, tiling.Y_o):
                        for channels in spans(layer.C, tiling.z, group * layer.C):
                            for filters in filter_tiles:
                                yield from _residency(
                                    tiling, shape, images, group, filter_tiles, filters, columns, block, channels
                                )


def _residency(
    tiling: Tiling,
    shape: Callable[..., PassShape],
    images: Span,
    group: int,
    filter_tiles: list[Span],
    filters: Span,
    columns: Span,
    block: Span,
    channels: Span,
) -> Iterator[Pass]:
    """Passes of one load of filters: the strips of a block."""
    layer = tiling.layer
    overlap = layer.R - layer.U
    first = channels.start == group * layer.C
    left = layer.U * columns.start
    ifmap_columns = Span(left, left + tiling.ifmap_width(columns.size))
    served = filter_tiles if tiling.strip_stays else [filters]
    held_to = None
    strips = spans(block.size, tiling.y_o, block.start)
    for number, rows in enumerate(strips):
        top = layer.U * rows.start
        strip = Span(top, top + tiling.strip_height(rows.size))
        yield Pass(
            shape=shape(images.size, filters.size, channels.size, rows.size, columns.size, number == 0, not first),
            images=images,
            group=group,
            channels=channels,
            filters=filters,
            rows=rows,
            columns=columns,
            ifmap_columns=ifmap_columns,
            strip=strip,
            fetched=strip if held_to is None else Span(held_to, strip.stop),
            brings=filters == served[0],
            leaves=filters == served[-1],
            filter_block=Span(served[0].start, served[-1].stop),
            kept_before=0 if held_to is None else max(0, overlap),
            kept_after=0 if number + 1 == len(strips) else max(0, overlap),
            first_channels=first,
            last_channels=channels.stop == (group + 1) * layer.C,
        )
        held_to = strip.stop


def pass_sets(C_set: int, channels: int, S_pass: int, filters: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Channels of each set of the stack, the last one's fewer, and filters of each group of sets, shared evenly."""
    sets = tuple(span.size for span in spans(channels, C_set))
    groups = min(filters, S_pass // len(sets))
    return sets, tuple((filters + group) // groups for group in reversed(range(groups)))


def pass_shape(
    tiling: Tiling, images: int, filters: int, channels: int, rows: int, columns: int, loads: bool, reads: bool
) -> PassShape:
    """The shape of a pass over that much of the layer."""
    layer = tiling.layer
    set_channels, group_filters = pass_sets(tiling.C_set, channels, tiling.S_pass, filters)
    return PassShape(
        set_channels=set_channels,
        group_filters=group_filters,
        R=layer.R,
        S=layer.S,
        U=layer.U,
        images=images,
        strip_rows=tiling.strip_height(rows),
        width=tiling.ifmap_width(columns),
        columns=rows,
        windows=columns,
        loads_filters=loads,
        reads_psums=reads,
        one_psum_bank=tiling.one_psum_bank,
    )
