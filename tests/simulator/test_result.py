"""Results as people and programs have them in Python."""

import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

import simulator
from analytical import InputError, Layer, Network
from analytical.hardware import EYERISS_16BIT
from analytical.networks import parse_table
from simulator.columns import COLUMNS
from simulator.provenance import SCHEMA, provenance, versions

A = Layer.conv("A", channels=4, size=13, filters=8, filter=3, padding=1, sparsity_ifmap=0.3, first=True)
B = Layer.conv("B", channels=8, size=13, filters=8, filter=3, sparsity_ofmap=0.5, batch=2)
NETWORK = Network("two", (A, B))
RESULT = simulator.run(NETWORK)


def test_layers_by_name_and_sums() -> None:
    assert [layer.name for layer in RESULT] == ["A", "B"]
    assert len(RESULT) == 2
    assert RESULT["B"].run.images == 2
    assert RESULT.energy_J == pytest.approx(RESULT["A"].energy_J + RESULT["B"].energy_J)
    assert RESULT.model_energy_J == pytest.approx(RESULT["A"].model_energy_J + RESULT["B"].model_energy_J)
    assert RESULT.latency_s == pytest.approx(RESULT["A"].latency_s + RESULT["B"].latency_s)
    assert RESULT["A"].energy.total == RESULT["A"].energy_J
    with pytest.raises(KeyError, match="C: no such layer; expected one of A, B"):
        RESULT["C"]


def test_a_result_prints_as_one_line() -> None:
    for result in (RESULT, RESULT["A"]):
        assert repr(result).count("\n") == 0
        assert "mJ" in repr(result)
        assert "ms an image" in repr(result)


def test_a_result_is_shown_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    simulator.show(RESULT)
    shown = capsys.readouterr().out
    assert shown.startswith("two on eyeriss-16bit")
    assert "One image: " in shown.splitlines()[-2]
    simulator.show(simulator.compare(RESULT, RESULT))
    assert "Equal in all: A, B." in capsys.readouterr().out
    with pytest.raises(TypeError, match="expected a NetworkResult, Comparison or Validation"):
        simulator.show("alexnet")


def test_a_result_survives_pickling() -> None:
    again = pickle.loads(pickle.dumps(RESULT))
    assert again.rows() == RESULT.rows()
    assert (again["A"].ofmap == RESULT["A"].ofmap).all()


def test_results_of_the_same_settings_are_equal() -> None:
    again = simulator.run(NETWORK)
    assert again == RESULT
    assert pickle.loads(pickle.dumps(RESULT)) == RESULT
    assert simulator.run(NETWORK, seed=1) != RESULT
    assert again["A"] == RESULT["A"] != RESULT["B"]
    assert RESULT != "two"
    assert "A" in RESULT
    assert "C" not in RESULT


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"network": 3}, "network is 3; expected a Network, a name or a file"),
        ({"hardware": 3}, "hardware is 3; expected a Hardware, or eyeriss-16bit"),
        ({"layers": 3}, "layers is 3; expected a name of a layer, or a list of names"),
        ({"layers": [1]}, "expected a name of a layer, or a list of names"),
        ({"layers": "C"}, "network two has no layer 'C'; expected some of A, B"),
        ({"batch": "1"}, "batch is '1'; expected a whole number"),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as refused:
        simulator.run(**({"network": NETWORK} | wrong))  # type: ignore[arg-type]
    assert said in str(refused.value)


def test_a_process_pool_makes_the_same_results() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(simulator.run, NETWORK).result().rows() == RESULT.rows()


def test_frames_have_the_columns() -> None:
    frame = RESULT.to_frame()
    assert list(frame.columns) == [column.name for column in COLUMNS]
    assert frame["macs"].tolist() == [A.macs, 2 * B.macs]


def test_files_are_read_back_as_the_run(tmp_path: Path) -> None:
    RESULT.to_json(tmp_path / "run.json")
    RESULT.to_hdf5(tmp_path / "run.h5")
    for name in ("run.json", "run.h5"):
        again = simulator.read_run(tmp_path / name)
        assert again.energy_J == pytest.approx(RESULT.energy_J)
        assert again.latency_s == pytest.approx(RESULT.latency_s)
        assert repr(again).startswith(f"<{tmp_path / name}: two on eyeriss-16bit")
        compared = simulator.compare(again, RESULT)
        assert compared.equal_layers == ["A", "B"]
        assert repr(compared).endswith("+0.00 % energy an image>")
    with pytest.raises(InputError, match="cannot be written"):
        RESULT.to_json(tmp_path / "no folder" / "run.json")


def test_a_result_carries_what_made_it() -> None:
    record = json.loads(json.dumps(RESULT.record()))
    assert parse_table(record["table"], "two") == NETWORK
    assert record["schema"] == SCHEMA
    assert set(record["versions"]) == {"program", "python", "numpy", "numba", "simpy", "h5py"}
    assert versions()["program"].startswith(record["version"])
    assert record["command"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["/anywhere/simulator/__main__.py", "run", "my net.csv"])
        assert provenance()["command"] == "python -m simulator run 'my net.csv'"
        patch.setattr("sys.argv", ["neupart", "simulate", "--out", "o\udcff.h5"])
        assert RESULT.hdf5()  # a name of bytes that are no text
        patch.setattr("sys.argv", ["neupart", "simulate", "alexnet"])
        assert provenance()["command"] == "neupart simulate alexnet"
    assert provenance("by hand")["command"] == "by hand"
    assert record["hardware"] == json.loads(json.dumps(EYERISS_16BIT.record()))
    assert record["mappings"]["A"]["origin"] == "rules"
    assert record["mappings"]["A"]["N"] == RESULT["A"].run.tiling.mapping.record()["N"]


def test_a_table_of_selected_layers_is_that_of_the_network() -> None:
    record = simulator.run(NETWORK, layers="B").record()
    assert parse_table(record["table"], "two") == NETWORK
    assert record["selected"] == ["B"]


def test_a_notebook_shows_a_few_figures_and_diagrams() -> None:
    result = simulator.run("alexnet", layers=["C3"], batch=1)
    shown = result._repr_html_()
    assert shown.count("<tr>") == 2
    assert f"{result.energy_J * 1e3:.4g}" in shown
    for name in ("energy", "states", "latency", "roofline", "traffic", "effects"):
        assert getattr(result.plot, name)().to_dict()["title"]
