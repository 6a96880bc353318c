"""``python -m simulator sweep`` and ``python -m simulator pareto``."""

from pathlib import Path

import pytest

from tests.simulator.commands.calls import rows_of, simulator


@pytest.fixture
def grid(network: str, tmp_path: Path) -> str:
    path = tmp_path / "grid.toml"
    path.write_text(f'networks = "{Path(network).name}"\n[hardware]\nK = [7, 14]\nglb_kib = [50, 100]\n')
    return str(path)


def test_from_a_grid_to_a_front(grid: str, tmp_path: Path) -> None:
    out, front = str(tmp_path / "sweep.h5"), tmp_path / "front.svg"
    made = simulator("sweep", grid, "--out", out, "--jobs", "2")
    assert made.returncode == 0
    assert "4 points, of which 4 can be mapped" in made.stdout
    assert "12 layers of points, " in made.stderr
    again = simulator("sweep", grid, "--out", out, "--resume", "--csv", "-")
    rows = rows_of(again.stdout)
    assert [(row["hardware.K"], row["hardware.glb_kib"]) for row in rows] == [
        ("7", "50"), ("7", "100"), ("14", "50"), ("14", "100"),
    ]  # fmt: skip
    found = simulator("pareto", out, "--out", str(front), "--csv", "-")
    assert found.returncode == 0
    assert front.read_text().startswith("<svg")
    best = rows_of(found.stdout)
    assert min(float(row["energy_J"]) for row in rows) == min(float(row["energy_J"]) for row in best)
    table = simulator("pareto", out, "--x", "pes", "--by", "K")
    assert "What moves the energy of an image most" in table.stdout


def test_what_cannot_be_is_one_line(grid: str, tmp_path: Path) -> None:
    out = str(tmp_path / "sweep.h5")
    simulator("sweep", grid, "--out", out)
    for asked, said in (
        (["sweep", grid, "--out", "x.csv"], "--out is x.csv; expected a name that ends in .h5"),
        (["sweep", "none.toml", "--out", out], "none.toml: cannot be read"),
        (["sweep", grid, "--out", out, "--jobs", "2", "--dask", "x"], "--dask is given with --jobs"),
        (["pareto", grid], f"{grid}: cannot be read as a sweep"),
        (["pareto", out, "--x", "speed"], "x is 'speed'; expected one of pes"),
        (["pareto", out, "--by", "J"], "--by has J; expected fields of the grid: K, glb_kib"),
        (["pareto", out, "--out", "front.pdf"], "--out front.pdf: expected a picture's name that ends in .svg or .png"),
    ):
        refused = simulator(*asked)
        assert (refused.returncode, refused.stdout) == (2, ""), asked
        assert refused.stderr.startswith(f"error: {said}"), refused.stderr
        assert refused.stderr.count("\n") == 1
