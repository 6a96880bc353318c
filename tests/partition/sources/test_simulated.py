"""The machine as a source of energies, whose runs are kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from analytical.graph import graph_of
from analytical.hardware import EYERISS_8BIT
from analytical.network import Network
from partition.sources import simulated
from partition.sources.simulated import CodecBits, Simulated
from simulator.runner import run_network
from simulator.settings import Settings
from tests.partition.sources.small import NETWORK, A, B, C


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
        patch.setattr(simulated, "program", lambda: "another version")
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
