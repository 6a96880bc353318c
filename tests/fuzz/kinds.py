"""Kinds of input: a file as it should be, the commands that read it, and how it is mutated."""

import random
import re
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import simulator
from analytical import sweep
from analytical.networks.table import parse_table
from analytical.sweeps.grid import grid_of, load_grid
from analytical.terminal.outputs import as_csv
from tests.commands import command
from tests.fuzz.mutate import mutated_bytes, mutated_text
from tests.simulator.commands.calls import NETWORK

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"

CHANNEL = ["--bitrate", "10Mbps", "--tx-power", "0.78W"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    name : str
    file : str
        Its name, with the ending that commands look at.
    make : callable
        Writes it, as it should be, to the path that it is given.
    commands : tuple of list of str
        Command lines that read it; ``@`` is its name.
    mutate : callable
        Changes the file that is there.
    named : tuple of str
        What a refusal may name in its place: the network in it, say.
    """

    name: str
    file: str
    make: Callable[[Path], None]
    commands: tuple[list[str], ...]
    mutate: Callable[[Path, random.Random], None]
    named: tuple[str, ...] = ()


def _array(path: Path, dice: random.Random) -> None:
    path.write_bytes(_other_array(path.read_bytes(), dice))


def _arrays(path: Path, dice: random.Random) -> None:
    """An archive of arrays of which one is another one, is gone, or has another name; or whose bytes are changed."""
    if dice.random() < 0.3:
        return _bytes(path, dice)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = dice.choice(list(members))
    data = members.pop(name)
    if dice.random() < 0.8:
        members[name] = _other_array(data, dice)
    elif dice.random() < 0.7:
        members[dice.choice(("A", "x.npy", "../x.npy", "A\n.npy", "é.npy", "A.npy.npy"))] = data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for member, content in members.items():
            file.writestr(member, content)
    return None


def _other_array(data: bytes, dice: random.Random) -> bytes:
    """An array of NumPy's whose header says something else, or whose bytes are changed."""
    start = 10
    stop = start + int.from_bytes(data[8:start], "little")
    what = dice.randrange(4)
    if what == 0:
        return mutated_bytes(data, dice)
    header = data[start:stop].decode("latin-1").rstrip()
    if what == 1:
        # more than any memory has
        header = re.sub(r"\([^()]*\)", dice.choice(("(1099511627776,)", "(1048576, 1048576, 1048576)", "()")), header)
    elif what == 2:
        header = header.replace("f4", dice.choice(("f8", "i2", "u1", "c8", "O", "U9", "V7", "M8[s]", "b1")))
    else:
        header = mutated_text(header, dice).decode("utf-8", "replace")
    said = header.encode("latin-1", "replace")[:60_000] + b"\n"
    return data[:8] + len(said).to_bytes(2, "little") + said + data[stop:]


def _text(path: Path, dice: random.Random) -> None:
    path.write_bytes(mutated_text(path.read_text(), dice))


def _bytes(path: Path, dice: random.Random) -> None:
    path.write_bytes(mutated_bytes(path.read_bytes(), dice))


def _hdf5(path: Path, dice: random.Random) -> None:
    """A file of HDF5 whose attributes and datasets are other ones, or whose bytes are."""
    import h5py

    if dice.random() < 0.3:
        return _bytes(path, dice)
    values: tuple[Any, ...] = (
        *(0, -1, 1.5, float("nan"), float("inf"), 2**62, "", "x", "[1]", "{}", "null", b"\xff", True),
        *(np.arange(3), np.zeros((0,)), np.bytes_("é".encode() * 900), np.int8(-5), np.float32(0.1), h5py.Empty("f")),
    )
    with h5py.File(path, "a") as file:
        for _ in range(dice.choice((1, 1, 2))):
            # what HDF5 does not let anybody write, nobody hands in
            with suppress(OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError):
                _change(dice.choice([file, *file.values()]), values, dice)
    return None


def _change(place: Any, values: tuple[Any, ...], dice: random.Random) -> None:
    """Take away, replace or add an attribute, a dataset or a link."""
    import h5py

    names = list(place.attrs)
    members = list(place) if isinstance(place, h5py.Group) else []
    what = dice.randrange(5)
    if what == 0 and names:
        del place.attrs[dice.choice(names)]
    elif what == 1 and members:
        name = dice.choice(members)
        del place[name]
        if dice.random() < 0.7:
            # a shape that no memory has, none of which is on disk
            shape = dice.choice(((), (0,), (3,), (2**40,), (2**20, 2**20, 2**20)))
            kind = dice.choice(("f8", "i2", "S3", "u1"))
            chunks = tuple(min(size, 1024) for size in shape) if shape and min(shape) > 1000 else None
            place.create_dataset(name, shape, kind, chunks=chunks)
    elif what == 2 and members:
        place[f"other {dice.randrange(9)}"] = h5py.SoftLink(dice.choice(("/", "/nowhere", f"/{members[0]}")))
    elif what == 3 and members:
        place[f"outside {dice.randrange(9)}"] = h5py.ExternalLink("/etc/passwd", "/")
    elif names:
        place.attrs[dice.choice(names)] = dice.choice(values)


def _of(source: Path) -> Callable[[Path], None]:
    return lambda path: shutil.copyfile(source, path) and None


def _as(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text) and None


@cache
def _run() -> simulator.NetworkResult:
    return simulator.run(parse_table(NETWORK, "small"))


_GRID = """networks = "small.csv"
mapping = ["cnnergy"]
batch = "table"
seed = 0
constraints = ["pes <= 512", "J <= K"]

[hardware]
base = "eyeriss-16bit"
K = [7, 14]
glb_kib = { from = 32, to = 128, times = 2 }
prices.dram = 3e-10
technology_nm = 28
ports_follow_array = true

[[zip]]
I_s = [12, 24]
P_s = [24, 48]
"""
_HARDWARE = """name = "chip"
b_w = 16
J = 12
K = 14
f_s = 224
I_s = 12
P_s = 24
glb_kib = 100
core_hz = 200e6
gin_ifmap_bits = 16
skip = "none"
technology_nm = 28
vdd = 0.9

[prices]
unit = "pJ"
mac = 2.2
glb = {read = 9.5, write = 11}
rf = {ifmap = 0.6, filter = 1.3, psum = {read = 0.9, write = 1.1}}

[clock_tree]
chip_side_um = 3500
vdd = 1.1

[about]
what = "mine"
"""
_FLEET = """[[device]]
name = "a"
hardware = "eyeriss-8bit"
memory = "16MB"
share = 2

[[device]]
name = "b"
idle_power = "10mW"
"""
_OWN_MAPPING = """[layers.A]
m = 8
n = 1
e = 13
p = 8
q = 2
r = 2
t = 1
"""
_JOULES = "layer,energy_J,latency_s\nA,1e-6,1e-3\nB,2e-6,1e-3\nC,3e-6,1e-3\n"
_SILICON = """source = "a bench"
chip = "mine"
network = "small.csv"
bits = 16
batch = 2

[layers.A]
processing_latency_ms = 1.0
dram_MB = 0.01

[layers.B]
processing_latency_ms = 0.5
"""
_CONDITIONS = """bitrate = ["10Mbps", "80Mbps"]
tx_power = "0.78W"

[utilisation]
npu16 = [0.0, 0.5]
npu8 = [0.25, 0.75]
"""
_RECORD = '{"utilisation": {"npu8": 0.4}, "bitrate_bps": 3e7, "tx_power_W": 0.78}\n'
_SPLIT = ["--processors", "phone.toml", "--max-delay", "25ms"]

_TOPOLOGY = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 224, 224, 7, 7, 3, 64, 2,
Conv2, 56, 56, 3, 3, 64, 64, 1,
"""
_PROBLEM = """\
problem:
  shape: cnn-layer
  instance:
    C: 3
    K: 64
    R: 3
    S: 3
    P: 16
    Q: 16
    N: 1
    Hstride: 1
    Wstride: 1
"""
_CATALOGUE = """\
[[model]]
name = "small"
network = "small.csv"
accuracy = 56.5
source = "mine"

[[model]]
name = "r"
network = "resnet8"
accuracy = 80
source = "mine"
"""


def _sweep_csv(path: Path) -> None:
    path.write_bytes(as_csv(sweep(grid_of({"networks": "resnet8", "hardware": {"K": [7, 14], "J": [2, 12]}})).rows()))


def _sweep_file(path: Path) -> None:
    (path.parent / "small.csv").write_text(NETWORK)
    grid = {"networks": str(path.parent / "small.csv"), "hardware": {"K": [7, 14]}}
    simulator.sweep(grid_of(grid), path, cache=path.parent / "cache")


def _trace(path: Path) -> None:
    from traces.importers.onnx import import_onnx

    model = DATA / "onnx" / "resnet8.onnx"
    import_onnx(model, images=DATA / "onnx" / "rocket_32.png", preprocess="mean=128,std=128").to_hdf5(path)


def _weights(path: Path) -> None:
    layers = parse_table(NETWORK, "small").layers
    np.savez(path, **{each.name: np.ones((each.F, each.C, each.R, each.S), np.float32) for each in layers})


def _input(path: Path) -> None:
    np.save(path, np.ones((1, 3, 32, 32), np.float32))


def _schedules(path: Path) -> None:
    for name, text in (("small.csv", NETWORK), ("conditions.toml", _CONDITIONS)):
        (path.parent / name).write_text(text)
    _of(ROOT / "examples" / "phone.toml")(path.parent / "phone.toml")
    kept = ["--grid", "conditions.toml", "--keep", "2", "--out", path.name, "-q"]
    done = command("partition", "schedules", "small.csv", *_SPLIT, *kept, cwd=path.parent)
    assert done.returncode == 0, done.stderr


def _grid(path: Path) -> None:
    (path.parent / "small.csv").write_text(NETWORK)
    path.write_text(_GRID)
    load_grid(path)


def kinds() -> tuple[Kind, ...]:
    """All kinds of input that commands read."""
    return (
        Kind(
            name="table of layers",
            file="net.csv",
            make=_as(NETWORK),
            commands=(["estimate", "@"], ["estimate", "@", "--csv", "-"], ["partition", "@", *CHANNEL], ["glb", "@"]),
            mutate=_text,
            named=("net.csv", "net", "layer "),
        ),
        Kind(
            name="hardware",
            file="chip.toml",
            make=_as(_HARDWARE),
            commands=(
                ["estimate", "small.csv", "--hardware", "@"],
                ["estimate", "small.csv", "--hardware", "@", "--json", "-"],
                ["simulate", "small.csv", "--hardware", "@", "--layers", "C"],
            ),
            mutate=_text,
            named=("chip.toml", "hardware", "layer ", "small"),
        ),
        Kind(
            name="mapping",
            file="own.toml",
            make=_as(_OWN_MAPPING),
            commands=(["simulate", "small.csv", "--mapping-file", "@"],),
            mutate=_text,
            named=("own.toml", "layer "),
        ),
        Kind(
            name="grid",
            file="grid.toml",
            make=_grid,
            commands=(["estimates", "@", "--csv", "-"],),
            mutate=_text,
            # a network or a chip that a grid names is refused by its own name
            named=("grid.toml", "constraint", "such network", "such hardware", "expected"),
        ),
        Kind(
            name="run in JSON",
            file="run.json",
            make=lambda path: _run().to_json(path),
            commands=(
                ["compare", "@", "@"],
                ["compare", "@", "good.json", "--trust"],
                ["compare", "@", "good.json", "--trust", "--json", "-"],
                ["estimate", "small.csv", "--hardware", "@"],
                ["estimate", "small.csv", "--hardware", "@", "--trust"],
                ["partition", "small.csv", *CHANNEL, "--source", "@", "--bits", "16", "--trust"],
                ["report", "@", "--trust", "--out", "page.html"],
            ),
            mutate=_text,
            named=("run.json", "hardware", "layer "),
        ),
        Kind(
            name="run in HDF5",
            file="run.h5",
            make=lambda path: _run().to_hdf5(path),
            commands=(
                ["compare", "@", "good.json"],
                ["compare", "@", "good.json", "--trust"],
                ["partition", "small.csv", *CHANNEL, "--source", "@", "--bits", "16", "--trust"],
            ),
            mutate=_hdf5,
            named=("run.h5",),
        ),
        Kind(
            name="sweep",
            file="sweep.h5",
            make=_sweep_file,
            commands=(["pareto", "@"], ["pareto", "@", "--trust"], ["pareto", "@", "--x", "pes", "--csv", "-"]),
            mutate=_hdf5,
            named=("sweep.h5", "is 'latency_s'"),
        ),
        Kind(
            name="points of a sweep",
            file="own_points.csv",
            make=_sweep_csv,
            commands=(["pareto", "@"], ["pareto", "@", "--x", "pes", "--csv", "-"]),
            mutate=_text,
            named=("own_points.csv",),
        ),
        Kind(
            name="trace",
            file="net.h5",
            make=_trace,
            commands=(["show", "@"], ["show", "@", "--trust"], ["estimate", "@", "--bits", "8", "--trust"]),
            mutate=_hdf5,
            named=("net.h5", "net", "layer "),
        ),
        Kind(
            name="ONNX model",
            file="model.onnx",
            make=_of(DATA / "onnx" / "resnet8.onnx"),
            commands=(["import", "@", "--zeros", "0.5", "--csv", "-"],),
            mutate=_bytes,
            named=("model.onnx",),
        ),
        Kind(
            name="picture",
            file="rocket.png",
            make=_of(DATA / "onnx" / "rocket_32.png"),
            commands=(["import", "good.onnx", "--image", "@", "--preprocess", "unit", "--out", "made.h5"],),
            mutate=_bytes,
            named=("rocket.png",),
        ),
        Kind(
            name="ScaleSim topology",
            file="topology.csv",
            make=_as(_TOPOLOGY),
            commands=(["import", "@", "--format", "scalesim", "--csv", "-"],),
            mutate=_text,
            named=("topology.csv", "topology", "layer "),
        ),
        Kind(
            name="Timeloop problem",
            file="problem.yaml",
            make=_as(_PROBLEM),
            commands=(["import", "@", "--format", "timeloop", "--csv", "-"],),
            mutate=_text,
            named=("problem.yaml", "problem", "layer "),
        ),
        Kind(
            name="joules of one's own",
            file="joules.csv",
            make=_as(_JOULES),
            commands=(
                ["partition", "small.csv", *CHANNEL, "--source", "@"],
                ["distribute", "small.csv", "--devices", "2", "--source", "@", *CHANNEL],
            ),
            mutate=_text,
            named=("joules.csv",),
        ),
        Kind(
            name="processors",
            file="own_phone.toml",
            make=_of(ROOT / "examples" / "phone.toml"),
            commands=(["split", "small.csv", "--processors", "@", "--max-delay", "25ms"],),
            mutate=_text,
            named=("own_phone.toml", "such hardware", "hardware", "--max-delay", "deadline"),
        ),
        Kind(
            name="platforms",
            file="chain.toml",
            make=_of(ROOT / "examples" / "chain.toml"),
            commands=(["chain", "small.csv", "--platforms", "@"],),
            mutate=_text,
            named=("chain.toml", "hardware"),
        ),
        Kind(
            name="fleet",
            file="fleet.toml",
            make=_as(_FLEET),
            commands=(["distribute", "small.csv", "--devices", "@", "--bitrate", "80Mbps", "--tx-power", "1W"],),
            mutate=_text,
            named=("fleet.toml", "hardware"),
        ),
        Kind(
            name="catalogue",
            file="models.toml",
            make=_as(_CATALOGUE),
            commands=(["choose", "@", "--min-accuracy", "50"],),
            mutate=_text,
            named=("models.toml", "such network", "such hardware", "--min-accuracy", "small"),
        ),
        Kind(
            name="shares that are kept",
            file="kept.csv",
            make=_as("layer,kept\nA,0.5\nB,0.25\nC,0.1\n"),
            commands=(["compress", "small.csv", "--densities", "@"],),
            mutate=_text,
            named=("kept.csv",),
        ),
        Kind(
            name="measured silicon",
            file="chip_of_mine.toml",
            make=_as(_SILICON),
            commands=(["validate", "@"], ["validate", "@", "--csv", "-"]),
            mutate=_text,
            named=("chip_of_mine.toml", "small", "layer ", "such network"),
        ),
        Kind(
            name="conditions",
            file="conditions.toml",
            make=_as(_CONDITIONS),
            commands=(["schedules", "small.csv", *_SPLIT, "--grid", "@"],),
            mutate=_text,
            named=("conditions.toml", "grid"),
        ),
        Kind(
            name="kept schedules",
            file="kept.json",
            make=_schedules,
            commands=(
                ["split", "small.csv", *_SPLIT, "--schedules", "@"],
                ["split", "small.csv", *_SPLIT, "--schedules", "@", "--trust"],
            ),
            mutate=_text,
            named=("kept.json",),
        ),
        Kind(
            name="record of a monitor",
            file="now.json",
            make=_as(_RECORD),
            commands=(["split", "small.csv", *_SPLIT, "--now", "@"],),
            mutate=_text,
            named=("now.json", "deadline"),
        ),
        Kind(
            name="weights",
            file="weights.npz",
            make=_weights,
            commands=(["compress", "small.csv", "--prune", "0.5", "--weights", "@"],),
            mutate=_arrays,
            named=("weights.npz",),
        ),
        Kind(
            name="array",
            file="input.npy",
            make=_input,
            commands=(["import", "good.onnx", "--input", "@", "--out", "made.h5"],),
            mutate=_array,
            named=("input.npy", "the input given", "a size of", "a shape of", "layer "),
        ),
        Kind(
            name="images",
            file="zeros.txt",
            make=_as("0.5\n0.6\n0.7\n0.8\n"),
            commands=(["quarters", "small.csv", "@", *CHANNEL],),
            mutate=_text,
            named=("zeros.txt",),
        ),
    )


COMMAND_LINES = (
    ["estimate", "small.csv", "--bits", "16", "--csv", "out.csv"],
    ["simulate", "small.csv", "--layers", "A,C", "--batch", "1", "--seed", "3", "--json", "out.json"],
    ["simulate", "small.csv", "--mapping", "eyeriss", "--engine", "fast", "--verify", "--crosscheck"],
    ["partition", "small.csv", *CHANNEL, "--sparsity-in", "0.6", "--csv", "-"],
    ["map", "small.csv", "--csv", "-"],
    ["split", "small.csv", *_SPLIT, "--parts", "4", "--weight", "0.5"],
    ["distribute", "small.csv", "--devices", "2", "--shares", "2:1", "--bitrate", "80Mbps", "--tx-power", "1W"],
    ["compare", "good.json", "good.json", "--fail-over", "2%"],
    ["glb", "small.csv", "--bits", "8", "--json", "-"],
    ["chips", "isca16-256"],
    ["compress", "small.csv", "--batch", "2"],
    ["watch", "small.csv", "--layers", "A", "--pass", "0", "--cycles", "0:50", "--csv", "-"],
    ["pareto", "points.csv", "--x", "pes", "--by", "K"],
    ["import", "good.onnx", "--zeros", "0.5", "--csv", "-"],
)
"""Command lines whose words are mutated."""


def make_neighbours(folder: Path) -> None:
    """What the commands read beside the file that is mutated."""
    (folder / "small.csv").write_text(NETWORK)
    _run().to_json(folder / "good.json")
    _of(DATA / "onnx" / "resnet8.onnx")(folder / "good.onnx")
    _of(ROOT / "examples" / "phone.toml")(folder / "phone.toml")
    _sweep_csv(folder / "points.csv")
