"""``python -m simulator run``, as programs and people call it."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from analytical.hardware import EYERISS_16BIT
from tests.simulator.commands.calls import NETWORK, rows_of, simulator
from traces.convolution import convolve_plainly

COLUMNS = [
    "layer",
    "images",
    "macs",
    "nonzero_macs",
    "active_pes",
    "processing_cycles",
    "total_cycles",
    "compute_pe_cycles",
    "gated_pe_cycles",
    "stall_pe_cycles",
    "idle_pe_cycles",
    "rf_ifmap_reads",
    "rf_filter_reads",
    "rf_psum_reads",
    "rf_psum_writes",
    "inter_pe_psums",
    "glb_ifmap_fills",
    "glb_ifmap_reads",
    "glb_filter_reads",
    "glb_psum_reads",
    "glb_psum_writes",
    "glb_ofmap_drains",
    "dram_ifmap_bits",
    "dram_filter_bits",
    "dram_ofmap_bits",
    "energy_J",
    "energy_without_control_J",
    "analytical_energy_J",
]
"""What scripts outside the project read."""


def test_reuse_is_a_table_and_a_field(network: str, tmp_path: Path) -> None:
    shown = simulator("run", network, "--reuse")
    assert shown.returncode == 0
    assert shown.stdout.startswith("Data reuse: uses of a value at a level")
    path = tmp_path / "run.json"
    assert simulator("run", network, "--json", str(path)).returncode == 0
    for layer in json.loads(path.read_text())["layers"]:
        reuse = layer["reuse"]["ifmap"]
        product = reuse["a"] * reuse["b"] * reuse["c"] * reuse["d"]
        assert product == pytest.approx(layer["rf_ifmap_reads"] / reuse["unique"])


def test_a_hardware_file_may_skip(network: str, tmp_path: Path) -> None:
    chip = tmp_path / "skip.toml"
    chip.write_text('gate = "both"\nskip = "both"\nfilter_code = "rlc"\nfmap_code = "best"\n')
    fast, detailed = (
        simulator("run", network, "--hardware", str(chip), "--engine", engine, "--verify", "--csv", "-")
        for engine in ("fast", "detailed")
    )
    assert (fast.returncode, fast.stdout) == (0, detailed.stdout)
    for row in rows_of(fast.stdout):
        parts = (row["compute_pe_cycles"], row["gated_pe_cycles"], row["skipped_macs"])
        assert sum(map(int, parts)) == int(row["macs"])
        assert int(row["skipped_macs"]) > 0 == int(row["gated_pe_cycles"])
    chip.write_text('skip = "all"\n')
    refused = simulator("run", network, "--hardware", str(chip), "--csv", str(tmp_path / "out.csv"))
    assert refused.returncode == 2
    assert refused.stderr == f"error: {chip}: hardware skip: skip is all; expected none, ifmap or both\n"
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("bits", ["8", "16"])
def test_csv_has_every_column_and_both_engines_write_the_same(network: str, bits: str) -> None:
    fast, detailed = (
        simulator("run", network, "--bits", bits, "--engine", engine, "--csv", "-") for engine in ("fast", "detailed")
    )
    assert (fast.returncode, fast.stderr) == (0, "")
    assert fast.stdout == detailed.stdout
    rows = rows_of(fast.stdout)
    assert list(rows[0])[: len(COLUMNS)] == COLUMNS
    for row in rows:
        classes = sum(int(row[f"{name}_pe_cycles"]) for name in ("compute", "gated", "stall", "idle"))
        assert classes == EYERISS_16BIT.pes * int(row["processing_cycles"])


def test_json_says_all_that_a_run_depends_on(network: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert simulator("run", network, "--seed", "5", "--batch", "4", "--json", str(path)).returncode == 0
    record = json.loads(path.read_text())
    assert (record["network"], record["bits"], record["mapping"], record["engine"], record["seed"]) == (
        "small",
        16,
        "cnnergy",
        "fast",
        5,
    )
    assert record["hardware"]["J"] == 12
    assert record["version"]
    for layer in record["layers"]:
        assert set(COLUMNS) <= set(layer)
        assert layer["images"] == 4
        assert sum(layer["stalls"].values()) == layer["stall_pe_cycles"]
        assert sum(layer["dram_wait_cycles"].values()) == layer["total_cycles"] - layer["processing_cycles"]
        for energy in ("energy_J", "analytical_energy_J"):
            assert list(layer[f"{energy}_by"]) == ["mac", "rf", "inter_pe", "glb", "dram", "clock", "other_control"]
            assert sum(layer[f"{energy}_by"].values()) == pytest.approx(layer[energy])
    assert record["total"]["energy_J"] == pytest.approx(sum(layer["energy_J"] for layer in record["layers"]))
    per_image = record["total"]["per_image"]
    assert per_image["macs"] == sum(layer["macs"] / layer["images"] for layer in record["layers"])
    assert all("ofmap_bias" in layer for layer in record["layers"])


def test_a_file_keeps_columns_settings_and_tensors(network: str, tmp_path: Path) -> None:
    out, table = tmp_path / "run.h5", tmp_path / "run.csv"
    result = simulator("run", network, "--out", str(out), "--tensors", "--csv", str(table), "--verify")
    assert result.returncode == 0
    assert "bit for bit" in result.stderr
    rows = rows_of(table.read_text())
    with h5py.File(out) as file:
        assert list(file) == ["A", "B", "C"]
        assert file.attrs["bits"] == 16
        assert json.loads(file.attrs["hardware"])["J"] == 12
        assert file.attrs["version"]
        assert file.attrs["seed"] == 0
        assert file.attrs["mapping"].decode() == "cnnergy"
        for name, row, U, groups in zip("ABC", rows, (1, 2, 1), (1, 2, 1), strict=True):
            group = file[name]
            found = {column: group.attrs[column] for column in COLUMNS}
            said = {c: v.decode() if isinstance(v, bytes) else str(v) for c, v in found.items()}
            assert said == {column: row[column] for column in COLUMNS}
            ifmap, filters, ofmap = (group[tensor][()] for tensor in ("ifmap", "filters", "ofmap"))
            E, G = ofmap.shape[2:]
            expected = convolve_plainly(ifmap, filters, stride=U, groups=groups, E=E, G=G)
            assert np.array_equal(ofmap, expected)
            assert ifmap.dtype == filters.dtype == np.int16
    assert {path.name for path in tmp_path.iterdir()} == {"small.csv", "run.h5", "run.csv"}


def test_a_layer_alone_is_the_layer_of_the_whole_run(network: str) -> None:
    whole, alone = (rows_of(simulator("run", network, "--csv", "-", *more).stdout) for more in ([], ["--layers", "B"]))
    assert alone == [whole[1]]


def test_the_seed_changes_values_and_nothing_else(network: str) -> None:
    first, again, other = (
        rows_of(simulator("run", network, "--seed", seed, "--csv", "-").stdout) for seed in ("1", "1", "2")
    )
    assert first == again
    assert first[0]["processing_cycles"] == other[0]["processing_cycles"]
    assert first[1]["nonzero_macs"] != other[1]["nonzero_macs"]


@pytest.mark.parametrize("accounting", ["cnnergy", "chip", "full"])
def test_the_report_fits_a_terminal_and_says_what_was_not_charged(network: str, accounting: str) -> None:
    result = simulator("run", network, "--accounting", accounting, "--crosscheck")
    assert (result.returncode, result.stderr) == (0, "")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "…" not in result.stdout
    assert ("Counted, but not charged" in result.stdout) == (accounting != "full")


def test_names_of_googlenet_fit_too() -> None:
    result = simulator("run", "googlenet", "--layers", "I5b_3x3_reduce,I5b_5x5", "--batch", "1")
    assert "I5b_3x3_reduce" in result.stdout
    assert "…" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "alexnet", "--engine", "quick"], "'quick' is not one of"),
        (["run", "alexnet", "--layers", "C9"], "no layer 'C9'; expected some of C1, C2"),
        (["run", "alexnet", "--batch", "0"], "'--batch': 0 is not in the range"),
        (["run", "alexnet", "--seed", "-1"], "'--seed': -1 is not in the range"),
        (["run", "alexnet", "--tensors"], "--tensors is given without --out"),
        (["run", "alexnet", "--out", "-"], "--out is -"),
        (["run", "alexnet", "--out", "nowhere/run.h5"], "nowhere/run.h5: cannot be written"),
        (["run", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["run", "alexnet", "--mapping", "best"], "'best' is not one of"),
        (["run", "alexnet", "--mapping-file", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["run", "alexnet", "--mapping", "cnnergy", "--mapping-file", "m.toml"], "expected --mapping eyeriss, or none"),
        (["run", "alexnet", "--save-mapping", "m.toml"], "--save-mapping is given with --mapping cnnergy"),
        (["run", "\u0001.csv"], "cannot be read"),
        (["validate", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["validate", "--mapping-file", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    result = simulator(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_layer_that_cannot_be_mapped_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    path, out = tmp_path / "tall.csv", tmp_path / "out.csv"
    path.write_text(NETWORK + "D,conv,1,15,0,4,13,8,1,3,0.3,0.5,2\n")
    result = simulator("run", str(path), "--csv", str(out))
    assert result.returncode == 2
    assert "layer D cannot be mapped" in result.stderr
    assert "J >= 13 and I_s >= 13 would fit it" in result.stderr
    assert not out.exists()


def test_a_run_does_not_write_over_what_it_reads(network: str) -> None:
    result = simulator("run", network, "--csv", network)
    assert result.returncode == 2
    assert "has another part in this run" in result.stderr
    assert Path(network).read_text() == NETWORK


def test_help_teaches() -> None:
    result = simulator("run", "--help")
    assert result.returncode == 0
    for word in ("python -m simulator run alexnet", "--verify", "--engine", "standard output", "googlenet"):
        assert word in result.stdout


def test_json_has_the_cross_check_of_every_column_and_every_part(network: str) -> None:
    run = json.loads(simulator("run", network, "--json", "-").stdout)
    parts = {"mac", "rf", "inter_pe", "glb", "dram", "clock", "other_control", "without_control", "total"}
    for layer in run["layers"]:
        entries = {entry["count"]: entry for entry in layer["crosscheck"]}
        on_one_side = {"glb_ifmap_fills", "glb_ofmap_drains"}
        counted = {name for name in COLUMNS if name.startswith(("rf_", "inter_", "dram_", "glb_"))}
        assert counted - on_one_side <= set(entries)
        assert {"macs", "nonzero_macs", "total_cycles", "energy_J", "energy_without_control_J"} <= set(entries)
        for name, entry in entries.items():
            assert entry["simulated"] == pytest.approx(layer[name], rel=1e-12)
            assert entry["unit"] in ("MACs", "16-bit words", "bits", "cycles", "J/image")
            assert sum(entry["effects"].values()) == pytest.approx(
                entry["simulated"] - entry["analytical"], rel=1e-9, abs=1e-9 * abs(entry["simulated"])
            )
            assert abs(entry["residual"]) <= (1e-9 * entry["simulated"] if entry["unit"] == "J/image" else 0)
            sizes = [abs(effect) for effect in entry["effects"].values()]
            assert sizes == sorted(sizes, reverse=True)
        assert entries["energy_J"]["analytical"] == pytest.approx(layer["analytical_energy_J"], rel=1e-12)
        assert set(layer["crosscheck_energy_J_by"]) == parts
        for part, joules in layer["energy_J_by"].items():
            assert layer["crosscheck_energy_J_by"][part]["simulated"] == joules
    assert {entry["count"] for entry in run["total"]["crosscheck"]} == set(entries)


def test_a_person_reads_why_the_sides_differ_if_asked_for_and_the_sums_last(network: str) -> None:
    shown = simulator("run", network, "--crosscheck").stdout
    cross_check = shown[shown.index("Cross-check of one image") :]
    for said in ("nonzero_macs", "where the zeros are +", "glb_psum_writes", "clock, uJ", "all layers", "residual"):
        assert said in cross_check
    assert "No residual: all 69 quantities are explained.\n" in cross_check
    assert shown.splitlines()[-2].startswith("One image: ")
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_mappings_that_were_saved_run_again(network: str, tmp_path: Path) -> None:
    saved, again = tmp_path / "saved.toml", tmp_path / "again.toml"
    out = tmp_path / "run.h5"
    first = simulator(
        "run",
        network,
        "--mapping",
        "eyeriss",
        "--save-mapping",
        str(saved),
        "--csv",
        "-",
        "--out",
        str(out),
        "--verify",
    )
    assert first.returncode == 0
    assert "the cross-check has no residual" in first.stderr
    second = simulator("run", network, "--mapping-file", str(saved), "--save-mapping", str(again), "--csv", "-")
    assert second.stdout == first.stdout
    assert "# found" in saved.read_text()
    assert again.read_text().count("# file") == 3
    with h5py.File(out) as file:
        assert file.attrs["mapping"].decode() == "eyeriss"
        mappings = json.loads(file.attrs["mappings"])
    assert list(mappings) == ["A", "B", "C"]
    assert all(chosen["origin"] == "found" and chosen["weighed"] > 0 for chosen in mappings.values())


def test_a_mapping_file_may_leave_layers_to_the_mapper(network: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text("[layers.A]\nm = 8\nn = 2\ne = 13\np = 4\nq = 3\nr = 1\nt = 2\n")
    result = simulator("run", network, "--mapping-file", str(path), "--json", "-")
    origins = {name: chosen["origin"] for name, chosen in json.loads(result.stdout)["mappings"].items()}
    assert origins == {"A": "file", "B": "found", "C": "found"}
    path.write_text(path.read_text().replace("layers.A", "layers.Z"))
    refused = simulator("run", network, "--mapping-file", str(path))
    assert refused.returncode == 2
    assert f"{path}: network {Path(network).stem} has no layer 'Z'; expected some of A, B, C" in refused.stderr
    path.write_text(path.read_text().replace("layers.Z", "layers.A").replace("q = 3", "q = 30"))
    refused = simulator("run", network, "--mapping-file", str(path))
    assert refused.returncode == 2
    assert f"{path}: layer A cannot be mapped so: q*S is 90; expected at most the 12 words" in refused.stderr


def test_a_person_reads_which_mapping_was_used(network: str) -> None:
    result = simulator("run", network, "--mapping", "eyeriss")
    assert "mapping eyeriss" in result.stdout.splitlines()[0]
    assert "weighed" in result.stdout
    assert "another mapping" in " ".join(result.stdout.split())
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_what_is_saved_can_be_read_whatever_the_names(network: str, tmp_path: Path) -> None:
    odd, saved = tmp_path / "a\n\x7f\u00e9.csv", tmp_path / "saved.toml"
    odd.write_text(Path(network).read_text())
    first = simulator(
        "run", str(odd), "--mapping", "eyeriss", "--layers", "C", "--save-mapping", str(saved), "--csv", "-"
    )
    assert first.returncode == 0
    again = simulator("run", str(odd), "--mapping-file", str(saved), "--layers", "C", "--csv", "-")
    assert (again.returncode, again.stdout) == (0, first.stdout)
