"""What a run says: rows for programs, tables for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from analytical import counts as c
from analytical.cli import digits, metric, people_table, short
from analytical.counts import Counts, Data, Event, Level
from analytical.energy import Accounting, Energy, not_charged
from analytical.hardware import Hardware
from simulator.crosscheck import SideBySide, side_by_side
from simulator.machine import LayerRun


@dataclass(frozen=True)
class LayerReport:
    """One layer's run with its energies, under one accounting."""

    run: LayerRun
    energy: SideBySide
    accounting: Accounting

    @classmethod
    def of(cls, run: LayerRun, accounting: Accounting) -> "LayerReport":
        return cls(run, side_by_side(run, accounting), accounting)

    def columns(self) -> dict[str, str | int | float]:
        """A row: counts in b_w-bit words and cycles for the whole batch, energies in joules per image."""
        run, n = self.run, self.run.counts
        b_w = run.tiling.hardware.b_w
        return {
            "layer": run.layer.name,
            "images": run.images,
            "macs": int(n.macs),
            "nonzero_macs": int(n.nonzero_macs),
            "active_pes": run.active_pes,
            "processing_cycles": run.processing_cycles,
            "total_cycles": run.total_cycles,
            "compute_pe_cycles": run.compute,
            "gated_pe_cycles": run.gated,
            "stall_pe_cycles": sum(run.stalls.values()),
            "idle_pe_cycles": run.idle,
            "rf_ifmap_reads": int(n[c.RF_IFMAP_READ]),
            "rf_filter_reads": int(n[c.RF_FILTER_READ]),
            "rf_psum_reads": int(n[c.RF_PSUM_READ]),
            "rf_psum_writes": int(n[c.RF_PSUM_WRITE]),
            "inter_pe_psums": int(n[c.INTER_PE_PSUM]),
            "glb_ifmap_fills": int(n[c.GLB_IFMAP_FILL]),
            "glb_ifmap_reads": int(n[c.GLB_IFMAP_READ]),
            "glb_filter_reads": int(n[c.GLB_FILTER_READ]),
            "glb_psum_reads": int(n[c.GLB_PSUM_READ]),
            "glb_psum_writes": int(n[c.GLB_PSUM_WRITE]),
            "glb_ofmap_drains": int(n[c.GLB_OFMAP_DRAIN]),
            "dram_ifmap_bits": int(n[c.DRAM_IFMAP_READ]) * b_w,
            "dram_filter_bits": int(n[c.DRAM_FILTER_READ]) * b_w,
            "dram_ofmap_bits": int(n[c.DRAM_OFMAP_WRITE]) * b_w,
            "energy_J": self.energy.simulated.total,
            "energy_without_control_J": self.energy.simulated.without_control,
            "analytical_energy_J": self.energy.analytical.total,
        }

    def record(self) -> dict[str, Any]:
        """The row, and what does not fit one: stalls by cause, energies by part, tiles, what was not charged."""
        run = self.run
        tiling = run.tiling
        return self.columns() | {
            "stalls": {stall.name.lower(): cycles for stall, cycles in run.stalls.items()},
            "dram_wait_cycles": {wait.value: cycles for wait, cycles in run.dram_waits.items()},
            "dram_busy_cycles": run.dram_busy_cycles,
            "energy_J_by": self.energy.simulated.parts(),
            "analytical_energy_J_by": self.energy.analytical.parts(),
            "events": {str(event): int(words) for event, words in run.counts.events.items()},
            "not_charged": {str(e): int(words) for e, words in not_charged(run.counts, self.accounting).items()},
            "passes": run.passes,
            "tiles": {name: getattr(tiling, name) for name in ("N", "z", "f", "X_o", "Y_o", "y_o", "y_i", "C_set")},
            "glb_words": {"ifmap": tiling.ifmap_words, "psum": tiling.psum_words},
            "glb_peak_words": run.glb_peak_words,
        }


_OF_THE_BATCH = ("macs", "nonzero_macs", "rf_", "inter_pe_", "glb_", "dram_")
"""How the names of columns begin that count the whole batch, and add up over layers once divided by it."""


def total(reports: Sequence[LayerReport]) -> dict[str, Any]:
    """What one image costs, all layers together: energies, latencies, and the counts ``per_image``."""
    rows = [report.columns() for report in reports]
    simulated, analytical = _total_energy(reports)
    return {
        "energy_J": simulated.total,
        "energy_without_control_J": simulated.without_control,
        "analytical_energy_J": analytical.total,
        "energy_J_by": simulated.parts(),
        "analytical_energy_J_by": analytical.parts(),
        "processing_s_per_image": sum(report.run.processing_s for report in reports),
        "total_s_per_image": sum(report.run.total_s for report in reports),
        "per_image": {
            name: sum(float(row[name]) / report.run.images for row, report in zip(rows, reports, strict=True))
            for name in rows[0]
            if name.startswith(_OF_THE_BATCH)
        },
    }


def _total_energy(reports: Sequence[LayerReport]) -> tuple[Energy, Energy]:
    return (
        sum((r.energy.simulated for r in reports), Energy.zero()),
        sum((r.energy.analytical for r in reports), Energy.zero()),
    )


def print_report(console: Console, title: str, reports: Sequence[LayerReport], hardware: Hardware) -> None:
    """Tables for a person: energy, time, traffic, totals, and what was counted without being charged."""
    console.print(title, style="bold")
    for table in (_energy_table(reports), _time_table(reports, hardware), _traffic_table(reports, hardware)):
        console.print(table)
    _print_totals(console, reports)
    _print_not_charged(console, reports)


def _energy_table(reports: Sequence[LayerReport]) -> Table:
    simulated, analytical = _total_energy(reports)
    scale, prefix = metric(simulated.total)
    table = people_table(
        f"Energy of an image in {prefix}J: machine (sim), closed forms (model)",
        *("layer", "", "MAC", "RF", "PE-PE", "GLB", "DRAM", "clock", "other", "total", "ratio"),
    )
    for report in reports:
        _add_energies(table, scale, report.run.layer.name, report.energy.simulated, report.energy.analytical)
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
        sum(report.energy.analytical_latency_s for report in reports),
    )


def _of(level: Level, *data: Data) -> list[Event]:
    return [event for event in c.ALL_EVENTS if event.level is level and event.data in data]


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
    simulated, analytical = _total_energy(reports)
    processing_s, total_s = sum(r.run.processing_s for r in reports), sum(r.run.total_s for r in reports)
    (scale, joule), (time_scale, second) = metric(simulated.total), metric(total_s)
    console.print(
        f"One image: {simulated.total * scale:.3f} {joule}J simulated, {analytical.total * scale:.3f} {joule}J by the "
        f"closed forms; {total_s * time_scale:.2f} {second}s, of which {processing_s * time_scale:.2f} {second}s "
        f"processing; {1 / total_s:.1f} images/s."
    )


def _print_not_charged(console: Console, reports: Sequence[LayerReport]) -> None:
    accounting = reports[0].accounting
    left_out: Counts = sum(
        (Counts(events=not_charged(r.run.counts, accounting)) * (1 / r.run.images) for r in reports), Counts()
    )
    if left_out.events:
        listed = ", ".join(f"{event} {short(left_out[event])}" for event in sorted(left_out, key=str))
        console.print(f"Counted, but not charged by the accounting '{accounting.value}', words an image: {listed}.")
