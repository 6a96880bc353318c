"""How fast the kernel, the codec, a layer, a network and a decision run; cases in ``cases.toml``.

    python -m pytest benchmarks --benchmark-json results.json

Each case notes what it worked through (PE-cycles, MACs, values) in ``extra_info``, so that results become rates.
"""

import tomllib
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from analytical.graph import graph_of
from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from analytical.layer import Layer
from analytical.mappings.rules import map_layer
from analytical.mappings.search import find_mapping
from analytical.mappings.tiling import Tiling
from analytical.networks import load_network
from partition.channel import MEDIAN_SPARSITY_IN, bits_of
from partition.cuts import cuts_of
from partition.envelope import Envelope, Lines, algorithm_2
from partition.sources.analytical import Analytical
from simulator.crosscheck import crosscheck
from simulator.machine.geometry import PassShape
from simulator.machine.layer_run import run_tiling
from simulator.machine.pe_array import PEArray
from traces import rlc
from traces.convolution import convolve
from traces.tensors import LayerTensors, synthesise

CASES: dict[str, list[dict[str, Any]]] = tomllib.loads(Path(__file__).with_name("cases.toml").read_text())


def tiling_of(layer: Layer) -> Tiling:
    """A layer for one image on Eyeriss."""
    return map_layer(layer, EYERISS_16BIT).tiling(layer, EYERISS_16BIT, batch=1)


@pytest.mark.parametrize("case", CASES["pass"], ids=lambda case: case["name"])
def test_kernel(benchmark: BenchmarkFixture, case: dict[str, Any]) -> None:
    shape = PassShape(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in case.items() if name != "name"},
        images=1,
        strip_rows=case["U"] * (case["pe_columns"] - 1) + case["R"],
        width=case["U"] * (case["windows"] - 1) + case["S"],
        loads_filters=True,
        reads_psums=True,
    )
    tensors = (
        np.ones((shape.images, shape.channels, shape.strip_rows, shape.width), np.int32),
        np.ones((shape.filters, shape.channels, shape.R, shape.S), np.int32),
        np.zeros((shape.images, shape.filters, shape.pe_columns, shape.windows), np.int64),
    )
    result = benchmark(PEArray(EYERISS_16BIT).run, shape, *tensors)
    benchmark.extra_info |= {"pe_cycles": shape.active_pes * result.cycles, "macs": shape.macs}


@pytest.mark.parametrize("case", CASES["rlc"], ids=lambda case: f"sparsity {case['sparsity']}")
@pytest.mark.parametrize("step", ["encode", "count", "decode"])
def test_rlc(benchmark: BenchmarkFixture, case: dict[str, Any], step: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(1, 2**15, case["values"]) * (rng.random(case["values"]) >= case["sparsity"])
    code = rlc.encode(values, 16)
    match step:
        case "encode":
            benchmark(rlc.encode, values, 16)
        case "count":
            benchmark(rlc.encoded_words, values, 16)
        case "decode":
            benchmark(rlc.decode, code, values.size, 16)
    benchmark.extra_info["values"] = values.size


def test_convolution(benchmark: BenchmarkFixture) -> None:
    layer = load_network("alexnet").layer("C3")
    t = synthesise(layer, b_w=16, batch=1, seed=0)
    benchmark(convolve, t.ifmap, t.filters, stride=(layer.U, layer.V), groups=layer.groups, E=layer.E, G=layer.G)
    benchmark.extra_info["macs"] = layer.macs


@pytest.mark.parametrize(
    "case", CASES["layer"], ids=lambda case: f"{case['network']} {'+'.join(case['layers'])} {case['engine']}"
)
def test_machine(benchmark: BenchmarkFixture, case: dict[str, Any]) -> None:
    """One image a layer, psums and their bias included, random data not."""
    layers = load_network(case["network"]).subset(case["layers"])
    tensors = [synthesise(layer, b_w=16, batch=1, seed=0) for layer in layers]

    def run() -> int:
        # psums are computed once and kept in the tensors: start from tensors that have not yet any
        fresh = [LayerTensors(t.layer, t.b_w, t.ifmap, t.filter_pieces) for t in tensors]
        runs = [run_tiling(tiling_of(t.layer), t, engine=case["engine"]) for t in fresh]
        return sum(EYERISS_16BIT.pes * r.processing_cycles for r in runs)

    pe_cycles = benchmark.pedantic(run, rounds=2, warmup_rounds=1)
    benchmark.extra_info |= {"pe_cycles": pe_cycles, "macs": sum(layer.macs for layer in layers)}


@pytest.mark.parametrize("case", CASES["crosscheck"], ids=lambda case: f"{case['network']} {'+'.join(case['layers'])}")
def test_crosscheck(benchmark: BenchmarkFixture, case: dict[str, Any]) -> None:
    """Both sides and all effects, beside the runs that ``test_machine`` times."""
    layers = load_network(case["network"]).subset(case["layers"])
    tensors = [synthesise(layer, b_w=16, batch=1, seed=0) for layer in layers]
    runs = [run_tiling(tiling_of(t.layer), t) for t in tensors]

    def check() -> int:
        checks = [crosscheck(run, t) for run, t in zip(runs, tensors, strict=True)]
        return sum(len(c.counts()) + len(c.energy()) for c in checks)

    benchmark.extra_info["differences"] = benchmark.pedantic(check, rounds=2, warmup_rounds=1)


@pytest.mark.parametrize("case", CASES["mapper"], ids=lambda case: f"{case['network']} batch {case['batch']}")
def test_mapper(benchmark: BenchmarkFixture, case: dict[str, Any]) -> None:
    """All layers of a network, none remembered."""
    layers = load_network(case["network"]).layers

    chips = (replace(EYERISS_16BIT, name=f"chip {number}") for number in count())

    def search() -> int:
        chip = next(chips)  # of another name: what was found is remembered
        return sum(find_mapping(layer, chip, case["batch"]).weighed for layer in layers)

    benchmark.extra_info["weighed"] = benchmark.pedantic(search, rounds=2, warmup_rounds=1)


@pytest.mark.parametrize("case", CASES["decision"], ids=lambda case: case["network"])
@pytest.mark.parametrize("way", ["envelope", "algorithm 2"])
def test_decisions(benchmark: BenchmarkFixture, case: dict[str, Any], way: str) -> None:
    """A million decisions, each for a channel and an image of its own, beside Algorithm 2's."""
    network = load_network(case["network"])
    graph, costs = graph_of(network), Analytical().costs(network, EYERISS_8BIT)
    bits = bits_of(graph, EYERISS_8BIT, MEDIAN_SPARSITY_IN)
    lines = Lines.of(cuts_of(graph, bits, costs))
    rng = np.random.default_rng(0)
    x, images = 10 ** rng.uniform(-9.5, -7, 1_000_000), rng.uniform(1e5, 1.2e6, 1_000_000)
    envelope = Envelope(lines)
    decide = envelope.decide if way == "envelope" else partial(algorithm_2, lines)
    benchmark(decide, x, images)
    benchmark.extra_info |= {"decisions": x.size, "cuts": lines.bits.size}
