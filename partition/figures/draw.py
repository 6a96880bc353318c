"""Figures and maps as pictures, with matplotlib."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytical.errors import InputError
from partition.figures.panels import FORMATS, Panel
from partition.maps import CutMap

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


def draw_map(cut_map: CutMap, title: str, ending: str) -> bytes:
    """Which cut wins, as coloured regions, as the content of a file.

    Parameters
    ----------
    cut_map : CutMap
        The best cut of each channel.
    title : str
        Stands above it.
    ending : str
        One of :data:`FORMATS`.
    """
    return _saved(map_figure(cut_map, title), ending)


def map_figure(cut_map: CutMap, title: str) -> "Figure":
    """Which cut wins, as coloured regions."""
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm
    from matplotlib.figure import Figure

    # only cuts that win somewhere get a colour, so that few of them differ well
    present = sorted({int(cut) for cut in cut_map.cuts.ravel()})
    places = {cut: place for place, cut in enumerate(present)}
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    colours = colormaps["viridis"].resampled(len(present))
    mesh = axes.pcolormesh(
        cut_map.bitrates_bps / 1e6,
        cut_map.tx_powers_W,
        [[places[int(cut)] for cut in row] for row in cut_map.cuts],
        cmap=colours,
        norm=BoundaryNorm([place - 0.5 for place in range(len(present) + 1)], len(present)),
        shading="nearest",
    )
    bar = figure.colorbar(mesh, ticks=range(len(present)))
    bar.set_ticklabels([cut_map.names[cut] for cut in present])
    axes.set_xlabel("Mbps")
    axes.set_ylabel("transmission power, W")
    axes.set_title(title)
    return figure


def _saved(figure: "Figure", ending: str) -> bytes:
    image = io.BytesIO()
    with warnings.catch_warnings():
        # what a font has no letters for is drawn as boxes, and is no reason to complain
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # no date inside: the same figure is the same file
        figure.savefig(image, format=ending, dpi=150, metadata={"Date": None} if ending == "svg" else None)
    return image.getvalue()
