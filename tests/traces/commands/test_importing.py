"""``python -m traces``: what it writes, and what it refuses in a line, with status 2 and nothing half written."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

import traces
from analytical.networks import load_network
from tests.commands import command
from tests.traces.importers.models import constant, node, save, weights
from traces.importers.onnx import import_onnx
from traces.importers.onnx_graph import ModelError

DATA = Path(__file__).parents[2] / "data" / "onnx"
RESNET8 = [str(DATA / "resnet8.onnx"), "--image", str(DATA / "rocket_32.png"), "--preprocess", "mean=128,std=128"]


def test_a_trace_and_its_table_are_written_and_shown(tmp_path: Path) -> None:
    done = command("traces", "import", *RESNET8, "--out", "net.h5", "--csv", "net.csv", cwd=tmp_path)
    assert (done.returncode, "10 layers, 12501632 MACs" in done.stderr) == (0, True)
    trace, table = traces.read_trace(tmp_path / "net.h5"), load_network(tmp_path / "net.csv")
    assert trace.table.layers == table.layers
    shown = command("traces", "show", "net.h5", cwd=tmp_path)
    assert shown.returncode == 0
    assert "resnet8: 8 bit, 1 image" in shown.stdout
    as_csv = command("traces", "show", "net.h5", "--csv", "-", cwd=tmp_path)
    assert len(as_csv.stdout.splitlines()) == 11


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([RESNET8[0], "--out", "n.h5"], "expected pictures (--image), an array (--input), or --zeros"),
        ([*RESNET8[:3], "--out", "n.h5"], "no preprocessing; expected what the network was trained with"),
        ([*RESNET8], "neither --out nor --csv is given"),
        ([*RESNET8, "--out", "no/where.h5"], "no folder"),
        ([*RESNET8, "--out", "n.h5", "--shape", "1xtwo"], "--shape is '1xtwo'"),
        ([RESNET8[0], "--zeros", "0.5", "--csv", "n.csv", "--shape", "y:1x3x32x32"], "names 'y'; expected the input"),
        (["none.onnx", "--zeros", "0.5", "--csv", "n.csv"], "none.onnx: cannot be read as an ONNX model"),
        ([RESNET8[0], "--zeros", "2", "--csv", "n.csv"], "2.0 is not in the range 0<=x<=1"),
        ([RESNET8[0], "--zeros", "0.5", "--out", "n.h5"], "--zeros makes a table alone"),
        (["list.csv", "--csv", "n.csv"], "expected --format scalesim"),
        ([RESNET8[0], "--input", "x.npy", "--out", "n.h5"], "x.npy: cannot be read as an array"),
        ([*RESNET8[:2], "net.txt", *RESNET8[3:], "--out", "n.h5"], "net.txt: cannot be read as a picture"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_a_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "net.txt").write_text("no picture")
    (tmp_path / "list.csv").write_text("Layer name\n")
    done = command("traces", "import", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "net.txt"]


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (
            "1,3,32,32)",
            f"error: {RESNET8[0]}: the input given has NaN or infinities as float32; expected finite numbers",
        ),
        ("1099511627776,)", "error: x.npy: cannot be read as an array (mmap length is greater than file size)"),
        ("1,3,32,32", "error: x.npy: cannot be read as an array"),
        ("9" * 30 + ",)", "error: x.npy: cannot be read as an array"),
    ],
)
def test_an_array_that_claims_too_much_or_has_no_numbers_is_refused_in_a_line(
    shape: str, said: str, tmp_path: Path
) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}, }}\n".encode()
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\xff" * (4 * 3 * 32 * 32)
    (tmp_path / "x.npy").write_bytes(content)
    done = command("traces", "import", RESNET8[0], "--input", "x.npy", "--out", "n.h5", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(said)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "not there"), (b"nothing", "cannot be read as a trace"), ("run", "is a run; expected a trace")],
)
def test_what_is_no_trace_is_refused(content: bytes | str | None, said: str, tmp_path: Path) -> None:
    import simulator

    if content == "run":
        simulator.run("alexnet", layers=["FC8"], batch=1).to_hdf5(tmp_path / "x.h5")
    elif isinstance(content, bytes):
        (tmp_path / "x.h5").write_bytes(content)
    for words in (["simulator", "run"], ["traces", "show"], ["analytical", "run"]):
        done = command(*words, "x.h5", cwd=tmp_path)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_model_may_take_bytes_or_half_precision(tmp_path: Path) -> None:
    bytes_in = save(
        tmp_path / "bytes.onnx",
        [node("Cast", ["x"], "f", to=TensorProto.FLOAT), node("Conv", ["f", "w"], "y")],
        [weights(2, 3, 3, 3)],
        (1, 3, 8, 8),
        dtype=TensorProto.UINT8,
    )
    image = np.random.default_rng(0).integers(0, 256, (1, 3, 8, 8), np.uint8)
    trace = import_onnx(bytes_in, images=image)
    assert trace["y"].ifmap_scale == pytest.approx(image.max() / 127)
    half = save(
        tmp_path / "half.onnx",
        [node("Conv", ["x", "w"], "y")],
        [constant(np.random.default_rng(1).standard_normal((2, 3, 3, 3)), "w", np.float16)],
        (1, 3, 8, 8),
        dtype=TensorProto.FLOAT16,
        makes=TensorProto.FLOAT16,
    )
    trace = import_onnx(half, images=np.random.default_rng(2).standard_normal((1, 3, 8, 8)))
    assert trace["y"].reference_error <= 1


def test_values_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx", [node("Conv", ["x", "w"], "y")], [weights(2, 3, 3, 3)], (1, 3, 8, 8))
    with pytest.raises(ModelError, match="the input given has NaN or infinities as float32"):
        import_onnx(path, images=np.full((1, 3, 8, 8), np.nan))
