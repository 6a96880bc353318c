"""Sources of energies: one protocol, whoever answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from analytical.graph import graph_of
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from analytical.layer import Layer
from analytical.model import estimate_layer
from analytical.network import Network
from partition.costs import Costs
from partition.sources import SourceError, choose_source, simulated
from partition.sources.analytical import Analytical
from partition.sources.file import File
from partition.sources.simulated import CodecBits, Simulated
from simulator.runner import run_network
from simulator.settings import Settings

A = Layer(name="A", H=15, W=15, C=3, R=3, S=3, F=8, E=13, G=13, sparsity_ofmap=0.5, first=True)
B = Layer(name="B", H=8, W=8, pad_h=1, pad_w=1, C=8, R=3, S=3, F=4, E=6, G=6, sparsity_ifmap=0.6, sparsity_ofmap=0.3)
C = Layer(name="C", kind="fc", H=6, W=6, C=4, R=6, S=6, F=10, E=1, G=1, sparsity_ifmap=0.3)
NETWORK = Network("small", (A, B, C))


def test_the_analytical_source_is_the_model() -> None:
    costs = choose_source("analytical").costs(NETWORK, EYERISS_8BIT)
    assert costs.energy_J == {layer.name: estimate_layer(layer, EYERISS_8BIT).energy.total for layer in NETWORK.layers}
    assert costs == Analytical().costs(NETWORK, EYERISS_8BIT)


def test_the_simulated_source_is_the_machine_and_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Simulated(tmp_path / "cache")
    costs = source.costs(NETWORK, EYERISS_8BIT)
    layers = run_network(Settings(network=NETWORK, hardware=EYERISS_8BIT)).layers
    assert costs.energy_J == {layer.name: layer.energy_J for layer in layers}
    assert costs.latency_s == {layer.name: pytest.approx(layer.latency_s) for layer in layers}
    (kept,) = (tmp_path / "cache").iterdir()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("ran again")

    with monkeypatch.context() as patch:
        patch.setattr(simulated, "run_network", refuse)
        assert source.costs(NETWORK, EYERISS_8BIT) == costs
        for other in (
            (replace(source, seed=1), NETWORK, EYERISS_8BIT),
            (source, NETWORK, replace(EYERISS_8BIT, glb_kib=99)),
            (source, Network("small", (A, replace(B, sparsity_ofmap=0.4), C)), EYERISS_8BIT),
        ):
            with pytest.raises(AssertionError, match="ran again"):
                other[0].costs(*other[1:])
        patch.setattr(simulated, "_program", lambda: "another version")
        with pytest.raises(AssertionError, match="ran again"):
            source.costs(NETWORK, EYERISS_8BIT)
    kept.write_bytes(b"damaged")
    assert source.costs(NETWORK, EYERISS_8BIT) == costs


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Simulated(tmp_path / "file" / "cache").costs(NETWORK, EYERISS_8BIT).energy_J


def test_the_codec_s_bits_are_near_equation_25_and_never_above_raw() -> None:
    graph = graph_of(NETWORK)
    codec = CodecBits(graph, 8)
    run_network(Settings(network=NETWORK, hardware=EYERISS_8BIT), observe=codec)
    bits = codec.bits()
    assert list(bits) == ["A", "P1", "B"]
    for name, sent in bits.items():
        node = graph.nodes[name]
        coded = node.values * (1 - node.sparsity) * 12.8
        assert min(coded, node.values * 8) * 0.98 <= sent <= node.values * 8


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
        ("t.csv", "layer,energy_J\nZ,1\n", "row 2: layer is 'Z'; expected layers of small: A, B, C"),
        ("t.csv", "layer,energy_J\nA,much\n", "row 2: energy_J is 'much'; expected a number from 0 to 1e+15"),
        ("t.csv", "layer,energy_J\nA,-1\n", "row 2: energy_J is '-1'"),
        ("t.csv", "layer,energy_J\nA,inf\n", "row 2: energy_J is 'inf'"),
        ("t.csv", "layer,energy_J\nA\n", "row 2: energy_J is None"),
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
