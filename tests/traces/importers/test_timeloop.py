"""Timeloop problems: files as they are written, the MACs that Timeloop counts, and one line for each refusal."""

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.layer import Layer
from analytical.network import Network, NetworkError
from traces.importers.timeloop import parse_problem, read_problems

SHAPE = """\
  shape:
    name: CNN-Layer
    dimensions: [ C, M, R, S, N, P, Q ]
    coefficients:
    - {name: Wstride, default: 1}
    - {name: Hstride, default: 1}
    - {name: Wdilation, default: 1}
    - {name: Hdilation, default: 1}
    data_spaces:
    - name: Weights
      projection: [ [ [C] ], [ [M] ], [ [R] ], [ [S] ] ]
    - name: Inputs
      projection:
      - [ [N] ]
      - [ [C] ]
      - [ [R, Wdilation], [P, Wstride] ]
      - [ [S, Hdilation], [Q, Hstride] ]
    - name: Outputs
      projection: [ [ [N] ], [ [M] ], [ [Q] ], [ [P] ] ]
      read_write: true
"""
INSTANCE = """\
  instance:
    C: 256
    Hdilation: 1
    Hstride: 1
    M: 384
    N: 4
    P: 13
    Q: 13
    R: 3
    S: 3
    Wdilation: 1
    Wstride: 1
"""
DENSITIES = """\
    densities:
      Inputs: 0.25
      Weights: 0.346133
      Outputs: {distribution: fixed-structured, density: 0.375}
"""
FLAT = "problem: {C: 256, K: 384, N: 4, P: 13, Q: 13, R: 3, S: 3, Hdilation: 1, Hstride: 1, shape: cnn-layer}"
LAYER3 = Layer(name="layer3", H=15, W=15, C=256, R=3, S=3, F=384, E=13, G=13, batch=4, first=True)

BASE = """\
problem_base_ignore: &problem_base
  version: 0.4
  instance: {N: 1, C: 1, H: 1, W: 1, G: 1, R: 1, S: 1, M: 1, P: 1, Q: 1, Hstride: 1, Wstride: 1}
  shape:
    dimensions: [C, M, R, S, N, P, Q, G]
"""
ON_BASE = """\
{{include_text('../problem_base.yaml')}}
problem:
  <<<: *problem_base
  instance: {C: 3, M: 64, P: 55, Q: 55, R: 11, S: 11, HStride: 4, WStride: 4}

  """


def read(folder: Path, text: str, zeros: float | None = None, name: str = "layer3.yaml") -> Network:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_problems(path, zeros)


@pytest.mark.parametrize(
    "text",
    [
        "problem:\n  version: 0.4\n" + INSTANCE + SHAPE,
        "problem:\n" + SHAPE.replace("_", "-") + INSTANCE,
        "problem:\n" + INSTANCE,
        "---\n# a layer\nproblem:\n" + INSTANCE + "---\n",
        "problem:\n  shape: cnn_layer\n" + INSTANCE.replace("  instance:\n", "").replace("    ", "  "),
        "problem:\n" + INSTANCE + "    H: 13\n    W: 13\n    Hpad: 1\n    Wpad: 1\n    Groups: 1\n    densities: {}\n",
        "problem:\n" + INSTANCE.replace("    Wstride: 1\n", "") + SHAPE,
        "architecture: {version: 0.4}\nproblem:\n" + INSTANCE,
        FLAT,
    ],
)
def test_ways_to_write_the_same(text: str, tmp_path: Path) -> None:
    network = read(tmp_path, text)
    assert (network.name, network.layers) == ("layer3", (LAYER3,))


@pytest.mark.parametrize("place", ["{0}{1}{2}", "{0}{2}{1}"])
def test_densities_are_shares_of_what_is_not_zero(place: str, tmp_path: Path) -> None:
    text = "problem:\n" + place.format(INSTANCE, DENSITIES, "")
    layer = read(tmp_path, text, zeros=0.9).layers[0]
    assert (layer.sparsity_ifmap, layer.sparsity_ofmap) == (0.75, 0.625)
    assert layer.sparsity_filters == pytest.approx(1 - 0.346133)


def test_zeros_stand_for_densities_that_are_not_given(tmp_path: Path) -> None:
    one = read(tmp_path, "problem:\n" + INSTANCE + "    densities: {Inputs: 0.25}\n", zeros=0.9).layers[0]
    assert (one.sparsity_ifmap, one.sparsity_ofmap) == (0.75, 0.9)
    flat = read(tmp_path, FLAT.replace("N: 4", "densities: {Outputs: 0.5}"), zeros=0.9).layers[0]
    assert (flat.sparsity_ifmap, flat.sparsity_ofmap) == (0.9, 0.5)
    beside = parse_problem({"instance": {}, "densities": {"Inputs": 0}}, "beside")
    assert (beside.sparsity_ifmap, beside.sparsity_ofmap) == (1, 0)


def test_p_and_r_lie_along_the_width() -> None:
    layer = parse_problem({"instance": {"P": 10, "R": 5, "Wstride": 2, "Q": 7, "S": 3, "Hstride": 4}}, "wide")
    assert (layer.G, layer.S, layer.V, layer.W) == (10, 5, 2, 23)
    assert (layer.E, layer.R, layer.U, layer.H) == (7, 3, 4, 27)


def test_p_goes_with_the_stride_that_its_shape_gives_it() -> None:
    shape = {
        "data-spaces": [
            {"name": "Weights", "projection": [[["C"]], [["M"]], [["R"]], [["S"]]]},
            {"name": "Inputs", "projection": [[["R", "Hdilation"], ["P", "Hstride"]], [["S"], ["Q", "Wstride"]]]},
            {"name": "Outputs", "projection": [[["M"]], [["P"]], [["Q"]]], "read-write": True},
        ],
        "coefficients": [{"name": "Hstride", "default": 4}, "Wstride"],
    }
    layer = parse_problem({"shape": shape, "instance": {"P": 10, "R": 5, "Q": 7, "S": 3, "Wstride": 2}}, "high")
    assert (layer.E, layer.R, layer.U, layer.H) == (10, 5, 4, 41)
    assert (layer.G, layer.S, layer.V, layer.W) == (7, 3, 2, 15)


def test_groups_have_channels_and_filters_of_their_own() -> None:
    layer = parse_problem({"instance": {"G": 2, "C": 16, "M": 32, "P": 10, "Q": 10, "R": 5, "S": 5}}, "grouped")
    assert (layer.groups, layer.channels, layer.F) == (2, 32, 64)
    assert layer.macs == 2 * 16 * 32 * 10 * 10 * 5 * 5


@pytest.mark.parametrize("named", [True, False])
def test_outputs_with_the_channels_are_depthwise(named: bool) -> None:
    outputs = {"name": "y", "projection": [[["N"]], [["C"]], [["Q"]], [["P"]]], "read_write": True}
    shape: Any = {"dimensions": ["C", "R", "S", "N", "P", "Q"], "data_spaces": [{"name": "w"}, {"name": "x"}, outputs]}
    problem = {"shape": "dw-cnn-layer" if named else shape, "instance": {"C": 16, "P": 9, "Q": 9, "R": 5, "S": 5}}
    layer = parse_problem(problem, "dw")
    assert (layer.groups, layer.C, layer.F, layer.kind) == (16, 1, 16, "conv")
    assert layer.macs == 16 * 9 * 9 * 5 * 5


def test_what_is_not_said_is_1() -> None:
    assert parse_problem({"instance": {"C": 9216, "M": 4096}}, "fc") == Layer.fc("fc", inputs=9216, outputs=4096)


def test_a_layer_list_on_a_base(tmp_path: Path) -> None:
    """As in the lists that come with Timeloop: AlexNet's first layer, its strides with a capital S."""
    (tmp_path / "problem_base.yaml").write_text(BASE)
    (tmp_path / "alexnet").mkdir()
    layer = read(tmp_path / "alexnet", ON_BASE, name="0.yaml").layers[0]
    assert (layer.name, layer.H, layer.U, layer.V, layer.E) == ("0", 227, 4, 4, 55)
    assert layer.macs == 70_276_800


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "vgg"
    folder.mkdir()
    for number in (10, 2, 1):
        (folder / f"layer{number}.yaml").write_text(f"problem: {{M: {number}}}")
    (folder / "README.md").write_text("no YAML")
    network = read_problems(folder)
    assert (network.name, network.names) == ("vgg", ["layer1", "layer2", "layer10"])
    assert [layer.F for layer in network.layers] == [1, 2, 10]
    assert [layer.first for layer in network.layers] == [True, False, False]


def test_the_folder_that_one_is_in_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here.yaml").write_text("problem: {M: 2}")
    monkeypatch.chdir(tmp_path)
    assert read_problems(Path(".")).name == tmp_path.name


def test_several_problems_in_a_file(tmp_path: Path) -> None:
    texts = ("{name: q, M: 1}", "{shape: {name: conv}, M: 2}", "{shape: {name: conv}, M: 3}", "{M: 4}")
    network = read(tmp_path, "---\n".join(f"problem: {text}\n" for text in texts), name="net.yaml")
    assert (network.name, network.names) == ("net", ["q", "conv", "conv_2", "net"])
    assert [layer.F for layer in network.layers] == [1, 2, 3, 4]


sizes = st.integers(1, 60)


@given(
    instance=st.fixed_dictionaries({}, optional=dict.fromkeys([*"CMPQRSNG", "Wstride", "Hstride"], sizes)),
    zeros=st.floats(0, 1),
)
def test_the_macs_and_the_ifmap_are_those_of_the_problem(instance: dict[str, int], zeros: float) -> None:
    layer = parse_problem({"instance": instance}, "any", zeros)
    C, M, P, Q, R, S, N, G, V, U = (instance.get(name, 1) for name in [*"CMPQRSNG", "Wstride", "Hstride"])
    assert layer.macs * layer.batch == G * C * M * P * Q * R * S * N
    assert layer.ofmap_size == G * M * P * Q
    # the last window starts at the last output
    assert layer.ifmap_size == G * C * ((P - 1) * V + R) * ((Q - 1) * U + S)
    assert (layer.sparsity_ifmap, layer.sparsity_ofmap) == (zeros, zeros)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; expected a Timeloop problem in YAML"),
        ("- 1", "nothing under a key 'problem'; expected a Timeloop problem in YAML"),
        ("architecture: {}", "nothing under a key 'problem'"),
        ("problem: cnn-layer", "nothing under a key 'problem'"),
        ("problem: {M: 2}\n---\nproblem: {M: 0}", ", document 2: M is 0; expected a whole number from 1 to 2147483647"),
        ("problem:\n  C: [1\n", r", line 3: expected ',' or '\]', but got .*; expected a Timeloop problem in YAML"),
        ("problem: !Component {C: 1}", "line 1: could not determine a constructor for the tag '!Component'; expected"),
        ("problem: {C: 2020-13-45}", "month must be in 1..12; expected a Timeloop problem in YAML"),
        ("problem: {C: " + "[" * 5000, "recursion depth exceeded.*; expected a Timeloop problem in YAML"),
        ("problem: {C: {{channels}}}", "is a template for Jinja; expected plain YAML"),
        ("{{include_text('base.yaml')}}\nproblem: {}", r"base.yaml cannot be read \(No such file or directory\)"),
        ("problem: {instance: [1, 2]}", r"instance is \[1, 2\]; expected sizes by the names of dimensions"),
        ("problem: {shape: gemm_ABZ}", "shape is 'gemm_ABZ'; expected cnn-layer, dw-cnn-layer, or a mapping"),
        ("problem: {shape: {dimensions: [M, N, K]}}", r"dimensions are \['M', 'N', 'K'\]; expected those of a conv"),
        ("problem: {shape: {dimensions: [C, T, [F]]}}", r"dimensions are \['C', 'T', \['F'\]\]; expected those"),
        ("problem: {shape: {dimensions: C}}", "dimensions of the shape is 'C'; expected a list"),
        ("problem: {shape: {data_spaces: [{}, {}]}}", "2 data spaces; expected 3, as Inputs, Weights, Outputs"),
        ("problem: {shape: {data-spaces: [{projection: [[[P, D]]]}, {}, {}]}}", "P is projected with 'D'; expected"),
        ("problem: {shape: {coefficients: [{name: D}]}}", "coefficient 'D' is unknown; expected Wstride, Hstride, "),
        ("problem: {shape: {coefficients: [{name: Wstride, default: x}]}}", "Wstride is 'x'; expected a whole number"),
        ("problem: {c: 3}", "'c' is no size of a convolution; expected C, M, R, S, P, Q, N, G, Wstride, "),
        ("problem: {M: 3, K: 3}", "both M and K are there; expected one"),
        ("problem: {Wdilation: 2}", "Wdilation is 2; expected 1"),
        ("problem: {Groups: 2}", "Groups is 2; expected 1"),
        ("problem: {P: yes}", "P is True; expected a whole number from 1 to 2147483647"),
        ("problem: {P: 5.5}", "P is 5.5; expected a whole number"),
        ("problem: {P: 2000000000, Wstride: 2}", r"layer wrong: W \(ifmap_padded_width\) is 3999999999; expected"),
        ("problem: {densities: 0.5}", "densities are 0.5; expected some of Inputs, Weights, Outputs"),
        ("problem: {densities: {A: 0.5}}", "densities are {'A': 0.5}; expected some of Inputs, Weights, Outputs"),
        ("problem: {densities: {Inputs: 2}}", "density of Inputs is 2; expected a number from 0 to 1"),
        ("problem: {densities: {Outputs: {}}}", "density of Outputs is {}; expected a number from 0 to 1"),
    ],
)
def test_what_is_no_problem_is_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=message) as refused:
        read(tmp_path, text, name="wrong.yaml")
    assert str(refused.value).startswith(str(tmp_path / "wrong.yaml"))
    assert "\n" not in str(refused.value)


def test_lines_of_a_file_that_includes_another_are_of_both(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("a: 1\nb: 2\n")
    with pytest.raises(NetworkError, match=r"with\.yaml with what it includes, line 4: "):
        read(tmp_path, "{{include_text('base.yaml')}}\nproblem: }", name="with.yaml")


@pytest.mark.parametrize("zeros", [-0.1, 1.1, float("nan")])
def test_a_share_of_zeros_is_one(zeros: float, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"layer3\.yaml: layer layer3: sparsity_ifmap .*expected a fraction of"):
        read(tmp_path, FLAT, zeros)


def test_a_folder_without_problems_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"no file \*\.yaml in this folder; expected a Timeloop problem in YAML"):
        read_problems(tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"none\.yaml: cannot be read .*expected a Timeloop problem in YAML"):
        read_problems(tmp_path / "none.yaml")


def test_pyyaml_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(NetworkError, match=r"layer3\.yaml: PyYAML is not installed; expected pip install pyyaml"):
        read(tmp_path, FLAT)
