"""The machine beside measured silicon: every figure that was measured, the machine's, and how far they are apart."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analytical.counts import DRAM_FILTER_READ, DRAM_IFMAP_READ, DRAM_OFMAP_WRITE, GLB_FILTER_READ, Level
from analytical.energy import Accounting
from analytical.files import choose_hardware
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings import FILE_MAPPER
from analytical.mappings.eyeriss import EyerissMapping
from analytical.network import Network
from analytical.networks import load_network
from simulator.machine.layer_run import LayerRun
from simulator.machine.schedule import schedule
from simulator.result import LayerResult, NetworkResult
from simulator.runner import Progress, plan, run_network
from simulator.settings import Settings
from simulator.silicon.measured import AlsoMapped, Measured, MeasuredLayer, load_measured, shipped


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity that silicon and machine both have, for the whole batch, and whether it adds up over layers.

    Attributes
    ----------
    name, unit, title : str
        For programs; its unit; and the heading for people.
    measured : callable
        Takes what was measured of a layer, and the batch; None where this was not.
    machine : callable
        Takes the machine's result of a layer, and what was measured, which says how it counts.
    adds_up : bool
        Whether a sum over layers means something.
    """

    name: str
    unit: str
    title: str
    measured: Callable[[MeasuredLayer, int], float | None]
    machine: Callable[[LayerResult, Measured], float]
    adds_up: bool = True


def _energy_measured(layer: MeasuredLayer, batch: int) -> float | None:
    # mW times ms are uJ of the batch
    if layer.power_mW is None or layer.total_latency_ms is None:
        return None
    return layer.power_mW * layer.total_latency_ms / batch / 1e3


def _megabytes(run: LayerRun, words: float, measured: Measured) -> float:
    return words * run.tiling.hardware.b_w / 8 / measured.bytes_of_MB


def glb_megabytes(run: LayerRun, measured: Measured) -> float:
    """What the chip's tables count of the GLB, in megabytes of the batch: ifmap reads, psum reads and writes, the
    ofmap's way to DRAM (Table V of the Eyeriss paper); with filter reads, where the figures have these.
    """
    counted = [e for e in run.counts if e.level is Level.GLB and Accounting.CHIP.charges(e)]
    if measured.glb_counts_filters:
        counted.append(GLB_FILTER_READ)
    return _megabytes(run, float(run.counts.total(*counted)), measured)


def dram_megabytes(run: LayerRun, measured: Measured) -> float:
    """What crosses the DRAM link, in megabytes of the batch, coded where it is coded."""
    words = run.counts.total(DRAM_FILTER_READ, DRAM_IFMAP_READ, DRAM_OFMAP_WRITE)
    return _megabytes(run, float(words), measured)


FIGURES = (
    Figure(
        "processing_latency_ms",
        "ms",
        "process\nms",
        lambda layer, _: layer.processing_latency_ms,
        lambda result, _: result.run.processing_s * result.run.images * 1e3,
    ),
    Figure(
        "total_latency_ms",
        "ms",
        "total\nms",
        lambda layer, _: layer.total_latency_ms,
        lambda result, _: result.run.total_s * result.run.images * 1e3,
    ),
    Figure(
        "active_pes", "PEs", "PEs", lambda layer, _: layer.active_pes, lambda result, _: result.run.active_pes, False
    ),
    Figure(
        "glb_MB",
        "MB",
        "GLB\nMB",
        lambda layer, _: layer.glb_MB,
        lambda result, measured: glb_megabytes(result.run, measured),
    ),
    Figure(
        "dram_MB",
        "MB",
        "DRAM\nMB",
        lambda layer, _: layer.dram_MB,
        lambda result, measured: dram_megabytes(result.run, measured),
    ),
    Figure(
        "on_chip_energy_mJ",
        "mJ/frame",
        "on-chip\nmJ/frame",
        _energy_measured,
        lambda result, _: (result.energy.total - result.energy.dram) * 1e3,
    ),
)
"""What is set side by side. Energy leaves DRAM out; the chip's is its power over the total latency."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A measured figure, if there is one, and the machine's, in the unit of its :class:`Figure`.

    Examples
    --------
    >>> round(Cell(measured=20.0, machine=19.5).error_percent, 2)
    -2.5
    """

    measured: float | None
    machine: float

    @property
    def error_percent(self) -> float | None:
        """How far the machine is off, in percent of what was measured."""
        return None if self.measured is None else 100 * (self.machine / self.measured - 1)

    def record(self) -> dict[str, float | None]:
        """Both figures and the error, as JSON has them."""
        return {"measured": self.measured, "machine": self.machine, "error_percent": self.error_percent}


@dataclass(frozen=True, kw_only=True, slots=True)
class FactorModel:
    """Processing latency as one factor on the ideal one (:func:`ideal_ms`).

    Attributes
    ----------
    factor : float
        What the ideal latency is multiplied with.
    source : str
        Where the factor is from.
    cells : mapping of str to Cell
        Milliseconds of each layer, measured and by this model.
    """

    factor: float
    source: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """The machine's run of what was measured.

    Attributes
    ----------
    measured : Measured
        What was measured, and its source.
    result : NetworkResult
        The machine's run of it.
    also : list of (AlsoMapped, NetworkResult)
        Layers that it ran with the mapping of another layer, too.

    See Also
    --------
    validate : makes one.
    """

    measured: Measured
    result: NetworkResult
    also: list[tuple[AlsoMapped, NetworkResult]]

    def cells(self) -> dict[str, dict[str, Cell]]:
        """Each layer's figures, by the layer's name and the figure's (:data:`FIGURES`)."""
        return {result.run.layer.name: self._cells(result) for result in self.result}

    def also_cells(self) -> list[tuple[AlsoMapped, dict[str, Cell]]]:
        """Figures of layers with the mapping of another layer; they enter no sum and no mean."""
        return [(also, self._cells(result.layers[0])) for also, result in self.also]

    def sums(self) -> dict[str, Cell]:
        """All layers together, in columns that add up and were measured for each layer."""
        # a sum of some layers only would stand beside the machine's sum of all
        columns = {figure.name: [cells[figure.name] for cells in self.cells().values()] for figure in FIGURES}
        return {
            figure.name: Cell(sum(cell.measured or 0 for cell in cells), sum(cell.machine for cell in cells))
            for figure in FIGURES
            for cells in [columns[figure.name]]
            if figure.adds_up and all(cell.measured is not None for cell in cells)
        }

    def mean_errors(self) -> dict[str, float]:
        """Mean absolute error of each measured figure over its layers, in percent."""
        found = {figure.name: mean_error(cells[figure.name] for cells in self.cells().values()) for figure in FIGURES}
        return {name: error for name, error in found.items() if error is not None}

    def one_factor_models(self) -> list[FactorModel]:
        """Baselines: what no factor, the published ones and the best possible one make of the processing latency."""
        measured = {name: cells["processing_latency_ms"].measured for name, cells in self.cells().items()}
        ideal = {result.run.layer.name: ideal_ms(result.run) for result in self.result}
        # the factor that each layer by itself would need
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

    def beyond(self, share: float) -> list[str]:
        """In one line each, figures that are off by more than ``share`` of what was measured.

        Parameters
        ----------
        share : float
            0.05 for 5 %.
        """
        return [
            f"layer {layer}: {name} is {cell.machine:.4g}, measured {cell.measured:.4g} ({cell.error_percent:+.1f} %)"
            for layer, cells in self.cells().items()
            for name, cell in cells.items()
            if cell.error_percent is not None and abs(cell.error_percent) > 100 * share
        ]

    def __repr__(self) -> str:
        errors = ", ".join(f"{name} {error:.2f} %" for name, error in self.mean_errors().items())
        return f"<{self.measured.chip} and the machine, mean errors: {errors}>"

    def record(self) -> dict[str, Any]:
        """The validation as JSON has it."""
        return {
            "chip": self.measured.chip,
            "source": self.measured.source,
            "batch": self.measured.batch,
            **self.result.header(),
            "units": {figure.name: figure.unit for figure in FIGURES},
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
        """The validation as CSV has it: a row for each layer and figure."""
        units = {figure.name: figure.unit for figure in FIGURES}
        return [
            {"layer": layer, "column": name, "unit": units[name]} | cell.record()
            for layer, cells in self.cells().items()
            for name, cell in cells.items()
        ]

    def _cells(self, result: LayerResult) -> dict[str, Cell]:
        layer = self.measured.layers[result.run.layer.name]
        return {
            figure.name: Cell(figure.measured(layer, self.measured.batch), figure.machine(result, self.measured))
            for figure in FIGURES
        }


def ideal_ms(run: LayerRun) -> float:
    """Processing latency of PEs that never wait, in ms of the batch: each pass takes its MACs / its active PEs."""
    # a fraction of a cycle stays one: this is a bound, not a schedule
    cycles = sum(p.shape.macs / p.shape.active_pes for p in schedule(run.tiling))
    return cycles / run.tiling.hardware.core_hz * 1e3


def mean_error(cells: Iterable[Cell]) -> float | None:
    """Mean absolute error of those that were measured, in percent; None if none was.

    Examples
    --------
    >>> mean_error([Cell(10.0, 15.0), Cell(10.0, 7.5), Cell(None, 5.0)])
    37.5
    """
    errors = [abs(cell.error_percent) for cell in cells if cell.error_percent is not None]
    return sum(errors) / len(errors) if errors else None


def _records(cells: Mapping[str, Cell]) -> dict[str, dict[str, float | None]]:
    return {name: cell.record() for name, cell in cells.items()}


def with_measured_zeros(network: Network, measured: Measured) -> Network:
    """The network with the shares of zeros that its ifmaps had on the chip, where these were measured.

    A layer's ofmap has the zeros of the next layer's ifmap, if that is as large; where a pool lies between, it keeps
    its own share, since what the pool took is not known.

    Parameters
    ----------
    network : Network
    measured : Measured

    Examples
    --------
    >>> layer = with_measured_zeros(load_network("vgg16"), shipped("eyeriss_vgg16")).layer("C3_1")
    >>> layer.sparsity_ifmap, round(layer.sparsity_ofmap, 3)
    (0.397, 0.551)
    """
    layers = []
    for layer, following in zip(network.layers, (*network.layers[1:], None), strict=True):
        figures = measured.layers.get(layer.name)
        if figures is not None and figures.zeros_percent is not None:
            layer = replace(layer, sparsity_ifmap=figures.zeros_percent / 100)
        zeros = _zeros_of_next(layer, following, measured)
        if zeros is not None:
            layer = replace(layer, sparsity_ofmap=zeros)
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def _zeros_of_next(layer: Layer, following: Layer | None, measured: Measured) -> float | None:
    """Share of zeros that the next layer's ifmap had, if that is this layer's ofmap as it is."""
    figures = None if following is None else measured.layers.get(following.name)
    if following is None or figures is None or figures.zeros_percent is None:
        return None
    alike = (following.channels, *following.unpadded) == (layer.F, layer.E, layer.G)
    return replace(following, sparsity_ifmap=figures.zeros_percent / 100).unpadded_sparsity if alike else None


def settings_of(
    measured: Measured, hardware: Hardware, own_mappings: Mapping[str, EyerissMapping], seed: int
) -> tuple[Settings, list[Settings]]:
    """What to run: all that was measured; and each layer that is run with the mapping of another, too.

    Parameters
    ----------
    measured : Measured
        What was measured.
    hardware : Hardware
        The chip.
    own_mappings : mapping of str to EyerissMapping
        A person's own, by layer.
    seed : int
        Of the synthetic values.

    Raises
    ------
    NetworkError
        The network, or one of its layers, does not exist.
    MappingError
        A layer does not fit the hardware.
    """
    # the mapper of files is also the chip's: published mappings where there are some, others of the same kind
    settings = Settings(
        network=with_measured_zeros(load_network(measured.network), measured),
        selected=tuple(measured.layers),
        hardware=hardware,
        mapping=FILE_MAPPER,
        own_mappings=own_mappings,
        batch=measured.batch,
        seed=seed,
        accounting=Accounting.CHIP,
    )
    # the mapping of another layer is an own mapping, of a run of that layer alone
    chosen = settings.mappings()
    also = [
        replace(settings, selected=(also.layer,), own_mappings={also.layer: chosen[also.mapping_of].mapping})
        for also in measured.also
    ]
    return settings, also


def validate(
    measured: Measured | str | Path | None = None,
    *,
    hardware: Hardware | str | Path | None = None,
    own_mappings: Mapping[str, EyerissMapping] | None = None,
    seed: int = 0,
    progress: Callable[[Settings], AbstractContextManager[Progress | None]] | None = None,
) -> Validation:
    """Set the machine beside measured silicon.

    Parameters
    ----------
    measured : Measured, str or Path, optional
        What was measured; ``"eyeriss_alexnet"`` or ``"eyeriss_vgg16"``; or a file of it (.toml). Default: the Eyeriss
        chip on AlexNet's CONV layers.
    hardware : Hardware, str or Path, optional
        The chip; default: Eyeriss.
    own_mappings : mapping of str to EyerissMapping, optional
        Mappings of your own by layer; other layers get the published one, or the mapper's.
    seed : int
        Of the synthetic values.
    progress : callable, optional
        Makes a context for each run that says whom to tell of its progress.

    Raises
    ------
    InputError
        Something that cannot be, in one line: :class:`SiliconError`, :class:`NetworkError`, :class:`HardwareError`,
        :class:`MappingError`, :class:`SettingsError`.

    Examples
    --------
    >>> result = validate()
    >>> round(result.mean_errors()["processing_latency_ms"], 2)  # percent
    1.66
    """
    if measured is None:
        measured = shipped()
    elif not isinstance(measured, Measured):
        measured = load_measured(measured)
    chip = choose_hardware(hardware, measured.bits)
    settings, also = settings_of(measured, chip, dict(own_mappings or {}), seed)
    # all is mapped before anything runs, so that what does not fit shows at once
    for each in (settings, *also):
        plan(each)
    result, *others = (_run(each, progress) for each in (settings, *also))
    return Validation(measured=measured, result=result, also=list(zip(measured.also, others, strict=True)))


def _run(
    settings: Settings, progress: Callable[[Settings], AbstractContextManager[Progress | None]] | None
) -> NetworkResult:
    with progress(settings) if progress else nullcontext() as told:
        return run_network(settings, told)
