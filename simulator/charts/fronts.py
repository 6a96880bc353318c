"""A sweep's points and front as a picture, with Altair."""

from typing import TYPE_CHECKING, Any

from analytical.diagrams import drawing_library

if TYPE_CHECKING:
    import altair as alt

    from simulator.sweeps.fronts import Fronts

FORMATS = ("svg", "png")
"""Endings of the names of pictures."""

_UNITS = {"latency_s": ("ms", 1e3), "processing_s": ("ms", 1e3), "energy_J": ("mJ", 1e3)}


def front_chart(found: "Fronts") -> "alt.FacetChart":
    """All points, and a line through those that no other beats; a diagram a network."""
    library = drawing_library("altair")
    best = {row["point"] for rows in found.best.values() for row in rows}
    x, y = (_axis(name) for name in (found.x, found.y))
    rows = [
        {
            "network": row["network"],
            "x": row[found.x] * x[1],
            "y": row[found.y] * y[1],
            "hardware": row["hardware"],
            "mapping": row["mapping"],
            "front": row["point"] in best,
        }
        for row in found.points
    ]
    data = library.Chart()
    encoded: dict[str, Any] = {
        "x": library.X("x:Q", title=x[0], scale=library.Scale(zero=False)),
        "y": library.Y("y:Q", title=y[0], scale=library.Scale(zero=False)),
        "tooltip": ["network:N", "hardware:N", "mapping:N", "x:Q", "y:Q"],
    }
    colour = library.condition("datum.front", library.value("#D55E00"), library.value("#56B4E9"))
    points = data.mark_point(filled=True, size=40).encode(color=colour, **encoded)
    line = (
        data.transform_filter("datum.front")
        .mark_line(interpolate="step-after", color="#D55E00")
        .encode(x=encoded["x"], y=encoded["y"], order="x:Q")
    )
    drawn = library.layer(line, points).properties(width=420, height=300)
    facet = drawn.facet(facet=library.Facet("network:N", title=None), columns=2, data=library.Data(values=rows))
    apart: alt.FacetChart = facet.resolve_scale(x="independent", y="independent")
    return apart


def picture(found: "Fronts", ending: str) -> bytes:
    """The same as the content of a file."""
    vl_convert = drawing_library("vl_convert")
    spec = front_chart(found).to_dict()
    if ending == "svg":
        return str(vl_convert.vegalite_to_svg(spec)).encode()
    return bytes(vl_convert.vegalite_to_png(spec, scale=2))


def _axis(name: str) -> tuple[str, float]:
    if name in _UNITS:
        unit, factor = _UNITS[name]
        return f"{name.rpartition('_')[0]} of an image, {unit}", factor
    return name, 1.0
