"""Tables of energy, of the use of PEs and of latencies, for one run or for two."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from analytical.energy import ENERGY_PARTS, Energy
from analytical.terminal.tables import people_table
from analytical.terminal.text import digits, metric, short
from simulator.result import LayerResult

USE_OF_PES = ("batch", "PEs", "MAC", "gated", "stall", "idle", "process", "total")
"""Headings of :func:`use_of_pes`."""

STALLS = {
    "stall:\nfilter": ("filter_load",),
    "stall:\nifmap": ("ifmap_fill",),
    "stall:\npsum": ("psum_in", "psum_out", "psum_pass"),
    "stall:\nend": ("pass_end",),
}
"""Causes of stalls, by the heading of their column."""

WAITS = {"wait:\ndata": "data", "wait:\nroom": "room", "wait:\nwrite": "write_back"}
"""What the array waits for at the DRAM link, by the heading of its column."""


def energy_table(sides: str, layers: Sequence[tuple[str, Mapping[str, Energy]]], total: Mapping[str, Energy]) -> Table:
    """Energy of one image by part, layer by layer and in total; one or two sides each, by name.

    Parameters
    ----------
    sides : str
        What the sides are, for the title.
    layers : sequence of (str, mapping of str to Energy)
        Names of layers, and what each side takes; the ratio is that of the first side to the second.
    total : mapping of str to Energy
        What each side takes in all.
    """
    scale, prefix = metric(max(energy.total for energy in total.values()))
    table = people_table(f"Energy of an image in {prefix}J: {sides}", *("layer", "", *ENERGY_PARTS.values(), "ratio"))
    for name, row in layers:
        _add_energies(table, scale, name, row)
    table.add_section()
    _add_energies(table, scale, "total", total)
    return table


def _add_energies(table: Table, scale: float, name: str, row: Mapping[str, Energy]) -> None:
    # name and ratio stand in the first side's line only; a layer that one side lacks has one line, and no ratio
    one, *others = (energy.total for energy in row.values())
    ratio = f"{one / others[0]:.3f}" if others and others[0] else ""
    headings = (("bold", name, ratio), ("dim", "", ""))
    for (side, energy), (style, heading, quotient) in zip(row.items(), headings, strict=False):
        cells = [digits(joules * scale) for joules in (*energy.parts().values(), energy.total)]
        table.add_row(heading, side, *cells, quotient, style=style)


def pe_table(layers: Sequence[LayerResult], pes: int) -> Table:
    """What the PEs did with their cycles, layer by layer, stalls by cause; ``pes`` are all of the array."""
    table = people_table(
        f"What {pes} PEs did while processing, % of PE-cycles",
        *("layer", "batch", "PEs", "MAC", "gated", *STALLS, "idle"),
    )
    for layer in layers:
        table.add_row(layer.name, str(layer.run.images), str(layer.run.active_pes), *_pe_shares([layer]))
    table.add_section()
    table.add_row("total", "", "", *_pe_shares(layers), style="bold")
    return table


def _pe_shares(layers: Sequence[LayerResult]) -> list[str]:
    """Shares in the PE-cycles of one image of each layer, in percent."""
    sums = dict.fromkeys(("compute", "gated", *STALLS, "idle"), 0.0)
    for layer in layers:
        run = layer.run
        stalls = {stall.name.lower(): cycles for stall, cycles in run.stalls.items()}
        spent = {"compute": run.compute, "gated": run.gated, "idle": run.idle} | {
            heading: sum(stalls[cause] for cause in causes) for heading, causes in STALLS.items()
        }
        for name, pe_cycles in spent.items():
            sums[name] += pe_cycles / run.images
    # of one image, summed over layers: a layer counts for as long as it takes
    whole = sum(sums.values())
    return [f"{100 * pe_cycles / whole:.1f}" for pe_cycles in sums.values()]


def latency_table(layers: Sequence[LayerResult]) -> Table:
    """Where the time goes, layer by layer: processing, and waits for DRAM by cause; beside the closed forms."""
    scale, prefix = metric(sum(layer.latency_s for layer in layers))
    table = people_table(
        f"Cycles of a batch; of them, waits for DRAM, %; {prefix}s an image",
        *("layer", "process", "total", *WAITS, f"sim {prefix}s", f"model {prefix}s", "ratio"),
    )
    for layer in layers:
        cells = (short(layer.run.processing_cycles), short(layer.run.total_cycles), *_wait_shares([layer]))
        table.add_row(layer.name, *cells, *_latencies([layer], scale))
    table.add_section()
    table.add_row("total", "", "", *_wait_shares(layers), *_latencies(layers, scale), style="bold")
    return table


def _wait_shares(layers: Sequence[LayerResult]) -> list[str]:
    # shares of the total latency, waits included
    total = sum(layer.run.total_cycles / layer.run.images for layer in layers)
    waits = dict.fromkeys(WAITS.values(), 0.0)
    for layer in layers:
        for wait, cycles in layer.run.dram_waits.items():
            waits[wait.value] += cycles / layer.run.images
    return [f"{100 * cycles / total:.1f}" for cycles in waits.values()]


def _latencies(layers: Sequence[LayerResult], scale: float) -> list[str]:
    simulated = sum(layer.latency_s for layer in layers)
    model = sum(layer.check.analytical_latency_s for layer in layers)
    return [f"{simulated * scale:.2f}", f"{model * scale:.2f}", f"{simulated / model:.3f}"]


def use_of_pes(row: Mapping[str, Any]) -> list[str]:
    """How a layer, given by its columns (:data:`simulator.columns.COLUMNS`), used the PE array: the cells under
    :data:`USE_OF_PES`.
    """
    classes = [row[f"{name}_pe_cycles"] for name in ("compute", "gated", "stall", "idle")]
    return [
        str(row["images"]),
        str(row["active_pes"]),
        *(f"{100 * pe_cycles / sum(classes):.1f}" for pe_cycles in classes),
        short(row["processing_cycles"]),
        short(row["total_cycles"]),
    ]
