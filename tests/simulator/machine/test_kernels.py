"""The kernel's clockwork, on passes small enough to follow by hand."""

from dataclasses import replace

import numpy as np

from analytical import counts as c
from analytical.hardware import EYERISS_16BIT, Hardware
from simulator.machine import kernels
from simulator.machine.geometry import PassShape
from simulator.machine.pe_array import PassRun, PEArray, Stall

ONE_PE = PassShape(
    set_channels=(1,), stack_filters=(1,), R=1, S=1, U=1, images=1, strip_rows=1, width=4, pe_columns=1, windows=4,
    loads_filters=True, reads_psums=False,
)  # fmt: skip


def run(shape: PassShape, hardware: Hardware = EYERISS_16BIT, zeros: bool = False) -> PassRun:
    value = 0 if zeros else 1
    return PEArray(hardware).run(
        shape,
        np.full((shape.images, shape.channels, shape.strip_rows, shape.width), value),
        np.ones((shape.filters, shape.channels, shape.R, shape.S), np.int64),
        np.zeros((shape.images, shape.filters, shape.pe_columns, shape.windows), np.int64),
    )


def test_one_pe_one_mac_a_window() -> None:
    """Cycle 0 delivers filter and first pixel; MACs in 1, 2, 3, 4; the pipeline of three stages gives the first psum
    to the GON in cycle 4 (ready 3 cycles after its MAC), the last in cycle 7."""
    result = run(ONE_PE)
    assert result.cycles == 8
    assert result.last_out_at.tolist() == [5, 6, 7, 8]
    assert result.filters_loaded_at == 1
    assert result.ifmap_read_at.tolist() == [[1, 2, 3, 4]]
    assert (result.nonzero_macs, result.gated) == (4, 0)
    assert result.stalls[Stall.FILTER_LOAD] == 1
    assert result.stalls[Stall.PASS_END] == 3
    assert result.idle == 167 * 8


def test_a_shorter_pipeline_saves_its_stages() -> None:
    assert run(ONE_PE, replace(EYERISS_16BIT, pe_stages=2)).cycles == 7


def test_filters_that_are_there_need_no_load() -> None:
    result = run(replace(ONE_PE, loads_filters=False))
    assert result.stalls[Stall.FILTER_LOAD] == 0
    assert result.stalls[Stall.IFMAP_FILL] == 1
    assert result.counts[c.GLB_FILTER_READ] == 0


def test_a_psum_climbs_one_pe_after_the_other() -> None:
    """Three filter rows: each PE's only MAC starts when the psum of the one below has left its pipeline."""
    shape = replace(ONE_PE, R=3, strip_rows=3, width=1, windows=1)
    result = run(shape)
    # the bottom row's filter and pixel come first, in cycle 0
    assert result.cycles == 1 + 3 * EYERISS_16BIT.pe_stages + 1
    assert result.counts[c.INTER_PE_PSUM] == 2
    assert result.stalls[Stall.PSUM_IN] > 0


def test_a_narrow_ifmap_network_starves_the_pes() -> None:
    """Two channels of a 1x1 filter need two words a window; one word a cycle halves the rate."""
    shape = replace(ONE_PE, set_channels=(1, 1), width=64, windows=64)
    narrow = run(shape)
    wide = run(replace(shape, set_channels=(2,)), replace(EYERISS_16BIT, gin_ifmap_bits=32))
    assert narrow.stalls[Stall.IFMAP_FILL] + narrow.stalls[Stall.PSUM_IN] > 100
    assert wide.stalls[Stall.IFMAP_FILL] < 10


def test_a_narrow_psum_network_holds_the_pes_up() -> None:
    """Fourteen columns make fourteen psums a cycle; the GON takes four."""
    shape = replace(ONE_PE, pe_columns=14, strip_rows=14, stack_filters=(8,), windows=8, width=8)
    shallow = replace(EYERISS_16BIT, psum_fifo=8)
    result = run(shape, shallow)
    assert result.stalls[Stall.PSUM_OUT] > result.nonzero_macs
    assert result.cycles >= shape.macs // 4
    wide = run(shape, replace(shallow, gon_bits=64 * 14))
    assert wide.cycles < result.cycles


def test_one_psum_bank_serves_reads_and_writes_by_turns() -> None:
    shape = replace(ONE_PE, pe_columns=14, strip_rows=14, stack_filters=(8,), windows=8, width=8, reads_psums=True)
    assert run(replace(shape, one_psum_bank=True)).cycles > run(shape).cycles


def test_a_multicast_waits_until_all_can_take_it() -> None:
    """Rows of a set share ifmap rows: with shallow FIFOs the lowest PE cannot run ahead of the highest, which waits
    for the psums of all between them."""
    shape = replace(ONE_PE, R=6, S=3, strip_rows=12, width=40, windows=38, pe_columns=7, stack_filters=(4,))
    shallow, deep = (run(shape, replace(EYERISS_16BIT, ifmap_fifo=depth)) for depth in (1, 12))
    assert shallow.cycles > deep.cycles
    assert shallow.stalls[Stall.IFMAP_FILL] > deep.stalls[Stall.IFMAP_FILL]


def test_a_psum_is_taken_at_a_window_s_first_column_and_handed_on_after_its_last() -> None:
    """Filters are interleaved within a column: between the first MAC of a psum and its last lie S - 1 columns of all
    filters, which the PE above waits for at each hop; then windows follow without a gap."""
    shape = replace(ONE_PE, R=4, S=3, strip_rows=4, width=8, windows=6, stack_filters=(8,), set_channels=(2,))
    wide = replace(EYERISS_16BIT, gin_filter_bits=2**16, gin_ifmap_bits=32)
    P, Cc, S, stages = 8, 2, 3, wide.pe_stages
    hop = (S - 1) * P * Cc + Cc - 1 + stages
    start = 1  # the first pixel and all filters of the bottom row arrive in cycle 0
    last_psum = start + 3 * hop + 6 * P * Cc * S - 1 + stages
    assert run(shape, wide).cycles == last_psum + 1


def test_zeros_gate_and_save_no_cycle() -> None:
    shape = replace(ONE_PE, R=3, S=3, strip_rows=9, width=40, windows=38, pe_columns=7, stack_filters=(4,))
    dense, empty = run(shape), run(shape, zeros=True)
    assert empty.cycles == dense.cycles
    assert empty.stalls == dense.stalls
    assert (empty.nonzero_macs, empty.gated) == (0, dense.nonzero_macs)
    assert empty.counts[c.RF_PSUM_READ] == empty.counts[c.RF_FILTER_READ] == 0
    assert empty.counts[c.INTER_PE_PSUM] == dense.counts[c.INTER_PE_PSUM]


def test_in_a_dense_layer_rf_psum_reads_are_macs_less_transfers() -> None:
    shape = replace(ONE_PE, R=3, S=3, strip_rows=9, width=40, windows=38, pe_columns=7, set_channels=(2, 2))
    counts = run(shape).counts
    assert counts[c.RF_PSUM_READ] == counts.macs - counts[c.INTER_PE_PSUM]
    assert counts[c.INTER_PE_PSUM] == 5 * 38 * 7


def test_the_kernel_without_its_jit_gives_the_same(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    shape = replace(
        ONE_PE, R=2, S=2, strip_rows=4, width=6, windows=5, pe_columns=3, stack_filters=(2, 1), reads_psums=True
    )
    compiled = run(shape)
    for name, function in vars(kernels).items():
        if hasattr(function, "py_func"):
            monkeypatch.setattr(kernels, name, function.py_func)
    assert str(run(shape)) == str(compiled)
