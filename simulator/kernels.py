"""One pass of the PE array, stepped cycle by cycle.

Everything here is Numba: plain arrays and integers in, counters out. :mod:`simulator.pe_array` is the face of it.

What a cycle is. First the GON takes up to its width from one top PE, round robin. Then the PEs work, those nearer the
top first, so that what a PE hands on is seen above it one cycle later at the earliest. Last, each GIN delivers up to
its width to the PEs that its tag names, if all of them can take it. The three GINs are in-order streams.

A PE works on *blocks*: the C_c*S multiplications of one window (n, x) with one filter p, one a cycle. When all its
inputs are there it starts; from then on nothing can stop it before the block's end, so the block's arithmetic is done
at its start, and its position counts on cycle by cycle. A block needs its filter row, the window's pixels in the
ifmap RF and its psum: from the PE below, or, in the bottom PE, from its psum RF. Because zeros only gate, never skip,
timing does not depend on values.

Why one long function: its state is arrays, and handing them to a function for each part of a cycle, or keeping them in
records, made the kernel slower and its compilation longer.
"""

import numba
import numpy as np

COMPUTE, GATED, FILTER_LOAD, IFMAP_FILL, PSUM_IN, PSUM_OUT, PASS_END = range(7)
"""Classes of the cycles of a PE at work; the rest of the array is idle."""

RAMP_UP, STARTED = range(2)
"""Rows of the kernel's classes: before a PE's first block of the pass, and from then on."""

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


NEVER = np.iinfo(np.int64).max

STUCK_AFTER = 100_000
"""Cycles without any progress, beyond a block and the pipeline, after which the kernel gives up."""


@numba.njit(cache=True, error_model="numpy")
def _next(position, size):
    """The position after that one in a ring, without a division."""
    return position + 1 if position + 1 < size else 0


@numba.njit(cache=True, error_model="numpy")
def _starts(sizes):
    """Where each part begins, and behind the last one the end."""
    starts = np.zeros(sizes.size + 1, np.int64)
    for part in range(sizes.size):
        starts[part + 1] = starts[part] + sizes[part]
    return starts


@numba.njit(cache=True, error_model="numpy")
def _places(n_groups, n_sets, R):
    """Group, position in the stack (0 is the top), set and filter row of each row of PEs."""
    rows = np.arange(n_groups * n_sets * R)
    position = rows % (n_sets * R)
    return rows // (n_sets * R), position, position // R, position % R


@numba.njit(cache=True, error_model="numpy")
def _targets(strip_rows, R, U, columns):
    """PEs that each ifmap row of a strip goes to: row r feeds filter row i in column (r - i) / U."""
    count = np.zeros(strip_rows, np.int64)
    filter_row = np.zeros((strip_rows, R), np.int64)
    column = np.zeros((strip_rows, R), np.int64)
    for r in range(strip_rows):
        for i in range(R):
            if r >= i and (r - i) % U == 0 and (r - i) // U < columns:
                filter_row[r, count[r]] = i
                column[r, count[r]] = (r - i) // U
                count[r] += 1
    return count, filter_row, column


@numba.njit(cache=True, error_model="numpy")
def _place_filters(filter_rf, filters, set_start, group_start, height):
    """Put into the filter RFs what an earlier pass loaded: order (filter, column, channel), as the GIN brings it."""
    R, S = filters.shape[2], filters.shape[3]
    for a in range(filter_rf.shape[0]):
        t, c, i = a // height, a % height // R, a % R
        m = 0
        for p in range(group_start[t], group_start[t + 1]):
            for s in range(S):
                for q in range(set_start[c], set_start[c + 1]):
                    filter_rf[a, m] = filters[p, q, i, s]
                    m += 1


@numba.njit(cache=True, error_model="numpy")
def step_pass(
    ifmap,
    filters,
    psums,
    set_channels,
    group_filters,
    stride,
    windows,
    loads_filters,
    reads_psums,
    one_psum_bank,
    gin_filter,
    gin_ifmap,
    gin_psum,
    gon,
    ifmap_fifo,
    psum_fifo,
    psum_rf,
    stages,
    classes,
    events,
    ifmap_read_at,
    first_out_at,
    last_out_at,
):
    """Run one pass to its end; see :meth:`simulator.pe_array.PEArray.run` for what the arguments are.

    ``psums`` is read and written in place; ``classes``, ``events``, ``ifmap_read_at`` (per image and ifmap
    column), ``first_out_at`` and ``last_out_at`` (per window) are filled.
    """
    images, _, strip_rows, width = ifmap.shape
    R, S = filters.shape[2], filters.shape[3]
    columns = psums.shape[2]
    n_sets, n_groups = set_channels.size, group_filters.size
    U = stride
    height = n_sets * R
    rows = n_groups * height
    n_windows = images * windows
    reach = max(S, U)

    set_start, group_start = _starts(set_channels), _starts(group_filters)
    most_filters, most_channels = group_filters.max(), set_channels.max()
    group_of, position_of, set_of, filter_row_of = _places(n_groups, n_sets, R)
    n_targets, target_i, target_k = _targets(strip_rows, R, U, columns)

    # register files; the ifmap ring is written twice, so that any window of it is contiguous
    ring = reach * most_channels + ifmap_fifo
    ifmap_rf = np.zeros((rows, columns, 2 * ring), np.int32)
    filter_rf = np.zeros((rows, most_filters * most_channels * S), np.int32)
    filters_held = np.zeros(rows, np.int64)
    psum_rf_value = np.zeros((n_groups, columns, psum_rf), np.int64)
    psum_rf_filled = np.zeros((n_groups, columns), np.int64)
    arrived = np.zeros((n_sets, strip_rows), np.int64)

    # loop position of each PE
    image = np.zeros((rows, columns), np.int64)
    column = np.zeros((rows, columns), np.int64)
    filter_ = np.zeros((rows, columns), np.int64)
    base = np.zeros((rows, columns), np.int64)
    window_at = np.zeros((rows, columns), np.int64)
    blocks = np.zeros((rows, columns), np.int64)
    busy_until = np.zeros((rows, columns), np.int64)
    in_hand = np.zeros((rows, columns), np.bool_)
    psum = np.zeros((rows, columns), np.int64)
    nonzero = np.zeros((rows, columns), np.int64)
    finished = np.zeros((rows, columns), np.bool_)
    finished_in = np.zeros(rows, np.int64)
    # a row whose PEs all are within a block, or finished, needs no look before the first block ends
    wakes_at = np.zeros(rows, np.int64)
    unfinished = rows * columns

    # psums on their way up: FIFO of PE (row, k) holds what goes to the PE above, or to the GON from the top
    fifo_value = np.zeros((rows, columns, psum_fifo), np.int64)
    fifo_ready = np.zeros((rows, columns, psum_fifo), np.int64)
    fifo_head = np.zeros((rows, columns), np.int64)
    fifo_size = np.zeros((rows, columns), np.int64)
    out_block = np.zeros((n_groups, columns), np.int64)
    out_left = np.zeros(n_windows, np.int64)
    for w in range(n_windows):
        out_left[w] = group_start[n_groups] * columns
        first_out_at[w] = -1
    out_waiting = 0
    grant_t, grant_k = 0, 0

    # positions of the three streams
    fs_open, fs_p, fs_t, fs_row, fs_m = loads_filters, 0, 0, height - 1, 0
    if not loads_filters:
        for a in range(rows):
            filters_held[a] = group_filters[a // height]
        _place_filters(filter_rf, filters, set_start, group_start, height)
    is_open, is_n, is_px, is_c, is_r, is_q = True, 0, 0, 0, 0, 0
    ps_open, ps_w, ps_p, ps_t, ps_k = reads_psums, 0, 0, 0, 0

    cycle = 0
    last_progress = 0
    while unfinished > 0 or out_waiting > 0 or is_open:
        # GON: one top PE, up to the width
        psum_port_taken = False
        if out_waiting > 0:
            t, k = grant_t, grant_k
            for _ in range(n_groups * columns):
                a = t * height
                taken = 0
                while taken < gon and fifo_size[a, k] > 0 and fifo_ready[a, k, fifo_head[a, k]] <= cycle:
                    w = out_block[t, k] // group_filters[t]
                    p = out_block[t, k] - w * group_filters[t]
                    psums[w // windows, group_start[t] + p, k, w % windows] = fifo_value[a, k, fifo_head[a, k]]
                    fifo_head[a, k] = _next(fifo_head[a, k], psum_fifo)
                    fifo_size[a, k] -= 1
                    out_block[t, k] += 1
                    out_waiting -= 1
                    taken += 1
                    if first_out_at[w] < 0:
                        first_out_at[w] = cycle
                    out_left[w] -= 1
                    if out_left[w] == 0:
                        last_out_at[w] = cycle + 1
                k = _next(k, columns)
                if k == 0:
                    t = _next(t, n_groups)
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
            t, c, i = group_of[a], set_of[a], filter_row_of[a]
            top = position_of[a] == 0
            bottom = position_of[a] == height - 1
            Cc = set_channels[c]
            length = Cc * S
            P = group_filters[t]
            for k in range(columns):
                if finished[a, k]:
                    classes[STARTED, PASS_END] += 1
                    continue
                if busy_until[a, k] > cycle:
                    wakes_at[a] = min(wakes_at[a], busy_until[a, k])
                    continue
                if in_hand[a, k]:
                    # the block is done: its psum leaves, or holds the PE up
                    if fifo_size[a, k] == psum_fifo:
                        classes[STARTED, PSUM_OUT] += 1
                        wakes_at[a] = cycle + 1
                        continue
                    slot = fifo_head[a, k] + fifo_size[a, k]
                    if slot >= psum_fifo:
                        slot -= psum_fifo
                    fifo_value[a, k, slot] = psum[a, k]
                    # the last MAC was issued in the cycle before busy_until
                    fifo_ready[a, k, slot] = max(cycle, busy_until[a, k] - 1 + stages)
                    fifo_size[a, k] += 1
                    in_hand[a, k] = False
                    blocks[a, k] += 1
                    events[RF_PSUM_DRAINS] += 1
                    last_progress = cycle
                    if top:
                        out_waiting += 1
                    filter_[a, k] += 1
                    if filter_[a, k] == P:
                        filter_[a, k] = 0
                        column[a, k] += 1
                        base[a, k] += U
                        if column[a, k] == windows:
                            column[a, k] = 0
                            image[a, k] += 1
                            base[a, k] = image[a, k] * width
                        if image[a, k] == images:
                            finished[a, k] = True
                            finished_in[a] += 1
                            unfinished -= 1
                            classes[STARTED, PASS_END] += 1
                            continue
                p = filter_[a, k]
                since = STARTED if blocks[a, k] > 0 else RAMP_UP
                if filters_held[a] <= p:
                    classes[since, FILTER_LOAD] += 1
                    wakes_at[a] = cycle + 1
                    continue
                if arrived[c, U * k + i] < (base[a, k] + S) * Cc:
                    classes[since, IFMAP_FILL] += 1
                    wakes_at[a] = cycle + 1
                    continue
                if bottom:
                    if not reads_psums:
                        start = 0
                    elif psum_rf_filled[t, k] > blocks[a, k]:
                        start = psum_rf_value[t, k, blocks[a, k] % psum_rf]
                    else:
                        classes[since, PSUM_IN] += 1
                        wakes_at[a] = cycle + 1
                        continue
                else:
                    below = a + 1
                    if fifo_size[below, k] == 0 or fifo_ready[below, k, fifo_head[below, k]] > cycle:
                        classes[since, PSUM_IN] += 1
                        wakes_at[a] = cycle + 1
                        continue
                    start = fifo_value[below, k, fifo_head[below, k]]
                    fifo_head[below, k] = _next(fifo_head[below, k], psum_fifo)
                    fifo_size[below, k] -= 1
                    events[INTER_PE_PSUMS] += 1
                if p == 0:
                    window_at[a, k] = base[a, k] * Cc % ring
                    nonzero[a, k] = np.count_nonzero(ifmap_rf[a, k, window_at[a, k] : window_at[a, k] + length])
                at = window_at[a, k]
                total = np.int64(0)
                for m in range(length):
                    total += np.int64(ifmap_rf[a, k, at + m]) * np.int64(filter_rf[a, p * length + m])
                psum[a, k] = start + total
                in_hand[a, k] = True
                busy_until[a, k] = cycle + length
                wakes_at[a] = min(wakes_at[a], cycle + length)
                classes[STARTED, COMPUTE] += nonzero[a, k]
                classes[STARTED, GATED] += length - nonzero[a, k]
                if not bottom and nonzero[a, k] > 0:
                    events[PSUM_TAKES] += 1
                last_progress = cycle

        # filter GIN: words of one filter row, to the PEs of one row of the array
        if fs_open:
            a = fs_t * height + fs_row
            c = fs_row // R
            length = set_channels[c] * S
            words = min(gin_filter, length - fs_m)
            for m in range(fs_m, fs_m + words):
                filter_rf[a, fs_p * length + m] = filters[
                    group_start[fs_t] + fs_p, set_start[c] + m % set_channels[c], fs_row % R, m // set_channels[c]
                ]
            events[GLB_FILTER_READS] += words
            events[RF_FILTER_FILLS] += words * columns
            last_progress = cycle
            fs_m += words
            if fs_m == length:
                fs_m = 0
                filters_held[a] += 1
                # next: the same filter in the row above, the next group, the next filter
                fs_row -= 1
                while fs_open and (fs_row < 0 or fs_p >= group_filters[fs_t]):
                    fs_row = height - 1
                    fs_t += 1
                    if fs_t == n_groups:
                        fs_t = 0
                        fs_p += 1
                        if fs_p == most_filters:
                            fs_open = False
                            events[FILTERS_LOADED_AT] = cycle + 1

        # ifmap GIN: channels of one pixel of one row, along the diagonals of every group's set
        if is_open:
            Cc = set_channels[is_c]
            words = min(gin_ifmap, Cc - is_q)
            value = (is_n * width + is_px) * Cc + is_q
            free = True
            for j in range(n_targets[is_r]):
                i, k = target_i[is_r, j], target_k[is_r, j]
                for t in range(n_groups):
                    a = t * height + is_c * R + i
                    if value + words > (base[a, k] + reach) * Cc + ifmap_fifo:
                        free = False
            if free:
                for j in range(n_targets[is_r]):
                    i, k = target_i[is_r, j], target_k[is_r, j]
                    for t in range(n_groups):
                        a = t * height + is_c * R + i
                        for q in range(words):
                            slot = (value + q) % ring
                            word = ifmap[is_n, set_start[is_c] + is_q + q, is_r, is_px]
                            ifmap_rf[a, k, slot] = word
                            ifmap_rf[a, k, slot + ring] = word
                events[GLB_IFMAP_READS] += words
                events[RF_IFMAP_FILLS] += words * n_targets[is_r] * n_groups
                arrived[is_c, is_r] += words
                last_progress = cycle
                is_q += words
                if is_q == Cc:
                    is_q = 0
                    is_r += 1
                    if is_r == strip_rows:
                        is_r = 0
                        is_c += 1
                        if is_c == n_sets:
                            is_c = 0
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
            words = min(gin_psum, group_filters[ps_t] - ps_p)
            if words <= 0 or psum_rf_filled[ps_t, ps_k] + words <= blocks[a, ps_k] + psum_rf:
                for p in range(ps_p, ps_p + words):
                    slot = psum_rf_filled[ps_t, ps_k] % psum_rf
                    psum_rf_value[ps_t, ps_k, slot] = psums[
                        ps_w // windows, group_start[ps_t] + p, ps_k, ps_w % windows
                    ]
                    psum_rf_filled[ps_t, ps_k] += 1
                    events[GLB_PSUM_READS] += 1
                    events[RF_PSUM_FILLS] += 1
                last_progress = cycle
                ps_k += 1
                if ps_k == columns:
                    ps_k = 0
                    ps_t += 1
                    if ps_t == n_groups:
                        ps_t = 0
                        ps_p += gin_psum
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
