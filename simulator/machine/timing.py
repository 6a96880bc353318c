"""How long a pass takes, without its values and without a loop over cycles: a dataflow of times.

:func:`simulator.machine.kernels.step_pass` defines what a pass does, cycle by cycle. Zeros gate and never skip a cycle
(NeuPart paper, section IV-D2), so that its cycles need no values; where the hardware skips, they need to know which
pixels and filter words are zero, a bit each, and no more. Each of them follows from others: a PE's step begins at the
latest of the times at which the PE is free, its filter words and its pixels are there, the FIFO above has room, and its
psum is there. Here these times are computed, each once, in any order in which what they need is known.
``tests/simulator/machine/test_timing.py`` holds every time and every count equal to those of ``step_pass``.

What is computed as far as it is known, in turns:

- A PE, step by step. Each wait is split between its causes in the order in which ``step_pass`` blames them.
- The filter GIN waits for nothing: all its times are known before the first turn.
- The ifmap GIN brings words when the windows have passed on that they would overwrite.
- The psum GIN brings psums when its FIFO has room. Where psums lie in one bank, it waits for the port, too.
- The GON alone has to choose: whichever top PE has a psum to take, in turn. So it acts at a cycle only once every psum
  that could be there at that cycle is known.

Why the last can always go on: what is not known when nothing else gets on follows from something that the GON, or the
psum GIN at the port, has yet to do. It is later than that, and a psum that follows from it is later still, since
``stages`` is at least 2. So whichever of the two comes first, by the psums that are known, comes first.

Conventions of time are those of ``step_pass``: in a cycle the GON comes first, then the PEs, top first, then the GINs.
What the GON or a PE takes makes room in the same cycle; what a GIN brings in cycle t can be used from t + 1 on.

Words are those of ``kernels``, too. A *step* of a PE is its visit of one filter at one column of the window: ``C_c``
cycles, or as many as the masks say. A *FIFO* ``f`` is that of a stack ``t`` at a position: the PE at position ``j``
puts its psums into FIFO ``j`` and takes them from FIFO ``j + 1``; the GON takes from FIFO 0, the psum GIN puts into the
last.
"""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

from simulator.machine.kernels import (
    COMPUTE,
    CYCLES,
    FILTER_LOAD,
    FILTERS_LOADED_AT,
    GLB_FILTER_READS,
    GLB_IFMAP_READS,
    GLB_PSUM_READS,
    GLB_PSUM_WRITES,
    IFMAP_FILL,
    INTER_PE_PSUMS,
    MACS_SKIPPED,
    NEVER,
    PASS_END,
    PSUM_IN,
    PSUM_OUT,
    PSUM_PASS,
    RAMP_UP,
    RF_FILTER_FILLS,
    RF_IFMAP_FILLS,
    RF_PSUM_DRAINS,
    RF_PSUM_FILLS,
    SKIP_IFMAP,
    STARTED,
    STUCK,
    Geometry,
    Outcome,
    Ports,
)
from traces.compiled import njit


class _Pass(NamedTuple):
    """What does not change in a pass.

    Attributes
    ----------
    R, S, U : int
        Filter rows, filter columns, stride along the height.
    columns : int
        Ifmap columns of all images.
    n_windows, n_stacks, n_sets, height, pe_columns, strip_rows, groups, group_stacks : int
        As in ``step_pass``.
    depth, stages : int
        Places of a psum FIFO; cycles from the start of a psum's last multiplication until it can be taken.
    loads_filters, reads_psums, one_psum_bank : bool
    set_channels : (sets,)
    stack_filters : (stacks,)
    most_filters : int
        Filters of the largest stack.
    base_of : (windows of all images,)
        Ifmap column, counted through all images, at which a window begins.
    window_from : (columns + 1,)
        The first window that begins at a column or behind it.
    receivers : (strip rows,)
        PEs that a row of a set's ifmap goes to, over all stacks of a group.
    """

    R: int
    S: int
    U: int
    columns: int
    n_windows: int
    n_stacks: int
    n_sets: int
    height: int
    pe_columns: int
    strip_rows: int
    groups: int
    group_stacks: int
    depth: int
    stages: int
    loads_filters: bool
    reads_psums: bool
    one_psum_bank: bool
    set_channels: NDArray[np.int64]
    stack_filters: NDArray[np.int64]
    most_filters: int
    base_of: NDArray[np.int64]
    window_from: NDArray[np.int64]
    receivers: NDArray[np.int64]


class _Masks(NamedTuple):
    """Which words of a pass are not zero: a bit for each channel of a set, in words of 64 bits.

    Attributes
    ----------
    pixels : (groups * sets, strip rows, columns, words), uint64
    filters : (rows, S, filters of the largest stack, words), uint64
        By row of PEs. All bits are set where zeros of filters do not count.
    at_channel : (rows, S, channels of the largest set), int64
        How many of the row's filters have their bit set.
    """

    pixels: NDArray[np.uint64]
    filters: NDArray[np.uint64]
    at_channel: NDArray[np.int64]


@intrinsic
def _count_ones(_typing_context: Any, word: Any) -> Any:
    """Bits of a word that are set: one instruction, for which Numba has no name."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), build


@njit(error_model="numpy")
def _further_steps(masks, a, c, r, column, x, p):
    """Cycles of a step beyond those of the first words of its masks."""
    both = np.uint64(0)
    for word in range(1, masks.pixels.shape[3]):
        both += _count_ones(masks.pixels[c, r, column, word] & masks.filters[a, x, p, word])
    return np.int64(both)


@njit(error_model="numpy")
def _steps_of_all(masks, a, c, r, column, x):
    """Cycles of the steps of all of a row's filters."""
    cycles = 0
    for q in range(masks.at_channel.shape[2]):
        there = (masks.pixels[c, r, column, q >> 6] >> np.uint64(q & 63)) & np.uint64(1)
        cycles += np.int64(there) * masks.at_channel[a, x, q]
    return cycles


class _PEs(NamedTuple):
    """Where each PE is in its loops, (rows, pe_columns) each: the step after the last whose start is known.

    ``free`` is the cycle at which it can begin that step, as far as is known.
    """

    window: NDArray[np.int64]
    part: NDArray[np.int64]
    filter_: NDArray[np.int64]
    free: NDArray[np.int64]


class _Fifos(NamedTuple):
    """Psums between PEs and at the networks.

    Attributes
    ----------
    time : (FIFOs, pe_columns, depth)
        Of a psum that waits in that place, the cycle from which on it can be taken; of one that has left it, the cycle
        in which it was, which is when the place is free.
    put, taken : (FIFOs, pe_columns)
        How many psums have come and gone; their places follow in a ring.
    """

    time: NDArray[np.int64]
    put: NDArray[np.int64]
    taken: NDArray[np.int64]


class _Pixels(NamedTuple):
    """Pixels of each set of each group, and strip row; sets of the first group come first.

    Attributes
    ----------
    at : (groups * sets, strip rows, columns)
        The cycle from which on PEs can use all channels of it.
    arrived : (groups * sets, strip rows)
        How many columns have a time.
    freed_at, freed_by : (groups * sets, strip rows, windows)
        The cycle from which on pixels before the next window may be overwritten, in all PEs that have passed on from
        this window; and how many have.
    """

    at: NDArray[np.int64]
    arrived: NDArray[np.int64]
    freed_at: NDArray[np.int64]
    freed_by: NDArray[np.int64]


# Positions in what a network keeps between turns; LAST_CYCLE is that in which it last acted.
LAST_CYCLE = 0
# The ifmap GIN: column, set, row, group, and whether the words that need one more column of room are next.
IFMAP_COLUMN, IFMAP_SET, IFMAP_ROW, IFMAP_LATE, IFMAP_GROUP = 1, 2, 3, 4, 5
# The psum GIN: window, filter, stack, PE column, GON acts before its last cycle, the earliest cycle of its next act.
PSUM_WINDOW, PSUM_FILTER, PSUM_STACK, PSUM_COLUMN, PSUM_ACTS, PSUM_NEXT = 1, 2, 3, 4, 5, 6
# The GON: whom it asks first, how often it has acted, the earliest cycle of its next act by the psums that are known,
# and the cycle before which it is known not to act again.
GON_STACK, GON_COLUMN, GON_ACTS, GON_NEXT, GON_UNTIL = 1, 2, 3, 4, 5


@njit(error_model="numpy")
def _bring_filters(of, gin, filter_at, events):
    """All of the filter GIN: words in the order of their use, to one row of PEs a cycle; the bottom rows come first,
    and the same row of all stacks takes turns. ``filter_at`` has the cycle from which on a step's words are there."""
    cycle = 0
    held = np.zeros(of.n_stacks, np.int64)
    for position in range(of.height - 1, -1, -1):
        Cc = of.set_channels[position // of.R]
        held[:] = 0
        t, lacking = 0, of.n_stacks
        while lacking > 0:
            words = min(gin, of.stack_filters[t] * Cc * of.S - held[t])
            if words > 0:
                a = t * of.height + position
                for step in range(held[t] // Cc, (held[t] + words) // Cc):
                    filter_at[a, step] = cycle + 1
                held[t] += words
                events[GLB_FILTER_READS] += words
                events[RF_FILTER_FILLS] += words * of.pe_columns
                cycle += 1
                if held[t] == of.stack_filters[t] * Cc * of.S:
                    lacking -= 1
            t = t + 1 if t + 1 < of.n_stacks else 0
    events[FILTERS_LOADED_AT] = cycle


@njit(error_model="numpy")
def _count_waits(classes, since, for_filters, for_pixels, for_room, for_psums):
    classes[since, FILTER_LOAD] += for_filters
    classes[since, IFMAP_FILL] += for_pixels
    classes[since, PSUM_OUT] += for_room
    classes[since, PSUM_IN] += for_psums


@njit(error_model="numpy")
def _advance_row(a, of, pes, fifos, pixels, filter_at, classes, masks):
    """Take the PEs of a row on, each as far as what it needs is known; whether any got on.

    Without masks, steps take as many cycles as a set has channels: Numba leaves out what is for masks, and the other
    way round.
    """
    t, position = a // of.height, a % of.height
    c, i = position // of.R, position % of.R
    Cc, P, S, depth = of.set_channels[c], of.stack_filters[t], of.S, of.depth
    # from here on the set of its group
    c += t // of.group_stacks * of.n_sets
    out_of = t * (of.height + 1) + position
    into = out_of + 1
    takes = position < of.height - 1 or of.reads_psums
    any_got_on = False
    for k in range(of.pe_columns):
        w = pes.window[a, k]
        if w == of.n_windows:
            continue
        x, p, now = pes.part[a, k], pes.filter_[a, k], pes.free[a, k]
        r = of.U * k + i
        arrived = pixels.arrived[c, r]
        put, taken = fifos.put[out_of, k], fifos.taken[into, k]
        room_until, there_until = fifos.taken[out_of, k] + depth, fifos.put[into, k]
        put_slot, take_slot = put % depth if depth else 0, taken % depth if depth else 0
        got_on, blocked = False, False
        # counted here and not in memory, and without a branch that zeros would make hard to foresee
        multiplied, passed = 0, 0
        for_filters, for_pixels, for_room, for_psums = 0, 0, 0, 0
        while not blocked and w < of.n_windows:
            column = of.base_of[w] + x
            if column >= arrived:
                break
            pixel = pixels.at[c, r, column]
            loading = w == 0 and of.loads_filters
            if 0 < x < S - 1 and not loading:
                # nothing can stop the filters of a middle column once its pixel is there
                wait = max(pixel - now, 0)
                for_pixels += wait
                now += wait
                if masks is None:
                    now += P * Cc
                else:
                    cycles = _steps_of_all(masks, a, c, r, column, x)
                    multiplied += cycles
                    now += cycles
                x += 1
                got_on = True
                continue
            if masks is not None:
                mask = masks.pixels[c, r, column, 0]
                more_words = masks.pixels.shape[3] > 1
            while p < P:
                if loading:
                    wait = max(filter_at[a, x * P + p] - now, 0)
                    for_filters += wait
                    now += wait
                wait = max(pixel - now, 0)
                for_pixels += wait
                now += wait
                if x == S - 1:
                    if put == room_until:
                        blocked = True
                        break
                    if put >= depth:
                        wait = max(fifos.time[out_of, k, put_slot] - now, 0)
                        for_room += wait
                        now += wait
                if x == 0 and takes:
                    if taken == there_until:
                        blocked = True
                        break
                    wait = max(fifos.time[into, k, take_slot] - now, 0)
                    for_psums += wait
                    now += wait
                    fifos.time[into, k, take_slot] = now
                    taken += 1
                    take_slot = take_slot + 1 if take_slot + 1 < depth else 0
                cycles = Cc
                if masks is not None:
                    cycles = np.int64(_count_ones(mask & masks.filters[a, x, p, 0]))
                    if more_words:
                        cycles += _further_steps(masks, a, c, r, column, x, p)
                    multiplied += cycles
                    if x == 0 or x == S - 1:
                        nothing = np.int64(cycles == 0)
                        passed += nothing
                        cycles += nothing
                if x == S - 1:
                    fifos.time[out_of, k, put_slot] = now + cycles - 1 + of.stages
                    put += 1
                    put_slot = put_slot + 1 if put_slot + 1 < depth else 0
                    if p == P - 1:
                        # the window's last sum is taken: what lies before the next one may be overwritten
                        pixels.freed_at[c, r, w] = max(pixels.freed_at[c, r, w], now)
                        pixels.freed_by[c, r, w] += 1
                now += cycles
                if w + x + p == 0:
                    _count_waits(classes, RAMP_UP, for_filters, for_pixels, for_room, for_psums)
                    for_filters, for_pixels, for_room, for_psums = 0, 0, 0, 0
                p += 1
                got_on = True
            if p == P:
                p = 0
                x += 1
                if x == S:
                    x = 0
                    w += 1
                    if masks is None:
                        classes[STARTED, COMPUTE] += P * Cc * S
        since = RAMP_UP if w + x + p == 0 else STARTED
        _count_waits(classes, since, for_filters, for_pixels, for_room, for_psums)
        if masks is not None:
            classes[STARTED, COMPUTE] += multiplied
            classes[STARTED, PSUM_PASS] += passed
        pes.window[a, k], pes.part[a, k], pes.filter_[a, k], pes.free[a, k] = w, x, p, now
        fifos.put[out_of, k], fifos.taken[into, k] = put, taken
        any_got_on = any_got_on or got_on
    return any_got_on


@njit(error_model="numpy")
def _bring_pixels(of, gin, ifmap_fifo, reach, pixels, at, ifmap_read_at, events):
    """The ifmap GIN: channels of one pixel of one row, along the diagonals of every stack's set; the bottom is first.

    A word finds room if its receivers' windows begin late enough, which may be one column later for the last words of a
    pixel than for the first. Between the two, words follow each other cycle by cycle.
    """
    cycle, column, c, r, late = at[LAST_CYCLE], at[IFMAP_COLUMN], at[IFMAP_SET], at[IFMAP_ROW], at[IFMAP_LATE]
    group = at[IFMAP_GROUP]
    got_on = False
    while column < of.columns:
        Cc = of.set_channels[c]
        # cycles with words that have their place already if the windows begin one column earlier
        early = ifmap_fifo % Cc // gin
        cycles = -(-Cc // gin) - early if late else early
        if cycles > 0:
            first_needed = column - ifmap_fifo // Cc - reach + late
            start = cycle + 1
            passed = of.window_from[first_needed] if first_needed > 0 else 0
            if passed > 0 and of.receivers[r] > 0:
                own = group * of.n_sets + c
                if pixels.freed_by[own, r, passed - 1] < of.receivers[r]:
                    break
                start = max(start, pixels.freed_at[own, r, passed - 1])
            cycle = start + cycles - 1
            got_on = True
        if not late:
            late = 1
            continue
        late = 0
        pixels.at[group * of.n_sets + c, r, column] = cycle + 1
        pixels.arrived[group * of.n_sets + c, r] = column + 1
        events[GLB_IFMAP_READS] += Cc
        events[RF_IFMAP_FILLS] += Cc * of.receivers[r]
        group += 1
        if group < of.groups:
            continue
        group = 0
        r -= 1
        if r < 0:
            r = of.strip_rows - 1
            c -= 1
            if c < 0:
                c = of.n_sets - 1
                ifmap_read_at[column] = cycle + 1
                column += 1
    at[LAST_CYCLE], at[IFMAP_COLUMN], at[IFMAP_SET], at[IFMAP_ROW], at[IFMAP_LATE] = cycle, column, c, r, late
    at[IFMAP_GROUP] = group
    return got_on


@njit(error_model="numpy")
def _bring_psums(of, at_a_time, fifos, at, gon_at, gon_acts):
    """The psum GIN: psums of one window for neighbouring filters, to one bottom PE. With one bank, not in a cycle in
    which the GON acts, nor in one of which it is not known whether it does."""
    cycle, w, p, t, k = at[LAST_CYCLE], at[PSUM_WINDOW], at[PSUM_FILTER], at[PSUM_STACK], at[PSUM_COLUMN]
    act = at[PSUM_ACTS]
    at[PSUM_NEXT] = NEVER
    got_on = False
    while w < of.n_windows:
        f = t * (of.height + 1) + of.height
        words = min(at_a_time, of.stack_filters[t] - p)
        start = cycle + 1
        put = fifos.put[f, k]
        if words > 0 and put + words > of.depth:
            if fifos.taken[f, k] < put + words - of.depth:
                break
            start = max(start, fifos.time[f, k, (put + words - 1) % of.depth])
        if of.one_psum_bank:
            while act < gon_at[GON_ACTS] and gon_acts[act] < start:
                act += 1
            ahead = act
            while ahead < gon_at[GON_ACTS] and gon_acts[ahead] == start:
                start += 1
                ahead += 1
            if start >= gon_at[GON_UNTIL]:
                at[PSUM_NEXT] = start
                break
        cycle = start
        for word in range(put, put + words):
            fifos.time[f, k, word % of.depth] = cycle + 1
        fifos.put[f, k] += max(words, 0)
        got_on = True
        k += 1
        if k == of.pe_columns:
            k = 0
            t += 1
            if t == of.n_stacks:
                t = 0
                p += at_a_time
                if p >= of.most_filters:
                    p = 0
                    w += 1
    at[LAST_CYCLE], at[PSUM_WINDOW], at[PSUM_FILTER], at[PSUM_STACK], at[PSUM_COLUMN] = cycle, w, p, t, k
    at[PSUM_ACTS] = act
    return got_on


@njit(error_model="numpy")
def _take_psums(of, width, known_until, pes, fifos, soonest, at, acts, out_left, first_out_at, last_out_at, masks):
    """The GON: one top PE a cycle, round robin, as long as every psum that could be there is known.

    One that is not known cannot be taken before the cycle ``known_until``. Nor can it before the cycle ``soonest``,
    which its PE needs for the steps up to it; and it matters only once those before it have left the FIFO.
    """
    cycle, grant_t, grant_k = at[LAST_CYCLE], at[GON_STACK], at[GON_COLUMN]
    depth = of.depth
    # the least that a step takes with which a psum comes or goes; those between may take nothing
    least = of.set_channels[0] if masks is None else 1
    unknown = NEVER
    for t in range(of.n_stacks):
        a, f, P = t * of.height, t * (of.height + 1), of.stack_filters[t]
        for k in range(of.pe_columns):
            soonest[t, k] = NEVER
            if pes.window[a, k] < of.n_windows:
                # steps of the window that come before the first that hands a psum on
                x = pes.part[a, k]
                steps = (of.S - 1 - x) * P - pes.filter_[a, k] if x < of.S - 1 else 0
                if masks is not None:
                    steps = P - pes.filter_[a, k] if x == 0 and of.S > 1 else 0
                soonest[t, k] = pes.free[a, k] + (steps + 1) * least - 1 + of.stages
            if fifos.taken[f, k] == fifos.put[f, k]:
                unknown = min(unknown, soonest[t, k])
    got_on = False
    while True:
        # who is next: the first that has a psum in the next cycle, else the first of those that have one soonest
        following, t, k = NEVER, 0, 0
        asked_t, asked_k = grant_t, grant_k
        for _ in range(of.n_stacks * of.pe_columns):
            f = asked_t * (of.height + 1)
            taken = fifos.taken[f, asked_k]
            if taken < fifos.put[f, asked_k]:
                ready = fifos.time[f, asked_k, taken % depth]
                if ready < following:
                    following, t, k = max(ready, cycle + 1), asked_t, asked_k
                    if ready <= cycle + 1:
                        break
            asked_k += 1
            if asked_k == of.pe_columns:
                asked_k = 0
                asked_t = asked_t + 1 if asked_t + 1 < of.n_stacks else 0
        if following == NEVER or following >= max(unknown, known_until):
            break
        f = t * (of.height + 1)
        taken, put = fifos.taken[f, k], fifos.put[f, k]
        took = 1
        while took < width and taken + took < put and fifos.time[f, k, (taken + took) % depth] <= following:
            took += 1
        # the next one, which is not known, might go with these
        if took < width and taken + took == put and max(soonest[t, k], known_until) <= following:
            unknown = following
            break
        cycle = following
        for number in range(taken, taken + took):
            fifos.time[f, k, number % depth] = cycle
            w = number // of.stack_filters[t]
            if first_out_at[w] < 0:
                first_out_at[w] = cycle
            out_left[w] -= 1
            if out_left[w] == 0:
                last_out_at[w] = cycle + 1
        if put - taken == depth:
            # its PE can have had no room before
            soonest[t, k] = max(soonest[t, k], cycle + least - 1 + of.stages)
        if taken + took == put:
            unknown = min(unknown, soonest[t, k])
        fifos.taken[f, k] = taken + took
        grant_t, grant_k = t, k + 1
        if grant_k == of.pe_columns:
            grant_t, grant_k = t + 1 if t + 1 < of.n_stacks else 0, 0
        if of.one_psum_bank:
            acts[at[GON_ACTS]] = cycle
            at[GON_ACTS] += 1
        got_on = True
    at[GON_NEXT] = following
    at[GON_UNTIL] = max(cycle + 1, min(following, max(unknown, known_until)))
    at[LAST_CYCLE], at[GON_STACK], at[GON_COLUMN] = cycle, grant_t, grant_k
    return got_on


@njit(error_model="numpy")
def _play(of, ports, reach, pes, fifos, pixels, filter_at, soonest, ats, acts, out_left, outcome, masks):
    """All that has to wait, in turns, until nothing gets on any more."""
    _, gin_ifmap, gin_psum, gon, ifmap_fifo, psum_fifo, _ = ports
    classes, events, read_at, first_out_at, last_out_at = outcome
    ifmap_at, psum_at, gon_at = ats
    at_a_time = min(gin_psum, psum_fifo)
    known_until = np.int64(0)
    while True:
        got_on = False
        for a in range(of.n_stacks * of.height - 1, -1, -1):
            got_on |= _advance_row(a, of, pes, fifos, pixels, filter_at, classes, masks)
        got_on |= _bring_pixels(of, gin_ifmap, ifmap_fifo, reach, pixels, ifmap_at, read_at, events)
        got_on |= _take_psums(
            of, gon, known_until, pes, fifos, soonest, gon_at, acts, out_left, first_out_at, last_out_at, masks
        )
        got_on |= _bring_psums(of, at_a_time, fifos, psum_at, gon_at, acts)
        if got_on:
            continue
        # what is not known comes after the next of what the GON and the psum GIN do
        following = min(gon_at[GON_NEXT], psum_at[PSUM_NEXT])
        if following == NEVER:
            break
        known_until = following + 1


def time_pass(size: tuple[int, int, int, int, int, int], geometry: Geometry, ports: Ports, outcome: Outcome) -> None:
    """Time one pass.

    Parameters
    ----------
    size : tuple of six int
        Images, strip rows and width of the ifmap; filter rows R and columns S; PE columns at work.
    geometry : Geometry
        How the pass lies on the array.
    ports : Ports
        How fast words come in and go out.
    outcome : Outcome
        Filled with what ``step_pass`` fills in, but for what depends on values: all MACs are COMPUTE, and PSUM_TAKES
        stays 0. Where ``events[STUCK]`` is set, the rest of it is of no use.

    Examples
    --------
    The PE of ``step_pass`` with a 1x1 filter, in the same 8 cycles.

    >>> geometry = Geometry(np.array([1]), np.array([1]), 1, 1, 1, 4, True, False, False)
    >>> ports = Ports(gin_filter=4, gin_ifmap=1, gin_psum=4, gon=4, ifmap_fifo=48, psum_fifo=24, stages=3)
    >>> sizes = (2, 8), STUCK + 1, (1, 4), 4, 4
    >>> outcome = Outcome(*(np.zeros(size, np.int64) for size in sizes))
    >>> time_pass((1, 1, 4, 1, 1, 1), geometry, ports, outcome)
    >>> int(outcome.events[CYCLES]), outcome.last_out_at.tolist()
    (8, [5, 6, 7, 8])
    """
    # what comes before and after the turns is not compiled here: that would take longer than it saves
    of, state = _prepare(size, geometry, ports)
    pes, psums, pixels, filter_at, soonest, ats, acts, out_left = state
    if geometry.loads_filters:
        _bring_filters(of, ports.gin_filter, filter_at, outcome.events)
    outcome.first_out_at[:] = -1
    reach = max(of.S, geometry.stride_width)
    flat = outcome._replace(ifmap_read_at=outcome.ifmap_read_at.reshape(-1))
    _play(of, ports, reach, pes, psums, pixels, filter_at, soonest, ats, acts, out_left, flat, None)
    _conclude(of, pes, psums, ats, outcome)


def _prepare(size, geometry, ports):
    """What does not change in a pass, and where all stands before its first cycle."""
    images, strip_rows, width, R, S, pe_columns = size
    set_channels, stack_filters = geometry.set_channels, geometry.stack_filters
    n_sets, n_stacks = set_channels.size, stack_filters.size
    height = n_sets * R
    n_windows, columns = images * geometry.windows, images * width
    numbers = np.arange(n_windows)
    base_of = numbers // geometry.windows * width + numbers % geometry.windows * geometry.stride_width
    receivers = np.zeros(strip_rows, np.int64)
    for i in range(R):
        for k in range(pe_columns):
            receivers[i + k * geometry.stride] += n_stacks // geometry.groups
    of = _Pass(
        R,
        S,
        geometry.stride,
        columns,
        n_windows,
        n_stacks,
        n_sets,
        height,
        pe_columns,
        strip_rows,
        geometry.groups,
        n_stacks // geometry.groups,
        ports.psum_fifo,
        ports.stages,
        geometry.loads_filters,
        geometry.reads_psums,
        geometry.one_psum_bank,
        set_channels,
        stack_filters,
        int(stack_filters.max()),
        base_of,
        np.searchsorted(base_of, np.arange(columns + 1)),
        receivers,
    )
    rows, fifos, feeds = n_stacks * height, n_stacks * (height + 1), geometry.groups * n_sets
    pes = _PEs(
        np.zeros((rows, pe_columns), np.int64),
        np.zeros((rows, pe_columns), np.int64),
        np.zeros((rows, pe_columns), np.int64),
        np.zeros((rows, pe_columns), np.int64),
    )
    psums = _Fifos(
        np.zeros((fifos, pe_columns, ports.psum_fifo), np.int64),
        np.zeros((fifos, pe_columns), np.int64),
        np.zeros((fifos, pe_columns), np.int64),
    )
    pixels = _Pixels(
        np.zeros((feeds, strip_rows, columns), np.int64),
        np.zeros((feeds, strip_rows), np.int64),
        np.zeros((feeds, strip_rows, n_windows), np.int64),
        np.zeros((feeds, strip_rows, n_windows), np.int64),
    )
    of_window = int(stack_filters.sum()) * pe_columns
    ats = (
        np.array([-1, 0, n_sets - 1, strip_rows - 1, 0, 0]),
        np.array([-1, 0 if geometry.reads_psums else n_windows, 0, 0, 0, 0, NEVER]),
        np.array([-1, 0, 0, 0, NEVER, 0]),
    )
    filter_at = np.zeros((rows, of.most_filters * S), np.int64)
    soonest = np.zeros((n_stacks, pe_columns), np.int64)
    acts = np.zeros(n_windows * of_window if geometry.one_psum_bank else 0, np.int64)
    return of, (pes, psums, pixels, filter_at, soonest, ats, acts, np.full(n_windows, of_window))


def _conclude(of, pes, psums, ats, outcome):
    """Count what follows from the last state."""
    events = outcome.events
    ifmap_at, _, gon_at = ats
    if (pes.window < of.n_windows).any():
        events[STUCK] = 1
        return
    cycles = max(gon_at[LAST_CYCLE], ifmap_at[LAST_CYCLE], pes.free.max()) + 1
    events[CYCLES] = cycles
    outcome.classes[STARTED, PASS_END] = (cycles - pes.free).sum()
    # each PE had as many MACs as its set has channels, at each column of each window, for each of its filters
    macs = of.set_channels.sum() * of.R * of.stack_filters.sum() * of.S * of.n_windows * of.pe_columns
    events[MACS_SKIPPED] = macs - outcome.classes[STARTED, COMPUTE]
    for t in range(of.n_stacks):
        fifo = t * (of.height + 1)
        events[GLB_PSUM_WRITES] += psums.taken[fifo].sum()
        for position in range(1, of.height):
            events[INTER_PE_PSUMS] += psums.taken[fifo + position].sum()
        for position in range(of.height):
            events[RF_PSUM_DRAINS] += psums.put[fifo + position].sum()
        events[GLB_PSUM_READS] += psums.put[fifo + of.height].sum()
    events[RF_PSUM_FILLS] = events[GLB_PSUM_READS]


_prepare_compiled, _conclude_compiled = njit(error_model="numpy")(_prepare), njit(error_model="numpy")(_conclude)


@njit(error_model="numpy", nogil=True)
def time_passes(size, geometry, ports, places, sets_of_group, pixel_masks, filter_masks, outcomes):
    """Time passes of one shape, by which of their words are zero.

    Parameters
    ----------
    size, geometry, ports
        As for :func:`time_pass`; ``geometry.skip`` says whose zeros spare a cycle.
    places : (passes, 6), int64
        Where each lies in the masks: image, set of pixels, row, column, filter, set of filter words.
    sets_of_group : int
        Sets of pixels from one convolution group to the next.
    pixel_masks : (sets, images, H, W, words), unsigned
        Which channels of a set have a pixel that is not zero, a bit each, the first channel's the lowest.
    filter_masks : (sets, filters, R, S, words), unsigned
        The same of filter words; sets of one group.
    outcomes : Outcome
        An entry for each pass in front of each of its arrays, read-outs flat; filled as by :func:`time_pass`. MACs that
        take a cycle are COMPUTE.
    """
    images, strip_rows, width, R, S, _ = size
    n_sets, n_stacks = geometry.set_channels.size, geometry.stack_filters.size
    words = pixel_masks.shape[4]
    most_filters, most_channels = geometry.stack_filters.max(), geometry.set_channels.max()
    pixels = np.zeros((geometry.groups * n_sets, strip_rows, images * width, words), np.uint64)
    filters = np.zeros((n_stacks * n_sets * R, S, most_filters, words), np.uint64)
    at_channel = np.zeros((n_stacks * n_sets * R, S, most_channels), np.int64)
    for number in range(places.shape[0]):
        image, pixel_set, row, column, first_filter, filter_set = places[number]
        for g in range(geometry.groups):
            for c in range(n_sets):
                for r in range(strip_rows):
                    for n in range(images):
                        for x in range(width):
                            for word in range(words):
                                pixels[g * n_sets + c, r, n * width + x, word] = pixel_masks[
                                    pixel_set + g * sets_of_group + c, image + n, row + r, column + x, word
                                ]
        f = first_filter
        for t in range(n_stacks):
            for c in range(n_sets):
                for i in range(R):
                    a = (t * n_sets + c) * R + i
                    for x in range(S):
                        at_channel[a, x] = 0
                        for p in range(geometry.stack_filters[t]):
                            for word in range(words):
                                bits = np.uint64(filter_masks[filter_set + c, f + p, i, x, word])
                                if geometry.skip == SKIP_IFMAP:
                                    bits = ~np.uint64(0)
                                filters[a, x, p, word] = bits
                            for q in range(geometry.set_channels[c]):
                                bit = (filters[a, x, p, q >> 6] >> np.uint64(q & 63)) & np.uint64(1)
                                at_channel[a, x, q] += np.int64(bit)
            f += geometry.stack_filters[t]
        outcome = Outcome(
            outcomes.classes[number],
            outcomes.events[number],
            outcomes.ifmap_read_at[number],
            outcomes.first_out_at[number],
            outcomes.last_out_at[number],
        )
        masks = _Masks(pixels, filters, at_channel)
        of, state = _prepare_compiled(size, geometry, ports)
        pes, psums, pixels_of, filter_at, soonest, ats, acts, out_left = state
        if geometry.loads_filters:
            _bring_filters(of, ports.gin_filter, filter_at, outcome.events)
        outcome.first_out_at[:] = -1
        reach = max(S, geometry.stride_width)
        _play(of, ports, reach, pes, psums, pixels_of, filter_at, soonest, ats, acts, out_left, outcome, masks)
        _conclude_compiled(of, pes, psums, ats, outcome)
