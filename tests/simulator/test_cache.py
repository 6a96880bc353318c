"""What is kept: whole files, the newest asked for, no more than a limit, and nothing that is believed unseen."""

import json
import os
import time
from pathlib import Path

import pytest

import simulator
from analytical.sweeps.grid import grid_of
from simulator.cache import ABANDONED_S, LIMIT_BYTES, Cache, limit_bytes
from simulator.sweeps.facts import Facts
from tests.commands import command
from tests.simulator.commands.calls import NETWORK


def test_what_nobody_asked_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    for at, name in enumerate(("a.json", "b.json", "c.json")):
        cache.keep(name, b"x" * 100)
        os.utime(cache.path(name), (1000 + at, 1000 + at))
    (cache.folder / "note.txt").write_text("not ours")
    cache.asked("a.json")
    cache.shrink(250)
    assert {path.name for path in cache.folder.iterdir()} == {"a.json", "c.json", "note.txt"}
    assert (cache.info().files, cache.info().bytes) == (2, 200)
    assert cache.clear() == 2
    assert [path.name for path in cache.folder.iterdir()] == ["note.txt"]


def test_what_a_killed_process_was_keeping_goes_after_an_hour(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.keep("a.json", b"1")
    new, old = (cache.folder / f"{name}.json.123.part" for name in ("new", "old"))
    for path in (new, old):
        path.write_text("half")
    long_ago = time.time() - ABANDONED_S - 1
    os.utime(old, (long_ago, long_ago))
    os.utime(cache.path("a.json"), (long_ago, long_ago))
    # what was given up makes room first
    cache.shrink(cache.info().bytes - 1)
    assert sorted(path.name for path in cache.folder.iterdir()) == ["a.json", new.name]


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")
    cache.keep("a.json", b"1")
    cache.asked("a.json")
    cache.shrink(0)
    assert (cache.info().files, cache.clear()) == (0, 0)


def test_the_limit_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limit_bytes() == LIMIT_BYTES
    monkeypatch.setenv("NEUPART_CACHE_MIB", "3")
    assert limit_bytes() == 3 * 2**20
    for nonsense in ("-1", "much", ""):
        monkeypatch.setenv("NEUPART_CACHE_MIB", nonsense)
        assert limit_bytes() == LIMIT_BYTES


def test_sweeps_share_runs_and_believe_no_file_that_is_damaged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "small.csv").write_text(NETWORK)
    grid = grid_of({"networks": str(tmp_path / "small.csv"), "hardware": {"K": [7, 14]}})
    other = grid_of(
        {"networks": str(tmp_path / "small.csv"), "hardware": {"K": 14, "prices": {"dram": [1e-10, 2e-10]}}}
    )
    folder = tmp_path / "cache"
    first = simulator.sweep(grid, tmp_path / "first.h5", cache=folder).rows()
    with caplog.at_level("INFO", logger="simulator"):
        simulator.sweep(other, tmp_path / "other.h5", cache=folder)
    assert "3 runs are known from before" in caplog.text
    damages = (b"", b"[]", b'{"images": 0}', b"\xff\xfe", b"[" * 100_000)
    kept = sorted(folder.iterdir())
    for path, damage in zip(kept, damages, strict=False):
        path.write_bytes(damage)
    negative = json.loads(kept[-1].read_text())
    kept[-1].write_text(json.dumps(negative | {"total_cycles": -5}))
    again = simulator.sweep(grid, tmp_path / "again.h5", cache=folder).rows()
    assert again == first


@pytest.mark.parametrize(
    "change",
    [{"images": 0}, {"macs": -1}, {"events": {"rf ifmap lost": 1}}, {"stalls": 3}, {"idle": 1.5}, {"idle": True}],
)
def test_facts_that_cannot_be_are_none(change: dict[str, object]) -> None:
    run = simulator.run("alexnet", layers="FC8", batch=1)["FC8"].run
    record = Facts.of(run).record()
    assert Facts.read(json.loads(json.dumps(record))) == Facts.of(run)
    with pytest.raises(ValueError, match="no facts"):
        Facts.read(record | change)


def test_a_command_says_what_is_kept_and_deletes_it(tmp_path: Path) -> None:
    def cache(what: str) -> str:
        done = command("simulator", "cache", what, "--cache", str(tmp_path / "kept"))
        assert done.returncode == 0, done.stderr
        return done.stdout

    Cache(tmp_path / "kept").keep("a.json", b"x" * 2**20)
    assert cache("info") == f"1 files, 1.0 MiB of at most 1024 MiB: {tmp_path / 'kept'}\n"
    assert cache("clear") == f"1 files deleted: {tmp_path / 'kept'}\n"
    assert cache("info").startswith("0 files, 0.0 MiB")
