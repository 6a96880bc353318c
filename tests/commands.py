"""Command lines in this process: what a shell sees of a command, without the second that Python takes to start."""

import io
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from subprocess import CompletedProcess

import click

from analytical.terminal.errors import run_command
from analytical.terminal.options import PACKAGES


def command(package: str, *arguments: str, cwd: Path | None = None) -> CompletedProcess[str]:
    """``python -m package arguments``, as :func:`subprocess.run` gives it."""
    main = import_module(f"{package}.__main__")
    return called(main.main, f"python -m {package}", str(main.__file__), arguments, cwd)


def called(
    main: click.Command,
    program: str,
    file: str,
    arguments: tuple[str, ...],
    cwd: Path | None = None,
    errors: io.StringIO | None = None,
) -> CompletedProcess[str]:
    """A command, and what came of it; anything but an exit with a status is raised.

    What it said on standard error until then is in ``errors``, if one is given.
    """
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n")
    errors = io.StringIO() if errors is None else errors
    with _as_a_process([file, *arguments], cwd), redirect_stdout(out), redirect_stderr(errors):
        try:
            run_command(main, program)
        except SystemExit as ended:
            status = ended.code
    assert isinstance(status, int), status
    out.flush()
    return CompletedProcess([program, *arguments], status, out.buffer.getvalue().decode(), errors.getvalue())  # type: ignore[attr-defined]


@contextmanager
def _as_a_process(words: list[str], cwd: Path | None) -> Iterator[None]:
    """What a command changes of its process, and finds in it, is put back."""
    there, said, width = Path.cwd(), sys.argv, os.environ.get("COLUMNS")
    loggers = [logging.getLogger(name) for name in PACKAGES]
    logs = [(logger, list(logger.handlers), logger.level) for logger in loggers]
    ends = signal.getsignal(signal.SIGTERM)
    sys.argv = words
    # as wide as a pipe is, whatever terminal the tests run in
    os.environ.setdefault("COLUMNS", "80")
    try:
        if cwd is not None:
            os.chdir(cwd)
        yield
    finally:
        os.chdir(there)
        sys.argv = said
        if width is None:
            del os.environ["COLUMNS"]
        signal.signal(signal.SIGTERM, ends)
        for logger, handlers, level in logs:
            logger.handlers[:] = handlers
            logger.setLevel(level)
