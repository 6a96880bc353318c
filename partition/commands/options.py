"""Options that several commands of the partitioner share."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import click

from analytical.errors import InputError
from analytical.terminal.options import (
    NumberRange,
    WholeRange,
    bits_option,
    complete_files,
    hardware_option,
    rules_option,
    seed_option,
)
from partition.channel import MEDIAN_SPARSITY_IN
from partition.cuts import CLOUD_OPS
from partition.figures.look import Look, look_of
from partition.figures.panels import FORMATS
from partition.radios import bit_rate, radios
from partition.sources import ANALYTICAL, EXPECTED, SOURCES, SourceError, require_known
from partition.units import UnitError, parse_quantity
from simulator.commands.cache import folder_option

SOURCE_HELP = f"Energy source: {EXPECTED} (.csv with layer, energy_J; a run's .json or .h5)."


class Quantity(click.ParamType[float]):
    """A number with a unit."""

    name = "quantity"

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, in SI units."""
        if isinstance(value, float):
            return value
        try:
            return parse_quantity(value, self.unit)
        except UnitError as error:
            self.fail(str(error), param, ctx)


class BitRate(click.ParamType["str | float"]):
    """A bit rate with its unit, or a radio by its name, which stays a name: it has powers, too."""

    name = "bit rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | float:
        """The number, in bits a second, or the name."""
        try:
            rate = bit_rate(value)
        except UnitError as error:
            self.fail(str(error), param, ctx)
        return str(value).strip().lower() if str(value).strip().lower() in radios() else rate

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """The names."""
        del ctx, param
        return [click.shell_completion.CompletionItem(name) for name in radios() if name.startswith(incomplete)]


BITRATE_HELP = f"Effective bit rate, or a radio: {', '.join(radios())}."

TX_POWER_HELP = "Transmission power.  [default: the radio's]"


def _known_source(_ctx: click.Context, _parameter: click.Parameter, said: Any) -> Any:
    try:
        for name in (said,) if isinstance(said, str) else said:
            require_known(name)
    except SourceError as error:
        raise InputError(f"--{error}") from error
    return said


source_option = click.option(
    "--source",
    default=ANALYTICAL,
    show_default=True,
    metavar="SOURCE",
    callback=_known_source,
    shell_complete=complete_files(*SOURCES),
    help=SOURCE_HELP,
)
sources_option = click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SOURCE",
    callback=_known_source,
    help=f"{SOURCE_HELP} May be given more than once.",
)


def channel_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What makes the channel."""
    for option in (
        click.option("--tx-power", type=Quantity("W"), metavar="0.5W", help=TX_POWER_HELP),
        click.option("--bitrate", type=BitRate(), required=True, metavar="60Mbps", help=BITRATE_HELP),
    ):
        command = option(command)
    return command


def cloud_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How long the cloud takes."""
    for option in (
        click.option(
            "--round-trip",
            type=Quantity("s"),
            metavar="20ms",
            help="To the cloud and back, beside sending.  [default: nothing]",
        ),
        click.option(
            "--cloud-ops",
            type=Quantity("ops"),
            default=CLOUD_OPS,
            metavar="92Tops",
            help="Operations a second of the cloud, of which a MAC is two.  [default: 92T, Google's TPU]",
        ),
    ):
        command = option(command)
    return command


def _no_nan(_ctx: click.Context, _parameter: click.Parameter, share: float | None) -> float | None:
    if share is not None and share != share:
        raise InputError("--sparsity-in is nan; expected a share from 0 to 1")
    return share


def client_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What makes the phone and its image."""
    return phone_options(sparsity_option(command))


sparsity_option = click.option(
    "--sparsity-in",
    type=NumberRange(0, 1),
    metavar="0.608",
    callback=_no_nan,
    help=f"Share of zeros in the image's JPEG.  [default: {MEDIAN_SPARSITY_IN}, the paper's median]",
)


def phone_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What makes the phone."""
    for option in (
        folder_option,
        seed_option,
        click.option(
            "--jpeg-energy",
            type=Quantity("J"),
            metavar="0.3mJ",
            default=None,
            help="What compressing the image costs.  [default: nothing]",
        ),
        rules_option,
        click.option(
            "--image-size",
            metavar="224x224",
            help="Of the image that NETWORK takes.  [default: its table's, or that of the first layer's ifmap]",
        ),
        source_option,
        hardware_option,
        bits_option(default=8),
    ):
        command = option(command)
    return command


processors_option = click.option(
    "--processors", required=True, metavar="P.toml", help="A table [[processor]] for each."
)

max_delay_option = click.option(
    "--max-delay", type=Quantity("s"), metavar="25ms", help="The longest that an inference may take."
)


def picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where a picture goes, as `out`, and how it looks, as `look`."""

    @functools.wraps(command)
    def looked(*args: Any, out: str | None, size: str | None, dpi: int | None, style: str | None, **said: Any) -> Any:
        asked = {"--size": size, "--dpi": dpi, "--style": style}
        extra = next((name for name, value in asked.items() if value is not None), None)
        if out is None and extra:
            raise InputError(f"{extra} is given without --out; expected a picture that it is for")
        look = look_of(out, size=size, dpi=dpi, style=style) if out is not None else Look()
        return command(*args, out=out, look=look, **said)

    for option in (
        click.option("--style", metavar="NAME", help="The picture's style: one of matplotlib's, or a file."),
        click.option("--dpi", type=WholeRange(10, 2400), metavar="300", help="Dots an inch.  [default: 150]"),
        click.option("--size", metavar="3.5x2.5", help="The picture's width and height in inches."),
        click.option("--out", metavar="FILE", help=f"Draw it ({', '.join(FORMATS)})."),
    ):
        looked = option(looked)
    return looked


def watch(settings: Any) -> AbstractContextManager[Any]:
    """A progress bar for a run of the machine, where somebody watches."""
    from simulator.tables.progress import progress_bar

    return progress_bar(settings)
