"""Sweeps on a cluster: Dask's workers, one of which is killed in the middle of it."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import os, signal, subprocess, sys
from distributed import Client, LocalCluster
from analytical.sweeps.grid import load_grid
from simulator.sweeps.sweep import sweep

if __name__ == "__main__":
    grid, killed, plain, commanded = sys.argv[1:]
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
        def kill_one(told):
            if told.step == "running" and pids:
                os.kill(pids.pop(), signal.SIGKILL)
                pids.clear()
        sweep(grid, killed, executor=client.get_executor(), tell=kill_one)
        assert not pids
        call = ["-m", "simulator", "sweep", grid, "--out", commanded, "--dask", cluster.scheduler_address]
        subprocess.run([sys.executable, *call], check=True, capture_output=True)
    sweep(grid, plain)
"""


def test_a_killed_worker_of_a_cluster_costs_no_point_and_changes_no_byte(network: str, tmp_path: Path) -> None:
    script, grid = tmp_path / "script.py", tmp_path / "grid.toml"
    script.write_text(SCRIPT)
    text = f'networks = "{Path(network).name}"\n[hardware]\nK = {{ from = 5, to = 14, step = 1 }}\nglb_kib = [20, 40]\n'
    grid.write_text(text)
    files = [tmp_path / f"{name}.h5" for name in ("killed", "plain", "commanded")]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run(
        [sys.executable, str(script), str(grid), *map(str, files)],
        check=True,
        env=env,
        cwd=tmp_path,
        capture_output=True,
    )
    killed, plain, commanded = (file.read_bytes() for file in files)
    assert killed == plain == commanded


def test_an_address_that_nobody_answers_is_one_line(network: str, tmp_path: Path) -> None:
    grid = tmp_path / "grid.toml"
    grid.write_text(f'networks = "{Path(network).name}"')
    said = ["sweep", str(grid), "--out", str(tmp_path / "x.h5"), "--dask", "nonsense://x"]
    refused = subprocess.run([sys.executable, "-m", "simulator", *said], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --dask is nonsense://x; expected the address of a scheduler")
    assert refused.stderr.count("\n") == 1
    assert not list(tmp_path.glob("x.h5*"))
