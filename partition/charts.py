"""Diagrams of plans, with Altair, for a notebook."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analytical.diagrams import COLOURS, drawing_library

if TYPE_CHECKING:
    import altair as alt


def cuts_chart(rows: Sequence[Mapping[str, Any]], best: str | None, title: str) -> "alt.LayerChart":
    """What the phone spends by cut, what it computes below what it sends, and the best marked.

    Parameters
    ----------
    rows : sequence of mapping
        Of a plan (:meth:`partition.planning.Plan.rows`).
    best : str or None
        The best cut's name.
    title : str
        Stands above it.

    Raises
    ------
    ChartError
        Altair is not installed.
    """
    chart: alt.LayerChart = _drawn(drawing_library("altair"), rows, best, title)
    return chart


def _drawn(alt: Any, rows: Sequence[Mapping[str, Any]], best: str | None, title: str) -> Any:
    """Bars in two parts and a mark; `alt` is the module."""
    names = [row["cut"] for row in rows]
    parts = {"computes": "client_energy_J", "sends": "transmit_energy_J"}
    values = [
        {"cut": row["cut"], "phone": part, "order": at, "mJ": row[column] * 1e3}
        for row in rows
        for at, (part, column) in enumerate(parts.items())
    ]
    marked = [{"cut": row["cut"], "mJ": row["total_energy_J"] * 1e3} for row in rows if row["cut"] == best]
    x = alt.X("cut:N", sort=names, title="last node that the phone runs")
    y = alt.Y("mJ:Q", title="mJ an image")
    bars = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            x=x,
            y=y,
            order="order:Q",
            color=alt.Color(
                "phone:N", scale=alt.Scale(domain=list(parts), range=list(COLOURS[: len(parts)])), title=None
            ),
            tooltip=["cut:N", "phone:N", alt.Tooltip("mJ:Q", format=".4g")],
        )
    )
    star = alt.Chart(alt.Data(values=marked)).mark_text(text="best", dy=-8).encode(x=x, y=y)
    return alt.layer(bars, star).properties(title=title, width=560, height=280)
