"""``python -m partition choose``: which model of a catalogue to run."""

from pathlib import Path
from typing import Any

import click

from analytical.terminal.errors import CHECK_FAILED
from analytical.terminal.options import NumberRange, command, csv_option, json_option, rules_option, seed_option
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen
from partition.commands.options import (
    BITRATE_HELP,
    TX_POWER_HELP,
    BitRate,
    Quantity,
    max_delay_option,
    source_option,
    sparsity_option,
    watch,
)
from simulator.commands.cache import folder_option


@command()
@click.argument("catalogue")
@click.option("--min-accuracy", type=NumberRange(0, 100), metavar="75", help="In percent, by the catalogue.")
@click.option("--max-energy", type=Quantity("J"), metavar="50mJ", help="That the phone may spend on an image.")
@max_delay_option
@click.option("--bitrate", type=BitRate(), metavar="60Mbps", help=f"To the cloud. {BITRATE_HELP}  [default: no cloud]")
@click.option("--tx-power", type=Quantity("W"), metavar="0.5W", help=TX_POWER_HELP)
@source_option
@rules_option
@seed_option
@folder_option
@sparsity_option
@csv_option
@json_option
def choose(
    catalogue: str, source: str, cache: Path | None, csv_file: str | None, json_file: str | None, **said: Any
) -> int:
    """Say which model of CATALOGUE (.toml) spends least, within limits of accuracy, energy and delay.

    \b
    python -m partition choose models.toml --min-accuracy 75 --max-delay 50ms
    """
    from partition.catalogue import choose as find  # pydantic takes its time to import

    check_writable(csv_file, json_file, inputs=(catalogue, source))
    found = find(catalogue, source=source, cache=cache, watch=watch, **said)
    written = write_chosen((csv_file, lambda: as_csv(found.rows())), (json_file, lambda: as_json(found.record())))
    if not written:
        from partition.tables import print_choice

        print_choice(found)
    if found.best is None:
        click.echo(f"choose: {found.why_none()}", err=True)
        return CHECK_FAILED
    return 0
