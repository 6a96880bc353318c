"""``python -m partition chain``: a network over phone, edge and cloud, cut in several places."""

from typing import Any

import click

from analytical.terminal.errors import CHECK_FAILED
from analytical.terminal.options import (
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
    max_delay_option,
    picture_options,
    sparsity_option,
    watch,
)
from partition.figures.look import Look
from simulator.commands.cache import folder_option

LEAST = ("energy", "latency", "memory")


@network_command()
@network_argument
@click.option("--platforms", required=True, metavar="P.toml", help="A table [[platform]] for each, in order.")
@click.option("--least", type=click.Choice(LEAST), default=LEAST[0], show_default=True, help="What the best way has.")
@max_delay_option
@bits_option(default=8)
@rules_option
@seed_option
@folder_option
@sparsity_option
@csv_option
@json_option
@picture_options
def chain(
    network: str, platforms: str, csv_file: str | None, json_file: str | None, out: str | None, look: Look, **said: Any
) -> int:
    """Cut NETWORK over a chain of platforms, such as phone, edge and cloud, each with energies and a link of its own.

    \b
    python -m partition chain googlenet --platforms chain.toml --max-delay 50ms
    """
    # pydantic takes its time to import
    from partition.platforms import NoWayError
    from partition.platforms import chain as cut_up

    check_writable(csv_file, json_file, out, inputs=(network, platforms))
    try:
        found = cut_up(network, platforms, watch=watch, **said)
    except NoWayError as error:
        click.echo(f"chain: {error}", err=True)
        return CHECK_FAILED

    def picture() -> bytes:
        from partition.figures.draw import draw_panels
        from partition.figures.fronts import panels_of_chain

        return draw_panels(panels_of_chain(found), look)

    written = write_chosen(
        (csv_file, lambda: as_csv(found.rows())), (json_file, lambda: as_json(found.record())), (out, picture)
    )
    if not written:
        from partition.tables import print_chain

        print_chain(found)
    return 0
