"""An unlucky world: processes that are killed, disks that are full, streams that are closed, homes that are missing."""

import ctypes
import json
import os
import random
import resource
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import simulator
from tests.simulator.commands.calls import NETWORK
from tests.simulator.commands.calls import simulator as run_simulator

RUN = [sys.executable, "-m", "simulator", "run", "small.csv"]
OUTPUTS = ["--json", "run.json", "--csv", "run.csv", "--out", "run.h5"]
KILLS = 50 if settings().max_examples >= 300 else 5
"""Of each writer, at random moments (50 with ``--hypothesis-profile deep``); sweeps are killed by their own test."""
DATA = Path(__file__).parent / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.csv").write_text(NETWORK)
    return tmp_path


def run(folder: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *arguments], cwd=folder, capture_output=True, text=True, check=False, **more)


def seed_of(path: Path) -> int:
    if path.suffix == ".csv":
        return int(path.read_text().count("\n") == 4)
    return int(simulator.read_run(path).settings["seed"])


def seconds(call: Sequence[str], folder: Path) -> float:
    """What a command takes that has run before."""
    begun = time.perf_counter()
    subprocess.run(call, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - begun


def kill(call: Sequence[str], folder: Path, takes: float, dice: random.Random) -> None:
    """Run a command for a while, and kill it; most of the moments are at its end, when files are written. Where it is
    through before, it runs again, and is killed sooner."""
    moment = takes * dice.choice((dice.random(), dice.uniform(0.8, 1.0)))
    with suppress(subprocess.TimeoutExpired):
        while True:
            # what runs out of its time is killed
            subprocess.run(call, cwd=folder, capture_output=True, check=True, timeout=moment)
            moment *= 0.8


def test_a_run_that_is_killed_leaves_whole_files_of_one_run_and_nothing_else(folder: Path) -> None:
    """Old outputs of seed 1 are there; the killed run has seed 2: what is left is of one of them."""
    dice = random.Random(9)
    run(folder)
    takes = seconds([*RUN, "--seed", "1", *OUTPUTS], folder)
    for number in range(KILLS):
        if number % 5 == 0:
            assert run(folder, "--seed", "1", *OUTPUTS).returncode == 0
        kill([*RUN, "--seed", "2", *OUTPUTS], folder, takes, dice)
        seeds = {seed_of(folder / name) for name in ("run.json", "run.h5") if (folder / name).exists()}
        assert len(seeds) <= 1, seeds
    assert run(folder, "--seed", "3", *OUTPUTS).returncode == 0
    assert {seed_of(folder / name) for name in ("run.json", "run.h5")} == {3}
    assert sorted(path.name for path in folder.iterdir()) == ["run.csv", "run.h5", "run.json", "small.csv"]


def test_an_import_that_is_killed_leaves_a_trace_and_a_table_of_one_model_and_nothing_else(tmp_path: Path) -> None:
    dice = random.Random(10)
    model, picture = DATA / "onnx" / "resnet8.onnx", DATA / "onnx" / "rocket_32.png"
    call = [sys.executable, "-m", "traces", "import", str(model), "--image", str(picture), "--preprocess", "unit"]
    call += ["--out", "net.h5", "--csv", "net.csv", "--random-weights"]
    whole: dict[str, dict[str, bytes]] = {}
    for seed in ("1", "2", "1"):
        takes = seconds([*call, seed], tmp_path)
        made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        # the same each time, so that what is left can be told by its bytes
        assert whole.setdefault(seed, made) == made
    assert all(whole["1"][name] != whole["2"][name] for name in ("net.h5", "net.csv"))
    for number in range(KILLS):
        if number % 5 == 0:
            subprocess.run([*call, "1"], cwd=tmp_path, capture_output=True, check=True)
        kill([*call, "2"], tmp_path, takes, dice)
        left = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".part"}
        assert left.items() <= whole["1"].items() or left.items() <= whole["2"].items()
    subprocess.run([*call, "1"], cwd=tmp_path, capture_output=True, check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole["1"]


CUT = [sys.executable, "-m", "partition", "run", "small.csv", "--bitrate", "10Mbps", "--tx-power", "0.78W"]
CUT += ["--source", "simulated", "--csv", "-", "--cache"]


def test_a_cut_that_is_killed_leaves_a_cache_that_gives_no_other_answer(folder: Path) -> None:
    dice = random.Random(11)

    def cut(cache: str) -> bytes:
        return subprocess.run([*CUT, cache], cwd=folder, capture_output=True, check=True).stdout

    right = cut("first")
    takes = seconds([*CUT, "whole"], folder)
    whole = {path.name for path in (folder / "whole").iterdir()}
    assert whole
    for _ in range(KILLS):
        kill([*CUT, "kept"], folder, takes, dice)
        assert cut("kept") == right
        assert {path.name for path in (folder / "kept").iterdir() if path.suffix != ".part"} == whole
        shutil.rmtree(folder / "kept")


def test_new_files_are_never_beside_old_ones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between any two names that files take."""
    from analytical.terminal.outputs import write_outputs

    names = [str(folder / name) for name in "abc"]
    replace, taken = Path.replace, 0

    class KilledError(BaseException):
        pass

    def killed_between(self: Path, target: Path) -> Path:
        nonlocal taken
        if not left:
            raise KilledError
        left.pop()
        return replace(self, target)

    for number in range(3):
        for name in names:
            Path(name).write_bytes(b"old")
        left = list(range(number))
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", killed_between)
            with pytest.raises(KilledError):
                write_outputs(dict.fromkeys(names, b"new"))
        assert {Path(name).read_bytes() for name in names if Path(name).exists()} in ({b"new"}, set())


def test_what_a_killed_process_was_writing_goes_with_the_next_write(tmp_path: Path) -> None:
    from analytical.terminal.outputs import _COMPUTER, write_outputs

    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    abandoned = tmp_path / f".a.csv.{_COMPUTER}.{ended.pid}.xyz.part"
    of_others = [
        tmp_path / f".a.csv.{_COMPUTER}.{os.getpid()}.xyz.part",
        tmp_path / f".a.csv.00000000.{ended.pid}.xyz.part",
        tmp_path / f".b.csv.{_COMPUTER}.{ended.pid}.xyz.part",
    ]
    for path in (abandoned, *of_others):
        path.write_text("half")
    write_outputs({str(tmp_path / "a.csv"): b"whole"})
    assert not abandoned.exists()
    assert all(path.exists() for path in of_others)


def test_an_output_keeps_its_mode(folder: Path) -> None:
    secret = folder / "run.csv"
    secret.write_text("")
    secret.chmod(0o600)
    assert run(folder, "--csv", "run.csv").returncode == 0
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.stat().st_size > 0


@pytest.mark.parametrize(
    ("engine", "number", "status"), [("fast", signal.SIGTERM, 143), ("detailed", signal.SIGINT, 130)]
)
def test_a_run_that_is_asked_to_end_does_so_within_a_second(
    engine: str, number: signal.Signals, status: int, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "run", "vgg16", "--engine", engine, "--csv", "run.csv", "-v"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    time.sleep(3)
    asked = time.perf_counter()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == status, errors
    # a second on a computer that does nothing else
    assert time.perf_counter() - asked < 5
    assert errors.decode().strip().endswith("interrupted" if number == signal.SIGINT else "terminated")
    assert list(tmp_path.iterdir()) == []


def no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def test_a_disk_that_is_full_is_said_in_a_line_and_leaves_nothing(folder: Path) -> None:
    (folder / "run.csv").write_text("old")
    done = run(folder, "-q", *OUTPUTS, preexec_fn=no_room)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "cannot be written" in line
    assert (folder / "run.csv").read_text() == "old"
    assert not [path for path in folder.iterdir() if path.name.startswith(("run.h5", "run.json", "."))]


def test_a_device_that_is_full_is_said_in_a_line(folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*RUN, "--csv", "-"], cwd=folder, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().count("\n") == 1


@pytest.mark.parametrize("closed", ["<&-", ">&- 2>&- <&-"])
def test_closed_streams_do_no_harm(closed: str, folder: Path) -> None:
    shell = ["sh", "-c", f"{shlex.join(RUN)} --csv run.csv {closed}"]
    assert subprocess.run(shell, cwd=folder, check=False).returncode == 0
    assert (folder / "run.csv").read_text().count("\n") == 4


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the small network, in the world that this is."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "small.csv").write_text(NETWORK)
    return figures_of(folder, {**os.environ, "PYTHONHASHSEED": "0"})


def figures_of(folder: Path, environment: dict[str, str]) -> str:
    done = run(folder, "--csv", "-", env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


WORLDS: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "LANG=C": lambda world: world | {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"},
    "40 columns": lambda world: world | {"COLUMNS": "40"},
    "no home": lambda world: {name: value for name, value in world.items() if name not in ("HOME", "XDG_CACHE_HOME")},
    "another hash seed": lambda world: world | {"PYTHONHASHSEED": "1"},
    "one thread": lambda world: world | dict.fromkeys(("OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    "two threads": lambda world: world | dict.fromkeys(("OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "2"),
}


@pytest.mark.parametrize("world", WORLDS)
def test_figures_are_the_same_to_the_last_byte_in_any_world(world: str, folder: Path, figures: str) -> None:
    assert figures_of(folder, WORLDS[world]({**os.environ, "PYTHONHASHSEED": "0"})) == figures


@pytest.mark.parametrize("name", ["a b", "a\nb", "größe", "link"])
def test_folders_with_names_of_all_kinds(name: str, folder: Path) -> None:
    place = folder / name
    if name == "link":
        (folder / "place").mkdir()
        place.symlink_to(folder / "place")
    else:
        place.mkdir()
    (place / "net work.csv").write_text(NETWORK)
    done = run_simulator("run", str(place / "net work.csv"), "--json", str(place / "run.json"))
    assert done.returncode == 0, done.stderr
    assert json.loads((place / "run.json").read_text())["network"] == "net work"


ENCODE = """
import numpy as np
from traces import rlc
print(rlc.encoded_words(np.arange(4096, dtype=np.int16) % 3, 16))
"""


def test_two_processes_share_an_empty_cache_of_kernels(tmp_path: Path) -> None:
    shared = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    call = [sys.executable, "-c", ENCODE]
    with (
        subprocess.Popen(call, env=shared, stdout=subprocess.PIPE) as one,
        subprocess.Popen(call, env=shared, stdout=subprocess.PIPE) as other,
    ):
        said = [process.communicate()[0] for process in (one, other)]
    assert said[0] == said[1] != b""
    # a third one finds what they kept
    assert subprocess.run(call, env=shared, capture_output=True, check=True).stdout == said[0]


def without_rights_of_root() -> None:
    """Who is root may write everywhere, unless that capability is gone (Linux: PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)."""
    if sys.platform == "linux" and os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder to which processes that start with :func:`without_rights_of_root` cannot write."""
    folder = tmp_path / "read only"
    folder.mkdir(mode=0o555)
    call = [sys.executable, "-c", "import sys; open(sys.argv[1], 'w')", str(folder / "probe")]
    if subprocess.run(call, stderr=subprocess.DEVNULL, preexec_fn=without_rights_of_root, check=False).returncode == 0:
        pytest.skip("root keeps its rights here")
    yield folder
    folder.chmod(0o755)


def test_a_folder_that_cannot_be_written_is_said_before_the_run(folder: Path, read_only: Path) -> None:
    done = run(folder, "--csv", "run.csv", "--json", f"{read_only}/run.json", preexec_fn=without_rights_of_root)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {read_only}/run.json: cannot be written; expected a file in a folder that can\n"
    assert not (folder / "run.csv").exists()


def test_two_processes_share_a_cache_of_runs(folder: Path) -> None:
    call = [*CUT, "shared"]
    both = [subprocess.Popen(call, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    one, other = (process.communicate() for process in both)
    third = subprocess.run(call, cwd=folder, capture_output=True, check=True)
    assert one == other == (third.stdout, b"")
    assert third.stdout.count(b"\n") == 5
    assert all(path.suffix in (".json", ".h5") for path in (folder / "shared").iterdir())


def test_kernels_that_can_be_kept_nowhere_are_compiled_each_time_and_it_is_said(
    tmp_path: Path, read_only: Path
) -> None:
    """Installed by another user, for one whose home cannot be written either."""
    installed = tmp_path / "installed"
    for package in ("analytical", "traces"):
        shutil.copytree(DATA.parents[1] / package, installed / package, ignore=shutil.ignore_patterns("__pycache__"))
    folders = [installed, *(path for path in installed.rglob("*") if path.is_dir())]
    names = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "PYTHONPATH")
    world = {name: value for name, value in os.environ.items() if name not in names}
    world |= {"HOME": str(read_only), "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, "-c", f"{ENCODE}\nprint(rlc.__file__)"]
    for folder in folders:
        folder.chmod(0o555)
    try:
        for _ in range(2):
            done = subprocess.run(
                call, cwd=tmp_path, env=world, capture_output=True, text=True, preexec_fn=without_rights_of_root
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.splitlines()[1] == str(installed / "traces" / "rlc.py")
            assert done.stderr.count("compiled in each run") == 1, done.stderr
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert not list(tmp_path.rglob("__pycache__"))
