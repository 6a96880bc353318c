"""The DRAM link, the GLB and the PE array of a layer's run, as two actors in one compiled loop over tables.

It plays out what :class:`simulator.machine.layer_run.Machine` and :class:`simulator.machine.dram.DramLink` do as SimPy
processes, in SimPy's order: by time, and at one time in the order in which events were scheduled. Each actor waits for
one thing at a time, so that the whole queue of events is what each of them waits for, and when it was scheduled.
``tests/simulator/machine/test_layer_run.py`` holds the two equal in every field of a run.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.machine.history import Acts, Fetches, History, Passes, WriteBacks
from simulator.machine.timeline import Act
from traces.compiled import njit

IFMAP, PSUMS, FILTERS = range(3)
"""Parts of the GLB."""

DATA, ROOM, WRITE_BACK = range(3)
"""What the array waits for."""

DONE, STUCK, OVERFULL = range(3)
"""How a run ends: well; with both waiting for each other; or with room taken or given back that is not there."""

# columns of a fetch, of a pass and of a moment
BUFFER, TAKES, CYCLES, OF_PASS, LAST, ON_DEMAND = range(6)
PASS_CYCLES, FIRST_MOMENT, MOMENTS = range(3)
AT, ACT, WORDS, LINK_CYCLES = range(4)

RELEASE_FILTERS, TAKE_PSUMS, SEND_OFMAP = int(Act.RELEASE_FILTERS), int(Act.TAKE_PSUMS), int(Act.SEND_OFMAP)
"""Acts as the loop knows them."""

# what an actor waits for; WAKES: its time has come, or the event that it waited for has happened
WAKES, FOR_WORK, FOR_FETCH, FOR_ROOM, FOR_DRAIN, ENDED = range(6)

# where the array goes on when it wakes
START, MOMENT, ACTS, AFTER_DRAIN, AFTER_ROOM, END_OF_PASS, DRAINED = range(7)


# rows of the times that are kept
FETCH_STARTS, WRITE_STARTS, PASS_READY, PASS_STARTS, PASS_ENDS, ACT_ASKED, ACT_DONE = range(7)


class Played(NamedTuple):
    """What a run took, in core cycles, and the most words of each part of the GLB; its history, if that was kept."""

    outcome: int
    total: int
    busy: int
    waits: NDArray[np.int64]
    peaks: NDArray[np.int64]
    history: History | None = None


@njit()
def _play(fetches, passes, moments, capacities, overlap, waits, peaks, kept, times):
    # with ``kept``, ``times`` has a row for each kind of what happens, as Times names them: nothing else depends on it
    n_fetches, n_passes = fetches.shape[0], passes.shape[0]
    levels = np.zeros(3, np.int64)
    # write-backs in the order in which they were queued: room and link cycles
    queued = np.zeros((moments.shape[0] + 1, 2), np.int64)
    first_queued, next_queued = 0, 0

    now, scheduled, busy = 0, 2, 0
    # the link starts before the array, both at once
    link_waits, link_time, link_seq = WAKES, 0, 0
    array_waits, array_time, array_seq = WAKES, 0, 1

    # the link: what it moves (1 a write-back, 2 a fetch), and what it has fetched
    moving, at_fetch, fetched_passes, demanded = 0, 0, 0, -1
    drain_asked = False

    # the array: where it is
    number, at_moment, cycle, since = 0, 0, 0, 0
    goes_on = START
    end_of_passes = 0

    while True:
        if link_waits != WAKES and array_waits != WAKES:
            if array_waits == ENDED:
                break
            return STUCK, now, busy
        link_next = link_waits == WAKES and (
            array_waits != WAKES or link_time < array_time or (link_time == array_time and link_seq < array_seq)
        )
        if link_next:
            now = link_time
            if moving == 1:
                # it leaves the queue only now: until its last word is in DRAM, the link is not drained
                room = queued[first_queued, 0]
                first_queued += 1
                if room > levels[PSUMS]:
                    return OVERFULL, now, busy
                levels[PSUMS] -= room
                if array_waits == FOR_ROOM:
                    array_waits, array_time, array_seq = WAKES, now, scheduled
                    scheduled += 1
                if first_queued == next_queued and drain_asked:
                    drain_asked = False
                    if array_waits == FOR_DRAIN:
                        array_waits, array_time, array_seq = WAKES, now, scheduled
                        scheduled += 1
            elif moving == 2:
                if fetches[at_fetch, LAST]:
                    fetched_passes = fetches[at_fetch, OF_PASS] + 1
                    if array_waits == FOR_FETCH:
                        array_waits, array_time, array_seq = WAKES, now, scheduled
                        scheduled += 1
                at_fetch += 1
            moving = 0
            # write-backs first: the room that they give back may be what the array waits for
            if first_queued < next_queued and (overlap or drain_asked):
                moving = 1
                took = queued[first_queued, 1]
                if kept:
                    times[WRITE_STARTS, first_queued] = now
            elif (
                at_fetch < n_fetches
                and (not fetches[at_fetch, ON_DEMAND] or demanded >= fetches[at_fetch, OF_PASS])
                and levels[fetches[at_fetch, BUFFER]] + fetches[at_fetch, TAKES]
                <= capacities[fetches[at_fetch, BUFFER]]
            ):
                moving = 2
                part = fetches[at_fetch, BUFFER]
                levels[part] += fetches[at_fetch, TAKES]
                peaks[part] = max(peaks[part], levels[part])
                took = fetches[at_fetch, CYCLES]
                if kept:
                    times[FETCH_STARTS, at_fetch] = now
            if moving:
                busy += took
                link_time, link_seq = now + took, scheduled
                scheduled += 1
            else:
                link_waits = FOR_WORK
            continue

        now = array_time
        while True:
            wakes_link = False
            if goes_on == START:
                if number == n_passes:
                    array_waits = ENDED
                    end_of_passes = now
                    break
                # a pass that is not there yet is asked for once, and waited for until the link has fetched it
                if array_waits == FOR_FETCH:
                    array_waits = WAKES
                if fetched_passes <= number:
                    if demanded < number:
                        demanded = number
                        since = now
                        wakes_link = True
                        if kept:
                            times[PASS_READY, number] = now
                    array_waits = FOR_FETCH
                else:
                    if kept:
                        if demanded < number:
                            times[PASS_READY, number] = now
                        times[PASS_STARTS, number] = now
                    if demanded == number:
                        waits[DATA] += now - since
                    cycle, at_moment = 0, passes[number, FIRST_MOMENT]
                    goes_on = MOMENT
                    continue
            elif goes_on == MOMENT:
                if at_moment == passes[number, FIRST_MOMENT] + passes[number, MOMENTS]:
                    goes_on = END_OF_PASS
                    if passes[number, PASS_CYCLES] > cycle:
                        array_time, array_seq = now + passes[number, PASS_CYCLES] - cycle, scheduled
                        scheduled += 1
                        break
                    continue
                goes_on = ACTS
                if moments[at_moment, AT] > cycle:
                    array_time, array_seq = now + moments[at_moment, AT] - cycle, scheduled
                    scheduled += 1
                    cycle = moments[at_moment, AT]
                    break
                continue
            elif goes_on == ACTS:
                act, words = moments[at_moment, ACT], moments[at_moment, WORDS]
                goes_on = MOMENT
                if kept:
                    times[ACT_ASKED, at_moment] = times[ACT_DONE, at_moment] = now
                if act == TAKE_PSUMS:
                    if levels[PSUMS] + words <= capacities[PSUMS]:
                        levels[PSUMS] += words
                        peaks[PSUMS] = max(peaks[PSUMS], levels[PSUMS])
                        at_moment += 1
                        continue
                    since = now
                    # where transfers do not overlap work, write-backs move only if the array stands still for them
                    if not overlap and first_queued < next_queued:
                        goes_on = AFTER_DRAIN
                        array_waits = FOR_DRAIN
                        if not drain_asked:
                            drain_asked = True
                            wakes_link = True
                    else:
                        goes_on = AFTER_ROOM
                        continue
                elif act == SEND_OFMAP:
                    queued[next_queued, 0], queued[next_queued, 1] = words, moments[at_moment, LINK_CYCLES]
                    next_queued += 1
                    at_moment += 1
                    wakes_link = True
                else:
                    part = FILTERS if act == RELEASE_FILTERS else IFMAP
                    if words > levels[part]:
                        return OVERFULL, now, busy
                    levels[part] -= words
                    at_moment += 1
                    wakes_link = True
            elif goes_on == AFTER_DRAIN:
                waits[ROOM] += now - since
                since = now
                goes_on = AFTER_ROOM
                continue
            elif goes_on == AFTER_ROOM:
                words = moments[at_moment, WORDS]
                if levels[PSUMS] + words > capacities[PSUMS]:
                    array_waits = FOR_ROOM
                    break
                waits[ROOM] += now - since
                if kept:
                    times[ACT_DONE, at_moment] = now
                levels[PSUMS] += words
                peaks[PSUMS] = max(peaks[PSUMS], levels[PSUMS])
                at_moment += 1
                goes_on = MOMENT
                continue
            elif goes_on == END_OF_PASS:
                if kept:
                    times[PASS_ENDS, number] = now
                if not overlap and first_queued < next_queued:
                    since = now
                    goes_on = DRAINED
                    array_waits = FOR_DRAIN
                    if not drain_asked:
                        drain_asked = True
                        wakes_link = True
                else:
                    number += 1
                    goes_on = START
                    continue
            else:
                waits[WRITE_BACK] += now - since
                number += 1
                goes_on = START
                continue
            # there is more room, another write-back, or a demand: an idle link looks again
            if wakes_link and link_waits == FOR_WORK:
                link_waits, link_time, link_seq = WAKES, now, scheduled
                scheduled += 1
            if array_waits != WAKES:
                break
    waits[WRITE_BACK] += now - end_of_passes
    return DONE, now, busy


def play(
    fetches: NDArray[np.int64],
    passes: NDArray[np.int64],
    moments: NDArray[np.int64],
    capacities: NDArray[np.int64],
    overlap: bool,
    keep_history: bool = False,
) -> Played:
    """Play out a layer's run.

    Parameters
    ----------
    fetches : (fetches, 6), int64
        What the link brings, in order: part of the GLB, words of room, core cycles, number of the pass, whether that
        then has all its data, and whether it waits until the array asks for the pass.
    passes : (passes, 3), int64
        Cycles of a pass, and where its moments begin and how many they are.
    moments : (moments, 4), int64
        Cycle, act (:class:`simulator.machine.timeline.Act`), words of room, and core cycles on the link.
    capacities : (3,), int64
        Words of the parts of the GLB.
    overlap : bool
        Whether write-backs move while the array works.
    keep_history : bool
        Whether to say when things happened.
    """
    waits, peaks = np.zeros(3, np.int64), np.zeros(3, np.int64)
    longest = max(len(fetches), len(passes), len(moments)) if keep_history else 0
    times = np.zeros((ACT_DONE + 1, longest), np.int64)
    outcome, total, busy = _play(fetches, passes, moments, capacities, overlap, waits, peaks, keep_history, times)
    history = _history(fetches, passes, moments, times, int(total)) if keep_history else None
    return Played(int(outcome), int(total), int(busy), waits, peaks, history)


def _history(
    fetches: NDArray[np.int64],
    passes: NDArray[np.int64],
    moments: NDArray[np.int64],
    times: NDArray[np.int64],
    total: int,
) -> History:
    """What the loop wrote down, beside what its tables say."""
    sent = moments[moments[:, ACT] == SEND_OFMAP]
    of_fetch, of_pass, of_moment = len(fetches), len(passes), len(moments)
    return History(
        Fetches(
            start=times[FETCH_STARTS, :of_fetch],
            cycles=fetches[:, CYCLES],
            part=fetches[:, BUFFER],
            words=fetches[:, TAKES],
            number=fetches[:, OF_PASS],
        ),
        WriteBacks(start=times[WRITE_STARTS, : len(sent)], cycles=sent[:, LINK_CYCLES], words=sent[:, WORDS]),
        Passes(
            ready=times[PASS_READY, :of_pass],
            start=times[PASS_STARTS, :of_pass],
            end=times[PASS_ENDS, :of_pass],
            cycles=passes[:, PASS_CYCLES],
        ),
        Acts(
            at=times[ACT_DONE, :of_moment],
            asked=times[ACT_ASKED, :of_moment],
            act=moments[:, ACT],
            words=moments[:, WORDS],
        ),
        total,
    )
