"""Cuts: what the phone spends up to each, and what it sends there (eqs 1, 24 and 26)."""

from dataclasses import replace

import pytest

from analytical.graph import graph_of
from analytical.layer import Layer
from analytical.network import Network
from partition.channel import Channel
from partition.costs import Costs
from partition.cuts import CLOUD_OPS, Cut, cut_at, cuts_of

A = Layer.conv("A", channels=3, size=8, filters=4, filter=3, padding=1, first=True)
B = Layer.conv("B", channels=4, size=8, filters=2, filter=3)
GRAPH = graph_of(Network("two", (A, B)))
COSTS = Costs(energy_J={"A": 2.0, "B": 3.0}, latency_s={"A": 0.2, "B": 0.3})
BITS = {"In": 100.0, "A": 40.0}
CHANNEL = Channel(bitrate_bps=10.0, tx_power_W=0.5)


def test_energy_and_bits_of_each_cut() -> None:
    cuts = cuts_of(GRAPH, BITS, COSTS)
    assert [(cut.name, cut.client_energy_J, cut.transmit_bits) for cut in cuts] == [
        ("In", 0.0, 100.0),
        ("A", 2.0, 40.0),
        ("B", 5.0, 0.0),
    ]
    assert [cut.total_energy_J(CHANNEL) for cut in cuts] == [5.0, 4.0, 5.0]


def test_delay_is_phone_channel_and_cloud() -> None:
    cuts = cuts_of(GRAPH, BITS, COSTS)
    assert cuts[0].delay_s(CHANNEL) == pytest.approx(10 + 2 * (A.macs + B.macs) / CLOUD_OPS)
    assert cuts[1].delay_s(CHANNEL) == pytest.approx(0.2 + 4 + 2 * B.macs / CLOUD_OPS)
    assert cuts[2].delay_s(CHANNEL) == pytest.approx(0.5)


def test_the_cloud_takes_two_operations_a_mac_of_the_layers_that_are_left_to_it() -> None:
    cuts = cuts_of(GRAPH, BITS, COSTS, cloud_ops=100.0)
    assert [cut.cloud_s for cut in cuts] == [2 * (A.macs + B.macs) / 100, 2 * B.macs / 100, 0.0]


def test_there_and_back_again_counts_where_anything_is_sent_or_done_in_the_cloud() -> None:
    far = replace(CHANNEL, round_trip_s=7.0)
    for bits, cloud_s, round_trips in ((0.0, 0.0, 0), (40.0, 0.0, 1), (0.0, 0.5, 1), (40.0, 0.5, 1)):
        cut = Cut(name="any", client_energy_J=1.0, transmit_bits=bits, client_s=0.25, cloud_s=cloud_s)
        assert cut.delay_s(far) == pytest.approx(0.25 + bits / 10 + cloud_s + round_trips * 7)


def test_compressing_the_image_costs_where_the_image_is_sent() -> None:
    assert [cut.client_energy_J for cut in cuts_of(GRAPH, BITS, COSTS, image_energy_J=0.5)] == [0.5, 2.0, 5.0]
    assert cut_at(GRAPH, "any", frozenset({"In"}), BITS, COSTS, 0.5).client_energy_J == 0.5
