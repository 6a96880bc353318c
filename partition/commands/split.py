"""``python -m partition split``: the layers of a network over the processors of one phone, and the cloud."""

from pathlib import Path

import click

from analytical import __version__
from analytical.errors import InputError
from analytical.files import choose_hardware
from analytical.graph import graph_of
from analytical.network import word_bits
from analytical.networks import load_network
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
from partition.channel import MEDIAN_SPARSITY_IN, Channel, bits_of
from partition.commands.options import Quantity, cache_option, sparsity_option, watch
from partition.processors.schedules import Scheduler, supported


@network_command()
@network_argument
@click.option("--processors", required=True, metavar="P.toml", help="A table [[processor]] for each.")
@click.option("--max-delay", type=Quantity("s"), metavar="25ms", help="The longest that an inference may take.")
@click.option(
    "--weight", type=click.FloatRange(0, 1), metavar="0.5",
    help="Least weight x mJ + (1 - weight) x ms, in place of least energy.",
)  # fmt: skip
@click.option(
    "--parts", type=click.IntRange(1, 64), default=4, show_default=True, metavar="4",
    help="Equal parts of each layer's filters.",
)  # fmt: skip
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Images that a layer runs at once.")
@click.option("--bitrate", type=Quantity("bps"), metavar="60Mbps", help="To the cloud.  [default: no cloud]")
@click.option("--tx-power", type=Quantity("W"), metavar="0.5W", help="Transmission power.")
@click.option("--front", is_flag=True, help="All schedules that no other beats in both energy and time.")
@bits_option(default=8)
@rules_option
@seed_option
@cache_option
@sparsity_option
@csv_option
@json_option
def split(
    network: str,
    processors: str,
    max_delay: float | None,
    weight: float | None,
    parts: int,
    batch: int,
    bitrate: float | None,
    tx_power: float | None,
    front: bool,
    bits: int | None,
    rules: str,
    seed: int,
    cache: Path | None,
    sparsity_in: float | None,
    csv_file: str | None,
    json_file: str | None,
) -> int:
    """Say which processor runs which part of each layer of NETWORK, and where the phone stops.

    \b
    python -m partition split alexnet --processors phone.toml --max-delay 25ms
    python -m partition split alexnet --processors phone.toml --bitrate 80Mbps --tx-power 0.78W --front
    """
    from partition.processors.processor import load_processors, options_of  # pydantic takes its time to import

    check_writable(csv_file, json_file, inputs=(network, processors))
    if weight is not None and max_delay is not None:
        raise InputError("--weight is given with --max-delay; expected one of them")
    if (bitrate is None) != (tx_power is None):
        given, other = ("--bitrate", "--tx-power") if tx_power is None else ("--tx-power", "--bitrate")
        raise InputError(f"{given} is given without {other}; expected both, or neither")
    loaded = load_network(network)
    chosen = loaded.with_batch(batch)
    known = load_processors(processors, cache=cache, seed=seed, watch=watch, rules=rules)
    graph = graph_of(chosen)
    # processors may have words of different widths: what is sent has one of its own
    word = choose_hardware(None, bits, default_bits=word_bits(loaded, 8))
    sent = bits_of(graph, word, MEDIAN_SPARSITY_IN if sparsity_in is None else sparsity_in)
    channel = None
    if bitrate is not None and tx_power is not None:
        channel = Channel(bitrate_bps=bitrate, tx_power_W=tx_power)
    options = options_of(chosen, known, parts)
    scheduler = Scheduler(graph, options, channel, sent)
    limit = float("inf") if max_delay is None else max_delay
    best = scheduler.least_energy(limit) if weight is None else scheduler.least_weighted(weight)
    if best is None:
        click.echo(
            f"split: no schedule takes at most {limit * 1e3:g} ms; the fastest takes "
            f"{scheduler.fastest_s * 1e3:.6g} ms",
            err=True,
        )
        return CHECK_FAILED
    schedules = scheduler.front(limit) if front else [best]
    # of one alone there is nothing to say
    rows = [
        {**schedule.record(), "supported": int(reached)} if front else schedule.record()
        for schedule, reached in zip(schedules, supported(schedules), strict=True)
    ]
    record = {
        "version": __version__,
        "network": chosen.name,
        "batch": batch,
        "seed": seed,
        "processors": [processor.record() for processor in known],
        "parts": parts,
        "bits": word.b_w,
        "channel": None if channel is None else {"bitrate_bps": bitrate, "tx_power_W": tx_power},
        "max_delay_s": max_delay,
        "weight": weight,
        "fastest_s": scheduler.fastest_s,
        "best": best.record() | {"layers": dict(best.by_layer(scheduler.layers))},
        "front": rows if front else None,
    }
    written = write_chosen((csv_file, lambda: as_csv(rows)), (json_file, lambda: as_json(record)))
    if not written:
        from partition.tables import print_schedules

        ways = [
            (name, next(option for option in options[name] if option.parts == of_layer))
            for name, of_layer in best.by_layer(scheduler.layers)
        ]
        print_schedules(chosen.name, [processor.name for processor in known], parts, best, ways, schedules)
    return 0
