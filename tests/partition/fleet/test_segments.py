"""Sequential cuts, beside all ways to cut."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from analytical.layer import Layer
from analytical.network import Edges, Network
from analytical.networks import load_network
from partition.fleet.members import Member, alike
from partition.fleet.plan import Fleet
from partition.fleet.segments import OBJECTIVES, Segments
from partition.fleet.shares import FleetError
from partition.fleet.spread import LEAST, Link
from partition.fleet.ways import LEAST_CUTS, Strategy, Way
from partition.sources.analytical import Analytical
from partition.sources.own import Own
from tests.partition.fleet.test_laws import networks

SEQUENTIAL = Way(Strategy.SEQUENTIAL)


@st.composite
def links(draw: st.DrawFn) -> Link:
    return Link(
        bitrate_bps=draw(st.sampled_from([1e5, 1e7, 1e9])),
        tx_power_W=draw(st.sampled_from([0.0, 0.5, 2.0])),
        rx_power_W=draw(st.sampled_from([0.0, 0.5])),
        idle_power_W=draw(st.sampled_from([0.0, 0.01, 1.0])),
        shared=draw(st.booleans()),
    )


def all_cuts(fleet: Fleet) -> list[tuple[str, ...]]:
    names = fleet.tensors.names[1:-1]
    return [cuts for number in range(len(fleet.members)) for cuts in combinations(names, number)]


@given(networks(), st.integers(2, 4), links(), st.sampled_from(["none", "first"]), st.booleans(), st.data())
@settings(deadline=None)
def test_no_cuts_are_better(
    network: Network, devices: int, link: Link, result_to: str, everywhere: bool, data: st.DataObject
) -> None:
    """Energy, period, weights, latency and memory of the best cuts are those of the best of all cuts; devices may wait
    at powers of their own, and cost what they like."""
    members = tuple(
        Member(
            name=str(at),
            hardware=EYERISS_8BIT,
            source=Own({layer.name: data.draw(st.floats(1e-6, 1e-3)) for layer in network.layers}),
            idle_power_W=data.draw(st.sampled_from([None, 0.0, 0.2])),
        )
        for at in range(devices)
    )
    fleet = Fleet(network, members, link, image_at="everywhere" if everywhere else "first", result_to=result_to)
    every = [fleet.spread(SEQUENTIAL, cuts) for cuts in all_cuts(fleet)]
    segments = Segments(fleet)
    for least, figure in LEAST.items():
        found = fleet.spread(Way(Strategy.SEQUENTIAL, LEAST_CUTS), least=least)
        assert figure(found) == pytest.approx(min(map(figure, every)), rel=1e-9)
    # each that none beats is matched by one that was found
    front = segments.front()
    for each in front:
        spread = fleet.spread(SEQUENTIAL, each.cuts)
        assert each.max_energy_J == pytest.approx(spread.max_energy_J, rel=1e-9)
        assert 1 / each.period_s == pytest.approx(spread.frames_per_s, rel=1e-9)
        assert each.latency_s == pytest.approx(spread.latency_s, rel=1e-9)
        assert each.memory_bytes == pytest.approx(spread.memory_bytes)
    for spread in every:
        weights = max(device.weight_bytes for device in spread.devices)
        assert any(
            each.max_energy_J <= spread.max_energy_J * (1 + 1e-9)
            and each.period_s <= 1 / spread.frames_per_s * (1 + 1e-9)
            and each.weight_bytes <= weights
            for each in front
        )


@pytest.mark.parametrize("devices", [2, 3, 4])
def test_the_front_of_alexnet_is_that_of_all_cuts(devices: int) -> None:
    fleet = Fleet(
        load_network("alexnet"),
        alike(devices, EYERISS_8BIT, Analytical()),
        Link(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.78),
    )
    every = [fleet.spread(SEQUENTIAL, cuts) for cuts in all_cuts(fleet)]
    figures = {
        (round(each.max_energy_J, 12), round(1 / each.frames_per_s, 12), max(d.weight_bytes for d in each.devices))
        for each in every
    }
    least = {
        one for one in figures if not any(other != one and all(a <= b for a, b in zip(other, one, strict=True))
                                          for other in figures)
    }  # fmt: skip
    front = Segments(fleet).front()
    assert {(round(each.max_energy_J, 12), round(each.period_s, 12), each.weight_bytes) for each in front} == least


def test_devices_of_unlike_words_have_all_cuts_tried() -> None:
    """A tensor goes as wide as its maker has it."""
    members = (
        Member(name="wide", hardware=EYERISS_16BIT, source=Analytical()),
        Member(name="narrow", hardware=EYERISS_8BIT, source=Analytical()),
    )
    fleet = Fleet(load_network("alexnet"), members, Link(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.78))
    every = [fleet.spread(SEQUENTIAL, cuts) for cuts in all_cuts(fleet)]
    best = fleet.spread(Way(Strategy.SEQUENTIAL, LEAST_CUTS))
    assert best.max_energy_J == pytest.approx(min(each.max_energy_J for each in every))
    with pytest.raises(
        FleetError, match="words of 8 and 16 bit, and horizontal shares out tensors; expected one width"
    ):
        fleet.spread(Way(Strategy.HORIZONTAL))
    many = Fleet(load_network("googlenet"), members * 3, fleet.link)
    with pytest.raises(FleetError, match="ways to cut; expected devices with the same words, or fewer of them"):
        Segments(many).front()


def test_every_objective_has_its_own_best_cuts() -> None:
    link = Link(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.78)
    fleet = Fleet(load_network("googlenet"), alike(4, EYERISS_8BIT, Analytical()), link)
    best = {least: fleet.best_cuts(least) for least in OBJECTIVES}
    assert len({best[least] for least in ("energy", "throughput", "memory")}) == 3
    # all on one device takes no time to send
    assert best["latency"] == ()


def test_a_tensor_that_is_read_behind_several_cuts_is_sent_to_each() -> None:
    """A skip connection over two segments: its maker pays for both."""
    first = Layer.conv("a", channels=1, size=8, filters=2, filter=1, first=True)
    rows = [Layer.conv(name, channels=2, size=8, filters=2, filter=1) for name in ("b", "c")]
    add = Layer.operation("sum", "add", reads=(2, 8, 8), makes=(2, 8, 8))
    end = Layer.conv("d", channels=2, size=8, filters=1, filter=1)
    edges = {"sum": Edges(inputs=("a", "c")), "d": Edges(inputs=("sum",))}
    network = Network("skip", (first, *rows, end), edges, operations=(add,))
    link = Link(bitrate_bps=1e6, tx_power_W=1.0, rx_power_W=0.0)
    fleet = Fleet(network, alike(3, EYERISS_8BIT, Analytical()), link)
    spread = fleet.spread(SEQUENTIAL, ("a", "c"))
    assert spread.devices[0].sent_words == 2 * 2 * 8 * 8
    found = {each.cuts: each for each in [Segments(fleet).measured((1, 3))]}[("a", "c")]
    assert found.max_energy_J == pytest.approx(spread.max_energy_J)
