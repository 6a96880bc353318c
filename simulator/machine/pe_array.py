"""The J x K PEs: runs a pass with values and says what happened in it."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from analytical import counts as c
from analytical.counts import Counts
from analytical.hardware import Hardware
from simulator.machine import kernels
from simulator.machine.geometry import PassShape


class Stall(Enum):
    """Why a PE that has work waits; the values are columns of the kernel's classes."""

    FILTER_LOAD = kernels.FILTER_LOAD
    IFMAP_FILL = kernels.IFMAP_FILL
    PSUM_IN = kernels.PSUM_IN
    PSUM_OUT = kernels.PSUM_OUT
    PASS_END = kernels.PASS_END


@dataclass(frozen=True, kw_only=True, slots=True)
class PassRun:
    """What happened in one pass.

    Attributes
    ----------
    cycles : int
        From its start until the last psum is in the GLB.
    compute, gated : int
        PE-cycles with a MAC, and with one that a zero gated.
    stalls : dict of Stall to int
        PE-cycles by cause.
    ramp_up : dict of Stall to int
        Of these, by cause, those before a PE's first MAC of the pass.
    idle : int
        PE-cycles of PEs without work.
    filters_loaded_at : int
        Cycle after which the filter buffer is free again; 0 if nothing was loaded.
    ifmap_read_at : (images, width)
        Cycle after which the GLB need not hold that column of the strip.
    first_out_at, last_out_at : (images * windows)
        For each window, the cycles in which its first psum reaches the GLB, and after its last.
    counts : Counts
        Events of RF, inter-PE and GLB, in words.
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
    """The PE array of one hardware; state lives in a pass and ends with it.

    Parameters
    ----------
    hardware : Hardware
        Its networks, in bits, carry whole words a cycle; what is left of their width is not used.
    """

    def __init__(self, hardware: Hardware) -> None:
        self.hardware = hardware
        b_w = hardware.b_w
        self._ports = kernels.Ports(
            gin_filter=hardware.gin_filter_bits // b_w,
            gin_ifmap=hardware.gin_ifmap_bits // b_w,
            gin_psum=hardware.gin_psum_bits // b_w,
            gon=hardware.gon_bits // b_w,
            ifmap_fifo=hardware.ifmap_fifo,
            psum_fifo=hardware.psum_fifo,
            stages=hardware.pe_stages,
        )

    @property
    def timing_key(self) -> tuple[int, ...]:
        """All of the hardware that the timing of a pass depends on, and its number of PEs."""
        return (self.hardware.pes, *self._ports)

    def run(
        self,
        shape: PassShape,
        ifmap: NDArray[np.integer],
        filters: NDArray[np.integer],
        psums: NDArray[np.int64],
    ) -> PassRun:
        """Step one pass, cycle by cycle.

        Parameters
        ----------
        shape : PassShape
            All that its timing depends on.
        ifmap : (images, channels, strip_rows, width)
            Padded integers of at most 16 bits.
        filters : (filters, channels, R, S)
            Integers of at most 16 bits.
        psums : (images, filters, pe_columns, windows), int64
            What the GLB holds before the pass (read if ``shape.reads_psums``), and after it; changed in place.

        Returns
        -------
        PassRun
            Cycles, PE-cycles by class, milestones and counts. ``psums`` has the values.

        Raises
        ------
        RuntimeError
            The array makes no progress: its FIFOs cannot serve the pass.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> shape = PassShape(
        ...     set_channels=(1,), stack_filters=(1,), R=1, S=1, U=1, images=1, strip_rows=1, width=4,
        ...     pe_columns=1, windows=4, loads_filters=True, reads_psums=False,
        ... )
        >>> psums = np.zeros((1, 1, 1, 4), np.int64)
        >>> run = PEArray(EYERISS_16BIT).run(shape, np.array([[[[1, 0, 2, 3]]]]), np.array([[[[5]]]]), psums)
        >>> psums.ravel().tolist(), run.compute, run.gated
        ([5, 0, 10, 15], 3, 1)
        """
        # a class for each stall, and two for the cycles of multiplications
        by_phase = np.zeros((2, len(Stall) + 2), np.int64)
        events = np.zeros(kernels.STUCK + 1, np.int64)
        ifmap_read_at = np.zeros((shape.images, shape.width), np.int64)
        first_out_at = np.zeros(shape.images * shape.windows, np.int64)
        last_out_at = np.zeros_like(first_out_at)
        # int32 and contiguous whatever comes in, so that the kernel is compiled for one kind of arrays only
        kernels.step_pass(
            np.ascontiguousarray(ifmap, np.int32),
            np.ascontiguousarray(filters, np.int32),
            psums,
            kernels.Geometry(
                set_channels=np.array(shape.set_channels, np.int64),
                stack_filters=np.array(shape.stack_filters, np.int64),
                stride=shape.U,
                stride_width=shape.V,
                windows=shape.windows,
                loads_filters=shape.loads_filters,
                reads_psums=shape.reads_psums,
                one_psum_bank=shape.one_psum_bank,
            ),
            self._ports,
            kernels.Outcome(
                classes=by_phase,
                events=events,
                ifmap_read_at=ifmap_read_at,
                first_out_at=first_out_at,
                last_out_at=last_out_at,
            ),
        )
        if events[kernels.STUCK]:
            raise RuntimeError(f"the PE array made no progress for {kernels.STUCK_AFTER} cycles in {shape}")
        cycles = int(events[kernels.CYCLES])
        classes = by_phase.sum(axis=0)
        return PassRun(
            cycles=cycles,
            compute=int(classes[kernels.COMPUTE]),
            gated=int(classes[kernels.GATED]),
            stalls={stall: int(classes[stall.value]) for stall in Stall},
            ramp_up={stall: int(by_phase[kernels.RAMP_UP, stall.value]) for stall in Stall},
            # the kernel steps only PEs that have work in the pass; the others are idle all the time
            idle=(self.hardware.pes - shape.active_pes) * cycles,
            filters_loaded_at=int(events[kernels.FILTERS_LOADED_AT]),
            ifmap_read_at=ifmap_read_at,
            first_out_at=first_out_at,
            last_out_at=last_out_at,
            counts=_counts(classes, events),
        )


def _counts(classes: NDArray[np.int64], events: NDArray[np.int64]) -> Counts:
    """Events of a pass as the record that both sides share.

    Every MAC reads its ifmap value; a nonzero one also reads its filter value and reads and writes its psum (NeuPart
    paper, section IV-D2). The first nonzero MAC of a window takes its psum from the PE below in place of the RF.
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
