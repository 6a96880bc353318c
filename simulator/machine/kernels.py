"""One pass of the PE array, stepped cycle by cycle.

Everything here is Numba: plain arrays and integers in, counters out; :mod:`simulator.machine.pe_array` is its face.

What a cycle is. First the GON takes up to its width from one top PE, round robin. Then the PEs work, those nearer the
top first, so that what a PE hands on is seen above it one cycle later at the earliest. Last, each GIN delivers up to
its width to the PEs that its tag names, if all of them can take it. The three GINs are in-order streams.

A PE interleaves filters and channels: for one column of the window (n, x) it multiplies the C_c pixels of it with one
filter's words, one a cycle, then with the next filter's, for all P of them; then comes the next of the S columns. At
the first column each filter needs its psum: from the PE below, or, in the bottom PE, from the GLB; after the last one
each hands its psum on, if there is room above. Nothing can stop the C_c multiplications once pixels, filter words and
psum are there, so these are taken in one stride. A psum's arithmetic is done when it is handed on. Because zeros only
gate, never skip, timing does not depend on values.

Why one long function: its state is arrays, and handing them to a function for each part of a cycle made the kernel 1.7
to 2.7 times slower, and its compilation longer.

Words used below. A *row* ``a`` is a row of PEs of the array, ``k`` a column: PE (a, k). A *stack* ``t`` is ``height``
rows that hand psums up; position 0 is its top. A row belongs to a *set* ``c`` of the stack, which has channels of its
own, and holds filter row ``i``. ``w`` is a window of the pass (image, ofmap column), ``x`` a column of it, ``p`` a
filter of the stack, ``q`` a channel of the set.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from traces.compiled import njit

COMPUTE, GATED, FILTER_LOAD, IFMAP_FILL, PSUM_IN, PSUM_OUT, PASS_END = range(7)
"""Classes of the cycles of a PE at work; the rest of the array is idle."""

RAMP_UP, STARTED = range(2)
"""Rows of the kernel's classes: before a PE's first MAC of the pass, and from then on."""

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
    STUCK,
) = range(13)
"""Positions in the kernel's vector of events."""


class Geometry(NamedTuple):
    """How a pass lies on the array; see :class:`simulator.machine.geometry.PassShape`."""

    set_channels: NDArray[np.int64]
    stack_filters: NDArray[np.int64]
    stride: int
    windows: int
    loads_filters: bool
    reads_psums: bool
    one_psum_bank: bool


class Ports(NamedTuple):
    """Words a cycle of the networks, words of the FIFOs, stages of a PE's pipeline."""

    gin_filter: int
    gin_ifmap: int
    gin_psum: int
    gon: int
    ifmap_fifo: int
    psum_fifo: int
    stages: int


class Outcome(NamedTuple):
    """What a pass fills in.

    classes        (2, 7): PE-cycles by phase (RAMP_UP, STARTED) and class
    events         (STUCK + 1): see the positions above
    ifmap_read_at  (images, width): cycle after which the GLB need not hold that column of the strip
    first_out_at, last_out_at  (images * windows): cycle of a window's first psum at the GLB, and after its last
    """

    classes: NDArray[np.int64]
    events: NDArray[np.int64]
    ifmap_read_at: NDArray[np.int64]
    first_out_at: NDArray[np.int64]
    last_out_at: NDArray[np.int64]


NEVER = np.iinfo(np.int64).max

STUCK_AFTER = 100_000
"""Cycles without any progress, beyond a window's column and the pipeline, after which the kernel gives up."""


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
    """PEs that each ifmap row of a strip goes to: row r feeds filter row i in column (r - i) / U."""
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
    """Put into the filter RFs what an earlier pass loaded: by filter, column, channel."""
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
def step_pass(ifmap, filters, psums, geometry, ports, outcome):
    """Run one pass to its end.

    Parameters
    ----------
    ifmap : (images, channels, strip rows, width), int32
    filters : (filters, channels, R, S), int32
    psums : (images, filters, pe_columns, windows), int64
        What the GLB holds before the pass (read if ``geometry.reads_psums``), and after it; changed in place.
    geometry : Geometry
        How the pass lies on the array.
    ports : Ports
        How fast words come in and go out.
    outcome : Outcome
        Filled with what happened.
    """
    # records into local names: the loop below reads them millions of times
    set_channels, stack_filters, U, windows, loads_filters, reads_psums, one_psum_bank = geometry
    gin_filter, gin_ifmap, gin_psum, gon, ifmap_fifo, psum_fifo, stages = ports
    classes, events, ifmap_read_at, first_out_at, last_out_at = outcome
    images, _, strip_rows, width = ifmap.shape
    R, S = filters.shape[2], filters.shape[3]
    pe_columns = psums.shape[2]
    n_sets, n_stacks = set_channels.size, stack_filters.size
    height = n_sets * R
    rows = n_stacks * height
    n_windows = images * windows
    reach = max(S, U)

    set_start, stack_start = _starts(set_channels), _starts(stack_filters)
    most_filters, most_channels = stack_filters.max(), set_channels.max()
    stack_of, position_of, set_of, filter_row_of = _places(n_stacks, n_sets, R)
    n_targets, target_i, target_k = _targets(strip_rows, R, U, pe_columns)

    # Register files. The ifmap RF and its FIFO are one ring of the last pixels that arrived, of which a PE works on the
    # window that begins at pixel base * Cc; it is written twice, so that any window of it is contiguous.
    ring = reach * most_channels + ifmap_fifo
    ifmap_rf = np.zeros((rows, pe_columns, 2 * ring), np.int32)
    filter_rf = np.zeros((rows, most_filters * most_channels * S), np.int32)
    # words of filters that a row's PEs have, all columns alike: the filter GIN multicasts to whole rows
    filters_held = np.zeros(rows, np.int64)
    psum_rf = np.zeros((rows, pe_columns, most_filters), np.int64)
    # words of each ifmap row that have arrived, at every PE they go to: a multicast reaches all or none
    arrived = np.zeros((n_sets, strip_rows), np.int64)

    # Where each PE is in its loops: window (image, column), column of the window (part), filter. base is the ifmap
    # column at which its window begins, counted through all images.
    image = np.zeros((rows, pe_columns), np.int64)
    column = np.zeros((rows, pe_columns), np.int64)
    base = np.zeros((rows, pe_columns), np.int64)
    part = np.zeros((rows, pe_columns), np.int64)
    filter_ = np.zeros((rows, pe_columns), np.int64)
    taken_psums = np.zeros((rows, pe_columns), np.int64)
    # the cycle at which its multiplications of this filter and column are through
    busy_until = np.zeros((rows, pe_columns), np.int64)
    # pixels of each column of its window that do not gate, counted at the first filter and kept for the others
    nonzero = np.zeros((rows, pe_columns, S), np.int64)
    finished = np.zeros((rows, pe_columns), np.bool_)
    finished_in = np.zeros(rows, np.int64)
    # a row whose PEs all are at their channels, or finished, needs no look before the first is through with them
    wakes_at = np.zeros(rows, np.int64)
    unfinished = rows * pe_columns

    # psums on their way up: FIFO of PE (row, k) holds what goes to the PE above, or to the GON from the top
    fifo_value = np.zeros((rows, pe_columns, psum_fifo), np.int64)
    fifo_ready = np.zeros((rows, pe_columns, psum_fifo), np.int64)
    fifo_head = np.zeros((rows, pe_columns), np.int64)
    fifo_size = np.zeros((rows, pe_columns), np.int64)
    # psums that the top PE of (stack, column) has sent: they leave in order, window by window, filter by filter
    out_psum = np.zeros((n_stacks, pe_columns), np.int64)
    # psums on their way in, at the bottom
    in_value = np.zeros((n_stacks, pe_columns, psum_fifo), np.int64)
    in_arrived = np.zeros((n_stacks, pe_columns), np.int64)
    # a FIFO that is shallower than the network is wide takes what it can hold
    at_a_time = min(gin_psum, psum_fifo)
    # psums that each window still lacks in the GLB
    out_left = np.zeros(n_windows, np.int64)
    for w in range(n_windows):
        out_left[w] = stack_start[n_stacks] * pe_columns
        first_out_at[w] = -1
    out_waiting = 0
    # the GON's round robin: who is asked first
    grant_t, grant_k = 0, 0

    # Positions of the three streams: the filter GIN's (stack, row in it), the ifmap GIN's (image, column, set, row,
    # channel), the psum GIN's (window, filter, stack, column). Each is open until its last word is delivered.
    fs_open, fs_t, fs_row = loads_filters, 0, height - 1
    if not loads_filters:
        for a in range(rows):
            filters_held[a] = stack_filters[a // height] * set_channels[a % height // R] * S
        _place_filters(filter_rf, filters, set_start, stack_start, height)
    is_open, is_n, is_px, is_c, is_r, is_q = True, 0, 0, n_sets - 1, strip_rows - 1, 0
    ps_open, ps_w, ps_p, ps_t, ps_k = reads_psums, 0, 0, 0, 0

    cycle = 0
    last_progress = 0
    while unfinished > 0 or out_waiting > 0 or is_open:
        # GON: one top PE, up to the width. A single bank has one port: when the GON has it, the psum GIN waits.
        psum_port_taken = False
        if out_waiting > 0:
            t, k = grant_t, grant_k
            for _ in range(n_stacks * pe_columns):
                a = t * height
                taken = 0
                while taken < gon and fifo_size[a, k] > 0 and fifo_ready[a, k, fifo_head[a, k]] <= cycle:
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
                k = _next(k, pe_columns)
                if k == 0:
                    t = _next(t, n_stacks)
                if taken > 0:
                    events[GLB_PSUM_WRITES] += taken
                    grant_t, grant_k = t, k
                    psum_port_taken = one_psum_bank
                    last_progress = cycle
                    break

        # PEs, top first
        for a in range(rows):
            if wakes_at[a] > cycle:
                classes[STARTED, PASS_END] += finished_in[a]
                continue
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
                if image[a, k] == images:
                    finished[a, k] = True
                    finished_in[a] += 1
                    unfinished -= 1
                    classes[STARTED, PASS_END] += 1
                    continue
                # What it needs, in the order in which waits are blamed: filter words, pixels, room above, a psum.
                x, p = part[a, k], filter_[a, k]
                first, last = x == 0, x == S - 1
                since = STARTED if taken_psums[a, k] > 0 else RAMP_UP
                if filters_held[a] < (x * P + p + 1) * Cc:
                    classes[since, FILTER_LOAD] += 1
                    wakes_at[a] = cycle + 1
                    continue
                if arrived[c, U * k + i] < (base[a, k] + x + 1) * Cc:
                    classes[since, IFMAP_FILL] += 1
                    wakes_at[a] = cycle + 1
                    continue
                if last and fifo_size[a, k] == psum_fifo:
                    classes[since, PSUM_OUT] += 1
                    wakes_at[a] = cycle + 1
                    continue
                if first:
                    if not bottom:
                        below = a + 1
                        if fifo_size[below, k] == 0 or fifo_ready[below, k, fifo_head[below, k]] > cycle:
                            classes[since, PSUM_IN] += 1
                            wakes_at[a] = cycle + 1
                            continue
                        psum_rf[a, k, p] = fifo_value[below, k, fifo_head[below, k]]
                        fifo_head[below, k] = _next(fifo_head[below, k], psum_fifo)
                        fifo_size[below, k] -= 1
                        events[INTER_PE_PSUMS] += 1
                    elif reads_psums:
                        if in_arrived[t, k] <= taken_psums[a, k]:
                            classes[since, PSUM_IN] += 1
                            wakes_at[a] = cycle + 1
                            continue
                        psum_rf[a, k, p] = in_value[t, k, taken_psums[a, k] % psum_fifo]
                    else:
                        psum_rf[a, k, p] = 0
                    taken_psums[a, k] += 1
                # It works: Cc multiplications, which nothing can stop, so that they are counted at once.
                at = base[a, k] * Cc % ring
                if p == 0:
                    nonzero[a, k, x] = np.count_nonzero(ifmap_rf[a, k, at + x * Cc : at + (x + 1) * Cc])
                classes[STARTED, COMPUTE] += nonzero[a, k, x]
                classes[STARTED, GATED] += Cc - nonzero[a, k, x]
                busy_until[a, k] = cycle + Cc
                wakes_at[a] = min(wakes_at[a], cycle + Cc)
                last_progress = cycle
                if last:
                    # the window's sum is done here in one go, and leaves the pipeline `stages` later
                    total = psum_rf[a, k, p]
                    for m in range(length):
                        total += np.int64(ifmap_rf[a, k, at + m]) * np.int64(filter_rf[a, p * length + m])
                    slot = fifo_head[a, k] + fifo_size[a, k]
                    if slot >= psum_fifo:
                        slot -= psum_fifo
                    fifo_value[a, k, slot] = total
                    fifo_ready[a, k, slot] = cycle + Cc - 1 + stages
                    fifo_size[a, k] += 1
                    events[RF_PSUM_DRAINS] += 1
                    if not bottom and nonzero[a, k].any():
                        events[PSUM_TAKES] += 1
                    if top:
                        out_waiting += 1
                # next: the next filter, column, window
                filter_[a, k] += 1
                if filter_[a, k] == P:
                    filter_[a, k] = 0
                    part[a, k] += 1
                    if last:
                        part[a, k] = 0
                        column[a, k] += 1
                        base[a, k] += U
                        if column[a, k] == windows:
                            column[a, k] = 0
                            image[a, k] += 1
                            base[a, k] = image[a, k] * width

        # filter GIN: words in the order of their use, to the PEs of one row of the array; the bottom rows come first
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
            # next: the same row of the next stack that lacks words, then the row above
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

        # ifmap GIN: channels of one pixel of one row, along the diagonals of every stack's set; the bottom comes first
        if is_open:
            Cc = set_channels[is_c]
            words = min(gin_ifmap, Cc - is_q)
            value = (is_n * width + is_px) * Cc + is_q
            # the slowest receiver holds all of them up: its ring has room for what it still needs, and its FIFO
            free = True
            for j in range(n_targets[is_r]):
                i, k = target_i[is_r, j], target_k[is_r, j]
                for t in range(n_stacks):
                    a = t * height + is_c * R + i
                    if value + words > (base[a, k] + reach) * Cc + ifmap_fifo:
                        free = False
            if free:
                for j in range(n_targets[is_r]):
                    i, k = target_i[is_r, j], target_k[is_r, j]
                    for t in range(n_stacks):
                        a = t * height + is_c * R + i
                        for q in range(words):
                            slot = (value + q) % ring
                            word = ifmap[is_n, set_start[is_c] + is_q + q, is_r, is_px]
                            ifmap_rf[a, k, slot] = word
                            ifmap_rf[a, k, slot + ring] = word
                events[GLB_IFMAP_READS] += words
                events[RF_IFMAP_FILLS] += words * n_targets[is_r] * n_stacks
                arrived[is_c, is_r] += words
                last_progress = cycle
                is_q += words
                if is_q == Cc:
                    is_q = 0
                    is_r -= 1
                    if is_r < 0:
                        is_r = strip_rows - 1
                        is_c -= 1
                        if is_c < 0:
                            is_c = n_sets - 1
                            ifmap_read_at[is_n, is_px] = cycle + 1
                            is_px += 1
                            if is_px == width:
                                is_px = 0
                                is_n += 1
                                if is_n == images:
                                    is_open = False

        # psum GIN: psums of one window for neighbouring filters, to one bottom PE
        if ps_open and not psum_port_taken:
            a = ps_t * height + height - 1
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

        cycle += 1
        if cycle - last_progress > STUCK_AFTER + most_channels * S + stages:
            events[STUCK] = 1
            break

    events[CYCLES] = cycle
