"""Pareto fronts as diagrams: what less time costs, and what each layer or platform takes."""

from collections.abc import Callable

from partition.figures.panels import Panel, Series
from partition.platforms import Chain, Way
from partition.processors.splitting import Split


def panels_of_split(found: Split) -> list[Panel]:
    """Energy over time of all schedules that none beats, with the best of them; and the energy of each layer.

    Parameters
    ----------
    found : Split
    """
    front, best, layers = found.front(), found.best, found.layers()
    panels = [
        Panel(
            title=f"{found.network}: schedules that none beats",
            x="ms",
            y="mJ",
            series=[
                Series(
                    label="front", x=[each.latency_s * 1e3 for each in front], y=[each.energy_J * 1e3 for each in front]
                ),
                Series(label="chosen", x=[best.latency_s * 1e3], y=[best.energy_J * 1e3], is_points=True),
            ],
        )
    ]
    if layers:
        panels.append(
            Panel(
                title=f"cut after {best.cut}",
                x="",
                y="mJ",
                series=[
                    Series(label="energy", x=[name for name, _ in layers], y=[way.energy_J * 1e3 for _, way in layers])
                ],
            )
        )
    return panels


def panels_of_chain(found: Chain) -> list[Panel]:
    """Energy over time, and over memory, of all ways to cut that none beats, with the best of them; and what each
    platform of the best spends.

    Parameters
    ----------
    found : Chain
    """
    best = found.best
    figures: dict[str, Callable[[Way], float]] = {
        "ms": lambda way: way.latency_s * 1e3,
        "MB": lambda way: found.memory_bytes(way) / 1e6,
    }
    panels = [
        Panel(
            title=f"{found.network}: ways that none beats",
            x=unit,
            y="mJ",
            series=[
                Series(
                    label="front",
                    x=[figure(way) for way in found.front],
                    y=[way.energy_J * 1e3 for way in found.front],
                    is_points=True,
                ),
                Series(label="chosen", x=[figure(best)], y=[best.energy_J * 1e3], is_points=True),
            ],
        )
        for unit, figure in figures.items()
    ]
    names = [stage.platform for stage in best.stages]
    parts = {"compute": "compute_J", "send": "send_J", "receive": "receive_J"}
    panels.append(
        Panel(
            title="what each platform spends",
            x="",
            y="mJ",
            series=[
                Series(label=label, x=names, y=[getattr(stage, part) * 1e3 for stage in best.stages])
                for label, part in parts.items()
            ],
            is_stacked=True,
        )
    )
    return panels
