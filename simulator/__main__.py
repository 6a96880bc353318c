"""``python -m simulator``: run a network through the machine, cycle by cycle."""

import click

from analytical.terminal.errors import run_command
from analytical.terminal.options import LazyGroup, log_to_standard_error, version_option

NAMES = ("run", "compare", "effects", "validate", "report", "watch", "sweep", "pareto", "cache")

COMMANDS = {name: f"simulator.commands.{name}:{name}" for name in NAMES}


@click.group(cls=LazyGroup, sources=COMMANDS)
@version_option
def main() -> None:
    """A row-stationary accelerator, run cycle by cycle with real values: cycles, counts, joules."""
    log_to_standard_error()


if __name__ == "__main__":
    run_command(main, "python -m simulator")
