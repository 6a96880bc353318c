"""README and docs show what the program prints today, and name all that it has."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import analytical.__main__
import analytical.model
import partition.__main__
import partition.neupart
import partition.planning
import simulator.__main__
import simulator.columns
import simulator.commands.options
import traces.__main__
from analytical.columns import Column, as_markdown
from simulator.result import NetworkResult
from simulator.settings import Settings
from tests.commands import command
from tests.shown import BLOCK, MADE, assert_shown, lines_of, rewrite_block, rewrite_made, updated
from tests.traces.importers.models import node, save, weights

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples" / "README.md"]
SHOWN = [
    (page.relative_to(ROOT).as_posix(), command, output)
    for page in PAGES
    for command, output in BLOCK.findall(page.read_text())
]
"""Pages, the commands that they show, and their output."""

COLUMNS: dict[str, tuple[Column, ...]] = {
    "columns of simulator run": simulator.columns.COLUMNS,
    "fields of simulator run": simulator.columns.FIELDS,
    "totals of simulator run": simulator.columns.TOTALS,
    "columns of analytical run": analytical.model.COLUMNS,
    "fields of analytical run": analytical.model.FIELDS,
    "columns of partition run": partition.planning.COLUMNS,
    "fields of partition run": partition.planning.FIELDS,
}
PACKAGES = ("analytical", "simulator", "partition", "traces")


def made(what: str) -> str:
    """A table that the program makes for a page."""
    if what in COLUMNS:
        return as_markdown(COLUMNS[what])
    package = importlib.import_module(what.removeprefix("names of "))
    rows = [f"| `{package.__name__}.{name}` | {summary(name, getattr(package, name))} |" for name in package.__all__]
    return "\n".join(["| name | is |", "|---|---|", *rows]) + "\n"


def summary(name: str, named: object) -> str:
    """The first sentence of a docstring, on one line."""
    if not callable(named):
        return {"CHIPS": "hardware that ships, by name", "ZOO": "names of the networks that ship"}[name]
    doc = " ".join((named.__doc__ or "").split("\n\n")[0].split())
    return re.sub(r":\w+:`([^`]*)`", r"`\1`", doc)


@pytest.mark.parametrize(("page", "line", "output"), SHOWN, ids=[f"{page}: {line}" for page, line, _ in SHOWN])
def test_a_page_shows_what_the_command_prints(
    page: str,
    line: str,
    output: str,
    zoo_run: Callable[[str, int], NetworkResult],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    update_shown: bool,
) -> None:
    python, m, *words = shlex.split(line)
    assert python == "python"
    if not words:
        # an example's own test runs it
        printed = (ROOT / m).with_suffix(".out").read_text()
        show_or_compare(page, line, output, printed, update_shown)
        return
    assert m == "-m"
    package, *arguments = words
    if arguments[0] == "effects" and "--help" not in arguments:
        # runs of the whole zoo take a while, and other tests have them made already
        def made_already(settings: Settings) -> NetworkResult:
            return zoo_run(settings.network.name, settings.hardware.b_w)

        monkeypatch.setattr(simulator.commands.options, "run_watched", made_already)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    done = command(package, *arguments, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    show_or_compare(page, line, output, done.stdout, update_shown)


def show_or_compare(page: str, line: str, output: str, printed: str, update_shown: bool) -> None:
    if update_shown:
        rewrite_block(ROOT / page, line, output, updated(lines_of(output), lines_of(printed)))
        return
    assert_shown(lines_of(output), lines_of(printed))


def test_the_readme_and_the_page_on_closed_forms_show_output() -> None:
    assert {"README.md", "docs/closed_forms.md"} <= {page for page, _, _ in SHOWN}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_tables_that_the_program_makes_are_those_of_today(page: Path, update_shown: bool) -> None:
    if update_shown:
        rewrite_made(page, made)
    for _, what, table, _ in MADE.findall(page.read_text()):
        assert table == made(what), what


def test_output_md_has_every_table_of_columns() -> None:
    tables = [what for _, what, _, _ in MADE.findall((ROOT / "docs" / "output.md").read_text())]
    assert sorted(tables) == sorted(COLUMNS)


def test_api_md_has_every_public_name() -> None:
    tables = [what for _, what, _, _ in MADE.findall((ROOT / "docs" / "api.md").read_text())]
    assert tables == [f"names of {package}" for package in PACKAGES]


def test_api_md_s_lines_run(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert "One image: " in capsys.readouterr().out
    assert names["ifmap"].shape == (1, 3, 26, 26)  # type: ignore[attr-defined]


def test_commands_md_has_the_help_of_every_command() -> None:
    groups: dict[str, click.Group] = {
        "analytical": analytical.__main__.main,
        "simulator": simulator.__main__.main,
        "partition": partition.__main__.main,
        "traces": traces.__main__.main,
    }
    shown = [command for page, command, _ in SHOWN if page == "docs/commands.md"]
    ctx = click.Context(click.Command("any"))
    assert shown == [
        f"python -m {package} {name} --help" for package, group in groups.items() for name in group.list_commands(ctx)
    ]


def test_the_console_script_has_every_command_under_one_name() -> None:
    modules = [analytical.__main__.main, simulator.__main__.main, partition.__main__.main, traces.__main__.main]
    ctx = click.Context(click.Command("any"))
    theirs = {group.get_command(ctx, name) for group in modules for name in group.list_commands(ctx)}
    ours = [partition.neupart.group.get_command(ctx, name) for name in partition.neupart.group.list_commands(ctx)]
    assert set(ours) == theirs
    assert len(ours) == len(theirs)
    assert list(partition.neupart.COMMANDS)[:3] == ["simulate", "estimate", "partition"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_page_points_to_exist(page: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_modules_that_a_page_names_exist(page: Path) -> None:
    for target in re.findall(r"`((?:analytical|simulator|partition|traces|tests)/[\w/.]+)`", page.read_text()):
        assert (ROOT / target).exists(), target


def test_the_tutorial_s_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a small model that is exported here and a picture to the cut, as docs/networks.md has it."""
    model = save(
        tmp_path / "model.onnx",
        [
            node("Conv", ["x", "w"], "c", pads=[1, 1, 1, 1]),
            node("Relu", ["c"], "r"),
            node("Conv", ["r", "v"], "d", pads=[1, 1, 1, 1]),
            node("Add", ["d", "r"], "s"),
            node("GlobalAveragePool", ["s"], "p"),
            node("Flatten", ["p"], "f"),
            node("Gemm", ["f", "g"], "y"),
        ],
        [weights(8, 3, 3, 3), weights(8, 8, 3, 3, name="v", seed=1), weights(8, 10, name="g", seed=2)],
        ("N", 3, 32, 32),
    )
    picture = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "cat.png")
    page = (ROOT / "docs" / "networks.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert len(lines) >= 8
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for line in lines:
        program, m, package, *arguments = shlex.split(line)
        assert (program, m) == ("python", "-m")
        ran = command(package, *arguments, cwd=tmp_path)
        assert ran.returncode == 0, (line, ran.stderr)
    assert model.exists()
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "import_onnx" in block]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
