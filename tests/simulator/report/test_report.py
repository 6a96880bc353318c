"""The page: what its diagrams show is what the run says, and it asks nobody for anything."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import simulator
from analytical.files.seal import trusted
from simulator.charts import rows as run_data
from simulator.charts.draw import TITLES, ChartError, chart, picture
from simulator.charts.rows import DATA, RunData, changes, table
from simulator.report.page import load_runs, page
from tests.commands import command


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("runs")
    paths = str(folder / "wide.json"), str(folder / "narrow.h5")
    simulator.run("alexnet", layers=["C3", "FC7"], batch=1).to_json(paths[0])
    simulator.run("alexnet", layers=["C3", "FC7"], batch=2, bits=8).to_hdf5(paths[1])
    return paths


@pytest.fixture
def runs(files: tuple[str, str]) -> list[RunData]:
    return load_runs(*files)


def sums(rows: list[dict[str, Any]], value: str, **only: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in rows:
        if all(row[name] == said for name, said in only.items()):
            found[row["layer"]] = found.get(row["layer"], 0.0) + row[value]
    return found


def test_diagrams_have_the_run_s_figures(runs: list[RunData]) -> None:
    for run in runs:
        for layer in run.layers:
            name, images = layer["layer"], layer["images"]
            energies = run_data.energy(run)
            assert sums(energies, "mJ", side="machine")[name] == pytest.approx(layer["energy_J"] * 1e3)
            assert sums(energies, "mJ", side="model")[name] == pytest.approx(layer["analytical_energy_J"] * 1e3)
            assert sums(run_data.states(run), "share")[name] == pytest.approx(100)
            total_ms = layer["total_cycles"] / 200e6 / images * 1e3
            assert sums(run_data.latency(run), "ms")[name] == pytest.approx(total_ms)
            (point,) = [row for row in run_data.roofline(run) if row["layer"] == name]
            bits = layer["dram_ifmap_bits"] + layer["dram_filter_bits"] + layer["dram_ofmap_bits"]
            assert point["MACs a byte"] == pytest.approx(layer["macs"] / (bits / 8))
            # nothing is above what the link and the PEs at work allow
            assert point["MACs a cycle"] <= point["roof"] <= point["PEs at work"] <= point["PEs"] == 168
            megabytes = {row["level"]: row["MB"] for row in run_data.traffic(run) if row["layer"] == name}
            assert megabytes["DRAM"] == pytest.approx(bits / 8e6 / images)
            assert megabytes["inter-PE"] == pytest.approx(layer["inter_pe_psums"] * layer["bits"] / 8e6 / images)
        more = sum(layer["energy_J"] - layer["analytical_energy_J"] for layer in run.layers) * 1e3
        assert sum(row["mJ"] for row in run_data.effects(run)) == pytest.approx(more)


def test_what_changed_between_two_runs(runs: list[RunData]) -> None:
    rows = changes(*runs)
    assert [row["layer"] for row in rows] == ["C3", "FC7"]
    for row in rows:
        first, second = (next(r for r in table(run) if r["layer"] == row["layer"]) for run in runs)
        assert row["mJ, %"] == pytest.approx(100 * (second["mJ"] / first["mJ"] - 1))
        assert row["mJ, second"] < row["mJ, first"]


@pytest.mark.parametrize("panel", [panel for panel in TITLES if panel != "time"])
def test_every_diagram_is_drawn_of_its_rows(panel: str, runs: list[RunData]) -> None:
    for some in (runs[:1], runs):
        spec = chart(panel, some).to_dict()
        assert spec["title"] == TITLES[panel]
        rows = [row for run in some for row in DATA[panel](run)]
        layers = json.dumps(spec)
        assert all(json.dumps(row["layer"])[1:-1] in layers for row in rows if "layer" in row)
        assert picture(panel, some, "svg").startswith(b"<svg")
    assert picture(panel, runs, "png").startswith(b"\x89PNG")


def test_what_happens_over_time_has_a_diagram_where_a_run_kept_it(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    done = command(
        *("simulator", "run", "alexnet", "--layers", "C5", "--batch", "2", "--json", str(path), "--series", "50")
    )
    assert done.returncode == 0
    assert "wrote" in done.stderr
    (run,) = load_runs(str(path))
    rows = run_data.over_time(run)
    assert len(rows) == 50
    (layer,) = run.layers
    whole = layer["total_cycles"]
    for name, cycles in (
        ("works", layer["processing_cycles"]),
        ("waits: data", layer["dram_wait_cycles"]["data"]),
        ("waits: room", layer["dram_wait_cycles"]["room"]),
        ("waits: write back", layer["dram_wait_cycles"]["write_back"]),
    ):
        assert sum(row[name] for row in rows) / 50 == pytest.approx(100 * cycles / whole, abs=0.02)
    link = sum(row[f"link: {name}"] for row in rows for name in ("filter", "ifmap", "ofmap")) / 50
    assert link == pytest.approx(100 * layer["dram_busy_cycles"] / whole, abs=0.02)
    assert all(
        sum(row[name] for name in row if name.startswith("waits") or name == "works") == pytest.approx(100, abs=0.1)
        for row in rows
    )
    assert "chart-time" in page([run])
    assert picture("time", [run], "svg").startswith(b"<svg")
    alone = simulator.run("alexnet", layers=["FC8"], batch=1).plot
    with pytest.raises(ChartError, match="the run has no series; expected one that was written with --series"):
        chart("time", [alone._run])
    refused = command("simulator", "run", "alexnet", "--series", "50")
    assert (refused.returncode, refused.stderr) == (
        2,
        "error: --series is given without --json; expected a file for it\n",
    )


def test_the_page_is_one_file_that_needs_no_network(runs: list[RunData]) -> None:
    text = page(runs)
    assert len(text.encode()) < 2_000_000
    assert "default-src 'none'" in text
    # nothing is fetched: no element refers to anything outside
    elements = text[: text.index("<script>")]
    assert not re.search(r"<(link|img|iframe|script)\b|\bsrc=|\bhref=", elements)
    for run in runs:
        assert run.name in text
    assert "What changed from wide.json to narrow.h5" in text
    assert text.count('class="sorts"') == 2
    assert text.count("</script>") == text.count("<script>") == 2
    assert "What changed" not in page(runs[:1])


def test_names_are_text_and_never_code(files: tuple[str, str], tmp_path: Path) -> None:
    record = json.loads(Path(files[0]).read_text())
    evil = "</script><script>alert(1)</script>"
    record["network"] = record["layers"][0]["layer"] = evil
    path = tmp_path / "evil.json"
    path.write_text(json.dumps(record))
    # who changed a file on purpose says so
    with trusted():
        text = page(load_runs(str(path)))
    assert text.count("</script>") == 2
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in text


def report(*arguments: str) -> CompletedProcess[str]:
    return command("simulator", "report", *arguments)


def test_the_command_writes_a_page_and_pictures(files: tuple[str, str], tmp_path: Path) -> None:
    out, svg = tmp_path / "report.html", tmp_path / "latency.svg"
    done = report(*files, "--out", str(out), "--panel", "latency", "--svg", str(svg))
    assert done.returncode == 0, done.stderr
    assert out.read_text().startswith("<!doctype html>")
    assert TITLES["latency"] in svg.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.json", "--out", "a.html"], "nowhere.json: cannot be read"),
        ([], "Missing argument 'RUN'"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    done = report(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_bad_names_and_files_are_refused(files: tuple[str, str], tmp_path: Path) -> None:
    for arguments, message in (
        ([files[0]], "none of --out, --svg and --png is given; expected a file for the report"),
        ([files[0], "--out", "report.pdf"], "--out is report.pdf; expected a name that ends in .html"),
    ):
        done = report(*arguments)
        assert (done.returncode, done.stderr) == (2, f"error: {message}\n")
    record = json.loads(Path(files[0]).read_text())
    del record["layers"][1]["dram_wait_cycles"]
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(record))
    done = report(str(path), "--out", str(tmp_path / "a.html"), "--trust")
    assert done.returncode == 2
    assert "damaged.json: layer FC7 has no dram_wait_cycles" in done.stderr
    assert not (tmp_path / "a.html").exists()
    with pytest.raises(ChartError, match="panel is 'pie'; expected energy, states"):
        chart("pie", load_runs(files[0]))


def without_columns(record: dict[str, Any]) -> None:
    del record["hardware"]["K"]


def other_effects(record: dict[str, Any]) -> None:
    record["layers"][0]["crosscheck_energy_J_by"]["total"] = 3


def other_series(record: dict[str, Any]) -> None:
    record["layers"][1]["series"] = {"array": 3, "link": {}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_columns, "roofline cannot be shown (KeyError: 'K'); expected a run's file as written"),
        (other_effects, "layers.0.crosscheck_energy_J_by.total: Input should be a valid dictionary"),
        (other_series, "over_time cannot be shown (TypeError: "),
    ],
)
def test_a_changed_run_that_is_trusted_may_lack_anything(
    change: Callable[[dict[str, Any]], None], said: str, files: tuple[str, str], tmp_path: Path
) -> None:
    record = json.loads(Path(files[0]).read_text())
    change(record)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(record))
    done = report(str(path), "--out", str(tmp_path / "a.html"), "--trust")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"changed.json: {said}" in done.stderr


def test_names_of_files_say_what_is_written(files: tuple[str, str]) -> None:
    for asked, said in (
        (["--svg", "energy.png"], "--svg is energy.png; expected a name that ends in .svg"),
        (["--png", "energy.svg"], "--png is energy.svg; expected a name that ends in .png"),
        (["--out", "x.html", "--panel", "energy"], "--panel is given without --svg and --png; expected a file for"),
    ):
        refused = report(files[0], *asked)
        assert refused.returncode == 2
        assert refused.stderr.startswith(f"error: {said}")
        assert refused.stderr.count("\n") == 1
