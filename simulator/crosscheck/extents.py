"""How often tiles repeat a layer's data: in the fractions of the closed forms, and in whole tiles."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

from analytical import counts as c
from analytical.chip_mapping import ChipMapping
from analytical.closed_forms import passes, pe_column_height
from analytical.counts import Counts, Number, exact
from analytical.layer import Layer
from analytical.mapping import Mapping
from simulator.schedule import Span, Tiling, filter_blocks, pass_sets, spans


@dataclass(frozen=True, kw_only=True, slots=True)
class Extents:
    """What the tiles of a layer add up to along each axis.

    channel_passes  passes along the channels (Z)
    hops            PEs that hand a psum on, over these passes
    filter_passes   passes along the filters (F), those of all groups together
    ifmap_fetches   how often the same ifmap is fetched for other filters
    strips, blocks  passes along the rows (Y), and loads of filters for them
    strip_rows      ifmap rows of all strips
    fetched_rows    of them, those that cross the link: a strip's first rows may be in the GLB still
    columns         passes along the columns (X)
    ifmap_columns   ifmap columns of them all
    image_groups    loads of the same filters for other images of the batch (N)
    """

    channel_passes: Number
    hops: Number
    filter_passes: Number
    ifmap_fetches: Number
    strips: Number
    blocks: Number
    strip_rows: Number
    fetched_rows: Number
    columns: Number
    ifmap_columns: Number
    image_groups: Number

    def words(self, layer: Layer, batch: int) -> Counts:
        """What moves when all values do, uncoded: each product is data times repetitions."""
        filters = layer.F * layer.C * layer.R * layer.S * self.blocks * self.columns * self.image_groups
        rows_of_ifmap = layer.C * self.ifmap_columns * batch
        psums = layer.ofmap_size * batch
        return Counts(
            events={
                c.DRAM_FILTER_READ: filters,
                c.GLB_FILTER_READ: filters,
                c.DRAM_IFMAP_READ: rows_of_ifmap * self.fetched_rows * self.ifmap_fetches,
                c.GLB_IFMAP_READ: rows_of_ifmap * self.strip_rows * self.filter_passes,
                c.GLB_PSUM_WRITE: psums * self.channel_passes,
                c.GLB_PSUM_READ: psums * (self.channel_passes - 1),
                c.INTER_PE_PSUM: psums * self.hops,
            }
        )


T = TypeVar("T", Layer, Mapping)


def exactly(record: T) -> T:
    """A layer or mapping whose numbers are fractions, so that the closed forms of it are exact."""
    values = ((field.name, getattr(record, field.name)) for field in fields(record))
    fractions: dict[str, Any] = {name: exact(value) for name, value in values if type(value) in (int, float)}
    return replace(record, **fractions)


def fractional(layer: Layer, mapping: Mapping, image_groups: Number) -> Extents:
    """Extents of a mapping as the closed forms have them (eqs 13-18), exactly."""
    layer, mapping = exactly(layer), exactly(mapping)
    n = passes(layer, mapping)
    further_rows = (n.strips - 1) * (mapping.y_i - (layer.R - layer.U))
    return Extents(
        channel_passes=n.z,
        hops=n.z * (pe_column_height(layer, mapping) - 1),
        filter_passes=n.filters,
        ifmap_fetches=n.filters,
        strips=n.blocks * n.strips,
        blocks=n.blocks,
        strip_rows=n.blocks * n.strips * mapping.y_i,
        fetched_rows=n.blocks * (mapping.y_i + further_rows),
        columns=n.columns,
        ifmap_columns=n.columns * mapping.X_i,
        image_groups=image_groups,
    )


def fractional_chip(layer: Layer, mapping: ChipMapping, batch: int) -> Extents:
    """Extents of a chip's mapping as closed forms would have them: fractions of passes, each strip a block."""
    filters = layer.filters_per_group
    z = min(mapping.q * mapping.r, layer.C)
    channel_passes = Fraction(layer.C, z)
    strips = Fraction(layer.E, mapping.e)
    rows = strips * mapping.strip_rows(layer)
    return Extents(
        channel_passes=channel_passes,
        hops=channel_passes * (layer.R * -(-z // mapping.q) - 1),
        filter_passes=Fraction(layer.F, min(mapping.p * mapping.t, filters)),
        ifmap_fetches=Fraction(layer.F, min(mapping.m, filters)),
        strips=strips,
        blocks=strips,
        strip_rows=rows,
        fetched_rows=rows,
        columns=1,
        ifmap_columns=layer.W,
        image_groups=Fraction(batch, min(batch, mapping.n)),
    )


class Strip(NamedTuple):
    """Rows of ofmap and of ifmap of a pass; of these, rows that cross the link, and rows that enter the GLB."""

    block: int
    rows: Span
    ifmap: Span
    fetched: Span
    stored: int


def strips(tiling: Tiling) -> Iterator[Strip]:
    """The strips of an ofmap tile, block by block: each after a block's first leaves R - U rows to the next."""
    layer = tiling.layer
    for block, block_rows in enumerate(spans(layer.E, tiling.Y_o)):
        there = None
        for rows in spans(block_rows.size, tiling.y_o, block_rows.start):
            ifmap = Span(layer.U * rows.start, layer.U * rows.start + tiling.strip_height(rows.size))
            new = ifmap if there is None else Span(there, ifmap.stop)
            stored = ifmap.size if there is None else ifmap.size - max(0, layer.R - layer.U)
            yield Strip(block, rows, ifmap, new, stored)
            there = ifmap.stop


def columns(tiling: Tiling) -> list[tuple[Span, Span]]:
    """Columns of the ofmap, and those of the ifmap under them, tile by tile."""
    U = tiling.layer.U
    tiles = spans(tiling.layer.G, tiling.X_o)
    return [(t, Span(U * t.start, U * t.start + tiling.ifmap_width(t.size))) for t in tiles]


def whole(tiling: Tiling) -> Extents:
    """Extents of whole tiles, ragged ones among them."""
    layer = tiling.layer
    stacks = [layer.R * -(-tile.size // tiling.C_set) for tile in spans(layer.C, tiling.z)]
    along_y, along_x = list(strips(tiling)), columns(tiling)
    blocks = filter_blocks(tiling, group=0)
    return Extents(
        channel_passes=len(stacks),
        hops=sum(height - 1 for height in stacks),
        filter_passes=layer.groups * sum(map(len, blocks)),
        ifmap_fetches=layer.groups * ifmap_fetches(tiling),
        strips=len(along_y),
        blocks=len({strip.block for strip in along_y}),
        strip_rows=sum(strip.ifmap.size for strip in along_y),
        fetched_rows=sum(strip.fetched.size for strip in along_y),
        columns=len(along_x),
        ifmap_columns=sum(ifmap.size for _, ifmap in along_x),
        image_groups=len(spans(tiling.batch, tiling.N)),
    )


def ifmap_fetches(tiling: Tiling) -> int:
    """How often a group's ifmap is fetched: for each block of filters that a strip stays for, or each tile."""
    blocks = filter_blocks(tiling, group=0)
    return len(blocks) if tiling.strip_stays else sum(map(len, blocks))


def without_closed_form(tiling: Tiling) -> Counts:
    """Fills and drains, which the closed forms do not have: what enters and leaves the RFs and the GLB."""
    layer = tiling.layer
    extents = whole(tiling)
    moved = extents.words(layer, tiling.batch)
    along_y = list(strips(tiling))
    filters, psums = moved[c.GLB_FILTER_READ], layer.ofmap_size * tiling.batch
    # a pixel of a set's channels goes to R PEs in each column of each group of sets
    channel_tiles = Counter(tile.size for tile in spans(layer.C, tiling.z))
    filter_tiles = Counter(tile.size for block in filter_blocks(tiling, group=0) for tile in block)
    of_groups = sum(
        channels * len(pass_sets(tiling.C_set, channels, tiling.S_pass, filters)[1]) * there * times
        for channels, there in channel_tiles.items()
        for filters, times in filter_tiles.items()
    )
    first_rows = {strip.block: strip.rows.size for strip in reversed(along_y)}
    stored_rows = sum(strip.stored for strip in along_y)
    return Counts(
        events={
            c.GLB_IFMAP_FILL: layer.C * extents.ifmap_fetches * stored_rows * extents.ifmap_columns * tiling.batch,
            c.GLB_FILTER_FILL: filters,
            c.GLB_OFMAP_DRAIN: psums,
            c.RF_IFMAP_FILL: layer.groups * of_groups * layer.R * layer.E * extents.ifmap_columns * tiling.batch,
            # filters are loaded with a block's first strip, into the columns that it keeps at work
            c.RF_FILTER_FILL: filters // extents.blocks * sum(first_rows.values()),
            c.RF_PSUM_FILL: moved[c.GLB_PSUM_READ],
            c.RF_PSUM_DRAIN: psums * (extents.hops + extents.channel_passes),
        }
    )
