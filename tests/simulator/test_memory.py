"""A run that does not fit the memory is refused before it begins."""

from pathlib import Path

import pytest

import simulator
from analytical.errors import InputError
from analytical.hardware import CHIPS
from analytical.layer import Layer
from analytical.network import Network
from simulator import memory, runner
from simulator.settings import SettingsError
from traces.tensors import LayerTensors


def test_a_layer_that_does_not_fit_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "synthesise", lambda *_, **__: pytest.fail("values were made"))
    layer = Layer.conv("huge", channels=64, size=20_000, filters=512, filter=3, padding=1)
    with pytest.raises(SettingsError, match=r"layer huge: 7 images take about \d+\.\d GiB .* expected a smaller batch"):
        simulator.run_layer(layer, batch=7)


def test_the_need_grows_with_images_and_is_what_values_take() -> None:
    layer = Layer.conv("L", channels=64, size=56, filters=64, filter=3, padding=1)
    one, two = (memory.needed_bytes(layer, batch) for batch in (1, 2))
    # psums of eight bytes, words of two, and something for what is on the way
    assert one > 10 * layer.ofmap_size + 2 * layer.ifmap_size
    assert one < two <= 2 * one
    assert memory.needed_bytes(layer, 1, "stepped") == memory.needed_bytes(layer, 1, "detailed") > one


def test_what_there_is_is_known() -> None:
    there = memory.available_bytes()
    assert there is not None
    assert there > 2**20


def test_filters_are_not_kept_where_nobody_looks_at_their_zeros() -> None:
    """Those of a large fully connected layer are most of what a run would hold."""
    network = Network("n", (Layer.fc("FC", inputs=64, outputs=32, sparsity_filters=0.0),))
    kept = {}
    for name in ("eyeriss-16bit", "eyeriss-16bit-sparse"):
        settings = simulator.Settings(network=network, hardware=CHIPS[name])

        def look(_result: object, tensors: LayerTensors, name: str = name) -> None:
            kept[name] = "filters" in tensors.__dict__

        runner.run_network(settings, observe=look)
    assert kept == {"eyeriss-16bit": False, "eyeriss-16bit-sparse": True}
    assert memory.needed_bytes(network.layers[0], 1, zeros=True) > memory.needed_bytes(network.layers[0], 1)


def test_what_is_allowed_is_what_was_said() -> None:
    layer = Layer.conv("L", channels=64, size=56, filters=64, filter=3, padding=1)
    network, need = Network("n", (layer,)), memory.needed_bytes(layer, 1)
    with pytest.raises(SettingsError, match=r"layer L: 1 images take about .* and 0\.0 GiB are allowed; expected"):
        simulator.run(network, memory=need - 1)
    allowed = simulator.run(network, memory=need)
    # no figure depends on it
    assert allowed.rows() == simulator.run(network).rows()
    assert "memory_bytes" not in allowed.record()
    with pytest.raises(InputError, match="memory is 'much'; expected a size like 16MB"):
        simulator.run(network, memory="much")


def test_what_is_free_is_at_most_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "meminfo"
    said.write_text("MemTotal: 100 kB\nMemAvailable:         64 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", said)
    assert memory.available_bytes() == 64 * 1024
    said.write_text("nothing")
    there = memory.available_bytes()
    assert there is not None
    assert there > 2**20


def test_ofmaps_that_results_keep_are_counted() -> None:
    """Four layers, each of which would fit by itself."""
    layers = tuple(Layer.conv(name, channels=8, size=56, filters=64, filter=3, padding=1) for name in "ABCD")
    need = memory.needed_bytes(layers[0], 1)
    with pytest.raises(SettingsError, match=r"layer B: 1 images take about .* with the ofmaps of the layers before"):
        simulator.run(Network("n", layers), memory=need)
    kept = 3 * layers[0].ofmap_size * memory.BYTES_KEPT
    assert len(simulator.run(Network("n", layers), memory=need + kept).layers) == 4
