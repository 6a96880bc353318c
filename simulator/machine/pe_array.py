"""The J x K PEs: times a pass, or runs it with values, and says what happened in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical import counts as c
from analytical.counts import Counts, Event
from analytical.hardware import SKIPS, Hardware
from simulator.machine import kernels, timing
from simulator.machine.geometry import PassShape


class Stall(Enum):
    """Why a PE that has work waits; the values are columns of the kernel's classes."""

    FILTER_LOAD = kernels.FILTER_LOAD
    IFMAP_FILL = kernels.IFMAP_FILL
    PSUM_IN = kernels.PSUM_IN
    PSUM_OUT = kernels.PSUM_OUT
    PASS_END = kernels.PASS_END
    PSUM_PASS = kernels.PSUM_PASS


@dataclass(frozen=True, kw_only=True, slots=True)
class PassTimes:
    """When a pass is through with what it reads and makes.

    Attributes
    ----------
    cycles : int
        From its start until the last psum is in the GLB.
    filters_loaded_at : int
        Cycle after which the filter buffer is free again; 0 if nothing was loaded.
    ifmap_read_at : (images, width)
        Cycle after which the GLB need not hold that column of the strip.
    first_out_at, last_out_at : (images * windows)
        For each window, the cycles in which its first psum reaches the GLB, and after its last.
    """

    cycles: int
    filters_loaded_at: int
    ifmap_read_at: NDArray[np.int64]
    first_out_at: NDArray[np.int64]
    last_out_at: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class PassTiming(PassTimes):
    """What happens in a pass, but for what its values do.

    On hardware that does not skip it depends on no value: zeros gate and never skip a cycle (NeuPart paper, section
    IV-D2).

    Attributes
    ----------
    macs : int
        All MACs, gated and skipped ones included.
    skipped : int
        Those that take no cycle; all others take a PE-cycle.
    stalls : dict of Stall to int
        PE-cycles by cause.
    ramp_up : dict of Stall to int
        Of these, by cause, those before a PE's first MAC of the pass.
    idle : int
        PE-cycles of PEs without work.
    moved : dict of Event to int
        Words that move between RFs, between PEs, and in and out of the GLB.
    """

    macs: int
    skipped: int
    stalls: dict[Stall, int]
    ramp_up: dict[Stall, int]
    idle: int
    moved: dict[Event, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class PassRun(PassTiming):
    """What happened in one pass that ran with its values.

    Attributes
    ----------
    nonzero_macs : int
        MACs that were carried out: no zero gated or skipped them.
    nonzero_ifmap_macs : int
        MACs whose pixel is not zero.
    psum_takes : int
        Psums that such a MAC took from the PE below, in place of a read of the psum RF.
    """

    nonzero_macs: int
    nonzero_ifmap_macs: int
    psum_takes: int

    @property
    def gated(self) -> int:
        """PE-cycles with a MAC that a zero gated."""
        return self.macs - self.skipped - self.nonzero_macs

    @property
    def counts(self) -> Counts:
        """Events of RF, inter-PE and GLB, in words."""
        return counts_of(self.moved, self.macs, self.nonzero_macs, self.psum_takes)


def counts_of(moved: Mapping[Event, int], macs: int, nonzero_macs: int, psum_takes: int) -> Counts:
    """What moved, and what MACs read and wrote, as the record that both sides share.

    Every MAC reads its ifmap value, to know whether it is zero, also where it then takes no cycle; one that is carried
    out also reads its filter value and reads and writes its psum (NeuPart paper, section IV-D2). Zero filter values are
    known by a bit beside them, which is not counted. The first such MAC of a window takes its psum from the PE below in
    place of the RF.

    Parameters
    ----------
    moved : mapping of Event to int
        Words, as :attr:`PassTiming.moved`.
    macs, nonzero_macs, psum_takes : int
        As in :class:`PassRun`.

    Examples
    --------
    >>> counts_of({}, macs=10, nonzero_macs=4, psum_takes=1)[c.RF_PSUM_READ]
    3
    """
    of_macs = {
        c.RF_IFMAP_READ: macs,
        c.RF_FILTER_READ: nonzero_macs,
        c.RF_PSUM_READ: nonzero_macs - psum_takes,
        c.RF_PSUM_WRITE: nonzero_macs,
    }
    return Counts(macs=macs, nonzero_macs=nonzero_macs, events=of_macs | dict(moved))


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
        self.ports = kernels.Ports(
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
        return (self.hardware.pes, *self.ports)

    def time(self, shape: PassShape) -> PassTiming:
        """What happens in a pass of this shape, whatever its values.

        Parameters
        ----------
        shape : PassShape
            All that its timing depends on.

        Raises
        ------
        RuntimeError
            The hardware skips, so that it depends on values as well; or the array makes no progress: its FIFOs cannot
            serve the pass.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> shape = PassShape(
        ...     set_channels=(1,), stack_filters=(1,), R=1, S=1, U=1, images=1, strip_rows=1, width=4,
        ...     pe_columns=1, windows=4, loads_filters=True, reads_psums=False,
        ... )
        >>> found = PEArray(EYERISS_16BIT).time(shape)
        >>> found.cycles, found.macs, found.last_out_at.tolist()
        (8, 4, [5, 6, 7, 8])
        """
        if self.hardware.skips:
            raise RuntimeError(f"{self.hardware.name} skips {self.hardware.skip}: a shape alone says no timing")
        outcome = _outcome(shape)
        size = (shape.images, shape.strip_rows, shape.width, shape.R, shape.S, shape.pe_columns)
        timing.time_pass(size, self.geometry(shape), self.ports, outcome)
        return self.timing_of(shape, outcome)

    def timing_of(self, shape: PassShape, outcome: kernels.Outcome) -> PassTiming:
        """What kernels have filled in for a pass of this shape, or added up for several.

        Raises
        ------
        RuntimeError
            The array made no progress.
        """
        return PassTiming(**self._fields(shape, outcome))

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
        filters : (filters, channels of a group, R, S)
            Integers of at most 16 bits.
        psums : (images, filters, pe_columns, windows), int64
            What the GLB holds before the pass (read if ``shape.reads_psums``), and after it; changed in place.

        Returns
        -------
        PassRun
            What happened, with these values; ``psums`` has the sums.

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
        >>> psums.ravel().tolist(), run.nonzero_macs, run.gated
        ([5, 0, 10, 15], 3, 1)
        """
        return self._step(shape, ifmap, filters, psums, None)

    def watch(
        self,
        shape: PassShape,
        ifmap: NDArray[np.integer],
        filters: NDArray[np.integer],
        psums: NDArray[np.int64],
    ) -> tuple[PassRun, NDArray[np.uint8]]:
        """Step one pass as :meth:`run` does, and write down what each PE does in each cycle.

        Parameters
        ----------
        shape, ifmap, filters, psums
            As for :meth:`run`.

        Returns
        -------
        run : PassRun
            What happened.
        states : (cycles, rows, pe_columns), uint8
            One of :data:`simulator.machine.kernels.CLASSES` for each of the pass's PEs. Rows are those of all its
            stacks, one stack after the other, from its top down.

        Raises
        ------
        RuntimeError
            The array makes no progress: its FIFOs cannot serve the pass.

        Examples
        --------
        One PE waits for its filter, does the four MACs, of which a zero gates one, and waits for its last psum to
        leave.

        >>> from analytical.hardware import EYERISS_16BIT
        >>> shape = PassShape(
        ...     set_channels=(1,), stack_filters=(1,), R=1, S=1, U=1, images=1, strip_rows=1, width=4,
        ...     pe_columns=1, windows=4, loads_filters=True, reads_psums=False,
        ... )
        >>> psums = np.zeros((1, 1, 1, 4), np.int64)
        >>> array = PEArray(EYERISS_16BIT)
        >>> run, states = array.watch(shape, np.array([[[[1, 0, 2, 3]]]]), np.array([[[[5]]]]), psums)
        >>> [kernels.FILTER_LOAD, kernels.COMPUTE, kernels.GATED, kernels.PASS_END]
        [2, 0, 1, 6]
        >>> states.ravel().tolist()
        [2, 0, 1, 0, 0, 6, 6, 6]
        """
        # how many cycles there will be is known after a first run
        cycles = self.run(shape, ifmap, filters, psums.copy()).cycles
        rows = shape.active_pes // shape.pe_columns
        states = np.full((cycles, rows, shape.pe_columns), kernels.IDLE, np.uint8)
        return self._step(shape, ifmap, filters, psums, states), states

    def _step(
        self,
        shape: PassShape,
        ifmap: NDArray[np.integer],
        filters: NDArray[np.integer],
        psums: NDArray[np.int64],
        states: NDArray[np.uint8] | None,
    ) -> PassRun:
        outcome = _outcome(shape)
        # int32 and contiguous whatever comes in, so that the kernel is compiled for one kind of arrays only
        kernels.step_pass(
            np.ascontiguousarray(ifmap, np.int32),
            np.ascontiguousarray(filters, np.int32),
            psums,
            self.geometry(shape),
            self.ports,
            outcome,
            states,
        )
        return PassRun(
            nonzero_macs=int(outcome.classes[kernels.STARTED, kernels.COMPUTE]),
            nonzero_ifmap_macs=int(outcome.events[kernels.MACS_OF_PIXELS]),
            psum_takes=int(outcome.events[kernels.PSUM_TAKES]),
            **self._fields(shape, outcome),
        )

    def geometry(self, shape: PassShape) -> kernels.Geometry:
        """How passes of this shape lie on the array, as the kernels take it."""
        return kernels.Geometry(
            set_channels=np.array(shape.set_channels, np.int64),
            stack_filters=np.array(shape.stack_filters, np.int64),
            groups=shape.groups,
            stride=shape.U,
            stride_width=shape.V,
            windows=shape.windows,
            loads_filters=shape.loads_filters,
            reads_psums=shape.reads_psums,
            one_psum_bank=shape.one_psum_bank,
            filter_zeros_spare=self.hardware.filter_zeros_spare,
            skip=SKIPS.index(self.hardware.skip),
        )

    def _fields(self, shape: PassShape, outcome: kernels.Outcome) -> dict[str, Any]:
        """Fields of a PassTiming, from what either kernel has filled in."""
        by_phase, events = outcome.classes, outcome.events
        if events[kernels.STUCK]:
            raise RuntimeError(f"the PE array makes no progress in {shape}: its FIFOs cannot serve the pass")
        cycles = int(events[kernels.CYCLES])
        classes = by_phase.sum(axis=0)
        return {
            "cycles": cycles,
            "macs": int(classes[kernels.COMPUTE] + classes[kernels.GATED] + events[kernels.MACS_SKIPPED]),
            "skipped": int(events[kernels.MACS_SKIPPED]),
            "stalls": {stall: int(classes[stall.value]) for stall in Stall},
            "ramp_up": {stall: int(by_phase[kernels.RAMP_UP, stall.value]) for stall in Stall},
            # the kernels know only PEs that have work in the pass; the others are idle all the time
            "idle": (self.hardware.pes - shape.active_pes) * cycles,
            "filters_loaded_at": int(events[kernels.FILTERS_LOADED_AT]),
            "ifmap_read_at": outcome.ifmap_read_at,
            "first_out_at": outcome.first_out_at,
            "last_out_at": outcome.last_out_at,
            "moved": {event: int(events[position]) for event, position in _MOVED.items()},
        }


_MOVED = {
    c.RF_IFMAP_FILL: kernels.RF_IFMAP_FILLS,
    c.RF_FILTER_FILL: kernels.RF_FILTER_FILLS,
    c.RF_PSUM_FILL: kernels.RF_PSUM_FILLS,
    c.RF_PSUM_DRAIN: kernels.RF_PSUM_DRAINS,
    c.INTER_PE_PSUM: kernels.INTER_PE_PSUMS,
    c.GLB_IFMAP_READ: kernels.GLB_IFMAP_READS,
    c.GLB_FILTER_READ: kernels.GLB_FILTER_READS,
    c.GLB_PSUM_READ: kernels.GLB_PSUM_READS,
    c.GLB_PSUM_WRITE: kernels.GLB_PSUM_WRITES,
}
"""Where the kernels count each event."""


def _outcome(shape: PassShape) -> kernels.Outcome:
    """Where a kernel fills in what happens in a pass."""
    windows = shape.images * shape.windows
    return kernels.Outcome(
        classes=np.zeros((2, len(kernels.CLASSES)), np.int64),
        events=np.zeros(kernels.STUCK + 1, np.int64),
        ifmap_read_at=np.zeros((shape.images, shape.width), np.int64),
        first_out_at=np.zeros(windows, np.int64),
        last_out_at=np.zeros(windows, np.int64),
    )
