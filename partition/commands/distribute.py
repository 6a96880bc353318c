"""``python -m partition distribute``: a network on several devices."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from analytical.errors import InputError
from analytical.networks import load_network
from analytical.sheet import real_number
from analytical.terminal.errors import CHECK_FAILED, fail_if_any
from analytical.terminal.options import (
    bits_option,
    csv_option,
    hardware_option,
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
    picture_options,
    sources_option,
    sparsity_option,
    watch,
)
from partition.figures.look import Look
from partition.sources import ANALYTICAL
from simulator.commands.cache import folder_option

log = logging.getLogger(__name__)

STRATEGIES = ("data", "sequential", "horizontal", "vertical", "hybrid", "all")
LEAST = ("energy", "latency", "throughput", "memory")


@network_command()
@network_argument
@click.option("--devices", required=True, metavar="4|FLEET.toml", help="How many, alike; or a file of devices.")
@click.option(
    "--strategy", type=click.Choice(STRATEGIES), default=STRATEGIES[-1], show_default=True, help="What is split."
)
@click.option("--bitrate", type=BitRate(), required=True, metavar="80Mbps", help=BITRATE_HELP)
@click.option("--tx-power", type=Quantity("W"), metavar="0.78W", help=TX_POWER_HELP)
@click.option("--rx-power", type=Quantity("W"), metavar="0.78W", help="Of one that receives.  [default: --tx-power]")
@click.option("--idle-power", type=Quantity("W"), metavar="0.1W", help="Of one that waits.  [default: nothing]")
@click.option(
    "--medium", type=click.Choice(["links", "shared"]), default="links", show_default=True,
    help="Each device has a link of its own, or all share one medium.",
)  # fmt: skip
@click.option(
    "--image-at", type=click.Choice(["first", "everywhere"]), default="first", show_default=True,
    help="Devices that have the image.",
)  # fmt: skip
@click.option(
    "--result-to", type=click.Choice(["none", "first"]), default="none", show_default=True,
    help="Device that the result is sent to.",
)  # fmt: skip
@click.option("--shares", metavar="2:1:1", help="Weights of the devices' shares.  [default: the file's, or all alike]")
@click.option(
    "--cuts", metavar="P2,C4|even|best",
    help="Where segments end: there; fewest MACs in the largest; least of --least.  [default: even and best]",
)  # fmt: skip
@click.option(
    "--halo", type=click.Choice(["exchange", "recompute", "best"]),
    help="Horizontal: exchange rows, make them again, or block by block what is best.  [default: both]",
)  # fmt: skip
@click.option(
    "--fc", type=click.Choice(["one", "filters", "best"]),
    help="Horizontal: fully connected layers on one device, or by filters.  [default: both]",
)  # fmt: skip
@click.option(
    "--by", type=click.Choice(["filters", "channels", "best"]), help="Vertical: what is split.  [default: both]"
)
@click.option("--memory", metavar="16MB", help="That each device has for weights and activations.")
@click.option("--least", type=click.Choice(LEAST), default=LEAST[0], show_default=True, help="What the best has.")
@click.option("--verify", is_flag=True, help="Run each way on the machine with values, beside a whole run.")
@sources_option
@hardware_option
@bits_option(default=8)
@rules_option
@seed_option
@folder_option
@sparsity_option
@csv_option
@json_option
@picture_options
def distribute(
    network: str,
    shares: str | None,
    cuts: str | None,
    verify: bool,
    sources: Sequence[str],
    devices: str,
    csv_file: str | None,
    json_file: str | None,
    out: str | None,
    look: Look,
    idle_power: float | None,
    cache: Path | None,
    **said: Any,
) -> int:
    """Spread NETWORK over several devices, and say what each spends.

    \b
    python -m partition distribute alexnet --devices 4 --bitrate 80Mbps --tx-power 0.78W
    python -m partition distribute vgg16 --devices 8 --strategy vertical --bitrate 8Gbps --tx-power 0.78W --json -
    python -m partition distribute alexnet --devices 4 --bitrate wifi --source analytical --source simulated
    """
    from partition.fleet.distribution import distribute as spread_out  # pydantic takes its time to import

    file = None if (devices.isascii() and devices.isdecimal()) else devices
    check_writable(csv_file, json_file, out, inputs=(network, file, said["hardware"], *sources))
    loaded = load_network(network)
    found = []
    for source in dict.fromkeys(sources or (ANALYTICAL,)):
        found.append(
            spread_out(
                loaded,
                int(devices) if file is None else file,
                shares=None if shares is None else _weights(shares),
                cuts=cuts,
                source=source,
                idle_power=idle_power or 0.0,
                cache=cache,
                watch=watch,
                **said,
            )
        )
    first = found[0]
    compared = []
    if len(found) > 1:
        from partition.fleet.compared import shared_layers

        compared = shared_layers(first.fleet, [each.fleet.members[0].source for each in found])

    def record() -> dict[str, Any]:
        if len(found) == 1:
            return first.record()
        return {
            "network": first.network,
            "by_source": {each.source: each.record() for each in found},
            "shares": [each.record() for each in compared],
        }

    def rows() -> list[dict[str, Any]]:
        return [({"source": each.source} if len(found) > 1 else {}) | row for each in found for row in each.rows()]

    def picture() -> bytes:
        from partition.figures.draw import draw_panels
        from partition.figures.spreads import panels

        return draw_panels([panel for each in found for panel in panels(each)], look)

    written = write_chosen((csv_file, lambda: as_csv(rows())), (json_file, lambda: as_json(record())), (out, picture))
    if not written:
        from partition.tables import print_compared, print_distribution

        for each in found:
            print_distribution(each)
        if compared:
            print_compared(found, compared)
    if first.best is None:
        click.echo("distribute: of these ways, none leaves each device enough memory", err=True)
        return CHECK_FAILED
    if verify:
        from partition.fleet.verify import wrong_values

        status = fail_if_any(wrong_values(first, said["seed"]), "values of devices differ from the whole network's")
        if not status:
            log.info("verify: in all ways, what the devices make equals the whole network's, value for value")
        return status
    return 0


def _weights(shares: str) -> list[float]:
    try:
        return [real_number(part) for part in shares.split(":")]
    except ValueError as error:
        raise InputError(f"--shares are {shares!r}; expected numbers like 2:1:1") from error
