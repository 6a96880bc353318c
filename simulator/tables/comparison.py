"""Two runs side by side, and networks side by side, as tables."""

from collections.abc import Mapping

from rich.console import Console

from analytical.energy import Energy
from analytical.terminal.tables import people_table
from analytical.terminal.text import metric
from simulator.comparison.compare import Comparison
from simulator.crosscheck.difference import sum_of
from simulator.result import NetworkResult
from simulator.tables.differences import difference_table, effects_table, places_table
from simulator.tables.energy import USE_OF_PES, energy_table, use_of_pes


def print_comparison(console: Console, comparison: Comparison, *, crosscheck: bool = False) -> None:
    """Energy, time and counts of two runs, layer by layer where both have the layer.

    Parameters
    ----------
    console : Console
        Where to print.
    comparison : Comparison
        Run B beside run A.
    crosscheck : bool
        Print every quantity that differs, of each layer and of all together, and how mappings differ.
    """
    # B, the run that is looked at, stands first as the machine does beside its closed forms; A is what it is set beside
    sides = {"B": comparison.b, "A": comparison.a}
    for name, run in reversed(sides.items()):
        console.print(f"{name}: {run.title}", style="bold")
    if comparison.a.settings["network"] != comparison.b.settings["network"]:
        console.print("The networks differ; their layers are matched by name.")
    for name, only in (("A", comparison.only_in_a), ("B", comparison.only_in_b)):
        if only:
            console.print(f"Only in {name}: {', '.join(only)}.")
    names = [*comparison.a.layers, *comparison.only_in_b]
    rows = [(name, {side: run.energy(name) for side, run in sides.items() if name in run.layers}) for name in names]
    totals = {side: sum(map(run.energy, run.layers), Energy.zero()) for side, run in sides.items()}
    console.print(energy_table("two runs; ratio B/A", rows, totals))
    table = people_table("Use of the PEs while processing, %; cycles a batch", "layer", "", *USE_OF_PES)
    for name in names:
        for side, run in sides.items():
            if name in run.layers:
                table.add_row(name, side, *use_of_pes(run.layers[name].model_dump()))
    console.print(table)
    if crosscheck:
        for change in comparison.mapping_changes:
            console.print(f"Mapping of {change}")
        sections = [(name, d) for name, d in comparison.layers.items() if name not in comparison.equal_layers]
        sections.append(("all layers", comparison.together))
        console.print(difference_table("One image: why B differs from A", "B", "A", sections))
    parts = {"energy": comparison.together["total"], "cycles": comparison.together["total_cycles"]}
    console.print(effects_table("From A to B, all layers", parts, "B", "A"))
    if comparison.mapping_changes and not crosscheck:
        console.print(f"Layers whose mappings differ: {len(comparison.mapping_changes)}; --crosscheck tells how.")
    if comparison.equal_layers:
        console.print(f"Equal in all: {', '.join(comparison.equal_layers)}.")
    console.print(_sums(comparison))


def _sums(comparison: Comparison) -> str:
    """One image through all layers of each side, and how much more B takes."""
    a, b = comparison.a, comparison.b
    (scale, joule), (time_scale, second) = metric(a.energy_J), metric(a.latency_s)
    return (
        f"One image: A {a.energy_J * scale:.3f} {joule}J and {a.latency_s * time_scale:.2f} {second}s, "
        f"B {b.energy_J * scale:.3f} {joule}J and {b.latency_s * time_scale:.2f} {second}s: "
        f"{_more(b.energy_J, a.energy_J)} energy, {_more(b.latency_s, a.latency_s)} time."
    )


def _more(ours: float, theirs: float) -> str:
    """By how much ours is more; of what costs nothing, nothing can be said."""
    return f"{100 * (ours / theirs - 1):+.1f} %" if theirs else "?"


def print_effects(console: Console, title: str, networks: Mapping[str, NetworkResult]) -> None:
    """Energy and latency of an image, from closed forms to machine, network beside network, and in which layers.

    Parameters
    ----------
    console : Console
        Where to print.
    title : str
        Stands above each table.
    networks : mapping of str to NetworkResult
        Runs by the names of their networks.
    """
    layers = {name: {layer.name: layer.differences() for layer in result} for name, result in networks.items()}
    together = {name: sum_of(differences.values()) for name, differences in layers.items()}
    for quantity, said in (("total", "energy"), ("total_cycles", "cycles")):
        parts = {name: quantities[quantity] for name, quantities in together.items()}
        console.print(effects_table(f"{title}: {said} of an image", parts, "machine", "closed forms"))
    energies = {name: {layer: d["total"] for layer, d in part.items()} for name, part in layers.items()}
    console.print(places_table(f"{title}: layers that have most of an effect, and % of their own energy", energies))
