"""Two runs side by side: what differs, and which effects make the difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analytical.counts import Number
from simulator.comparison.run_file import RunFile, read_run
from simulator.crosscheck.difference import FLOAT_NOISE, Difference, Differences, plain, sum_of
from simulator.result import NetworkResult

CLOSED_FORMS = "closed forms"
"""What the closed forms make of the difference; effects say what the machines do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Run ``b`` beside run ``a``, for one image: layers that both have, and all layers of each together.

    Each quantity is ``b = a + effects``: what its closed form says, and by how much each effect is larger in ``b``.

    Attributes
    ----------
    a, b : RunFile
        The two runs.

    See Also
    --------
    compare : makes one.
    """

    a: RunFile
    b: RunFile

    @property
    def only_in_a(self) -> list[str]:
        """Names of layers that ``b`` does not have."""
        return [name for name in self.a.layers if name not in self.b.layers]

    @property
    def only_in_b(self) -> list[str]:
        """Names of layers that ``a`` does not have."""
        return [name for name in self.b.layers if name not in self.a.layers]

    @property
    def layers(self) -> dict[str, Differences]:
        """Quantities of each layer that both runs have, in the order of ``a``."""
        # of one image, since batches may differ
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
        """Numbers of mappings that differ, layer by layer: ``C4: m 64 -> 32, t 2 -> 1``."""
        # mappings of two kinds have few symbols in common, and only these are compared
        a, b = (side.settings.get("mappings", {}) for side in (self.a, self.b))
        changes = {
            name: [
                f"{key} {a[name][key]} -> {b[name][key]}"
                for key in _numbers(a[name])
                if key in b[name] and a[name][key] != b[name][key]
            ]
            for name in self.a.layers
            if name in a and name in b
        }
        return [f"{name}: {', '.join(numbers)}" for name, numbers in changes.items() if numbers]

    def worse_than(self, share: float) -> list[str]:
        """In one line each, where run ``b`` takes more energy or time than ``a`` by more than ``share`` of it.

        Layers that both have, and these together: one that only one side has would hide, or feign, a difference.

        Parameters
        ----------
        share : float
            Of what ``a`` takes: 0.02 for 2 %.
        """
        shared = [name for name in self.a.layers if name in self.b.layers]
        if not shared:
            return ["no layer is in both runs; expected at least one to compare"]
        energies = [(f"layer {n}: energy", "J", self.a.energy(n).total, self.b.energy(n).total) for n in shared]
        latencies = [(f"layer {n}: latency", "s", self.a.layer_latency_s(n), self.b.layer_latency_s(n)) for n in shared]
        pairs = [
            *energies,
            ("all layers: energy", "J", sum(pair[2] for pair in energies), sum(pair[3] for pair in energies)),
            *latencies,
            ("all layers: latency", "s", sum(pair[2] for pair in latencies), sum(pair[3] for pair in latencies)),
        ]
        return [
            f"{where} of an image is {after:.4g} {unit}, was {before:.4g}"
            + (f" ({100 * (after / before - 1):+.2f} %)" if before else "")
            for where, unit, before, after in pairs
            # not by the quotient: what took nothing before and takes something now is worse by any share
            if after > before * (1 + share)
        ]

    def __repr__(self) -> str:
        more = 100 * (self.b.energy_J / self.a.energy_J - 1) if self.a.energy_J else 0.0
        return f"<{self.b.title}, beside {self.a.title}: {more:+.2f} % energy an image>"

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
    """From ``a`` to ``b``: what their references differ by, and what each effect differs by."""
    # both are sums of a closed form and effects; their difference is that of the sums, term by term
    effects: dict[str, Number] = {CLOSED_FORMS: b.reference - a.reference}
    # in the order of a's, then those that only b has
    for effect in dict.fromkeys((*a.effects, *b.effects)):
        effects[effect] = b.effects.get(effect, 0) - a.effects.get(effect, 0)
    # where the sides are joules, equal ones may differ in the last digit, which is no effect
    noise = FLOAT_NOISE * max(a.magnitude, b.magnitude)
    return Difference(
        value=b.value,
        reference=a.value,
        effects={effect: number for effect, number in effects.items() if abs(float(number)) > noise},
        unit=a.unit if a.unit == b.unit else f"{a.unit}, {b.unit}",
    )


def _numbers(mapping: Mapping[str, Any]) -> list[str]:
    """What a mapping's record says in numbers, but for how many were weighed."""
    return [key for key, value in mapping.items() if isinstance(value, int | float) and key != "weighed"]


def compare(a: "str | Path | NetworkResult | RunFile", b: "str | Path | NetworkResult | RunFile") -> Comparison:
    """Set run ``b`` beside run ``a``.

    Parameters
    ----------
    a, b : str, Path, NetworkResult or RunFile
        Files of runs (JSON or HDF5), or runs.

    Raises
    ------
    RunFileError
        A file that is no run.

    Examples
    --------
    >>> import simulator
    >>> runs = [simulator.run("alexnet", layers=["C3"], batch=1, bits=bits) for bits in (16, 8)]
    >>> comparison = compare(*runs)
    >>> [layer for layer in comparison.layers], comparison.only_in_a
    (['C3'], [])
    >>> compare(runs[0], runs[0]).equal_layers
    ['C3']
    """
    return Comparison(a=_run_file(a), b=_run_file(b))


def _run_file(side: "str | Path | NetworkResult | RunFile") -> RunFile:
    if isinstance(side, RunFile):
        return side
    if isinstance(side, NetworkResult):
        return RunFile.of_result(side, "")
    return read_run(side)
