"""Networks as graphs: the paper's cuts, and tables that are none."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.errors import InputError
from analytical.graph import GraphError, graph_of
from analytical.layer import Layer
from analytical.network import Edges, Network
from analytical.networks import as_table, load_network, parse_table

A = Layer(name="A", H=9, W=9, C=3, R=3, S=3, F=8, E=7, G=7, sparsity_ofmap=0.5, first=True)
B = Layer(name="B", H=7, W=7, C=8, R=1, S=1, F=4, E=7, G=7, sparsity_ifmap=0.4, sparsity_ofmap=0.6)
C = Layer(name="C", H=9, W=9, pad_h=1, pad_w=1, C=8, R=3, S=3, F=6, E=7, G=7, sparsity_ifmap=0.7, sparsity_ofmap=0.2)
D = Layer(name="D", H=3, W=3, C=10, R=3, S=3, F=2, E=1, G=1, sparsity_ifmap=0.1)
BRANCHES = Network("branches", (A, B, C, D), {"B": Edges(("A",)), "C": Edges(("A",)), "D": Edges(("B", "C"))})


@pytest.mark.parametrize(
    ("network", "count", "some"),
    [
        ("alexnet", 12, ["In", "C1", "P1", "C2", "P2", "C3", "C4", "C5", "P3", "FC6", "FC7", "FC8"]),
        ("vgg16", 22, ["C1_2", "P1", "C5_3", "P5", "FC6"]),
        ("squeezenet1_1", 22, ["P1", "Fs2", "Fe2", "Fs3", "Fe3", "P3", "Fs4", "Fs6", "Fe9", "C10"]),
        ("googlenet", 19, ["C2_reduce", "C2", "P2", "I3a", "I3b", "P3", "I4a", "I5b", "P5", "FC"]),
    ],
)
def test_the_paper_s_cuts(network: str, count: int, some: list[str]) -> None:
    """Section VII: between 12 and 22 of them; pools, squeeze layers and module boundaries."""
    cuts = [name for name, _ in graph_of(load_network(network)).chain()]
    assert len(cuts) == count
    assert [name for name in cuts if name in some] == some
    assert (cuts[0], cuts[-1]) == ("In", load_network(network).layers[-1].name)


def test_branches_join_and_a_pool_is_inferred_where_sizes_shrink() -> None:
    graph = graph_of(BRANCHES)
    assert list(graph.nodes) == ["In", "A", "B", "C", "B+C", "P1", "D"]
    assert graph.nodes["B+C"].channels == 10
    assert [name for name, _ in graph.chain()] == ["In", "A", "B+C", "P1", "D"]
    assert graph.sent({"In", "A", "B"}) == ["A", "B"]
    assert graph.sent({"In", "A", "B", "C"}) == ["B", "C"]


def test_who_reads_a_tensor_knows_its_zeros() -> None:
    graph = graph_of(BRANCHES)
    assert graph.nodes["A"].sparsity == 0.4
    assert graph.nodes["B"].sparsity == 0.6
    assert graph.nodes["P1"].sparsity == 0.1
    assert graph.nodes["B+C"].sparsity == pytest.approx((0.6 * 4 + 0.2 * 6) / 10)
    assert C.unpadded_sparsity == pytest.approx((0.7 * 81 - 32) / 49)


def test_a_layer_that_nobody_reads_is_refused() -> None:
    spare = replace(B, name="spare")
    edges = {**BRANCHES.edges, "spare": Edges(("A",))}
    with pytest.raises(GraphError, match="network odd: nobody reads what spare makes; expected one end, D"):
        graph_of(Network("odd", (A, spare, B, C, D), edges))
    with pytest.raises(GraphError, match="a layer is called In"):
        graph_of(Network("odd", (replace(A, name="In"),)))


def test_a_copy_of_a_zoo_table_has_its_edges_and_image(tmp_path: Path) -> None:
    """Tables of the zoo as versions without edges wrote them."""
    zoo = load_network("googlenet")
    path = tmp_path / "googlenet.csv"
    path.write_text(as_table(replace(zoo, edges={}, image=None)))
    copy = load_network(path)
    assert [name for name, _ in graph_of(copy).chain()] == [name for name, _ in graph_of(zoo).chain()]
    assert graph_of(copy).nodes["In"].values == 3 * 224 * 224
    other = Network("alexnet", (A,))
    assert graph_of(other).nodes["In"].values == 3 * 9 * 9


def test_p2_of_alexnet_has_63_4_percent_zeros() -> None:
    node = graph_of(load_network("alexnet")).nodes["P2"]
    assert (node.channels, node.height, node.width) == (256, 13, 13)
    assert node.sparsity == pytest.approx(0.634, abs=0.0005)


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ({}, "layer C has an ifmap of 8x7x7 without its padding, but B makes 4x7x7; expected them equal"),
        ({"C": Edges(("A",)), "D": Edges(("A", "A"))}, "layer D has an ifmap of 10x3x3"),
        ({"C": Edges(("A",)), "D": Edges(("B", "C"), ("B",))}, "layer D has pool B, which is a layer"),
        ({"C": Edges(("A",)), "D": Edges(("B", "C"), ("X", "Y"))}, "layer D has pool X, of unknown size"),
        ({"A": Edges((), ("X",))}, "layer A has pool X before the image; expected none"),
        ({"C": Edges(("Z",))}, "layer C has the input 'Z'; expected names of layers before it"),
        ({"A": Edges(("D",))}, "layer A has the input 'D'; expected names of layers before it"),
        ({"C": Edges(("A",)), "D": Edges(("B", "C"), ("X",)), "B": Edges(("A",), ("X",))}, "layer D has pool X"),
    ],
)
def test_layers_that_do_not_fit_together_are_refused(edges: dict[str, Edges], said: str) -> None:
    with pytest.raises(GraphError) as refused:
        graph_of(Network("odd", (A, B, C, D), edges))
    assert said in str(refused.value)


HEADER = (
    "layer,kind,groups,ifmap_padded,pad,channels_per_filter,filter,filters,stride,ofmap,sparsity_ifmap_padded,"
    "sparsity_ofmap,batch,inputs,head\n"
)
RESIDUAL = (
    HEADER
    + """c0,conv,1,34,1,3,3,16,1,32,0,0.5,1,,
c1,conv,1,34,1,16,3,16,1,32,0.5,0.5,1,,
c2,conv,1,34,1,16,3,16,1,32,0.5,0.5,1,,
sum,add,1,32,0,16,1,16,1,32,0.5,0.4,1,c0;c2,
pool,pool,1,32,0,16,32,16,32,1,0.4,0,1,,
fc,fc,1,1,0,16,1,10,1,1,0,0,1,,
"""
)
"""A block with a shortcut, and a pool over all that is left, as rows of their own."""


def test_a_residual_is_a_row_and_no_cut_lies_inside_its_block() -> None:
    graph = graph_of(parse_table(RESIDUAL, "res"))
    assert graph.nodes["sum"].reads == ("c0", "c2")
    assert graph.nodes["pool"].reads == ("sum",)
    assert [name for name, _ in graph.chain()] == ["In", "c0", "sum", "pool", "fc"]
    # inside, the shortcut is sent, too
    assert graph.sent(graph.upstream("c1")) == ["c0", "c1"]
    # who reads a tensor knows its zeros: the sum's are those of the row, since a pool has none of its own
    assert graph.nodes["sum"].sparsity == 0.4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sum,add,1,32,0,16,1,16,1,32", "sum,add,1,16,0,16,1,16,1,16", "input c0 of 16x32x32; expected 16x16x16"),
        ("1,c0;c2,", "1,c0;c9,", "inputs has 'c9'"),
    ],
)
def test_sums_of_what_cannot_be_summed_are_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        graph_of(parse_table(RESIDUAL.replace(old, new), "res"))


def test_several_heads_are_marked_and_all_of_them_are_in_situ() -> None:
    heads = HEADER + "a,fc,1,1,0,8,1,8,1,1,0,0,1,,\nb,fc,1,1,0,8,1,8,1,1,0,0,1,,yes\nc,fc,1,1,0,8,1,8,1,1,0,0,1,a,\n"
    network = parse_table(heads, "two")
    graph = graph_of(network)
    assert network.heads == ("b",)
    cuts = dict(graph.chain())
    assert list(cuts) == ["In", "a", "c"]
    assert cuts["c"] == {"In", "a", "b", "c"}
    with pytest.raises(GraphError, match="nobody reads what b makes"):
        graph_of(replace(network, heads=()))


def test_nothing_is_cut_behind_an_operation_that_divides_a_tensor() -> None:
    table = HEADER + (
        "a,conv,1,8,0,4,1,8,1,8,0,0,1,,\nslice,other,1,8,0,8,1,4,1,8,0,0,1,,\nb,conv,1,8,0,4,1,8,1,8,0,0,1,,\n"
    )
    graph = graph_of(parse_table(table, "sliced"))
    assert [name for name, _ in graph.chain()] == ["In", "a", "b"]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6), st.data())
def test_a_table_of_blocks_with_shortcuts_comes_back_as_it_was(blocks: list[int], data: st.DataObject) -> None:
    rows, last = [], "In"
    for number, layers in enumerate(blocks):
        start = f"s{number}"
        rows.append(f"{start},conv,1,8,0,4,1,4,1,8,0,0,1,{last if number else ''},")
        last = start
        for layer in range(layers):
            rows.append(f"l{number}_{layer},conv,1,8,0,4,1,4,1,8,0,0,1,,")
            last = f"l{number}_{layer}"
        if layers:
            rows.append(f"sum{number},add,4,8,0,1,1,4,1,8,0,0.25,1,{start};{last},")
            last = f"sum{number}"
            if data.draw(st.booleans()):
                rows.append(f"p{number},pool,4,8,0,1,1,4,1,8,0,0.25,1,,")
                last = f"p{number}"
    network = parse_table(HEADER + "\n".join(rows), "blocks")
    again = parse_table(as_table(network), "blocks")
    assert graph_of(again) == graph_of(network)
    assert parse_table(as_table(again), "blocks") == again
    assert [row.name for row in again.rows()] == [row.split(",")[0] for row in rows]
