"""Diagrams as data: what each of their curves and bars shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

FORMATS = ("svg", "png", "pdf")
"""Endings of the names of pictures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A curve, or bars: what it is, and its points.

    Attributes
    ----------
    label : str
        What the legend says.
    x : sequence of float or of str
        Numbers of a curve, or names of bars.
    y : sequence of float
        As many, in the unit of the panel.
    is_points : bool
        Points alone, without a line between them.
    jumps : sequence of int
        Positions of points that no line joins to the point before them: what the curve shows changes there at once,
        or is not known in between.
    parts : dict of str to sequence of float
        What the heights of bars are sums of, by name, from the bottom; as many figures each. None: bars are whole.
    best : int or None
        Position of the bar that is marked as the best.
    """

    label: str
    x: Sequence[str | float]
    y: Sequence[float]
    is_points: bool = False
    jumps: Sequence[int] = ()
    parts: dict[str, Sequence[float]] = field(default_factory=dict)
    best: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One diagram of a figure; bars where x has names.

    Attributes
    ----------
    title, x, y : str
        What stands above it and along its axes, with units.
    series : list of Series
        Its curves or bars.
    is_stacked : bool
        Bars of all series stand on each other, and not side by side.
    log : str
        Axes that are logarithmic: none, ``x``, or ``xy``.
    lines : dict of str to float
        Heights of lines across, by their labels.
    """

    title: str
    x: str
    y: str
    series: list[Series]
    is_stacked: bool = False
    log: str = ""
    lines: dict[str, float] = field(default_factory=dict)


def rows(panels: Sequence[Panel]) -> list[dict[str, str | float]]:
    """A figure's points, one in a row.

    Examples
    --------
    >>> rows([Panel(title="one", x="Mbps", y="mJ", series=[Series(label="a", x=[10.0], y=[3.0])])])
    [{'panel': 'one', 'series': 'a', 'x': 10.0, 'y': 3.0}]
    """
    found: list[dict[str, str | float]] = []
    for panel in panels:
        for series in panel.series:
            for x, y in zip(series.x, series.y, strict=True):
                found.append({"panel": panel.title, "series": series.label, "x": x, "y": y})
    return found
