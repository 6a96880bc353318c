"""Schedules that are kept for run time, and the conditions that they meet."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.errors import InputError
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from partition.channel import Channel
from partition.processors.conditions import Condition, load_condition, load_grid
from partition.processors.kept import cheapest, keep, load_schedules
from partition.processors.processor import Processor, ProcessorError
from partition.processors.schedules import Scheduler
from partition.processors.splitting import schedules, split
from partition.sources.analytical import Analytical
from tests.partition.processors.test_golden import rows_of, scheduler
from tests.partition.processors.test_laws import of_layers, options, row_of

NPU = Processor(name="npu", source=Analytical(), hardware=EYERISS_8BIT)
DSP = replace(NPU, name="dsp")


def test_schedules_kept_of_eighty_conditions() -> None:
    """How many conditions are missed, and what regret is left, as schedules are kept one by one."""
    schedulers = []
    for row in rows_of("conditions.csv"):
        used = [float(row[f"u_{name}"]) for name in ("acc16", "acc8", "dsp")]
        channel = Channel(bitrate_bps=float(row["bitrate_bps"]), tx_power_W=0.78)
        schedulers.append(scheduler("all", channel, used))
    rows = rows_of("schedules_kept.csv")
    kept, solved = keep(schedulers, len(rows), 0.03)
    assert solved == 71
    for each, row in zip(kept, rows, strict=True):
        said = each.record()
        assert f"{said['cut']}: {said['split']}" == row["schedule"]
        assert each.misses == int(row["misses"])
        assert each.mean_regret == pytest.approx(float(row["mean_regret"]), rel=1e-9, abs=1e-12)
        assert each.worst_regret == pytest.approx(float(row["worst_regret"]), rel=1e-9, abs=1e-12)


@given(of_layers, st.lists(st.floats(0, 0.9), min_size=1, max_size=4), st.floats(1, 12), st.integers(1, 4))
def test_what_is_kept_never_beats_the_best_and_misses_no_more_as_more_are_kept(
    costs: list[list[tuple[float, float]]], shares: list[float], deadline: float, number: int
) -> None:
    """Each condition makes all options slower by as much."""
    graph = row_of(len(costs))
    slowed = [
        [[(energy, latency / (1 - share)) for energy, latency in of_layer] for of_layer in costs] for share in shares
    ]
    schedulers = [Scheduler(graph, options(each)) for each in slowed]
    kept, solved = keep(schedulers, number, deadline)
    assert solved == sum(each.fastest_s <= deadline * (1 + 1e-12) for each in schedulers)
    assert len(kept) <= number
    misses = [each.misses for each in kept]
    assert misses == sorted(misses, reverse=True)
    assert all(each.mean_regret >= 0 and each.worst_regret >= each.mean_regret - 1e-12 for each in kept)
    known = [(each.schedule.cut, each.schedule.parts) for each in kept]
    for each in schedulers:
        best, found = each.least_energy(deadline), cheapest(each, known, deadline)
        if found is not None:
            assert best is not None
            assert found.energy_J >= best.energy_J * (1 - 1e-9)
            assert found.latency_s <= deadline * (1 + 1e-9)


def test_a_schedule_of_another_cut_or_option_cannot_be_looked_at() -> None:
    found = scheduler().least_energy()
    assert found is not None
    assert scheduler().evaluated(found.cut, found.parts) == pytest.approx(found)
    assert scheduler().evaluated("P2", found.parts) is None
    assert scheduler().evaluated(found.cut, found.parts[:-1]) is None
    assert scheduler().evaluated(found.cut, [(9, 9, 9)] * 8) is None


def test_a_grid_has_all_conditions_and_a_record_one(tmp_path: Path) -> None:
    grid = tmp_path / "grid.toml"
    grid.write_text('bitrate = ["10Mbps", "wifi"]\ntx_power = "0.5W"\n[utilisation]\ndsp = [0.0, 0.5, 0.75]')
    found = load_grid(grid, [NPU, DSP], round_trip_s=0.01)
    assert len(found) == 6
    assert found[1] == Condition(
        utilisation={"dsp": 0.0}, channel=Channel(bitrate_bps=80e6, tx_power_W=0.5, round_trip_s=0.01)
    )
    assert [each.utilisation["dsp"] for each in found] == [0.0, 0.0, 0.5, 0.5, 0.75, 0.75]
    npu, dsp = found[-1].on([NPU, DSP])
    assert (npu.utilisation, dsp.utilisation) == (0.0, 0.75)
    now = tmp_path / "now.json"
    now.write_text(json.dumps(found[2].record()))
    assert load_condition(now, [NPU, DSP], round_trip_s=0.01) == found[2]
    now.write_text("{}")
    assert load_condition(now, [NPU]).channel is None


def test_at_run_time_the_cheapest_that_is_kept_and_in_time_else_solved(tmp_path: Path) -> None:
    processors = [NPU, replace(DSP, hardware=EYERISS_16BIT, utilisation=0.2)]
    conditions = [Condition(utilisation={"npu": share}) for share in (0.0, 0.2)]
    found = schedules("alexnet", processors, conditions, max_delay="40ms", number=1)
    file = tmp_path / "s.json"
    file.write_text(json.dumps(found.record()))
    say = {"max_delay": "40ms", "schedules": file}
    kept = split("alexnet", processors, **say)
    assert kept.is_kept
    assert (kept.best.cut, kept.best.parts) == load_schedules(file).schedules[0]
    assert kept.best.energy_J >= split("alexnet", processors, max_delay="40ms").best.energy_J
    # nothing that was kept is fast enough with another deadline
    hurried = split("alexnet", processors, max_delay=kept.best.latency_s * 0.99, schedules=file)
    assert not hurried.is_kept
    assert hurried.best.latency_s < kept.best.latency_s
    for other, message in (
        ({"parts": 2}, "parts is 4; expected 2, as here"),
        ({"batch": 4}, "batch is 1; expected 4, as here"),
        ({"bits": 16}, "bits is 8; expected 16, as here"),
    ):
        with pytest.raises(ProcessorError, match=message):
            split("alexnet", processors, **say, **other)
    # without a deadline, that for which they were solved
    assert split("alexnet", processors, schedules=file).best == kept.best
    with pytest.raises(
        ProcessorError, match="hardware is eyeriss-8bit, eyeriss-16bit; expected eyeriss-8bit, eyeriss-8"
    ):
        split("alexnet", [NPU, DSP], **say)
    file.write_text(json.dumps(found.record() | {"schedules": [{"cut": "XX", "split": "4/0"}]}))
    with pytest.raises(ProcessorError, match=r"schedules.0 is 1 layers to 'XX'; expected a cut of alexnet"):
        split("alexnet", processors, **say)
    file.write_text(json.dumps(found.record()))
    with pytest.raises(ProcessorError, match="processors is npu, dsp; expected npu, as here"):
        split("alexnet", [NPU], **say)
    with pytest.raises(ProcessorError, match="network is alexnet; expected vgg16, as here"):
        split("vgg16", processors, **say)


def test_what_python_may_say_wrong_is_one_line() -> None:
    for said, message in (
        ({"processors": []}, "processors are []; expected a file"),
        ({"processors": None}, "processors are None; expected a file"),
        ({"parts": 0}, "parts is 0; expected a whole number, at least 1"),
        ({"batch": 0}, "batch is 0; expected a whole number, at least 1"),
        ({"sparsity_in": 2}, "sparsity_in is 2; expected a share of zeros"),
        ({"round_trip": "20ms"}, "--round-trip is given without --bitrate; expected both"),
    ):
        with pytest.raises(InputError) as refused:
            split("alexnet", **({"processors": [NPU]} | said))
        assert message in str(refused.value)
    with pytest.raises(InputError, match="number is 0; expected a whole number"):
        schedules("alexnet", [NPU], [Condition(utilisation={})], number=0)
    # as many parts as the filters of all layers make
    assert split("resnet8", [NPU]).parts == 2
    found, again = split("alexnet", [NPU]), split("alexnet", [NPU])
    assert found == again == pickle.loads(pickle.dumps(found))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no JSON", "expected JSON"),
        ('{"utilisation": {"gpu": 0.5}}', "utilisation has 'gpu'; expected some of npu"),
        ('{"utilisation": {"npu": 1.0}}', "utilisation of npu is 1.0; expected a share from 0, below 1"),
        ('{"bitrate_bps": 1e6}', "bitrate_bps stands without tx_power_W; expected both, or neither"),
        ('{"bitrate_bps": 1e99, "tx_power_W": 1}', "bitrate_bps is 1e+99; expected a bit rate like 60Mbps"),
        ('{"speed": 1}', "speed is unknown; expected some of utilisation, bitrate_bps, tx_power_W"),
    ],
)
def test_a_record_that_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "now.json"
    file.write_text(text)
    with pytest.raises(ProcessorError) as refused:
        load_condition(file, [NPU])
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('tx_power = "1W"', "tx_power stands without bitrate"),
        ('bitrate = ["fast"]', "bitrate or tx_power: 'fast'; expected a bit rate like 60Mbps"),
        ("[utilisation]\nnpu = []", "has 0 conditions; expected 1 to 20,000"),
        ("[utilisation]\nnpu = [-0.5]", "utilisation of npu is -0.5; expected a share from 0, below 1"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "grid.toml"
    file.write_text(text)
    with pytest.raises(ProcessorError) as refused:
        load_grid(file, [NPU])
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schedules": []}, "schedules is"),
        ({"schedules": [{"cut": "FC8", "split": "4/x"}]}, "schedules.0.split is '4/x'; expected 1 numbers a layer"),
        ({"schedules": [{"cut": "FC8", "split": "3"}]}, "that add up to 4"),
        ({"parts": "4"}, 'parts is "4"; expected a whole number'),
    ],
)
def test_schedules_that_cannot_be_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    file = tmp_path / "s.json"
    good = {
        "network": "a",
        "processors": [{"name": "npu"}],
        "parts": 4,
        "bits": 8,
        "schedules": [{"cut": "", "split": ""}],
    }
    file.write_text(json.dumps(good | change))
    with pytest.raises(ProcessorError) as refused:
        load_schedules(file)
    assert message in str(refused.value)
