"""Schedules of AlexNet over three processors, beside figures computed apart from this project."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from analytical.graph import graph_of
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, Hardware
from analytical.network import Network
from analytical.networks import load_network
from partition.channel import Channel, bits_of
from partition.costs import Costs
from partition.processors.processor import Processor, costs_of_parts, options_of
from partition.processors.schedules import Schedule, Scheduler, supported
from partition.sources.analytical import Analytical

FOLDER = Path(__file__).parents[2] / "data" / "processors"
CONV = ("C1", "C2", "C3", "C4", "C5")


def rows_of(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Dsp:
    name = "dsp"

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        del hardware
        picojoules = {"conv": 12, "fc": 60}
        return Costs(
            energy_J={layer.name: layer.macs * picojoules[layer.kind] * 1e-12 for layer in network.layers},
            latency_s={layer.name: layer.macs / 6e9 for layer in network.layers},
        )


def processors(used: Sequence[float] = (0, 0, 0)) -> list[Processor]:
    published = Analytical(rules="published")
    return [
        Processor(name="acc16", source=published, hardware=EYERISS_16BIT, utilisation=used[0]),
        Processor(name="acc8", source=published, hardware=EYERISS_8BIT, utilisation=used[1]),
        Processor(name="dsp", source=Dsp(), hardware=EYERISS_8BIT, utilisation=used[2]),
    ]


@cache
def alexnet(layers: tuple[str, ...] | None = None) -> Network:
    network = load_network("alexnet")
    kept = [replace(layer, batch=1) for layer in network.layers if layers is None or layer.name in layers]
    return replace(network, layers=tuple(kept)) if layers is None else Network("conv", tuple(kept))


def scheduler(problem: str = "all", channel: Channel | None = None, used: Sequence[float] = (0, 0, 0)) -> Scheduler:
    network = alexnet(CONV if problem == "conv" else None)
    graph = graph_of(network)
    return Scheduler(graph, options_of(network, processors(used), 4), channel, bits_of(graph, EYERISS_8BIT, 0.608))


def is_that(found: Schedule, row: dict[str, str], latency: str = "latency_s") -> None:
    assert found.energy_J == pytest.approx(float(row["energy_J"]), rel=1e-9)
    assert found.latency_s == pytest.approx(float(row[latency]), rel=1e-9)


def test_profiles() -> None:
    costs = {processor.name: costs_of_parts(alexnet(), processor, 4) for processor in processors()}
    for row in rows_of("profiles.csv"):
        found = costs[row["processor"]][row["layer"]][int(row["quarters"])]
        assert found == pytest.approx((float(row["energy_J"]), float(row["latency_s"])), rel=1e-9)


@pytest.mark.parametrize("row", rows_of("golden.csv"), ids=lambda row: f"{row['problem']}, {row['deadline_s']}")
def test_least_energy(row: dict[str, str]) -> None:
    problem, _, said = row["problem"].partition(" ")
    if problem == "weighted":
        weight = float(said.split("=")[1].split()[0])
        best: Schedule | None = scheduler().least_weighted(weight)
    else:
        channel = None
        if problem == "uplink":
            bitrate, _, power, _ = said.split()
            channel = Channel(bitrate_bps=float(bitrate) * 1e6, tx_power_W=float(power))
        best = scheduler(problem, channel).least_energy(float(row["deadline_s"]))
    if row["energy_J"] == "infeasible":
        assert best is None
        return
    assert best is not None
    is_that(best, row)
    split = best.record()["split"]
    assert row["split"] == (f"cut {best.cut}: {split}" if problem == "uplink" else split)


def test_front() -> None:
    found = scheduler().front()
    rows = sorted(rows_of("front.csv"), key=lambda row: float(row["energy_J"]))
    assert len(found) == len(rows) == 144
    for schedule, row, reached in zip(found, rows, supported(found), strict=True):
        is_that(schedule, row)
        assert reached == bool(int(row["supported"]))
    assert sum(supported(found)) == 18


def test_conditions() -> None:
    for row in rows_of("conditions.csv"):
        used = [float(row[f"u_{name}"]) for name in ("acc16", "acc8", "dsp")]
        channel = Channel(bitrate_bps=float(row["bitrate_bps"]), tx_power_W=0.78)
        best = scheduler("all", channel, used).least_energy(0.03)
        if row["energy_J"] in ("", "infeasible"):
            assert best is None
            continue
        assert best is not None
        is_that(best, row, "delay_s")
        assert (best.cut, best.record()["split"]) == (row["cut"], row["splits"])
