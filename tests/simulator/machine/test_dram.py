"""Buffers and the DRAM link: exact timelines."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import simpy

from analytical.hardware import EYERISS_16BIT
from simulator.machine.buffer import Buffer
from simulator.machine.dram import DramLink, Fetch, WriteBack


def fetches(buffer: Buffer, log: list[tuple[str, int]], *words: int) -> Iterator[Fetch]:
    def link_words(number: int, size: int) -> int:
        log.append((f"fetch {number}", int(buffer.env.now)))
        return size

    for number, size in enumerate(words):
        yield Fetch(
            buffer=buffer,
            room=size,
            link_words=lambda number=number, size=size: link_words(number, size),
            pass_number=number,
            last=True,
        )


def test_a_buffer_never_holds_more_than_it_can() -> None:
    buffer = Buffer(simpy.Environment(), "GLB for psums", 10)
    buffer.take(7)
    assert not buffer.has_room(4)
    with pytest.raises(RuntimeError, match="GLB for psums holds 7 of 10 words; 4 more do not fit"):
        buffer.take(4)
    with pytest.raises(RuntimeError, match="holds 7 words; cannot give back 8"):
        buffer.give_back(8)
    buffer.give_back(5)
    buffer.take(4)
    assert (buffer.level, buffer.peak) == (6, 7)


def test_three_words_at_60_mhz_take_ten_cycles_at_200() -> None:
    link = DramLink(simpy.Environment(), EYERISS_16BIT, iter(()))
    assert [link.cycles(words) for words in (0, 1, 2, 3, 6)] == [0, 4, 7, 10, 20]


def test_prefetch_goes_as_far_as_there_is_room() -> None:
    env = simpy.Environment()
    buffer = Buffer(env, "GLB for ifmap", 9)
    log: list[tuple[str, int]] = []
    link = DramLink(env, EYERISS_16BIT, fetches(buffer, log, 3, 6, 3))
    buffer.on_release = link.wake

    def array() -> Iterator[simpy.Event]:
        yield env.timeout(100)
        assert link.fetched_passes == 2
        buffer.give_back(3)

    env.process(array())
    env.run()
    assert log == [("fetch 0", 0), ("fetch 1", 10), ("fetch 2", 100)]
    assert link.fetched_passes == 3
    assert link.busy_cycles == 40
    assert env.now == 110


def test_write_backs_go_first() -> None:
    env = simpy.Environment()
    ifmap, psums = Buffer(env, "GLB for ifmap", 100), Buffer(env, "GLB for psums", 9)
    log: list[tuple[str, int]] = []
    link = DramLink(env, replace(EYERISS_16BIT, overlap_fmaps=True), fetches(ifmap, log, 3, 3, 3))
    psums.take(9)

    def array() -> Iterator[simpy.Event]:
        yield env.timeout(5)
        link.write_back(WriteBack(buffer=psums, room=9, link_words=6))
        yield psums.released()
        log.append(("written", int(env.now)))

    env.process(array())
    env.run()
    assert log == [("fetch 0", 0), ("fetch 1", 30), ("written", 30), ("fetch 2", 40)]


def test_write_backs_wait_for_an_array_that_stands_still() -> None:
    env = simpy.Environment()
    psums = Buffer(env, "GLB for psums", 9)
    link = DramLink(env, EYERISS_16BIT, iter(()))
    psums.take(9)
    log: list[int] = []

    def array() -> Iterator[simpy.Event]:
        assert not link.undrained
        link.write_back(WriteBack(buffer=psums, room=6, link_words=6))
        link.write_back(WriteBack(buffer=psums, room=3, link_words=3))
        yield env.timeout(50)
        assert (link.undrained, psums.level) == (True, 9)
        yield link.drained()
        log.append(int(env.now))
        assert (link.undrained, psums.level) == (False, 0)

    env.process(array())
    env.run()
    assert log == [50 + 20 + 10]


def test_what_is_too_large_to_wait_comes_on_demand() -> None:
    env = simpy.Environment()
    buffer = Buffer(env, "filter buffer", 9)
    fetch = Fetch(buffer=buffer, room=9, link_words=lambda: 30, pass_number=0, last=True, on_demand=True)
    link = DramLink(env, EYERISS_16BIT, iter([fetch]))

    def array() -> Iterator[simpy.Event]:
        yield env.timeout(50)
        assert buffer.level == 0
        link.demand(0)
        yield link.fetched()

    env.process(array())
    env.run()
    assert env.now == 150
