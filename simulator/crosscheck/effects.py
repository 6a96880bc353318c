"""The named effects: what each step from a closed form to the machine changes.

Effects on counts come from the schedule and the data alone. Those on latency are the machine's own: which class each
PE-cycle fell into, and what the array waited for; but for idle PEs, which are those that the schedule leaves idle.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical import counts as c
from analytical import run_lengths
from analytical.counts import Counts, Number, exact
from analytical.hardware import BOTH
from analytical.layer import Layer
from analytical.mappings.tiling import Tiling
from analytical.spans import spans
from analytical.traffic import Repetitions, filter_words, ifmap_fetches, repeated_by, words_of_pair
from analytical.zeros import bits_of_filters, with_a_cycle
from simulator.crosscheck import zeros
from simulator.machine.layer_run import LayerRun, Wait
from simulator.machine.pe_array import Stall
from traces.tensors import LayerTensors


class Effect(Enum):
    """Why machine and closed forms differ; ``docs/closed_forms.md`` explains each."""

    OTHER_MAPPING = "another mapping"
    FILTERS_HELD = "filters that the RFs hold"
    RAGGED_SETS = "ragged sets"
    RAGGED_Z = "ragged tiles Z"
    RAGGED_F = "ragged tiles F"
    RAGGED_Y = "ragged tiles Y"
    RAGGED_X = "ragged tiles X"
    OVERLAP = "strip overlap"
    FIT = "tiles that fit the GLB"
    IMAGE_BATCHES = "image batches"
    SHARE_OF_ZEROS = "share of zeros"
    PLACES_OF_ZEROS = "where the zeros are"
    ZEROS_CLUSTER = "zeros cluster in channels"
    SHARE_OF_FILTER_ZEROS = "share of filter zeros"
    ZEROS_MEET = "where zeros meet"
    EMPTY_WINDOWS = "windows without a nonzero value"
    WINDOWS_WITHOUT_MAC = "windows without an effectual MAC"
    RLC_OVERFLOW = "RLC run overflow"
    RLC_RESTARTS = "RLC tile restarts"
    RLC_PADDING = "RLC word padding"
    RAW_PADDING = "raw word padding"
    RAW_TILES = "tiles that go raw"
    NO_CLOSED_FORM = "events without a closed form"
    THROUGHPUT = "constant throughput"
    IDLE = "idle PEs"
    RAMP_UP = "ramp-up"
    FILTER_PORT = "filter port"
    IFMAP_PORT = "ifmap port"
    PSUM_PORTS = "psum ports and hops"
    PSUM_PASS = "psums of skipped columns"
    PASS_END = "end of pass"
    DRAM_DATA = "DRAM data"
    DRAM_ROOM = "DRAM room"
    DRAM_WRITE_BACK = "DRAM write-back"


def met_by(tiling: Tiling, tensors: LayerTensors) -> zeros.Met | None:
    """Where nonzero pixels meet nonzero filter values; None where the hardware does not look at the latter."""
    if not tiling.hardware.filter_zeros_spare:
        return None
    return zeros.meet(tiling, tensors.ifmap, tensors.filters)


def count_effects(
    tiling: Tiling, closed: Repetitions, tensors: LayerTensors, met: zeros.Met | None, untaken: Number = 0
) -> dict[Effect, Counts]:
    """What each effect adds to the counts of the closed forms, for the whole batch.

    Parameters
    ----------
    tiling : Tiling
        Whole tiles, as the machine has them.
    closed : Repetitions
        What the closed forms repeat, in exact fractions.
    tensors : LayerTensors
        The layer's values.
    met : Met or None
        What :func:`met_by` says of them.
    untaken : number
        Psums of the batch that PEs hand on in the closed forms, and of which these say themselves that no MAC takes
        them.

    Returns
    -------
    dict of Effect to Counts
        In b_w-bit words and MACs, exact.
    """
    effects = dict(_tiles(tiling, closed))
    # steps of the tiles have effects of their own; what data and code add may come from several sides
    effects[Effect.NO_CLOSED_FORM] = _without_closed_form(tiling)
    for part in (
        _zeros(tiling, tensors, met, untaken),
        _ifmap_code(tiling, tensors),
        _ofmap_code(tiling, tensors),
        _filter_code(tiling, tensors),
    ):
        for effect, counts in part.items():
            effects[effect] = effects.get(effect, Counts()) + counts
    return effects


def cycle_effects(
    run: LayerRun, tensors: LayerTensors, met: zeros.Met | None, analytical_cycles: Number
) -> dict[Effect, Number]:
    """What each effect adds to the latency of the closed forms, in cycles of the whole batch.

    They take every layer at one throughput. All PEs at work would take less; what MACs are not skipped as the shares of
    zeros say, what PE-cycles were not MACs, and what cycles went by before data were there, makes up the rest of the
    machine's.

    Parameters
    ----------
    run : LayerRun
        What the machine did.
    tensors : LayerTensors
        The values that it worked on.
    met : Met or None
        What :func:`met_by` says of them.
    analytical_cycles : number
        Core cycles of the batch by the closed forms.
    """
    pes, hardware = run.tiling.hardware.pes, run.tiling.hardware
    left = with_a_cycle(run.layer.macs * run.images, _exact(run.layer), hardware)
    # skipping is as good as zeros are where they help: the same steps from shares to data as those of the MACs
    by_both = met if hardware.skip == BOTH else None
    by_zeros = _macs_by_zeros(run.tiling, tensors, by_both) if hardware.skips else {}

    def cycles(*stalls: Stall) -> Fraction:
        return Fraction(sum(run.stalls[stall] - run.ramp_up[stall] for stall in stalls), pes)

    # each MAC that is not skipped takes one PE-cycle, and all PE-cycles of a pass have a class: with stalls before the
    # first MAC (ramp-up), those after it, idle PEs and waits, the sum is the total latency
    return {
        Effect.THROUGHPUT: left / Fraction(pes) - analytical_cycles,
        **{effect: macs / pes for effect, macs in by_zeros.items()},
        Effect.IDLE: Fraction(sum((pes - s.active_pes) * cycles for s, cycles in run.cycles_by_shape.items()), pes),
        Effect.RAMP_UP: Fraction(sum(run.ramp_up.values()), pes),
        Effect.FILTER_PORT: cycles(Stall.FILTER_LOAD),
        Effect.IFMAP_PORT: cycles(Stall.IFMAP_FILL),
        Effect.PSUM_PORTS: cycles(Stall.PSUM_IN, Stall.PSUM_OUT),
        Effect.PSUM_PASS: cycles(Stall.PSUM_PASS),
        Effect.PASS_END: cycles(Stall.PASS_END),
        Effect.DRAM_DATA: run.dram_waits[Wait.DATA],
        Effect.DRAM_ROOM: run.dram_waits[Wait.ROOM],
        Effect.DRAM_WRITE_BACK: run.dram_waits[Wait.WRITE_BACK],
    }


def _ladder(tiling: Tiling, closed: Repetitions) -> Iterator[tuple[Effect, Repetitions]]:
    """Repetitions after each step from the fractions of the closed forms to the whole tiles of the schedule.

    Each step keeps what those before it made whole; the order is that of the table in ``docs/closed_forms.md``.
    """
    layer = tiling.layer
    at = closed
    for name, at in tiling.mapping.exact_steps(tiling, closed):
        yield Effect(name), at
    end = tiling.mapping.whole_repetitions(tiling)
    at = replace(at, channel_passes=end.channel_passes, hops=end.hops)
    yield Effect.RAGGED_Z, at
    at = replace(at, filter_passes=end.filter_passes, ifmap_fetches=end.ifmap_fetches)
    yield Effect.RAGGED_F, at
    # each further strip streams R - U rows again, each further block fetches them, each further tile S - V columns
    rows, columns = layer.R - layer.U, layer.S - layer.V
    at = replace(
        at,
        strip_rows=at.strip_rows + (end.strips - at.strips) * rows,
        fetched_rows=at.fetched_rows + (end.row_blocks - at.row_blocks) * rows,
        ifmap_columns=at.ifmap_columns + (end.column_tiles - at.column_tiles) * columns,
    )
    yield Effect.OVERLAP, at
    at = replace(
        at, strips=end.strips, row_blocks=end.row_blocks, strip_rows=end.strip_rows, fetched_rows=end.fetched_rows
    )
    yield Effect.RAGGED_Y, at
    at = replace(at, column_tiles=end.column_tiles, ifmap_columns=end.ifmap_columns)
    yield Effect.RAGGED_X, at
    # what is left between the mapping's whole tiles and those that run is what made them fit the GLB
    run = repeated_by(tiling)
    yield Effect.FIT, replace(run, image_batches=at.image_batches)
    yield Effect.IMAGE_BATCHES, run


def _tiles(tiling: Tiling, closed: Repetitions) -> Iterator[tuple[Effect, Counts]]:
    """Effects of tiles; ifmaps coded as in the closed forms, all values alike."""
    before = _words(tiling, closed)
    for effect, repetitions in _ladder(tiling, closed):
        # differences of one step after the other: whatever the order, their sum is the way from first to last
        after = _words(tiling, repetitions)
        yield effect, after - before
        before = after


def _words(tiling: Tiling, repetitions: Repetitions) -> Counts:
    layer = tiling.layer
    words = repetitions.words(layer, tiling.batch)
    # what comes from the PE below is not read in the RF; reads for nonzero MACs depend on the data alone (_zeros)
    words[c.RF_PSUM_READ] = -words[c.INTER_PE_PSUM]
    words[c.DRAM_FILTER_READ] = filter_words(words[c.DRAM_FILTER_READ], _exact(layer), tiling.hardware)
    if not layer.first and not tiling.hardware.fmaps_move_raw:
        words[c.DRAM_IFMAP_READ] *= _coded(tiling, exact(layer.sparsity_ifmap))
    return Counts(events=words)


def _without_closed_form(tiling: Tiling) -> Counts:
    """Fills and drains, which the closed forms do not have: what enters and leaves the RFs and the GLB."""
    layer = tiling.layer
    repetitions = repeated_by(tiling)
    moved = repetitions.words(layer, tiling.batch)
    row_blocks = tiling.row_blocks()
    filters, psums = moved[c.GLB_FILTER_READ], layer.ofmap_size * tiling.batch
    # a pixel of a set's channels goes to R PEs in each column of each stack of sets
    channel_tiles = Counter(tile.size for tile in spans(layer.C, tiling.z))
    filter_tiles = Counter(tile.size for block in tiling.filter_blocks(group=0) for tile in block)
    pixels_to_stacks = sum(
        channels * len(tiling.sets_of(channels, filters_of_pass)[1]) * there * times
        for channels, there in channel_tiles.items()
        for filters_of_pass, times in filter_tiles.items()
    )
    stored_rows = sum(strip.stored_rows for row_block in row_blocks for strip in row_block)
    columns = repetitions.ifmap_columns
    return Counts(
        events={
            c.GLB_IFMAP_FILL: layer.C * repetitions.ifmap_fetches * stored_rows * columns * tiling.batch,
            c.GLB_FILTER_FILL: filters,
            c.GLB_OFMAP_DRAIN: psums,
            c.RF_IFMAP_FILL: layer.groups * pixels_to_stacks * layer.R * layer.E * columns * tiling.batch,
            # filters are loaded with a block's first strip, into the PE columns that it keeps at work
            c.RF_FILTER_FILL: filters // len(row_blocks) * sum(row_block[0].rows.size for row_block in row_blocks),
            c.RF_PSUM_FILL: moved[c.GLB_PSUM_READ],
            # each PE of a stack hands its psums on: all but the top one to the PE above, that one to the GLB
            c.RF_PSUM_DRAIN: psums * (repetitions.hops + repetitions.channel_passes),
        }
    )


def _coded(tiling: Tiling, sparsity: Fraction) -> Fraction:
    """Words a value in a code without waste (eq 25), or raw where that is shorter and the hardware may choose."""
    coded = (1 - sparsity) * tiling.hardware.rlc_words_per_value
    return min(coded, Fraction(1)) if tiling.hardware.tiles_move_raw_where_shorter else coded


def _zeros(tiling: Tiling, tensors: LayerTensors, met: zeros.Met | None, untaken: Number) -> dict[Effect, Counts]:
    """MACs and psum reads that are spared: as many as the table's share of zeros, as the data's, where these are."""
    effect, without = (
        (Effect.EMPTY_WINDOWS, zeros.empty_windows(tiling, tensors.ifmap))
        if met is None
        else (Effect.WINDOWS_WITHOUT_MAC, met.without)
    )
    return {
        **{effect: _nonzero(macs) for effect, macs in _macs_by_zeros(tiling, tensors, met).items()},
        # but for those that the closed forms have left out
        effect: Counts(events={c.RF_PSUM_READ: without - untaken}),
    }


def _macs_by_zeros(tiling: Tiling, tensors: LayerTensors, met: zeros.Met | None) -> dict[Effect, Fraction]:
    """What zeros of the ifmap, or of filters, too, add to the MACs that the table's shares leave."""
    layer, ifmap = tiling.layer, tensors.ifmap
    macs = layer.macs * tiling.batch
    # first as many zeros as there are, still spread evenly; then in their places
    nonzero_share, of_table = _nonzero_share(ifmap), 1 - exact(layer.sparsity_ifmap)
    by_share = macs * nonzero_share
    if met is None:
        return {
            Effect.SHARE_OF_ZEROS: by_share - macs * of_table,
            Effect.PLACES_OF_ZEROS: zeros.nonzero_macs(layer, ifmap) - by_share,
        }
    kept, kept_of_table = _nonzero_share(tensors.filters), 1 - exact(layer.sparsity_filters)
    return {
        Effect.SHARE_OF_ZEROS: (by_share - macs * of_table) * kept_of_table,
        Effect.SHARE_OF_FILTER_ZEROS: by_share * (kept - kept_of_table),
        Effect.ZEROS_MEET: met.macs - by_share * kept,
    }


def _exact(layer: Layer) -> Layer:
    """A layer whose shares of zeros are fractions."""
    shares: dict[str, Any] = {name: exact(getattr(layer, name)) for name in ("sparsity_ifmap", "sparsity_filters")}
    return replace(layer, **shares)


def _nonzero(macs: Fraction) -> Counts:
    """What so many nonzero MACs add."""
    return Counts(nonzero_macs=macs, events=dict.fromkeys((c.RF_FILTER_READ, c.RF_PSUM_READ, c.RF_PSUM_WRITE), macs))


def _nonzero_share(values: NDArray[np.integer]) -> Fraction:
    return Fraction(int(np.count_nonzero(values)), values.size)


def _ifmap_code(tiling: Tiling, tensors: LayerTensors) -> dict[Effect, Counts]:
    """The ifmap's way from values to 64-bit words; raw in the network's first layer."""
    layer, hardware = tiling.layer, tiling.hardware
    fetches = ifmap_fetches(tiling)
    tiles = zeros.ifmap_tiles(tiling, tensors.ifmap)
    if layer.first or hardware.fmaps_move_raw:
        padding = _raw_padding(tiling, tiles) * fetches
        return {Effect.RAW_PADDING: Counts(events={c.DRAM_IFMAP_READ: padding})}
    coded = run_lengths.code(tiles, hardware.rlc_run_bits, hardware.b_w)
    clustered = _clustered(tiling, coded, tensors, tensors.ifmap)
    steps = _code_steps(tiling, coded, exact(layer.sparsity_ifmap), _nonzero_share(tensors.ifmap), clustered)
    return {effect: Counts(events={c.DRAM_IFMAP_READ: words * fetches}) for effect, words in steps.items()}


def _ofmap_code(tiling: Tiling, tensors: LayerTensors) -> dict[Effect, Counts]:
    """The ofmap's way from values to 64-bit words."""
    # values leave once, whatever the tiles; they are those that must come out, not those that the machine made
    hardware = tiling.hardware
    tiles = zeros.ofmap_tiles(tiling, tensors.ofmap)
    if hardware.fmaps_move_raw:
        return {Effect.RAW_PADDING: Counts(events={c.DRAM_OFMAP_WRITE: _raw_padding(tiling, tiles)})}
    coded = run_lengths.code(tiles, hardware.rlc_run_bits, hardware.b_w)
    clustered = _clustered(tiling, coded, tensors, tensors.ofmap)
    share = _nonzero_share(tensors.ofmap)
    steps = _code_steps(tiling, coded, exact(tiling.layer.sparsity_ofmap), share, clustered)
    return {effect: Counts(events={c.DRAM_OFMAP_WRITE: words}) for effect, words in steps.items()}


def _raw_padding(tiling: Tiling, tiles: Iterable[NDArray[np.integer]]) -> int:
    """Words that fill up the last of each tile's."""
    return sum(_whole_words(tiling, tile.size) - tile.size for tile in tiles)


def _clustered(
    tiling: Tiling, coded: run_lengths.Coded, tensors: LayerTensors, values: NDArray[np.integer]
) -> Fraction | None:
    """Runs too long for a pair that are there because channels differ in their shares of zeros; none where values are
    synthetic, whose channels do not."""
    if tensors.written is None:
        return None
    longest = 1 << tiling.hardware.rlc_run_bits
    channels = np.count_nonzero(values == 0, axis=(0, 2, 3)) / (values.shape[0] * values.shape[2] * values.shape[3])
    apart = float(np.mean([run_lengths.expected_overflows(float(share), longest) for share in channels]))
    together = run_lengths.expected_overflows(float(np.mean(channels)), longest)
    # an expectation, which need not be exact: what it leaves stays with the runs
    return Fraction(coded.values * (apart - together)).limit_denominator(10**6)


def _code_steps(
    tiling: Tiling, coded: run_lengths.Coded, sparsity: Fraction, share: Fraction, clustered: Fraction | None
) -> dict[Effect, Fraction]:
    """b_w-bit words that each effect adds to a code without waste of values with the table's share of zeros."""
    # telescopes, too: what the code takes, less what one without waste would take of values with the table's zeros
    value = tiling.hardware.rlc_words_per_value
    word = Fraction(tiling.hardware.link_bits, tiling.hardware.b_w)
    # the closed forms choose for all values at once, the machine tile by tile
    raw_tiles = coded.values * ((1 - sparsity) * value - _coded(tiling, sparsity)) - coded.longer * word
    return {
        Effect.SHARE_OF_ZEROS: coded.values * (share - (1 - sparsity)) * value,
        Effect.PLACES_OF_ZEROS: (coded.nonzeros - coded.values * share) * value,
        **({} if clustered is None else {Effect.ZEROS_CLUSTER: clustered * value}),
        Effect.RLC_OVERFLOW: (coded.overflows - (clustered or 0)) * value,
        Effect.RLC_RESTARTS: coded.restarts * value,
        Effect.RLC_PADDING: coded.words * word - coded.pairs * value,
        **({Effect.RAW_TILES: raw_tiles} if tiling.hardware.tiles_move_raw_where_shorter else {}),
    }


def _filter_code(tiling: Tiling, tensors: LayerTensors) -> dict[Effect, Counts]:
    """The filters' way from values to 64-bit words: raw, in the bits of a value, or coded tile by tile."""
    layer, hardware, repetitions = tiling.layer, tiling.hardware, repeated_by(tiling)
    bits = bits_of_filters(layer, hardware)
    loads = repetitions.row_blocks * repetitions.column_tiles * repetitions.image_batches
    if hardware.filters_move_raw:
        steps: dict[Effect, Number] = {Effect.RAW_PADDING: _padding_of_filters(tiling, bits)}
    else:
        coded = run_lengths.code(zeros.filter_tiles(tiling, tensors.filters), hardware.rlc_run_bits, bits)
        value, word = words_of_pair(bits, hardware), Fraction(hardware.link_bits, hardware.b_w)
        kept = 1 - exact(layer.sparsity_filters)
        steps = {
            Effect.SHARE_OF_FILTER_ZEROS: (coded.nonzeros - coded.values * kept) * value,
            Effect.RLC_OVERFLOW: coded.overflows * value,
            Effect.RLC_RESTARTS: coded.restarts * value,
            Effect.RLC_PADDING: coded.words * word - coded.pairs * value,
            # the closed forms choose for all values at once, the machine tile by tile
            Effect.RAW_TILES: coded.values * kept * value
            - filter_words(Fraction(coded.values), _exact(layer), hardware)
            - coded.longer * word,
        }
    return {effect: Counts(events={c.DRAM_FILTER_READ: words * loads}) for effect, words in steps.items()}


def _padding_of_filters(tiling: Tiling, bits: int) -> Number:
    """b_w-bit words that fill up the last of each tile's, raw."""
    layer, hardware = tiling.layer, tiling.hardware
    # tiles of as many groups are alike
    alike = Counter(groups.size for groups in tiling.groups_together())
    padding = sum(
        times * (-(-size * bits // hardware.link_bits) * hardware.link_bits - size * bits)
        for groups, times in alike.items()
        for filters in chain.from_iterable(tiling.filter_blocks(group=0))
        for channels in spans(layer.C, tiling.z)
        for size in [groups * filters.size * channels.size * layer.R * layer.S]
    )
    return Fraction(padding, hardware.b_w)


def _whole_words(tiling: Tiling, values: int) -> int:
    """b_w-bit words that values take on the link, which moves 64 bits at a time."""
    at_a_time = tiling.hardware.link_bits // tiling.hardware.b_w
    return -(-values // at_a_time) * at_a_time
