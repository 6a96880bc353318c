"""Tables in which parts of layers were measured, or layers on a busy processor."""

from pathlib import Path

import pytest

import partition
from analytical.graph import graph_of
from analytical.hardware import EYERISS_8BIT
from analytical.layer import Layer
from analytical.network import Network
from analytical.networks import load_network
from partition.processors.measured import cost_of_part
from partition.processors.processor import Processor, ProcessorError, costs_of_parts, options_of
from partition.processors.schedules import Scheduler
from partition.sources import SourceError
from partition.sources.file import File, Measurement

NETWORK = Network("one", (Layer.fc("A", inputs=8, outputs=8),))


def processor(path: Path, text: str, utilisation: float = 0.0) -> Processor:
    file = path / "measured.csv"
    file.write_text(text)
    return Processor(name="cpu", source=File(str(file)), hardware=EYERISS_8BIT, utilisation=utilisation)


def test_parts_that_were_measured_are_taken_and_others_lie_between(tmp_path: Path) -> None:
    text = "layer,filters,energy_J,latency_s\nA,,0.008,0.08\nA,4,0.005,0.03\n"
    costs = costs_of_parts(NETWORK, processor(tmp_path, text), 4)["A"]
    expected = [(0, 0), (0.0025, 0.015), (0.005, 0.03), (0.0065, 0.055), (0.008, 0.08)]
    for cost, value in zip(costs, expected, strict=True):
        assert cost == pytest.approx(value)


def test_a_busy_processor_takes_longer_unless_that_was_measured(tmp_path: Path) -> None:
    text = "layer,utilisation,energy_J,latency_s\nA,,0.004,0.02\nA,0.5,0.006,0.03\n"
    for utilisation, expected in (
        (0.0, (0.004, 0.02)),
        (0.25, (0.005, 0.025)),
        (0.5, (0.006, 0.03)),
        (0.75, (0.006, 0.06)),
    ):
        costs = costs_of_parts(NETWORK, processor(tmp_path, text, utilisation), 1)["A"]
        assert costs[1] == pytest.approx(expected)
    # the table has nothing on an idle one
    assert cost_of_part([Measurement(None, 0.5, 0.006, 0.03)], 8, 8, 0.0) == pytest.approx((0.006, 0.015))


def test_a_table_with_parts_is_a_source_of_whole_layers(tmp_path: Path) -> None:
    text = "layer,filters,utilisation,energy_J,latency_s\nA,4,,0.005,0.03\nA,8,,0.008,0.08\nA,,0.5,0.009,0.2\n"
    costs = processor(tmp_path, text).source.costs(NETWORK, EYERISS_8BIT)
    assert (costs.energy_J, costs.latency_s) == ({"A": 0.008}, {"A": 0.08})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,9,,0.005", "row 2: filters is 9; expected filters of layer A, from 1 to 8"),
        ("A,1.5,,0.005", "row 2: filters is 1.5; expected filters of layer A"),
        ("A,,1,0.005", "row 2: utilisation is 1; expected a share from 0, below 1"),
        ("A,4,,0.005\nA,4,,0.005", "row 3: layer A stands twice; expected each layer once"),
        ("A,4,,0.005", "layer A is missing; expected all layers of one"),
    ],
)
def test_a_table_that_cannot_be_is_refused(tmp_path: Path, row: str, message: str) -> None:
    measured = processor(tmp_path, f"layer,filters,utilisation,energy_J\n{row}\n")
    with pytest.raises(SourceError) as refused:
        measured.source.costs(NETWORK, EYERISS_8BIT)
    assert message in str(refused.value)


def test_a_layer_that_is_missing_is_named(tmp_path: Path) -> None:
    two = Network("two", (Layer.fc("A", inputs=8, outputs=8), Layer.fc("B", inputs=8, outputs=8)))
    with pytest.raises(ProcessorError, match="layer B is missing; expected all layers of two"):
        options_of(two, [processor(tmp_path, "layer,energy_J\nA,0.1\n")], 1)


def test_measured_pools_cost_what_they_do_in_the_paper_s_cuts(tmp_path: Path) -> None:
    """One processor, whose pools somebody has measured, is the phone alone; with a channel, its best cut."""
    network = load_network("alexnet")
    rows = [f"{layer.name},0.00{at},0.01" for at, layer in enumerate(network.layers, 1)]
    phone = processor(tmp_path, "\n".join(["layer,energy_J,latency_s", *rows, "P1,0.0005,0.002", "P3,0.0001,0.001"]))
    graph, ways = graph_of(network), options_of(network, [phone], 1)
    assert [name for name, _ in Scheduler(graph, ways).chosen(Scheduler(graph, ways).front()[0])][:3] == [
        "C1",
        "P1",
        "C2",
    ]
    planned = partition.plan(network, bitrate="60Mbps", tx_power="0.5W", source=phone.source.name)
    best = Scheduler(graph, ways, planned.channel, planned.bits).least_energy()
    assert best is not None
    assert (best.cut, best.energy_J) == (planned.best.name, pytest.approx(planned.best.total_energy_J(planned.channel)))
    (alone,) = Scheduler(graph, ways).front()
    assert alone.energy_J == pytest.approx(planned.cuts[-1].client_energy_J)
    assert alone.latency_s == pytest.approx(planned.cuts[-1].client_s)
