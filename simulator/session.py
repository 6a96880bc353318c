"""A network's run: its layers one after the other, with data, energies, and the check that was asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytical import __version__
from analytical.chip_mapping import ChipMapping
from analytical.energy import Accounting
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mapping import Mapping as CNNergyMapping
from analytical.mapping import map_layer
from analytical.networks import Network
from simulator.machine import LayerRun, Progress, run_layer
from simulator.report import CNNERGY, LayerReport, title, total
from simulator.schedule import tile
from traces.convolution import convolve_plainly
from traces.store import StoredLayer, run_as_hdf5
from traces.tensors import LayerTensors, Requantiser, synthesise

if TYPE_CHECKING:
    from analytical.mappings import Chosen


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All that a run depends on; the same settings give the same run.

    mapping       one of :data:`simulator.report.MAPPINGS`
    own_mappings  of layers whose mapping on a chip like Eyeriss a person wrote; others get the published one, or the
                  mapper's
    batch         images; None: what each layer says
    verify        compare each ofmap with a direct convolution
    keep_tensors  keep ifmaps, filters and ofmaps in the results
    """

    network: Network
    hardware: Hardware
    mapping: str = CNNERGY
    own_mappings: Mapping[str, ChipMapping] = field(default_factory=dict)
    engine: str = "fast"
    batch: int | None = None
    seed: int = 0
    accounting: Accounting = Accounting.CNNERGY
    verify: bool = False
    keep_tensors: bool = False

    @property
    def title(self) -> str:
        return title(self.record())

    def images(self, layer: Layer) -> int:
        """Images that run through ``layer``."""
        return self.batch or layer.batch

    def mapping_of(self, layer: Layer) -> "CNNergyMapping | ChipMapping":
        """How ``layer`` is laid on the array.

        Raises
        ------
        MappingError
            It does not fit.
        """
        if self.mapping == CNNERGY:
            return map_layer(layer, self.hardware)
        return self._choose(layer).mapping

    def chosen_mappings(self) -> "dict[str, Chosen]":
        """The mappings of all layers by name, where they were chosen: none under CNNergy's."""
        if self.mapping == CNNERGY:
            return {}
        return {layer.name: self._choose(layer) for layer in self.network.layers}

    def _choose(self, layer: Layer) -> "Chosen":
        from analytical.mappings import choose_mapping  # pydantic takes its time, and most runs do not need it

        return choose_mapping(layer, self.hardware, self.images(layer), self.own_mappings.get(layer.name))

    def record(self) -> dict[str, Any]:
        """The settings as files keep them."""
        mappings = {name: chosen.record() for name, chosen in self.chosen_mappings().items()}
        return {
            "network": self.network.name,
            "bits": self.hardware.b_w,
            "mapping": self.mapping,
            "engine": self.engine,
            "seed": self.seed,
            "accounting": self.accounting.value,
            "version": __version__,
            "hardware": self.hardware.record(),
        } | ({"mappings": mappings} if mappings else {})


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerResult:
    """A layer's report; what its ofmap passed on the way to DRAM; the number of its ofmap values that are wrong
    (None: not verified); tensors, if kept."""

    report: LayerReport
    requantise: Requantiser
    wrong_values: int | None = None
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def on_the_way_out(self) -> dict[str, int]:
        """Bias and shift with which psums became the ofmap in DRAM."""
        return {"ofmap_bias": self.requantise.bias, "ofmap_shift": self.requantise.shift}


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkRun:
    """What came out of a run."""

    settings: Settings
    layers: list[LayerResult]

    @property
    def reports(self) -> list[LayerReport]:
        return [layer.report for layer in self.layers]

    def columns(self) -> list[dict[str, str | int | float]]:
        """One row a layer."""
        return [report.columns() for report in self.reports]

    def record(self) -> dict[str, Any]:
        """Settings, layers and totals, as JSON has them."""
        return self.settings.record() | {
            "layers": [layer.report.record() | layer.on_the_way_out() for layer in self.layers],
            "total": total(self.reports),
        }

    def hdf5(self, more: Mapping[str, Any] | None = None) -> bytes:
        """The run as an HDF5 file has it; ``more`` stands with the settings."""
        layers = [
            StoredLayer(
                name=layer.report.run.layer.name,
                columns=layer.report.record() | layer.on_the_way_out(),
                tensors=layer.tensors,
            )
            for layer in self.layers
        ]
        return run_as_hdf5(self.settings.record() | dict(more or {}), layers)

    def unexplained_layers(self) -> list[str]:
        """Layers in which a count or a cycle differs from the closed forms' for no reason that has a name."""
        return [report.run.layer.name for report in self.reports if not report.check.explained]

    def wrong_layers(self) -> dict[str, int]:
        """Layers whose ofmap is not the direct convolution, and in how many values."""
        return {layer.report.run.layer.name: layer.wrong_values for layer in self.layers if layer.wrong_values}


def check_mappings(settings: Settings) -> None:
    """Find out before a run whether all its layers can be mapped: as asked for, and by CNNergy, beside whose closed
    forms the run is set.

    Raises
    ------
    MappingError
        A layer does not fit the hardware.
    """
    for layer in settings.network.layers:
        map_layer(layer, settings.hardware)
        tile(layer, settings.hardware, settings.mapping_of(layer), settings.images(layer))


def run_network(settings: Settings, progress: Callable[[Layer], Progress] | None = None) -> NetworkRun:
    """Run a network; ``progress`` is asked at each layer's start whom to tell of its passes.

    Raises
    ------
    MappingError
        A layer does not fit the hardware; none has run then.
    """
    check_mappings(settings)
    layers = [_run_layer(settings, layer, progress(layer) if progress else None) for layer in settings.network.layers]
    return NetworkRun(settings=settings, layers=layers)


def _run_layer(settings: Settings, layer: Layer, progress: Progress | None) -> LayerResult:
    tensors = synthesise(layer, b_w=settings.hardware.b_w, batch=settings.images(layer), seed=settings.seed)
    run = run_layer(
        layer,
        settings.hardware,
        tensors,
        mapping=settings.mapping_of(layer),
        engine=settings.engine,
        progress=progress,
    )
    return LayerResult(
        report=LayerReport.of(run, tensors, settings.accounting),
        requantise=tensors.requantise,
        wrong_values=_wrong_values(run, tensors) if settings.verify else None,
        tensors=_narrow(run, tensors) if settings.keep_tensors else {},
    )


def _wrong_values(run: LayerRun, tensors: LayerTensors) -> int:
    layer = run.layer
    expected = convolve_plainly(
        tensors.ifmap, tensors.filters, stride=layer.U, groups=layer.groups, E=layer.E, G=layer.G
    )
    return int(np.count_nonzero(run.ofmap != expected))


def _narrow(run: LayerRun, tensors: LayerTensors) -> dict[str, NDArray[Any]]:
    """The tensors as files keep them, in the words of the hardware; psums are exact."""
    word = np.dtype(f"int{tensors.b_w}")
    return {"ifmap": tensors.ifmap.astype(word), "filters": tensors.filters.astype(word), "ofmap": run.ofmap}
