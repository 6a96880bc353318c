"""What a run says, for people: tables on a terminal of 80 columns."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from analytical.chip_mapping import ChipMapping
from analytical.cli import digits, metric, people_table, short
from analytical.counts import ALL_EVENTS, Counts, Data, Event, Level
from analytical.energy import ENERGY_PARTS, Energy, not_charged
from analytical.hardware import Hardware
from simulator.difference import Differences, difference_table, effects_table, places_table, sum_of, unexplained
from simulator.report import LayerReport, total_energy

if TYPE_CHECKING:
    from analytical.mappings import Chosen
    from simulator.compare import Comparison
    from simulator.validation import Cell, Validation


def print_report(
    console: Console,
    title: str,
    reports: Sequence[LayerReport],
    hardware: Hardware,
    mappings: "Mapping[str, Chosen]",
) -> None:
    """Tables for a person: mappings that were chosen, energy, time, traffic, totals, and what was counted without being
    charged."""
    console.print(title, style="bold")
    if mappings:
        console.print(mapping_table(mappings))
        console.print("The model's side has CNNergy's mapping: what that makes is the effect 'another mapping'.")
    for table in (_energy_table(reports), _time_table(reports, hardware), _traffic_table(reports, hardware)):
        console.print(table)
    _print_totals(console, reports)
    _print_not_charged(console, reports)
    print_crosscheck(console, reports)


def print_crosscheck(console: Console, reports: Sequence[LayerReport]) -> None:
    """Each layer's counts and energies beside the closed forms', and all layers together."""
    layers = {report.run.layer.name: report.differences() for report in reports}
    together = sum_of(layers.values())
    console.print(
        difference_table(
            "Cross-check of one image: why machine and closed forms differ", "sim", "model", _sections(layers, together)
        )
    )
    parts = {"energy": together["total"], "cycles": together["total_cycles"]}
    console.print(effects_table("From closed forms to machine", parts, "machine", "closed forms"))
    missing = unexplained(layers)
    if missing:
        console.print(f"UNEXPLAINED: {', '.join(missing)}", style="red")
    else:
        console.print(f"No residual: all {sum(map(len, layers.values()))} quantities are explained.")


def _sections(layers: Mapping[str, Differences], together: Differences) -> list[tuple[str, Differences]]:
    """Layers, and all of them if there are more than one."""
    return [*layers.items(), ("all layers", together)] if len(layers) > 1 else [*layers.items()]


def print_comparison(console: Console, comparison: "Comparison") -> None:
    """Energy, time and counts of two runs, layer by layer where both have the layer."""
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
    for change in comparison.mapping_changes:
        console.print(f"Mapping of {change}")
    if comparison.equal_layers:
        console.print(f"Equal in all: {', '.join(comparison.equal_layers)}.")
    sections = [(name, d) for name, d in comparison.layers.items() if name not in comparison.equal_layers]
    sections.append(("all layers", comparison.together))
    console.print(difference_table("One image: why B differs from A", "B", "A", sections))
    parts = {"energy": comparison.together["total"], "cycles": comparison.together["total_cycles"]}
    console.print(effects_table("From A to B, all layers", parts, "B", "A"))


def print_effects(console: Console, title: str, networks: Mapping[str, Sequence[LayerReport]]) -> None:
    """Energy and latency of an image, from closed forms to machine, network beside network, and in which layers."""
    layers = {name: {r.run.layer.name: r.differences() for r in reports} for name, reports in networks.items()}
    together = {name: sum_of(differences.values()) for name, differences in layers.items()}
    for quantity, said in (("total", "energy"), ("total_cycles", "cycles")):
        parts = {name: quantities[quantity] for name, quantities in together.items()}
        console.print(effects_table(f"{title}: {said} of an image", parts, "machine", "closed forms"))
    energies = {name: {layer: d["total"] for layer, d in part.items()} for name, part in layers.items()}
    console.print(places_table(f"{title}: layers that have most of an effect, and % of their own energy", energies))


def mapping_table(mappings: "Mapping[str, Chosen]") -> Table:
    """Mappings of layers, where they come from, and from how many the mapper chose."""
    symbols = [field.name for field in fields(ChipMapping)]
    table = people_table("The chip's kind of mapping", "layer", *symbols, "from", "weighed")
    for name, chosen in mappings.items():
        numbers = (str(getattr(chosen.mapping, symbol)) for symbol in symbols)
        table.add_row(name, *numbers, chosen.origin.value, str(chosen.weighed or ""))
    return table


def print_validation(console: Console, validation: "Validation") -> None:
    """Silicon and machine side by side, layer by layer; beside it, one-factor models of the latency; sources."""
    from simulator.validation import COLUMNS

    measured, settings = validation.measured, validation.results.settings
    console.print(f"{measured.chip} and the machine: {settings.title}, batch {measured.batch}", style="bold")
    console.print(mapping_table(settings.chosen_mappings()))
    table = people_table("Measured and machine, for the batch", "layer", "", *(column.title for column in COLUMNS))
    table.columns[0].no_wrap, table.columns[0].overflow = False, "fold"
    rows = [*validation.cells().items()]
    rows += [(f"{also.layer} as {also.mapping_of}", cells) for also, cells in validation.also_cells()]
    names = [column.name for column in COLUMNS]
    for layer, cells in rows:
        _add_cells(table, layer, [cells[name] for name in names])
    table.add_section()
    sums, errors = validation.sums(), validation.mean_errors()
    if sums:
        _add_cells(table, "sum", [sums.get(name) for name in names])
    table.add_row("mean |error| %", "", *(_shown(errors.get(name), ".2f") for name in names), style="bold")
    console.print(table)
    _print_factors(console, validation)
    for also in measured.also:
        console.print(f"{also.layer} as {also.mapping_of} (in no sum or mean): {also.because}")
    console.print(
        "Energy on the chip, without DRAM: measured, power x total latency / batch; the machine's, clock and other "
        f"control included, under the accounting '{settings.accounting.value}'."
    )
    console.print(f"Measured: {measured.source}.")


def _add_cells(table: Table, layer: str, cells: "Sequence[Cell | None]") -> None:
    table.add_row(layer, "chip", *("" if cell is None else _shown(cell.measured, ".4g") for cell in cells))
    table.add_row("", "machine", *("" if cell is None else _shown(cell.machine, ".4g") for cell in cells))
    errors = ("" if cell is None else _shown(cell.error_percent, "+.1f") for cell in cells)
    table.add_row("", "error %", *errors, style="dim")


def _print_factors(console: Console, validation: "Validation") -> None:
    """Errors of the processing latency: of models that are a factor on the ideal one, and of the machine."""
    from simulator.validation import mean_error

    models = validation.one_factor_models()
    if not models:
        return
    machine = {layer: cells["processing_latency_ms"] for layer, cells in validation.cells().items()}
    sides = {f"{model.factor:.3f}\nx ideal": model.cells for model in models} | {"machine": machine}
    table = people_table("Processing latency: error in %", "layer", *sides)
    for layer, cell in machine.items():
        if cell.measured is not None:
            table.add_row(layer, *(_shown(cells[layer].error_percent, "+.1f") for cells in sides.values()))
    table.add_row(
        "mean |error|", *(_shown(mean_error(cells.values()), ".2f") for cells in sides.values()), style="bold"
    )
    console.print(table)
    for model in models:
        console.print(f"{model.factor:.3f}: {model.source}.")


def _shown(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)


def _energy_table(reports: Sequence[LayerReport]) -> Table:
    rows = [(report.run.layer.name, {"sim": report.simulated, "model": report.analytical}) for report in reports]
    simulated, analytical = total_energy(reports)
    return energy_table("machine (sim), closed forms (model)", rows, {"sim": simulated, "model": analytical})


def energy_table(sides: str, layers: Sequence[tuple[str, Mapping[str, Energy]]], total: Mapping[str, Energy]) -> Table:
    """Energy of one image by part, layer by layer and in total; one or two sides each, by name."""
    scale, prefix = metric(max(energy.total for energy in total.values()))
    table = people_table(f"Energy of an image in {prefix}J: {sides}", *("layer", "", *ENERGY_PARTS.values(), "ratio"))
    for name, row in layers:
        _add_energies(table, scale, name, row)
    table.add_section()
    _add_energies(table, scale, "total", total)
    return table


def _add_energies(table: Table, scale: float, name: str, row: Mapping[str, Energy]) -> None:
    one, *others = (energy.total for energy in row.values())
    ratio = f"{one / others[0]:.3f}" if others and others[0] else ""
    headings = (("bold", name, ratio), ("dim", "", ""))
    for (side, energy), (style, heading, quotient) in zip(row.items(), headings, strict=False):
        cells = [digits(joules * scale) for joules in (*energy.parts().values(), energy.total)]
        table.add_row(heading, side, *cells, quotient, style=style)


def _time_table(reports: Sequence[LayerReport], hardware: Hardware) -> Table:
    scale, prefix = metric(sum(report.run.total_s for report in reports))
    table = people_table(
        f"Use of {hardware.pes} PEs while processing, %; cycles a batch; {prefix}s an image",
        *("layer", *USE_OF_PES, f"sim {prefix}s", f"model {prefix}s"),
    )
    rows = [report.columns() for report in reports]
    for row, report in zip(rows, reports, strict=True):
        latencies = (report.run.total_s, report.check.analytical_latency_s)
        table.add_row(report.run.layer.name, *use_of_pes(row), *(f"{seconds * scale:.2f}" for seconds in latencies))
    table.add_section()
    totals = (sum(r.run.total_s for r in reports), sum(r.check.analytical_latency_s for r in reports))
    cells = [*shares(rows), "", "", *(f"{seconds * scale:.2f}" for seconds in totals)]
    table.add_row("total", "", "", *cells, style="bold")
    return table


USE_OF_PES = ("batch", "PEs", "MAC", "gated", "stall", "idle", "process", "total")
"""Headings of :func:`use_of_pes`."""


def use_of_pes(row: Mapping[str, Any]) -> list[str]:
    """How a layer, given by its columns, used the PE array."""
    return [
        str(row["images"]),
        str(row["active_pes"]),
        *shares([row]),
        short(row["processing_cycles"]),
        short(row["total_cycles"]),
    ]


def shares(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Shares of the four classes in the PE-cycles of one image of each layer, in percent."""
    classes = [
        sum(row[f"{name}_pe_cycles"] / row["images"] for row in rows) for name in ("compute", "gated", "stall", "idle")
    ]
    return [f"{100 * pe_cycles / sum(classes):.1f}" for pe_cycles in classes]


def _of(level: Level, *data: Data) -> list[Event]:
    return [event for event in ALL_EVENTS if event.level is level and event.data in data]


_TRAFFIC = {
    "RF": _of(Level.RF, *Data),
    "PE-PE": _of(Level.INTER_PE, *Data),
    "GLB ifmap": _of(Level.GLB, Data.IFMAP),
    "GLB filter": _of(Level.GLB, Data.FILTER),
    "GLB psum": _of(Level.GLB, Data.PSUM, Data.OFMAP),
    "DRAM ifmap": _of(Level.DRAM, Data.IFMAP),
    "DRAM filter": _of(Level.DRAM, Data.FILTER),
    "DRAM ofmap": _of(Level.DRAM, Data.OFMAP),
}


def _traffic_table(reports: Sequence[LayerReport], hardware: Hardware) -> Table:
    """MACs and words of one image; every event counts, charged or not."""
    table = people_table(
        f"What moved for one image, {hardware.b_w}-bit words, charged or not",
        *("layer", "MACs", "nonzero", *(name.replace(" ", "\n") for name in _TRAFFIC)),
    )
    per_image = [report.run.counts * (1 / report.run.images) for report in reports]
    for report, counts in zip(reports, per_image, strict=True):
        table.add_row(report.run.layer.name, *_moved(counts))
    table.add_section()
    table.add_row("total", *_moved(sum(per_image, Counts())), style="bold")
    return table


def _moved(counts: Counts) -> list[str]:
    return [
        short(n) for n in (counts.macs, counts.nonzero_macs, *(counts.total(*events) for events in _TRAFFIC.values()))
    ]


def _print_totals(console: Console, reports: Sequence[LayerReport]) -> None:
    simulated, analytical = total_energy(reports)
    processing_s, total_s = sum(r.run.processing_s for r in reports), sum(r.run.total_s for r in reports)
    (scale, joule), (time_scale, second) = metric(simulated.total), metric(total_s)
    console.print(
        f"One image: {simulated.total * scale:.3f} {joule}J simulated, {analytical.total * scale:.3f} {joule}J by the "
        f"closed forms; {total_s * time_scale:.2f} {second}s, of which {processing_s * time_scale:.2f} {second}s "
        f"processing; {1 / total_s:.1f} images/s."
    )


def _print_not_charged(console: Console, reports: Sequence[LayerReport]) -> None:
    accounting = reports[0].check.accounting
    left_out: Counts = sum(
        (Counts(events=not_charged(r.run.counts, accounting)) * (1 / r.run.images) for r in reports), Counts()
    )
    if left_out.events:
        listed = ", ".join(f"{event} {short(left_out[event])}" for event in sorted(left_out, key=str))
        console.print(f"Counted, but not charged by the accounting '{accounting.value}', words an image: {listed}.")
