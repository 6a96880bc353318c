"""Imports that a contract cannot see: through the public names of a package, which are looked up when they are used."""

import ast
import configparser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PACKAGES = ("analytical", "traces", "simulator", "partition")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def through_the_front_door(source: str) -> list[str]:
    """Public names that a module takes from a package, in place of the modules that have them."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in PACKAGES:
            for alias in node.names:
                home = ROOT / node.module / alias.name
                if alias.name != "__version__" and not (home.is_dir() or home.with_suffix(".py").exists()):
                    found.append(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in PACKAGES]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_import_modules_and_not_public_names(path: Path) -> None:
    """Import contracts would not see what is behind such a name."""
    assert through_the_front_door(path.read_text()) == []


def test_what_is_looked_for_is_found() -> None:
    source = "from analytical import estimate, counts\nimport simulator\nfrom analytical.model import estimate"
    assert through_the_front_door(source) == ["analytical.estimate", "simulator"]


def test_every_folder_of_modules_is_installed() -> None:
    """From a checkout all of them are there; what pip installs has those that are listed."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = setup["options"]["packages"].split()
    assert sorted(listed) == sorted({".".join(path.parent.relative_to(ROOT).parts) for path in MODULES})


def test_every_library_that_a_user_has_is_bounded_from_below_and_above() -> None:
    """``.ci/run`` tries the lowest of each, and README's commands the highest: what is between is likely to work."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = {name: text.split() for name, text in setup["options.extras_require"].items()}
    core = setup["options"]["install_requires"].split()
    ours = {"test", "docs", "lint", "bench"}
    of_users = {line for name, lines in extras.items() if name not in ours for line in lines}
    for line in (*core, *of_users):
        bounds = Requirement(line).specifier
        assert {each.operator for each in bounds} == {">=", "<"}, line
        assert bounds.contains(metadata.version(Requirement(line).name)), line
    # tests have all that a user may have
    (everything,) = (line for line in extras["test"] if line.startswith("eyeriss-neupart["))
    assert Requirement(everything).extras == set(extras) - ours
