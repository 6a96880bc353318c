"""Figures and maps as pictures, with matplotlib."""

import io
import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from analytical.diagrams import COLOURS as OKABE_ITO
from partition.envelope import Envelope
from partition.figures.look import Look
from partition.figures.panels import Panel, Series
from partition.planning import Plan
from partition.radios import radios

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MANY = 4
"""Curves whose legend has room in their diagram."""

ASIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.02, 1)}
"""Where the legend of more of them is."""

COLOURS = (*OKABE_ITO, "#000000")
"""Of curves and bars."""

LINES = ("-", "--", ":", "-.")
"""Of curves, so that greys tell them apart as well."""

HATCHES = ("", "///", "...", "xxx", "|||")
"""Of bars, for the same reason."""


def draw_panels(panels: Sequence[Panel], look: Look) -> bytes:
    """A figure, panel beside panel, as the content of a file.

    Parameters
    ----------
    panels : sequence of Panel
        At least one.
    look : Look
    """
    return _saved(lambda: panels_figure(panels), look)


def panels_figure(panels: Sequence[Panel]) -> "Figure":
    """A figure, panel beside panel; on the same axes, with one legend, where all show the same quantities."""
    # here and below without pyplot, which keeps figures open and may look for a screen
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(panels), 4), layout="constrained")
    is_shared = len({(panel.x, panel.y) for panel in panels}) == 1
    drawn = figure.subplots(1, len(panels), squeeze=False, sharex=is_shared, sharey=is_shared)[0]
    for axes, panel in zip(drawn, panels, strict=True):
        _draw_panel(axes, panel)
    legends = [[series.label for series in panel.series] for panel in panels]
    for axes, panel in zip(drawn, panels, strict=True):
        if is_shared and axes is not drawn[-1] and legends.count(legends[0]) == len(legends):
            continue
        is_aside = len(panel.series) > MANY or (is_shared and len(panels) > 1)
        axes.legend(fontsize="small", **(ASIDE if is_aside else {}))
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
            _draw_curve(axes, series)
    for label, height in panel.lines.items():
        axes.axhline(height, color="black", linestyle="--", linewidth=1, label=label)
    if "x" in panel.log:
        # sizes of memories are powers of two
        axes.set_xscale("log", base=2 if panel.x == "KiB" else 10)
    if panel.log == "x":
        axes.xaxis.set_major_formatter("{x:g}")
    if "y" in panel.log:
        axes.set_yscale("log")


def _draw_curve(axes: Any, series: Series) -> None:
    """A line from jump to jump; a point alone between two of them is a dot."""
    ends = [0, *series.jumps, len(series.x)]
    x: list[Any] = []
    y: list[float] = []
    for first, last in itertools.pairwise(ends):
        if x:
            x.append(math.nan)
            y.append(math.nan)
        x.extend(series.x[first:last])
        y.extend(series.y[first:last])
    (line,) = axes.plot(x, y, label=series.label)
    alone = [first for first, last in itertools.pairwise(ends) if len(ends) > 2 and last == first + 1]
    axes.plot([series.x[at] for at in alone], [series.y[at] for at in alone], ".", color=line.get_color())


def _draw_bars(axes: Any, panel: Panel, number: int) -> None:
    """Bars of one series: on those of the series before it, or beside them, around their name, which is at a whole
    number, with a fifth left between names."""
    from matplotlib import rcParams
    from matplotlib.colors import to_rgb

    series = panel.series[number]
    places: list[float] = list(range(len(series.x)))
    axes.set_xticks(places, series.x, rotation=90)
    colours = rcParams["axes.prop_cycle"].by_key().get("color", COLOURS)
    colour, hatch = colours[number % len(colours)], HATCHES[number % len(HATCHES)]
    drawn = {"color": colour, "edgecolor": "white", "linewidth": 0}
    if panel.is_stacked:
        below = [sum(before.y[at] for before in panel.series[:number]) for at in range(len(places))]
        axes.bar(places, series.y, 0.8, bottom=below, label=series.label, hatch=hatch, **drawn)
        return
    width = 0.8 / len(panel.series)
    offset = (number - (len(panel.series) - 1) / 2) * width
    at = [place + offset for place in places]
    if not series.parts:
        axes.bar(at, series.y, width, label=series.label, hatch=hatch, **drawn)
    floor = [0.0] * len(places)
    for step, (part, heights) in enumerate(series.parts.items()):
        # each part paler than the one below it, and hatched, so that greys tell them apart as well
        pale = tuple(1 - (1 - channel) / (1 + step) for channel in to_rgb(colour))
        shade = {**drawn, "color": pale, "edgecolor": colour, "hatch": HATCHES[step % len(HATCHES)]}
        axes.bar(at, heights, width, bottom=floor, label=f"{series.label}, {part}", **shade)
        floor = [under + height for under, height in zip(floor, heights, strict=True)]
    if series.best is not None:
        axes.margins(y=0.15)
        where = (at[series.best], series.y[series.best])
        axes.annotate(
            "best", where, xytext=(0, 3), textcoords="offset points", ha="center", rotation=90, fontsize="small"
        )


def draw_map(plan: Plan, rates: tuple[float, float], powers: tuple[float, float], title: str, look: Look) -> bytes:
    """Which cut wins, as bands between exact switch points, as the content of a file.

    Parameters
    ----------
    plan : Plan
        Its cuts; its own channel does not matter.
    rates, powers : tuple of float
        First and last bit rate (bit/s) and transmission power (W), above 0.
    title : str
        Stands above it.
    look : Look
    """
    return _saved(lambda: map_figure(plan, rates, powers, title), look)


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
        # solid: the dashes of our cycle of lines, at this width, are nothing, which older versions of matplotlib refuse
        axes.fill(x, y, color=colour, linewidth=0, linestyle="-", label=name)
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


def _saved(figure: Callable[[], "Figure"], look: Look) -> bytes:
    """The content of a figure's file; it is made in its style, as lines and texts take theirs when they are made."""
    import matplotlib.style
    from cycler import cycler

    image = io.BytesIO()
    length = math.lcm(len(COLOURS), len(LINES))
    ours: dict[str, Any] = {
        "axes.prop_cycle": cycler(color=COLOURS * (length // len(COLOURS)))
        + cycler(linestyle=LINES * (length // len(LINES))),
        "hatch.linewidth": 0.6,
    }
    # no date and no random names inside: the same figure is the same file
    dates: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with (
        warnings.catch_warnings(),
        matplotlib.style.context(look.style or ours),
        matplotlib.rc_context({"svg.hashsalt": "eyeriss-neupart"}),
    ):
        # what a font has no letters for is drawn as boxes, and is no reason to complain
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn = figure()
        if look.size:
            drawn.set_size_inches(look.size)
        drawn.savefig(image, format=look.ending, dpi=look.dpi, metadata=dates.get(look.ending))
    return image.getvalue()
