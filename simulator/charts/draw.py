"""Diagrams of a run, with Altair: for a page, for a notebook, and one by one as pictures."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from analytical.diagrams import COLOURS as OKABE_ITO
from analytical.diagrams import ChartError, drawing_library
from simulator.charts.rows import DATA, LEVELS, PARTS, STATES, RunData

if TYPE_CHECKING:
    import altair as alt

COLOURS = (*OKABE_ITO, "#999999")
"""Of parts and states; the last is for what is left."""

STATE_COLOURS = (OKABE_ITO[0], OKABE_ITO[4], OKABE_ITO[5], "#CCCCCC")
"""Of what PEs do, as pictures of a pass have them (:mod:`simulator.charts.raster`): MAC, gated, stall, idle."""

TITLES = {
    "energy": "Energy of an image, by part: the machine, and lighter the model",
    "states": "What the PEs do while the array works",
    "latency": "Latency of an image: the array works, or waits for DRAM",
    "roofline": "Roofline: what DRAM and the PEs at work allow",
    "traffic": "Traffic of an image, by level",
    "effects": "Why machine and model differ in energy",
    "time": "Over time: what the array does, and what the link moves",
}
"""What stands above each diagram."""

WIDTH = 640
"""Pixels of a diagram that stands alone; on a page it is as wide as that."""

SIDE_BY_SIDE = ("energy", "states", "latency")
"""Diagrams in which bars of several runs stand beside each other; in the others colours or shapes tell them apart."""


def chart(panel: str, runs: Sequence[RunData], *, titled: bool = True) -> "alt.Chart | alt.LayerChart":
    """A diagram of one run, or of several side by side.

    Parameters
    ----------
    panel : str
        One of :data:`TITLES`.
    runs : sequence of RunData
    titled : bool
        Whether its title stands above it.

    Raises
    ------
    ChartError
        There is no such diagram, or Altair is not installed.
    """
    if panel not in TITLES:
        raise ChartError(f"panel is {panel!r}; expected {', '.join(TITLES)}")
    altair = drawing_library("altair")
    rows = [row for run in runs for row in DATA[panel](run)]
    drawn: alt.Chart | alt.LayerChart = _DRAWN[panel](altair, rows, len(runs) > 1)
    drawn = drawn.properties(width="container", height=260)
    return drawn.properties(title=TITLES[panel]) if titled else drawn


class Plots:
    """Diagrams of one run, for a notebook: ``result.plot.energy()``.

    Parameters
    ----------
    run : RunData

    Examples
    --------
    >>> import simulator
    >>> result = simulator.run("alexnet", layers=["FC8"], batch=1)
    >>> result.plot.latency().to_dict()["title"]
    'Latency of an image: the array works, or waits for DRAM'
    """

    def __init__(self, run: RunData) -> None:
        self._run = run

    def energy(self) -> "alt.Chart | alt.LayerChart":
        """Millijoules of an image by layer and part, machine beside model."""
        return self._wide("energy")

    def states(self) -> "alt.Chart | alt.LayerChart":
        """What the PEs do, layer by layer."""
        return self._wide("states")

    def latency(self) -> "alt.Chart | alt.LayerChart":
        """Milliseconds of an image by layer: work, and waits by cause."""
        return self._wide("latency")

    def roofline(self) -> "alt.Chart | alt.LayerChart":
        """MACs a cycle over MACs a byte, under the roofs of the link, of the PEs at work and of all PEs."""
        return self._wide("roofline")

    def traffic(self) -> "alt.Chart | alt.LayerChart":
        """Megabytes of an image by layer and level."""
        return self._wide("traffic")

    def effects(self) -> "alt.Chart | alt.LayerChart":
        """Why machine and model differ in energy."""
        return self._wide("effects")

    def _wide(self, panel: str) -> "alt.Chart | alt.LayerChart":
        return chart(panel, [self._run]).properties(width=WIDTH)


def picture(panel: str, runs: Sequence[RunData], ending: str) -> bytes:
    """A diagram as the content of a file.

    Parameters
    ----------
    panel, runs
        As for :func:`chart`.
    ending : str
        ``"svg"`` or ``"png"``.
    """
    vl_convert = drawing_library("vl_convert")
    drawn = chart(panel, runs)
    if panel == "time":
        # the page lets a person choose; here it is the first
        first = DATA[panel](runs[0])[0]
        drawn = drawn.properties(title={"text": TITLES[panel], "subtitle": f"{first['run']}, {first['layer']}"})
    if len(runs) > 1 and panel in SIDE_BY_SIDE:
        # on paper nobody can point at a bar to ask whose it is
        order = "from left to right: " + ", ".join(run.name for run in runs)
        drawn = drawn.properties(title={"text": TITLES[panel], "subtitle": order})
    spec = drawn.properties(width=WIDTH).to_dict()
    if ending == "svg":
        return str(vl_convert.vegalite_to_svg(spec)).encode()
    return bytes(vl_convert.vegalite_to_png(spec, scale=2))


def _by_layer(alt: Any, rows: list[dict[str, Any]]) -> Any:
    names = list(dict.fromkeys(row["layer"] for row in rows))
    return alt.X("layer:N", sort=names, title=None, axis=alt.Axis(labelAngle=-60))


def _colour(alt: Any, field: str, names: Sequence[str], colours: Sequence[str] = COLOURS) -> Any:
    scale = alt.Scale(domain=list(names), range=list(colours[: len(names)]))
    return alt.Color(f"{field}:N", scale=scale, title=None, legend=alt.Legend(orient="bottom", columns=3))


def _energy(alt: Any, rows: list[dict[str, Any]], several: bool) -> Any:
    # each bar beside another: of runs and sides
    for row in rows:
        row["bar"] = f"{row['run']}, {row['side']}" if several else row["side"]
    order = list(dict.fromkeys(row["bar"] for row in rows))
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            x=_by_layer(alt, rows),
            xOffset=alt.XOffset("bar:N", sort=order),
            y=alt.Y("mJ:Q", title="mJ"),
            color=_colour(alt, "part", list(PARTS.values())),
            opacity=alt.Opacity(
                "side:O",
                scale=alt.Scale(domain=["machine", "model"], range=[1, 0.55]),
                title=None,
                legend=None,
            ),
            tooltip=["layer:N", "bar:N", "part:N", alt.Tooltip("mJ:Q", format=".4g")],
        )
    )


def _stacks(
    alt: Any,
    rows: list[dict[str, Any]],
    field: str,
    value: str,
    title: str,
    names: Sequence[str],
    several: bool,
    colours: Sequence[str] = COLOURS,
) -> Any:
    encoded = {
        "x": _by_layer(alt, rows),
        "y": alt.Y(f"{value}:Q", title=title),
        "color": _colour(alt, field, names, colours),
        "tooltip": ["run:N", "layer:N", f"{field}:N", alt.Tooltip(f"{value}:Q", format=".4g")],
    }
    if several:
        encoded["xOffset"] = alt.XOffset("run:N", sort=list(dict.fromkeys(row["run"] for row in rows)))
    return alt.Chart(alt.Data(values=rows)).mark_bar().encode(**encoded)


def _states(alt: Any, rows: list[dict[str, Any]], several: bool) -> Any:
    names = list(STATES.values())
    return _stacks(alt, rows, "PEs", "share", "% of PE-cycles", names, several, STATE_COLOURS)


def _latency(alt: Any, rows: list[dict[str, Any]], several: bool) -> Any:
    names = list(dict.fromkeys(row["array"] for row in rows))
    return _stacks(alt, rows, "array", "ms", "ms", names, several)


def _traffic(alt: Any, rows: list[dict[str, Any]], several: bool) -> Any:
    for row in rows:
        row["bar"] = f"{row['run']}, {row['level']}" if several else row["level"]
    return (
        alt.Chart(alt.Data(values=[row for row in rows if row["MB"] > 0]))
        .mark_point(filled=True, size=60)
        .encode(
            x=_by_layer(alt, rows),
            y=alt.Y("MB:Q", scale=alt.Scale(type="log"), title="MB"),
            color=_colour(alt, "level", LEVELS),
            shape=alt.Shape("run:N", title=None, legend=alt.Legend(orient="bottom") if several else None),
            tooltip=["run:N", "layer:N", "level:N", alt.Tooltip("MB:Q", format=".4g")],
        )
    )


def _roofline(alt: Any, rows: list[dict[str, Any]], several: bool) -> Any:
    # the roof of the chip of the first run: the link's slope, up to all PEs
    first = rows[0]
    slope, pes = first["link roof"] / first["MACs a byte"], first["PEs"]
    least, most = min(row["MACs a byte"] for row in rows), max(row["MACs a byte"] for row in rows)
    ends = sorted({least / 2, pes / slope, max(most, pes / slope) * 2})
    lowest = min(row["MACs a cycle"] for row in rows)
    wide, high = ([ends[0], ends[-1]], [lowest / 2, pes * 2])
    x = alt.X(
        "MACs a byte:Q", scale=alt.Scale(type="log", domain=wide, nice=False), title="MACs a byte of DRAM traffic"
    )
    y = alt.Y("y:Q", scale=alt.Scale(type="log", domain=high, nice=False), title="MACs a cycle")
    roof = [{"MACs a byte": at, "y": min(pes, slope * at)} for at in ends]
    points = [{**row, "y": row["MACs a cycle"]} for row in rows]
    reach = [{**row, "y": row["roof"], "y2": row["MACs a cycle"]} for row in rows]
    encoded = {
        "x": x,
        "y": y,
        "tooltip": ["run:N", "layer:N", "MACs a byte:Q", "MACs a cycle:Q", "PEs at work:Q", "PEs:Q"],
    }
    if several:
        encoded["color"] = _colour(alt, "run", list(dict.fromkeys(row["run"] for row in rows)))
    line = alt.Chart(alt.Data(values=roof)).mark_line(color="black").encode(x=x, y=y)
    lost = alt.Chart(alt.Data(values=reach)).mark_rule(color="#999999").encode(x=x, y=y, y2="y2:Q")
    tick = alt.Chart(alt.Data(values=reach)).mark_tick(color="#D55E00", thickness=2, size=12).encode(x=x, y=y)
    point = alt.Chart(alt.Data(values=points)).mark_point(filled=True, size=60, color=COLOURS[0]).encode(**encoded)
    # names of neighbours above and below their points, by turns, so that fewer lie on each other
    ordered = sorted(points, key=lambda row: (row["MACs a byte"], row["MACs a cycle"]))
    names = [
        alt.Chart(alt.Data(values=ordered[turn::2]))
        .mark_text(dx=4, dy=dy, align="left", fontSize=9)
        .encode(x=x, y=y, text="layer:N")
        for turn, dy in enumerate((-7, 9))
    ]
    return alt.layer(line, lost, tick, point, *names)


def _effects(alt: Any, rows: list[dict[str, Any]], several: bool) -> Any:
    names = list(dict.fromkeys(row["effect"] for row in sorted(rows, key=lambda row: -abs(row["mJ"]))))[:12]
    encoded = {
        "y": alt.Y("effect:N", sort=names, title=None, axis=alt.Axis(labelLimit=130)),
        "x": alt.X("mJ:Q", title="mJ that the machine has more"),
        "color": alt.Color(
            "run:N",
            scale=alt.Scale(range=list(COLOURS)),
            title=None,
            legend=alt.Legend(orient="bottom") if several else None,
        ),
        "tooltip": ["run:N", "effect:N", alt.Tooltip("mJ:Q", format=".4g")],
    }
    if several:
        encoded["yOffset"] = alt.YOffset("run:N")
    return alt.Chart(alt.Data(values=[row for row in rows if row["effect"] in names])).mark_bar().encode(**encoded)


def _over_time(alt: Any, rows: list[dict[str, Any]], several: bool) -> Any:
    if not rows:
        raise ChartError("the run has no series; expected one that was written with --series")
    fields = ["layer", *(["run"] if several else [])]
    choices = [
        alt.selection_point(
            name=f"chosen_{field}",
            fields=[field],
            bind=alt.binding_select(options=list(dict.fromkeys(row[field] for row in rows)), name=f"{field} "),
            value=rows[0][field],
        )
        for field in fields
    ]
    names = [name for name in rows[0] if name not in ("run", "layer", "ms")]
    array, link = [[name for name in names if name.startswith("link") == of] for of in (False, True)]
    chosen = alt.Chart(alt.Data(values=rows))
    for choice in choices:
        chosen = chosen.transform_filter(choice)
    encoded = {
        "x": alt.X("ms:Q", title="ms from the layer's start, whole batch"),
        "y": alt.Y("share:Q", title="% of the time: array above, link below", stack="zero"),
        "color": _colour(alt, "what", [*array, *link]),
        "tooltip": ["run:N", "layer:N", "ms:Q", "what:N", "share:Q"],
    }
    zoom = alt.selection_interval(bind="scales", encodings=["x"])
    above = chosen.transform_fold(array, as_=["what", "share"])
    # the link is mirrored below
    below = chosen.transform_fold(link, as_=["what", "part"]).transform_calculate(share="-datum.part")
    areas = [part.mark_area(interpolate="step-after").encode(**encoded) for part in (above, below)]
    return alt.layer(areas[0].add_params(*choices, zoom), areas[1])


_DRAWN: dict[str, Callable[[Any, list[dict[str, Any]], bool], Any]] = {
    "energy": _energy,
    "states": _states,
    "latency": _latency,
    "roofline": _roofline,
    "traffic": _traffic,
    "effects": _effects,
    "time": _over_time,
}
