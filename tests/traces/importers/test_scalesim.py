"""SCALE-Sim topologies: files as they are written, the MACs that SCALE-Sim counts, and one line for each refusal."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.layer import Layer
from analytical.network import NetworkError
from traces.importers.scalesim import parse_topology, read_topology

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
TWO_STRIDES = HEADER.replace("Strides", "Stride Height, Stride Width")
ROW = "C5, 15, 15, 3, 3, 192, 256, 1,"
C5 = Layer(name="C5", H=15, W=15, C=192, R=3, S=3, F=256, E=13, G=13, first=True)

YOLO_TINY = """\
Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1,  416, 416,    3, 3,      3,      4,     1,
Conv2,  208, 208,    3, 3,      16,     32,     1,
Conv3,  104, 104,    3, 3,      32,     64,     1,
Conv4,  52,  52,     3, 3,      64,     128,    1,
Conv5,  26,  26,     3, 3,      128,    256,    1,
Conv6,  13,  13,     3, 3,      256,    512,    1,
Conv7,  11,  11,     3, 3,      512,    1024,   1,\x20
Conv8,  9,   9,      3, 3,      1024,   1024,   1,
Conv9,  7,   7,      1, 1,      1024,   125,    1,

"""


def topology(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def test_a_topology_that_comes_with_scale_sim() -> None:
    network = parse_topology(YOLO_TINY, "yolo_tiny", 0.5)
    assert network.names == [f"Conv{number}" for number in range(1, 10)]
    first, second = network.layers[:2]
    assert first == Layer(
        name="Conv1", H=416, W=416, C=3, R=3, S=3, F=4, E=414, G=414, sparsity_ifmap=0.5, sparsity_ofmap=0.5, first=True
    )
    assert second.macs == 206 * 206 * 3 * 3 * 16 * 32
    assert [layer.first for layer in network.layers] == [True] + [False] * 8
    assert {layer.batch for layer in network.layers} == {1}


def test_the_topology_of_the_benchmarks() -> None:
    network = read_topology(Path(__file__).parents[3] / "benchmarks" / "scalesim" / "c5.csv")
    assert (network.name, network.layers) == ("c5", (C5,))


@pytest.mark.parametrize(
    "text",
    [
        topology(ROW),
        "\ufeff" + topology(ROW),
        "\n\n" + topology(",,,,,,,,", "  ,", ROW, "", "   "),
        topology(ROW).replace(", ", ","),
        topology(ROW).replace(",\n", "\n"),
        topology(ROW).replace("\n", "\r\n"),
        topology(ROW, header=HEADER.upper()),
        topology(ROW, header="Layer,Ifmap height,ifmap width,filter height,filter width,channels,num filters,stride,"),
        topology(ROW + " #dw"),
        topology(ROW + " 1"),
        topology(ROW + " 2:4,", header=HEADER + " Sparsity,"),
        topology(ROW, header=HEADER + " Sparsity"),
        topology(ROW + "1,", header=TWO_STRIDES),
        topology(ROW + "1, 1:1,", header=TWO_STRIDES + "Sparsity,"),
        topology("1, 256, 192, 3, 3, 15, 15, C5", header=", ".join(reversed(HEADER.rstrip(",").split(", ")))),
    ],
)
def test_ways_to_write_the_same(text: str, tmp_path: Path) -> None:
    path = tmp_path / "same.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_topology(path).layers == (C5,)


def test_a_window_over_the_edge_is_a_padded_ifmap() -> None:
    """ResNet's first layer at 224: (224 - 7) / 2 is not whole, and SCALE-Sim counts 110 windows each way."""
    layer = parse_topology(topology("Conv1, 224, 223, 7, 7, 3, 64, 2,"), "resnet", 0.25).layers[0]
    assert (layer.E, layer.H, layer.pad_h) == (110, 225, 0.5)
    assert (layer.G, layer.W, layer.pad_w) == (109, 223, 0)
    assert layer.unpadded == (224, 223)
    # a quarter of what the file has, and the row below it
    assert layer.sparsity_ifmap * 225 * 223 == pytest.approx(224 * 223 / 4 + 223)
    assert layer.unpadded_sparsity == pytest.approx(0.25)


def test_strides_of_height_and_width() -> None:
    layer = parse_topology(topology("C, 20, 20, 4, 4, 1, 1, 2, 3,", header=TWO_STRIDES), "two").layers[0]
    assert (layer.U, layer.V, layer.E, layer.G, layer.H, layer.W) == (2, 3, 9, 7, 20, 22)


def test_a_layer_with_dp_in_its_name_is_depthwise() -> None:
    """SCALE-Sim makes a layer of one channel and all filters for each channel."""
    layer = parse_topology(topology("Conv2_DP, 48, 48, 3, 3, 8, 2, 1,"), "dw").layers[0]
    assert (layer.groups, layer.C, layer.F, layer.kind) == (8, 1, 16, "conv")
    assert layer.macs == 8 * (46 * 46 * 3 * 3 * 1 * 2)


def test_a_filter_as_large_as_its_ifmap_is_fully_connected() -> None:
    network = parse_topology(topology("FC, 1, 1, 1, 1, 1024, 1000, 1,", "FC6, 6, 6, 6, 6, 256, 4096, 1,"), "fc")
    assert network.layers[0] == Layer.fc("FC", inputs=1024, outputs=1000, first=True)
    assert (network.layers[1].kind, network.layers[1].macs) == ("fc", 37_748_736)


@pytest.mark.parametrize("header", ["Layer, M, N, K,", "Layer Name,m,n,k", "Layer, M, N, K, Sparsity,"])
def test_matrix_multiplications(header: str) -> None:
    """Those of SCALE-Sim's sparsity/gemm.csv."""
    sparsity = ("3:4,", "1:4,") if "Sparsity" in header else ("", "")
    text = topology(f"GEMM_1, 3, 5, 16, {sparsity[0]}", f"GEMM_1, 1, 5, 16, {sparsity[1]}", header=header)
    matrix, vector = parse_topology(text, "gemm", 0.5).layers
    zeros = {"sparsity_ifmap": 0.5, "sparsity_ofmap": 0.5}
    assert matrix == Layer.conv("GEMM_1", channels=16, size=(3, 1), filters=5, filter=1, first=True, **zeros)
    assert vector == Layer.fc("GEMM_1_2", inputs=16, outputs=5, **zeros)


def test_names_are_taken_as_they_are() -> None:
    rows = [ROW.replace("C5", name) for name in ("Embedding Layer", "a", "b", "a", "a_2", "a")]
    names = parse_topology(topology(*rows), "names").names
    assert names == ["Embedding Layer", "a", "b", "a_3", "a_2", "a_4"]


sizes = st.integers(1, 40)


@given(
    rows=st.lists(st.tuples(sizes, sizes, sizes, sizes, sizes, sizes, sizes, sizes), min_size=1, max_size=4),
    zeros=st.floats(0, 1),
)
def test_the_macs_are_those_that_scale_sim_counts(rows: list[tuple[int, ...]], zeros: float) -> None:
    rows = [(max(H, R), max(W, S), R, S, C, F, U, V) for H, W, R, S, C, F, U, V in rows]
    text = topology(*("L," + ",".join(map(str, row)) + "," for row in rows), header=TWO_STRIDES)
    for layer, (H, W, R, S, C, F, U, V) in zip(parse_topology(text, "any", zeros).layers, rows, strict=True):
        # a window for each first row inside that leaves less than a stride uncovered, counted one by one
        E = 1 + sum(1 for row in range(0, H - R, U))
        G = 1 + sum(1 for column in range(0, W - S, V))
        assert layer.macs == E * G * R * S * C * F
        assert layer.unpadded == (H, W)
        assert (layer.channels, layer.F, layer.U, layer.V) == (C, F, U, V)
        assert layer.sparsity_ofmap == zeros
        nonzero = (1 - layer.sparsity_ifmap) * layer.ifmap_size
        assert nonzero == pytest.approx((1 - zeros) * C * H * W, abs=1e-6)


@given(M=sizes, N=sizes, K=sizes)
def test_the_macs_of_a_matrix_multiplication(M: int, N: int, K: int) -> None:
    layer = parse_topology(topology(f"L,{M},{N},{K},", header="Layer,M,N,K,"), "any").layers[0]
    assert (layer.macs, layer.ifmap_size, layer.ofmap_size) == (M * N * K, M * K, M * N)
    assert layer.kind == ("fc" if M == 1 else "conv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "column 'Layer name' is missing; expected Layer name, .*Strides, or Layer name, M, N, K.*found nothing"),
        ("layer,kind,groups\nC1,conv,1\n", "column 'IFMAP Height' is missing; expected .*found layer, kind, groups"),
        (HEADER.replace(",", "\t"), "column 'Layer name' is missing"),
        (HEADER.replace("Strides", "Stride Width"), "column 'Stride Height' is missing"),
        ("Layer, M, K,", "column 'N' is missing"),
        (HEADER, "no layers; expected one row a layer under the header"),
        (topology(ROW + "4,", header=HEADER + "Batch Size,"), "column 'Batch Size' is unknown; expected Layer name, "),
        (topology(ROW + "4,", header=HEADER + "strides,"), "column 'Strides' stands twice"),
        (topology(ROW, "C6, 15, 15, 3,"), "row 3: 5 cells; expected 8"),
        (topology("C5, 15, 15, 3, 3, 192, 256, 1, 1, 1,"), "row 2: 11 cells; expected 8"),
        (topology("", ROW.replace("192", "many")), "row 3: Channels is 'many'; expected a whole number from 1 to"),
        (topology(ROW.replace("192", "0")), "row 2: Channels is '0'; expected a whole number from 1 to"),
        (topology(ROW.replace("192", "1.5")), "row 2: Channels is '1.5'; expected a whole number"),
        (topology(ROW.replace("192", "inf")), "row 2: Channels is 'inf'; expected a whole number"),
        (topology(ROW.replace("192", "9" * 12)), "row 2: Channels is '999999999999'; expected a whole number from 1"),
        (topology(ROW.replace("192", "")), "row 2: Channels is ''; expected a whole number"),
        (topology(ROW.replace("C5", "")), "row 2: Layer name is empty; expected the name of a layer"),
        (topology(ROW.replace("C5", "C\x07")), r"row 2: layer name is 'C\\x07'; expected a name of printable"),
        (
            topology("C5, 2, 15, 3, 3, 192, 256, 1,"),
            "row 2: Filter Height is 3; expected at most the IFMAP Height of 2",
        ),
        (topology("C5, 15, 2, 3, 3, 192, 256, 1,"), "row 2: Filter Width is 3; expected at most the IFMAP Width of 2"),
        (topology("L_DP, 9, 9, 1, 1, 2000000000, 2, 1,"), r"row 2: layer L_DP: F \(filters\) is 4000000000; expected"),
    ],
)
def test_what_is_no_topology_is_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NetworkError, match=message) as refused:
        read_topology(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("zeros", [-0.1, 1.1, float("nan")])
def test_a_share_of_zeros_is_one(zeros: float) -> None:
    with pytest.raises(NetworkError, match=r"any, row 2: layer C5: sparsity_ifmap .*expected a fraction of zeros"):
        parse_topology(topology(ROW), "any", zeros)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"none\.csv: cannot be read .*expected a SCALE-Sim topology"):
        read_topology(tmp_path / "none.csv")
