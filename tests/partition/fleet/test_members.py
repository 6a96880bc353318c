"""Devices that are unlike, and sources that have been measured."""

import pickle
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from analytical.errors import InputError
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from analytical.model import estimate
from analytical.networks import load_network
from analytical.sizes import memory_size
from partition.fleet.distribution import distribute
from partition.fleet.members import Member, alike, load_members, with_shares
from partition.fleet.plan import Fleet
from partition.fleet.shares import FleetError
from partition.fleet.spread import Link
from partition.fleet.ways import Strategy, Way
from partition.sources import choose_source
from partition.sources.analytical import Analytical
from partition.sources.file import File

LINK = Link(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.5, idle_power_W=0.1)
FLEET = """\
[[device]]
name = "hub"
hardware = "eyeriss-16bit"
share = 3
memory = "64MB"

[[device]]
name = "camera"
idle_power = "20mW"
"""


def test_a_file_of_devices(tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(FLEET)
    hub, camera = load_members(path, Analytical(), EYERISS_8BIT)
    assert (hub.hardware, hub.share, hub.memory_bytes, hub.idle_power_W) == (EYERISS_16BIT, 3.0, 64e6, None)
    assert (camera.hardware, camera.share, camera.memory_bytes, camera.idle_power_W) == (EYERISS_8BIT, 1.0, None, 0.02)
    fleet = Fleet(load_network("alexnet"), (hub, camera), LINK)
    data = fleet.spread(Way(Strategy.DATA))
    network = load_network("alexnet")
    # frames by shares, each device at its own price; the hub's words are twice as wide
    assert data.devices[0].compute_J == pytest.approx(estimate(network, EYERISS_16BIT).energy_J * 3 / 4, rel=1e-12)
    assert data.devices[1].compute_J == pytest.approx(estimate(network, EYERISS_8BIT).energy_J / 4, rel=1e-12)
    assert data.devices[0].weight_bytes == 2 * data.devices[1].weight_bytes
    assert not fleet.fits(data)
    assert fleet.alone().max_energy_J == pytest.approx(estimate(network, EYERISS_16BIT).energy_J, rel=1e-12)
    segments = fleet.spread(Way(Strategy.SEQUENTIAL), ("P2",))
    # what the hub makes goes in its words
    word = 16 * (1 - network.layer("C3").unpadded_sparsity) * float(EYERISS_16BIT.rlc_words_per_value)
    assert segments.devices[1].received_bits == pytest.approx(43264 * min(16, word))


def test_a_device_that_waits_longer_waits_at_its_own_power() -> None:
    members = [
        Member(name=name, hardware=EYERISS_8BIT, source=Analytical(), idle_power_W=power)
        for name, power in (("a", None), ("b", 0.0), ("c", 2.0))
    ]
    spread = Fleet(load_network("alexnet"), members, LINK).spread(Way(Strategy.HORIZONTAL))
    for device, power in zip(spread.devices, (0.1, 0.0, 2.0), strict=True):
        radio_s = (device.sent_bits + device.received_bits) / LINK.bitrate_bps
        waits_s = 1 / spread.frames_per_s - device.busy_s - radio_s
        assert waits_s > 0
        assert device.idle_J == pytest.approx(power * waits_s)


def test_everybody_s_image_moves_nowhere_and_a_result_goes_to_the_first() -> None:
    network, members = load_network("alexnet"), alike(3, EYERISS_8BIT, Analytical())
    everywhere = Fleet(network, members, LINK, image_at="everywhere")
    first = Fleet(network, members, LINK, result_to="first")
    for strategy in set(Strategy) - {Strategy.HYBRID}:
        spread = everywhere.spread(Way(strategy))
        assert all(device.image_received_words == device.image_sent_words == 0 for device in spread.devices)
        plain, asked = Fleet(network, members, LINK).spread(Way(strategy)), first.spread(Way(strategy))
        received = asked.devices[0].received_words - plain.devices[0].received_words
        assert received == {
            Strategy.DATA: 2000, Strategy.SEQUENTIAL: 1000, Strategy.HORIZONTAL: 0, Strategy.FUSED: 0,
            Strategy.VERTICAL: 1000 - 334,
        }[strategy]  # fmt: skip
        assert sum(device.received_bits for device in asked.devices) == pytest.approx(
            sum(device.sent_bits for device in asked.devices)
        )


def test_shares_of_what_was_measured_are_in_proportion_to_macs(tmp_path: Path) -> None:
    """A pool that was measured costs those who make it."""
    network = load_network("alexnet")
    rows = [f"{layer.name},0.00{number + 1},0.01" for number, layer in enumerate(network.layers)]
    file = tmp_path / "measured.csv"
    file.write_text("\n".join(["layer,energy_J,latency_s", *rows, "P1,0.0005,0.001"]))
    fleet = Fleet(network, alike(2, EYERISS_8BIT, File(str(file))), LINK)
    whole = sum(range(1, 9)) * 1e-3 + 0.0005
    assert fleet.alone().max_energy_J == pytest.approx(whole)
    vertical = fleet.spread(Way(Strategy.VERTICAL))
    assert [device.compute_J for device in vertical.devices] == pytest.approx([whole / 2, whole / 2])
    horizontal = fleet.spread(Way(Strategy.HORIZONTAL))
    assert sum(device.compute_J for device in horizontal.devices) == pytest.approx(whole)
    rows_of = {"C1": 28 / 55, "P1": 14 / 27, "C2": 14 / 27, "C3": 7 / 13, "C4": 7 / 13, "C5": 7 / 13}
    first = sum(0.001 * at * rows_of.get(layer.name, 1) for at, layer in enumerate(network.layers, 1))
    assert horizontal.devices[0].compute_J == pytest.approx(first + 0.0005 * rows_of["P1"])


def test_better_ways_alone_where_only_the_better_is_asked_for() -> None:
    say = {"bitrate": "80Mbps", "tx_power": "0.78W"}
    both = distribute("googlenet", 2, strategy="vertical", **say)
    best = distribute("googlenet", 2, strategy="vertical", by="best", **say)
    assert [spread.name for spread in both.spreads] == ["vertical", "vertical, by channels"]
    assert [spread.name for spread in best.spreads] == ["vertical, by channels"]
    assert best.best is not None
    assert best.best.max_energy_J == min(spread.max_energy_J for spread in both.spreads)
    assert "vertical, by channels" in repr(best)
    rows = distribute("alexnet", 2, strategy="horizontal", halo="best", **say)
    assert [spread.variant for spread in rows.spreads] == ["blocks"]
    plain = distribute("alexnet", 2, strategy="horizontal", **say)
    assert rows.spreads[0].max_energy_J <= min(spread.max_energy_J for spread in plain.spreads)
    with pytest.raises(KeyError, match="expected one of vertical, by channels"):
        best["vertical"]


def test_a_device_without_frames_does_nothing_and_holds_nothing() -> None:
    """And radio time is not waiting."""
    members = with_shares(alike(3, EYERISS_8BIT, Analytical()), [2, 1, 0])
    fleet = Fleet(load_network("alexnet"), members, LINK)
    spread = fleet.spread(Way(Strategy.DATA))
    last = spread.devices[2]
    assert (last.macs, last.weight_words, last.activation_words, last.image_received_words) == (0, 0, 0, 0)
    assert (last.compute_J, last.received_bits, last.layers) == (0.0, 0.0, ())
    assert spread.frames == 2
    assert spread.devices[0].image_sent_words == spread.devices[1].image_received_words
    image_s = 3 * 224 * 224 * (1 - 0.608) * 12.8 / LINK.bitrate_bps
    assert spread.latency_s == pytest.approx(spread.devices[0].busy_s + image_s)
    period, second = 1 / spread.frames_per_s, spread.devices[1]
    waits = period - second.busy_s / 3 - second.received_bits / LINK.bitrate_bps
    assert second.idle_J == pytest.approx(0.1 * waits)


def test_best_cuts_are_those_for_which_devices_have_the_memory() -> None:
    say = {"bitrate": "10Mbps", "tx_power": "0.78W", "strategy": "sequential", "cuts": "best"}
    free, limited = distribute("alexnet", 3, **say), distribute("alexnet", 3, memory="40MB", **say)
    assert free.best is not None
    assert limited.best is not None
    assert free.best.memory_bytes > 40e6 > limited.best.memory_bytes
    # nothing else within the memory is better
    fleet = limited.fleet
    names = fleet.tensors.names[1:-1]
    within = [
        spread.max_energy_J
        for number in range(3)
        for cuts in combinations(names, number)
        if fleet.fits(spread := fleet.spread(Way(Strategy.SEQUENTIAL), cuts))
    ]
    assert limited.best.max_energy_J == pytest.approx(min(within))
    assert distribute("alexnet", 3, memory="1MB", **say).best is None


def test_results_are_equal_if_their_figures_are_and_can_be_pickled() -> None:
    say = {"bitrate": "80Mbps", "tx_power": "0.78W"}
    found, again = distribute("alexnet", 2, **say), distribute("alexnet", 2, **say)
    assert found == again == pickle.loads(pickle.dumps(found))
    assert found != distribute("alexnet", 3, **say)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"sparsity_in": 2}, "sparsity_in is 2; expected a share of zeros from 0 to 1"),
        ({"devices": True}, "devices is True; expected a number, a file of devices"),
        ({"devices": 2.0}, "devices is 2.0; expected a number"),
        ({"devices": []}, r"devices is \[\]; expected a number"),
        ({"memory": -1}, "memory is -1; expected a size like 16MB"),
        ({"memory": float("nan")}, "memory is nan; expected a size like 16MB"),
        ({"shares": "1:1"}, "shares are '1:1'; expected a list of numbers"),
        ({"shares": [1, None]}, "expected a list of numbers"),
        ({"shares": [1e308, 1e308]}, "expected a number of at least 0 for each device"),
        ({"strategy": "hybrid", "least": "memory"}, "least is memory, and blocks are searched for"),
        ({"strategy": "horizontal", "halo": "best", "fc": "one"}, "expected no fc, which is chosen block by block"),
        ({"strategy": "diagonal"}, "strategy is 'diagonal'; expected all or data or sequential"),
    ],
)
def test_what_python_may_say_wrong_is_one_line(said: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        distribute("alexnet", **({"devices": 2, "bitrate": "80Mbps", "tx_power": "0.78W"} | said))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "device is missing; expected all of device"),
        ("[[device]]\nspeed = 1", "device.0.speed is unknown; expected some of name, hardware, source, share"),
        ('[[device]]\nname = "a"\n[[device]]\nname = "a"', "two devices are called a; expected a name for each"),
        ("[[device]]\nshare = -1", "share is -1; expected at least 0"),
        ('[[device]]\nmemory = "16"', "device 0: memory is '16'; expected a size like 16MB"),
        ('[[device]]\nidle_power = "1"', "device 0: '1'; expected a power like 0.5W"),
        ('[[device]]\nhardware = "none"', "no such hardware"),
        ('[[device]]\nsource = "none.csv"', "expected analytical, simulated, or an existing"),
    ],
)
def test_devices_that_cannot_be_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match="expected") as refused:
        load_members(path, choose_source("analytical"), EYERISS_8BIT)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("said", ["", "16", "MB", "-1MB", "nan MB", "infMB"])
def test_no_size_of_memory(said: str) -> None:
    with pytest.raises(FleetError, match="expected a size like 16MB"):
        memory_size(said, FleetError)


def test_as_many_shares_as_devices() -> None:
    with pytest.raises(FleetError, match="shares are '2:1'; expected 3 numbers like 1:1:1"):
        with_shares(alike(3, EYERISS_8BIT, Analytical()), [2, 1])
