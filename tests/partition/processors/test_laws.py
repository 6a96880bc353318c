"""Laws of schedules: brute force finds no better one, and what is more never costs more."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.graph import Graph, graph_of
from analytical.hardware import EYERISS_8BIT
from analytical.layer import Layer
from analytical.model import estimate
from analytical.network import Network
from analytical.networks import ZOO, load_network
from partition.channel import Channel, bits_of
from partition.planning import plan
from partition.processors.processor import Processor, ProcessorError, load_processors, options_of
from partition.processors.schedules import Option, Scheduler
from partition.sources.analytical import Analytical
from partition.sources.file import File

NPU = Processor(name="npu", source=Analytical(), hardware=EYERISS_8BIT)


def row_of(layers: int) -> Graph:
    return graph_of(Network("row", tuple(Layer.fc(f"L{at}", inputs=8, outputs=8) for at in range(layers))))


# few values, so that some are equal
figures = st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5, 3.0])
of_layers = st.lists(st.lists(st.tuples(figures, figures), min_size=1, max_size=4), min_size=1, max_size=4)


def options(costs: Sequence[Sequence[tuple[float, float]]]) -> dict[str, list[Option]]:
    return {
        f"L{at}": [Option((number,), energy, latency) for number, (energy, latency) in enumerate(of_layer)]
        for at, of_layer in enumerate(costs)
    }


def all_of(
    graph: Graph, costs: Sequence[Sequence[tuple[float, float]]], channel: Channel | None, bits: dict[str, float]
) -> list[tuple[float, float]]:
    """Energy and latency of every schedule there is."""
    found = []
    for run, (name, _) in enumerate(graph.chain()):
        is_last = name == graph.last
        if channel is None and not is_last:
            continue
        sent = 0.0 if is_last or channel is None else bits[name]
        macs = sum(node.layer.macs for at, node in enumerate(graph.nodes.values()) if at > run and node.layer)
        for chosen in product(*costs[:run]):
            energy, latency = sum(e for e, _ in chosen), sum(t for _, t in chosen)
            if channel is not None:
                energy += sent * channel.tx_power_W / channel.bitrate_bps
                latency += sent / channel.bitrate_bps + 2 * macs / 92e12
            found.append((energy, latency))
    return found


@given(of_layers, st.sampled_from([None, 1e3, 1e4]), st.floats(0, 12), st.floats(0, 1))
def test_no_schedule_is_better(
    costs: list[list[tuple[float, float]]], bitrate: float | None, deadline: float, weight: float
) -> None:
    graph = row_of(len(costs))
    channel = None if bitrate is None else Channel(bitrate_bps=bitrate, tx_power_W=0.5)
    bits = {name: 1000.0 * (at % 3 + 1) for at, name in enumerate(graph.nodes)}
    every = all_of(graph, costs, channel, bits)
    scheduler = Scheduler(graph, options(costs), channel, bits)
    front = [(schedule.energy_J, schedule.latency_s) for schedule in scheduler.front()]
    # each is one, in order, and each other is matched or beaten by one of them
    for energy, latency in front:
        assert any((energy, latency) == pytest.approx(one, abs=1e-12) for one in every)
    for (energy, latency), (more, less) in pairwise(front):
        assert energy < more
        assert latency > less
    for energy, latency in every:
        assert any(e <= energy + 1e-12 and t <= latency + 1e-12 for e, t in front)
    assert scheduler.fastest_s == pytest.approx(min(latency for _, latency in every), abs=1e-12)
    in_time = [energy for energy, latency in every if latency <= deadline]
    best = scheduler.least_energy(deadline)
    if in_time:
        assert best is not None
        assert best.energy_J == pytest.approx(min(in_time), abs=1e-12)
        assert best.latency_s <= deadline * (1 + 1e-9)
    weighted = scheduler.least_weighted(weight)
    least = min(weight * energy * 1e3 + (1 - weight) * latency * 1e3 for energy, latency in every)
    assert weight * weighted.energy_J * 1e3 + (1 - weight) * weighted.latency_s * 1e3 == pytest.approx(least, abs=1e-9)


@given(of_layers, st.lists(st.floats(0, 12), min_size=2, max_size=5))
def test_a_later_deadline_never_costs_more(costs: list[list[tuple[float, float]]], deadlines: list[float]) -> None:
    scheduler = Scheduler(row_of(len(costs)), options(costs))
    best = [scheduler.least_energy(deadline) for deadline in sorted(deadlines)]
    spent = [inf if schedule is None else schedule.energy_J for schedule in best]
    assert all(more >= less - 1e-12 for more, less in pairwise(spent))


@pytest.mark.parametrize("name", ZOO)
def test_one_processor_is_the_phone_alone_and_its_cut_the_paper_s(name: str) -> None:
    loaded = load_network(name)
    network = replace(loaded, layers=tuple(replace(layer, batch=1) for layer in loaded.layers))
    graph, ways = graph_of(network), options_of(network, [NPU], 1)
    (alone,) = Scheduler(graph, ways).front()
    whole = estimate(network, EYERISS_8BIT)
    assert alone.energy_J == pytest.approx(whole.energy_J, rel=1e-12)
    assert alone.latency_s == pytest.approx(whole.latency_s, rel=1e-12)
    channel = Channel(bitrate_bps=60e6, tx_power_W=0.5)
    scheduler = Scheduler(graph, ways, channel, bits_of(graph, EYERISS_8BIT, 0.608))
    for deadline in (inf, 0.05, 0.02):
        planned = plan(network, bitrate=60e6, tx_power=0.5, max_delay=None if deadline == inf else deadline)
        found, best = scheduler.least_energy(deadline), planned.optimum
        assert (found is None) == (best is None)
        if found is not None and best is not None:
            assert found.cut == best.name
            assert found.energy_J == pytest.approx(best.total_energy_J(planned.channel), rel=1e-12)


def test_more_processors_and_faster_channels_never_cost_more() -> None:
    loaded = load_network("alexnet")
    network = replace(loaded, layers=tuple(replace(layer, batch=1) for layer in loaded.layers))
    graph = graph_of(network)
    busy = replace(NPU, name="busy", utilisation=0.5)
    spent = []
    for processors, rate in (([busy], None), ([busy], 1e6), ([busy], 5e6), ([busy, NPU], 5e6), ([busy, NPU], 9e7)):
        channel = None if rate is None else Channel(bitrate_bps=rate, tx_power_W=0.5)
        best = Scheduler(
            graph, options_of(network, processors, 4), channel, bits_of(graph, EYERISS_8BIT, 0.608)
        ).least_energy(0.08)
        spent.append(inf if best is None else best.energy_J)
    assert spent == sorted(spent, reverse=True)
    assert spent[-1] < spent[0]


def test_a_measured_layer_is_shared_out_in_proportion(tmp_path: Path) -> None:
    file = tmp_path / "measured.csv"
    file.write_text("layer,energy_J,latency_s\nA,0.004,0.02\n")
    network = Network("one", (Layer.fc("A", inputs=8, outputs=8),))
    measured = Processor(name="cpu", source=File(str(file)), hardware=EYERISS_8BIT, utilisation=0.5)
    ways = {option.parts: option for option in options_of(network, [measured, NPU], 4)["A"]}
    alone = ways[0, 4]
    assert (ways[4, 0].energy_J, ways[4, 0].latency_s) == pytest.approx((0.004, 0.04))
    assert ways[1, 3].latency_s == pytest.approx(0.01)
    assert 0.001 < ways[1, 3].energy_J < 0.001 + alone.energy_J


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "processor is missing; expected all of processor"),
        ("processor = []", "processor is"),
        ("[[processor]]\nspeed = 1", "processor.0.speed is unknown; expected some of name, source"),
        ('[[processor]]\nname = "a"\n[[processor]]\nname = "a"', "two processors are called a"),
        ('[[processor]]\nname = "a"\nutilisation = 1.0', "utilisation is 1.0; expected less than 1.0"),
        ('[[processor]]\nname = "a"\nsource = "none.csv"', "expected analytical, simulated, or an existing"),
        ('[[processor]]\nname = "a"\nhardware = "none"', "hardware"),
    ],
)
def test_processors_that_cannot_be_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"expected") as error:
        load_processors(file)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_parts_that_filters_do_not_make_are_refused() -> None:
    network = Network("two", (Layer.fc("A", inputs=8, outputs=12), Layer.fc("B", inputs=12, outputs=10)))
    with pytest.raises(ProcessorError, match=r"parts is 4, and layer B of two has 10 filters; expected one of 1, 2$"):
        options_of(network, [NPU], 4)
    with pytest.raises(ProcessorError, match="are more than 20,000 ways to run a layer; expected fewer parts"):
        options_of(Network("one", (Layer.fc("A", inputs=8, outputs=64),)), [NPU] * 8, 64)
