"""``python -m analytical``: the paper's closed-form energy model of a network."""

import click

from analytical.terminal.errors import run_command
from analytical.terminal.options import LazyGroup, log_to_standard_error, version_option


@click.group(
    cls=LazyGroup,
    sources={name: f"analytical.commands.{name}:{name}" for name in ("run", "compress", "chips", "sweep")},
)
@version_option
def main() -> None:
    """CNNergy: what a CNN costs on a row-stationary accelerator, by closed formulas."""
    log_to_standard_error()


if __name__ == "__main__":
    run_command(main, "python -m analytical")
