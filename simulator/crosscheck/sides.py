"""A layer's run and its closed forms, side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from analytical import closed_forms
from analytical import counts as c
from analytical.counts import Action, Counts, Event, Level, Number
from analytical.energy import Accounting, Energy, price
from analytical.hardware import Hardware
from analytical.model import estimate
from simulator.crosscheck.effects import Effect, count_effects, cycle_effects
from simulator.crosscheck.extents import exactly
from simulator.difference import Difference
from simulator.machine import LayerRun
from traces.tensors import LayerTensors

COLUMNS = {
    "rf_ifmap_reads": c.RF_IFMAP_READ,
    "rf_filter_reads": c.RF_FILTER_READ,
    "rf_psum_reads": c.RF_PSUM_READ,
    "rf_psum_writes": c.RF_PSUM_WRITE,
    "inter_pe_psums": c.INTER_PE_PSUM,
    "glb_ifmap_fills": c.GLB_IFMAP_FILL,
    "glb_ifmap_reads": c.GLB_IFMAP_READ,
    "glb_filter_reads": c.GLB_FILTER_READ,
    "glb_psum_reads": c.GLB_PSUM_READ,
    "glb_psum_writes": c.GLB_PSUM_WRITE,
    "glb_ofmap_drains": c.GLB_OFMAP_DRAIN,
    "dram_ifmap_bits": c.DRAM_IFMAP_READ,
    "dram_filter_bits": c.DRAM_FILTER_READ,
    "dram_ofmap_bits": c.DRAM_OFMAP_WRITE,
}
"""Events by the columns that show them; the closed forms have no fills and drains."""


COMPARED = (
    "macs",
    "nonzero_macs",
    *(name for name, event in COLUMNS.items() if event.action in (Action.READ, Action.WRITE)),
    "total_cycles",
)
"""Columns of counts and cycles that the closed forms have, too."""


def in_units(words: Number, event: Event, b_w: int) -> Number:
    """``words`` of an event in the unit of its column: what crosses the link is in bits."""
    return words * b_w if event.level is Level.DRAM else words


@dataclass(frozen=True, kw_only=True, slots=True)
class Crosscheck:
    """A layer's run beside its closed forms; counts and cycles of the whole batch, energies of one image.

    simulated, analytical   counts that the machine made, and those of the closed forms
    effects                 what each effect adds to these
    cycles, analytical_cycles, cycle_effects   the same for the total latency
    unclassified            PE-cycles of the passes that are in no class, or in two if negative
    """

    hardware: Hardware
    images: int
    accounting: Accounting
    simulated: Counts
    analytical: Counts
    effects: Mapping[Effect, Counts]
    cycles: int
    analytical_cycles: Fraction
    cycle_effects: Mapping[Effect, Number]
    unclassified: int
    analytical_energy: Energy

    @property
    def simulated_energy(self) -> Energy:
        """The machine's counts and cycles, priced."""
        return self._price(self.simulated, self.cycles)

    @property
    def analytical_latency_s(self) -> float:
        """Latency of one image on which the closed forms' clock energy rests."""
        return self._seconds(self.analytical_cycles)

    @property
    def residual(self) -> Counts:
        """Counts that no effect explains, of all events, charged or not."""
        return self.simulated - self.analytical - sum(self.effects.values(), Counts())

    @property
    def explained(self) -> bool:
        """No count of any event, no cycle and no joule without a name."""
        counted = self.residual == Counts() and self.unclassified == 0
        return counted and all(d.explained for d in (self.counts() | self.energy()).values())

    def counts(self) -> dict[str, Difference]:
        """Every column that both sides have, by its name."""
        b_w = self.hardware.b_w
        found = {
            "macs": self._count("MACs", lambda counts: counts.macs),
            "nonzero_macs": self._count("MACs", lambda counts: counts.nonzero_macs),
        }
        for name, event in COLUMNS.items():
            if event.action in (Action.READ, Action.WRITE):
                unit = "bits" if event.level is Level.DRAM else f"{b_w}-bit words"
                found[name] = self._count(unit, partial(_of_column, event, b_w))
        found["total_cycles"] = Difference(
            value=self.cycles,
            reference=self.analytical_cycles,
            effects={effect.value: cycles for effect, cycles in self.cycle_effects.items()},
            unit="cycles",
        )
        return found

    def columns(self) -> dict[str, Difference]:
        """Every column of a run that both sides have: counts and cycles of the batch, joules of an image."""
        energy = self.energy()
        return self.counts() | {"energy_J": energy["total"], "energy_without_control_J": energy["without_control"]}

    def energy(self) -> dict[str, Difference]:
        """Joules of one image by component, and in total."""
        effects = {
            effect.value: self._price(self.effects.get(effect, Counts()), self.cycle_effects.get(effect, 0))
            for effect in Effect
        }
        simulated, analytical = _with_total(self.simulated_energy), _with_total(self.analytical_energy)
        by_effect = {name: _with_total(energy) for name, energy in effects.items()}
        return {
            part: Difference(
                value=simulated[part],
                reference=analytical[part],
                effects={name: parts[part] for name, parts in by_effect.items()},
                unit="J/image",
            )
            for part in simulated
        }

    def _count(self, unit: str, of: Callable[[Counts], Number]) -> Difference:
        return Difference(
            value=of(self.simulated),
            reference=of(self.analytical),
            effects={effect.value: of(counts) for effect, counts in self.effects.items()},
            unit=unit,
        )

    def _price(self, counts: Counts, cycles: Number) -> Energy:
        per_image = counts * Fraction(1, self.images)
        return price(per_image, self.hardware, latency_s=self._seconds(cycles), accounting=self.accounting)

    def _seconds(self, cycles: Number) -> float:
        return float(cycles / Fraction(self.hardware.core_hz) / self.images)


def _of_column(event: Event, b_w: int, counts: Counts) -> Number:
    return in_units(counts[event], event, b_w)


def _with_total(energy: Energy) -> dict[str, float]:
    return energy.parts() | {"without_control": energy.without_control, "total": energy.total}


def crosscheck(run: LayerRun, tensors: LayerTensors, accounting: Accounting = Accounting.CNNERGY) -> Crosscheck:
    """Set a run beside CNNergy's estimate of the same batch, and compute each effect from schedule and data."""
    tiling = run.tiling
    layer, hardware, batch = run.layer, tiling.hardware, run.images
    closed = estimate(layer, hardware, batch)
    image_groups = Fraction(batch, closed.images)
    latency_s = closed_forms.latency_s(layer, hardware)
    analytical_cycles = Fraction(latency_s) * hardware.core_hz * batch
    return Crosscheck(
        hardware=hardware,
        images=batch,
        accounting=accounting,
        simulated=run.counts,
        analytical=closed_forms.count(exactly(layer), hardware, exactly(closed.mapping), closed.images) * image_groups,
        effects=count_effects(tiling, closed.mapping, tensors, image_groups),
        cycles=run.total_cycles,
        analytical_cycles=analytical_cycles,
        cycle_effects=cycle_effects(run, analytical_cycles),
        unclassified=hardware.pes * run.processing_cycles
        - (run.compute + run.gated + sum(run.stalls.values()) + run.idle),
        analytical_energy=price(closed.counts, hardware, latency_s=latency_s, accounting=accounting),
    )
