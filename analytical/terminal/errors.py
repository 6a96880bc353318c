"""How a command ends: its exit status, and one line on standard error for bad input."""

import os
import signal
import sys
import threading
from typing import NoReturn

import click

from analytical.errors import InputError

BAD_INPUT = 2
"""Exit status of a command whose input cannot be used."""

CHECK_FAILED = 1
"""Exit status of a command whose check, asked for, failed."""

LONGEST = 300
"""Characters of the line that says what is wrong."""

LONGEST_WORD = 100
"""Characters of one word in such a line, where the line would else be too long."""

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended."""

TERMINATED = 143
"""Exit status of a command that the system ended (SIGTERM)."""


def run_command(command: click.Command, program: str) -> NoReturn:
    """Run a command line; bad input ends it with one line on standard error and status 2.

    Parameters
    ----------
    command : click.Command
        What to run, with the arguments of this process. What it returns, if a number, is the exit status.
    program : str
        What usage lines call it.

    Raises
    ------
    SystemExit
        Always.
    """
    _end_on_termination()
    # click by itself would show usage with each error, and exit with 0 whatever a command returns
    try:
        status = command.main(prog_name=program, standalone_mode=False)
        if sys.stdout is not None:
            # a full disk or a reader that has left shows here, where it can be reported, and not when Python exits
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        sys.exit(BAD_INPUT)
    # after the one above, which is a ClickException, too; likewise a broken pipe is an OSError
    except click.ClickException as error:
        _refuse(error.format_message())
    except InputError as error:
        _refuse(str(error))
    except MemoryError as error:
        _refuse(f"not enough memory: {error}")
    except UnicodeEncodeError as error:
        _refuse(f"{error.object[error.start : error.end]!r} cannot be shown in {error.encoding}; expected UTF-8 output")
    except BrokenPipeError:
        leave_closed_pipe()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _refuse(f"{where}{error.strerror or error}; expected a file or a stream that can be used")
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except _TerminatedError:
        click.echo("terminated", err=True)
        sys.exit(TERMINATED)
    sys.exit(status if isinstance(status, int) else 0)


class _TerminatedError(BaseException):
    """The system asked the process to end; no ``except Exception`` stands in the way, and unfinished files go."""


def _end_on_termination() -> None:
    """Let SIGTERM end a command as Ctrl-C does, with what it was writing cleaned up."""

    def end(_number: int, _frame: object) -> None:
        raise _TerminatedError

    # signals are the main thread's; who ignores them goes on doing so
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, end)


def leave_closed_pipe() -> NoReturn:
    """End well: the reader of our output has left, and there is nobody to tell."""
    # what is still buffered goes nowhere, or Python's flush at exit would fail as well
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def fail_if_any(found: list[str], what: str) -> int:
    """Say on standard error what a check found; the exit status.

    Parameters
    ----------
    found : list of str
        A line for each thing that failed the check.
    what : str
        Stands before each line.

    Returns
    -------
    int
        :data:`CHECK_FAILED` if anything was found, else 0.

    Examples
    --------
    >>> fail_if_any([], "over 2 %")
    0
    """
    for line in found:
        click.echo(one_line(f"{what}: {line}"), err=True)
    return CHECK_FAILED if found else 0


def one_line(message: str, most: int = LONGEST) -> str:
    """A message for a terminal: one line, nothing that a terminal obeys, and not longer than people read.

    What came from a file or a command line may hold control characters, which move the cursor or colour what follows,
    and marks that turn the direction of text round: they are shown as escapes. Of a message that is too long the
    beginning stays, which says where, and what was expected.

    Parameters
    ----------
    message : str
    most : int
        Characters.

    Examples
    --------
    >>> one_line("a\\x1b[31m.csv: no\\nsuch file")
    'a\\\\x1b[31m.csv: no such file'
    >>> one_line("big.csv: " + 400 * "x" + "; expected a number", most=48)
    'big.csv: xxxxxxxxxxxxxxxxx...; expected a number'
    """
    words = " ".join(message.split())
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in words)
    if len(text) <= most:
        return text
    # a name or a value that is long by itself: what stands around it says more
    text = " ".join(
        word if len(word) <= LONGEST_WORD else f"{word[: LONGEST_WORD // 2]}...{word[-9:]}" for word in text.split(" ")
    )
    if len(text) <= most:
        return text
    at = text.rfind("; expected")
    end = text[at:] if at > 0 else ""
    if len(end) > 2 * most // 3:
        end = end[: 2 * most // 3 - 3] + "..."
    return text[: most - len(end) - 3] + "..." + end


def _refuse(message: str) -> NoReturn:
    click.echo("error: " + one_line(message, LONGEST - len("error: ")), err=True)
    sys.exit(BAD_INPUT)
