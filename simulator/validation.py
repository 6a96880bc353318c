"""The machine beside measured silicon: every figure that was measured, the machine's, and how far they are apart."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from analytical.chip_mapping import ChipMapping
from analytical.counts import DRAM_FILTER_READ, DRAM_IFMAP_READ, DRAM_OFMAP_WRITE, Level
from analytical.energy import Accounting
from analytical.hardware import Hardware
from analytical.networks import load
from simulator.machine import LayerRun
from simulator.report import EYERISS, LayerReport
from simulator.schedule import schedule
from simulator.session import NetworkRun, Settings
from simulator.silicon import AlsoMapped, Measured, MeasuredLayer


@dataclass(frozen=True, slots=True)
class Column:
    """A quantity that silicon and machine both have, for the whole batch, and whether it adds up over layers."""

    name: str
    unit: str
    title: str
    measured: Callable[[MeasuredLayer, int], float | None]
    machine: Callable[[LayerReport], float]
    adds_up: bool = True


def _energy_measured(layer: MeasuredLayer, batch: int) -> float | None:
    if layer.power_mW is None or layer.total_latency_ms is None:
        return None
    return layer.power_mW * layer.total_latency_ms / batch / 1e3


def _megabytes(run: LayerRun, words: float) -> float:
    return words * run.tiling.hardware.b_w / 8 / 1e6


def glb_megabytes(run: LayerRun) -> float:
    """What the chip's table counts of the GLB: ifmap reads, psum reads and writes, the ofmap's way to DRAM."""
    events = (e for e in run.counts if e.level is Level.GLB and Accounting.CHIP.charges(e))
    return _megabytes(run, float(run.counts.total(*events)))


def dram_megabytes(run: LayerRun) -> float:
    """What crosses the DRAM link."""
    return _megabytes(run, float(run.counts.total(DRAM_FILTER_READ, DRAM_IFMAP_READ, DRAM_OFMAP_WRITE)))


COLUMNS = (
    Column(
        "processing_latency_ms",
        "ms",
        "process\nms",
        lambda layer, _: layer.processing_latency_ms,
        lambda report: report.run.processing_s * report.run.images * 1e3,
    ),
    Column(
        "total_latency_ms",
        "ms",
        "total\nms",
        lambda layer, _: layer.total_latency_ms,
        lambda report: report.run.total_s * report.run.images * 1e3,
    ),
    Column("active_pes", "PEs", "PEs", lambda layer, _: layer.active_pes, lambda report: report.run.active_pes, False),
    Column("glb_MB", "MB", "GLB\nMB", lambda layer, _: layer.glb_MB, lambda report: glb_megabytes(report.run)),
    Column("dram_MB", "MB", "DRAM\nMB", lambda layer, _: layer.dram_MB, lambda report: dram_megabytes(report.run)),
    Column(
        "on_chip_energy_mJ",
        "mJ/frame",
        "on-chip\nmJ/frame",
        _energy_measured,
        lambda report: (report.simulated.total - report.simulated.dram) * 1e3,
    ),
)
"""What is set side by side. Energy leaves DRAM out; the chip's is its power over the total latency."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A measured figure, if there is one, and the machine's."""

    measured: float | None
    machine: float

    @property
    def error_percent(self) -> float | None:
        """How far the machine is off, in percent of what was measured."""
        return None if self.measured is None else 100 * (self.machine / self.measured - 1)

    def record(self) -> dict[str, float | None]:
        return {"measured": self.measured, "machine": self.machine, "error_percent": self.error_percent}


@dataclass(frozen=True, kw_only=True, slots=True)
class FactorModel:
    """Processing latency as one factor on the ideal one, and where the factor is from; milliseconds of each layer."""

    factor: float
    source: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """A machine's run of what was measured; layers that it also ran with another's mapping."""

    measured: Measured
    results: NetworkRun
    also: list[tuple[AlsoMapped, NetworkRun]]

    def cells(self) -> dict[str, dict[str, Cell]]:
        """Each layer's figures, by column."""
        return {report.run.layer.name: self._cells(report) for report in self.results.reports}

    def also_cells(self) -> list[tuple[AlsoMapped, dict[str, Cell]]]:
        """Figures of layers with another's mapping."""
        return [(also, self._cells(results.reports[0])) for also, results in self.also]

    def sums(self) -> dict[str, Cell]:
        """All layers together, in columns that add up and were measured for each layer."""
        columns = {column.name: [cells[column.name] for cells in self.cells().values()] for column in COLUMNS}
        return {
            column.name: Cell(sum(cell.measured or 0 for cell in cells), sum(cell.machine for cell in cells))
            for column in COLUMNS
            for cells in [columns[column.name]]
            if column.adds_up and all(cell.measured is not None for cell in cells)
        }

    def mean_errors(self) -> dict[str, float]:
        """Mean absolute error of each measured column over its layers, in percent."""
        found = {column.name: mean_error(cells[column.name] for cells in self.cells().values()) for column in COLUMNS}
        return {name: error for name, error in found.items() if error is not None}

    def one_factor_models(self) -> list[FactorModel]:
        """Baselines: what no factor, the published ones and the best possible one make of the processing latency."""
        measured = {name: cells["processing_latency_ms"].measured for name, cells in self.cells().items()}
        ideal = {report.run.layer.name: ideal_ms(report.run) for report in self.results.reports}
        ratios = [latency / ideal[name] for name, latency in measured.items() if latency is not None]
        if not ratios:
            return []
        # the mean of |factor / ratio - 1| is least at one of the ratios
        best = min(ratios, key=lambda factor: sum(abs(factor / ratio - 1) for ratio in ratios))
        factors = [(1.0, "each pass takes its MACs / its active PEs")]
        factors += [(known.factor, known.source) for known in self.measured.one_factor]
        factors += [(best, "the factor with the least mean error, fitted to these points")]
        return [
            FactorModel(
                factor=factor,
                source=source,
                cells={name: Cell(measured[name], factor * ideal[name]) for name in measured},
            )
            for factor, source in factors
        ]

    def record(self) -> dict[str, Any]:
        """The validation as JSON has it."""
        return {
            "chip": self.measured.chip,
            "source": self.measured.source,
            "batch": self.measured.batch,
            **self.results.settings.record(),
            "units": {column.name: column.unit for column in COLUMNS},
            "layers": [{"layer": name} | _records(cells) for name, cells in self.cells().items()],
            "sum": _records(self.sums()),
            "mean_absolute_error_percent": self.mean_errors(),
            "also": [also.model_dump() | _records(cells) for also, cells in self.also_cells()],
            "one_factor_models": [
                {
                    "factor": model.factor,
                    "source": model.source,
                    "processing_latency_ms": _records(model.cells),
                    "mean_absolute_error_percent": mean_error(model.cells.values()),
                }
                for model in self.one_factor_models()
            ],
        }

    def rows(self) -> list[dict[str, Any]]:
        """The validation as CSV has it: a row for each layer and column."""
        units = {column.name: column.unit for column in COLUMNS}
        return [
            {"layer": layer, "column": name, "unit": units[name]} | cell.record()
            for layer, cells in self.cells().items()
            for name, cell in cells.items()
        ]

    def _cells(self, report: LayerReport) -> dict[str, Cell]:
        layer = self.measured.layers[report.run.layer.name]
        return {
            column.name: Cell(column.measured(layer, self.measured.batch), column.machine(report)) for column in COLUMNS
        }


def ideal_ms(run: LayerRun) -> float:
    """Processing latency of PEs that never wait: each pass takes its MACs / its active PEs."""
    cycles = sum(p.shape.macs / p.shape.active_pes for p in schedule(run.tiling))
    return cycles / run.tiling.hardware.core_hz * 1e3


def mean_error(cells: Iterable[Cell]) -> float | None:
    """Mean absolute error of those that were measured, in percent."""
    errors = [abs(cell.error_percent) for cell in cells if cell.error_percent is not None]
    return sum(errors) / len(errors) if errors else None


def _records(cells: Mapping[str, Cell]) -> dict[str, dict[str, float | None]]:
    return {name: cell.record() for name, cell in cells.items()}


def settings_of(
    measured: Measured, hardware: Hardware, own_mappings: Mapping[str, ChipMapping], seed: int
) -> tuple[Settings, list[Settings]]:
    """What to run: all that was measured; and each layer that is run with another's mapping, too.

    Raises
    ------
    NetworkError
        The network, or one of its layers, does not exist.
    MappingError
        A layer does not fit the hardware.
    """
    settings = Settings(
        network=load(measured.network).select(list(measured.layers)),
        hardware=hardware,
        mapping=EYERISS,
        own_mappings=own_mappings,
        batch=measured.batch,
        seed=seed,
        accounting=Accounting.CHIP,
    )
    chosen = settings.chosen_mappings()
    also = [
        replace(
            settings,
            network=settings.network.select([also.layer]),
            own_mappings={also.layer: chosen[also.mapping_of].mapping},
        )
        for also in measured.also
    ]
    return settings, also
