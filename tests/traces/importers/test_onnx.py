"""ONNX models become rows and integers: what is expressed is exact, what is not is refused, all at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator
import traces
from analytical.errors import InputError
from analytical.graph import graph_of
from analytical.networks import load_network
from simulator.machine.engines import count_nonzero_macs
from tests.traces.importers.models import constant, inner, node, picture, save, weights
from traces.convolution import convolve
from traces.importers.onnx import import_onnx, import_table
from traces.importers.onnx_graph import ModelError, load_model, read_graph
from traces.importers.onnx_values import Reference as Run
from traces.importers.onnx_values import bias_of, filters_of, ifmap_of, output_of, share_of_bound, wanted
from traces.importers.pictures import preprocessing
from traces.quantise import quantise
from traces.trace import Trace

DATA = Path(__file__).parents[2] / "data" / "onnx"


@pytest.fixture(scope="module")
def resnet8() -> Trace:
    return import_onnx(DATA / "resnet8.onnx", images=DATA / "rocket_32.png", preprocess="mean=128,std=128")


def test_resnet8_has_its_golden_figures(resnet8: Trace) -> None:
    """Independent counts of MACs, weights and rows; zeros of the picture, at 0.1 %."""
    rows = resnet8.table.layers
    assert (len(rows), sum(row.macs for row in rows)) == (10, 12_501_632)
    assert sum(row.F * row.C * row.R * row.S for row in rows) == 77_360
    assert sum(row.ifmap_size for row in rows) == 108_540
    assert sum(row.ofmap_size for row in rows) == 86_026
    nonzero = sum(count_nonzero_macs(row, resnet8.arrays(row.name).ifmap) for row in rows)
    assert nonzero == pytest.approx(6_190_384, rel=1e-3)
    share = sum(row.macs * row.unpadded_sparsity for row in rows) / 12_501_632
    assert share == pytest.approx(0.4722, abs=5e-4)
    sixteen = import_onnx(
        DATA / "resnet8.onnx", images=[DATA / "rocket_32.png"], preprocess="mean=128,std=128", bits=16
    )
    nonzero = sum(count_nonzero_macs(row, sixteen.arrays(row.name).ifmap) for row in sixteen.table.layers)
    assert nonzero == pytest.approx(6_341_486, rel=1e-3)


def test_the_trace_that_ships_is_this_model_s(resnet8: Trace) -> None:
    shipped = load_network("resnet8").trace
    assert isinstance(shipped, Trace)
    assert shipped.table.names == resnet8.table.names
    assert shipped.source["model"] == resnet8.source["model"]
    assert shipped.source["pictures"] == resnet8.source["pictures"]
    for row in shipped.table.layers:
        ours, theirs = shipped.arrays(row.name), resnet8.arrays(row.name)
        assert np.array_equal(ours.filters, theirs.filters)
        # other processors round otherwise, by a step at most
        assert np.abs(ours.ifmap.astype(int) - theirs.ifmap).max() <= 1


def test_a_shortcut_is_a_row_and_the_cuts_are_between_blocks(resnet8: Trace) -> None:
    graph = graph_of(resnet8.network)
    assert [name for name, _ in graph.chain()] == ["In", "conv2d", "add", "add_1", "add_2", "pooling2d", "dense"]


@pytest.mark.parametrize("mutant", ["transposed ifmap", "turned filters", "swapped channels", "swapped filters"])
def test_a_wrong_layout_breaks_the_bound(mutant: str) -> None:
    """Integers of another layout are further from the reference than rounding can be."""
    path = DATA / "resnet8.onnx"
    model = load_model(path)
    graph = read_graph(model, path)
    found = Run(model, path, wanted(graph))(picture(1, 3, 32, 32))
    shares = {}
    for layer in graph.layers[:9]:
        ifmap, filters = ifmap_of(layer, found), filters_of(layer, found)
        s_x, s_w = np.abs(ifmap).max() / 127, np.abs(filters).max() / 127
        x, w = quantise(ifmap, s_x, 8), quantise(filters, s_w, 8)
        row = layer.row
        match mutant:
            case "transposed ifmap":
                x = x.transpose(0, 2, 1)
            case "turned filters":
                w = w[:, :, ::-1, ::-1]
            case "swapped channels":
                x = x[::-1]
            case _:
                w = w[::-1]
        psums = convolve(x[None].copy(), w.copy(), stride=(row.U, row.V), groups=row.groups, E=row.E, G=row.G)[0]
        shares[row.name] = share_of_bound(
            row,
            psums=psums,
            reference=output_of(layer, found, layer.output),
            ifmap=ifmap,
            filters=filters,
            scales=(s_x, s_w),
            bias=bias_of(layer, found),
        )
    # filters of one value cannot be turned
    seen = [share for name, share in shares.items() if not (mutant == "turned filters" and name.endswith(("_5", "_8")))]
    assert min(seen) > 1


def assert_exact(trace: Trace, engine: str = "fast") -> None:
    """The machine makes the convolution that the import held against the reference, with nothing unexplained."""
    result = simulator.run(trace, engine=engine, verify=True)
    assert result.wrong_layers() == {}
    assert result.unexplained_layers() == []
    assert max(layer.reference_error for layer in trace.layers) <= 1


@pytest.mark.parametrize("engine", ["fast", "detailed", "stepped"])
def test_all_engines_run_a_trace(engine: str) -> None:
    result = simulator.run("resnet8", engine=engine, verify=True)
    assert (result.wrong_layers(), result.unexplained_layers()) == ({}, [])
    written = load_network("resnet8").trace
    assert isinstance(written, Trace)
    fast = simulator.run("resnet8")
    assert [layer.record() for layer in result] == [layer.record() for layer in fast]


@st.composite
def convolutions(draw: st.DrawFn) -> dict[str, Any]:
    axes = draw(st.sampled_from([1, 2, 2, 2]))
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    size = [draw(st.integers(3, 11)) for _ in range(axes)]
    kernel = [draw(st.integers(1, min(4, extent))) for extent in size]
    strides = [draw(st.integers(1, 3)) for _ in range(axes)]
    attributes: dict[str, Any] = {"group": groups, "strides": strides}
    padding = draw(st.sampled_from(["none", "pads", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    if padding == "pads":
        before = [draw(st.integers(0, 2)) for _ in range(axes)]
        attributes["pads"] = [*before, *(max(0, side + draw(st.integers(-1, 1))) for side in before)]
    elif padding != "none":
        attributes["auto_pad"] = padding
    return {
        "shape": (1, groups * draw(st.integers(1, 3)), *size),
        "kernel": kernel,
        "filters": groups * draw(st.integers(1, 3)),
        "attributes": attributes,
        "bias": draw(st.booleans()),
        "bits": draw(st.sampled_from([8, 16])),
    }


@settings(max_examples=60)
@given(convolutions())
def test_convolutions_of_all_kinds_are_exact(tmp_path_factory: pytest.TempPathFactory, case: dict[str, Any]) -> None:
    """Strides, groups, padding that is not even, one axis or two: the machine's psums are the model's."""
    shape, groups = case["shape"], case["attributes"]["group"]
    inputs = ["x", "w", *(["b"] if case["bias"] else [])]
    initial = [weights(case["filters"], shape[1] // groups, *case["kernel"])]
    initial += [weights(case["filters"], name="b", seed=2)] if case["bias"] else []
    path = tmp_path_factory.mktemp("models") / "one.onnx"
    save(path, [node("Conv", inputs, "c", **case["attributes"]), node("Relu", ["c"], "y")], initial, shape)
    trace = import_onnx(path, images=picture(2, *shape[1:]), bits=case["bits"])
    (row,) = trace.table.layers
    reference = Run(load_model(path), path, ["c"])(picture(2, *shape[1:])[:1])["c"]
    assert reference.shape[1:3] == (row.F, row.E)
    assert row.macs == reference.size * shape[1] // groups * np.prod(case["kernel"])
    assert_exact(trace)


@pytest.mark.parametrize("pads", [[1, 1, 1, 1], [0, 0, 1, 1], [0, 1, 2, 1]])
def test_zeros_that_a_node_of_its_own_puts_around_are_padding(pads: list[int], tmp_path: Path) -> None:
    """As Keras writes it: at most one apart, they are the convolution's; else they are read as they are."""
    around = [0, 0, *pads[:2], 0, 0, *pads[2:]]
    nodes = [
        node("Conv", ["x", "w"], "a"),
        node("Pad", ["a", "around"], "p"),
        node("Conv", ["p", "v"], "y", strides=[2, 2]),
    ]
    initial = [weights(4, 3, 1, 1), weights(5, 4, 3, 3, name="v"), constant(around, "around", np.int64)]
    path = save(tmp_path / "m.onnx", nodes, initial, (1, 3, 8, 8))
    trace = import_onnx(path, images=picture(1, 3, 8, 8))
    padded = trace.table.layer("y")
    if pads[2] < 2:
        assert trace.network.operations == ()
        assert padded.unpadded == (8, 8)
    else:
        assert [row.kind for row in trace.network.operations] == ["other"]
    assert_exact(trace)


def test_what_multiplies_matrices(tmp_path: Path) -> None:
    """Gemm after a small map is a filter as large as the map; after a transposition, and with rows, 1x1 filters."""
    nodes = [
        node("Conv", ["x", "w"], "c", pads=[1, 1, 1, 1]),
        node("Flatten", ["c"], "f"),
        node("Gemm", ["f", "g", "gb"], "small", transB=1, alpha=0.5, beta=2.0),
        node("Transpose", ["c"], "t", perm=[0, 2, 3, 1]),
        node("Reshape", ["t", "rows"], "r"),
        node("MatMul", ["r", "m"], "many"),
        node("Transpose", ["r"], "rt", perm=[0, 2, 1]),
        node("MatMul", ["left", "rt"], "turned"),
        node("Flatten", ["t"], "tf"),
        node("MatMul", ["tf", "d"], "flat"),
    ]
    initial = [
        weights(4, 3, 3, 3),
        weights(5, 4 * 6 * 5, name="g", seed=3),
        weights(5, name="gb", seed=4),
        constant([1, 30, 4], "rows", np.int64),
        weights(4, 7, name="m", seed=5),
        weights(2, 4, name="left", seed=6),
        weights(120, 3, name="d", seed=7),
    ]
    path = save(tmp_path / "m.onnx", nodes, initial, (1, 3, 6, 5), outputs=("small", "many", "turned", "flat"))
    trace = import_onnx(path, images=picture(1, 3, 6, 5))
    rows = {row.name: row for row in trace.table.layers}
    assert (rows["small"].kind, rows["small"].R, rows["small"].S, rows["small"].C) == ("fc", 6, 5, 4)
    assert (rows["many"].kind, rows["many"].H, rows["many"].C, rows["many"].F) == ("conv", 30, 4, 7)
    assert (rows["turned"].H, rows["turned"].C, rows["turned"].F) == (30, 4, 2)
    assert (rows["flat"].kind, rows["flat"].R, rows["flat"].C) == ("fc", 1, 120)
    assert_exact(trace)
    assert set(trace.table.heads) < {"small", "many", "turned", "flat"}


def test_branches_gates_and_activations(tmp_path: Path) -> None:
    """SiLU is an activation; a gate and a shortcut are rows; what a slice makes is read, and nothing is cut there."""
    nodes = [
        node("Conv", ["x", "w"], "c1", pads=[1, 1, 1, 1]),
        node("Sigmoid", ["c1"], "s"),
        node("Mul", ["c1", "s"], "silu"),
        node("GlobalAveragePool", ["silu"], "gap"),
        node("Conv", ["gap", "v"], "squeeze"),
        node("Sigmoid", ["squeeze"], "gate"),
        node("Mul", ["silu", "gate"], "scaled"),
        node("MaxPool", ["scaled"], "pooled", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["pooled", "v"], "c2"),
        node("Concat", ["pooled", "c2"], "both", axis=1),
        node("Slice", ["both", "from", "to", "axes"], "half"),
        node("Conv", ["half", "v"], "c3"),
        node("Add", ["c3", "pooled"], "y"),
    ]
    initial = [
        weights(4, 3, 3, 3),
        weights(4, 4, 1, 1, name="v", seed=2),
        constant([2], "from", np.int64),
        constant([6], "to", np.int64),
        constant([1], "axes", np.int64),
    ]
    path = save(tmp_path / "m.onnx", nodes, initial, (1, 3, 8, 8))
    trace = import_onnx(path, images=picture(1, 3, 8, 8))
    network = trace.network
    assert [row.name for row in network.operations] == ["gap", "scaled", "pooled", "c3.in", "y"]
    assert network.edges["squeeze"].inputs == ("gap",)
    assert network.edges["scaled"].inputs == ("c1", "squeeze")
    assert network.edges["c3.in"].inputs == ("pooled", "c2")
    assert network.edges["y"].inputs == ("c3", "pooled")
    # what c1 writes is behind the activation, in two nodes
    reference = Run(load_model(path), path, ["silu"])(picture(1, 3, 8, 8))["silu"]
    scale = trace["c1"].written_scale
    assert np.abs(trace.arrays("c1").written[0] * scale - reference[0]).max() <= scale / 2 * 1.001
    assert_exact(trace)
    graph = graph_of(network)
    assert [name for name, _ in graph.chain()] == ["In", "c1", "scaled", "pooled", "y"]


def test_integers_that_the_model_has_are_taken(tmp_path: Path) -> None:
    """A tensor out of DequantizeLinear with zero as its zero point keeps its integers and its scale."""
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], "q"),
        node("DequantizeLinear", ["q", "s", "z"], "d"),
        node("DequantizeLinear", ["wq", "ws", "z"], "wd"),
        node("Conv", ["d", "wd"], "y"),
    ]
    integers = np.random.default_rng(0).integers(-127, 128, (2, 1, 3, 3)).astype(np.int8)
    initial = [
        constant(0.05, "s"),
        constant(0, "z", np.int8),
        constant(0.01, "ws"),
        constant(integers, "wq", np.int8),
    ]
    path = save(tmp_path / "m.onnx", nodes, initial, (1, 1, 6, 6))
    trace = import_onnx(path, images=picture(1, 1, 6, 6))
    assert np.array_equal(trace.arrays("y").filters, integers)
    assert trace["y"].ifmap_scale == pytest.approx(0.05)
    assert trace["y"].integers
    assert_exact(trace)


def test_integers_around_another_zero_are_quantised_anew_and_said(tmp_path: Path) -> None:
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], "q"),
        node("DequantizeLinear", ["q", "s", "z"], "d"),
        node("Conv", ["d", "w"], "y"),
    ]
    initial = [constant(0.05, "s"), constant(3, "z", np.uint8), weights(2, 1, 3, 3)]
    path = save(tmp_path / "m.onnx", nodes, initial, (1, 1, 6, 6))
    trace = import_onnx(path, images=picture(1, 1, 6, 6))
    assert trace.source["quantised_anew"] == ["y"]
    assert not trace["y"].integers
    assert_exact(trace)


def test_channels_may_stand_last_and_the_batch_be_open(tmp_path: Path) -> None:
    from PIL import Image

    nodes = [node("Transpose", ["x"], "t", perm=[0, 3, 1, 2]), node("Conv", ["t", "w"], "y")]
    path = save(tmp_path / "m.onnx", nodes, [weights(4, 3, 3, 3)], ("N", 6, 8, 3))
    image = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    Image.fromarray(image[::-1]).save(tmp_path / "b.png")
    trace = import_onnx(path, images=[tmp_path / "a.png", tmp_path / "b.png"], preprocess="raw")
    assert trace.images == 2
    ifmap = trace.arrays("y").ifmap
    expected = quantise(image.transpose(2, 0, 1), image.max() / 127, 8)
    assert np.array_equal(ifmap[0], expected)
    assert np.array_equal(ifmap[1], expected[:, ::-1])
    assert_exact(trace)


def test_a_table_alone_runs_nothing() -> None:
    network, left_out = import_table(DATA / "resnet8.onnx", zeros=0.5)
    assert left_out == []
    assert sum(row.macs for row in network.layers) == 12_501_632
    first, second = network.layers[:2]
    assert first.unpadded_sparsity == pytest.approx(0)
    assert second.unpadded_sparsity == pytest.approx(0.5)
    assert graph_of(network)


REFUSED = {
    "dilated": (node("Conv", ["x", "w"], "dilated", dilations=[2, 2]), "dilation 2x2"),
    "transposed": (node("ConvTranspose", ["x", "wt"], "transposed"), "a transposed convolution"),
    "solid": (node("Conv", ["x5", "w5"], "solid"), "over 3 axes"),
    "computed": (node("Conv", ["x", "cw"], "computed"), "filters that are computed"),
    "uneven": (node("Conv", ["x", "w"], "uneven", pads=[0, 0, 2, 0]), "padding of 0 and 2"),
    "negative": (node("Conv", ["x", "w"], "negative", pads=[-1, 0, 0, 0]), "negative padding"),
    "product": (node("MatMul", ["x", "x"], "product"), "two computed tensors"),
    "batched": (node("MatMul", ["x", "m4"], "batched"), "a constant of 4 axes"),
    "flipped": (node("Gemm", ["flat", "g"], "flipped", transA=1), "constant or transposed"),
    "sum": (node("Einsum", ["x"], "sum", equation="abcd->ad"), "an Einstein sum"),
    "long": (node("LSTM", ["seq", "lw", "lr"], "long", hidden_size=2), "a recurrent layer"),
    "gated": (node("GRU", ["seq", "gw", "gr"], "gated", hidden_size=2), "a recurrent layer"),
    "plain": (node("RNN", ["seq", "rw", "rr"], "plain", hidden_size=2), "a recurrent layer"),
    "qconv": (node("QLinearConv", ["xq", "s", "z", "wq", "s", "z", "s", "z"], "qconv"), "expected the QDQ form"),
    "qmul": (node("QLinearMatMul", ["xq", "s", "z", "mq", "s", "z", "s", "z"], "qmul"), "expected the QDQ form"),
    "iconv": (node("ConvInteger", ["xq", "wq"], "iconv"), "expected the QDQ form"),
    "imul": (node("MatMulInteger", ["xq", "mq"], "imul"), "expected the QDQ form"),
    "bent": (node("DeformConv", ["x", "w", "off"], "bent"), "a deformable convolution"),
    "look": (node("Attention", ["seq", "seq", "seq"], "look"), "attention"),
    "own": (node("Magic", ["x"], "own", domain="com.example"), "of the domain com.example"),
    "dilated1": (node("Conv", ["seq8", "w1"], "dilated1", dilations=[3]), "dilation 3"),
    "uneven1": (node("Conv", ["seq8", "w1"], "uneven1", pads=[3, 0]), "padding of 3 and 0"),
    "transposed1": (node("ConvTranspose", ["seq8", "w1"], "transposed1"), "a transposed convolution"),
    "left": (node("Gemm", ["g", "flat"], "left"), "constant or transposed"),
    "stack": (node("MatMul", ["m4t", "x"], "stack"), "a constant of 4 axes"),
    "linear": (node("LinearAttention", ["seq", "seq", "seq"], "linear"), "attention"),
    "flex": (node("FlexAttention", ["seq", "seq", "seq"], "flex"), "attention"),
    "turn": (node("RotaryEmbedding", ["seq"], "turn"), "a part of attention"),
    "if_": (node("If", ["yes"], "if_", then_branch=inner("t"), else_branch=inner("e")), "depends on values"),
    "loop": (node("Loop", ["", "yes"], "loop", body=inner("l")), "a loop"),
    "scan": (node("Scan", ["seq"], "scan", body=inner("s"), num_scan_inputs=1), "a loop"),
}


def test_what_cannot_be_expressed_is_listed_all_at_once(tmp_path: Path) -> None:
    """A line for each, with its node and why; none hides another."""
    helpers = [
        node("Conv", ["x", "w"], "y"),
        node("Unsqueeze", ["x", "first"], "x5"),
        node("ReduceMean", ["x"], "cw", axes=[0], keepdims=1),
        node("Flatten", ["x"], "flat"),
        node("Reshape", ["x", "three"], "seq"),
        node("QuantizeLinear", ["x", "s", "z"], "xq"),
        node("Identity", ["x"], "off"),
        node("Reshape", ["x", "eight"], "seq8"),
    ]
    initial = [
        weights(4, 4, 3, 3),
        weights(4, 4, 3, 3, name="wt"),
        weights(2, 1, 1, 3, 3, name="w5"),
        weights(1, 4, 8, 2, name="m4"),
        weights(1, 3, name="g"),
        weights(1, 8, 8, name="lw"),
        weights(1, 8, 2, name="lr"),
        weights(1, 6, 8, name="gw"),
        weights(1, 6, 2, name="gr"),
        weights(1, 2, 8, name="rw"),
        weights(1, 2, 2, name="rr"),
        constant(0.1, "s"),
        constant(0, "z", np.int8),
        constant(np.ones((2, 4, 1, 1)), "wq", np.int8),
        constant(np.ones((8, 2)), "mq", np.int8),
        constant([1], "first", np.int64),
        constant([4, 8, 8], "three", np.int64),
        constant([1, 4, 64], "eight", np.int64),
        constant(True, "yes", np.bool_),
        weights(4, 4, 3, name="w1"),
        weights(1, 4, 2, 8, name="m4t"),
    ]
    nodes = [*helpers, *(made for made, _ in REFUSED.values())]
    path = save(tmp_path / "m.onnx", nodes, initial, (1, 4, 8, 8), outputs=("y",), opset=17)
    with pytest.raises(ModelError) as refused:
        import_table(path, zeros=0.5)
    first, *lines = str(refused.value).splitlines()
    assert f"{len(REFUSED)} nodes cannot be expressed" in first
    for name, (_, why) in REFUSED.items():
        (line,) = [line for line in lines if f" {name}:" in line]
        assert why in line
    # left out, and said in the name
    network, left_out = import_table(path, zeros=0.5, skip=True)
    assert len(left_out) == len(REFUSED)
    assert network.names == ["y"]
    assert network.name == f"m (without {len(REFUSED)} nodes)"


def test_the_share_of_the_macs_of_what_is_refused_is_said(tmp_path: Path) -> None:
    nodes = [node("Conv", ["x", "w"], "c", dilations=[2, 2]), node("Conv", ["x", "v"], "y")]
    path = save(tmp_path / "m.onnx", nodes, [weights(4, 4, 3, 3), weights(4, 4, 1, 1, name="v")], (1, 4, 8, 8))
    with pytest.raises(ModelError, match=r"Conv c: dilation 2x2; expected 1 \(69 % of the MACs\)"):
        import_table(path, zeros=0.0)


def test_a_layer_that_cannot_be_is_refused_with_its_file(tmp_path: Path) -> None:
    nodes = [node("Conv", ["x", "w"], "y\x7f")]
    path = save(tmp_path / "m.onnx", nodes, [weights(2, 3, 3, 3)], (1, 3, 8, 8), outputs=("y\x7f",))
    with pytest.raises(ModelError, match=r"m\.onnx: layer name is 'y\\x7f'; expected a name of printable characters"):
        import_table(path, zeros=0.5)


def test_what_is_no_model_or_leaves_something_open_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model at all")
    with pytest.raises(ModelError, match=r"text.onnx: (cannot be read as an|is no) ONNX model"):
        import_table(tmp_path / "text.onnx", zeros=0.5)
    path = save(tmp_path / "open.onnx", [node("Conv", ["x", "w"], "y")], [weights(4, 3, 3, 3)], (1, 3, "h", "w"))
    with pytest.raises(ModelError, match="leaves its size open; expected --shape, such as x:1x3x224x224"):
        import_table(path, zeros=0.5)
    network, _ = import_table(path, zeros=0.5, shape=(1, 3, 8, 9))
    assert (network.layers[0].H, network.layers[0].W) == (8, 9)
    with pytest.raises(ModelError, match="no preprocessing; expected what the network was trained with"):
        import_onnx(DATA / "resnet8.onnx", images=DATA / "rocket_32.png")
    with pytest.raises(ModelError, match="no image"):
        import_onnx(DATA / "resnet8.onnx", preprocess="unit")
    with pytest.raises(InputError, match="preprocess is 'what'; expected imagenet, tf, caffe"):
        preprocessing("what")
    with pytest.raises(InputError, match="a model is imported first; expected python -m traces import"):
        load_network("net.onnx")


def test_a_trace_comes_back_from_its_file_as_it_was(resnet8: Trace, tmp_path: Path) -> None:
    resnet8.to_hdf5(tmp_path / "net.h5")
    again = traces.read_trace(tmp_path / "net.h5")
    assert (again.table, again.digest, again.layers) == (resnet8.table, resnet8.digest, resnet8.layers)
    assert load_network(tmp_path / "net.h5") == resnet8.network
    named = replace(resnet8, bits=16)
    assert named.digest != resnet8.digest


def test_a_trace_brings_the_zeros_of_its_filters() -> None:
    """Also one that was written before tables had a column for them."""
    network = load_network("resnet8")
    assert network.trace is not None
    for layer in network.layers:
        filters = network.trace.tensors(layer, 1).filters
        assert layer.sparsity_filters == np.count_nonzero(filters == 0) / layer.weights
    assert any(layer.sparsity_filters for layer in network.layers)
    run = simulator.run(network, hardware="eyeriss-8bit-sparse", verify=True)
    assert (run.wrong_layers(), run.unexplained_layers()) == ({}, [])
