"""A network over a chain of platforms, beside all ways to cut it."""

from itertools import combinations_with_replacement
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import partition
from analytical.graph import graph_of
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from analytical.network import Network
from analytical.networks import ZOO, load_network
from partition.channel import MEDIAN_SPARSITY_IN, bits_of
from partition.cuts import CLOUD_OPS
from partition.platforms import NoWayError, Platform, PlatformError, chain, load_platforms
from partition.radios import Radio
from partition.sources.analytical import Analytical
from partition.sources.own import Own
from tests.partition.fleet.test_laws import networks

LINK = Radio(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.0)
PHONE = Platform(name="phone", hardware=EYERISS_8BIT, source=Analytical())
CLOUD = Platform(name="cloud", hardware=EYERISS_8BIT, ops=CLOUD_OPS, link=LINK)


@pytest.mark.parametrize("name", ZOO)
def test_phone_and_cloud_are_the_paper_s_cuts(name: str) -> None:
    planned = partition.plan(name, bitrate="80Mbps", tx_power="0.78W")
    found = chain(name, [PHONE, CLOUD])
    assert found.best.energy_J == pytest.approx(planned.best.total_energy_J(planned.channel), rel=1e-12)
    assert found.best.latency_s == pytest.approx(planned.best.delay_s(planned.channel), rel=1e-9)
    fastest = min(cut.delay_s(planned.channel) for cut in planned.cuts)
    assert chain(name, [PHONE, CLOUD], least="latency").best.latency_s == pytest.approx(fastest)
    assert chain(name, [PHONE]).best.energy_J == pytest.approx(planned.cuts[-1].client_energy_J)


def all_ways(network: Network, platforms: list[Platform]) -> list[tuple[float, float]]:
    """Energy and latency of each way, straight from what is said of them."""
    graph = graph_of(network)
    cuts, found = list(graph.chain()), []
    costs = [platform.costs(network) for platform in platforms]
    bits = [bits_of(graph, platform.hardware, MEDIAN_SPARSITY_IN) for platform in platforms]
    last = len(cuts) - 1
    for stops in combinations_with_replacement(range(last + 1), len(platforms) - 1):
        energy = latency = 0.0
        handed, start = bits[0]["In"], 0
        for at, stop in enumerate((*stops, last)):
            if at and start < last:
                link = platforms[at].link
                assert link is not None
                sending = handed / link.bitrate_bps
                latency += sending + platforms[at].round_trip_s
                energy += sending * (
                    link.tx_power_W * platforms[at - 1].is_counted + link.rx_power_W * platforms[at].is_counted
                )
            for name in cuts[stop][1] - cuts[start][1]:
                energy += costs[at].energy_J.get(name, 0.0)
                latency += costs[at].latency_s.get(name, 0.0)
            if stop > start and stop < last:
                handed = bits[at][cuts[stop][0]]
            start = stop
        found.append((energy, latency))
    return found


@given(networks(), st.integers(1, 4), st.data())
@settings(deadline=None)
def test_no_way_is_better(network: Network, number: int, data: st.DataObject) -> None:
    """Platforms of unlike widths and prices, some of which do not count, over links of their own."""
    platforms = [
        Platform(
            name=str(at),
            hardware=data.draw(st.sampled_from([EYERISS_8BIT, EYERISS_16BIT])),
            source=Own({layer.name: data.draw(st.floats(1e-6, 1e-3)) for layer in network.layers})
            if at == 0 or data.draw(st.booleans())
            else None,
            ops=1e9,
            link=None
            if at == 0
            else Radio(
                bitrate_bps=data.draw(st.sampled_from([1e5, 1e7])),
                tx_power_W=data.draw(st.sampled_from([0.1, 1.0])),
                rx_power_W=data.draw(st.sampled_from([0.0, 0.5])),
            ),
            round_trip_s=data.draw(st.sampled_from([0.0, 0.01])),
        )
        for at in range(number)
    ]
    every = all_ways(network, platforms)
    for least, at in (("energy", 0), ("latency", 1)):
        found = chain(network, platforms, least=least)
        best = (found.best.energy_J, found.best.latency_s)
        assert best[at] == pytest.approx(min(each[at] for each in every), rel=1e-9)
        assert any(best == pytest.approx(each, rel=1e-9) for each in every)
    for energy, latency in every:
        assert any(way.energy_J <= energy * (1 + 1e-9) and way.latency_s <= latency * (1 + 1e-9) for way in found.front)


def test_memory_and_delay_are_limits() -> None:
    """AlexNet's fully connected layers have 58.6 million weights: a small phone leaves them to the edge."""
    small = Platform(name="phone", hardware=EYERISS_8BIT, source=Analytical(), memory_bytes=4e6)
    edge = Platform(name="edge", hardware=EYERISS_8BIT, source=Analytical(), link=LINK)
    found = chain("alexnet", [small, edge])
    phone = found.best.stages[0]
    assert phone.memory_bytes <= 4e6
    assert phone.last in ("P3", "C5", "P2")
    free = chain("alexnet", [PHONE, edge])
    assert free.best.stages[0].last == "FC8"
    assert free.best.energy_J < found.best.energy_J
    hurried = chain("alexnet", [PHONE, edge, CLOUD], max_delay="19ms")
    assert hurried.best.latency_s <= 0.019
    with pytest.raises(NoWayError, match=r"no way to cut alexnet takes at most 1 ms; the fastest takes 9\."):
        chain("alexnet", [PHONE, CLOUD], max_delay="1ms")
    with pytest.raises(NoWayError, match="has room in the memories of phone"):
        chain("alexnet", [small])


def test_memory_is_weights_and_what_is_held() -> None:
    found = chain("alexnet", [PHONE, CLOUD])
    network = load_network("alexnet")
    # up to P2: the image and what C1 makes of it are the most at a time
    held = 3 * 224 * 224 + 96 * 55 * 55
    assert found.best.stages[0].memory_bytes == network.layer("C1").weights + network.layer("C2").weights + held
    assert found.memory_bytes(found.best) == found.best.stages[0].memory_bytes


def test_rows_and_record_say_what_each_platform_hands_on() -> None:
    edge = Platform(name="edge", hardware=EYERISS_16BIT, source=Analytical(), link=LINK)
    found = chain("alexnet", [PHONE, edge, CLOUD])
    (row,) = [row for row in found.rows() if row["best"]]
    best = found.record()["best"]
    assert [row["after_phone"], row["after_edge"]] == best["cuts"]
    assert best["energy_J"] == pytest.approx(
        sum(stage["compute_J"] + stage["send_J"] + stage["receive_J"] for stage in best["stages"])
    )
    assert repr(found).startswith("<alexnet: C1 to P3 | - | FC6 to FC8, ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "platform is missing; expected all of platform"),
        (
            '[[platform]]\nname = "a"\nlink = {bitrate = "wifi"}',
            "has a link, and is the first; expected one for each but",
        ),
        (
            '[[platform]]\nname = "a"\n[[platform]]\nname = "b"',
            "platform b: has no link; expected one for each but the",
        ),
        ('[[platform]]\nname = "a"\n[[platform]]\nname = "a"', "two platforms are called a"),
        ('[[platform]]\nname = "a"\nops = "1Tops"\nsource = "simulated"', "ops and source are both given"),
        ('[[platform]]\nname = "a"\nops = "0"', "platform a: '0'; expected a speed like 92Tops"),
        ('[[platform]]\nname = "a"\nmemory = "0MB"', "platform a: memory is '0MB'; expected a size like 16MB"),
        (
            '[[platform]]\nname = "a"\n[[platform]]\nname = "b"\nlink = {bitrate = "1Mbps"}',
            "platform b: the bit rate has no transmission power",
        ),
    ],
)
def test_platforms_that_cannot_be_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "chain.toml"
    path.write_text(text)
    with pytest.raises(PlatformError) as refused:
        load_platforms(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
