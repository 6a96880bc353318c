"""One pass of the PE array, stepped cycle by cycle.

Everything here is Numba: plain arrays and integers in, counters out. :mod:`simulator.pe_array` is the face of it.

What a cycle is. First the GON takes up to its width from one top PE, round robin. Then the PEs work, those nearer the
top first, so that what a PE hands on is seen above it one cycle later at the earliest. Last, each GIN delivers up to
its width to the PEs that its tag names, if all of them can take it. The three GINs are in-order streams.

A PE interleaves filters and channels: for one column of the window (n, x) it multiplies the C_c pixels of it with one
filter's words, one a cycle, then with the next filter's, for all P of them; then comes the next of the S columns. At
the first column each filter needs its psum: from the PE below, or, in the bottom PE, from the GLB; after the last one
each hands its psum on, if there is room above. Nothing can stop the C_c multiplications once pixels, filter words and
psum are there, so these are taken in one stride. A psum's arithmetic is done when it is handed on. Because zeros only
gate, never skip, timing does not depend on values.

Why one long function: its state is arrays, and handing them to a function for each part of a cycle, or keeping them in
records, made the kernel slower and its compilation longer.
"""

import numba
import numpy as np

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


NEVER = np.iinfo(np.int64).max

STUCK_AFTER = 100_000
"""Cycles without any progress, beyond a window's column and the pipeline, after which the kernel gives up."""


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
    """Put into the filter RFs what an earlier pass loaded: by filter, column, channel."""
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
    psum_rf = np.zeros((rows, columns, most_filters), np.int64)
    arrived = np.zeros((n_sets, strip_rows), np.int64)

    # loop position of each PE: window (image, column), column of the window, filter
    image = np.zeros((rows, columns), np.int64)
    column = np.zeros((rows, columns), np.int64)
    base = np.zeros((rows, columns), np.int64)
    part = np.zeros((rows, columns), np.int64)
    filter_ = np.zeros((rows, columns), np.int64)
    taken_psums = np.zeros((rows, columns), np.int64)
    busy_until = np.zeros((rows, columns), np.int64)
    nonzero = np.zeros((rows, columns, S), np.int64)
    finished = np.zeros((rows, columns), np.bool_)
    finished_in = np.zeros(rows, np.int64)
    # a row whose PEs all are at their channels, or finished, needs no look before the first is through with them
    wakes_at = np.zeros(rows, np.int64)
    unfinished = rows * columns

    # psums on their way up: FIFO of PE (row, k) holds what goes to the PE above, or to the GON from the top
    fifo_value = np.zeros((rows, columns, psum_fifo), np.int64)
    fifo_ready = np.zeros((rows, columns, psum_fifo), np.int64)
    fifo_head = np.zeros((rows, columns), np.int64)
    fifo_size = np.zeros((rows, columns), np.int64)
    out_psum = np.zeros((n_groups, columns), np.int64)
    # psums on their way in, at the bottom
    in_value = np.zeros((n_groups, columns, psum_fifo), np.int64)
    in_arrived = np.zeros((n_groups, columns), np.int64)
    at_a_time = min(gin_psum, psum_fifo)
    out_left = np.zeros(n_windows, np.int64)
    for w in range(n_windows):
        out_left[w] = group_start[n_groups] * columns
        first_out_at[w] = -1
    out_waiting = 0
    grant_t, grant_k = 0, 0

    # positions of the three streams
    fs_open, fs_t, fs_row = loads_filters, 0, height - 1
    if not loads_filters:
        for a in range(rows):
            filters_held[a] = group_filters[a // height] * set_channels[a % height // R] * S
        _place_filters(filter_rf, filters, set_start, group_start, height)
    is_open, is_n, is_px, is_c, is_r, is_q = True, 0, 0, n_sets - 1, strip_rows - 1, 0
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
                    w = out_psum[t, k] // group_filters[t]
                    p = out_psum[t, k] - w * group_filters[t]
                    psums[w // windows, group_start[t] + p, k, w % windows] = fifo_value[a, k, fifo_head[a, k]]
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
                if image[a, k] == images:
                    finished[a, k] = True
                    finished_in[a] += 1
                    unfinished -= 1
                    classes[STARTED, PASS_END] += 1
                    continue
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
                at = base[a, k] * Cc % ring
                if p == 0:
                    nonzero[a, k, x] = np.count_nonzero(ifmap_rf[a, k, at + x * Cc : at + (x + 1) * Cc])
                classes[STARTED, COMPUTE] += nonzero[a, k, x]
                classes[STARTED, GATED] += Cc - nonzero[a, k, x]
                busy_until[a, k] = cycle + Cc
                wakes_at[a] = min(wakes_at[a], cycle + Cc)
                last_progress = cycle
                if last:
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
            P = group_filters[fs_t]
            words = min(gin_filter, P * Cc * S - filters_held[a])
            for m in range(filters_held[a], filters_held[a] + words):
                x, p, q = m // (P * Cc), m // Cc % P, m % Cc
                filter_rf[a, (p * S + x) * Cc + q] = filters[group_start[fs_t] + p, set_start[c] + q, fs_row % R, x]
            events[GLB_FILTER_READS] += words
            events[RF_FILTER_FILLS] += words * columns
            filters_held[a] += words
            last_progress = cycle
            # next: the same row of the next group that lacks words, then the row above
            for _ in range(n_groups):
                fs_t = _next(fs_t, n_groups)
                if filters_held[fs_t * height + fs_row] < group_filters[fs_t] * Cc * S:
                    break
            if filters_held[fs_t * height + fs_row] == group_filters[fs_t] * Cc * S:
                fs_t = 0
                fs_row -= 1
                if fs_row < 0:
                    fs_open = False
                    events[FILTERS_LOADED_AT] = cycle + 1

        # ifmap GIN: channels of one pixel of one row, along the diagonals of every group's set; the bottom comes first
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
            words = min(at_a_time, group_filters[ps_t] - ps_p)
            if words <= 0 or in_arrived[ps_t, ps_k] + words <= taken_psums[a, ps_k] + psum_fifo:
                for p in range(ps_p, ps_p + words):
                    in_value[ps_t, ps_k, in_arrived[ps_t, ps_k] % psum_fifo] = psums[
                        ps_w // windows, group_start[ps_t] + p, ps_k, ps_w % windows
                    ]
                    in_arrived[ps_t, ps_k] += 1
                    events[GLB_PSUM_READS] += 1
                    events[RF_PSUM_FILLS] += 1
                last_progress = cycle
                ps_k += 1
                if ps_k == columns:
                    ps_k = 0
                    ps_t += 1
                    if ps_t == n_groups:
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
