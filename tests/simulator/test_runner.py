"""A network's run as a Python program has it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from analytical import counts as c
from analytical.counts import Counts
from analytical.hardware import EYERISS_16BIT
from analytical.layer import Layer
from analytical.mappings import MappingError
from analytical.network import Network
from simulator import runner
from simulator.__main__ import main
from simulator.machine.layer_run import LayerRun
from simulator.runner import Work, plan, run_network
from simulator.settings import Settings

A = Layer(name="A", H=15, W=15, C=4, R=3, S=3, F=8, E=13, G=13, sparsity_ifmap=0.3)
B = Layer(name="B", H=9, W=9, C=8, R=3, S=3, F=8, E=7, G=7, batch=2)
SETTINGS = Settings(network=Network("two", (A, B)), hardware=EYERISS_16BIT, verify=True)


def test_a_run_is_right_and_its_own_batch_is_the_layers() -> None:
    results = run_network(SETTINGS)
    assert results.wrong_layers() == {}
    assert [report.run.images for report in results] == [1, 2]
    assert [layer.wrong_values for layer in results.layers] == [0, 0]


@pytest.mark.parametrize("engine", ["fast", "detailed", "stepped"])
def test_progress_tells_of_all_the_work(engine: str) -> None:
    settings = replace(SETTINGS, engine=engine)
    told: dict[str, float] = {}

    def listen(layer: Layer):  # type: ignore[no-untyped-def]
        def add(seconds: float) -> None:
            told[layer.name] = told.get(layer.name, 0) + seconds

        return add

    run_network(settings, listen)
    expected = {planned.layer.name: Work.expected(planned, engine).total for planned in plan(settings)}
    assert told == {name: pytest.approx(seconds) for name, seconds in expected.items()}


def test_nothing_runs_if_a_layer_cannot_be_mapped() -> None:
    tall = replace(A, name="tall", R=13, E=3)
    started: list[str] = []
    with pytest.raises(MappingError, match="layer tall cannot be mapped"):
        run_network(replace(SETTINGS, network=Network("three", (A, tall))), lambda layer: started.append(layer.name))  # type: ignore[arg-type,func-returns-value]
    assert started == []


VERIFY = ["run", "alexnet", "--layers", "C5", "--batch", "1", "--verify"]


def change_every_run(monkeypatch: pytest.MonkeyPatch, change: Callable[[LayerRun], LayerRun]) -> None:
    honest = runner.run_tiling
    monkeypatch.setattr(runner, "run_tiling", lambda *args, **kwargs: change(honest(*args, **kwargs)))


def with_a_wrong_value(run: LayerRun) -> LayerRun:
    ofmap = run.ofmap.copy()
    ofmap[0, 0, 0, 0] += 1
    return replace(run, ofmap=ofmap)


def test_a_wrong_ofmap_is_found_and_ends_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change_every_run(monkeypatch, with_a_wrong_value)
    assert run_network(SETTINGS).wrong_layers() == {"A": 1, "B": 1}
    assert main.main(VERIFY, standalone_mode=False) == 1
    assert "verify: layer C5: 1 ofmap values differ" in capsys.readouterr().err


def test_a_residual_ends_a_verified_run_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    off_by_one = Counts(events={c.RF_IFMAP_FILL: 1})
    change_every_run(monkeypatch, lambda run: replace(run, counts=run.counts + off_by_one))
    assert main.main(VERIFY, standalone_mode=False) == 1
    assert "verify: layer C5: counts differ from the closed forms" in capsys.readouterr().err


def test_tensors_are_kept_only_if_asked_for() -> None:
    assert run_network(SETTINGS).layers[0].tensors == {}
    kept = run_network(replace(SETTINGS, keep_tensors=True)).layers[0].tensors
    assert kept["ifmap"].shape == (1, 4, 15, 15)
    assert kept["filters"].shape == (8, 4, 3, 3)
    assert kept["ofmap"].shape == (1, 8, 13, 13)
    assert np.count_nonzero(kept["ifmap"] == 0) == round(0.3 * A.ifmap_size)
