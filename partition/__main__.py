"""``python -m partition``: where to cut a network between phone and cloud."""

import click

from analytical.terminal.errors import run_command
from analytical.terminal.options import LazyGroup, log_to_standard_error, version_option

COMMANDS = {
    "run": "partition.commands.run:run",
    "distribute": "partition.commands.distribute:distribute",
    "split": "partition.commands.split:split",
    "schedules": "partition.commands.schedules:schedules",
    "choose": "partition.commands.choose:choose",
    "chain": "partition.commands.chain:chain",
    "map": "partition.commands.map:map_",
    "figure": "partition.commands.figure:figure",
    "quarters": "partition.commands.quarters:quarters",
    "glb": "partition.commands.glb:glb",
}


@click.group(cls=LazyGroup, sources=COMMANDS)
@version_option
def main() -> None:
    """NeuPart: cut a network between phone and cloud so that the phone spends least energy."""
    log_to_standard_error()


if __name__ == "__main__":
    run_command(main, "python -m partition")
