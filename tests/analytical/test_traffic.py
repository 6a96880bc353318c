"""Data times repetitions: for closed forms, search and machine alike."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import given, settings

from analytical import counts as c
from analytical.closed_forms import count
from analytical.counts import Level
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.rules import map_layer
from analytical.mappings.search import Candidates, weigh
from analytical.traffic import filter_words
from simulator.crosscheck import Effect
from simulator.crosscheck.check import exactly
from simulator.machine.schedule import schedule
from tests.machines import run_layer, tile
from tests.simulator.crosscheck.checks import BASE, check
from tests.strategies import chip_mappable, mappable
from traces.tensors import synthesise


@given(mappable())
def test_fractions_of_tiles_are_the_closed_forms(case: tuple[Layer, Hardware, int]) -> None:
    """The first rung of the ladder is what :func:`analytical.closed_forms.count` says, but for code and zeros."""
    layer, hardware, batch = case
    mapping = map_layer(layer, hardware)
    words = exactly(mapping).repetitions(exactly(layer)).words(layer, batch)
    closed = count(exactly(layer), hardware, exactly(mapping), batch)
    for event in words:
        if event == c.DRAM_FILTER_READ:
            assert filter_words(words[event], exactly(layer), hardware) == closed[event]
        elif event != c.DRAM_IFMAP_READ or layer.first:
            assert words[event] == closed[event], event


def test_repetitions_of_a_layer_by_hand() -> None:
    """Two strips of 14 and 6 rows, the second of which needs the last two rows of the first again."""
    layer = replace(BASE, E=20, H=22)
    mapping = map_layer(layer, EYERISS_16BIT)
    repeated = exactly(mapping).repetitions(layer)
    assert (repeated.strips, repeated.strip_rows) == (Fraction(20, 14), Fraction(20 * 16, 14))
    effect = check(layer, EYERISS_16BIT).counts()["glb_ifmap_reads"].effects[Effect.OVERLAP.value]
    further_strips = 2 - Fraction(20, 14)
    assert effect == further_strips * 2 * layer.W * layer.C * 2


@settings(max_examples=100)
@given(chip_mappable())
def test_the_mapper_weighs_the_words_that_the_machine_moves(case: tuple[Layer, Hardware, EyerissMapping, int]) -> None:
    """Events that neither zeros nor code change, on any mapping."""
    layer, hardware, mapping, batch = case
    layer = replace(layer, sparsity_ifmap=0.0, pad_h=0, pad_w=0, first=True, sparsity_filters=0.0)
    tensors = synthesise(layer, b_w=hardware.b_w, batch=batch, seed=0)
    moved = run_layer(layer, hardware, tensors, mapping=mapping).counts
    ways = Candidates(*(np.array([getattr(mapping, symbol)]) for symbol in Candidates._fields))
    weighed = weigh(layer, hardware, batch, ways, mapping.g).words
    for event, words in weighed.items():
        if event.level is not Level.DRAM:
            assert moved[event] == words, event
    at_a_time = hardware.link_bits // hardware.b_w
    padding = at_a_time * len(list(schedule(tile(layer, hardware, mapping, batch)))) * (batch + 1)
    for event in (c.DRAM_FILTER_READ, c.DRAM_IFMAP_READ):
        assert weighed[event] <= moved[event] <= weighed[event] + padding, event
