"""Two runs side by side: what differs, and which effects make the difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator, model_validator

from analytical.counts import Number, exact
from analytical.energy import ENERGY_PARTS, Energy
from simulator.crosscheck import COMPARED
from simulator.difference import Difference, Differences, plain, sum_of
from simulator.report import title
from traces.store import read_record

CLOSED_FORMS = "closed forms"
"""What the closed forms make of the difference; effects say what the machines do."""

FLOAT_NOISE = 1e-12
"""Relative to what is subtracted: below, effects of two runs differ by the rounding of the files' floats alone."""

EXPECTED = "expected the JSON or HDF5 file of a run (--json, --out)"

Cycles = Annotated[int, Field(ge=0)]
Joules = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RunFileError(ValueError):
    """A file that is not a run; the message names the file, what is wrong and what was expected."""


class _Sides(BaseModel):
    """One quantity of a cross-check, as files keep it."""

    unit: str
    simulated: FiniteFloat
    analytical: FiniteFloat
    effects: dict[str, FiniteFloat]

    def difference(self) -> Difference:
        return Difference(
            value=exact(self.simulated),
            reference=exact(self.analytical),
            effects={effect: exact(number) for effect, number in self.effects.items()},
            unit=self.unit,
        )


class _Counted(_Sides):
    count: str


class _EnergyParts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mac: Joules
    rf: Joules
    inter_pe: Joules
    glb: Joules
    dram: Joules
    clock: Joules
    other_control: Joules


class LayerRecord(BaseModel):
    """What a comparison needs of a layer's record."""

    layer: str = Field(min_length=1)
    images: int = Field(ge=1)
    active_pes: Cycles
    processing_cycles: Cycles
    total_cycles: Cycles
    compute_pe_cycles: Cycles
    gated_pe_cycles: Cycles
    stall_pe_cycles: Cycles
    idle_pe_cycles: Cycles
    energy_J_by: _EnergyParts
    crosscheck: list[_Counted]
    crosscheck_energy_J_by: dict[str, _Sides]

    @model_validator(mode="after")
    def _has_all_quantities(self) -> "LayerRecord":
        counts = {entry.count for entry in self.crosscheck}
        missing = [name for name in COMPARED if name not in counts]
        missing += [part for part in ENERGY_PARTS if part not in self.crosscheck_energy_J_by]
        if missing:
            raise ValueError(f"the cross-check lacks {missing[0]}")
        if not self.compute_pe_cycles + self.gated_pe_cycles + self.stall_pe_cycles + self.idle_pe_cycles:
            raise ValueError("the classes of PE-cycles are all 0")
        return self

    def of_image(self) -> dict[str, Difference]:
        """Both sides of every quantity, for one image."""
        per_image = Fraction(1, self.images)
        counts = {entry.count: entry.difference() for entry in self.crosscheck}
        parts = self.crosscheck_energy_J_by
        return {name: counts[name] * per_image for name in COMPARED} | {
            said: parts[part].difference() for part, said in ENERGY_PARTS.items()
        }


class _HardwareRecord(BaseModel):
    name: str


class RunRecord(BaseModel):
    """What a comparison needs of a run's record; other settings are kept as they are."""

    model_config = ConfigDict(extra="allow")

    network: str
    bits: int
    mapping: str
    engine: str
    seed: int
    accounting: str
    hardware: _HardwareRecord
    layers: list[LayerRecord] = Field(min_length=1)

    @field_validator("layers")
    @classmethod
    def _have_names_of_their_own(cls, layers: list[LayerRecord]) -> list[LayerRecord]:
        names = [layer.layer for layer in layers]
        if len(set(names)) < len(names):
            raise ValueError("two layers have the same name")
        return layers


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedRun:
    """A run as files keep it: settings, and the record of each layer by its name; ``title`` says which it is."""

    title: str
    settings: Mapping[str, Any]
    layers: Mapping[str, LayerRecord]

    @classmethod
    def of(cls, record: Mapping[str, Any], said: str) -> "RecordedRun":
        """Take a run's record apart (:meth:`simulator.session.NetworkRun.record`); ``said``: how the user named it.

        Raises
        ------
        pydantic.ValidationError
            The record is not that of a run.
        """
        run = RunRecord.model_validate(record)
        settings = {name: value for name, value in record.items() if name not in ("layers", "total")}
        return cls(
            title=f"{said}: {title(settings)}, accounting {run.accounting}",
            settings=settings,
            layers={layer.layer: layer for layer in run.layers},
        )

    def energy(self, layer: str) -> Energy:
        """Energy of one image in a layer."""
        return Energy(**self.layers[layer].energy_J_by.model_dump())


def read_run_file(file: str) -> RecordedRun:
    """Read a run that ``python -m simulator run`` wrote, in JSON or HDF5.

    Raises
    ------
    RunFileError
        The file is no such run, or of a version without a cross-check.
    OSError
        There is no such file.
    """
    try:
        return RecordedRun.of(read_record(Path(file)), file)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RunFileError(f"{file}: {where or 'run'}: {first['msg']}; {EXPECTED}") from error
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{file}: is not a run; {EXPECTED}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Run ``b`` beside run ``a``, for one image: layers that both have, and all layers of each together.

    Each quantity is ``b = a + effects``: what its closed form says, and by how much each effect is larger in ``b``.
    """

    a: RecordedRun
    b: RecordedRun

    @property
    def only_in_a(self) -> list[str]:
        return [name for name in self.a.layers if name not in self.b.layers]

    @property
    def only_in_b(self) -> list[str]:
        return [name for name in self.b.layers if name not in self.a.layers]

    @property
    def layers(self) -> dict[str, Differences]:
        """Quantities of each layer that both runs have, in the order of ``a``."""
        b = self.b.layers
        return {
            name: _compared(layer.of_image(), b[name].of_image()) for name, layer in self.a.layers.items() if name in b
        }

    @property
    def together(self) -> Differences:
        """Quantities of all layers, shared or not."""
        a, b = (sum_of(layer.of_image() for layer in side.layers.values()) for side in (self.a, self.b))
        return _compared(a, b)

    @property
    def equal_layers(self) -> list[str]:
        """Layers without any difference."""
        return [name for name, layer in self.layers.items() if not any(d.difference for d in layer.values())]

    @property
    def mapping_changes(self) -> list[str]:
        """Numbers of chosen mappings that differ, layer by layer: ``C4: m 64 -> 32, t 2 -> 1``."""
        a, b = (side.settings.get("mappings", {}) for side in (self.a, self.b))
        changes = {
            name: [f"{key} {a[name][key]} -> {b[name][key]}" for key in "mnepqrt" if a[name][key] != b[name][key]]
            for name in self.a.layers
            if name in a and name in b
        }
        return [f"{name}: {', '.join(numbers)}" for name, numbers in changes.items() if numbers]

    def record(self) -> dict[str, Any]:
        """The comparison as JSON has it."""
        return {
            "a": dict(self.a.settings),
            "b": dict(self.b.settings),
            "only_in_a": self.only_in_a,
            "only_in_b": self.only_in_b,
            "mapping_changes": self.mapping_changes,
            "layers": [
                {"layer": name, "differences": _records(differences)} for name, differences in self.layers.items()
            ],
            "total": _records(self.together),
        }

    def rows(self) -> list[dict[str, Any]]:
        """The comparison as CSV has it: a row for each quantity of a layer, and, without a layer, of all together."""
        sections: Sequence[tuple[str, Differences]] = [*self.layers.items(), ("", self.together)]
        return [
            {"layer": layer, "quantity": name, "unit": d.unit}
            | {"a": plain(d.reference), "b": plain(d.value), "difference": plain(d.difference)}
            for layer, differences in sections
            for name, d in differences.items()
        ]


def _records(differences: Differences) -> list[dict[str, Any]]:
    return [{"quantity": name} | d.record("b", "a") for name, d in differences.items()]


def _compared(a: Differences, b: Differences) -> dict[str, Difference]:
    return {name: _step(a[name], b[name]) for name in a}


def _step(a: Difference, b: Difference) -> Difference:
    effects: dict[str, Number] = {CLOSED_FORMS: b.reference - a.reference}
    for effect in dict.fromkeys((*a.effects, *b.effects)):
        effects[effect] = b.effects.get(effect, 0) - a.effects.get(effect, 0)
    noise = FLOAT_NOISE * max(a.magnitude, b.magnitude)
    return Difference(
        value=b.value,
        reference=a.value,
        effects={effect: number for effect, number in effects.items() if abs(float(number)) > noise},
        unit=a.unit if a.unit == b.unit else f"{a.unit}, {b.unit}",
    )
