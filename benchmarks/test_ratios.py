"""How a run's cost compares with something else's in the same minute, and how it grows.

    python -m pytest benchmarks/test_ratios.py --ratios ratios.json

Ratios only: seconds say more about a computer than about the program, and no benchmark fails on them.
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pytest

import simulator
from analytical import prune, shares_kept
from analytical.files import choose_hardware
from analytical.layer import Layer
from analytical.mappings.rules import forget_mappings
from analytical.model import estimate_layer
from analytical.network import Network
from analytical.networks import load_network
from analytical.sweeps.vectorised import Many, estimate_many
from benchmarks.conftest import Record
from simulator.machine import engines
from simulator.machine.pe_array import PEArray
from simulator.machine.schedule import schedule
from simulator.runner import plan
from simulator.settings import Settings

HERE = Path(__file__).parent
CASES: dict[str, list[dict[str, Any]]] = tomllib.loads((HERE / "cases.toml").read_text())


def least_s(work: Callable[[], object], rounds: int, clock: Callable[[], float] = process_time) -> float:
    """Seconds of the quickest of some rounds, of CPU unless another clock is given."""
    taken = []
    for _ in range(rounds):
        start = clock()
        work()
        taken.append(clock() - start)
    return min(taken)


def multiply(layers: Iterable[Layer]) -> None:
    """The MACs of each layer's batch as a matrix multiplication for each group, in float64."""
    for layer in layers:
        taps = layer.C * layer.R * layer.S
        filters = np.ones((layer.filters_per_group, taps))
        # in pieces of 32 MiB, since the windows of a large layer would fill the memory
        windows = layer.E * layer.G * layer.batch
        piece = np.ones((taps, min(windows, max(1, (1 << 22) // taps))))
        for first in range(0, windows, piece.shape[1]):
            for _ in range(layer.groups):
                filters @ piece[:, : windows - first]


@pytest.mark.parametrize("case", CASES["ratio"], ids=lambda case: f"{case['network']} {case['engine']}")
def test_times_a_matrix_multiplication(case: dict[str, Any], record: Record) -> None:
    """Later runs in one process, start-up aside."""
    network, engine = load_network(case["network"]), case["engine"]
    simulator.run(network, engine=engine, layers=case.get("layers"))
    layers = network.subset(case["layers"]) if "layers" in case else network.layers
    gemm = least_s(lambda: multiply(layers), rounds=3)
    run = least_s(lambda: simulator.run(network, engine=engine, layers=case.get("layers")), case["rounds"])
    of = f", {'+'.join(case['layers'])}" if "layers" in case else ""
    record(f"{case['network']}{of}, {engine}", "x GEMM", run / gemm)
    assert run > 0


@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
def test_a_timed_pass_beside_a_stepped_one(network: str, record: Record) -> None:
    """All distinct passes of a network, each once."""
    hardware = choose_hardware(None)
    planned = plan(Settings(network=load_network(network), hardware=hardware))
    array = PEArray(hardware)
    shapes = {p.shape for layer in planned for p in schedule(layer.tiling)}
    values = [
        (
            shape,
            np.ones((shape.images, shape.channels, shape.strip_rows, shape.width), np.int32),
            np.ones((shape.filters, shape.channels, shape.R, shape.S), np.int32),
            np.zeros((shape.images, shape.filters, shape.pe_columns, shape.windows), np.int64),
        )
        for shape in shapes
    ]
    # compiled first
    array.run(*values[0])
    array.time(values[0][0])
    stepped = least_s(lambda: [array.run(*value) for value in values], 1)
    timed = least_s(lambda: [array.time(shape) for shape in shapes], 3)
    record(f"{network}, its {len(shapes)} distinct passes", "x quicker timed than stepped", stepped / timed)
    assert timed > 0


@pytest.mark.parametrize("pruned", [True, False], ids=["pruned", "dense"])
def test_skipping_beside_a_run_without(pruned: bool, record: Record) -> None:
    """Each pass of AlexNet by its own masks, beside each distinct pass once; by the clock on the wall, since threads
    share them out."""
    network = load_network("alexnet")
    if pruned:
        kept = shares_kept(network, "han2015")
        network = prune(network, {layer: 1 - share for layer, share in kept.items()})
    hardware = choose_hardware("eyeriss-16bit-sparse" if pruned else None)
    skipping = replace(hardware, skip="both")
    for each in (hardware, skipping):
        simulator.run(network, hardware=each)
    without, skipped = (
        least_s(lambda each=each: simulator.run(network, hardware=each), 2, perf_counter)  # type: ignore[misc]
        for each in (hardware, skipping)
    )
    record(f"alexnet, {'pruned' if pruned else 'dense'}, skip both", "x a run without", skipped / without)
    assert skipped > 0


@pytest.mark.parametrize("case", CASES["growth"], ids=lambda case: case["of"])
def test_cost_grows_as_it_should(case: dict[str, Any], record: Record) -> None:
    """Four times as much of one thing, at most about four times the time."""
    small, large = (networks_of(case, size) for size in ("small", "large"))

    def run(network: Network) -> Callable[[], object]:
        def once() -> object:
            # each distinct pass is timed anew: what is asked is how a first run grows
            engines.forget_timings()
            return simulator.run(network, batch=case[size_of[network.name]].get("batch"))

        return once

    size_of = {small.name: "small", large.name: "large"}
    for network in (small, large):
        run(network)()
    ratio = least_s(run(large), 3) / least_s(run(small), 3)
    record(f"four times the {case['of']}", "x the time", ratio)
    assert ratio > 0


def networks_of(case: dict[str, Any], size: str) -> Network:
    """As many layers as the case says, one by default; each ``apart`` from the last by as many filters."""
    sizes = {key: value for key, value in case[size].items() if key not in ("layers", "batch")}
    apart = case.get("apart", 0)
    layers = []
    for number in range(case[size].get("layers", 1)):
        values = case["layer"] | sizes
        layers.append(Layer.conv(f"L{number}", **(values | {"filters": values["filters"] + number * apart})))
    return Network(size, tuple(layers))


def test_a_whole_command_beside_a_matrix_multiplication(record: Record) -> None:
    """Start-up and report included, by the clock on the wall; the second of two commands, so that nothing compiles."""
    command = [sys.executable, "-m", "simulator", "run", "alexnet"]
    quietly(command)
    layers = load_network("alexnet").layers
    gemm = least_s(lambda: multiply(layers), 3, perf_counter)
    record("alexnet, the whole command", "x GEMM", least_s(lambda: quietly(command), 2, perf_counter) / gemm)


def test_help_beside_an_empty_program(record: Record) -> None:
    empty = least_s(lambda: quietly([sys.executable, "-c", "pass"]), 5, perf_counter)
    shown = least_s(lambda: quietly([sys.executable, "-m", "simulator", "--help"]), 5, perf_counter)
    record("python -m simulator --help", "x an empty program", shown / empty)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not say what a process takes")
def test_memory_of_a_command(record: Record) -> None:
    # what the system counts for getrusage begins with this process, from which the command comes
    program = "import sys; from simulator.__main__ import main; sys.argv[1:] = ['run', 'vgg16']\n"
    program += "try: main()\nfinally: print(open('/proc/self/status').read(), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    (most,) = (line.split()[1] for line in ran.stderr.splitlines() if line.startswith("VmHWM"))
    record("vgg16, the whole command, at most", "MiB", int(most) / 1024)


@pytest.mark.skipif("SCALESIM_PYTHON" not in os.environ, reason="SCALESIM_PYTHON names no Python that has SCALE-Sim")
def test_macs_a_second_beside_scale_sim(record: Record, tmp_path: Path) -> None:
    """Whole commands, by the clock on the wall: all of AlexNet here, its C5 there."""
    config, topology, layout = (str(HERE / "scalesim" / name) for name in ("eyeriss.cfg", "c5.csv", "layout.csv"))
    theirs = [os.environ["SCALESIM_PYTHON"], "-m", "scalesim.scale", "-c", config, "-t", topology, "-l", layout]
    scale_sim = least_s(lambda: quietly([*theirs, "-p", str(tmp_path), "-s", "N"]), 1, perf_counter)
    ours = [sys.executable, "-m", "simulator", "run", "alexnet"]
    quietly(ours)
    run = least_s(lambda: quietly(ours), 2, perf_counter)
    alexnet = load_network("alexnet")
    macs = sum(layer.macs * layer.batch for layer in alexnet.layers)
    record("alexnet, MACs a second", "x SCALE-Sim's on C5", (macs / run) / (alexnet.layer("C5").macs / scale_sim))


def quietly(command: list[str]) -> None:
    """Run a command to its end."""
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("rules", ["corrected", "published"])
def test_closed_forms_of_many_hardware_at_once(rules: str, record: Record) -> None:
    """Beside the scalar program; and how many layers on how many hardware that is a second."""
    chip = choose_hardware(None)
    many = [
        replace(chip, name="any", J=J, K=K, glb_kib=glb, I_s=I_s, P_s=P_s)
        for J in (11, 12, 16, 20, 24, 32)
        for K in range(8, 33, 2)
        for glb in range(40, 200, 8)
        for I_s in (12, 24)
        for P_s in (16, 24, 32)
    ]
    arrays, layers = Many.of(many), load_network("alexnet").layers
    at_once = least_s(lambda: [estimate_many(layer, arrays, None, rules) for layer in layers], rounds=3)
    each = at_once / (len(layers) * len(many))

    def one_by_one() -> None:
        forget_mappings()
        for layer in layers:
            for hardware in many[:: len(many) // 50]:
                estimate_layer(layer, hardware, rules=rules)

    scalar = least_s(one_by_one, rounds=3) / (len(layers) * len(many[:: len(many) // 50]))
    record(f"closed forms of {len(many)} chips at once, {rules} rules", "x faster", scalar / each)
    record(f"... layers on chips a second, {rules} rules", "million", 1e-6 / each)
    assert each > 0
