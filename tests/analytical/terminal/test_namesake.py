"""PyPI's package traces, installed beside ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analytical.terminal.namesake import find_namesake

ROOT = Path(__file__).parents[3]


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of a process that has a folder on its path."""
    own = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    call = [sys.executable, "-m", *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=False, cwd=folder, env=own)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("traces-0.7.0.dist-info", True),
        ("traces-0.7.0.dist", False),
        ("traces_extra-1.0.dist-info", False),
        ("traces", False),
    ],
)
def test_it_is_known_by_its_metadata(name: str, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "missing"), str(tmp_path)])
    assert find_namesake() == (("0.7.0", str(tmp_path)) if found else None)


def test_an_empty_entry_of_the_path_is_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "traces-1.dist-info").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [""])
    assert find_namesake() == ("1", str(tmp_path))


def test_a_command_says_so_once_on_standard_error_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "traces-0.7.0.dist-info").mkdir()
    done = call(tmp_path, "analytical", "run", "alexnet")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"traces 0.7.0, {tmp_path}: another package that is imported as traces, too")
    assert "; expected an environment without it" in line
    assert done.returncode == 0
    assert "alexnet" in done.stdout


def test_it_is_said_before_what_it_breaks(tmp_path: Path) -> None:
    """Where the other one stands in our place, a traceback may follow; the first line says why."""
    (tmp_path / "traces-0.7.0.dist-info").mkdir()
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "__init__.py").write_text("import a_library_of_theirs_that_is_missing")
    # before ours on the path
    own = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    code = "import sys; sys.argv = ['neupart', 'simulate', 'alexnet']; from partition.neupart import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path, env=own
    )
    assert done.stderr.startswith("traces 0.7.0, ")
    assert "No module named 'a_library_of_theirs_that_is_missing'" in done.stderr
    assert done.returncode == 1


def test_nothing_is_said_of_it_where_no_command_is_named(tmp_path: Path) -> None:
    (tmp_path / "traces-0.7.0.dist-info").mkdir()
    done = call(tmp_path, "traces", "--help")
    assert done.stderr == ""
    assert "Usage: python -m traces" in done.stdout
