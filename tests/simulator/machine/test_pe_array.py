"""Passes of any shape: right psums, and every PE-cycle in one class."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical import counts as c
from analytical.hardware import GATES, SKIPS, Hardware
from simulator.machine import kernels
from simulator.machine.pe_array import PassShape, PEArray, Stall
from tests.passes import passes, stepped
from traces.convolution import convolve_plainly


@settings(max_examples=300)
@given(passes(), st.integers(0, 2**32), st.sampled_from([0.0, 0.6, 1.0]))
def test_a_pass_gives_the_convolution_and_counts_every_pe_cycle_once(
    case: tuple[PassShape, Hardware], seed: int, sparsity: float
) -> None:
    shape, hardware = case
    rng = np.random.default_rng(seed)
    ifmap = rng.integers(-(2**15), 2**15, (shape.images, shape.channels, shape.strip_rows, shape.width))
    ifmap[rng.random(ifmap.shape) < sparsity] = 0
    filters = rng.integers(1, 2**15, (shape.filters, shape.filter_channels, shape.R, shape.S))
    before = rng.integers(-(2**40), 2**40, (shape.images, shape.filters, shape.pe_columns, shape.windows))
    psums = before.copy()
    result = PEArray(hardware).run(shape, ifmap, filters, psums)

    expected = convolve_plainly(
        ifmap, filters, stride=(shape.U, shape.V), groups=shape.groups, E=shape.pe_columns, G=shape.windows
    )
    assert np.array_equal(psums, expected + before if shape.reads_psums else expected)
    classes = result.macs + sum(result.stalls.values()) + result.idle
    assert classes == hardware.pes * result.cycles
    assert result.macs == shape.macs == result.counts.macs
    assert result.nonzero_macs == result.counts.nonzero_macs


@given(passes())
def test_what_moves_is_what_the_shape_says(case: tuple[PassShape, Hardware]) -> None:
    shape, hardware = case
    counts = stepped(shape, hardware).counts
    psums = shape.images * shape.filters * shape.pe_columns * shape.windows
    height = len(shape.set_channels) * shape.R
    filters = shape.filters * shape.filter_channels * shape.R * shape.S if shape.loads_filters else 0
    assert counts[c.GLB_IFMAP_READ] == shape.images * shape.channels * shape.strip_rows * shape.width
    assert counts[c.GLB_FILTER_READ] == filters
    assert counts[c.RF_FILTER_FILL] == filters * shape.pe_columns
    assert counts[c.GLB_PSUM_WRITE] == psums
    assert counts[c.GLB_PSUM_READ] == counts[c.RF_PSUM_FILL] == (psums if shape.reads_psums else 0)
    assert counts[c.INTER_PE_PSUM] == (height - 1) * psums
    assert counts[c.RF_PSUM_DRAIN] == height * psums
    rows = shape.images * shape.width * shape.R * shape.pe_columns * shape.filter_channels * len(shape.stack_filters)
    assert counts[c.RF_IFMAP_FILL] == rows


@given(passes())
def test_milestones_stand_in_their_order(case: tuple[PassShape, Hardware]) -> None:
    shape, hardware = case
    result = stepped(shape, hardware)
    assert (result.first_out_at < result.last_out_at).all()
    assert result.last_out_at.max() <= result.cycles
    read_at = result.ifmap_read_at.reshape(-1)
    assert (np.diff(read_at) > 0).all()
    assert 0 < read_at[0] <= read_at[-1] <= result.cycles
    assert (result.filters_loaded_at > 0) == shape.loads_filters
    fastest = -(-shape.macs // (shape.active_pes))
    assert result.cycles >= fastest


@settings(max_examples=100)
@given(passes(), st.integers(0, 2**32), st.sampled_from(GATES), st.sampled_from(SKIPS))
def test_a_watched_pass_is_the_pass_and_shows_each_mac_in_its_turn(
    case: tuple[PassShape, Hardware], seed: int, gate: str, skip: str
) -> None:
    shape, hardware = case[0], replace(case[1], gate=gate, skip=skip)
    rng = np.random.default_rng(seed)
    ifmap = rng.integers(0, 2, (shape.images, shape.channels, shape.strip_rows, shape.width))
    filters = rng.integers(0, 3, (shape.filters, shape.filter_channels, shape.R, shape.S))
    psums = np.zeros((shape.images, shape.filters, shape.pe_columns, shape.windows), np.int64)
    array, watched_psums = PEArray(hardware), psums.copy()
    run = array.run(shape, ifmap, filters, psums)
    watched, states = array.watch(shape, ifmap, filters, watched_psums)

    assert np.array_equal(psums, watched_psums)
    assert (watched.cycles, watched.counts, watched.stalls) == (run.cycles, run.counts, run.stalls)
    assert np.count_nonzero(states == kernels.COMPUTE) == run.nonzero_macs
    assert np.count_nonzero(states == kernels.GATED) == run.gated
    # each PE is in one state in each cycle, and in a stall as often as its counters say, before its first MAC, too
    assert states.shape == (run.cycles, shape.active_pes // shape.pe_columns, shape.pe_columns)
    assert states.max() < kernels.IDLE
    works = np.isin(states, (kernels.COMPUTE, kernels.GATED, kernels.PSUM_PASS))
    before = ~np.logical_or.accumulate(works, axis=0)
    for stall in Stall:
        assert np.count_nonzero(states == stall.value) == run.stalls[stall]
        if stall is not Stall.PASS_END:
            assert np.count_nonzero((states == stall.value) & before) == run.ramp_up[stall]
    for row in range(states.shape[1]):
        for column in range(shape.pe_columns):
            seen = states[:, row, column]
            of_macs = seen[np.isin(seen, (kernels.COMPUTE, kernels.GATED))].tolist()
            assert of_macs == list(macs_of_pe(shape, hardware, ifmap, filters, row, column))


def macs_of_pe(
    shape: PassShape, hardware: Hardware, ifmap: np.ndarray, filters: np.ndarray, row: int, column: int
) -> Iterator[int]:
    """What a PE's MACs are, one after the other: window by window, column by column, filter by filter, channel by
    channel (NeuPart paper, section IV-B)."""
    sets = len(shape.set_channels)
    stack, place, i = row // (sets * shape.R), row // shape.R % sets, row % shape.R
    group = stack // (len(shape.stack_filters) // shape.groups)
    channels = range(sum(shape.set_channels[:place]), sum(shape.set_channels[: place + 1]))
    of_stack = range(sum(shape.stack_filters[:stack]), sum(shape.stack_filters[: stack + 1]))
    for image, window, x, f, q in product(
        range(shape.images), range(shape.windows), range(shape.S), of_stack, channels
    ):
        pixel = ifmap[image, group * shape.filter_channels + q, shape.U * column + i, shape.V * window + x]
        word = filters[f, q, i, x]
        done = bool(pixel) and (bool(word) or not hardware.filter_zeros_spare)
        if hardware.skip == "none" or (pixel if hardware.skip == "ifmap" else done):
            yield kernels.COMPUTE if done else kernels.GATED
