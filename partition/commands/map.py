"""``python -m partition map``: which cut wins over bit rate and transmission power."""

from functools import cache
from typing import Any

import click

from analytical.errors import InputError
from analytical.terminal.options import csv_option, json_option, network_argument, network_command
from analytical.terminal.outputs import as_csv, as_json, check_writable, write_chosen
from partition.commands.options import client_options, picture_options, watch
from partition.figures.look import Look
from partition.maps import FINE, cut_map, grid
from partition.planning import plan
from partition.units import UnitError, parse_quantity


@network_command(name="map")
@network_argument
@click.option("--bitrates", default="5Mbps:200Mbps", show_default=True, metavar="FROM:TO", help="Bit rates of the map.")
@click.option("--tx-powers", default="0.1W:2W", show_default=True, metavar="FROM:TO", help="Transmission powers.")
@client_options
@csv_option
@json_option
@picture_options
def map_(
    network: str,
    bitrates: str,
    tx_powers: str,
    csv_file: str | None,
    json_file: str | None,
    out: str | None,
    look: Look,
    jpeg_energy: float | None,
    **said: Any,
) -> None:
    """Say which cut of NETWORK wins over bit rate and transmission power.

    \b
    python -m partition map alexnet --out map.svg
    """
    check_writable(csv_file, json_file, out, inputs=(network, said["hardware"], said["source"]))
    rates, powers = _range("--bitrates", bitrates, "bps"), _range("--tx-powers", tx_powers, "W")
    planned = plan(network, bitrate=rates[0], tx_power=powers[0], jpeg_energy=jpeg_energy or 0.0, watch=watch, **said)
    title = f"{network}: cut of least energy, {planned.source}, Sparsity-In {100 * planned.sparsity_in:.2f} %"

    # the picture and the table need no grid
    @cache
    def rows() -> list[dict[str, Any]]:
        return cut_map(planned, *grid(rates, powers, FINE)).rows()

    def picture() -> bytes:
        from partition.figures.draw import draw_map

        return draw_map(planned, rates, powers, title, look)

    written = write_chosen(
        (csv_file, lambda: as_csv(rows())),
        (
            json_file,
            lambda: as_json({"network": planned.graph.network, "source": planned.source, "map": rows()}),
        ),
        (out, picture),
    )
    if not written:
        from partition.tables import print_map

        print_map(planned, rates, powers, title)


def _range(option: str, said: str, unit: str) -> tuple[float, float]:
    low, colon, high = said.partition(":")
    if not colon:
        raise InputError(f"{option} is {said!r}; expected FROM:TO, the lower first")
    try:
        ends = parse_quantity(low, unit), parse_quantity(high, unit)
    except UnitError as error:
        raise InputError(f"{option} is {said!r}: {error}") from error
    if not 0 < ends[0] < ends[1]:
        raise InputError(f"{option} is {said!r}; expected FROM:TO, the lower first, above 0")
    return ends
