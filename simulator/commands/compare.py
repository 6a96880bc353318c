"""``python -m simulator compare``: two runs side by side."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytical.errors import InputError
from analytical.terminal.errors import fail_if_any
from analytical.terminal.options import Percent, complete_files, csv_option, json_option, network_command
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen
from simulator.commands.run import SETTINGS_OPTIONS, settings_of, with_options
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.comparison.run_file import RunFile

RUN_FILES = (".json", ".h5", ".hdf5")
"""Endings of the names of files that keep a run."""

SIDES = f"a file ({', '.join(RUN_FILES)}) or, in quotes, what `run` is given"
"""What a side of a comparison may be."""


@network_command()
@click.argument("a", shell_complete=complete_files())
@click.argument("b", shell_complete=complete_files())
@click.option("--crosscheck", is_flag=True, help="Print every quantity that differs, layer by layer, and why.")
@click.option(
    "--fail-over",
    type=Percent(),
    metavar="2%",
    help="Exit with status 1 if B takes more energy or time than A by more than this, in a layer or in all.",
)
@csv_option
@json_option
def compare(
    a: str, b: str, crosscheck: bool, fail_over: float | None, csv_file: str | None, json_file: str | None
) -> int:
    """Set run B beside run A: energies, times and counts, and what makes the differences.

    A and B are each the JSON or HDF5 file of a run, or, in quotes, what `run` would be given.

    \b
    python -m simulator compare run.h5 "alexnet --seed 1"
    python -m simulator compare "alexnet --bits 16" "alexnet --bits 8"
    python -m simulator compare before.json after.json --fail-over 2%
    """
    from simulator.comparison.compare import Comparison  # pydantic takes its time, and --help does not need it

    check_writable(csv_file, json_file, inputs=[*_words("A", a), *_words("B", b)])
    sides = [_side("A", a), _side("B", b)]
    comparison = Comparison(a=_run_file(sides[0], a), b=_run_file(sides[1], b))
    written = write_chosen(
        (csv_file, lambda: as_csv(comparison.rows())), (json_file, lambda: as_json(comparison.record()))
    )
    if not written:
        from analytical.terminal.tables import people_console
        from simulator.tables.comparison import print_comparison

        print_comparison(people_console(), comparison, crosscheck=crosscheck)
    return 0 if fail_over is None else fail_if_any(comparison.worse_than(fail_over), f"over {100 * fail_over:g} %")


def _words(name: str, said: str) -> list[str]:
    """What one side of a comparison says, word by word; the name of a file is one word."""
    if _is_run_file(said):
        return [said]
    try:
        return shlex.split(said)
    except ValueError as error:
        raise InputError(f"{name} is {said!r}: {error}; expected {SIDES}") from error


def _side(name: str, said: str) -> "RunFile | Settings":
    """One side of a comparison: a run that a file keeps, or the settings of one to come."""
    from simulator.comparison.run_file import read_run
    from simulator.runner import plan

    if _is_run_file(said):
        return read_run(said)
    try:
        settings: Settings = _LIVE.main(_words(name, said), prog_name=name, standalone_mode=False)
        plan(settings)
    except click.UsageError as error:
        raise InputError(f"{name} is {said!r}: {error.format_message().rstrip('.')}; expected {SIDES}") from error
    except InputError as error:
        raise InputError(f"{name} is {said!r}: {error}") from error
    return settings


def _is_run_file(said: str) -> bool:
    """A file of a run; a trace has the same ending, and is a network to run."""
    if Path(said).suffix.lower() not in RUN_FILES:
        return False
    from traces.trace import is_trace

    return not is_trace(Path(said))


def _run_file(side: "RunFile | Settings", said: str) -> "RunFile":
    from simulator.commands.options import run_watched
    from simulator.comparison.run_file import RunFile

    return RunFile.of_result(run_watched(side), said) if isinstance(side, Settings) else side


_LIVE = click.command("run", add_help_option=False)(with_options(SETTINGS_OPTIONS)(settings_of))
"""What a live side of a comparison is given: those options of ``run`` that say what runs."""
