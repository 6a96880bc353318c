"""``python -m partition split``: the layers of a network over the processors of one phone, and the cloud."""

from typing import Any

import click

from analytical.terminal.errors import CHECK_FAILED
from analytical.terminal.options import (
    NumberRange,
    WholeRange,
    bits_option,
    csv_option,
    json_option,
    network_argument,
    network_command,
    rules_option,
    seed_option,
)
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen
from partition.commands.options import (
    BITRATE_HELP,
    TX_POWER_HELP,
    BitRate,
    Quantity,
    cloud_options,
    max_delay_option,
    picture_options,
    processors_option,
    sparsity_option,
    watch,
)
from partition.figures.look import Look
from simulator.commands.cache import folder_option


@network_command()
@network_argument
@processors_option
@max_delay_option
@click.option(
    "--weight", type=NumberRange(0, 1), metavar="0.5",
    help="Least weight x mJ + (1 - weight) x ms, in place of least energy.",
)  # fmt: skip
@click.option(
    "--parts", type=WholeRange(1, 64), metavar="4",
    help="Equal parts of each layer's filters.  [default: 4, or the most below that all layers have]",
)  # fmt: skip
@click.option("--batch", type=WholeRange(1), metavar="1", help="Images that a layer runs at once.  [default: 1]")
@click.option("--bitrate", type=BitRate(), metavar="60Mbps", help=f"To the cloud. {BITRATE_HELP}  [default: no cloud]")
@click.option("--tx-power", type=Quantity("W"), metavar="0.5W", help=TX_POWER_HELP)
@cloud_options
@click.option("--now", metavar="RECORD.json", help="What a monitor recorded of processors and channel.")
@click.option("--schedules", metavar="S.json", help="Of partition schedules: the cheapest of them that is in time.")
@click.option("--front", is_flag=True, help="All schedules that no other beats in both energy and time.")
@bits_option(default=8)
@rules_option
@seed_option
@folder_option
@sparsity_option
@csv_option
@json_option
@picture_options
def split(
    network: str,
    processors: str,
    now: str | None,
    schedules: str | None,
    front: bool,
    csv_file: str | None,
    json_file: str | None,
    out: str | None,
    look: Look,
    **said: Any,
) -> int:
    """Say which processor runs which part of each layer of NETWORK, and where the phone stops.

    \b
    python -m partition split alexnet --processors phone.toml --max-delay 25ms
    python -m partition split alexnet --processors phone.toml --bitrate 80Mbps --tx-power 0.78W --front
    """
    # pydantic takes its time to import
    from partition.processors.splitting import NoScheduleError
    from partition.processors.splitting import split as split_up

    check_writable(csv_file, json_file, out, inputs=(network, processors, now, schedules))
    found = split_up(network, processors, now=now, schedules=schedules, watch=watch, **said)
    try:
        best = found.best
    except NoScheduleError as error:
        click.echo(f"split: {error}", err=True)
        return CHECK_FAILED

    def picture() -> bytes:
        from partition.figures.draw import draw_panels
        from partition.figures.fronts import panels_of_split

        return draw_panels(panels_of_split(found), look)

    written = write_chosen(
        (csv_file, lambda: as_csv(found.rows(front=front))),
        (json_file, lambda: as_json(found.record(front=front))),
        (out, picture),
    )
    if not written:
        from partition.tables import print_split

        print_split(found, found.front() if front else [best])
    return 0
