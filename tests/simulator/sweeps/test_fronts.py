"""Fronts: what no other point beats, and what a field does, all else alike."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import analytical
from analytical.files.seal import trusted
from analytical.sweeps.grid import grid_of
from analytical.terminal.outputs import as_csv
from simulator.charts.fronts import front_chart, picture
from simulator.sweeps.file import SweepFile, read_sweep
from simulator.sweeps.fronts import FrontError, Fronts, fronts, kinds_of
from simulator.sweeps.journal import SweepError
from simulator.sweeps.sweep import sweep
from simulator.sweeps.table import NEEDED, read_sweep_csv
from tests.simulator.commands.calls import NETWORK


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> SweepFile:
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "small.csv").write_text(NETWORK)
    grid = grid_of(
        {"networks": str(folder / "small.csv"), "hardware": {"K": [4, 7, 14], "prices": {"dram": [1e-10, 4e-10]}}}
    )
    return sweep(grid, folder / "sweep.h5")


def test_a_front_has_what_no_other_point_beats(done: SweepFile) -> None:
    found = fronts(done, "latency_s", "energy_J")
    rows = done.rows()
    kept = {row["point"] for row in found.best["small"]}

    def beaten(row: dict[str, float]) -> bool:
        def as_good(other: dict[str, float]) -> bool:
            return other["latency_s"] <= row["latency_s"] and other["energy_J"] <= row["energy_J"]

        return any(
            as_good(other) and (other["latency_s"], other["energy_J"]) != (row["latency_s"], row["energy_J"])
            for other in rows
        )

    for row in rows:
        assert (row["point"] in kept) == (not beaten(row))


def test_a_field_s_effect_is_a_ratio_all_else_alike(done: SweepFile) -> None:
    found = fronts(done)
    (dram,) = [effect for effect in found.effects if (effect.field, effect.kind) == ("prices.dram", "all")]
    rows = done.rows()
    ratio = 1.0
    for k in (4, 7, 14):
        low, high = (row["energy_J"] for row in rows if row["hardware.K"] == k)
        ratio *= (high / low) ** (1 / 3)
    assert dram.factor == pytest.approx(ratio)
    assert (float(dram.best), float(dram.worst)) == (1e-10, 4e-10)
    assert {effect.kind for effect in found.effects} == {"all", "conv", "fc"}


def test_the_picture_has_all_points_and_the_front(done: SweepFile) -> None:
    found = fronts(done, "pes", "energy_J")
    spec = front_chart(found).to_dict()
    rows = spec["data"]["values"]
    assert len(rows) == 6
    assert {row["y"] for row in rows} == {row["energy_J"] * 1e3 for row in done.rows()}
    assert sum(row["front"] for row in rows) == len(found.best["small"])
    assert picture(found, "svg").startswith(b"<svg")


def test_kinds_of_layers() -> None:
    table = Path(__file__).parents[3] / "examples" / "mobilenet_v1.csv"
    kinds = set(kinds_of(str(table)).values())
    assert kinds == {"conv", "depthwise", "pointwise", "fc"}


def test_columns_and_networks_that_are_not_there_are_refused(done: SweepFile) -> None:
    for what, said in (({"x": "speed"}, "x is 'speed'; expected one of pes"), ({"network": "vgg"}, "network is 'vgg'")):
        with pytest.raises(FrontError, match=said):
            fronts(done, **what)
    assert isinstance(fronts(done, network="small"), Fronts)


def test_the_csv_of_a_sweep_has_the_same_front(done: SweepFile, tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(as_csv(done.rows()))
    of_file, of_csv = fronts(done), fronts(read_sweep_csv(path))
    assert [row["point"] for row in of_csv.rows()] == [row["point"] for row in of_file.rows()]
    assert [row["energy_J"] for row in of_csv.rows()] == [row["energy_J"] for row in of_file.rows()]
    assert of_csv.effects == [effect for effect in of_file.effects if effect.kind == "all"]


def test_the_closed_forms_csv_has_a_front_too(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    found = analytical.sweep(grid_of({"networks": "alexnet", "hardware": {"K": [7, 14, 28], "J": [2, 6, 12]}}))
    path.write_bytes(as_csv(found.rows()))
    fronted = fronts(read_sweep_csv(path))
    assert fronted.unmapped == 6  # those with fewer rows than C1's filters
    assert {row["mapping"] for row in fronted.rows()} == {"cnnergy"}
    least = min((row for row in found.rows() if not row["reason"]), key=lambda row: row["energy_J"])
    assert fronted.best["alexnet"][-1]["point"] == least["point"]
    with pytest.raises(FrontError, match="x is 'utilisation'; expected one of pes, energy_J"):
        fronts(read_sweep_csv(path), "utilisation")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no point; expected the CSV of a sweep"),
        (",".join(NEEDED), "has no points; expected"),
        (",".join(NEEDED) + "\n0,a,chip,1,84,x,1,,", "row 2, energy_J is 'x'; expected a number, at least 0"),
        (",".join(NEEDED) + "\n0,a,chip,1,84,-1,1,", "row 2, energy_J is '-1'; expected a number, at least 0"),
        (",".join(NEEDED) + "\n0,a", "row 2: 2 cells; expected 8"),
    ],
)
def test_what_is_no_csv_of_a_sweep_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(text)
    with pytest.raises(SweepError, match=re.escape(said)):
        read_sweep_csv(tmp_path / "points.csv")


def test_points_that_cost_nothing_have_no_ratio(done: SweepFile, tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(as_csv([row | {"energy_J": 0.0} for row in done.rows()]))
    assert fronts(read_sweep_csv(path)).effects == []


def test_points_whose_ratios_are_no_numbers_are_refused(done: SweepFile, tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(as_csv([row | {"energy_J": 10.0 ** (300 - 600 * row["point"])} for row in done.rows()[:2]]))
    with pytest.raises(FrontError, match=r"point 0: energy_J is 1e\+300; expected 0, or 1e-100 to 1e\+100"):
        fronts(read_sweep_csv(path))


def test_a_changed_sweep_of_networks_that_its_grid_has_not_is_refused(done: SweepFile, tmp_path: Path) -> None:
    import h5py

    for group, column, said in (("points", "network", "network 'x' is none"), ("layers", "names", "layer 'x' is none")):
        path = tmp_path / f"{column}.h5"
        path.write_bytes(done.path.read_bytes())
        with h5py.File(path, "a") as file:
            if column == "network":
                names = file[group][column]
                names[0] = b"x"
            else:
                names = json.loads(file[group].attrs[column])
                file[group].attrs[column] = np.bytes_(json.dumps(["x", *names[1:]]))
        with trusted(), pytest.raises(FrontError, match=said):
            fronts(read_sweep(path))
