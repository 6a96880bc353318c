"""The J x K PEs: runs a pass with values and says what happened in it."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from analytical import counts as c
from analytical.counts import Counts
from analytical.hardware import Hardware
from simulator import kernels


class Stall(Enum):
    """Why a PE that has work waits."""

    FILTER_LOAD = kernels.FILTER_LOAD
    IFMAP_FILL = kernels.IFMAP_FILL
    PSUM_IN = kernels.PSUM_IN
    PSUM_OUT = kernels.PSUM_OUT
    PASS_END = kernels.PASS_END


@dataclass(frozen=True, kw_only=True, slots=True)
class PassShape:
    """All that the timing of a pass depends on; two passes of one shape take the same cycles.

    set_channels   channels of each set of the stack that a psum climbs, top first
    group_filters  filters of each group of sets that works on filters of its own
    R, S, U        filter rows, filter columns, stride
    images         images that stream through, one after the other
    strip_rows, width  rows and columns of ifmap for each image
    columns, windows   ofmap rows (PE columns at work) and ofmap columns for each image
    loads_filters  the RFs do not hold the filters yet
    reads_psums    psums of earlier channels come from the GLB
    one_psum_bank  one port of the GLB serves psum reads and writes by turns
    """

    set_channels: tuple[int, ...]
    group_filters: tuple[int, ...]
    R: int
    S: int
    U: int
    images: int
    strip_rows: int
    width: int
    columns: int
    windows: int
    loads_filters: bool
    reads_psums: bool
    one_psum_bank: bool = False

    @property
    def channels(self) -> int:
        return sum(self.set_channels)

    @property
    def filters(self) -> int:
        return sum(self.group_filters)

    @property
    def active_pes(self) -> int:
        """PEs that the pass keeps at work."""
        return len(self.group_filters) * len(self.set_channels) * self.R * self.columns

    @property
    def macs(self) -> int:
        return self.channels * self.filters * self.R * self.S * self.images * self.columns * self.windows


@dataclass(frozen=True, kw_only=True, slots=True)
class PEArrayRun:
    """What happened in one pass.

    cycles             from its start until the last psum is in the GLB
    compute, gated     PE-cycles with a MAC, and with one that a zero gated
    stalls             PE-cycles by cause
    ramp_up            of these, by cause, those before a PE's first MAC of the pass
    idle               PE-cycles of PEs without work
    filters_loaded_at  cycle after which the filter buffer is free again; 0 if nothing was loaded
    ifmap_read_at      (images, width): cycle after which the GLB need not hold that column of the strip
    first_out_at, last_out_at   for each window, the cycles in which its first psum reaches the GLB, and after its last
    counts             events of RF, inter-PE and GLB
    """

    cycles: int
    compute: int
    gated: int
    stalls: dict[Stall, int]
    ramp_up: dict[Stall, int]
    idle: int
    filters_loaded_at: int
    ifmap_read_at: NDArray[np.int64]
    first_out_at: NDArray[np.int64]
    last_out_at: NDArray[np.int64]
    counts: Counts


class PEArray:
    """The PE array of one hardware; state lives in a pass and ends with it."""

    def __init__(self, hardware: Hardware) -> None:
        self.hardware = hardware

    def run(
        self,
        shape: PassShape,
        ifmap: NDArray[np.integer],
        filters: NDArray[np.integer],
        psums: NDArray[np.int64],
    ) -> PEArrayRun:
        """Step one pass, cycle by cycle.

        Parameters
        ----------
        ifmap : (images, channels, strip_rows, width)
        filters : (filters, channels, R, S)
        psums : (images, filters, columns, windows), int64
            What the GLB holds before the pass (read if ``shape.reads_psums``), and after it.
        """
        hardware = self.hardware
        by_phase = np.zeros((2, len(Stall) + 2), np.int64)
        events = np.zeros(kernels.STUCK + 1, np.int64)
        ifmap_read_at = np.zeros((shape.images, shape.width), np.int64)
        first_out_at = np.zeros(shape.images * shape.windows, np.int64)
        last_out_at = np.zeros_like(first_out_at)
        kernels.step_pass(
            np.ascontiguousarray(ifmap, np.int32),
            np.ascontiguousarray(filters, np.int32),
            psums,
            np.array(shape.set_channels, np.int64),
            np.array(shape.group_filters, np.int64),
            shape.U,
            shape.windows,
            shape.loads_filters,
            shape.reads_psums,
            shape.one_psum_bank,
            hardware.gin_filter_bits // hardware.b_w,
            hardware.gin_ifmap_bits // hardware.b_w,
            hardware.gin_psum_bits // hardware.b_w,
            hardware.gon_bits // hardware.b_w,
            hardware.ifmap_fifo,
            hardware.psum_fifo,
            hardware.pe_stages,
            by_phase,
            events,
            ifmap_read_at,
            first_out_at,
            last_out_at,
        )
        if events[kernels.STUCK]:
            raise RuntimeError(f"the PE array made no progress for {kernels.STUCK_AFTER} cycles in {shape}")
        cycles = int(events[kernels.CYCLES])
        classes = by_phase.sum(axis=0)
        return PEArrayRun(
            cycles=cycles,
            compute=int(classes[kernels.COMPUTE]),
            gated=int(classes[kernels.GATED]),
            stalls={stall: int(classes[stall.value]) for stall in Stall},
            ramp_up={stall: int(by_phase[kernels.RAMP_UP, stall.value]) for stall in Stall},
            idle=(hardware.pes - shape.active_pes) * cycles,
            filters_loaded_at=int(events[kernels.FILTERS_LOADED_AT]),
            ifmap_read_at=ifmap_read_at,
            first_out_at=first_out_at,
            last_out_at=last_out_at,
            counts=_counts(classes, events),
        )


def _counts(classes: NDArray[np.int64], events: NDArray[np.int64]) -> Counts:
    """Events of a pass as the record that both sides share.

    Every MAC reads its ifmap value; a nonzero one also reads its filter value and reads and writes its psum. The
    first nonzero MAC of a window takes its psum from the PE below in place of the RF.
    """
    nonzero = int(classes[kernels.COMPUTE])
    macs = nonzero + int(classes[kernels.GATED])
    return Counts(
        macs=macs,
        nonzero_macs=nonzero,
        events={
            c.RF_IFMAP_READ: macs,
            c.RF_FILTER_READ: nonzero,
            c.RF_PSUM_READ: nonzero - int(events[kernels.PSUM_TAKES]),
            c.RF_PSUM_WRITE: nonzero,
            c.RF_IFMAP_FILL: int(events[kernels.RF_IFMAP_FILLS]),
            c.RF_FILTER_FILL: int(events[kernels.RF_FILTER_FILLS]),
            c.RF_PSUM_FILL: int(events[kernels.RF_PSUM_FILLS]),
            c.RF_PSUM_DRAIN: int(events[kernels.RF_PSUM_DRAINS]),
            c.INTER_PE_PSUM: int(events[kernels.INTER_PE_PSUMS]),
            c.GLB_IFMAP_READ: int(events[kernels.GLB_IFMAP_READS]),
            c.GLB_FILTER_READ: int(events[kernels.GLB_FILTER_READS]),
            c.GLB_PSUM_READ: int(events[kernels.GLB_PSUM_READS]),
            c.GLB_PSUM_WRITE: int(events[kernels.GLB_PSUM_WRITES]),
        },
    )
