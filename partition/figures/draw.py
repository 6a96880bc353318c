"""Figures and maps as pictures, with matplotlib."""

import io
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytical.errors import InputError
from partition.envelope import Envelope
from partition.figures.panels import FORMATS, Panel
from partition.planning import Plan
from partition.radios import radios

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MANY = 4
"""Curves whose legend has room in their diagram."""


class PictureError(InputError):
    """A picture that cannot be drawn; the message says why."""


def picture_format(file: str) -> str:
    """The format that a file's name asks for; asked before what is to be drawn is computed.

    Raises
    ------
    PictureError
        It is none of :data:`FORMATS`, or matplotlib is not installed.
    """
    ending = Path(file).suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise PictureError(f"{file}: expected a picture's name that ends in .{', .'.join(FORMATS)}")
    try:
        import matplotlib  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise PictureError(f"{file}: matplotlib is not installed; expected pip install matplotlib") from error
    return ending


def draw_panels(panels: Sequence[Panel], ending: str) -> bytes:
    """A figure, panel beside panel, as the content of a file.

    Parameters
    ----------
    panels : sequence of Panel
        At least one.
    ending : str
        One of :data:`FORMATS`.
    """
    return _saved(panels_figure(panels), ending)


def panels_figure(panels: Sequence[Panel]) -> "Figure":
    """A figure, panel beside panel."""
    # here and below without pyplot, which keeps figures open and may look for a screen
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(panels), 4), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw_panel(axes, panel)
    return figure


def _draw_panel(axes: Any, panel: Panel) -> None:
    axes.set_title(panel.title)
    axes.set_xlabel(panel.x)
    axes.set_ylabel(panel.y)
    for number, series in enumerate(panel.series):
        if series.x and isinstance(series.x[0], str):
            _draw_bars(axes, panel, number)
        elif series.is_points:
            # the last points are those to see: on top, and filled
            is_last = number == len(panel.series) - 1
            face = "black" if is_last else "white"
            axes.plot(series.x, series.y, "o", color="black", markerfacecolor=face, label=series.label)
        else:
            axes.plot(series.x, series.y, label=series.label)
    for label, height in panel.lines.items():
        axes.axhline(height, color="black", linestyle="--", linewidth=1, label=label)
    if panel.is_log:
        axes.set_xscale("log")
        axes.set_yscale("log")
    if len(panel.series) > MANY:
        axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.02, 1))
    else:
        axes.legend(fontsize="small")


def _draw_bars(axes: Any, panel: Panel, number: int) -> None:
    """Bars of one series: on those of the series before it, or beside them, around their name, which is at a whole
    number, with a fifth left between names."""
    series = panel.series[number]
    places = range(len(series.x))
    if panel.is_stacked:
        below = [sum(before.y[at] for before in panel.series[:number]) for at in places]
        axes.bar(places, series.y, 0.8, bottom=below, label=series.label)
    else:
        width = 0.8 / len(panel.series)
        offset = (number - (len(panel.series) - 1) / 2) * width
        axes.bar([place + offset for place in places], series.y, width, label=series.label)
    axes.set_xticks(places, series.x, rotation=90)


def draw_map(plan: Plan, rates: tuple[float, float], powers: tuple[float, float], title: str, ending: str) -> bytes:
    """Which cut wins, as bands between exact switch points, as the content of a file.

    Parameters
    ----------
    plan : Plan
        Its cuts; its own channel does not matter.
    rates, powers : tuple of float
        First and last bit rate (bit/s) and transmission power (W), above 0.
    title : str
        Stands above it.
    ending : str
        One of :data:`FORMATS`.
    """
    return _saved(map_figure(plan, rates, powers, title), ending)


def map_figure(plan: Plan, rates: tuple[float, float], powers: tuple[float, float], title: str) -> "Figure":
    """Which cut wins: a band for each, between lines of equal P_Tx / B, which are straight on two logarithmic axes; and
    the radios that have names, as points."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(rates[0] / 1e6, rates[1] / 1e6)
    axes.set_ylim(*powers)
    points = Envelope(plan.lines).switch_points()
    ends = [x for x, _ in points[1:]] + [math.inf]
    # only cuts that win somewhere here get a colour, so that few of them differ well, in greys as well
    bands = [
        (plan.cuts[cut].name, max(first, powers[0] / rates[1]), min(last, powers[1] / rates[0]))
        for (first, cut), last in zip(points, ends, strict=True)
    ]
    bands = [band for band in bands if band[1] < band[2]]
    colours = colormaps["viridis"].resampled(max(2, len(bands)))
    for number, (name, first, last) in enumerate(bands):
        corners = _band(first, last, rates, powers)
        x, y = [at / 1e6 for at, _ in corners], [at for _, at in corners]
        colour = colours(number)
        axes.fill(x, y, color=colour, linewidth=0, label=name)
        # in the middle of the band, as logarithms have it
        rate, power = (math.exp(sum(map(math.log, of)) / len(of)) for of in (x, y))
        dark = sum(weight * part for weight, part in zip((0.3, 0.6, 0.1), colour, strict=False)) < 0.5
        axes.text(rate, power, name, color="white" if dark else "black", ha="center", va="center", clip_on=True)
    for name, radio in radios().items():
        if rates[0] <= radio.bitrate_bps <= rates[1] and powers[0] <= radio.tx_power_W <= powers[1]:
            axes.plot(radio.bitrate_bps / 1e6, radio.tx_power_W, "o", color="black", markerfacecolor="white")
            axes.annotate(name, (radio.bitrate_bps / 1e6, radio.tx_power_W), xytext=(6, 4), textcoords="offset points")
    axes.set_xlabel("Mbps")
    axes.set_ylabel("transmission power, W")
    axes.set_title(title)
    return figure


def _band(
    first: float, last: float, rates: tuple[float, float], powers: tuple[float, float]
) -> list[tuple[float, float]]:
    """Corners of the part of a rectangle in which P_Tx / B is between two values."""

    def along(x: float) -> list[tuple[float, float]]:
        """Where the line of equal P_Tx / B enters the rectangle and leaves it, by bit rate."""
        low, high = max(rates[0], powers[0] / x), min(rates[1], powers[1] / x)
        return [(low, min(max(low * x, powers[0]), powers[1])), (high, min(max(high * x, powers[0]), powers[1]))]

    lower, upper = along(first), along(last)
    corners = [*lower, *reversed(upper)]
    # corners of the rectangle that lie in the band
    inside = [(rate, power) for rate in rates for power in powers if first < power / rate < last]
    around = [*corners, *inside]
    centre = [sum(math.log(corner[axis]) for corner in around) / len(around) for axis in (0, 1)]
    return sorted(
        dict.fromkeys(around),
        key=lambda corner: math.atan2(math.log(corner[1]) - centre[1], math.log(corner[0]) - centre[0]),
    )


def _saved(figure: "Figure", ending: str) -> bytes:
    image = io.BytesIO()
    with warnings.catch_warnings():
        # what a font has no letters for is drawn as boxes, and is no reason to complain
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # no date inside: the same figure is the same file
        figure.savefig(image, format=ending, dpi=150, metadata={"Date": None} if ending == "svg" else None)
    return image.getvalue()
