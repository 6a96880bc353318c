"""A layer's run and its closed forms, side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

from analytical import closed_forms
from analytical.counts import INTER_PE_PSUM, RF_PSUM_READ, Action, Counts, Event, Level, Number, exact
from analytical.energy import Accounting, Energy, price
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import CnnergyMapping, RuleSet
from analytical.mappings.tiling import MappingError
from analytical.model import LayerEstimate, estimate_layer
from simulator.columns import EVENT_COLUMNS, in_units
from simulator.crosscheck.difference import Difference
from simulator.crosscheck.effects import Effect, count_effects, cycle_effects, met_by
from simulator.machine.layer_run import LayerRun
from traces.tensors import LayerTensors

T = TypeVar("T", Layer, CnnergyMapping)

COMPARED = (
    "macs",
    "nonzero_macs",
    *(name for name, event in EVENT_COLUMNS.items() if event.action in (Action.READ, Action.WRITE)),
    "total_cycles",
)
"""Columns of counts and cycles that the closed forms have, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crosscheck:
    """A layer's run beside its closed forms; counts and cycles of the whole batch, energies of one image.

    Attributes
    ----------
    hardware : Hardware
        Whose prices and clock both sides have.
    images : int
        Images of the batch.
    accounting : Accounting
        Which events are charged, on both sides.
    simulated, analytical : Counts
        Counts that the machine made, and those of the closed forms, in exact fractions.
    effects : mapping of Effect to Counts
        What each effect adds to these.
    cycles : int
        Until the last ofmap word is in DRAM, in the machine.
    analytical_cycles : Fraction
        Core cycles by the closed forms: MACs at the chip's throughput (section V).
    cycle_effects : mapping of Effect to number
        What each effect adds to these.
    unclassified : int
        PE-cycles of the passes that are in no class, or in two if negative.
    analytical_energy : Energy
        Joules of one image by the closed forms.

    Examples
    --------
    >>> import simulator
    >>> check = simulator.run("alexnet", layers=["FC8"], batch=1)["FC8"].check
    >>> check.explained, check.residual == Counts()
    (True, True)
    >>> writes = check.counts()["glb_psum_writes"]  # 29 passes along the channels, or 4096 channels / 144
    >>> writes.value, writes.reference, writes.by_size
    (29000, Fraction(256000, 9), {'ragged tiles Z': Fraction(5000, 9)})
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
        # the residual covers events that no column compares, such as fills; the differences add cycles and joules
        counted = self.residual == Counts() and self.unclassified == 0
        return counted and all(d.explained for d in (self.counts() | self.energy()).values())

    def counts(self) -> dict[str, Difference]:
        """Every column that both sides have, by its name: those of :data:`COMPARED`, in that order."""
        b_w = self.hardware.b_w
        found = {
            "macs": self._count("MACs", lambda counts: counts.macs),
            "nonzero_macs": self._count("MACs", lambda counts: counts.nonzero_macs),
        }
        # the closed forms have no fills and drains: these are explained by an effect of their own, as events
        for name, event in EVENT_COLUMNS.items():
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
        # a price is linear in counts and cycles: what each effect adds can be priced by itself, and the sums agree
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
        # exact up to here, and a float at last: seconds of one image
        return float(cycles / Fraction(self.hardware.core_hz) / self.images)


def _of_column(event: Event, b_w: int, counts: Counts) -> Number:
    return in_units(counts[event], event, b_w)


def _with_total(energy: Energy) -> dict[str, float]:
    return energy.parts() | {"without_control": energy.without_control, "total": energy.total}


def closed_side(
    layer: Layer, hardware: Hardware, batch: int, rules: RuleSet | str = RuleSet.CORRECTED
) -> LayerEstimate:
    """The closed forms beside which a run of ``batch`` images is set.

    They have CNNergy's mapping, whatever mapping runs. Where the published rules give none, those of the corrected
    rules stand in, which have one for every layer that can run.

    Raises
    ------
    MappingError
        CNNergy cannot map the layer, by any rules: nothing can.
    """
    try:
        return estimate_layer(layer, hardware, batch, rules)
    except MappingError:
        return estimate_layer(layer, hardware, batch)


def crosscheck(
    run: LayerRun,
    tensors: LayerTensors,
    accounting: Accounting = Accounting.CNNERGY,
    closed: LayerEstimate | None = None,
) -> Crosscheck:
    """Set a run beside CNNergy's estimate of the same batch, and compute each effect from schedule and data.

    Parameters
    ----------
    run : LayerRun
        What the machine did.
    tensors : LayerTensors
        The values that it worked on.
    accounting : Accounting
        Which events are charged, on both sides.
    closed : LayerEstimate, optional
        What :func:`closed_side` said, if it has been asked.

    Raises
    ------
    MappingError
        CNNergy cannot map the layer.

    See Also
    --------
    simulator.crosscheck.effects.count_effects, simulator.crosscheck.effects.cycle_effects : compute the effects.
    """
    tiling = run.tiling
    layer, hardware, batch = run.layer, tiling.hardware, run.images
    closed = closed or closed_side(layer, hardware, batch)
    # closed forms are of images that run together; the batch takes as many of these, a fraction if need be
    image_batches = Fraction(batch, closed.images)
    # a float, whose exact fraction then is the reference for all effects, so that its rounding leaves no residual
    latency_s = closed_forms.latency_s(layer, hardware)
    analytical_cycles = Fraction(latency_s) * hardware.core_hz * batch
    exact_layer, exact_mapping = exactly(layer), exactly(closed.mapping)
    repetitions = replace(exact_mapping.repetitions(exact_layer), image_batches=image_batches)
    analytical = closed_forms.count(exact_layer, hardware, exact_mapping, closed.images) * image_batches
    # what a PE hands on and no nonzero MAC takes, in the closed forms' own words
    taken = analytical.nonzero_macs - analytical[RF_PSUM_READ]
    met = met_by(tiling, tensors)
    return Crosscheck(
        hardware=hardware,
        images=batch,
        accounting=accounting,
        simulated=run.counts,
        analytical=analytical,
        effects=count_effects(tiling, repetitions, tensors, met, analytical[INTER_PE_PSUM] - taken),
        cycles=run.total_cycles,
        analytical_cycles=analytical_cycles,
        cycle_effects=cycle_effects(run, tensors, met, analytical_cycles),
        # not an effect but a check of the machine's own classes, which must add up to all PE-cycles
        unclassified=hardware.pes * run.processing_cycles
        - (run.compute + run.gated + sum(run.stalls.values()) + run.idle),
        # of the float counts, and not of the exact ones: the joules that an estimate prints, to the last digit
        analytical_energy=price(closed.counts, hardware, latency_s=latency_s, accounting=accounting),
    )


def exactly(record: T) -> T:
    """A layer or mapping whose numbers are fractions, so that the closed forms of it are exact.

    A layer's whole numbers stay what they are.

    Examples
    --------
    >>> layer = exactly(Layer.fc("L", inputs=8, outputs=8, sparsity_ifmap=0.3))
    >>> layer.sparsity_ifmap, layer.F
    (Fraction(3, 10), 8)
    """
    # integers of a mapping become fractions, too: a layer's integers divided by them would be floats otherwise
    kinds = (float,) if isinstance(record, Layer) else (int, float)
    values = ((field.name, getattr(record, field.name)) for field in fields(record))
    fractions: dict[str, Any] = {name: exact(value) for name, value in values if type(value) in kinds}
    return replace(record, **fractions)
