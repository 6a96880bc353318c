"""Two runs side by side, as values."""

from dataclasses import replace

import pytest

import simulator
from analytical import Layer, Network
from analytical.hardware import EYERISS_16BIT
from simulator.comparison.compare import CLOSED_FORMS

A = Layer.conv("A", channels=4, size=13, filters=8, filter=3, padding=1, sparsity_ifmap=0.3, first=True)
B = Layer.conv("B", channels=8, size=13, filters=8, filter=3, sparsity_ofmap=0.5)
BASE = simulator.run(Network("two", (A, B)))
SLOW = simulator.run(Network("two", (A, B)), hardware=replace(EYERISS_16BIT, link_hz=6_000_000))
ONLY_B = simulator.run(Network("two", (A, B)), layers="B", mapping="eyeriss")


def test_every_quantity_is_the_other_plus_effects() -> None:
    compared = simulator.compare(BASE, SLOW)
    for layer in compared.layers.values():
        for d in layer.values():
            assert float(d.residual) == pytest.approx(0, abs=1e-9 * max(d.magnitude, 1e-30))
    cycles = compared.together["total_cycles"]
    assert cycles.effects["DRAM data"] > 0
    assert CLOSED_FORMS not in compared.together["macs"].by_size


def test_worse_is_what_takes_more_energy_or_time() -> None:
    compared = simulator.compare(BASE, SLOW)
    found = compared.worse_than(0.02)
    assert [line.split(" of an image")[0] for line in found if "latency" in line] == [
        "layer A: latency",
        "layer B: latency",
        "all layers: latency",
    ]
    more = 100 * (SLOW.latency_s / BASE.latency_s - 1)
    assert f"({more:+.2f} %)" in found[-1]
    assert simulator.compare(SLOW, BASE).worse_than(0.0) == []
    assert compared.worse_than(more / 100 + 10) == []


def test_layers_of_one_side_are_named_and_counted_in_all() -> None:
    compared = simulator.compare(BASE, ONLY_B)
    assert (compared.only_in_a, compared.only_in_b) == (["A"], [])
    assert list(compared.layers) == ["B"]
    assert compared.together["macs"].difference == -A.macs


def test_mappings_of_one_kind_are_compared_number_by_number() -> None:
    other = simulator.run(Network("two", (A, B)), hardware=replace(EYERISS_16BIT, K=7))
    assert simulator.compare(BASE, BASE).mapping_changes == []
    assert any("y_o 13 -> 7" in change for change in simulator.compare(BASE, other).mapping_changes)
    assert simulator.compare(BASE, ONLY_B).mapping_changes == []


def test_a_layer_of_one_side_neither_hides_nor_feigns_what_is_worse() -> None:
    only_b = simulator.run(Network("two", (A, B)), layers="B")
    assert simulator.compare(only_b, BASE).worse_than(0.0) == []
    slow_b = simulator.run(Network("two", (A, B)), layers="B", hardware=SLOW.hardware)
    assert [line.split(" of an image")[0] for line in simulator.compare(BASE, slow_b).worse_than(0.02)][-1] == (
        "all layers: latency"
    )
    only_a = simulator.run(Network("two", (A, B)), layers="A")
    assert simulator.compare(only_a, only_b).worse_than(1.0) == [
        "no layer is in both runs; expected at least one to compare"
    ]
