"""What a run says, for programs: rows and records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from analytical.energy import ENERGY_PARTS, Accounting, Energy, not_charged
from simulator.crosscheck import COLUMNS, Crosscheck, crosscheck, in_units
from simulator.difference import Difference, Differences, plain, sum_of
from simulator.machine import LayerRun
from traces.tensors import LayerTensors

CNNERGY, EYERISS = MAPPINGS = ("cnnergy", "eyeriss")
"""Ways to lay layers on the array: CNNergy's automated mapping (section IV-C), and the Eyeriss chip's own kind."""


def title(settings: Mapping[str, Any]) -> str:
    """Which run it is, by its settings."""
    laid = "" if settings["mapping"] == CNNERGY else f", mapping {settings['mapping']}"
    return "{network} on {hardware[name]}{laid}, seed {seed}, {engine} engine".format(laid=laid, **settings)


@dataclass(frozen=True)
class LayerReport:
    """One layer's run with its energies, under one accounting."""

    run: LayerRun
    check: Crosscheck

    @classmethod
    def of(cls, run: LayerRun, tensors: LayerTensors, accounting: Accounting) -> "LayerReport":
        return cls(run, crosscheck(run, tensors, accounting))

    @property
    def simulated(self) -> Energy:
        return self.check.simulated_energy

    @property
    def analytical(self) -> Energy:
        return self.check.analytical_energy

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
            **{name: int(in_units(n[event], event, b_w)) for name, event in COLUMNS.items()},
            "energy_J": self.simulated.total,
            "energy_without_control_J": self.simulated.without_control,
            "analytical_energy_J": self.analytical.total,
        }

    def record(self) -> dict[str, Any]:
        """The row, and what does not fit one: stalls by cause, energies by part, tiles, what was not charged."""
        run = self.run
        tiling = run.tiling
        return self.columns() | {
            "stalls": {stall.name.lower(): cycles for stall, cycles in run.stalls.items()},
            "dram_wait_cycles": {wait.value: cycles for wait, cycles in run.dram_waits.items()},
            "dram_busy_cycles": run.dram_busy_cycles,
            "energy_J_by": self.simulated.parts(),
            "analytical_energy_J_by": self.analytical.parts(),
            "events": {str(event): int(words) for event, words in run.counts.events.items()},
            "not_charged": {str(e): int(words) for e, words in not_charged(run.counts, self.check.accounting).items()},
            "passes": run.passes,
            "tiles": {
                name: getattr(tiling, name) for name in ("N", "z", "f", "m", "X_o", "Y_o", "y_o", "y_i", "C_set")
            },
            "glb_words": {"ifmap": tiling.ifmap_words, "psum": tiling.psum_words},
            "glb_peak_words": run.glb_peak_words,
            "ramp_up_stalls": {stall.name.lower(): cycles for stall, cycles in run.ramp_up.items()},
            "crosscheck": _entries(self.check.columns()),
            "crosscheck_energy_J_by": {
                part: difference.record("simulated", "analytical") for part, difference in self.check.energy().items()
            },
        }

    def differences(self) -> dict[str, Difference]:
        """Counts, cycles and energies of one image beside the closed forms', as tables call them."""
        energy = self.check.energy()
        return self._counts_of_image() | {said: energy[part] for part, said in ENERGY_PARTS.items()}

    def differences_by_column(self) -> dict[str, Difference]:
        """The columns of one image that the closed forms have, too."""
        return self.check.columns() | self._counts_of_image()

    def _counts_of_image(self) -> dict[str, Difference]:
        per_image = Fraction(1, self.run.images)
        return {name: difference * per_image for name, difference in self.check.counts().items()}


def _entries(differences: Differences) -> list[dict[str, Any]]:
    return [{"count": name} | difference.record("simulated", "analytical") for name, difference in differences.items()]


_OF_THE_BATCH = ("macs", "nonzero_macs", "rf_", "inter_pe_", "glb_", "dram_")
"""How the names of columns begin that count the whole batch, and add up over layers once divided by it."""


def total(reports: Sequence[LayerReport]) -> dict[str, Any]:
    """What one image costs, all layers together: energies, latencies, and the counts ``per_image``."""
    rows = [report.columns() for report in reports]
    simulated, analytical = total_energy(reports)
    return {
        "energy_J": simulated.total,
        "energy_without_control_J": simulated.without_control,
        "analytical_energy_J": analytical.total,
        "energy_J_by": simulated.parts(),
        "analytical_energy_J_by": analytical.parts(),
        "processing_s_per_image": sum(report.run.processing_s for report in reports),
        "total_s_per_image": sum(report.run.total_s for report in reports),
        "crosscheck": _entries(_together(reports)),
        "per_image": {
            name: sum(float(row[name]) / report.run.images for row, report in zip(rows, reports, strict=True))
            for name in rows[0]
            if name.startswith(_OF_THE_BATCH)
        },
    }


def total_energy(reports: Sequence[LayerReport]) -> tuple[Energy, Energy]:
    """Energy of one image through all layers: the machine's, and the closed forms'."""
    return (
        sum((r.simulated for r in reports), Energy.zero()),
        sum((r.analytical for r in reports), Energy.zero()),
    )


def effect_rows(networks: Mapping[str, Sequence[LayerReport]]) -> list[dict[str, Any]]:
    """What each effect adds to each quantity of one image, all layers of a network together: a row for each."""
    return [
        {"network": name, "quantity": quantity, "unit": d.unit, "effect": effect, "adds": plain(adds)}
        for name, reports in networks.items()
        for quantity, d in _together(reports).items()
        for effect, adds in ({"closed forms": d.reference} | d.by_size | {"residual": d.residual}).items()
    ]


def effect_record(settings: Mapping[str, Any], networks: Mapping[str, Sequence[LayerReport]]) -> dict[str, Any]:
    """The settings, and the cross-check of one image, all layers of a network together, network by network."""
    return dict(settings) | {
        "networks": {
            name: {quantity: d.record("simulated", "analytical") for quantity, d in _together(reports).items()}
            for name, reports in networks.items()
        }
    }


def _together(reports: Sequence[LayerReport]) -> dict[str, Difference]:
    return sum_of(report.differences_by_column() for report in reports)
