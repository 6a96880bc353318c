"""README and docs show what the program prints today."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import simulator.__main__ as program
from simulator.session import NetworkRun, Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples" / "README.md"]
SHOWN = [
    (page.relative_to(ROOT).as_posix(), command, output)
    for page in PAGES
    for command, output in re.findall(r"```console\n\$ (.*?)\n(.*?)```", page.read_text(), re.DOTALL)
]
"""Pages, the commands that they show, and their output: a line ``...`` stands for any lines."""


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def parts_between_ellipses(lines: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for line in [*lines, "..."]:
        if line == "...":
            yield part
            part = []
        else:
            part.append(line)


def assert_shown(shown: list[str], printed: list[str]) -> None:
    """Each part stands in what was printed, one after the other; the first at its start, the last at its end."""
    parts = list(parts_between_ellipses(shown))
    if len(parts) == 1:
        assert shown == printed
    assert printed[: len(parts[0])] == parts[0]
    assert printed[len(printed) - len(parts[-1]) :] == parts[-1]
    at = 0
    for part in parts:
        found = next((i for i in range(at, len(printed) + 1) if printed[i : i + len(part)] == part), None)
        assert found is not None, part
        at = found + len(part)


@pytest.mark.parametrize(("page", "command", "output"), SHOWN, ids=[f"{page}: {command}" for page, command, _ in SHOWN])
def test_a_page_shows_what_the_command_prints(
    page: str,
    command: str,
    output: str,
    zoo_run: Callable[[str, int], NetworkRun],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert page
    python, m, package, *arguments = shlex.split(command)
    assert (python, m) == ("python", "-m")
    if arguments[0] == "effects":
        # runs of the whole zoo take a while, and other tests have them made already
        def made(settings: Settings) -> NetworkRun:
            return zoo_run(settings.network.name, settings.hardware.b_w)

        monkeypatch.setattr(program, "_run", made)
        monkeypatch.setenv("COLUMNS", "80")
        program.main.main(arguments, standalone_mode=False)
        printed = capsys.readouterr().out
    else:
        call = [sys.executable, "-m", package, *arguments]
        own = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
        printed = subprocess.run(call, capture_output=True, text=True, check=True, cwd=ROOT, env=own).stdout
    assert_shown(lines_of(output), lines_of(printed))


def test_the_readme_and_the_page_on_closed_forms_show_output() -> None:
    assert {"README.md", "docs/closed_forms.md"} <= {page for page, _, _ in SHOWN}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_points_to_exist(page: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", page.read_text()):
        assert (page.parent / target).exists(), target
