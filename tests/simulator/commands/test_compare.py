"""``python -m simulator compare``: two runs side by side."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.comparison.run_file import RunFileError, read_run
from tests.simulator.commands.calls import NETWORK, rows_of, simulator


def test_compare_reads_runs_from_files_or_makes_them(network: str, tmp_path: Path) -> None:
    h5, js = str(tmp_path / "run.h5"), str(tmp_path / "run.json")
    assert simulator("run", network, "--out", h5, "--json", js).returncode == 0
    for a, b in ((h5, js), (js, network), (f"'{network}' --engine detailed", h5)):
        compared = json.loads(simulator("compare", a, b, "--json", "-").stdout)
        assert [layer["layer"] for layer in compared["layers"]] == ["A", "B", "C"]
        for entry in compared["total"]:
            assert entry["a"] == pytest.approx(entry["b"], rel=1e-12)


def test_compare_says_which_effects_make_the_difference(network: str) -> None:
    compared = json.loads(simulator("compare", network, f"{network} --bits 8 --seed 3", "--json", "-").stdout)
    assert (compared["a"]["bits"], compared["b"]["bits"]) == (16, 8)
    for layer in (*compared["layers"], {"differences": compared["total"]}):
        for entry in layer["differences"]:
            magnitude = max(abs(entry["a"]), abs(entry["b"]))
            assert abs(entry["b"] - entry["a"] - sum(entry["effects"].values())) <= 1e-9 * magnitude
            assert abs(entry["residual"]) <= 1e-9 * magnitude
    by_name = {entry["quantity"]: entry for entry in compared["total"]}
    assert "closed forms" in by_name["dram_filter_bits"]["effects"]


def test_compare_of_other_networks_compares_all_layers_together(network: str) -> None:
    shown = simulator("compare", f"{network} --layers A,B", f"{network} --layers B,C")
    assert shown.returncode == 0, shown.stderr
    compared = json.loads(
        simulator("compare", f"{network} --layers A,B", f"{network} --layers B,C", "--json", "-").stdout
    )
    assert (compared["only_in_a"], compared["only_in_b"]) == (["A"], ["C"])
    rows = rows_of(simulator("compare", network, network, "--csv", "-").stdout)
    assert {row["layer"] for row in rows} == {"A", "B", "C", ""}
    assert all(float(row["difference"]) == 0 for row in rows)


@pytest.mark.parametrize(
    ("a", "said"),
    [
        ("nonet", "A is 'nonet': nonet: no such network"),
        ("alexnet --json -", "No such option '--json'"),
        ("alexnet --bits 12", "'12' is not one of '8', '16'"),
        ("alexnet 'C1", "No closing quotation"),
        ("none.json", "none.json: cannot be read (No such file"),
    ],
)
def test_compare_refuses_in_one_line_what_is_no_run(a: str, said: str) -> None:
    result = simulator("compare", a, "alexnet")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    assert said in result.stderr


def damaged(record: dict[str, Any], *path: str | int, value: Any = None) -> dict[str, Any]:
    """The record with one value replaced, or, by default, taken out."""
    *way, last = path
    part: Any = record
    for step in way:
        part = part[step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return record


DAMAGE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no run": lambda _: {},
    "a list": lambda _: [],
    "no layers": lambda run: damaged(run, "layers", value=[]),
    "no seed": lambda run: damaged(run, "seed"),
    "no hardware": lambda run: damaged(run, "hardware", "name"),
    "no images": lambda run: damaged(run, "layers", 0, "images", value=0),
    "PEs in words": lambda run: damaged(run, "layers", 0, "active_pes", value="many"),
    "no energies": lambda run: damaged(run, "layers", 0, "energy_J_by"),
    "another energy": lambda run: damaged(run, "layers", 0, "energy_J_by", "love", value=1.0),
    "no latency": lambda run: damaged(run, "layers", 0, "crosscheck", -3),
    "an effect in words": lambda run: damaged(run, "layers", 0, "crosscheck", 1, "effects", value={"a": "b"}),
    "a count without end": lambda run: damaged(run, "layers", 0, "crosscheck", 0, "simulated", value=float("inf")),
    "a large count": lambda run: damaged(run, "layers", 0, "crosscheck", 0, "simulated", value=10**400),
    "two of a name": lambda run: damaged(run, "layers", 1, "layer", value="A"),
    "a number for a name": lambda run: damaged(run, "layers", 1, "layer", value=3),
    "no energy's cross-check": lambda run: damaged(run, "layers", 0, "crosscheck_energy_J_by", "total"),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("run") / "small.csv"
    path.write_text(NETWORK)
    record: dict[str, Any] = json.loads(simulator("run", str(path), "--json", "-").stdout)
    return record


@pytest.mark.parametrize("damage", DAMAGE)
def test_compare_refuses_files_that_are_no_runs(damage: str, recorded: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(DAMAGE[damage](copy.deepcopy(recorded))))
    with pytest.raises(RunFileError, match="expected the JSON or HDF5 file of a run") as refused:
        read_run(str(path))
    assert str(refused.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("name", "content"), [("text.json", b"no JSON"), ("deep.json", b"[" * 200_000), ("cut.h5", b"\x89HDF\r\n\x1a\n")]
)
def test_compare_refuses_files_that_cannot_be_read(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = simulator("compare", str(path), "alexnet")
    assert result.returncode == 2
    assert result.stderr == f"error: {path}: is not a run; expected the JSON or HDF5 file of a run (--json, --out)\n"


def test_compare_keeps_the_files_that_it_reads(network: str, tmp_path: Path) -> None:
    for output in ("--csv", "--json"):
        result = simulator("compare", f"{network} --bits 8", network, output, network)
        assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert Path(network).read_text() == NETWORK
    assert list(tmp_path.iterdir()) == [Path(network)]


def test_a_network_may_be_called_like_json(network: str, tmp_path: Path) -> None:
    Path(network).rename(tmp_path / "[1].csv")
    out = str(tmp_path / "run.h5")
    assert simulator("run", str(tmp_path / "[1].csv"), "--out", out).returncode == 0
    assert json.loads(simulator("compare", out, out, "--json", "-").stdout)["a"]["network"] == "[1]"


def test_compare_sets_one_mapping_beside_the_other() -> None:
    c3 = "alexnet --layers C3 --batch 1"
    result = simulator("compare", c3, f"{c3} --mapping eyeriss", "--json", "-")
    total = json.loads(result.stdout)["total"]
    assert json.loads(result.stdout)["mapping_changes"] == []
    assert "another mapping" in {effect for entry in total for effect in entry["effects"]}
    assert all(abs(entry["residual"]) <= 1e-9 * max(entry["a"], entry["b"]) for entry in total)


def test_compare_says_which_numbers_of_a_mapping_differ(network: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text("[layers.A]\nm = 8\nn = 2\ne = 13\np = 4\nq = 3\nr = 1\nt = 2\n")
    other = tmp_path / "other.toml"
    other.write_text(path.read_text().replace("q = 3", "q = 1").replace("m = 8", "m = 4").replace("t = 2", "t = 1"))
    sides = f"{network} --mapping-file {path}", f"{network} --mapping-file {other}"
    result = simulator("compare", *sides, "--crosscheck")
    assert "Layers whose mappings differ: 1; --crosscheck tells how." in simulator("compare", *sides).stdout
    assert "Mapping of A: m 8 -> 4, q 3 -> 1, t 2 -> 1" in result.stdout
    assert "Equal in all: B, C." in result.stdout
