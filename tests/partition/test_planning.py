"""Plans: every published field against what it says it is, and what the front door refuses."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import partition
import simulator
from analytical import InputError, Layer, Network, estimate, load_network
from analytical.hardware import EYERISS_8BIT
from analytical.network import Edges
from partition.planning import COLUMNS, FIELDS, DelayError, Plan
from partition.sources import choose_source

PLAN = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W")
IMAGE_BITS = 3 * 224 * 224 * (1 - 0.608) * 12.8


STEM = Layer.conv("stem", channels=3, size=32, filters=32, filter=3, padding=1, first=True)
SMALL = Layer.conv("small", channels=32, size=32, filters=1, filter=1, sparsity_ofmap=0.9)
OTHER = Layer.conv("other", channels=32, size=32, filters=1, filter=1, sparsity_ofmap=0.9)
WIDE = Layer.conv("wide", channels=1, size=32, filters=64, filter=1)
WIDER = Layer.conv("wider", channels=1, size=32, filters=64, filter=1)
END = Layer.conv("end", channels=128, size=32, filters=64, filter=3, padding=1)
EDGES = {
    "small": Edges(("stem",)),
    "wide": Edges(("small",)),
    "other": Edges(("stem",)),
    "wider": Edges(("other",)),
    "end": Edges(("wide", "wider")),
}
BRANCHES = Network("branches", (STEM, SMALL, WIDE, OTHER, WIDER, END), EDGES)


def cut_named(name: str, plan: Plan = PLAN) -> Any:
    return next(cut for cut in plan.cuts if cut.name == name)


COSTS = choose_source("analytical").costs(load_network("alexnet"), EYERISS_8BIT)
EXPECTED_OF_P2 = {
    "cut": "P2",
    "client_energy_J": COSTS.energy_J["C1"] + COSTS.energy_J["C2"],
    "transmit_bits": 13 * 13 * 256 * (1 - load_network("alexnet").layer("C3").unpadded_sparsity) * 12.8,
    "transmit_energy_J": 0.5 / 60e6 * 202752.0,
    "total_energy_J": 0.0032989921361070464 + 0.5 / 60e6 * 202752.0,
    "delay_s": (
        sum(load_network("alexnet").layer(n).macs for n in ("C1", "C2")) / 23.1e9
        + 202752.0 / 60e6
        + 2 * sum(load_network("alexnet").layer(n).macs for n in ("C3", "C4", "C5", "FC6", "FC7", "FC8")) / 92e12
    ),
}  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_column_of_a_cut(column: Any) -> None:
    """After P2 of AlexNet: C1 and C2 on the phone, 0.2 Mbit sent."""
    value = column.of((PLAN, cut_named("P2")))
    expected = EXPECTED_OF_P2[column.name]
    assert value == (expected if isinstance(expected, str) else pytest.approx(expected))


def switches() -> dict[str, float]:
    """From which bit rate on each cut is best, by trying many."""
    best = {}
    for mbps in (0.5 + 0.5 * step for step in range(400)):
        at = partition.plan("alexnet", bitrate=mbps * 1e6, tx_power=0.5).best.name
        best.setdefault(at, mbps * 1e6)
    return best


EXPECTED = {
    "network": "alexnet",
    "source": "analytical",
    "bits": 8,
    "hardware": EYERISS_8BIT.record(),
    "bitrate_bps": 60e6,
    "tx_power_W": 0.5,
    "sparsity_in": 0.608,
    "jpeg_bits": None,
    "max_delay_s": None,
    "round_trip_s": 0.0,
    "cloud_ops": 92e12,
    "least": "energy",
    "optimum": "P2",
    "saving_vs_fcc_percent": 100 * (1 - cut_named("P2").total_energy_J(PLAN.channel) / (IMAGE_BITS * 0.5 / 60e6)),
    "saving_vs_fisc_percent": 100
    * (1 - cut_named("P2").total_energy_J(PLAN.channel) / cut_named("FC8").client_energy_J),
    "cuts": PLAN.rows(),
    "branching": {"sends": ["P2"], "total_energy_J": cut_named("P2").total_energy_J(PLAN.channel)},
}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_of_a_plan(field: Any) -> None:
    value = field.of(PLAN)
    if field.name == "best_from_bitrate_bps":
        found = switches()
        assert list(value) == list(found)
        assert value.pop("FC8") == 0.0
        for name, rate in value.items():
            assert found[name] - 0.5e6 <= rate <= found[name], name
        return
    expected = EXPECTED[field.name]
    assert value == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_a_cut_through_branches_sends_more_than_one_tensor() -> None:
    """Two branches that first shrink what they read: their narrow ends are less than what goes in, or comes out."""
    cheap = {"stem": 1e-9, "small": 1e-9, "other": 1e-9, "wide": 1.0, "wider": 1.0, "end": 1.0}
    plan = partition.plan(BRANCHES, bitrate="60Mbps", tx_power="0.5W", source=cheap, sparsity_in=0.0)
    branching = plan.record()["branching"]
    assert sorted(branching["sends"]) == ["other", "small"]
    assert branching["total_energy_J"] < plan.best.total_energy_J(plan.channel)


def test_the_cut_of_least_delay() -> None:
    plan = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", least="delay")
    assert plan.best.delay_s(plan.channel) == min(cut.delay_s(plan.channel) for cut in plan.cuts)
    # AlexNet's image takes 12.6 ms to send; P1 has fewer bits, but C1 takes time
    assert plan.best.name == "In"
    assert partition.plan("alexnet", bitrate="5Mbps", tx_power="0.5W", least="delay").best.name == "FC8"
    late = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", least="delay", max_delay="1ms")
    assert late.optimum is None
    with pytest.raises(InputError, match="least is 'time'; expected energy or delay"):
        partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", least="time")


def test_a_slower_cloud_and_a_round_trip_delay_what_is_sent() -> None:
    plan = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", round_trip="20ms", cloud_ops="1Tops")
    for cut, before in zip(plan.cuts[:-1], PLAN.cuts, strict=False):
        more = 0.02 + before.cloud_s * (92 - 1)
        assert cut.delay_s(plan.channel) == pytest.approx(before.delay_s(PLAN.channel) + more)
    # nothing is sent: the same to the last digit
    assert plan.cuts[-1].delay_s(plan.channel) == PLAN.cuts[-1].delay_s(PLAN.channel)


def test_sending_for_nothing_sends_the_image() -> None:
    """With no transmission power, the phone spends least if it runs nothing, at any bit rate."""
    free = partition.plan("alexnet", bitrate="1kbps", tx_power="0W")
    assert free.best.name == "In"
    assert free.best.total_energy_J(free.channel) == 0.0
    assert free.switch_rates() == [("In", 0.0)]
    assert free.record()["saving_vs_fisc_percent"] == 100.0


def test_a_radio_by_name_has_a_bit_rate_and_a_power() -> None:
    named = partition.plan("alexnet", bitrate="wifi")
    assert named.rows() == partition.plan("alexnet", bitrate="80Mbps", tx_power="0.78W").rows()
    assert partition.plan("alexnet", bitrate="wifi", tx_power="1W").channel.tx_power_W == 1.0
    with pytest.raises(InputError, match=r"the bit rate has no transmission power; expected one like 0.5W, or wifi"):
        partition.plan("alexnet", bitrate="80Mbps")
    with pytest.raises(InputError, match=r"'wimax'; expected a bit rate like 60Mbps, .* or one of wifi, lte, 5g, ble"):
        partition.plan("alexnet", bitrate="wimax")


def test_a_plan_is_a_line_rows_and_a_frame_and_can_be_pickled() -> None:
    assert repr(PLAN).count("\n") == 0
    assert "cut after P2" in repr(PLAN)
    frame = PLAN.to_frame()
    assert list(frame.columns) == [column.name for column in COLUMNS]
    assert frame["cut"].tolist() == [cut.name for cut in PLAN.cuts]
    assert pickle.loads(pickle.dumps(PLAN)).record() == PLAN.record()


def test_a_plan_is_shown_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    partition.show(PLAN)
    assert "Cut after P2: 4.989 mJ" in capsys.readouterr().out
    with pytest.raises(TypeError, match="int has no table; expected a Plan"):
        partition.show(1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"network": "nonet"}, "nonet: no such network; expected one of alexnet"),
        ({"bitrate": "60"}, "'60'; expected a bit rate like 60Mbps"),
        ({"bitrate": 0.0}, "0.0; expected a bit rate like 60Mbps, or a number from 1 to 1e+15 bps"),
        ({"tx_power": True}, "True; expected a power like 0.5W"),
        ({"sparsity_in": 1.5}, "sparsity_in is 1.5; expected a share of zeros from 0 to 1"),
        ({"sparsity_in": float("nan")}, "sparsity_in is nan; expected a share"),
        ({"source": "nope"}, "source nope: expected analytical, simulated, or an existing .csv, .json or .h5 file"),
        ({"source": {"C1": 1.0}}, "own energies: layer C2 is missing; expected joules of every layer"),
        ({"source": dict.fromkeys(load_network("alexnet").names, -1)}, "layer C1 has -1; expected joules, at least 0"),
        ({"hardware": "nochip"}, "nochip: no such hardware; expected eyeriss-16bit, eyeriss-8bit"),
        ({"bits": 12}, "bits is 12; expected 8 or 16"),
        ({"max_delay": "soon"}, "'soon'; expected a time like 50ms"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(wrong: dict[str, Any], said: str) -> None:
    right: dict[str, Any] = {"network": "alexnet", "bitrate": "60Mbps", "tx_power": "0.5W"}
    with pytest.raises(InputError) as refused:
        partition.plan(**(right | wrong))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_own_energies_decide_as_those_of_a_file(tmp_path: Path) -> None:
    energies = {name: 1e-4 * (number + 1) for number, name in enumerate(load_network("alexnet").names)}
    path = tmp_path / "mine.csv"
    path.write_text("layer,energy_J\n" + "".join(f"{name},{joules!r}\n" for name, joules in energies.items()))
    ours, file = (partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", source=s) for s in (energies, path))
    assert ours.rows() == file.rows()


def test_no_cut_within_the_delay_has_no_best() -> None:
    plan = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", max_delay="1us")
    assert plan.optimum is None
    assert "no cut is fast enough" in repr(plan)
    with pytest.raises(DelayError, match=r"no cut is within 1e-06 s; the fastest takes 0\.01"):
        _ = plan.best


def test_a_result_is_a_source() -> None:
    """A run of one image at a time, as phones have them, and an estimate."""
    estimated = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", source=estimate("alexnet", "eyeriss-8bit"))
    assert estimated.rows() == PLAN.rows()
    ran = simulator.run(BRANCHES, bits=8)
    plan = partition.plan(BRANCHES, bitrate="60Mbps", tx_power="0.5W", source=ran)
    assert plan.source == "result"
    assert plan.cuts[-1].client_energy_J == pytest.approx(ran.energy_J)
    assert plan.cuts[-1].client_s == pytest.approx(ran.latency_s)
    with pytest.raises(InputError, match="the result is one on eyeriss-8bit, 8 bit; expected one on eyeriss-16bit"):
        partition.plan(BRANCHES, bitrate="60Mbps", tx_power="0.5W", source=ran, bits=16)
    with pytest.raises(InputError, match="the result has no layer C1; expected all layers of alexnet"):
        partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", source=ran)
    with pytest.raises(InputError, match="source is 5; expected analytical"):
        partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W", source=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [[0.0], [-1.0], [float("nan")], [], [[1.0]]])
def test_a_map_is_of_positive_rates_and_powers(wrong: list[float]) -> None:
    with pytest.raises(InputError, match=r"bit rates are .*; expected a list of positive numbers"):
        partition.cut_map(PLAN, np.array(wrong), np.array([0.5]))
    with pytest.raises(InputError, match="transmission powers are"):
        partition.cut_map(PLAN, np.array([1e6]), np.array(wrong))


@pytest.mark.parametrize("wrong", [[], [2.0], [-1.0], [float("nan")]])
def test_quarters_are_of_shares(wrong: list[float]) -> None:
    with pytest.raises(InputError, match="shares of zeros are"):
        partition.quartiles(PLAN, wrong)


def test_the_size_of_the_image_and_the_bits_of_its_file_can_be_said() -> None:
    small = partition.plan("alexnet", bitrate="80Mbps", tx_power="0.78W", image_size="112x112")
    whole = partition.plan("alexnet", bitrate="80Mbps", tx_power="0.78W")
    assert small.cuts[0].transmit_bits == pytest.approx(whole.cuts[0].transmit_bits / 4)
    assert small.cuts[1:] == whole.cuts[1:]
    known = partition.plan("alexnet", bitrate="80Mbps", tx_power="0.78W", jpeg_bits=198_000)
    assert known.cuts[0].transmit_bits == 198_000
    assert known.best.name == "In"
    with pytest.raises(InputError, match="jpeg_bits is -1; expected bits of a file"):
        partition.plan("alexnet", bitrate="80Mbps", tx_power="0.78W", jpeg_bits=-1)


def test_a_notebook_shows_results_and_a_plan_has_a_diagram() -> None:
    assert PLAN._repr_html_().count("<tr>") == 1 + len(PLAN.cuts)
    spec = PLAN.plot().to_dict()
    bars = (
        next(values for values in spec["datasets"].values())
        if "datasets" in spec
        else spec["layer"][0]["data"]["values"]
    )
    assert sum(bar["mJ"] for bar in bars if bar["cut"] == "P2") == pytest.approx(
        cut_named("P2").total_energy_J(PLAN.channel) * 1e3
    )
    examples = Path(__file__).parents[2] / "examples"
    for result in (
        partition.distribute("alexnet", 2, bitrate="80Mbps", tx_power="0.78W"),
        partition.split("alexnet", examples / "phone.toml"),
        partition.chain("alexnet", examples / "chain.toml"),
        partition.choose(examples / "models.toml"),
    ):
        shown = result._repr_html_()
        assert repr(result).strip("<>").split(":")[0] in shown
        assert "<td>" in shown
