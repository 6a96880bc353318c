"""A watched pass as a picture, with matplotlib: a raster of cycles and PEs, which Altair has no mark for."""

import io
import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytical import __version__
from analytical.diagrams import COLOURS, ChartError, drawing_library
from simulator.machine import kernels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simulator.watching import WatchedPass

_BLUE, _ORANGE, _GREEN, _PURPLE, _SKY, _RED = COLOURS

STATES = {
    kernels.COMPUTE: ("compute", "MAC", _BLUE),
    kernels.GATED: ("gated", "gated MAC", _SKY),
    kernels.PSUM_PASS: ("psum_pass", "passes a psum on", "#000000"),
    kernels.FILTER_LOAD: ("filter_load", "waits for filter words", _ORANGE),
    kernels.IFMAP_FILL: ("ifmap_fill", "waits for pixels", _GREEN),
    kernels.PSUM_IN: ("psum_in", "waits for a psum", _RED),
    kernels.PSUM_OUT: ("psum_out", "waits for room above", _PURPLE),
    kernels.PASS_END: ("pass_end", "done, waits for the others", "#BBBBBB"),
    kernels.IDLE: ("idle", "no work in this pass", "#EEEEEE"),
}
"""What a PE does in a cycle: the name of its column, what people read, and its colour; in the order of stacks."""

MOST_STRETCHES = 1200
"""Stretches of cycles that a picture of usual width tells apart; in a longer one colours are mixed, by their shares."""

MOST_LINES = 60
"""Rows of PEs between which a picture has lines."""

FRAMES = 100
"""Frames of an animation."""

FRAME_MS = 80
"""How long each of them stays, in milliseconds."""

FORMATS = ("png", "gif")
"""Endings of the names of pictures."""


def edges_of(first: int, last: int, points: int) -> list[int]:
    """At most so many stretches of about as many whole cycles.

    Examples
    --------
    >>> edges_of(0, 10, 4), edges_of(0, 2, 4)
    ([0, 2, 5, 7, 10], [0, 1, 2])
    """
    points = min(points, last - first)
    return [first + (last - first) * at // points for at in range(points + 1)]


def shares(states: NDArray[np.uint8], edges: list[int]) -> NDArray[np.float64]:
    """Of each PE, and each stretch of cycles between two edges, the share of the cycles in each state.

    Parameters
    ----------
    states : (cycles, PEs), uint8
    edges : list of int
        Rising, within the cycles.

    Returns
    -------
    (states, stretches, PEs), float
        In the order of :data:`STATES`; the states' sum is one everywhere.

    Examples
    --------
    >>> shares(np.array([[0], [0], [6], [0]], np.uint8), [0, 2, 4])[:, :, 0].tolist()[0]
    [1.0, 0.5]
    """
    first, last = edges[0], edges[-1]
    lengths = np.diff(edges)[:, None]
    starts = np.array(edges[:-1]) - first
    inside = states[first:last]
    return np.stack([np.add.reduceat(inside == state, starts, axis=0, dtype=np.int64) / lengths for state in STATES])


def raster_figure(watched: "WatchedPass", first: int = 0, last: int | None = None) -> "Figure":
    """The raster of all PEs over the cycles, and below it the area over time.

    Parameters
    ----------
    watched : WatchedPass
    first, last : int
        The first cycle, and the one behind the last; default: all.

    Raises
    ------
    ChartError
        There are no such cycles, or matplotlib is not installed.
    """
    drawing_library("matplotlib")
    edges = _edges(watched, first, last)
    figure = _shown_figure()(figsize=(10, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    figure.suptitle(_wrapped(watched.title), fontsize="medium")
    # a mixture of colours, by their shares: what a person sees of many pixels in one
    mixed = np.tensordot(shares(_by_pe(watched), edges), _palette(), axes=(0, 0)).transpose(1, 0, 2)
    rows = watched.states.shape[1]
    above.imshow(mixed, extent=(edges[0], edges[-1], rows, 0), aspect="auto", interpolation="nearest")
    _name_rows(above, watched)
    above.set_ylabel("PEs, by row of their sets")
    _draw_area(below, watched, edges)
    below.set_xlabel("cycle of the pass")
    figure.legend(handles=_legend(watched, edges), loc="outside lower center", ncols=4, fontsize="small", frameon=False)
    return figure


@cache
def _shown_figure() -> "type[Figure]":
    """A figure that a notebook shows; pyplot's are shown, too, but pyplot keeps figures open and looks for a screen."""
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> bytes:
            drawn = io.BytesIO()
            self.savefig(drawn, format="png", dpi=100)
            return drawn.getvalue()

    return ShownFigure


def picture(watched: "WatchedPass", ending: str, first: int = 0, last: int | None = None) -> bytes:
    """A watched pass as the content of a file.

    Parameters
    ----------
    watched, first, last
        As for :func:`raster_figure`.
    ending : str
        ``"png"``: the raster and the area. ``"gif"``: the array, in :data:`FRAMES` of the cycles, evenly over all, or
        in each where there are no more of them.
    """
    if ending == "gif":
        return _animation(watched, first, last)
    drawn = io.BytesIO()
    metadata = {"Title": watched.title, "Software": f"eyeriss-neupart {__version__}"}
    raster_figure(watched, first, last).savefig(drawn, format="png", dpi=150, metadata=metadata)
    return drawn.getvalue()


def _animation(watched: "WatchedPass", first: int, last: int | None) -> bytes:
    """One frame for each of some cycles: the array, and where in the area over time that is."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    edges = _edges(watched, first, last)
    shown = edges_of(edges[0], edges[-1], FRAMES)[:-1]
    figure = Figure(figsize=(6, 6), layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, height_ratios=(3, 2))
    figure.suptitle(_wrapped(watched.title, 70), fontsize="small")
    order = {state: at for at, state in enumerate(STATES)}
    colours = np.array([_palette()[order[state]] for state in range(len(STATES))])
    places = watched.places()
    rows, columns = places.shape
    states = np.append(_by_pe(watched), np.full((watched.cycles, 1), kernels.IDLE, np.uint8), axis=1)
    image = above.imshow(colours[states[shown[0]][places]], extent=(0, columns, rows, 0), aspect="auto")
    above.set_xlabel("column of PEs")
    above.set_ylabel("row of PEs")
    for line in range(1, rows):
        above.axhline(line, color="white", linewidth=0.4)
    for line in range(1, columns):
        above.axvline(line, color="white", linewidth=0.4)
    _draw_area(below, watched, edges)
    below.set_xlabel("cycle of the pass")
    cursor = below.axvline(shown[0], color="black", linewidth=1)
    handles = _legend(watched, edges)
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize="x-small", frameon=False)
    title = above.set_title(f"cycle {shown[-1]:,}", fontsize="medium")
    # All but these stays: it is drawn once, in the layout of the first frame, so that nothing jumps. Lines between rows
    # lie on the image.
    moving = [(above, image), *((above, line) for line in above.lines), (above, title), (below, cursor)]
    for _, artist in moving:
        artist.set_animated(True)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    # one palette for all frames: each state keeps its colour, also where few PEs are in it; texts are grey
    few = Image.new("P", (1, 1))
    greys = [level for level in range(0, 256, 5) for _ in range(3)]
    few.putpalette([*(round(255 * part) for colour in _palette() for part in colour), *greys])
    frames = []
    for cycle in shown:
        canvas.restore_region(still)
        image.set_data(colours[states[cycle][places]])
        cursor.set_xdata([cycle, cycle])
        title.set_text(f"cycle {cycle:,}")
        for axes, artist in moving:
            axes.draw_artist(artist)
        frame = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        frames.append(frame.quantize(palette=few, dither=Image.Dither.NONE))
    drawn = io.BytesIO()
    frames[0].save(
        drawn,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=FRAME_MS,
        loop=0,
        comment=f"{watched.title}; eyeriss-neupart {__version__}".encode(),
    )
    return drawn.getvalue()


def _edges(watched: "WatchedPass", first: int, last: int | None) -> list[int]:
    last = watched.cycles if last is None else last
    if not 0 <= first < last <= watched.cycles:
        raise ChartError(f"cycles are {first}:{last}; expected some of 0:{watched.cycles}")
    return edges_of(first, last, MOST_STRETCHES)


def _by_pe(watched: "WatchedPass") -> NDArray[np.uint8]:
    return watched.states.reshape(watched.cycles, -1)


def _palette() -> NDArray[np.float64]:
    from matplotlib.colors import to_rgb

    return np.array([to_rgb(colour) for _, _, colour in STATES.values()])


def _draw_area(axes: Any, watched: "WatchedPass", edges: list[int]) -> None:
    """Shares of all PEs over time, on each other."""
    counted = watched.pe_cycles(edges)
    lengths = np.diff(edges)
    floor = np.zeros(len(edges))
    for name, _, colour in STATES.values():
        share = 100 * counted[name] / (watched.pes * lengths)
        # as long as the edges: the last stretch goes on to its end
        upper = floor + np.append(share, share[-1])
        axes.fill_between(edges, floor, upper, step="post", color=colour, linewidth=0)
        floor = upper
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, 100)
    axes.set_ylabel(f"% of the {watched.pes} PEs")


def _name_rows(axes: Any, watched: "WatchedPass") -> None:
    """A name for each row of PEs, as many as have room, and lines between sets."""
    names = watched.row_names()
    every = -(-len(names) // 24)
    axes.set_yticks([row + 0.5 for row in range(0, len(names), every)], names[::every], fontsize="small")
    # of very many rows, lines would be all that is seen
    for row in range(1, len(names) if len(names) <= MOST_LINES else 0):
        is_set = row % watched.place.shape.R == 0
        axes.axhline(row, color="black" if is_set else "white", linewidth=0.8 if is_set else 0.4)


def _legend(watched: "WatchedPass", edges: list[int]) -> list[Any]:
    """Colours of the states that occur in the cycles that are drawn."""
    from matplotlib.patches import Patch

    counted = watched.pe_cycles([edges[0], edges[-1]])
    return [Patch(color=colour, label=said) for name, said, colour in STATES.values() if counted[name][0]]


def _wrapped(title: str, width: int = 100) -> str:
    return "\n".join(textwrap.wrap(title, width))
