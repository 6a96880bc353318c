"""``python -m partition distribute``: a network on several devices."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from analytical import __version__
from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.network import word_bits
from analytical.networks import load_network
from analytical.sheet import parse_names
from analytical.terminal.errors import CHECK_FAILED
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
from partition.channel import MEDIAN_SPARSITY_IN
from partition.commands.options import Quantity, cache_option, source_option, sparsity_option, watch
from partition.fleet.plan import BY_CHANNELS, FC_BY_FILTERS, LEAST, Fleet, Link, Spread, best_of
from partition.fleet.shares import FleetError
from partition.fleet.strategies import Strategy
from partition.sources import choose_source

MOST_DEVICES = 64
"""Beyond what a network has rows for."""

HALO = ("exchange", "recompute")
"""What devices do about rows that several need."""

ALL = "all"
STRATEGIES = ("data", "sequential", "horizontal", "vertical")


@network_command()
@network_argument
@click.option("--devices", type=click.IntRange(1, MOST_DEVICES), required=True, metavar="4", help="How many, alike.")
@click.option(
    "--strategy", type=click.Choice([*STRATEGIES, ALL]), default=ALL, show_default=True, help="What is split."
)
@click.option("--bitrate", type=Quantity("bps"), required=True, metavar="80Mbps", help="Of each device's link.")
@click.option("--tx-power", type=Quantity("W"), required=True, metavar="0.78W", help="Of a device that sends.")
@click.option("--rx-power", type=Quantity("W"), metavar="0.78W", help="Of one that receives.  [default: --tx-power]")
@click.option("--idle-power", type=Quantity("W"), metavar="0.1W", help="Of one that waits.  [default: nothing]")
@click.option(
    "--medium", type=click.Choice(["links", "shared"]), default="links", show_default=True,
    help="Each device has a link of its own, or all share one medium.",
)  # fmt: skip
@click.option("--shares", metavar="2:1:1", help="Weights of the devices' shares.  [default: all alike]")
@click.option("--cuts", metavar="P2,C4", help="Where sequential segments end.  [default: fewest MACs in the largest]")
@click.option("--halo", type=click.Choice(HALO), help="Horizontal: exchange rows, or make them again.  [default: both]")
@click.option(
    "--fc", type=click.Choice(["one", "filters"]), help="Horizontal: fully connected layers.  [default: both]"
)
@click.option("--by", type=click.Choice(["filters", "channels"]), help="Vertical: what is split.  [default: both]")
@click.option("--memory", metavar="16MB", help="That each device has for weights and activations.")
@click.option(
    "--least", type=click.Choice([*LEAST]), default=next(iter(LEAST)), show_default=True, help="What the best has."
)
@source_option
@hardware_option
@bits_option(default=8)
@rules_option
@seed_option
@cache_option
@sparsity_option
@csv_option
@json_option
def distribute(
    network: str,
    devices: int,
    strategy: str,
    bitrate: float,
    tx_power: float,
    rx_power: float | None,
    idle_power: float | None,
    medium: str,
    shares: str | None,
    cuts: str | None,
    halo: str | None,
    fc: str | None,
    by: str | None,
    memory: str | None,
    least: str,
    source: str,
    hardware: str | None,
    bits: int | None,
    rules: str,
    seed: int,
    cache: Path | None,
    sparsity_in: float | None,
    csv_file: str | None,
    json_file: str | None,
) -> int:
    """Spread NETWORK over several devices that are alike, and say what each spends.

    \b
    python -m partition distribute alexnet --devices 4 --bitrate 80Mbps --tx-power 0.78W
    python -m partition distribute vgg16 --devices 8 --strategy vertical --bitrate 8Gbps --tx-power 0.78W --json -
    """
    check_writable(csv_file, json_file, inputs=(network, hardware, source))
    if cuts is not None and strategy not in ("sequential", ALL):
        raise InputError(f"--cuts are given with --strategy {strategy}; expected sequential")
    chosen = load_network(network)
    chip = choose_hardware(hardware, bits, default_bits=word_bits(chosen, 8))
    link = Link(
        bitrate_bps=bitrate,
        tx_power_W=tx_power,
        rx_power_W=tx_power if rx_power is None else rx_power,
        idle_power_W=idle_power or 0.0,
        shared=medium == "shared",
    )
    weights = _weights(shares, devices)
    known = choose_source(source, cache=cache, seed=seed, watch=watch, rules=rules)
    share_of_zeros = MEDIAN_SPARSITY_IN if sparsity_in is None else sparsity_in
    fleet = Fleet(chosen, chip, known, link, weights, share_of_zeros)
    named = None if cuts is None else parse_names(cuts)
    spreads = [
        fleet.spread(one, variant, named if one is Strategy.SEQUENTIAL else None)
        for one, variant in _ways(strategy, {"halo": halo, "fc": fc, "by": by})
    ]
    limit = None if memory is None else _bytes(memory)
    alone = Fleet(chosen, chip, known, link, [1], share_of_zeros).spread(Strategy.DATA)
    fits = [limit is None or spread.memory_bytes(chip) <= limit for spread in spreads]
    best = best_of([spread for spread, there in zip(spreads, fits, strict=True) if there], least)
    record = {
        "version": __version__,
        "network": chosen.name,
        "source": known.name,
        "bits": chip.b_w,
        "hardware": chip.record(),
        "link": {**link.record(), "medium": medium},
        "alone": {
            "energy_J": alone.max_energy_J,
            "latency_s": alone.latency_s,
            "weight_bytes": alone.devices[0].weight_words * chip.b_w / 8,
        },
        "strategies": [
            {"fits": there} | spread.record(chip, alone) for spread, there in zip(spreads, fits, strict=True)
        ],
        "best": None if best is None else {"strategy": best.strategy.value, "variant": best.variant},
    }
    written = write_chosen((csv_file, lambda: as_csv(_rows(spreads, chip))), (json_file, lambda: as_json(record)))
    if not written:
        from partition.tables import print_spreads

        print_spreads(chosen.name, chip, known.name, spreads, fits, best, alone)
    if best is None:
        click.echo(f"distribute: no strategy fits {memory} a device", err=True)
        return CHECK_FAILED
    return 0


_WAYS: dict[tuple[Strategy, str], dict[str, str]] = {
    (Strategy.DATA, ""): {},
    (Strategy.SEQUENTIAL, ""): {},
    (Strategy.HORIZONTAL, ""): {"halo": "exchange", "fc": "one"},
    (Strategy.HORIZONTAL, FC_BY_FILTERS): {"halo": "exchange", "fc": "filters"},
    (Strategy.FUSED, ""): {"halo": "recompute", "fc": "one"},
    (Strategy.VERTICAL, ""): {"by": "filters"},
    (Strategy.VERTICAL, BY_CHANNELS): {"by": "channels"},
}
"""Ways to spread a network, in the order of the table, and the options that choose each."""


def _ways(strategy: str, asked: Mapping[str, str | None]) -> list[tuple[Strategy, str]]:
    """Strategies with their variants."""
    # the fused variant is one of rows
    named = {strategy, "fused"} if strategy == "horizontal" else {strategy}
    ways = [
        (one, variant)
        for (one, variant), options in _WAYS.items()
        if strategy == ALL or one.value in named
        if all(asked[option] in (None, chosen) for option, chosen in options.items())
    ]
    if not ways:
        raise InputError("--halo recompute is given with --fc filters; expected --fc one")
    return ways


def _weights(shares: str | None, devices: int) -> list[float]:
    if shares is None:
        return [1.0] * devices
    try:
        weights = [float(part) for part in shares.split(":")]
    except ValueError:
        weights = []
    if len(weights) != devices:
        raise FleetError(f"--shares are {shares!r}; expected {devices} numbers like {':'.join(['1'] * devices)}")
    return weights


_UNITS: dict[str, float] = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def _bytes(said: str) -> float:
    """A size of memory, in bytes."""
    for unit, factor in _UNITS.items():
        if said.endswith(unit):
            try:
                size = float(said.removesuffix(unit)) * factor
            except ValueError:
                break
            if 0 < size < float("inf"):
                return size
    raise FleetError(f"--memory is {said!r}; expected a size like 16MB or 512KiB")


def _rows(spreads: Sequence[Spread], chip: Any) -> list[dict[str, Any]]:
    """A row for each device of each strategy."""
    return [
        {"strategy": spread.strategy.value, "variant": spread.variant, **device}
        for spread in spreads
        for device in spread.record(chip)["devices"]
    ]
