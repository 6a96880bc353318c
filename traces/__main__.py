"""``python -m traces``: bring networks in, with values of their layers, and look at them."""

import click

from analytical.terminal.errors import run_command
from analytical.terminal.options import LazyGroup, log_to_standard_error, version_option

COMMANDS = {"import": "traces.commands.importing:importing", "show": "traces.commands.show:show"}


@click.group(cls=LazyGroup, sources=COMMANDS)
@version_option
def main() -> None:
    """Networks that other programs wrote, and the values of their layers on real pictures."""
    log_to_standard_error()


if __name__ == "__main__":
    run_command(main, "python -m traces")
