"""``neupart``: all commands under one name, as the console script has them.

Shell completion is click's: ``eval "$(_NEUPART_COMPLETE=bash_source neupart)"``, or ``zsh_source``, ``fish_source``.
"""

import click

from analytical.terminal.errors import run_command
from analytical.terminal.options import LazyGroup, log_to_standard_error, version_option

COMMANDS = {
    "simulate": "simulator.commands.run:run",
    "estimate": "analytical.commands.run:run",
    "partition": "partition.commands.run:run",
    "compress": "analytical.commands.compress:compress",
    "chips": "analytical.commands.chips:chips",
    "import": "traces.commands.importing:importing",
    "show": "traces.commands.show:show",
    "compare": "simulator.commands.compare:compare",
    "effects": "simulator.commands.effects:effects",
    "validate": "simulator.commands.validate:validate",
    "report": "simulator.commands.report:report",
    "watch": "simulator.commands.watch:watch",
    "estimates": "analytical.commands.sweep:sweep",
    "sweep": "simulator.commands.sweep:sweep",
    "pareto": "simulator.commands.pareto:pareto",
    "cache": "simulator.commands.cache:cache",
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
def group() -> None:
    """What it costs, in joules and cycles, to run a CNN on a row-stationary accelerator, and where to cut it."""
    log_to_standard_error()


def main() -> None:
    """Run the console script."""
    run_command(group, "neupart")
