"""The front door from Python: names that are there, each with a docstring of parameters, errors and an example."""

import importlib
import inspect
import subprocess
import sys

import pytest

import analytical
import partition
import simulator
import traces

PACKAGES = (analytical, simulator, partition, traces)
FUNCTIONS = [
    (package, name)
    for package in PACKAGES
    for name in package.__all__
    if inspect.isroutine(inspect.unwrap(getattr(package, name)))
]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_names_are_there_once_and_listed(package: object) -> None:
    names = package.__all__  # type: ignore[attr-defined]
    assert sorted(names) == list(names)
    assert set(names) <= set(dir(package))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        package.nothing  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(("package", "name"), FUNCTIONS, ids=lambda value: getattr(value, "__name__", value))
def test_a_public_function_says_what_it_takes_what_can_go_wrong_and_shows_how(package: object, name: str) -> None:
    function = inspect.unwrap(getattr(package, name))
    doc = inspect.getdoc(function) or ""
    if inspect.signature(function).parameters and name != "show":
        assert "Parameters\n----------" in doc or name in ("map_layer", "run_network"), name
        assert "Raises\n------" in doc, name
        assert "Examples\n--------" in doc or name in ("run_network",), name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_names_stay_functions_whatever_is_imported(package: object) -> None:
    """A module of the name of a function would take its place once it is imported."""
    name = package.__name__  # type: ignore[attr-defined]
    for public in package.__all__:  # type: ignore[attr-defined]
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(f"{name}.{public}")


@pytest.mark.parametrize("package", ["analytical", "simulator", "partition", "traces"])
def test_importing_a_package_imports_nothing_heavy(package: str) -> None:
    heavy = "numba, rich, pydantic, h5py, matplotlib, networkx, pandas, click, onnx, onnxruntime"
    code = f"import sys, {package}; print([name for name in {heavy.split(', ')!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "command",
    [
        "analytical run",
        "simulator",
        "simulator run",
        "simulator compare",
        "partition",
        "partition run",
        "traces import",
    ],
)
def test_help_imports_neither_the_compiler_nor_tables(command: str) -> None:
    package, *name = command.split()
    code = (
        f"import sys; sys.argv = ['x', *{name!r}, '--help']\n"
        f"from {package}.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('numba', 'rich', 'matplotlib', 'simpy') if name in sys.modules], file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr.strip() == "[]"
