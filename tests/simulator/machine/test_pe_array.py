"""Passes of any shape: right psums, and every PE-cycle in one class."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical import counts as c
from analytical.hardware import Hardware
from simulator.machine.pe_array import PassShape, PEArray
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
