"""Another package that is installed beside this one and is imported by the same name."""

import logging
import os
import sys

log = logging.getLogger(__name__)

NAMESAKE = "traces"
"""Name of ours that a package on PyPI has, too; pip lets each overwrite the other's files."""


def find_namesake() -> tuple[str, str] | None:
    """The other package's version and the folder that it is installed in; None, where it is not installed.

    Looks at the names of files, as :mod:`importlib.metadata` does, whose import alone would take fifty times as long.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     os.mkdir(f"{folder}/traces-0.7.0.dist-info")
    ...     sys.path.insert(0, folder)
    ...     version, where = find_namesake()
    ...     _ = sys.path.pop(0)
    >>> version, where == folder
    ('0.7.0', True)
    """
    for folder in sys.path:
        try:
            # an empty entry is the current folder
            names = os.listdir(folder or ".")
        except OSError:
            # an archive, or not there
            continue
        for name in names:
            base, dot, kind = name.rpartition(".")
            project, _, version = base.partition("-")
            if dot and kind == "dist-info" and project.lower() == NAMESAKE and version:
                return version, folder or os.getcwd()
    return None


def warn_of_namesake() -> None:
    """Say in one line that the other package is there, and what helps."""
    found = find_namesake()
    if found is not None:
        version, folder = found
        log.warning(
            "%s %s, %s: another package that is imported as %s, too, and each may hide or overwrite the other; "
            "expected an environment without it: a new one, or pip uninstall %s, and eyeriss-neupart installed anew",
            *(NAMESAKE, version, folder, NAMESAKE, NAMESAKE),
        )
