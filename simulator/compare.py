"""Two runs side by side: what differs, and which effects make the difference."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytical.counts import Number
from analytical.energy import ENERGY_PARTS, Energy
from simulator.difference import Difference, Differences
from simulator.difference import total as sum_of
from traces.store import read_record

CLOSED_FORMS = "closed forms"
"""What the closed forms make of the difference; effects say what the machines do."""


class RunFileError(ValueError):
    """A file that is not a run; the message names the file, what is wrong and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedRun:
    """A run as files keep it: settings, and the record of each layer by its name; ``title`` says which it is."""

    title: str
    settings: Mapping[str, Any]
    layers: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "RecordedRun":
        """Take a run's record apart (:meth:`simulator.session.NetworkRun.record`)."""
        settings = {name: value for name, value in record.items() if name not in ("layers", "total")}
        title = "{network} on {hardware[name]}, mapping {mapping}, seed {seed}, {engine} engine".format(**settings)
        return cls(title=title, settings=settings, layers={layer["layer"]: layer for layer in record["layers"]})

    def energy(self, layer: str) -> Energy:
        """Energy of one image in a layer."""
        return Energy(**self.layers[layer]["energy_J_by"])


def read_run_file(file: str) -> RecordedRun:
    """Read a run that ``python -m simulator run`` wrote, in JSON or HDF5.

    Raises
    ------
    RunFileError
        The file is no such run, or of a version without a cross-check.
    """
    expected = "expected the JSON or HDF5 file of a run (--json, --out)"
    try:
        record = read_record(Path(file))
        run = RecordedRun.of(record)
        for layer in run.layers.values():
            _quantities(layer)
    except KeyError as error:
        raise RunFileError(f"{file}: has no {error.args[0]}; {expected}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise RunFileError(f"{file}: is not a run; {expected}") from error
    return run


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Run ``b`` beside run ``a``, for one image: layers that both have, and all layers of each together.

    Each quantity is ``b = a + effects``: what its closed form says, and by how much each effect is larger in ``b``.
    """

    a: RecordedRun
    b: RecordedRun

    @property
    def shared(self) -> list[str]:
        """Layers that both runs have, in the order of ``a``."""
        return [name for name in self.a.layers if name in self.b.layers]

    @property
    def layers(self) -> dict[str, Differences]:
        """Quantities of each shared layer."""
        return {name: _compared(_of_image(self.a.layers[name]), _of_image(self.b.layers[name])) for name in self.shared}

    @property
    def together(self) -> Differences:
        """Quantities of all layers, shared or not."""
        a, b = (sum_of(map(_of_image, side.layers.values())) for side in (self.a, self.b))
        return _compared(a, b)

    def record(self) -> dict[str, Any]:
        """The comparison as JSON has it."""
        return {
            "a": dict(self.a.settings),
            "b": dict(self.b.settings),
            "only_in_a": [name for name in self.a.layers if name not in self.b.layers],
            "only_in_b": [name for name in self.b.layers if name not in self.a.layers],
            "layers": [
                {"layer": name, "differences": _records(differences)} for name, differences in self.layers.items()
            ],
            "total": _records(self.together),
        }

    def rows(self) -> list[dict[str, Any]]:
        """The comparison as CSV has it: a row for each quantity of each layer, and of all layers together."""
        sections = self.layers | {"total": self.together}
        return [
            {
                "layer": layer,
                "quantity": name,
                "unit": d.unit,
                "a": d.reference,
                "b": d.value,
                "difference": d.difference,
            }
            for layer, differences in sections.items()
            for name, d in differences.items()
        ]


def _records(differences: Differences) -> list[dict[str, Any]]:
    return [{"quantity": name} | d.record("b", "a") for name, d in differences.items()]


def _of_image(layer: Mapping[str, Any]) -> dict[str, Difference]:
    """A layer's cross-check, for one image."""
    per_image = 1 / layer["images"]
    return {name: d if d.unit.startswith("J") else d * per_image for name, d in _quantities(layer).items()}


def _quantities(layer: Mapping[str, Any]) -> dict[str, Difference]:
    counts = {entry["count"]: _read(entry) for entry in layer["crosscheck"] if not entry["unit"].startswith("J")}
    energies = layer["crosscheck_energy_J_by"]
    return counts | {said: _read(energies[part]) for part, said in ENERGY_PARTS.items()}


def _read(entry: Mapping[str, Any]) -> Difference:
    return Difference(
        value=entry["simulated"], reference=entry["analytical"], effects=dict(entry["effects"]), unit=entry["unit"]
    )


def _compared(a: Differences, b: Differences) -> dict[str, Difference]:
    return {name: _step(a[name], b[name]) for name in a if name in b}


def _step(a: Difference, b: Difference) -> Difference:
    effects: dict[str, Number] = {CLOSED_FORMS: b.reference - a.reference}
    for effect in dict.fromkeys((*a.effects, *b.effects)):
        effects[effect] = b.effects.get(effect, 0) - a.effects.get(effect, 0)
    unit = a.unit if a.unit == b.unit else f"{a.unit}, {b.unit}"
    return Difference(value=b.value, reference=a.value, effects=effects, unit=unit)
