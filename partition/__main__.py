"""``python -m partition``: where to cut a network between phone and cloud."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

from analytical import __version__
from analytical.cli import (
    CHECK_FAILED,
    NETWORK_HELP,
    InputError,
    as_csv,
    as_json,
    bits_option,
    check_writable,
    choose_hardware,
    csv_option,
    digits,
    hardware_option,
    json_option,
    metric,
    people_console,
    people_table,
    run_command,
    seed_option,
    short,
    write_chosen,
)
from analytical.networks import load
from partition.channel import MEDIAN_SPARSITY_IN, Channel, UnitError, parse_quantity
from partition.draw import FORMATS, PictureError, draw_map, draw_panels, picture_format
from partition.figures import FIGURES, figure_13c
from partition.figures import rows as figure_rows
from partition.glb import explore
from partition.graph import IMAGE, Graph, GraphError, graph_of
from partition.jpeg import ImageError, JpegImage, read_image
from partition.maps import cut_map, quartiles
from partition.plan import Plan
from partition.source import SourceError
from partition.sources import ANALYTICAL, SIMULATED, choose_source

SOURCE_HELP = (
    f"Where energies come from: {ANALYTICAL}, {SIMULATED}, or a file (.csv with layer, energy_J; a run's .json or .h5)."
)


class Quantity(click.ParamType[float]):
    """A number with a unit."""

    name = "quantity"

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return parse_quantity(value, self.unit)
        except UnitError as error:
            self.fail(str(error), param, ctx)


cache_option = click.option("--cache", type=click.Path(path_type=Path), help="Folder that keeps what the machine said.")


def channel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What makes the channel."""
    for option in (
        click.option("--tx-power", type=Quantity("W"), required=True, metavar="0.5W", help="Transmission power."),
        click.option("--bitrate", type=Quantity("bps"), required=True, metavar="60Mbps", help="Effective bit rate."),
    ):
        command = option(command)
    return command


def client_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What makes the phone and its image."""
    for option in (
        cache_option,
        seed_option,
        click.option(
            "--jpeg-energy",
            type=Quantity("J"),
            metavar="0.3mJ",
            help="What compressing the image costs; nothing unless said.",
        ),
        click.option(
            "--sparsity-in",
            type=click.FloatRange(0, 1),
            metavar="0.608",
            help=f"Share of zeros in the image's JPEG; {MEDIAN_SPARSITY_IN}, the paper's median, unless said.",
        ),
        click.option("--source", default=ANALYTICAL, show_default=True, metavar="SOURCE", help=SOURCE_HELP),
        hardware_option,
        bits_option,
    ):
        command = option(command)
    return command


@click.group(no_args_is_help=True)
@click.version_option(__version__)
def main() -> None:
    """NeuPart: cut a network between phone and cloud so that the phone spends least energy."""


@main.command(epilog=NETWORK_HELP)
@click.argument("network")
@channel_options
@client_options
@click.option("--image", metavar="FILE", help="The image itself, in place of --sparsity-in.")
@click.option("--max-delay", type=Quantity("s"), metavar="50ms", help="The longest that an inference may take.")
@csv_option
@json_option
def run(
    network: str,
    bitrate: float,
    tx_power: float,
    image: str | None,
    max_delay: float | None,
    csv_file: str | None,
    json_file: str | None,
    **client: Any,
) -> int:
    """Say where to cut NETWORK, what that costs the phone, what it saves, and what every other cut costs.

    \b
    python -m partition run alexnet --bitrate 80Mbps --tx-power 0.78W
    python -m partition run googlenet --bitrate 60Mbps --tx-power 1W --image cat.png --source simulated
    """
    console = people_console(csv_file, json_file)
    check_writable(csv_file, json_file, inputs=(network, client["hardware_file"], client["source"], image))
    if image is not None and client["sparsity_in"] is not None:
        raise InputError("--image and --sparsity-in are both given; expected one of them")
    channel = Channel(bitrate_bps=bitrate, tx_power_W=tx_power)
    plan, jpeg = _plan(network, channel, image=image, max_delay_s=max_delay, **client)
    written = write_chosen(
        (csv_file, lambda: as_csv(plan.rows())),
        (json_file, lambda: as_json(plan.record() | ({"jpeg_file_bits": jpeg.file_bits} if jpeg else {}))),
    )
    if not written:
        _print(console, plan, jpeg)
    if plan.optimum is None:
        fastest = min(cut.delay_s(channel) for cut in plan.cuts)
        click.echo(f"no cut is within {max_delay:g} s; the fastest takes {fastest:g} s", err=True)
        return CHECK_FAILED
    return 0


def _plan(
    network: str,
    channel: Channel,
    *,
    bits: str | None,
    hardware_file: str | None,
    source: str,
    cache: Path | None,
    seed: int = 0,
    sparsity_in: float | None = None,
    jpeg_energy: float | None = None,
    image: str | None = None,
    max_delay_s: float | None = None,
) -> tuple[Plan, JpegImage | None]:
    if sparsity_in is not None and np.isnan(sparsity_in):
        raise InputError("--sparsity-in is nan; expected a share from 0 to 1")
    hardware = choose_hardware(bits, hardware_file, default_bits=8)
    chosen = load(network)
    try:
        graph = graph_of(chosen)
        jpeg = _jpeg(image, graph) if image is not None else None
        costs = choose_source(source, cache, seed, _progress).costs(chosen, hardware)
    except (GraphError, SourceError, ImageError) as error:
        raise InputError(str(error)) from error
    share = jpeg.sparsity_in if jpeg else MEDIAN_SPARSITY_IN if sparsity_in is None else sparsity_in
    plan = Plan(
        graph=graph,
        hardware=hardware,
        source=source,
        costs=costs,
        channel=channel,
        sparsity_in=share,
        image_energy_J=jpeg_energy or 0.0,
        max_delay_s=max_delay_s,
    )
    return plan, jpeg


def _jpeg(image: str, graph: Graph) -> JpegImage:
    node = graph.nodes[IMAGE]
    return read_image(image, node.height, node.width)


def _progress(settings: Any) -> AbstractContextManager[Any]:
    from simulator.progress import progress_bar

    return progress_bar(settings)


@main.command(name="map", epilog=NETWORK_HELP)
@click.argument("network")
@click.option("--bitrates", default="5Mbps:200Mbps", show_default=True, metavar="FROM:TO", help="Bit rates of the map.")
@click.option("--tx-powers", default="0.1W:2W", show_default=True, metavar="FROM:TO", help="Transmission powers.")
@client_options
@csv_option
@json_option
@click.option("--out", metavar="FILE", help=f"Draw it ({', '.join(FORMATS)}).")
def map_(
    network: str,
    bitrates: str,
    tx_powers: str,
    csv_file: str | None,
    json_file: str | None,
    out: str | None,
    **client: Any,
) -> None:
    """Say which cut of NETWORK wins over bit rate and transmission power.

    \b
    python -m partition map alexnet --out map.svg
    """
    console = people_console(csv_file, json_file)
    check_writable(csv_file, json_file, out, inputs=(network, client["hardware_file"], client["source"]))
    rates, powers = _range("--bitrates", bitrates, "bps"), _range("--tx-powers", tx_powers, "W")
    ending = _picture(out)
    plan, _ = _plan(network, Channel(bitrate_bps=rates[0], tx_power_W=powers[0]), **client)
    fine = cut_map(plan, np.linspace(*rates, FINE), np.linspace(*powers, FINE))
    title = f"{network}: cut of least energy, {plan.source}, Sparsity-In {100 * plan.sparsity_in:.2f} %"
    written = write_chosen(
        (csv_file, lambda: as_csv(fine.rows())),
        (json_file, lambda: as_json({"network": plan.graph.network, "source": plan.source, "map": fine.rows()})),
        (out, lambda: draw_map(fine, title, ending)),
    )
    if written:
        return
    coarse = cut_map(plan, np.linspace(*rates, COARSE), np.linspace(*powers, COARSE))
    table = people_table(title, "W \\ Mbps", *(f"{rate / 1e6:.4g}" for rate in coarse.bitrates_bps))
    for power, best in zip(coarse.tx_powers_W, coarse.cuts, strict=True):
        table.add_row(f"{power:.3g}", *(coarse.names[cut] for cut in best))
    console.print(table)


FINE, COARSE = 200, 11
"""Channels along each side of a map for programs and pictures, and for a table."""


@main.command()
@click.argument("number", type=click.Choice([*FIGURES, "13c"]))
@click.argument("network", default="alexnet")
@click.option(
    "--source", "sources", multiple=True, metavar="SOURCE", help=f"{SOURCE_HELP} May be given more than once."
)
@click.option("--out", metavar="FILE", help=f"Draw it ({', '.join(FORMATS)}).")
@bits_option
@hardware_option
@cache_option
@csv_option
def figure(
    number: str,
    network: str,
    sources: tuple[str, ...],
    out: str | None,
    bits: str | None,
    hardware_file: str | None,
    cache: Path | None,
    csv_file: str | None,
) -> None:
    """Make the paper's figure NUMBER for NETWORK: its points (--csv), or a picture (--out).

    \b
    python -m partition figure 10 squeezenet1_1 --source analytical --source simulated --out fig10b.svg
    """
    if out is None and csv_file is None:
        raise InputError("neither --out nor --csv is given; expected a file for the figure")
    people_console(csv_file)
    ending = _picture(out)
    check_writable(csv_file, out, inputs=(network, hardware_file, *sources))
    if number == "13c":
        if sources:
            raise InputError("--source is given for figure 13c; expected none, it is of the closed forms")
        panels = figure_13c(load(network), choose_hardware(bits, hardware_file, default_bits=8))
    else:
        channel = Channel(bitrate_bps=60e6, tx_power_W=0.5)
        plans = {
            source: _plan(network, channel, bits=bits, hardware_file=hardware_file, source=source, cache=cache)[0]
            for source in sources or (ANALYTICAL,)
        }
        panels = FIGURES[number](plans)
        if not any(panel.series for panel in panels):
            raise InputError(
                f"{network}: has none of the cuts that figure {number} shows; expected a network with pools"
            )
    write_chosen((csv_file, lambda: as_csv(figure_rows(panels))), (out, lambda: draw_panels(panels, ending)))


@main.command(epilog=NETWORK_HELP)
@click.argument("network")
@click.argument("images")
@channel_options
@client_options
@csv_option
@json_option
def quarters(
    network: str,
    images: str,
    bitrate: float,
    tx_power: float,
    csv_file: str | None,
    json_file: str | None,
    **client: Any,
) -> None:
    """Say what cutting NETWORK saves over many IMAGES, by quarters of their Sparsity-In (Table IV).

    IMAGES is a folder of images, or a file with a share of zeros in each line.

    \b
    python -m partition quarters alexnet photos/ --bitrate 60Mbps --tx-power 0.5W
    """
    console = people_console(csv_file, json_file)
    check_writable(csv_file, json_file, inputs=(network, client["hardware_file"], client["source"], images))
    plan, _ = _plan(network, Channel(bitrate_bps=bitrate, tx_power_W=tx_power), **client)
    found = quartiles(plan, _sparsities(images, plan.graph))
    rows = [asdict(quarter) for quarter in found]
    flat = [row | {"sparsity_in": "{} to {}".format(*row["sparsity_in"])} for row in rows]
    record = {"network": plan.graph.network, "source": plan.source, "quartiles": rows}
    if write_chosen((csv_file, lambda: as_csv(flat)), (json_file, lambda: as_json(record))):
        return
    table = people_table(
        f"{network}, {short(bitrate)}bps, {tx_power:g} W, energies {plan.source}: mean savings in %",
        *("quartile", "images", "Sparsity-In, %", "vs FCC", "vs FISC", "intermediate cuts, %"),
    )
    for q in found:
        low, high = q.sparsity_in
        shares = f"{100 * low:.2f} to {100 * high:.2f}"
        savings = (f"{q.saving_vs_fcc_percent:.1f}", f"{q.saving_vs_fisc_percent:.1f}", f"{q.intermediate_percent:.1f}")
        table.add_row(str(q.number), str(q.images), shares, *savings)
    console.print(table)


@main.command(epilog=NETWORK_HELP)
@click.argument("network")
@bits_option
@hardware_option
@csv_option
@json_option
def glb(network: str, bits: str | None, hardware_file: str | None, csv_file: str | None, json_file: str | None) -> None:
    """Say what NETWORK costs with a GLB of other sizes, by the closed forms and CACTI's trend (Fig. 13(c)).

    \b
    python -m partition glb alexnet
    """
    console = people_console(csv_file, json_file)
    check_writable(csv_file, json_file, inputs=(network, hardware_file))
    sizes = explore(load(network), choose_hardware(bits, hardware_file, default_bits=8))
    fit = [(size.kib, size.energy) for size in sizes if size.energy is not None]
    if not fit:
        raise InputError(f"{network}: no size of the GLB holds every layer; expected a network that one does")
    rows = [
        {"glb_kib": kib, "energy_J": energy.total, "energy_without_control_J": energy.without_control}
        for kib, energy in fit
    ]
    if write_chosen(
        (csv_file, lambda: as_csv(rows)), (json_file, lambda: as_json({"network": network, "sizes": rows}))
    ):
        return
    least, least_without = (min(row[name] for row in rows) for name in ("energy_J", "energy_without_control_J"))
    table = people_table(
        f"{network}: energy of an image", "GLB KiB", "mJ", "over least", "without control", "over least"
    )
    for size in sizes:
        if size.energy is None:
            table.add_row(f"{size.kib:g}", "a layer cannot be mapped")
            continue
        total, without = size.energy.total, size.energy.without_control
        shares = (f"{100 * (total / least - 1):.2f} %", f"{100 * (without / least_without - 1):.2f} %")
        table.add_row(f"{size.kib:g}", f"{total * 1e3:.3f}", shares[0], f"{without * 1e3:.3f}", shares[1])
    console.print(table)


def _range(option: str, said: str, unit: str) -> tuple[float, float]:
    low, colon, high = said.partition(":")
    try:
        ends = parse_quantity(low, unit), parse_quantity(high, unit)
    except UnitError as error:
        raise InputError(f"{option} is {said!r}: {error}") from error
    if not colon or ends[0] >= ends[1]:
        raise InputError(f"{option} is {said!r}; expected FROM:TO, the lower first")
    return ends


def _picture(out: str | None) -> str:
    try:
        return picture_format(out) if out is not None else ""
    except PictureError as error:
        raise InputError(f"--out {error}") from error


def _sparsities(images: str, graph: Graph) -> list[float]:
    """Shares of zeros of the images in a folder, or those that a file lists."""
    path = Path(images)
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
            shares = [_jpeg(str(file), graph).sparsity_in for file in files]
        else:
            shares = [
                _share(line, images, number) for number, line in enumerate(path.read_text().splitlines(), start=1)
            ]
    except ImageError as error:
        raise InputError(str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{images}: {error}; expected a folder of images, or a share of zeros in each line") from error
    if not shares:
        raise InputError(f"{images}: is empty; expected a folder of images, or a share of zeros in each line")
    return shares


def _share(line: str, file: str, number: int) -> float:
    try:
        share = float(line)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise InputError(f"{file}, line {number}: {line.strip()!r}; expected a share of zeros from 0 to 1")
    return share


def _print(console: Console, plan: Plan, jpeg: JpegImage | None) -> None:
    channel, cuts, best = plan.channel, plan.cuts, plan.optimum
    scale, prefix = metric(max(cut.total_energy_J(channel) for cut in cuts))
    codec = plan.costs.codec_bits
    console.print(
        f"{plan.graph.network} on {plan.hardware.name}, energies {plan.source}, {short(channel.bitrate_bps)}bps at "
        f"{channel.tx_power_W:g} W, Sparsity-In {100 * plan.sparsity_in:.2f} %",
        style="bold",
    )
    headings = [
        "cut",
        "bits",
        *(["codec"] if codec else []),
        f"client {prefix}J",
        f"send {prefix}J",
        f"total {prefix}J",
    ]
    table = people_table("What the phone spends on an image, by the last layer that it runs", *headings, "delay ms", "")
    for cut in cuts:
        joules = (cut.client_energy_J, channel.energy_J(cut.transmit_bits), cut.total_energy_J(channel))
        table.add_row(
            cut.name,
            short(cut.transmit_bits),
            *([short(codec[cut.name]) if cut.name in codec else ""] if codec else []),
            *(digits(part * scale) for part in joules),
            digits(cut.delay_s(channel) * 1e3),
            "<" if best is not None and cut.name == best.name else "",
            style="bold" if best is not None and cut.name == best.name else None,
        )
    console.print(table)
    if best is not None:
        fcc, fisc = plan.saving_percent(best, cuts[0]), plan.saving_percent(best, cuts[-1])
        console.print(
            f"Cut after {best.name}: {digits(best.total_energy_J(channel) * scale)} {prefix}J; saves {fcc:.1f} % "
            f"against all in the cloud (FCC), {fisc:.1f} % against all on the phone (FISC)."
        )
    if plan.max_delay_s is None:
        _print_beyond(console, plan, scale, prefix)
    if jpeg is not None:
        ours = short(cuts[0].transmit_bits)
        console.print(f"The image's JPEG file has {short(jpeg.file_bits)} bits; the paper expects {ours} by its zeros.")


def _print_beyond(console: Console, plan: Plan, scale: float, prefix: str) -> None:
    """The best cuts at other bit rates, and through branches."""
    channel, cuts = plan.channel, plan.cuts
    rates = ", ".join(
        f"{name} from {short(rate)}bps" if rate else f"{name} at first" for name, rate in plan.switch_rates()
    )
    console.print(f"Best at {channel.tx_power_W:g} W, by bit rate: {rates}.")
    branching, sent = plan.branching_optimum
    least = min(cut.total_energy_J(channel) for cut in cuts)
    if branching.total_energy_J(channel) < least * (1 - 1e-9):
        console.print(
            f"Through its branches: {digits(branching.total_energy_J(channel) * scale)} {prefix}J, sending "
            f"{', '.join(sent)}."
        )


if __name__ == "__main__":
    run_command(main, "python -m partition")
