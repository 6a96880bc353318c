"""Files as a source of energies."""

import json
from pathlib import Path

import pytest

from analytical.files.hardware import load_hardware
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from partition.costs import Costs
from partition.sources import SourceError
from partition.sources.analytical import Analytical
from partition.sources.file import File
from simulator.runner import run_network
from simulator.settings import Settings
from tests.partition.sources.small import NETWORK


@pytest.mark.parametrize("suffix", [".csv", ".json", ".h5"])
def test_a_run_s_file_is_a_source(suffix: str, tmp_path: Path) -> None:
    from analytical.terminal.outputs import as_csv, as_json

    results = run_network(Settings(network=NETWORK, hardware=EYERISS_8BIT))
    contents = {".csv": as_csv(results.rows()), ".json": as_json(results.record()), ".h5": results.hdf5()}
    path = tmp_path / f"run{suffix}"
    path.write_bytes(contents[suffix])
    costs = File(str(path)).costs(NETWORK, EYERISS_8BIT)
    assert costs.energy_J == {layer.name: layer.energy_J for layer in results}
    assert costs.latency_s == {layer.name: layer.latency_s for layer in results}


@pytest.mark.parametrize("suffix", [".json", ".h5"])
def test_a_run_on_other_hardware_is_no_source(suffix: str, tmp_path: Path) -> None:
    from analytical.terminal.outputs import as_json

    results = run_network(Settings(network=NETWORK, hardware=EYERISS_16BIT))
    path = tmp_path / f"run{suffix}"
    path.write_bytes(as_json(results.record()) if suffix == ".json" else results.hdf5())
    with pytest.raises(SourceError, match="is a run on eyeriss-16bit, 16 bit; expected one on eyeriss-8bit, 8 bit"):
        File(str(path)).costs(NETWORK, EYERISS_8BIT)


def test_a_run_of_an_older_version_is_a_source(tmp_path: Path) -> None:
    """Schema 2 had no seal, and hardware did not say its node."""
    results = run_network(Settings(network=NETWORK, hardware=EYERISS_8BIT))
    record = json.loads(json.dumps(results.record()))
    del record["digest"], record["hardware"]["technology_nm"], record["hardware"]["vdd"]
    path = tmp_path / "run.json"
    path.write_text(json.dumps(record | {"schema": 2}))
    assert File(str(path)).costs(NETWORK, EYERISS_8BIT).energy_J == {layer.name: layer.energy_J for layer in results}
    assert load_hardware(path) == EYERISS_8BIT


def test_a_table_of_layers_and_joules_is_a_source(tmp_path: Path) -> None:
    path = tmp_path / "bench.csv"
    path.write_text("layer,energy_J,latency_s\nC,3e-3,0.3\nA,1e-3,\nB,2e-3,0.2\n")
    costs = File(str(path)).costs(NETWORK, EYERISS_8BIT)
    assert costs.energy_J == {"C": 3e-3, "A": 1e-3, "B": 2e-3}
    assert (costs.latency_s["B"], costs.latency_s["C"]) == (0.2, 0.3)
    assert costs.latency_s["A"] == Analytical().costs(NETWORK, EYERISS_8BIT).latency_s["A"]
    assert isinstance(costs, Costs)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("t.csv", "layer,J\nA,1\n", "column 'energy_J' is missing"),
        ("t.csv", "layer,energy_J\nA,1\nB,2\n", "layer C is missing"),
        ("t.csv", "layer,energy_J\nA,1\nA,2\n", "row 3: layer A stands twice"),
        ("t.csv", "layer,energy_J\nZ,1\n", "row 2: layer is 'Z'; expected layers of small: A, P1, B, C"),
        ("t.csv", "layer,energy_J\nA,much\n", "row 2: energy_J is 'much'; expected a number from 0 to 1e+15"),
        ("t.csv", "layer,energy_J\nA,-1\n", "row 2: energy_J is '-1'"),
        ("t.csv", "layer,energy_J\nA,inf\n", "row 2: energy_J is 'inf'"),
        ("t.csv", "layer,energy_J\nA\n", "row 2: 1 cells; expected 2, one for each column: layer, energy_J"),
        ("t.csv", "", "column 'layer' is missing"),
        ("t.json", "{}", "is no run of the simulator"),
        ("t.json", '{"layers": [1]}', "is no run of the simulator"),
        ("t.json", "[" * 9999, "is no run of the simulator"),
        ("t.h5", "no HDF5", "is no run of the simulator"),
        ("folder/t.csv", None, "cannot be read"),
        ("folder/t.h5", None, "cannot be read"),
        ("anything", None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_source_is_refused(name: str, text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(SourceError) as refused:
        File(str(path)).costs(NETWORK, EYERISS_8BIT)
    assert str(refused.value).startswith(f"{path}: ")
    assert said in str(refused.value)


def test_a_table_that_says_its_width_is_held_to_it(tmp_path: Path) -> None:
    from analytical.terminal.outputs import as_csv

    path = tmp_path / "run.csv"
    path.write_bytes(as_csv(run_network(Settings(network=NETWORK, hardware=EYERISS_16BIT)).rows()))
    with pytest.raises(SourceError, match="row 2: bits is 16; expected one on eyeriss-8bit, 8 bit"):
        File(str(path)).costs(NETWORK, EYERISS_8BIT)


def test_closed_forms_of_another_width_are_known_by_their_mebibytes(tmp_path: Path) -> None:
    from analytical.model import estimate
    from analytical.terminal.outputs import as_csv

    path = tmp_path / "closed.csv"
    path.write_bytes(as_csv(estimate(NETWORK, EYERISS_16BIT).rows()))
    with pytest.raises(SourceError, match="row 2: rf_mib is that of words of 16 bit; expected one on eyeriss-8bit"):
        File(str(path)).costs(NETWORK, EYERISS_8BIT)
    assert File(str(path)).costs(NETWORK, EYERISS_16BIT).energy_J.keys() == {"A", "B", "C"}


def test_pools_may_have_been_measured_and_a_sum_is_passed_over(tmp_path: Path) -> None:
    import partition

    names = ("C1", "C2", "C3", "C4", "C5", "FC6", "FC7", "FC8")
    rows = ["layer, energy_J, latency_s,", "", *(f"{name}, 1e-3, 0.01," for name in names)]
    path = tmp_path / "measured.csv"
    path.write_text("\ufeff" + "\n".join([*rows, "total, 8e-3, 0.08,"]))
    without = partition.plan("alexnet", bitrate="80Mbps", tx_power="0.78W", source=path)
    path.write_text("\n".join([*rows, "P1, 5e-4, 0.002", "Total, 8e-3, 0.08,"]))
    with_pool = partition.plan("alexnet", bitrate="80Mbps", tx_power="0.78W", source=path)
    for one, other in zip(without.cuts, with_pool.cuts, strict=True):
        more = 0 if one.name in ("In", "C1") else 5e-4
        assert other.client_energy_J == pytest.approx(one.client_energy_J + more)
