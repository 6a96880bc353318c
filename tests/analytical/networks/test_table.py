"""Layer tables: the zoo, non-square layers, and one clear line for each thing that can be wrong."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from analytical.layer import Layer
from analytical.network import Network, NetworkError
from analytical.networks import ZOO, as_table, load_network, parse_table
from tests.strategies import layers

HEADER = (
    "layer,kind,groups,ifmap_padded,pad,channels_per_filter,filter,filters,stride,ofmap,"
    "sparsity_ifmap_padded,sparsity_ofmap,batch"
)
ROW = "C1,conv,1,15,1,4,3,8,1,13,0.25,0.5,2"


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


@pytest.mark.parametrize(("network", "layers", "gmacs"), [
    ("alexnet", 8, 0.724), ("vgg16", 16, 15.47), ("squeezenet1_1", 26, 0.388), ("googlenet", 58, 1.583),
])  # fmt: skip
def test_the_zoo_has_the_networks_that_the_literature_has(network: str, layers: int, gmacs: float) -> None:
    """GMACs of AlexNet, VGG-16 and GoogLeNet as published; SqueezeNet's at the authors' effective sizes."""
    loaded = load_network(network)
    assert network in ZOO
    assert len(loaded.layers) == layers
    assert sum(layer.macs for layer in loaded.layers) / 1e9 == pytest.approx(gmacs, rel=2e-3)
    assert [layer.first for layer in loaded.layers] == [True] + [False] * (layers - 1)


def test_heights_stand_for_widths_unless_the_table_has_some() -> None:
    square, wide = parse_table(
        table(
            ROW + ",,,,",
            "C2,conv,1,15,1,4,3,8,2,7,0,0,1,31,0.5,5,14",
            header=HEADER + ",ifmap_padded_width,pad_width,filter_width,ofmap_width",
        ),
        "here",
    ).layers
    assert (square.W, square.S, square.G, square.pad_w) == (15, 3, 13, 1)
    assert (wide.H, wide.W, wide.R, wide.S, wide.E, wide.G, wide.pad_w) == (15, 31, 3, 5, 7, 14, 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "here: column 'layer' is missing"),
        (table(), "here: no layers"),
        (table(ROW, header=HEADER.replace("stride", "strides")), "column 'stride' is missing"),
        (table(ROW + ",1", header=HEADER + ",depth"), "column 'depth' is unknown"),
        (table(ROW + ",1", header=HEADER + ",batch"), "column 'batch' stands twice"),
        (table(ROW.replace("conv,1", "conv,one")), "row 2: groups is 'one'; expected a whole number"),
        (table(ROW.replace("0.25", "inf")), "row 2: sparsity_ifmap_padded is 'inf'; expected a number"),
        (table(ROW, ROW), "row 3: layer C1 stands twice"),
        (table(ROW, "C2,conv,1,15"), "row 3: 4 cells; expected 13"),
        (table(ROW.replace(",13,", ",14,")), "row 2: layer C1: ofmap height is 14"),
        (table(ROW.replace("conv", "pooling")), "row 2: layer C1: kind is pooling"),
        (table("C" * 200_000 + ROW), "row 2: field larger than field limit"),
        (
            table(ROW + ",1.5", header=HEADER + ",sparsity_filters"),
            "row 2: layer C1: sparsity_filters is 1.5; expected a",
        ),
        (
            table(ROW + ",nan", header=HEADER + ",sparsity_filters"),
            "row 2: sparsity_filters is 'nan'; expected a number",
        ),
        (table(ROW + ",17", header=HEADER + ",filter_bits"), "row 2: layer C1: filter_bits is 17; expected a whole"),
        (table(ROW + ",0", header=HEADER + ",filter_bits"), "row 2: layer C1: filter_bits is 0; expected a whole"),
        (table(ROW + ",2.5", header=HEADER + ",filter_bits"), "row 2: filter_bits is '2.5'; expected a whole number"),
    ],
)
def test_a_table_that_is_wrong_says_where(text: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        parse_table(text, "here")


def test_what_is_not_said_of_filters_is_not_written() -> None:
    """Tables of networks without zeros in their filters stay what they were, to the last byte."""
    dense = parse_table(table(ROW), "n")
    assert "sparsity_filters" not in as_table(dense)
    (one,) = parse_table(table(ROW + ",0.5,", header=HEADER + ",sparsity_filters,filter_bits"), "n").layers
    assert (one.sparsity_filters, one.filter_bits) == (0.5, None)
    (other,) = parse_table(table(ROW + ",,5", header=HEADER + ",sparsity_filters,filter_bits"), "n").layers
    assert (other.sparsity_filters, other.filter_bits) == (0.0, 5)


def test_a_network_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(table(ROW), encoding="utf-8-sig")
    assert load_network(str(path)).name == "mine"


@pytest.mark.parametrize("name", ["resnet", "missing.csv"])
def test_what_is_neither_name_nor_file_is_refused(name: str) -> None:
    with pytest.raises(NetworkError, match=name):
        load_network(name)


@pytest.mark.parametrize("network", ZOO)
def test_a_network_s_table_reads_back_to_the_same_layers_and_edges(network: str) -> None:
    loaded = load_network(network)
    again = parse_table(as_table(loaded), network)
    assert again.layers == loaded.layers
    assert again.edges == loaded.edges


@given(layers())
def test_any_layer_s_table_reads_back(layer: Layer) -> None:
    one = Network("one", (replace(layer, first=True),))
    assert parse_table(as_table(one), "one") == one
