"""Sweeps: each point is the run of its settings, each layer runs once, and what is found is never lost."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import simulator
from analytical.sweeps.grid import Grid, grid_of
from simulator.sweeps.file import read_sweep
from simulator.sweeps.jobs import Laid
from simulator.sweeps.journal import Journal, SweepError
from simulator.sweeps.sweep import _Workers, sweep
from tests.simulator.commands.calls import NETWORK

HARDWARE: dict[str, Any] = {"base": ["eyeriss-16bit", "eyeriss-8bit"], "K": [7, 14], "prices": {"dram": [1e-10, 2e-10]}}


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    path = tmp_path / "small.csv"
    path.write_text(NETWORK)
    return grid_of(
        {"networks": str(path), "mapping": ["cnnergy", "eyeriss"], "batch": [1, "table"], "hardware": HARDWARE}
    )


def test_each_point_is_the_run_of_its_settings(grid: Grid, tmp_path: Path) -> None:
    done = sweep(grid, tmp_path / "sweep.h5")
    rows = done.rows()
    points = list(grid.points())
    assert len(rows) == len(points) == 2 * 2 * 2 * 2 * 2
    layers = done.layers()
    for row, point in zip(rows, points, strict=True):
        run = simulator.run(
            point.network, hardware=point.chip.hardware, mapping=point.mapping, batch=point.batch, seed=point.seed
        )
        assert row["energy_J"] == run.energy_J
        assert row["latency_s"] == pytest.approx(run.latency_s, rel=1e-15)
        assert {name: row[f"energy_J_{name}"] for name in run.energy.parts()} == run.energy.parts()
        assert row["pes"] == run.hardware.pes
        of_point = [at for at, number in enumerate(layers["point"]) if number == row["point"]]
        assert [layers["layer"][at] for at in of_point] == [layer.name for layer in run]
        assert [layers["energy_J"][at] for at in of_point] == [layer.energy_J for layer in run]
        macs = sum(layer.run.compute + layer.run.gated for layer in run)
        assert row["utilisation"] == macs / sum(layer.run.processing_cycles * run.hardware.pes for layer in run)


def test_a_layer_that_points_share_runs_once(grid: Grid, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Prices change no run where they change no mapping; and the table's batch of A and B is 2, of C 3."""
    ran: list[int] = []
    with caplog.at_level("INFO", logger="simulator"):
        sweep(grid, tmp_path / "sweep.h5", tell=lambda told: ran.append(told.done) if told.step == "running" else None)
    jobs = 2 * 2 * 2 * 2 * 2 * 3
    (said,) = [record.message for record in caplog.records if "saved" in record.message]
    assert said.startswith(f"{jobs} layers of points, ")
    assert ran[-1] <= jobs / 2


class Backwards(Executor):
    """Does what it is given at the last moment, the last first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Future[Any], Any]] = []
        self._pool = ThreadPoolExecutor(1)
        self._max_workers = 3

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append((future, lambda: function(*args, **kwargs)))
        self._pool.submit(self._one)
        return future

    def _one(self) -> None:
        time.sleep(0.002)
        future, work = self._waiting.pop()
        future.set_result(work())


def test_the_file_is_the_same_whoever_does_the_work(grid: Grid, tmp_path: Path) -> None:
    one = tmp_path / "one.h5"
    # each with a cache of its own: none takes what another has run
    sweep(grid, one, cache=tmp_path / "1")
    sweep(grid, tmp_path / "two.h5", jobs=2, cache=tmp_path / "2")
    sweep(grid, tmp_path / "back.h5", executor=Backwards(), cache=tmp_path / "3")
    with ThreadPoolExecutor(2) as pool:
        sweep(grid, tmp_path / "threads.h5", executor=pool, cache=tmp_path / "4")
    for other in ("two.h5", "back.h5", "threads.h5"):
        assert (tmp_path / other).read_bytes() == one.read_bytes(), other
    assert not list(tmp_path.glob("*.part"))


RUN = """
import sys
from analytical.sweeps.grid import grid_of
from simulator.sweeps.sweep import sweep
if __name__ == "__main__":
    hardware = {"K": {"from": 4, "to": 13, "step": 1}, "glb_kib": [20, 40]}
    grid = grid_of({"networks": sys.argv[1], "hardware": hardware})
    sweep(grid, sys.argv[2], jobs=int(sys.argv[3]), resume="--resume" in sys.argv)
"""


def call(tmp_path: Path, network: str, out: str, jobs: int, *more: str) -> "subprocess.Popen[bytes]":
    script = tmp_path / "run.py"
    script.write_text(RUN)
    # a cache for each file: none takes what another has run
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "XDG_CACHE_HOME": f"{out}.cache"}
    arguments = [sys.executable, str(script), network, out, str(jobs), *more]
    return subprocess.Popen(arguments, env=env, stderr=subprocess.DEVNULL)


def test_a_sweep_that_is_killed_goes_on_where_it_was(network: str, tmp_path: Path) -> None:
    """Kill -9 at random moments (50 with ``--hypothesis-profile deep``); the file is that of a sweep that nobody
    disturbed, byte by byte."""
    whole, killed = str(tmp_path / "whole.h5"), str(tmp_path / "killed.h5")
    assert call(tmp_path, network, whole, 1).wait() == 0
    part, moments = Path(f"{killed}.part"), random.Random(7)
    kills = 0
    for _ in range(50 if settings().max_examples >= 300 else 4):
        # once more from the beginning, where it came to its end
        Path(killed).unlink(missing_ok=True)
        process = call(tmp_path, network, killed, 1, "--resume")
        while not part.exists() and process.poll() is None:
            time.sleep(0.01)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=moments.uniform(0.0, 0.5))
        kills += process.poll() is None
        process.kill()
        process.wait()
        # the file is there when it is whole, and not before
        assert not Path(killed).exists() or Path(killed).read_bytes() == Path(whole).read_bytes()
    assert call(tmp_path, network, killed, 1, "--resume").wait() == 0
    assert kills > 0
    assert Path(killed).read_bytes() == Path(whole).read_bytes()
    assert not part.exists()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found in /proc")
def test_a_worker_that_is_killed_costs_no_point(network: str, tmp_path: Path) -> None:
    out, whole = str(tmp_path / "out.h5"), str(tmp_path / "whole.h5")
    process = call(tmp_path, network, out, 2)
    victim = None
    until = time.perf_counter() + 60
    while victim is None and process.poll() is None and time.perf_counter() < until:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        workers = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        of_pool = [pid for pid in workers if b"spawn_main" in command_of(pid)]
        victim = of_pool[-1] if len(of_pool) == 2 else None
        time.sleep(0.01)
    assert victim is not None
    time.sleep(0.3)
    os.kill(victim, signal.SIGKILL)
    assert process.wait() == 0
    assert call(tmp_path, network, whole, 1).wait() == 0
    assert Path(out).read_bytes() == Path(whole).read_bytes()


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_points_that_cannot_be_mapped_are_results(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_text(NETWORK)
    # one has no room for a row of a filter, and one cannot exist
    grid = grid_of({"networks": str(path), "hardware": {"f_s": [1, 224], "gon_bits": [64, 8]}})
    rows = sweep(grid, tmp_path / "sweep.h5").rows()
    assert [bool(row["reason"]) for row in rows] == [True, True, False, True]
    assert rows[0]["reason"].startswith("layer A")
    assert "gon_bits is 8" in rows[3]["reason"]
    assert rows[0]["energy_J"] != rows[0]["energy_J"]


def test_what_is_there_of_another_sweep_is_refused(grid: Grid, network: str, tmp_path: Path) -> None:
    out = tmp_path / "sweep.h5"
    other = grid_of({"networks": network, "hardware": {"K": 7}})
    done = sweep(other, out)
    with pytest.raises(SweepError, match="is a sweep of another grid or program"):
        sweep(grid, out, resume=True)
    assert sweep(other, out, resume=True).rows() == done.rows()
    part = tmp_path / "sweep.h5.part"
    Journal(part, {"grid": "another", "program": "x"}).close()
    with pytest.raises(SweepError, match="is an unfinished sweep; expected --resume"):
        sweep(grid, out)
    with pytest.raises(SweepError, match="is the journal of another grid"):
        sweep(grid, out, resume=True)
    part.write_bytes(b"no database at all, but long enough to look like one" * 10)
    with pytest.raises(SweepError, match="cannot be used as a journal"):
        sweep(grid, out, resume=True)
    with pytest.raises(SweepError, match="cannot be read as a sweep"):
        read_sweep(part)


def test_a_journal_asks_for_each_run_once(tmp_path: Path) -> None:
    """Two jobs whose layers lie alike, in whichever order they were mapped."""
    jobs = [(bytes([n]) * 16, "net", "L", n, "cnnergy", None, 0) for n in (1, 2, 3)]
    asked = []
    for order in ((0, 1, 2), (2, 1, 0)):
        journal = Journal(tmp_path / f"{order[0]}.part", {"grid": "g", "program": "p"})
        journal.add_jobs(jobs)
        journal.add_jobs(jobs)
        assert [row[0] for row in journal.unlaid()] == [key for key, *_ in jobs]
        for n in order:
            journal.laid([Laid(jobs[n][0], b"r" * 16 if n < 2 else None, "" if n < 2 else "does not fit")])
        asked.append(journal.unrun())
        journal_job = journal.job_of(b"r" * 16)
        assert journal.counts() == {"jobs": 3, "runs": 1, "done": 0}
        assert journal.answer(jobs[2][0]) == "does not fit"
        with pytest.raises(KeyError):
            journal.answer(jobs[0][0])
        journal.close()
        assert journal_job == jobs[0]
    assert asked[0] == asked[1] == [(b"r" * 16, "net", "L", 0, None)]


def test_a_pool_that_breaks_while_it_is_given_work_is_made_anew() -> None:
    """A process may be gone when the next chunk is handed out, and not only when one comes back."""
    broken: list[int] = []

    class Fragile(ThreadPoolExecutor):
        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            if args[0] == 5 and len(broken) < 2:
                broken.append(5)
                raise BrokenProcessPool("a process is gone")
            return super().submit(function, *args, **kwargs)

    workers = _Workers(lambda: Fragile(2), None, 2, None)
    assert sorted(workers.map(lambda chunk: chunk * 10, range(9))) == [10 * chunk for chunk in range(9)]
    assert len(broken) == 2
    workers.close()
