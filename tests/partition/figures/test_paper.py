"""What the NeuPart paper claims (section VIII), one test a claim, from the closed forms at 8 bit."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytical.glb_size import explore, with_glb
from analytical.graph import graph_of
from analytical.hardware import EYERISS_8BIT
from analytical.mappings.rules import map_layer
from analytical.networks import load_network
from partition.channel import MEDIAN_SPARSITY_IN, Channel
from partition.figures import paper
from partition.figures.panels import Series, rows
from partition.figures.paper import Q1, Q2, Q3
from partition.planning import Plan
from partition.sources import Analytical

CLAIMS = list(csv.DictReader((Path(__file__).parents[2] / "data" / "neupart" / "claims.csv").read_text().splitlines()))


def plan_of(network: str, mbps: float = 60, watts: float = 0.5, sparsity_in: float = MEDIAN_SPARSITY_IN) -> Plan:
    chosen = load_network(network)
    return Plan(
        graph=graph_of(chosen),
        hardware=EYERISS_8BIT,
        source="analytical",
        costs=Analytical().costs(chosen, EYERISS_8BIT),
        channel=Channel(bitrate_bps=mbps * 1e6, tx_power_W=watts),
        sparsity_in=sparsity_in,
    )


def saving(plan: Plan, instead_of: int) -> float:
    best = plan.optimum
    assert best is not None
    return plan.saving_percent(best, plan.cuts[instead_of])


@pytest.mark.parametrize(
    "claim",
    [claim for claim in CLAIMS if claim["claim"] == "saving_vs_fisc_percent"],
    ids=lambda claim: f"{claim['network']} {claim['bitrate_mbps']} Mbps",
)
def test_savings_against_all_on_the_phone(claim: dict[str, str]) -> None:
    """Abstract, Table IV and Fig. 10(a): within 0.3 points, at the cut that is named. GoogLeNet's is that of an image
    which compresses badly; for the median one all is best in the cloud."""
    share = Q1 if claim["network"] == "googlenet" else Q2
    plan = plan_of(claim["network"], float(claim["bitrate_mbps"]), float(claim["tx_power_w"]), share)
    assert saving(plan, -1) == pytest.approx(float(claim["published"]), abs=0.3)
    assert saving(plan, -1) == pytest.approx(float(claim["reproduces_as"]), abs=0.06)
    best = plan.optimum
    assert best is not None
    assert best.name == {"alexnet": "P2", "squeezenet1_1": "Fs6", "googlenet": "I4a"}[claim["network"]]


def test_fig_13b_switch_points_of_alexnet() -> None:
    """At 0.5 W P2 gives way to P1 at 86.3 Mbps (86-87 published), P3 to P2 at 30.9 (31-32 published: sparsities in more
    digits than the paper's would settle it)."""
    cuts = {cut.name: cut for cut in plan_of("alexnet").cuts}

    def mbps(slow: str, fast: str) -> float:
        spent = cuts[slow].client_energy_J - cuts[fast].client_energy_J
        return 0.5 * (cuts[fast].transmit_bits - cuts[slow].transmit_bits) / spent / 1e6

    assert 86 < mbps("P2", "P1") < 87
    assert mbps("P3", "P2") == pytest.approx(30.9, abs=0.05)
    rates = dict(plan_of("alexnet").switch_rates())
    assert rates["P2"] / 1e6 == pytest.approx(mbps("P3", "P2"))
    assert 15 < rates["P3"] / 1e6 < 16


def test_fig_13b_an_overhead_of_the_image_gives_p1_its_range() -> None:
    """With about 0.3 mJ for JPEG, which the paper does not state, P1 is best up to 105-106 Mbps."""
    rates = dict(replace(plan_of("alexnet"), image_energy_J=0.3e-3).switch_rates())
    assert 86 < rates["P1"] / 1e6 < 87
    assert 100 < rates["In"] / 1e6 < 110


@pytest.mark.parametrize("share", [Q1, Q2, Q3])
def test_vgg_16_is_best_in_the_cloud(share: float) -> None:
    best = plan_of("vgg16", sparsity_in=share).optimum
    assert best is not None
    assert best.name == "In"


@pytest.mark.parametrize(("network", "watts"), [("alexnet", 0.5), ("squeezenet1_1", 0.5), ("googlenet", 1.0)])
def test_table_iv_savings_against_the_cloud_lie_between_those_at_the_quartiles(network: str, watts: float) -> None:
    """The distribution of images is not published; each quarter's mean must lie between the savings at its ends. All
    do, but AlexNet's last, 0.9 %, where an image overhead would show."""
    at = [saving(plan_of(network, watts=watts, sparsity_in=share), 0) for share in (0.0, Q1, Q2, Q3, 1.0)]
    means = [
        float(claim["published"])
        for claim in CLAIMS
        if claim["claim"].startswith("table4") and claim["network"] == network
    ]
    for number, mean in enumerate(means):
        slack = 1.0 if (network, number) == ("alexnet", 3) else 0.05
        assert at[number + 1] - slack <= mean <= at[number] + slack, number


def test_fig_13c_the_glb_of_least_energy() -> None:
    """88 kB without control; with it the valley is flatter, and 88 kB within 0.1 % of its bottom. 32 kB costs 16 % and
    6 % more by the published rules, not 2 %: C1's strip just fits, and leaves room for the psums of 5 filters in place
    of 20. The corrected rules halve the tile, and come to the paper's 2 %."""
    sizes = {size.kib: size.energy for size in explore(load_network("alexnet"), EYERISS_8BIT, "published")}
    without = {kib: energy.without_control for kib, energy in sizes.items() if energy is not None}
    total = {kib: energy.total for kib, energy in sizes.items() if energy is not None}
    assert min(without, key=lambda kib: without[kib]) == 88
    assert total[88] < min(total.values()) * 1.001
    assert without[32] / without[88] == pytest.approx(1.163, abs=0.001)
    assert total[32] / min(total.values()) == pytest.approx(1.064, abs=0.001)
    c1 = load_network("alexnet").layers[0]
    assert [map_layer(c1, with_glb(EYERISS_8BIT, kib), "published").f_i for kib in (32, 88)] == [5, 20]
    corrected = {
        size.kib: size.energy.without_control
        for size in explore(load_network("alexnet"), EYERISS_8BIT)
        if size.energy is not None
    }
    assert corrected[32] / corrected[88] == pytest.approx(1.025, abs=0.001)
    assert corrected[88] == without[88]


def test_algorithm_2_of_a_whole_grid_is_the_plan_s() -> None:
    from partition.maps import cut_map

    plan = plan_of("alexnet")
    rates, powers = np.array([20e6, 60e6, 150e6]), np.array([0.3, 0.5, 1.2])
    found = cut_map(plan, rates, powers)
    for i, power in enumerate(powers):
        for j, rate in enumerate(rates):
            best = replace(plan, channel=Channel(bitrate_bps=rate, tx_power_W=power)).optimum
            assert best is not None
            assert found.names[found.cuts[i, j]] == best.name


# --- what the figures are made of: each number against the plan it is of


def series(panels: list[paper.Panel], panel: int, label: str) -> Series:
    return next(series for series in panels[panel].series if series.label == label)


def at(points: Series, x: float | str) -> float:
    return points.y[list(points.x).index(x)]


def test_fig_2_is_millijoules_up_to_a_layer_and_megabits_after_it() -> None:
    plan = plan_of("alexnet")
    panels = paper.figure_2({"analytical": plan})
    assert [panel.y for panel in panels] == ["mJ", "Mbit"]
    for cut in plan.cuts:
        assert at(series(panels, 0, "analytical"), cut.name) == pytest.approx(cut.client_energy_J * 1e3)
        assert at(series(panels, 1, "min(raw, RLC)"), cut.name) == pytest.approx(cut.transmit_bits / 1e6)
    # 0.2 Mbit after P2: 13 x 13 x 256 values, 36.6 % of them not zero, 12.8 bits each
    assert at(series(panels, 1, "min(raw, RLC)"), "P2") == pytest.approx(13 * 13 * 256 * 0.366 * 12.8 / 1e6, rel=1e-3)


def test_fig_10_is_millijoules_at_100_mbps_and_1_w() -> None:
    plan = plan_of("alexnet", mbps=100, watts=1.0)
    (panel,) = paper.figure_10({"analytical": plan_of("alexnet")})
    assert (panel.title, panel.y) == ("alexnet, 100 Mbps, 1 W", "E_Cost, mJ")
    expected = [1e3 * (cut.client_energy_J + cut.transmit_bits / 100e6) for cut in plan.cuts]
    assert panel.series[0].y == pytest.approx(expected)


@pytest.mark.parametrize(("number", "share"), [(0, Q1), (1, Q2), (2, Q3)])
@pytest.mark.parametrize("watts", [0.5, 1.3])
@pytest.mark.parametrize(("end", "cut"), [("FCC", 0), ("FISC", -1)])
def test_fig_12_is_what_the_optimum_saves(number: int, share: float, watts: float, end: str, cut: int) -> None:
    """FCC is all in the cloud, so nothing is saved where the channel is fast; FISC is all on the phone."""
    panels = paper.figure_12({"analytical": plan_of("alexnet")})
    curve = series(panels, number, f"analytical, {watts} W, vs {end}")
    for mbps in (20.0, 60.0, 100.0, 200.0):
        plan = plan_of("alexnet", mbps=mbps, watts=watts, sparsity_in=share)
        assert at(curve, mbps) == pytest.approx(saving(plan, cut), abs=1e-9), mbps
    assert panels[number].title == f"Sparsity-In {100 * share:.2f} %"
    if end == "FCC" and watts == 0.5:
        assert at(curve, 10.0) > 50
        assert at(curve, 200.0) == 0


def test_fig_13a_is_milliseconds() -> None:
    """FCC: the image's bits over the bit rate, and 2 operations a MAC at 92 tera-operations a second."""
    plan = plan_of("alexnet")
    panels = paper.figure_13a({"analytical": plan})
    assert panels[0].y == "ms"
    macs = sum(layer.macs for layer in load_network("alexnet").layers)
    image = 3 * 224 * 224 * (1 - Q2) * 12.8
    for mbps in (20.0, 100.0):
        assert at(series(panels, 0, "FCC"), mbps) == pytest.approx(1e3 * (image / (mbps * 1e6) + 2 * macs / 92e12))
        assert at(series(panels, 0, "analytical, FISC"), mbps) == pytest.approx(1e3 * macs / 23.1e9)
        best = plan_of("alexnet", mbps=mbps).best
        delay = best.delay_s(Channel(bitrate_bps=mbps * 1e6, tx_power_W=0.5))
        assert at(series(panels, 0, "analytical, optimum"), mbps) == pytest.approx(1e3 * delay)


@pytest.mark.parametrize("name", ["P1", "P2", "P3"])
def test_fig_13b_is_millijoules_at_half_a_watt(name: str) -> None:
    plan = plan_of("alexnet")
    panels = paper.figure_13b({"analytical": plan})
    assert (panels[0].title, panels[0].y) == ("intermediate cuts, 0.5 W", "E_Cost, mJ")
    cut = next(cut for cut in plan.cuts if cut.name == name)
    for mbps in (10.0, 60.0, 200.0):
        joules = cut.client_energy_J + 0.5 * cut.transmit_bits / (mbps * 1e6)
        assert at(series(panels, 0, f"analytical, {name}"), mbps) == pytest.approx(1e3 * joules)


def test_fig_13c_is_millijoules_over_kibibytes() -> None:
    (panel,) = paper.figure_13c(load_network("alexnet"), EYERISS_8BIT)
    assert (panel.x, panel.y) == ("KiB", "mJ")
    sizes = {size.kib: size.energy for size in explore(load_network("alexnet"), EYERISS_8BIT, "published")}
    for label, of in (("total", "total"), ("without control", "without_control")):
        points = series([panel], 0, label)
        assert dict(zip(points.x, points.y, strict=True)) == {
            kib: pytest.approx(1e3 * getattr(energy, of)) for kib, energy in sizes.items() if energy is not None
        }


def test_points_of_a_figure_are_rows() -> None:
    panels = paper.figure_13b({"analytical": plan_of("alexnet")})
    points = rows(panels)
    assert len(points) == 3 * len(paper.BITRATES_BPS)
    assert points[0] == {
        "panel": "intermediate cuts, 0.5 W",
        "series": "analytical, P1",
        "x": 10.0,
        "y": panels[0].series[0].y[0],
    }
