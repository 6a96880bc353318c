"""The search: of all ways to lay a layer on an array as the Eyeriss chip does, the one that costs least energy."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytical import counts as c
from analytical.checks import is_whole
from analytical.counts import Event, Level
from analytical.energy import Accounting, joules_of_word
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.advice import least_needs, way_out
from analytical.mappings.eyeriss import EyerissMapping, banks_of_glb, columns_under, stacks_of_array
from analytical.mappings.tiling import MappingError
from analytical.spans import spans
from analytical.traffic import Repetitions, filter_words, fmap_words
from analytical.zeros import bits_of_filters, carried_out, psum_taken, with_a_cycle

Numbers = NDArray[Any]
"""Whole numbers or floats, one for each mapping."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """What the search chose.

    Attributes
    ----------
    mapping : EyerissMapping
        The mapping of least energy.
    energy_J : float
        Joules of an image that it was chosen for.
    weighed : int
        Mappings whose energy was computed.
    """

    mapping: EyerissMapping
    energy_J: float
    weighed: int


def find_mapping(layer: Layer, hardware: Hardware, batch: int) -> SearchResult:
    """The mapping of least energy for ``batch`` images of ``layer``, of all that fit ``hardware``.

    Tiles are as wide as the ofmap; where none of these fits, as wide as the fewest tiles that fit.

    The objective is the energy of the batch, as the chip's authors choose theirs (JSSC 2017): words that move at each
    level of memory, times their price. What CNNergy charges is charged, with the clock and other control for as long
    as the batch takes: the busiest of PEs and ports, ramp-ups, and the DRAM link. Tiles are whole. Of mappings that
    cost the same, the first weighed is taken.

    The result is that of a full search, though not all are weighed: those are left out that cannot be better than
    another (an e or n that is larger without making fewer strips or groups of images; an m that is neither all that
    fit, nor the largest multiple of t or of p*t), or than the best so far (e, n, q and r whose energy with the best
    imaginable m, p and t is no less).

    Parameters
    ----------
    layer : Layer
        Its name and its own batch do not matter.
    hardware : Hardware
    batch : int
        Images of the run, at least 1.

    Raises
    ------
    MappingError
        No mapping fits.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.networks import load_network
    >>> find_mapping(load_network("alexnet").layer("C5"), EYERISS_16BIT, batch=4).mapping
    EyerissMapping(m=64, n=4, e=13, p=16, q=3, r=2, t=2)
    """
    require_whole_batch(layer, batch)
    bits_of_filters(layer, hardware)  # refuses more than the hardware's words have
    # layers that differ only in what the search does not read share a result that is remembered
    alike = replace(layer, name="any", batch=1)
    # column tiles only where the whole width does not fit: each further tile loads the filters once more
    found = next((found for g in _fewest(layer.G, layer.G) if (found := _find(alike, hardware, batch, g))), None)
    if found is None:
        raise MappingError(f"layer {layer.name} cannot be mapped as on the chip: {why_not(layer, hardware)}")
    return found


def require_whole_batch(layer: Layer, batch: int) -> None:
    """Raise :class:`MappingError` unless the batch is a number of images."""
    if not (is_whole(batch) and batch >= 1):
        raise MappingError(f"layer {layer.name}: batch is {batch!r}; expected a whole number of images, at least 1")


def why_not(layer: Layer, hardware: Hardware) -> str:
    """The limit that even the smallest mapping exceeds, and a way out."""
    exceeded = least_needs(layer, hardware)
    if not exceeded:
        least = EyerissMapping(m=1, n=1, e=1, p=1, q=1, r=1, t=1, g=1)
        words = least.strip_words(layer) + least.psum_words(layer)
        exceeded = (
            f"the {words} words of one channel and one filter's psums, for a single window, do not fit the banks of "
            f"the GLB of {hardware.glb_kib} KiB"
        )
    return exceeded + way_out(layer, hardware, lambda any_layer, chip: can_be_mapped(any_layer, chip))


def can_be_mapped(layer: Layer, hardware: Hardware) -> bool:
    """Whether any mapping of the chip's kind fits, for one image."""
    return any(_find(layer, hardware, 1, g) is not None for g in _fewest(layer.G, layer.G))


@lru_cache(maxsize=1024)
def _find(layer: Layer, hardware: Hardware, batch: int, g: int) -> SearchResult | None:
    best: EyerissMapping | None = None
    least, weighed = np.inf, 0
    for outer, bound in _outer_choices(layer, hardware, batch, g):
        # the bounds rise: no later choice can be better either
        if bound >= least:
            break
        candidates = _candidates(layer, outer)
        weighed += candidates.p.size
        joules = weigh(layer, hardware, batch, candidates, g).joules
        at = int(joules.argmin())
        # strictly less, so that of equals the first weighed stays, whatever comes after
        if joules[at] < least:
            least = float(joules[at])
            best = candidates.mapping(at, None if g == layer.G else g)
    return SearchResult(mapping=best, energy_J=least / batch, weighed=weighed) if best else None


class Candidates(NamedTuple):
    """Mappings, one in each place of seven arrays."""

    m: NDArray[np.int64]
    n: NDArray[np.int64]
    e: NDArray[np.int64]
    p: NDArray[np.int64]
    q: NDArray[np.int64]
    r: NDArray[np.int64]
    t: NDArray[np.int64]

    def mapping(self, at: int, g: int | None = None) -> EyerissMapping:
        """The mapping in a place; ``g`` columns a tile."""
        return EyerissMapping(**{symbol: int(values[at]) for symbol, values in self._asdict().items()}, g=g)


class Cost(NamedTuple):
    """What a batch costs on each of some mappings: words by event, cycles, joules.

    Attributes
    ----------
    words : dict of Event to array
        b_w-bit words of the batch, one number for each mapping.
    raw_words : dict of Event to array
        The same, feature maps not coded.
    cycles : array
        Cycles of the core clock that the batch takes, as estimated from the busiest of PEs, ports and link.
    work : array
        Of these, cycles of the busiest of PEs and ports: DRAM fully overlapped.
    joules : array
        Energy of the batch, by what CNNergy charges, with clock and other control over these cycles.
    """

    words: dict[Event, Numbers]
    raw_words: dict[Event, Numbers]
    cycles: Numbers
    work: Numbers
    joules: NDArray[np.float64]


def weigh(layer: Layer, hardware: Hardware, batch: int, candidates: Candidates, g: int | None = None) -> Cost:
    """Words, cycles and joules of ``batch`` images, for each of the mappings in ``candidates``, which all fit.

    Parameters
    ----------
    layer : Layer
    hardware : Hardware
    batch : int
        Images of the run.
    candidates : Candidates
        Seven arrays of the same length; that they fit is not checked.
    g : int, optional
        Ofmap columns of a tile, of them all; default: the whole width.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.networks import load_network
    >>> c5 = load_network("alexnet").layer("C5")
    >>> two = Candidates(*np.array([(64, 4, 13, 16, 3, 2, 2), (32, 4, 13, 16, 3, 2, 2)]).T)  # m = 64, m = 32
    >>> weigh(c5, EYERISS_16BIT, 4, two).words[c.DRAM_IFMAP_READ].round().tolist()
    [206438.0, 412877.0]
    """
    m, n, e, p, q, r, t = candidates
    F = layer.filters_per_group
    m = np.minimum(m, F)
    f = np.minimum(p * t, F)
    # all blocks of m filters are alike but the last one, which may have fewer: 0 where m divides them
    last_block = F % m
    return _cost(
        layer,
        hardware,
        batch,
        _Tiles(
            g=g or layer.G,
            e=e,
            n=n,
            q=q,
            z=np.minimum(q * r, layer.C),
            p_at_ports=p,
            p_of_ramp=p,
            f=f,
            filter_blocks=_ceil(F, m),
            filter_tiles=F // m * _ceil(m, f) + _ceil(last_block, f),
            filters_of_pe=F // m * _filters_of_pe(m, f, t) + _filters_of_pe(last_block, f, t),
        ),
    )


def _filters_of_pe(filters: Numbers, f: Numbers, t: Numbers) -> Numbers:
    """Filters of the busiest stack, over tiles of ``f`` shared by ``t`` stacks.

    >>> int(_filters_of_pe(np.array(40), np.array(32), np.array(2)))
    20
    """
    return filters // f * _ceil(f, t) + _ceil(filters % f, t)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tiles:
    """What the cost depends on: g, e, n, q and z = q*r; p, where more is better and where less is; f = p*t; and of all
    filters of a group, blocks and tiles, and how many of them the busiest PE sees."""

    g: int
    e: Numbers
    n: Numbers
    q: Numbers
    z: Numbers
    p_at_ports: Numbers
    p_of_ramp: Numbers
    f: Numbers | int
    filter_blocks: Numbers
    filter_tiles: Numbers
    filters_of_pe: Numbers


def _cost(layer: Layer, hardware: Hardware, batch: int, tiles: _Tiles) -> Cost:
    raw_words = _raw_words(layer, batch, tiles)
    words = raw_words | _coded_words(layer, hardware, batch, tiles, raw_words)
    work = _work(layer, hardware, batch, tiles, words)
    cycles = _cycles(layer, hardware, tiles, words, work)
    word_J = joules_of_word(hardware)
    nonzero = carried_out(layer.macs * batch, layer, hardware)
    dram = sum(words[event] * word_J[event] for event in words if event.level is Level.DRAM)
    on_chip = hardware.prices.mac * nonzero + sum(
        words[event] * word_J[event]
        for event in words
        if event.level is not Level.DRAM and Accounting.CNNERGY.charges(event)
    )
    clock = hardware.clock_W * cycles / hardware.core_hz
    # other control is its share of all but DRAM, as in analytical.energy.price, which takes one mapping at a time
    joules = dram + (on_chip + clock) / (1 - hardware.other_control)
    return Cost(words, raw_words, cycles, work, np.asarray(joules, np.float64))


def _raw_words(layer: Layer, batch: int, tiles: _Tiles) -> dict[Event, Numbers]:
    """Words that move, feature maps as they are: data times repetitions."""
    strips = _ceil(layer.E, tiles.e)
    # each strip needs R rows for its first ofmap row and U for each further one; nothing stays for the next strip
    between = layer.U * (layer.E - strips) + layer.R * strips
    rows = np.where(strips == 1, layer.H, between)
    passes = _ceil(layer.C, tiles.z)
    stack = layer.R * _ceil(tiles.z, tiles.q)
    # a ragged last pass along the channels stacks fewer sets; where z divides the channels there is none
    last = layer.C % tiles.z
    hops = layer.C // tiles.z * (stack - 1) + np.where(last, layer.R * _ceil(last, tiles.q) - 1, 0)
    columns = spans(layer.G, tiles.g)
    return Repetitions(
        channel_passes=passes,
        hops=hops,
        filter_passes=layer.groups * tiles.filter_tiles,
        ifmap_fetches=layer.groups * tiles.filter_blocks,
        strips=strips,
        row_blocks=strips,
        strip_rows=rows,
        fetched_rows=rows,
        column_tiles=len(columns),
        ifmap_columns=sum(columns_under(layer, tile.size) for tile in columns),
        image_batches=_ceil(batch, tiles.n),
    ).words(layer, batch)


def _coded_words(
    layer: Layer, hardware: Hardware, batch: int, tiles: _Tiles, words: dict[Event, Numbers]
) -> dict[Event, Numbers]:
    """What differs once feature maps and filters are coded, without waste (eq 25); and what the RFs do for MACs."""
    coded = 1.0 if layer.first else fmap_words(1, layer.sparsity_ifmap, hardware)
    nonzero = carried_out(layer.macs * batch, layer, hardware)
    taken = psum_taken(words[c.INTER_PE_PSUM], np.minimum(tiles.q, layer.C), layer, hardware)
    # what does not depend on the mapping takes the shape of what does
    alike = np.zeros_like(words[c.DRAM_IFMAP_READ])
    return {
        c.DRAM_IFMAP_READ: words[c.DRAM_IFMAP_READ] * float(coded),
        c.DRAM_FILTER_READ: words[c.DRAM_FILTER_READ] * float(filter_words(1, layer, hardware)),
        c.DRAM_OFMAP_WRITE: layer.ofmap_size * batch * float(fmap_words(1, layer.sparsity_ofmap, hardware)) + alike,
        c.RF_IFMAP_READ: layer.macs * batch + alike,
        c.RF_FILTER_READ: nonzero + alike,
        c.RF_PSUM_READ: nonzero - taken,
        c.RF_PSUM_WRITE: nonzero + alike,
    }


def _work(layer: Layer, hardware: Hardware, batch: int, tiles: _Tiles, words: dict[Event, Numbers]) -> Numbers:
    """Cycles that the busiest of PEs and ports takes.

    At each pass, psums have to climb their stack before its top PE can start.
    """
    strips, passes = _ceil(layer.E, tiles.e), _ceil(layer.C, tiles.z)
    column_tiles = -(-layer.G // tiles.g)
    loads = layer.groups * _ceil(batch, tiles.n) * strips * column_tiles * passes * tiles.filter_tiles
    # a PE waits until the one below has all but the first column of its first window, for its p filters, and a pipeline
    hop = (layer.S - 1) * tiles.p_of_ramp * tiles.q + tiles.q - 1 + hardware.pe_stages
    # the busiest PE: in the first set of the stack, which a ragged pass fills first
    channels_of_pe = layer.C // tiles.z * np.minimum(tiles.q, tiles.z) + np.minimum(tiles.q, layer.C % tiles.z)
    of_pe = layer.groups * tiles.filters_of_pe * channels_of_pe * layer.S * layer.G * strips * batch
    # as many cycles as MACs that are not skipped, at best
    if hardware.skips:
        of_pe = of_pe * float(with_a_cycle(1, layer, hardware))
    work: Numbers = np.maximum.reduce(
        [
            of_pe + loads * (layer.R * _ceil(tiles.z, tiles.q) - 1) * hop,
            # a port moves up to its width a cycle, but at most the q channels of a pixel, or the p psums of a PE
            words[c.GLB_IFMAP_READ] / np.minimum(tiles.q, hardware.gin_ifmap_bits // hardware.b_w),
            words[c.GLB_FILTER_READ] / (hardware.gin_filter_bits // hardware.b_w),
            words[c.GLB_PSUM_READ] / np.minimum(tiles.p_at_ports, hardware.gin_psum_bits // hardware.b_w),
            words[c.GLB_PSUM_WRITE] / np.minimum(tiles.p_at_ports, hardware.gon_bits // hardware.b_w),
        ]
    )
    return work


def _cycles(layer: Layer, hardware: Hardware, tiles: _Tiles, words: dict[Event, Numbers], work: Numbers) -> Numbers:
    """Cycles of work, and of the link beside it.

    Filters that exceed their buffer are not fetched while PEs work, and feature maps only if the hardware overlaps
    them.
    """
    # core cycles that the link takes for a word
    word = hardware.b_w / hardware.link_bits * hardware.core_hz / hardware.link_hz
    filters = words[c.DRAM_FILTER_READ] * word
    fmaps = (words[c.DRAM_IFMAP_READ] + words[c.DRAM_OFMAP_WRITE]) * word
    prefetched = tiles.f * tiles.z * layer.R * layer.S <= hardware.filter_buffer_words
    if hardware.overlap_fmaps:
        return np.where(prefetched, np.maximum(work, filters + fmaps), np.maximum(work, fmaps) + filters)
    return np.where(prefetched, np.maximum(work, filters), work + filters) + fmaps


class Outer(NamedTuple):
    """A choice of n, e, q and r, and what it leaves: most m and p, most t."""

    n: int
    e: int
    q: int
    r: int
    m_most: int
    p_most: int
    stacks: int


def _outer_choices(layer: Layer, hardware: Hardware, batch: int, g: int) -> Iterator[tuple[Outer, float]]:
    """Every choice of n, e, q and r with which something fits, and the joules below which no m, p and t brings it; the
    most promising first."""
    choices = [
        outer
        for e in _fewest(layer.E, layer.E)
        for q in range(1, min(layer.C, hardware.I_s // layer.S, hardware.f_s // layer.S) + 1)
        for r in range(1, min(hardware.J // layer.R, -(-layer.C // q)) + 1)
        for n in _fewest(batch, _most_images(layer, hardware, e, q, r, g))
        if (outer := room(layer, hardware, n, e, q, r, g)) is not None
    ]
    if not choices:
        return
    # a lower bound: each term has the best that any m, p and t could bring, even if no single choice brings it all
    n, e, q, r, m_most, p_most, stacks = np.array(choices, np.int64).T
    F = layer.filters_per_group
    tiles = _Tiles(
        g=g,
        e=e,
        n=n,
        q=q,
        z=np.minimum(q * r, layer.C),
        p_at_ports=p_most,
        p_of_ramp=np.ones_like(p_most),
        f=1,
        filter_blocks=_ceil(F, m_most),
        filter_tiles=_ceil(F, np.minimum(p_most * stacks, m_most)),
        filters_of_pe=_ceil(F, stacks),
    )
    bounds = _cost(layer, hardware, batch, tiles).joules
    # stable, so that equals keep their order, on which the choice among mappings of the same cost depends
    for at in bounds.argsort(kind="stable"):
        yield choices[at], float(bounds[at])


def _fewest(size: int, most: int) -> Iterator[int]:
    """The smallest tile for each number of tiles that ``size`` can be cut into, the largest first; none above ``most``.

    >>> list(_fewest(13, 13)), list(_fewest(13, 6))
    ([13, 7, 5, 4, 3, 2, 1], [5, 4, 3, 2, 1])
    """
    # on to the next number of tiles that a smaller tile gives: those between would give the same tile again
    parts = -(-size // max(1, min(most, size)))
    while parts <= size and most:
        tile = -(-size // parts)
        yield tile
        parts = -(-size // (tile - 1)) if tile > 1 else size + 1


def _most_images(layer: Layer, hardware: Hardware, e: int, q: int, r: int, g: int) -> int:
    """Images whose strips, and psums of a single filter, the GLB holds."""
    one = EyerissMapping(m=1, n=1, e=e, p=1, q=q, r=r, t=1, g=g)
    return hardware.glb_words // (one.strip_words(layer) + one.psum_words(layer))


def room(layer: Layer, hardware: Hardware, n: int, e: int, q: int, r: int, g: int) -> Outer | None:
    """What n, e, q and r leave for m, p and t, if anything."""
    F = layer.filters_per_group
    one = EyerissMapping(m=1, n=n, e=e, p=1, q=q, r=r, t=1, g=g)
    bank = hardware.glb_bank_words
    strip = one.strip_words(layer)
    # the strip takes whole banks, and psums what is left: banks, and words where the last bank is not a full one
    banks = banks_of_glb(hardware) - -(-strip // bank)
    m_most = min(F, min(banks * bank, hardware.glb_words - strip) // one.psum_words(layer))
    p_most = min(F, hardware.P_s, hardware.f_s // (q * layer.S))
    stacks = stacks_of_array(layer.R, e, r, hardware)
    if min(m_most, p_most, stacks) < 1:
        return None
    return Outer(n, e, q, r, m_most, p_most, stacks)


def _candidates(layer: Layer, outer: Outer) -> Candidates:
    """All p and t with this choice of n, e, q and r; with each, the m that are worth weighing."""
    F = layer.filters_per_group
    p, t = (grid.ravel() for grid in np.mgrid[1 : outer.p_most + 1, 1 : min(outer.stacks, F) + 1])
    # each stack has filters of its own, and the psums of a pass fit the GLB
    there = (t <= _ceil(F, p)) & (np.minimum(p * t, F) <= outer.m_most)
    p, t = p[there], t[there]
    f = np.minimum(p * t, F)
    # all that fit make fewest blocks; multiples of t share filters evenly, those of f make fewest tiles, too
    m = np.concatenate([np.full_like(f, outer.m_most), np.maximum(f, outer.m_most // t * t), outer.m_most // f * f])
    n, e, q, r = (np.full_like(m, value) for value in (outer.n, outer.e, outer.q, outer.r))
    return Candidates(m, n, e, np.tile(p, 3), q, r, np.tile(t, 3))


def _ceil(size: Numbers | int, tile: Numbers | int) -> Numbers:
    """How many tiles ``size`` makes, in each place."""
    parts: Numbers = -(-np.asarray(size) // np.asarray(tile))
    return parts
