"""What a run says, for people: tables on a terminal of 80 columns."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from analytical.cli import digits, metric, people_table, short
from analytical.counts import ALL_EVENTS, Counts, Data, Event, Level
from analytical.energy import Energy, not_charged
from analytical.hardware import Hardware
from simulator.difference import difference_table, effects_table, unexplained
from simulator.difference import total as sum_of
from simulator.machine import LayerRun
from simulator.report import ENERGY_PARTS, LayerReport, total_energy


def print_report(console: Console, title: str, reports: Sequence[LayerReport], hardware: Hardware) -> None:
    """Tables for a person: energy, time, traffic, totals, and what was counted without being charged."""
    console.print(title, style="bold")
    for table in (_energy_table(reports), _time_table(reports, hardware), _traffic_table(reports, hardware)):
        console.print(table)
    _print_totals(console, reports)
    _print_not_charged(console, reports)
    print_crosscheck(console, reports)


def print_crosscheck(console: Console, reports: Sequence[LayerReport]) -> None:
    """Each layer's counts and energies beside the closed forms', and all layers together."""
    sections = {report.run.layer.name: report.differences() for report in reports}
    together = sum_of(sections.values())
    shown = sections | {"all layers": together} if len(sections) > 1 else sections
    console.print(
        difference_table("Cross-check of one image: why machine and closed forms differ", "sim", "model", shown)
    )
    parts = {"energy": together["total"], "cycles": together["total_cycles"]}
    console.print(effects_table("From closed forms to machine, all layers", parts, "machine", "closed forms"))
    missing = unexplained(sections)
    if missing:
        console.print(f"UNEXPLAINED: {', '.join(missing)}", style="red")
    else:
        console.print(f"No residual: all {sum(map(len, sections.values()))} differences are explained.")


def _energy_table(reports: Sequence[LayerReport]) -> Table:
    simulated, analytical = total_energy(reports)
    scale, prefix = metric(simulated.total)
    table = people_table(
        f"Energy of an image in {prefix}J: machine (sim), closed forms (model)",
        *("layer", "", *ENERGY_PARTS.values(), "ratio"),
    )
    for report in reports:
        _add_energies(table, scale, report.run.layer.name, report.simulated, report.analytical)
    table.add_section()
    _add_energies(table, scale, "total", simulated, analytical)
    return table


def _add_energies(table: Table, scale: float, name: str, simulated: Energy, analytical: Energy) -> None:
    ratio = f"{simulated.total / analytical.total:.3f}" if analytical.total else ""
    for energy, label, row_name, quotient, style in (
        (simulated, "sim", name, ratio, "bold"),
        (analytical, "model", "", "", "dim"),
    ):
        numbers = [digits(joules * scale) for joules in (*energy.parts().values(), energy.total)]
        table.add_row(row_name, label, *numbers, quotient, style=style)


def _time_table(reports: Sequence[LayerReport], hardware: Hardware) -> Table:
    scale, prefix = metric(sum(report.run.total_s for report in reports))
    table = people_table(
        f"Use of {hardware.pes} PEs while processing, %; cycles a batch; {prefix}s an image",
        *("layer", "batch", "PEs", "MAC", "gated", "stall", "idle", "process", "total"),
        *(f"sim {prefix}s", f"model {prefix}s"),
    )
    for report in reports:
        run = report.run
        table.add_row(
            run.layer.name,
            str(run.images),
            str(run.active_pes),
            *_shares([run]),
            short(run.processing_cycles),
            short(run.total_cycles),
            *(f"{seconds * scale:.2f}" for seconds in _latencies_s([report])),
        )
    table.add_section()
    shares = _shares([report.run for report in reports])
    latencies = (f"{seconds * scale:.2f}" for seconds in _latencies_s(reports))
    table.add_row("total", "", "", *shares, "", "", *latencies, style="bold")
    return table


def _shares(runs: Sequence[LayerRun]) -> list[str]:
    """Shares of the four classes in the PE-cycles of one image of each layer, in percent."""
    classes = [
        sum(pe_cycles / run.images for pe_cycles, run in zip(column, runs, strict=True))
        for column in zip(*((run.compute, run.gated, sum(run.stalls.values()), run.idle) for run in runs), strict=True)
    ]
    return [f"{100 * pe_cycles / sum(classes):.1f}" for pe_cycles in classes]


def _latencies_s(reports: Sequence[LayerReport]) -> tuple[float, float]:
    """Latency of one image: what the machine took, and what the closed forms' throughput makes of it."""
    return (
        sum(report.run.total_s for report in reports),
        sum(report.check.analytical_latency_s for report in reports),
    )


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
