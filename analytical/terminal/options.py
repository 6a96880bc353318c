"""Options that several commands have, and groups whose commands are imported when they are used."""

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from analytical import __version__
from analytical.files import CHIP_NAMES
from analytical.files.seal import trusted
from analytical.mappings.rules import RULE_SETS
from analytical.networks import READERS, TRACES, ZOO
from analytical.sheet import real_number, whole_number
from analytical.terminal.errors import one_line
from analytical.terminal.namesake import warn_of_namesake

F = TypeVar("F", bound=Callable[..., Any])

NETWORK_HELP = f"NETWORK is one of {', '.join((*ZOO, *TRACES))}, or a file ({', '.join(READERS)})."

HELP_NAMES = {"help_option_names": ["-h", "--help"]}

PACKAGES = ("analytical", "traces", "simulator", "partition")
"""Whose loggers -v and -q set."""


class LazyGroup(click.Group):
    """A group that knows its commands by name, and imports one when it is used or helped with.

    Parameters
    ----------
    sources : mapping of str to str
        ``module:attribute`` for each name, in the order in which help lists them.
    **more
        As for :class:`click.Group`.
    """

    def __init__(self, *, sources: Mapping[str, str], **more: Any) -> None:
        options: dict[str, Any] = {"no_args_is_help": True, "context_settings": HELP_NAMES} | more
        super().__init__(**options)
        self.sources = sources

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was named; before it is imported, which a package of the same name as ours may keep from
        working."""
        warn_of_namesake()
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in order."""
        del ctx
        return list(self.sources)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported."""
        del ctx
        if cmd_name not in self.sources:
            return None
        # only the command that is used or helped with is imported, so that none waits for what another one needs
        module, _, attribute = self.sources[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


def complete_files(*names: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """What a shell offers where one of ``names`` or a file may stand."""

    def complete(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        known = [CompletionItem(name) for name in names if name.startswith(begun)]
        return known or [CompletionItem(begun, type="file")]

    return complete


network_argument = click.argument("network", shell_complete=complete_files(*ZOO, *TRACES))

version_option = click.version_option(__version__)


def network_command(**more: Any) -> Callable[[F], click.Command]:
    """A command whose help says what NETWORK may be."""
    return command(epilog=NETWORK_HELP, **more)


def command(**more: Any) -> Callable[[F], click.Command]:
    """A command with -h, --trust, -v and -q, the last three at the end of its options.

    Parameters
    ----------
    **more
        As for :func:`click.command`.
    """

    make: Any = click.command(context_settings=HELP_NAMES, **more)

    def decorate(function: F) -> click.Command:
        made: click.Command = make(function)
        # added here and not by decorators, so that help lists them after the command's own
        made.params += OPTIONS_OF_ALL
        return made

    return decorate


def _loudness(*names: str, level: int, help: str) -> click.Option:
    """An option that sets how much is said on standard error."""

    def set_level(_ctx: click.Context, _parameter: click.Parameter, said: bool) -> None:
        if said:
            log_to_standard_error(level)

    # eager: the loudness is set before callbacks of other options have something to say
    return click.Option(names, is_flag=True, expose_value=False, is_eager=True, callback=set_level, help=help)


def _trust(ctx: click.Context, _parameter: click.Parameter, said: bool) -> None:
    if said:
        ctx.with_resource(trusted())


OPTIONS_OF_ALL = (
    click.Option(
        ["--trust"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_trust,
        help="Take files that the program wrote as they are, also where they were changed.",
    ),
    _loudness("-v", "--verbose", level=logging.DEBUG, help="Say on standard error what is being done."),
    _loudness(
        "-q", "--quiet", level=logging.WARNING, help="Say nothing on standard error but errors; no progress bar."
    ),
)
"""Options of every command."""


def log_to_standard_error(level: int = logging.INFO) -> None:
    """Send what the packages log to standard error, from this level on.

    Parameters
    ----------
    level : int
        As in :mod:`logging`.
    """
    handler = _StandardError()
    for package in PACKAGES:
        # in place of what is there: the group sets a level first, -v or -q another one, and each line is said once
        logger = logging.getLogger(package)
        logger.handlers[:] = [handler]
        logger.setLevel(level)


LONGEST_LOG = 2000
"""Characters of a line that says what is being done."""


class _StandardError(logging.Handler):
    """Log records as lines, on whatever standard error is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(one_line(self.format(record), LONGEST_LOG), err=True)


def is_quiet() -> bool:
    """Whether -q was given."""
    return logging.getLogger(PACKAGES[0]).getEffectiveLevel() >= logging.WARNING


def bits_option(default: int) -> Callable[[F], F]:
    """--bits, with the width that a command takes by default.

    Commands get an integer, or None where it was not given: the hardware then says the width.
    """
    return click.option(
        "--bits",
        type=click.Choice(["8", "16"]),
        callback=lambda _ctx, _parameter, said: int(said) if said else None,
        help=f"Width of a word.  [default: {default}, or what the hardware file says]",
    )


class WholeRange(click.IntRange):
    """Whole numbers of a range, as written: no ``1_0``, ``+3`` or digits of other scripts, which Python would take.

    Examples
    --------
    >>> WholeRange(1, 64).convert("12", None, None)
    12
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if isinstance(value, str):
            try:
                value = whole_number(value)
            except ValueError:
                self.fail(f"{value!r}; expected a whole number", param, ctx)
        return int(super().convert(value, param, ctx))


class NumberRange(click.FloatRange):
    """Numbers of a range, as written; infinity and nan are none.

    Examples
    --------
    >>> NumberRange(0, 1).convert("0.5", None, None)
    0.5
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        if isinstance(value, str):
            try:
                value = real_number(value)
            except ValueError:
                self.fail(f"{value!r}; expected a number", param, ctx)
        return float(super().convert(value, param, ctx))


hardware_option = click.option(
    "--hardware",
    metavar="HARDWARE",
    shell_complete=complete_files(*CHIP_NAMES),
    help=f"{', '.join(CHIP_NAMES)}, a hardware file (.toml), or the JSON of a run.  [default: Eyeriss]",
)
rules_option = click.option(
    "--rules",
    type=click.Choice(RULE_SETS),
    default=RULE_SETS[0],
    show_default=True,
    help="CNNergy's rules as published, or corrected where they break; the same on the paper's four networks.",
)
seed_option = click.option(
    "--seed",
    type=WholeRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Seed of the synthetic data; none with a trace, which has its own.",
)
csv_option = click.option(
    *("--csv", "csv_file"),
    metavar="FILE",
    shell_complete=complete_files(),
    help="Write rows for programs, in place of tables; - is standard output.",
)
json_option = click.option(
    *("--json", "json_file"),
    metavar="FILE",
    shell_complete=complete_files(),
    help="Write everything, in place of tables; - is standard output.",
)


class Percent(click.ParamType[float]):
    """A share like 2%, with or without the sign; commands get 0.02.

    Examples
    --------
    >>> Percent().convert("2%", None, None)
    0.02
    """

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share, as a number."""
        # click may convert what has been converted, such as a default
        if isinstance(value, float):
            return value
        # without its sign, 0.02 could be taken for 2 % or for 0.02 %
        try:
            share = real_number(value.strip().removesuffix("%")) / 100 if value.strip().endswith("%") else -1.0
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1e6:
            self.fail(f"{value!r}; expected a share like 2%", param, ctx)
        return share
