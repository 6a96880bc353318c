"""One pass of the PE array, stepped cycle by cycle.

Everything here is Numba: plain arrays and integers in, counters out; :mod:`simulator.machine.pe_array` is its face.

The dataflow is row stationary (NeuPart paper, section IV-B and Fig. 6; Eyeriss paper, JSSC 2017): PE (i, k) of a set
holds filter row i and works on ifmap row U*k + i, so that column k of the array makes ofmap row k of the strip, and the
psums of the R filter rows meet on their way up the column.

What a cycle is. First the GON takes up to its width from one top PE, round robin. Then the PEs work, those nearer the
top first, so that what a PE hands on is seen above it one cycle later at the earliest. Last, each GIN delivers up to
its width to the PEs that its tag names, if all of them can take it. The three GINs are in-order streams.

A PE interleaves filters and channels: for one column of the window (n, x) it multiplies the C_c pixels of it with one
filter's words, one a cycle, then with the next filter's, for all P of them; then comes the next of the S columns. At
the first column each filter needs its psum: from the PE below, or, in the bottom PE, from the GLB; after the last one
each hands its psum on, if there is room above. Nothing can stop the multiplications of a *visit* (a column, a filter)
once pixels, filter words and psum are there, so these are taken in one stride. A psum's arithmetic is done when it is
handed on.

On the chip zeros gate and never skip: a visit takes C_c cycles, and timing does not depend on values. Where the
hardware skips, a visit takes as many cycles as it has MACs with a nonzero pixel, or with both nonzero: none, if there
are none, and the PE goes on to its next visit in the same cycle; but where a psum comes or goes, at least one.

Why one long function: its state is arrays, and handing them to a function for each part of a cycle made the kernel 1.7
to 2.7 times slower, and its compilation longer.

Two conventions hold all through. A part of the cycle sees what earlier parts of the same cycle have done: room that the
GON makes in the FIFO of a top PE, or a PE in that of the one below, can be used at once, whereas a word that a GIN
delivers is used one cycle later. And a time is the number of a cycle: the first one in which a psum can be taken
(``fifo_ready``), a PE is free again (``busy_until``), or a place in the GLB is (``FILTERS_LOADED_AT``,
``ifmap_read_at``).

Words used below. A *row* ``a`` is a row of PEs of the array, ``k`` a column: PE (a, k). A *stack* ``t`` is ``height``
rows that hand psums up; position 0 is its top. A row belongs to a *set* ``c`` of the stack, which has channels of its
own, and holds filter row ``i``. ``w`` is a window of the pass (image, ofmap column), ``x`` a column of it, ``p`` a
filter of the stack, ``q`` a channel of the set.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from traces.compiled import njit

COMPUTE, GATED, FILTER_LOAD, IFMAP_FILL, PSUM_IN, PSUM_OUT, PASS_END, PSUM_PASS = CLASSES = range(8)
"""Classes of the cycles of a PE at work, columns of ``Outcome.classes``; the rest of the array is idle.

COMPUTE, GATED  a MAC; one that a zero gates, which takes its cycle all the same (NeuPart paper, section IV-D2)
FILTER_LOAD     waits for a filter word
IFMAP_FILL      waits for a pixel of its window
PSUM_IN         waits for the psum from the PE below, or from the GLB
PSUM_OUT        waits for room in the FIFO to the PE above, or to the GON
PASS_END        has done its part and waits for the others
PSUM_PASS       takes or hands on a psum at a column whose MACs are all skipped
"""

SKIP_NONE, SKIP_IFMAP, SKIP_BOTH = range(3)
"""Whose zeros spare a MAC its cycle: nobody's, those of pixels, those of pixels and filter words."""

IDLE = len(CLASSES)
"""What a PE without work in the pass is, beside these; the kernel knows only the others."""

RAMP_UP, STARTED = range(2)
"""Rows of ``Outcome.classes``: before a PE's first MAC of the pass, and from then on."""

(
    CYCLES,
    FILTERS_LOADED_AT,
    INTER_PE_PSUMS,
    PSUM_TAKES,
    RF_IFMAP_FILLS,
    RF_FILTER_FILLS,
    RF_PSUM_FILLS,
    RF_PSUM_DRAINS,
    GLB_IFMAP_READS,
    GLB_FILTER_READS,
    GLB_PSUM_READS,
    GLB_PSUM_WRITES,
    MACS_SKIPPED,
    MACS_OF_PIXELS,
    STUCK,
) = range(15)
"""Positions in ``Outcome.events``; words, but for cycles and flags.

CYCLES             cycles of the pass
FILTERS_LOADED_AT  cycle after which the filter buffer is free; 0 if nothing was loaded
INTER_PE_PSUMS     psums that a PE took from the one below
PSUM_TAKES         of these, those that a MAC uses in place of a read of the psum RF
RF_..._FILLS       words that arrived in RFs from the GLB, once for each PE that a multicast reaches
RF_PSUM_DRAINS     psums that a PE has handed on
GLB_..._READS      words that left the GLB, once however many PEs receive them
GLB_PSUM_WRITES    psums that the GON brought back
MACS_SKIPPED       MACs that take no cycle
MACS_OF_PIXELS     MACs whose pixel is not zero
STUCK              1 if the pass made no progress and was given up, else 0
"""


class Geometry(NamedTuple):
    """How a pass lies on the array; see :class:`simulator.machine.geometry.PassShape`.

    Attributes
    ----------
    set_channels : (sets,), int64
        Channels of each set of a stack, top first; the same in all stacks.
    stack_filters : (stacks,), int64
        Filters of each stack.
    groups : int
        Convolution groups side by side: each has as many of the stacks, in order, and channels of its own.
    stride, stride_width : int
        U and V, along the height and along the width.
    windows : int
        Windows of one image along its width.
    loads_filters : bool
        Filters come through their GIN; otherwise the RFs hold them from the pass before.
    reads_psums : bool
        Psums of earlier channels come from the GLB; otherwise they start from zero.
    one_psum_bank : bool
        Psums lie in one bank, whose one port the GON and the psum GIN share.
    filter_zeros_spare : bool
        A zero filter word spares its MAC, as a zero pixel always does.
    skip : int
        Whose zeros spare a MAC its cycle, too.
    """

    set_channels: NDArray[np.int64]
    stack_filters: NDArray[np.int64]
    groups: int
    stride: int
    stride_width: int
    windows: int
    loads_filters: bool
    reads_psums: bool
    one_psum_bank: bool
    filter_zeros_spare: bool = False
    skip: int = SKIP_NONE


class Ports(NamedTuple):
    """Words a cycle of the networks, words of the FIFOs, stages of a PE's pipeline.

    Attributes
    ----------
    gin_filter, gin_ifmap, gin_psum, gon : int
        Width of each network, in words a cycle.
    ifmap_fifo : int
        Pixels that a PE can take beyond its window (beyond its stride, where that is larger), in words.
    psum_fifo : int
        Depth of the psum FIFOs between PEs, before the GON and behind the psum GIN, in words.
    stages : int
        Cycles from the start of a psum's last multiplication until the psum can be taken from the FIFO.
    """

    gin_filter: int
    gin_ifmap: int
    gin_psum: int
    gon: int
    ifmap_fifo: int
    psum_fifo: int
    stages: int


class Outcome(NamedTuple):
    """What a pass fills in; the caller allocates it with zeros.

    Attributes
    ----------
    classes : (2, 8), int64
        PE-cycles by phase (RAMP_UP, STARTED) and class. All together are the pass's PEs times its cycles.
    events : (STUCK + 1,), int64
        See the positions above.
    ifmap_read_at : (images, width), int64
        Cycle after which the GLB need not hold that column of the strip.
    first_out_at, last_out_at : (images * windows,), int64
        Cycle of a window's first psum at the GLB, and after its last; a window's psums are those of all filters and
        PE columns.
    """

    classes: NDArray[np.int64]
    events: NDArray[np.int64]
    ifmap_read_at: NDArray[np.int64]
    first_out_at: NDArray[np.int64]
    last_out_at: NDArray[np.int64]


NEVER = np.iinfo(np.int64).max
"""A cycle that does not come: when a row of PEs wakes that has nothing more to do."""

STUCK_AFTER = 100_000
"""Cycles without any progress, beyond a window's column and the pipeline, after which the kernel gives up."""


# error_model="numpy" leaves out the test for a zero divisor at each division of the loops; no divisor here can be zero.
@njit(error_model="numpy")
def _next(position, size):
    """The position after that one in a ring, without a division."""
    return position + 1 if position + 1 < size else 0


@njit(error_model="numpy")
def _starts(sizes):
    """Where each part begins, and behind the last one the end."""
    starts = np.zeros(sizes.size + 1, np.int64)
    for part in range(sizes.size):
        starts[part + 1] = starts[part] + sizes[part]
    return starts


@njit(error_model="numpy")
def _places(n_stacks, n_sets, R):
    """Stack, position in it (0 is the top), set and filter row of each row of PEs."""
    rows = np.arange(n_stacks * n_sets * R)
    position = rows % (n_sets * R)
    return rows // (n_sets * R), position, position // R, position % R


@njit(error_model="numpy")
def _targets(strip_rows, R, U, pe_columns):
    """PEs that each ifmap row of a strip goes to: row r feeds filter row i in column (r - i) / U.

    These lie on a diagonal of the set (NeuPart paper, section IV-B3). ``count[r]`` of the places in ``filter_row[r]``
    and ``column[r]`` are in use; a row that lies between windows, or below the last, goes nowhere.
    """
    count = np.zeros(strip_rows, np.int64)
    filter_row = np.zeros((strip_rows, R), np.int64)
    column = np.zeros((strip_rows, R), np.int64)
    for r in range(strip_rows):
        for i in range(R):
            if r >= i and (r - i) % U == 0 and (r - i) // U < pe_columns:
                filter_row[r, count[r]] = i
                column[r, count[r]] = (r - i) // U
                count[r] += 1
    return count, filter_row, column


@njit(error_model="numpy")
def _place_filters(filter_rf, filters, set_start, stack_start, height):
    """Put into the filter RFs what an earlier pass loaded: by filter, column, channel.

    Filters stay in the RFs for the strips of a row block, but no state outlives a call of the kernel. This stands for
    what would still be there, so that it takes no cycle and counts no event.
    """
    R, S = filters.shape[2], filters.shape[3]
    for a in range(filter_rf.shape[0]):
        t, c, i = a // height, a % height // R, a % R
        m = 0
        for p in range(stack_start[t], stack_start[t + 1]):
            for s in range(S):
                for q in range(set_start[c], set_start[c + 1]):
                    filter_rf[a, m] = filters[p, q, i, s]
                    m += 1


@njit(error_model="numpy")
def _write_visit(states, pixels, words, filter_zeros_spare, skip):
    """Say for each cycle of a visit whether its MAC is done or gated; ``states`` begins at the visit's first cycle."""
    at = 0
    for q in range(pixels.size):
        done = pixels[q] != 0 and (words[q] != 0 or not filter_zeros_spare)
        if not done and (skip == SKIP_BOTH or (skip == SKIP_IFMAP and pixels[q] == 0)):
            continue
        states[at] = COMPUTE if done else GATED
        at += 1
    # no MAC, but a psum to take or to hand on: its one cycle
    if at == 0:
        states[0] = PSUM_PASS


@njit(error_model="numpy")
def step_pass(ifmap, filters, psums, geometry, ports, outcome, states=None):
    """Run one pass to its end.

    Parameters
    ----------
    ifmap : (images, channels, strip rows, width), int32
        Pixels of the strip, padding included; channels of the first group come first.
    filters : (filters, channels of a group, R, S), int32
        Those of the first stack come first.
    psums : (images, filters, pe_columns, windows), int64
        What the GLB holds before the pass (read if ``geometry.reads_psums``), and after it; changed in place.
    geometry : Geometry
        How the pass lies on the array.
    ports : Ports
        How fast words come in and go out.
    outcome : Outcome
        Filled with what happened. Where ``events[STUCK]`` is set, the rest of it and ``psums`` are of no use.
    states : (cycles, rows, pe_columns), uint8, optional
        Filled with what each PE does in each cycle, of :data:`CLASSES`; as many cycles as the pass takes. Whether it is
        there is known when the kernel is compiled: without it, nothing of it is left in the code.

    Notes
    -----
    What holds before and after each cycle:

    - A PE's window begins at ``base``, and no pixel from there on is ever overwritten: the ifmap GIN delivers a word
      only if every receiver has a place for it.
    - A PE takes a psum only when all else that its first column needs is there: filter words, pixels and, if the window
      has but that column, room above. So nothing lies between the taking of a psum and the first multiplications.
    - Psums pass through every FIFO in the one order that all PEs of a stack keep: window by window, filter by filter.
      No tag travels with them, and a count of those that have passed says which one comes next.

    Examples
    --------
    One PE with a 1x1 filter of value 5. Filter and first pixel arrive in cycle 0, the MACs take cycles 1 to 4, the last
    psum leaves the pipeline of three stages in cycle 7, and the pass has taken 8 cycles.

    >>> psums = np.zeros((1, 1, 1, 4), np.int64)
    >>> geometry = Geometry(np.array([1]), np.array([1]), 1, 1, 1, 4, True, False, False)
    >>> ports = Ports(gin_filter=4, gin_ifmap=1, gin_psum=4, gon=4, ifmap_fifo=48, psum_fifo=24, stages=3)
    >>> sizes = (2, 8), STUCK + 1, (1, 4), 4, 4
    >>> outcome = Outcome(*(np.zeros(size, np.int64) for size in sizes))
    >>> ifmap, filters = np.array([[[[1, 0, 2, 3]]]], np.int32), np.array([[[[5]]]], np.int32)
    >>> step_pass(ifmap, filters, psums, geometry, ports, outcome)
    >>> psums.ravel().tolist(), int(outcome.events[CYCLES])
    ([5, 0, 10, 15], 8)
    >>> outcome.classes.sum(axis=0)[[COMPUTE, GATED]].tolist()
    [3, 1]
    >>> outcome.last_out_at.tolist()
    [5, 6, 7, 8]
    """
    # records into local names: the loop below reads them millions of times
    set_channels, stack_filters, groups, U, V, windows, loads_filters, reads_psums, one_psum_bank = geometry[:9]
    filter_zeros_spare, skip = geometry.filter_zeros_spare, geometry.skip
    gin_filter, gin_ifmap, gin_psum, gon, ifmap_fifo, psum_fifo, stages = ports
    classes, events, ifmap_read_at, first_out_at, last_out_at = outcome
    images, _, strip_rows, width = ifmap.shape
    R, S = filters.shape[2], filters.shape[3]
    pe_columns = psums.shape[2]
    n_sets, n_stacks = set_channels.size, stack_filters.size
    height = n_sets * R
    rows = n_stacks * height
    n_windows = images * windows
    # the stacks of a group read its channels, and those of others do not
    group_stacks, group_channels = n_stacks // groups, set_channels.sum()
    # ifmap columns that a PE holds room for: its window and, where the stride is larger, the gap before the next one
    reach = max(S, V)

    set_start, stack_start = _starts(set_channels), _starts(stack_filters)
    most_filters, most_channels = stack_filters.max(), set_channels.max()
    stack_of, position_of, set_of, filter_row_of = _places(n_stacks, n_sets, R)
    n_targets, target_i, target_k = _targets(strip_rows, R, U, pe_columns)

    # ---- Register files.
    # The ifmap RF and its FIFO are one ring of the last pixels that arrived, of which a PE works on the window that
    # begins at pixel base * Cc. Each pixel is written twice, a ring's length apart, so that any window is contiguous.
    ring = reach * most_channels + ifmap_fifo
    ifmap_rf = np.zeros((rows, pe_columns, 2 * ring), np.int32)
    # by filter, column, channel, as the pixels of a window lie in the ring: a psum is one dot product of two slices
    filter_rf = np.zeros((rows, most_filters * most_channels * S), np.int32)
    # words of filters that a row's PEs have, all columns alike: the filter GIN multicasts to whole rows
    filters_held = np.zeros(rows, np.int64)
    # a psum as it entered the PE; the window's products are added when it is handed on
    psum_rf = np.zeros((rows, pe_columns, most_filters), np.int64)
    # words of each ifmap row that have arrived, at every PE they go to: a multicast reaches all or none
    arrived = np.zeros((groups, n_sets, strip_rows), np.int64)

    # ---- Where each PE is in its loops, outermost first: window (image, column), column of the window (part), filter.
    # base is the ifmap column at which its window begins, counted through all images, which follow without a gap.
    image = np.zeros((rows, pe_columns), np.int64)
    column = np.zeros((rows, pe_columns), np.int64)
    base = np.zeros((rows, pe_columns), np.int64)
    part = np.zeros((rows, pe_columns), np.int64)
    filter_ = np.zeros((rows, pe_columns), np.int64)
    # psums that it has started, wherever they came from: 0 until its first MAC, and in the bottom row the number of
    # those that have left the FIFO behind the psum GIN
    taken_psums = np.zeros((rows, pe_columns), np.int64)
    # the cycle at which its multiplications of this filter and column are through
    busy_until = np.zeros((rows, pe_columns), np.int64)
    # pixels of each column of its window that do not gate, counted at the first filter and kept for the others
    nonzero = np.zeros((rows, pe_columns, S), np.int64)
    # MACs that were done for each psum of the window so far
    done_for = np.zeros((rows, pe_columns, most_filters), np.int64)
    # its last multiplication is through; per row, how many PEs are so far
    finished = np.zeros((rows, pe_columns), np.bool_)
    finished_in = np.zeros(rows, np.int64)
    # a row whose PEs all are at their channels, or finished, needs no look before the first is through with them
    wakes_at = np.zeros(rows, np.int64)
    unfinished = rows * pe_columns

    # ---- Psums between PEs and at the networks.
    # On their way up: the FIFO of PE (row, k) holds what goes to the PE above, or to the GON from the top. A psum takes
    # its place when its last multiplications start, and can be taken out from cycle fifo_ready on.
    fifo_value = np.zeros((rows, pe_columns, psum_fifo), np.int64)
    fifo_ready = np.zeros((rows, pe_columns, psum_fifo), np.int64)
    fifo_head = np.zeros((rows, pe_columns), np.int64)
    fifo_size = np.zeros((rows, pe_columns), np.int64)
    # psums that the top PE of (stack, column) has sent: they leave in order, window by window, filter by filter
    out_psum = np.zeros((n_stacks, pe_columns), np.int64)
    # psums on their way in, at the bottom: the last that arrived, and how many have arrived in all
    in_value = np.zeros((n_stacks, pe_columns, psum_fifo), np.int64)
    in_arrived = np.zeros((n_stacks, pe_columns), np.int64)
    # a FIFO that is shallower than the network is wide takes what it can hold
    at_a_time = min(gin_psum, psum_fifo)
    # psums that each window still lacks in the GLB
    out_left = np.zeros(n_windows, np.int64)
    for w in range(n_windows):
        out_left[w] = stack_start[n_stacks] * pe_columns
        first_out_at[w] = -1
    # psums in the FIFOs of all top PEs: without any, the GON need not look
    out_waiting = 0
    # the GON's round robin: who is asked first
    grant_t, grant_k = 0, 0

    # ---- Positions of the three streams.
    # The filter GIN's (stack, row in it), the ifmap GIN's (image, column, set, row, group, channel), the psum GIN's
    # (window, filter, stack, column). Each is open until its last word is delivered. Rows and sets are counted down,
    # since psums start at the bottom, and PEs above have to wait for them anyway.
    fs_open, fs_t, fs_row = loads_filters, 0, height - 1
    if not loads_filters:
        for a in range(rows):
            filters_held[a] = stack_filters[a // height] * set_channels[a % height // R] * S
        _place_filters(filter_rf, filters, set_start, stack_start, height)
    is_open, is_n, is_px, is_c, is_r, is_g, is_q = True, 0, 0, n_sets - 1, strip_rows - 1, 0, 0
    ps_open, ps_w, ps_p, ps_t, ps_k = reads_psums, 0, 0, 0, 0

    cycle = 0
    last_progress = 0
    # Filters and psums that have yet to come keep some PE unfinished. Pixels need not: those behind the last window are
    # ones that no PE waits for, but they cross the GIN as part of their tile.
    while unfinished > 0 or out_waiting > 0 or is_open:
        # ---- GON: one top PE, up to the width. A single bank has one port: when the GON has it, the psum GIN waits.
        # It comes first in a cycle, and the top PEs can use the room that it makes at once.
        psum_port_taken = False
        if out_waiting > 0:
            t, k = grant_t, grant_k
            for _ in range(n_stacks * pe_columns):
                a = t * height
                taken = 0
                while taken < gon and fifo_size[a, k] > 0 and fifo_ready[a, k, fifo_head[a, k]] <= cycle:
                    # which psum this is follows from how many have left this PE before it
                    w = out_psum[t, k] // stack_filters[t]
                    p = out_psum[t, k] - w * stack_filters[t]
                    psums[w // windows, stack_start[t] + p, k, w % windows] = fifo_value[a, k, fifo_head[a, k]]
                    fifo_head[a, k] = _next(fifo_head[a, k], psum_fifo)
                    fifo_size[a, k] -= 1
                    out_psum[t, k] += 1
                    out_waiting -= 1
                    taken += 1
                    if first_out_at[w] < 0:
                        first_out_at[w] = cycle
                    out_left[w] -= 1
                    if out_left[w] == 0:
                        last_out_at[w] = cycle + 1
                # the next PE is asked now if this one had nothing ready, else first in the next cycle
                k = _next(k, pe_columns)
                if k == 0:
                    t = _next(t, n_stacks)
                if taken > 0:
                    events[GLB_PSUM_WRITES] += taken
                    grant_t, grant_k = t, k
                    psum_port_taken = one_psum_bank
                    last_progress = cycle
                    break

        # ---- PEs, top first: a PE takes its psum before the one below, whose FIFO has held it, looks for room
        for a in range(rows):
            # All of the row's PEs are at multiplications that were counted when they began, or have finished; only the
            # waits of the latter are left to count.
            if wakes_at[a] > cycle:
                classes[STARTED, PASS_END] += finished_in[a]
                continue
            # each PE that still has work brings this forward: to the next cycle if it waits, else to when it is free
            wakes_at[a] = NEVER
            t, c, i = stack_of[a], set_of[a], filter_row_of[a]
            top = position_of[a] == 0
            bottom = position_of[a] == height - 1
            Cc = set_channels[c]
            length = Cc * S
            P = stack_filters[t]
            for k in range(pe_columns):
                if finished[a, k]:
                    classes[STARTED, PASS_END] += 1
                    continue
                if busy_until[a, k] > cycle:
                    wakes_at[a] = min(wakes_at[a], busy_until[a, k])
                    continue
                # through with the last window of the last image, and with the multiplications of it
                if image[a, k] == images:
                    finished[a, k] = True
                    finished_in[a] += 1
                    unfinished -= 1
                    classes[STARTED, PASS_END] += 1
                    if states is not None:
                        states[cycle:, a, k] = PASS_END
                    continue
                while True:
                    # What its next visit needs, in the order in which waits are blamed: filter words, pixels, room
                    # above, a psum. The psum is last, since looking for it takes it away.
                    x, p = part[a, k], filter_[a, k]
                    first, last = x == 0, x == S - 1
                    since = STARTED if taken_psums[a, k] > 0 else RAMP_UP
                    # filter words arrive by column, filter, channel: the order in which the loops use them
                    if filters_held[a] < (x * P + p + 1) * Cc:
                        classes[since, FILTER_LOAD] += 1
                        if states is not None:
                            states[cycle, a, k] = FILTER_LOAD
                        wakes_at[a] = cycle + 1
                        break
                    # pixels arrive by column and channel: all of the window's up to and with column x
                    if arrived[t // group_stacks, c, U * k + i] < (base[a, k] + x + 1) * Cc:
                        classes[since, IFMAP_FILL] += 1
                        if states is not None:
                            states[cycle, a, k] = IFMAP_FILL
                        wakes_at[a] = cycle + 1
                        break
                    # only the last column hands a psum on: without room for it, it may not begin
                    if last and fifo_size[a, k] == psum_fifo:
                        classes[since, PSUM_OUT] += 1
                        if states is not None:
                            states[cycle, a, k] = PSUM_OUT
                        wakes_at[a] = cycle + 1
                        break
                    if first:
                        # from the PE below, if it is through that one's pipeline
                        if not bottom:
                            below = a + 1
                            if fifo_size[below, k] == 0 or fifo_ready[below, k, fifo_head[below, k]] > cycle:
                                classes[since, PSUM_IN] += 1
                                if states is not None:
                                    states[cycle, a, k] = PSUM_IN
                                wakes_at[a] = cycle + 1
                                break
                            psum_rf[a, k, p] = fifo_value[below, k, fifo_head[below, k]]
                            fifo_head[below, k] = _next(fifo_head[below, k], psum_fifo)
                            fifo_size[below, k] -= 1
                            events[INTER_PE_PSUMS] += 1
                        # from the GLB, if earlier channels have left one there
                        elif reads_psums:
                            if in_arrived[t, k] <= taken_psums[a, k]:
                                classes[since, PSUM_IN] += 1
                                if states is not None:
                                    states[cycle, a, k] = PSUM_IN
                                wakes_at[a] = cycle + 1
                                break
                            psum_rf[a, k, p] = in_value[t, k, taken_psums[a, k] % psum_fifo]
                        else:
                            psum_rf[a, k, p] = 0
                        taken_psums[a, k] += 1
                    # It works: multiplications that nothing can stop, so that they are counted at once. The pass does
                    # not end before they are through, since until then the PE is not finished.
                    at = base[a, k] * Cc % ring
                    # a zero pixel spares the MACs of all filters alike
                    if p == 0:
                        nonzero[a, k, x] = np.count_nonzero(ifmap_rf[a, k, at + x * Cc : at + (x + 1) * Cc])
                    alive = nonzero[a, k, x]
                    done = alive
                    # a zero filter word, where the PE looks at it, those of its filter
                    if filter_zeros_spare:
                        done = 0
                        of_filter = (p * S + x) * Cc
                        for q in range(Cc):
                            done += ifmap_rf[a, k, at + x * Cc + q] != 0 and filter_rf[a, of_filter + q] != 0
                    # what takes a cycle: all, those with a pixel, or those that are done
                    takes = Cc
                    if skip == SKIP_IFMAP:
                        takes = alive
                    elif skip == SKIP_BOTH:
                        takes = done
                    classes[STARTED, COMPUTE] += done
                    classes[STARTED, GATED] += takes - done
                    events[MACS_SKIPPED] += Cc - takes
                    events[MACS_OF_PIXELS] += alive
                    if first:
                        done_for[a, k, p] = 0
                    done_for[a, k, p] += done
                    # taking a psum and handing it on takes a cycle, too, if no MAC does
                    if takes == 0 and (first or last):
                        classes[STARTED, PSUM_PASS] += 1
                        takes = 1
                    if states is not None and takes > 0:
                        of_pixels, of_words = at + x * Cc, (p * S + x) * Cc
                        _write_visit(
                            states[cycle:, a, k],
                            ifmap_rf[a, k, of_pixels : of_pixels + Cc],
                            filter_rf[a, of_words : of_words + Cc],
                            filter_zeros_spare,
                            skip,
                        )
                    last_progress = cycle
                    if last:
                        # The window's sum is done here in one go: all its pixels and filter words are there. It leaves
                        # the pipeline `stages` cycles after the last multiplication has begun.
                        total = psum_rf[a, k, p]
                        for m in range(length):
                            total += np.int64(ifmap_rf[a, k, at + m]) * np.int64(filter_rf[a, p * length + m])
                        slot = fifo_head[a, k] + fifo_size[a, k]
                        if slot >= psum_fifo:
                            slot -= psum_fifo
                        fifo_value[a, k, slot] = total
                        fifo_ready[a, k, slot] = cycle + takes - 1 + stages
                        fifo_size[a, k] += 1
                        events[RF_PSUM_DRAINS] += 1
                        # the first MAC took the psum from below, and did not read it from the RF; in a window without
                        # any there is none, and at the bottom the start value lies in the RF
                        if not bottom and done_for[a, k, p] > 0:
                            events[PSUM_TAKES] += 1
                        if top:
                            out_waiting += 1
                    # next: the next filter, column, window, image
                    filter_[a, k] += 1
                    if filter_[a, k] == P:
                        filter_[a, k] = 0
                        part[a, k] += 1
                        if last:
                            part[a, k] = 0
                            column[a, k] += 1
                            # pixels before it may be overwritten from now on: the window's sum has been taken
                            base[a, k] += V
                            if column[a, k] == windows:
                                column[a, k] = 0
                                image[a, k] += 1
                                # past the columns behind the last window, too
                                base[a, k] = image[a, k] * width
                    # a visit without a cycle passes in this one
                    if takes > 0:
                        busy_until[a, k] = cycle + takes
                        wakes_at[a] = min(wakes_at[a], cycle + takes)
                        break

        # ---- Filter GIN: words in the order of their use, to the PEs of one row of the array; the bottom rows come
        # first. It never waits for a receiver: the RFs have room for all filters of the pass.
        if fs_open:
            a = fs_t * height + fs_row
            c = fs_row // R
            Cc = set_channels[c]
            P = stack_filters[fs_t]
            words = min(gin_filter, P * Cc * S - filters_held[a])
            for m in range(filters_held[a], filters_held[a] + words):
                x, p, q = m // (P * Cc), m // Cc % P, m % Cc
                filter_rf[a, (p * S + x) * Cc + q] = filters[stack_start[fs_t] + p, set_start[c] + q, fs_row % R, x]
            events[GLB_FILTER_READS] += words
            events[RF_FILTER_FILLS] += words * pe_columns
            filters_held[a] += words
            last_progress = cycle
            # next: the same row of the next stack that lacks words, so that stacks start together; then the row above
            for _ in range(n_stacks):
                fs_t = _next(fs_t, n_stacks)
                if filters_held[fs_t * height + fs_row] < stack_filters[fs_t] * Cc * S:
                    break
            if filters_held[fs_t * height + fs_row] == stack_filters[fs_t] * Cc * S:
                fs_t = 0
                fs_row -= 1
                if fs_row < 0:
                    fs_open = False
                    events[FILTERS_LOADED_AT] = cycle + 1

        # ---- Ifmap GIN: channels of one pixel of one row, along the diagonals of the set in every stack of a group;
        # the bottom comes first, and groups take turns. All sets and rows get a column before any gets the next, and a
        # row without receivers has its turn, too.
        if is_open:
            Cc = set_channels[is_c]
            words = min(gin_ifmap, Cc - is_q)
            # position of the first of these words in the stream of pixels that each receiver sees
            value = (is_n * width + is_px) * Cc + is_q
            # the slowest receiver holds all of them up: its ring has room for what it still needs, and its FIFO
            free = True
            for j in range(n_targets[is_r]):
                i, k = target_i[is_r, j], target_k[is_r, j]
                for t in range(is_g * group_stacks, (is_g + 1) * group_stacks):
                    a = t * height + is_c * R + i
                    if value + words > (base[a, k] + reach) * Cc + ifmap_fifo:
                        free = False
            # all receivers or none: that is why one count of arrived words serves them all
            if free:
                for j in range(n_targets[is_r]):
                    i, k = target_i[is_r, j], target_k[is_r, j]
                    for t in range(is_g * group_stacks, (is_g + 1) * group_stacks):
                        a = t * height + is_c * R + i
                        for q in range(words):
                            slot = (value + q) % ring
                            word = ifmap[is_n, is_g * group_channels + set_start[is_c] + is_q + q, is_r, is_px]
                            ifmap_rf[a, k, slot] = word
                            ifmap_rf[a, k, slot + ring] = word
                events[GLB_IFMAP_READS] += words
                events[RF_IFMAP_FILLS] += words * n_targets[is_r] * group_stacks
                arrived[is_g, is_c, is_r] += words
                last_progress = cycle
                # next: channels, groups, rows and sets from the bottom up, columns, images
                is_q += words
                if is_q == Cc:
                    is_q = 0
                    is_g = _next(is_g, groups)
                    if is_g == 0:
                        is_r -= 1
                    if is_r < 0:
                        is_r = strip_rows - 1
                        is_c -= 1
                        if is_c < 0:
                            is_c = n_sets - 1
                            # the column's last word has left the GLB
                            ifmap_read_at[is_n, is_px] = cycle + 1
                            is_px += 1
                            if is_px == width:
                                is_px = 0
                                is_n += 1
                                if is_n == images:
                                    is_open = False

        # ---- Psum GIN: psums of one window for neighbouring filters, to one bottom PE, if its FIFO has room for all of
        # them. A psum is read here before the pass can write its new value, which has yet to climb the stack.
        if ps_open and not psum_port_taken:
            a = ps_t * height + height - 1
            # none or less where this stack has fewer filters than the largest: its turn passes empty
            words = min(at_a_time, stack_filters[ps_t] - ps_p)
            if words <= 0 or in_arrived[ps_t, ps_k] + words <= taken_psums[a, ps_k] + psum_fifo:
                for p in range(ps_p, ps_p + words):
                    in_value[ps_t, ps_k, in_arrived[ps_t, ps_k] % psum_fifo] = psums[
                        ps_w // windows, stack_start[ps_t] + p, ps_k, ps_w % windows
                    ]
                    in_arrived[ps_t, ps_k] += 1
                    events[GLB_PSUM_READS] += 1
                    events[RF_PSUM_FILLS] += 1
                last_progress = cycle
                # next: all bottom PEs for these filters, then the next filters, then the next window
                ps_k += 1
                if ps_k == pe_columns:
                    ps_k = 0
                    ps_t += 1
                    if ps_t == n_stacks:
                        ps_t = 0
                        ps_p += at_a_time
                        if ps_p >= most_filters:
                            ps_p = 0
                            ps_w += 1
                            if ps_w == n_windows:
                                ps_open = False

        # An array in which all wait for each other would do so for ever; the caller makes an error of it. In one that
        # is alive, no more than a PE's multiplications and the pipeline lie between two cycles with progress.
        cycle += 1
        if cycle - last_progress > STUCK_AFTER + most_channels * S + stages:
            events[STUCK] = 1
            break

    events[CYCLES] = cycle
