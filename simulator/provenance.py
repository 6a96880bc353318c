"""What made a result: program, versions, commit and command, as files keep them."""

import hashlib
import platform
import shlex
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from analytical import __version__
from analytical.files.seal import SEALED

SCHEMA = SEALED
"""A number that grows when a field of a run's files changes its meaning, or goes; from 3 on they have a seal."""


def provenance(command: str | None = None) -> dict[str, Any]:
    """What made a result.

    Parameters
    ----------
    command : str, optional
        How it was asked for; default: the command line of this process.

    Examples
    --------
    >>> made = provenance("simulator.run")
    >>> made["command"], sorted(made["versions"])
    ('simulator.run', ['h5py', 'numba', 'numpy', 'program', 'python', 'simpy'])
    """
    return {"schema": SCHEMA, "command": command or _command(), "versions": versions()}


def _command() -> str:
    """The command line of this process, as it can be given again."""
    # names of files may hold bytes that no text has
    program, *arguments = (word.encode("utf-8", "backslashreplace").decode() for word in sys.argv or [""])
    if Path(program).name == "__main__.py":
        return shlex.join(["python", "-m", Path(program).parent.name, *arguments])
    return shlex.join([program, *arguments])


@cache
def program() -> str:
    """A fingerprint of the program that a run depends on, and of what makes its numbers.

    Of the sources, not of a version: what is kept must not outlive a change that nobody gave a number.
    """
    digest = hashlib.sha256(f"{_version('numpy')} {_version('numba')}".encode())
    for package in ("analytical", "traces", "simulator"):
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or []) if spec else []:
            for source in sorted(Path(root).rglob("*.py")):
                digest.update(source.read_bytes())
    return digest.hexdigest()


@cache
def versions() -> dict[str, str]:
    """Versions of the program, with its git commit where there is one, and of what makes its numbers."""
    commit = _commit()
    program = __version__ if commit is None else f"{__version__}+{commit}"
    return {"program": program, "python": platform.python_version()} | {
        name: _version(name) for name in ("numpy", "numba", "simpy", "h5py")
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _commit() -> str | None:
    """The commit of the checkout that this file belongs to, with a plus sign for changes that it does not have."""
    # only this very folder: git would look upwards, and give an installed package the commit of whatever holds it
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    # no tag is taken, so that what is described is always the commit
    call = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(call, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
