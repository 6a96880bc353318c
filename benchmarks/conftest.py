"""Ratios that are measured in one run: a table at its end, and a file for those who ask for one."""

import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

Record = Callable[[str, str, float], None]
"""Takes what was measured, the unit (what it is a multiple of), and the figure."""

_ROWS = pytest.StashKey[list[dict[str, Any]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write ratios."""
    parser.addoption("--ratios", metavar="FILE", help="write the ratios of this run as JSON")


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Keeps a figure for the table and the file."""
    rows = request.config.stash.setdefault(_ROWS, [])

    def keep(what: str, unit: str, figure: float) -> None:
        rows.append({"what": what, "figure": figure, "unit": unit})

    return keep


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table; write the file."""
    rows = config.stash.get(_ROWS, [])
    if rows:
        terminalreporter.section("ratios, measured side by side in this run")
    for row in rows:
        terminalreporter.write_line(f"{row['what']:52} {row['figure']:8.1f} {row['unit']}")
    if path := config.getoption("--ratios"):
        versions = {name: version(name) for name in ("numpy", "numba", "simpy")} | {"python": platform.python_version()}
        Path(path).write_text(json.dumps({"versions": versions, "ratios": rows}, indent=1) + "\n")
