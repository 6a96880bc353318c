"""Laws of spreading a network: what goes out comes in, work is conserved, one device is one device."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytical.hardware import EYERISS_8BIT
from analytical.layer import Layer
from analytical.model import estimate
from analytical.network import Edges, Network
from analytical.networks import ZOO, load_network
from analytical.spans import Span
from partition.fleet.machine import DistributedRun, on_machine
from partition.fleet.members import alike
from partition.fleet.plan import Fleet
from partition.fleet.shares import FleetError, Share, share_out, shares_of
from partition.fleet.spread import Link, Spread, best_of
from partition.fleet.strategies import (
    Made,
    by_filters,
    by_rows,
    by_rows_fused,
    by_segments,
    channels_at,
    psums_moved,
)
from partition.fleet.tensors import Tensors, exchanged
from partition.fleet.ways import ON_REQUEST, WAYS, Way
from partition.sources.analytical import Analytical
from tests.strategies import layers
from traces.convolution import convolve_plainly

LINK = Link(bitrate_bps=80e6, tx_power_W=0.78, rx_power_W=0.78)


@given(st.integers(0, 500), st.lists(st.floats(0, 10), min_size=1, max_size=9).filter(sum))
def test_shares_are_all_of_it_and_near_their_weights(number: int, weights: list[float]) -> None:
    spans = share_out(number, weights)
    assert [span.start for span in spans] == [0, *[span.stop for span in spans[:-1]]]
    assert spans[-1].stop == number
    for span, weight in zip(spans, weights, strict=True):
        assert abs(span.size - number * weight / sum(weights)) < 1


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [1, float("nan")], [1, float("inf")]])
def test_shares_that_cannot_be_are_refused(weights: list[float]) -> None:
    with pytest.raises(FleetError, match="expected a number of at least 0 for each device, not all 0"):
        share_out(4, weights)


@given(layers(), st.data())
def test_shares_of_a_layer_have_all_its_macs(layer: Layer, data: st.DataObject) -> None:
    """By rows, by filters (parts of groups among them), and by channels."""
    devices = data.draw(st.integers(1, 5))
    for size, share in (
        (layer.E, lambda span: Share(rows=span)),
        (layer.F, lambda span: Share(filters=span)),
        (layer.C, lambda span: Share(channels=span)),
    ):
        parts = [part for span in share_out(size, [1] * devices) for part in share(span).layers(layer)]
        assert sum(part.macs for part in parts) == layer.macs
        assert all(part.weights <= layer.weights for part in parts)
    assert Share().layers(layer) == (layer,)
    with pytest.raises(FleetError, match="share has rows"):
        Share(rows=Span(0, layer.E + 1)).layers(layer)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A row of convolutions, some of them strided or grouped, with two branches that meet in a sum or side by side."""
    size = draw(st.integers(6, 14))
    channels, made, pooled, edges = 4, [], [], {}
    for number in range(draw(st.integers(1, 3))):
        filter_, stride = draw(st.sampled_from([1, 3, 5])), draw(st.sampled_from([1, 1, 2, 3]))
        groups = draw(st.sampled_from([1, 2]))
        layer = Layer.conv(
            f"L{number}", channels=channels, size=size, filters=4 * draw(st.integers(1, 3)), filter=filter_,
            stride=stride, padding=filter_ // 2, groups=groups, first=number == 0,
        )  # fmt: skip
        made.append(layer)
        channels, size = layer.F, layer.E
        if size >= 4 and draw(st.booleans()):
            # one row of a pool, of a window and a stride of its own
            window, stride = draw(st.sampled_from([(2, 2), (3, 2), (3, 1)]))
            after = (size - window) // stride + 1
            pool = Layer.operation(
                f"p{number}", "pool", reads=(channels, size, size), makes=(channels, after, after),
                window=(window, window), stride=(stride, stride),
            )  # fmt: skip
            pooled.append(pool)
            edges[f"p{number}"] = Edges(inputs=(layer.name,))
            edges[f"L{number + 1}"] = Edges(inputs=(f"p{number}",))
            size = after
    source = edges.pop(f"L{len(made)}", Edges(inputs=(made[-1].name,))).inputs[0]
    a, b = (
        Layer.conv(name, channels=channels, size=size, filters=8, filter=size_, padding=size_ // 2)
        for name, size_ in (("a", 3), ("b", 1))
    )
    edges |= {"a": Edges(inputs=(source,)), "b": Edges(inputs=(source,))}
    if draw(st.booleans()):
        add = Layer.operation("sum", "add", reads=(8, size, size), makes=(8, size, size))
        end = Layer.conv("end", channels=8, size=size, filters=4, filter=3, padding=1)
        edges |= {"sum": Edges(inputs=("a", "b")), "end": Edges(inputs=("sum",))}
        return Network("net", (*made, a, b, end), edges, operations=(*pooled, add))
    end = Layer.conv("end", channels=16, size=size, filters=4, filter=3, padding=1)
    return Network("net", (*made, a, b, end), edges | {"end": Edges(inputs=("a", "b"))}, operations=tuple(pooled))


def all_ways(tensors: Tensors, weights: list[float]) -> dict[str, Made]:
    names = tensors.names[1:]
    cuts = names[: len(weights) - 1] if len(weights) <= len(names) else []
    return {
        "horizontal": by_rows(tensors, weights),
        "fused": by_rows_fused(tensors, weights),
        "vertical": by_filters(tensors, weights),
        "sequential": by_segments(tensors, cuts, len(weights)),
    }


@given(networks(), st.lists(st.integers(0, 3), min_size=1, max_size=4).filter(sum))
def test_what_goes_out_comes_in_and_everything_is_made(network: Network, weights: list[float]) -> None:
    tensors = Tensors(network)
    for strategy, made in all_ways(tensors, weights).items():
        for name, moved in exchanged(tensors, made).items():
            assert np.any(made[name], axis=0).all() or strategy == "fused", (strategy, name)
            assert sum(each.sent for each in moved) == sum(each.received for each in moved)
            once = sum(each.sent_multicast for each in moved)
            assert once <= sum(each.sent for each in moved) <= max(1, len(weights) - 1) * once
        macs = sum(
            tensors.words(layer.name, part) * layer.R * layer.S * layer.C
            for layer in network.layers
            for part in made[layer.name]
        )
        whole = sum(layer.macs for layer in network.layers)
        assert macs == whole if strategy != "fused" else macs <= whole * len(weights)


def filters(layer: Layer) -> np.ndarray:
    rng = np.random.default_rng(layer.weights)
    return rng.integers(1, 5, (layer.F, layer.C, layer.R, layer.S))


def on_paper(layer: Layer, ifmap: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """A layer without the machine."""
    stride = (layer.U, layer.V)
    return np.asarray(
        convolve_plainly(ifmap[None], filters, stride=stride, groups=layer.groups, E=layer.E, G=layer.G)[0]
    )


@given(networks(), st.lists(st.integers(0, 3), min_size=2, max_size=4).filter(sum))
def test_a_distributed_run_is_the_whole_and_every_message_is_missed(network: Network, weights: list[float]) -> None:
    tensors = Tensors(network)
    run = DistributedRun(tensors, b_w=8)
    for made in all_ways(tensors, weights).values():
        assert run.wrong(made, on_paper) == {}
        moved = exchanged(tensors, made)
        for name in tensors.names:
            if any(each.received for each in moved[name]):
                assert run.wrong(made, on_paper, dropped=[name])


@given(networks(), st.integers(2, 3))
@settings(max_examples=10, deadline=None)
def test_a_distributed_run_on_the_machine_is_the_whole(network: Network, devices: int) -> None:
    """Each device's shares through the machine, of what it has and receives; psums of channels among them."""
    tensors = Tensors(network)
    run, machine = DistributedRun(tensors, b_w=8), on_machine(EYERISS_8BIT)
    for way, made in all_ways(tensors, [1.0] * devices).items():
        assert run.wrong(made, machine) == {}
        if way == "vertical":
            later = [layer.name for layer in network.layers[1:]]
            assert run.wrong(made, machine, local=later) == {}


@given(networks(), st.integers(2, 4))
def test_psums_of_the_channels_that_are_there_add_up_to_the_whole(network: Network, devices: int) -> None:
    tensors = Tensors(network)
    made = by_filters(tensors, [1.0] * devices)
    rng = np.random.default_rng(0)
    for layer in network.layers:
        ifmap = rng.integers(1, 97, (1, layer.channels, layer.H, layer.W))
        sums = partial(
            convolve_plainly,
            filters=filters(layer),
            stride=(layer.U, layer.V),
            groups=layer.groups,
            E=layer.E,
            G=layer.G,
        )
        there = channels_at(tensors, made, layer)
        if layer is network.layers[0]:
            # the image is all at the first device
            assert there[0].all()
            assert not any(each.any() for each in there[1:])
        of_device = [sums(ifmap * each[None, :, None, None]) for each in there]
        assert np.array_equal(np.sum(of_device, axis=0), sums(ifmap))
        moved = psums_moved(tensors, made, layer)
        assert sum(each.received for each in moved) == sum(each.sent for each in moved)
        # a device sends what is not zero of filters that are not its own, and nothing else
        for device, psums in enumerate(of_device):
            own = np.asarray(made[layer.name][device].any(axis=1))
            assert np.count_nonzero(psums[0][~own]) == moved[device].sent


@pytest.mark.parametrize("network", ZOO)
def test_one_device_is_the_whole(network: str) -> None:
    loaded = load_network(network)
    fleet = Fleet(loaded, alike(1, EYERISS_8BIT, Analytical()), LINK)
    whole = estimate(loaded, EYERISS_8BIT)
    for way in WAYS if network == "alexnet" else set(WAYS) - set(ON_REQUEST):
        spread = fleet.spread(way)
        assert spread.max_energy_J == pytest.approx(whole.energy_J, rel=1e-12)
        assert spread.latency_s == pytest.approx(whole.latency_s, rel=1e-12)
        assert spread.devices[0].sent_words == spread.devices[0].received_words == 0


def test_vgg16_by_filters_on_six_devices() -> None:
    """What DeeperThings' own optimiser prints for the convolutional part, the image among it."""
    tensors = Tensors(load_network("vgg16"))
    moved = exchanged(tensors, by_filters(tensors, [1] * 6))
    conv = tensors.names[: tensors.names.index("P5")]
    assert sum(each.received for name in conv for each in moved[name]) == 45_409_280


def test_the_best_has_the_least() -> None:
    members = alike(4, EYERISS_8BIT, Analytical())
    fleet = Fleet(load_network("alexnet"), members, LINK)
    spreads = [fleet.spread(way) for way in WAYS if way not in ON_REQUEST]
    figures = {
        "energy": lambda spread: spread.max_energy_J,
        "latency": lambda spread: spread.latency_s,
        "throughput": lambda spread: -spread.frames_per_s,
    }
    for least, of in figures.items():
        best = best_of(spreads, least)
        assert isinstance(best, Spread)
        assert of(best) == min(map(of, spreads))
    assert best_of([], "energy") is None
    # at the break-even the worst device spends as much as one alone
    (alone,) = fleet.alone().devices
    for spread in spreads:
        limit = spread.breakeven_J_per_bit(alone.energy_J)
        assert limit is not None
        link = replace(LINK, tx_power_W=limit * 80e6, rx_power_W=limit * 80e6)
        other = Fleet(load_network("alexnet"), members, link).spread(
            Way(spread.strategy, spread.variant), spread.cuts or None
        )
        assert other.max_energy_J == pytest.approx(alone.energy_J, rel=1e-9)


def test_a_part_is_runs_of_rows_of_runs_of_filters() -> None:
    part = np.zeros((6, 5), np.bool_)
    part[1:3, [0, 1, 4]] = True
    assert shares_of(part) == [
        Share(rows=Span(0, 2), filters=Span(1, 3)),
        Share(rows=Span(4, 5), filters=Span(1, 3)),
    ]
