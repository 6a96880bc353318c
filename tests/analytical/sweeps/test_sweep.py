"""A grid by the closed forms: each point is the sum of its layers' estimates."""

from pathlib import Path

import pytest

import analytical
from analytical.mappings import MappingError
from analytical.model import estimate_layer
from analytical.sweeps.grid import grid_of
from analytical.sweeps.sweep import ClosedSweepError, sweep
from tests.commands import command


def test_each_point_is_the_sum_of_its_layers_estimates() -> None:
    grid = grid_of(
        {
            "networks": ["alexnet", "squeezenet1_1"],
            "batch": [1, "table"],
            "hardware": {
                "base": ["eyeriss-16bit", "eyeriss-8bit"],
                "J": [8, 12],
                "glb_kib": [20, 100],
                "gon_bits": [64, 4],
            },
        }
    )
    rows = sweep(grid).rows()
    points = list(grid.points())
    assert [row["point"] for row in rows] == [point.number for point in points]
    refused = 0
    for row, point in zip(rows, points, strict=True):
        if point.chip.hardware is None:
            assert "gon_bits is 4" in row["reason"]
            continue
        layers = analytical.load_network(point.network).layers
        hardware, batch = point.chip.hardware, point.batch
        if row["reason"]:
            with pytest.raises(MappingError) as why:
                [estimate_layer(layer, hardware, batch) for layer in layers]
            assert row["reason"] == str(why.value)
            refused += 1
            continue
        expected = [estimate_layer(layer, hardware, batch) for layer in layers]
        assert row["energy_J"] == pytest.approx(sum(each.energy_J for each in expected), rel=1e-12)
        assert row["latency_s"] == pytest.approx(sum(each.latency_s for each in expected), rel=1e-12)
        assert row["energy_J_dram"] == pytest.approx(sum(each.energy.dram for each in expected), rel=1e-12)
    assert refused > 0


def test_what_closed_forms_do_not_have_is_refused() -> None:
    for written, said in (
        ({"mapping": "eyeriss"}, "mapping is eyeriss"),
        ({"accounting": "full"}, "accounting is full"),
    ):
        with pytest.raises(ClosedSweepError, match=said):
            sweep(grid_of({"networks": "alexnet", **written}))


def test_the_command(tmp_path: Path) -> None:
    grid = tmp_path / "grid.toml"
    grid.write_text('networks = "alexnet"\n[hardware]\nJ = [8, 12]\n')

    shown, rows = (command("analytical", "sweep", str(grid), *more) for more in ((), ("--csv", "-")))
    assert (shown.returncode, rows.returncode) == (0, 0)
    assert "2 points by closed forms, of which 1 can be mapped" in shown.stdout
    header, unmapped, mapped = rows.stdout.splitlines()
    assert header.startswith("point,network,hardware,batch,pes,hardware.J,energy_J,latency_s")
    assert "taller than the array of 8 PE rows" in unmapped
    assert float(mapped.split(",")[6]) == pytest.approx(analytical.estimate("alexnet").energy_J, rel=1e-12)


def test_a_grid_of_which_nothing_meets_the_constraints_is_refused() -> None:
    with pytest.raises(ClosedSweepError, match="no hardware that meets the constraints; expected at least one"):
        sweep(grid_of({"networks": "alexnet", "constraints": "pes <= 1"}))


def test_a_range_ends_where_numbers_do() -> None:
    grid = grid_of({"networks": "alexnet", "hardware": {"glb_kib": {"from": 1, "to": 64, "times": 10**300}}})
    assert [chip.fields["glb_kib"] for chip in grid.chips()] == [1]
