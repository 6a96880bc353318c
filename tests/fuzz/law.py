"""The law of a command: an answer, a check that failed, or one line that says what is wrong; and nothing left over."""

import io
import os
import resource
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytical.terminal.errors import LONGEST
from partition.neupart import group
from tests.commands import called

SECONDS = 5.0
"""Of a processor, that a case may take; four times as long by the clock, since other processes take theirs."""

GROWTH_MIB = 1024
"""By which a case may make the process larger."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    Attributes
    ----------
    status : int or None
        None: by something that no command may end with.
    errors : str
        What it said on standard error.
    broken : str
        Which law it broke, and how; empty where it kept them all.
    """

    status: int | None
    errors: str
    broken: str


class _TooLongError(BaseException):
    """A case that takes too long; no command can catch it."""


@contextmanager
def _limited() -> Iterator[None]:
    def stop(_signal: int, _frame: Any) -> None:
        raise _TooLongError

    timers = ((signal.SIGPROF, signal.ITIMER_PROF, SECONDS), (signal.SIGALRM, signal.ITIMER_REAL, 4 * SECONDS))
    before = [signal.signal(number, stop) for number, _, _ in timers]
    for _, timer, seconds in timers:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for (number, timer, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def outcome_of(arguments: Sequence[str], folder: Path, named: Sequence[str] = ()) -> Outcome:
    """Run a command line of ``neupart`` in this process, and hold it to the law.

    Parameters
    ----------
    arguments : sequence of str
    folder : Path
        Where it runs.
    named : sequence of str
        What a refusal must name one of: the file that was mutated, or what is in it. Empty: nothing.
    """
    before = set(os.listdir(folder))
    peak = _mib()
    status: int | None = None
    broken, said = "", io.StringIO()
    try:
        with _limited():
            status = called(group, "neupart", "neupart", tuple(arguments), folder, said).returncode
    except _TooLongError:
        broken = f"takes more than {SECONDS} s"
    except BaseException:  # whatever it is, it is what is looked for
        broken = "traceback: " + traceback.format_exc(limit=-3)
    text = said.getvalue()
    left = sorted(set(os.listdir(folder)) - before)
    if not broken and status not in (0, 1, 2):
        broken = f"exit status {status}"
    if not broken and status == 2:
        broken = broken_by(text, named)
    if not broken and (status == 2 or any(name.endswith(".part") for name in left)) and left:
        broken = f"leaves {left}"
    if not broken and _mib() - peak > GROWTH_MIB:
        broken = f"grows by {_mib() - peak:.0f} MiB"
    for name in left:
        path = folder / name
        if path.is_file() or path.is_symlink():
            path.unlink()
    return Outcome(status, text, broken)


def broken_by(text: str, named: Sequence[str]) -> str:
    """Which law a refusal breaks."""
    lines = text.splitlines()
    if len(lines) != 1 or not text.endswith("\n"):
        return f"{len(lines)} lines"
    (line,) = lines
    if not line.startswith("error: "):
        return "no error"
    if len(line) > LONGEST:
        return f"{len(line)} characters"
    if not line.isprintable():
        return "characters that a terminal obeys"
    # of an option, its parser says what it takes in words of its own
    if "expected" not in line and not any(word in line for word in _OF_OPTIONS):
        return "does not say what was expected"
    if named and not any(name in line for name in named) and not any(word in line for word in _OF_OPTIONS):
        return f"names none of {', '.join(named)}"
    return ""


_OF_OPTIONS = (
    *("Invalid value for", "No such option", "Missing ", "requires an argument", "unexpected extra argument"),
    # what a layer asks for, beside what the hardware has
    "cannot be mapped",
    *("No such command", "does not take a value", "Got unexpected", "Did you mean", "not enough memory"),
)


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
