"""Moments of a pass: what it has read is given back, psums take their room and leave, each once and in its turn."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytical import counts as c
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.rules import map_layer
from analytical.mappings.tiling import Tiling
from simulator.machine.pe_array import PassTimes
from simulator.machine.schedule import Pass, schedule
from simulator.machine.timeline import Act, Moment, Moved, filter_words, moments, psum_words, room_words
from simulator.machine.transfers import transfers
from tests.strategies import mappable


@st.composite
def timed_passes(draw: st.DrawFn) -> tuple[Tiling, list[tuple[Pass, PassTimes, list[Moment]]]]:
    """The passes of a layer with any times whose order a pass could have."""
    layer, hardware, batch = draw(mappable())
    chip: Hardware = replace(hardware, overlap_fmaps=draw(st.booleans()))
    tiling = map_layer(layer, chip).tiling(layer, chip, batch)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    timed = []
    for p in schedule(tiling):
        shape = p.shape
        pixels, windows = (shape.images, shape.width), shape.images * shape.windows
        first_out = random.integers(0, 5, windows).cumsum()
        last_out = np.maximum.accumulate(first_out + random.integers(1, 30, windows))
        times = PassTimes(
            cycles=int(last_out[-1]) + 1,
            filters_loaded_at=int(random.integers(0, 99)),
            ifmap_read_at=random.integers(0, 5, pixels).cumsum().reshape(pixels),
            first_out_at=first_out,
            last_out_at=last_out,
        )
        timed.append((p, times, moments(tiling, p, times)))
    return tiling, timed


def of(found: list[Moment], act: Act) -> list[Moment]:
    return [moment for moment in found if moment.act is act]


Timed = tuple[Tiling, list[tuple[Pass, PassTimes, list[Moment]]]]


@given(timed_passes())
def test_moments_come_in_order_and_what_was_read_is_given_back_when_it_has_been(case: Timed) -> None:
    tiling, timed = case
    for p, times, found in timed:
        assert [moment.cycle for moment in found] == sorted(moment.cycle for moment in found)
        loaded = [times.filters_loaded_at] if p.shape.loads_filters else []
        assert [moment.cycle for moment in of(found, Act.RELEASE_FILTERS)] == loaded
        released = of(found, Act.RELEASE_IFMAP)
        assert {moment.part for moment in released} == set(transfers(tiling, p.shape) if p.leaves else [])
        for moment in released:
            assert moment.cycle == times.ifmap_read_at[moment.part.images.slice, moment.part.columns.slice].max()


@given(timed_passes())
def test_psums_take_room_before_they_leave_and_never_more_than_there_is(case: Timed) -> None:
    """If the link took no time, what is taken and not sent yet would fit; and in the end nothing is left."""
    tiling, timed = case
    level = most = 0
    for p, _, found in timed:
        for moment in found:
            assert moment.act is not Act.SEND_OFMAP or p.last_channels
            if moment.act is Act.TAKE_PSUMS:
                level += psum_words(p, moment.part)
            elif moment.act is Act.SEND_OFMAP:
                level -= psum_words(p, moment.part)
            assert 0 <= level <= tiling.psum_words
            most = max(most, level)
    assert level == 0
    assert most > 0


@given(timed_passes())
def test_ofmaps_leave_when_complete_and_a_stream_has_two_halves_where_two_windows_fit(case: Timed) -> None:
    tiling, timed = case
    for p, times, found in timed:
        windows = np.arange(p.shape.images * p.shape.windows).reshape(p.shape.images, p.shape.windows)
        # psums that wait take all their room with their first channels, at once
        if not tiling.psums_stream:
            taken = [(0, windows.size)] if p.first_channels and not p.last_channels else []
            found_taken = of(found, Act.TAKE_PSUMS)
            sizes = [moment.part.images.size * moment.part.columns.size for moment in found_taken]
            assert p.last_channels or list(zip([m.cycle for m in found_taken], sizes, strict=True)) == taken
        if not p.last_channels:
            continue
        pieces = {
            moment.part: windows[moment.part.images.slice, moment.part.columns.slice]
            for moment in of(found, Act.SEND_OFMAP)
        }
        assert sorted(at for piece in pieces.values() for at in piece.flat) == list(windows.flat)
        for moment in of(found, Act.SEND_OFMAP):
            assert moment.cycle == times.last_out_at[pieces[moment.part]].max()
        if tiling.psums_stream:
            in_turn = sorted(pieces.items(), key=lambda named: named[1].min())
            done = [0, 0] + [int(times.last_out_at[piece].max()) for _, piece in in_turn]
            of_window = p.shape.filters * p.shape.pe_columns
            back = 2 if 2 * of_window <= tiling.psum_words else 1
            taken_at = {moment.part: moment.cycle for moment in of(found, Act.TAKE_PSUMS)}
            assert taken_at == {
                part: max(int(times.first_out_at[piece.min()]), done[number + 2 - back])
                for number, (part, piece) in enumerate(in_turn)
            }


@given(timed_passes())
def test_room_is_that_of_what_moves(case: Timed) -> None:
    tiling, timed = case
    layer, buffer = tiling.layer, tiling.hardware.filter_buffer_words
    for p, _, found in timed:
        assert filter_words(p) == p.filters.size * p.filter_channels.size * layer.R * layer.S
        for moment in of(found, Act.RELEASE_FILTERS):
            assert room_words(tiling, p, moment) == min(filter_words(p), buffer)
        # a strip gives back all its rows but those that the next finds
        rows = p.strip.ifmap.size - p.strip.kept_after
        given_back = sum(room_words(tiling, p, moment) for moment in of(found, Act.RELEASE_IFMAP))
        assert given_back == (p.images.size * p.channels.size * rows * p.ifmap_columns.size if p.leaves else 0)
        for moment in of(found, Act.SEND_OFMAP):
            assert room_words(tiling, p, moment) == psum_words(p, moment.part)


def test_a_word_of_the_link_is_four_of_16_bits() -> None:
    moved = Moved(1, 2, 3, 10, 20, 30)
    counts = moved.counts(EYERISS_16BIT)
    assert [counts[event] for event in (c.GLB_IFMAP_FILL, c.GLB_FILTER_FILL, c.GLB_OFMAP_DRAIN)] == [1, 2, 3]
    assert [counts[event] for event in (c.DRAM_IFMAP_READ, c.DRAM_FILTER_READ, c.DRAM_OFMAP_WRITE)] == [40, 80, 120]
    assert Moved().counts(EYERISS_16BIT).events == {}


def test_two_windows_of_a_stream_that_just_fit_go_by_turns() -> None:
    layer = Layer.conv("L", channels=2, size=6, filters=4, filter=3)
    tiling = map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, 1)
    (p,) = schedule(tiling)
    of_window, n = p.shape.filters * p.shape.pe_columns, p.shape.windows
    times = PassTimes(
        cycles=99,
        filters_loaded_at=0,
        ifmap_read_at=np.zeros((1, p.shape.width), np.int64),
        first_out_at=np.arange(n),
        last_out_at=10 + np.arange(n),
    )
    by_turns, alone = (
        of(moments(replace(tiling, psum_words=words), p, times), Act.TAKE_PSUMS)
        for words in (2 * of_window, 2 * of_window - 1)
    )
    assert [moment.cycle for moment in by_turns] == [0, 1, 10, 11]
    assert [moment.cycle for moment in alone] == [0, 10, 11, 12]
