"""What comes out of a run: a result for each layer, and their sums; as rows, records, files and data frames."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytical.columns import row_of
from analytical.counts import Counts
from analytical.energy import ENERGY_PARTS, Accounting, Energy
from analytical.files.seal import sealed
from analytical.hardware import Hardware
from analytical.mappings import Chosen
from analytical.results import ByLayer, html_table
from analytical.terminal.outputs import as_json, write_outputs
from simulator.charts.draw import Plots
from simulator.charts.rows import RunData
from simulator.columns import COLUMNS, COUNTS_OF_BATCH, FIELDS, TOTALS
from simulator.crosscheck import Crosscheck
from simulator.crosscheck.difference import Difference, sum_of
from simulator.machine.layer_run import LayerRun
from simulator.provenance import provenance
from simulator.settings import Settings, title_of
from simulator.shortcuts import ShortcutRead
from traces.store import StoredLayer, run_as_hdf5
from traces.tensors import Requantiser


@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class LayerResult:
    """One layer's run, with its energies and its cross-check.

    Attributes
    ----------
    run : LayerRun
        What happened in the machine.
    check : Crosscheck
        The run beside the closed forms.
    chosen : Chosen
        How the layer was laid on the array.
    requantise : Requantiser or None
        What its ofmap passed on the way to DRAM.
    wrong_values : int or None
        Ofmap values that a direct convolution does not give; None: not verified.
    tensors : mapping of str to array
        ``ifmap``, ``filters`` and ``ofmap``, if they were to be kept.

    See Also
    --------
    simulator.run_layer : makes one.
    """

    run: LayerRun
    check: Crosscheck
    chosen: Chosen
    requantise: Requantiser | None
    wrong_values: int | None = None
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.run.layer.name

    @property
    def energy(self) -> Energy:
        """Joules of one image, simulated, by part."""
        return self.check.simulated_energy

    @property
    def model_energy(self) -> Energy:
        """Joules of one image by the closed forms, by part."""
        return self.check.analytical_energy

    @property
    def energy_J(self) -> float:
        """Joules of one image, simulated."""
        return self.energy.total

    @property
    def model_energy_J(self) -> float:
        """Joules of one image by the closed forms."""
        return self.model_energy.total

    @property
    def latency_s(self) -> float:
        """Total latency of one image, in seconds."""
        return self.run.total_s

    @property
    def ofmap(self) -> NDArray[Any]:
        """Exact psums (batch, F, E, G), before ReLU."""
        return self.run.ofmap

    def row(self) -> dict[str, str | int | float]:
        """The columns of the layer (:data:`simulator.columns.COLUMNS`): counts and cycles of the batch, joules of an
        image.
        """
        return row_of(COLUMNS, self)

    def record(self) -> dict[str, Any]:
        """The row, and what does not fit one (:data:`simulator.columns.FIELDS`)."""
        return row_of((*COLUMNS, *FIELDS), self)

    def differences(self) -> dict[str, Difference]:
        """Counts, cycles and energies of one image beside the closed forms', as tables call them."""
        # "total" is one of the parts, "without_control", which tables do not show, is not
        energy = self.check.energy()
        return self._counts_of_image() | {said: energy[part] for part, said in ENERGY_PARTS.items()}

    def differences_by_column(self) -> dict[str, Difference]:
        """The columns of one image that the closed forms have, too."""
        # energies are of one image already; the counts of the batch give way to those of an image
        return self.check.columns() | self._counts_of_image()

    def _counts_of_image(self) -> dict[str, Difference]:
        per_image = Fraction(1, self.run.images)
        return {name: difference * per_image for name, difference in self.check.counts().items()}

    def __eq__(self, other: object) -> bool:
        """The same figures, and the same ofmap."""
        if not isinstance(other, LayerResult):
            return NotImplemented
        return self.record() == other.record() and np.array_equal(self.ofmap, other.ofmap)

    __hash__ = None  # type: ignore[assignment]  # arrays have none either

    def __repr__(self) -> str:
        return f"<{self.name} on {self.run.tiling.hardware.name}: {_sums(self)}>"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class NetworkResult(ByLayer[LayerResult]):
    """What came out of a network's run; layers by name, sums of one image through all of them.

    Attributes
    ----------
    settings : Settings
        All that the run depends on.
    layers : tuple of LayerResult
        In order.
    shortcuts : tuple of ShortcutRead
        What sums of the network read again from DRAM; counted apart from the layers, and charged by ``full`` alone.

    Examples
    --------
    >>> import simulator
    >>> result = simulator.run("alexnet", layers=["C3"], batch=1)
    >>> result["C3"].run.active_pes, len(result.rows())
    (156, 1)
    >>> result.unexplained_layers(), result.wrong_layers()
    ([], {})
    """

    settings: Settings
    layers: tuple[LayerResult, ...]
    shortcuts: tuple[ShortcutRead, ...] = ()

    @property
    def energy(self) -> Energy:
        """Joules of one image through all layers, simulated, by part."""
        layers = sum((layer.energy for layer in self.layers), Energy.zero())
        if self.settings.accounting is not Accounting.FULL:
            return layers
        return sum((read.energy(self.hardware) for read in self.shortcuts), layers)

    @property
    def shortcut_bits(self) -> float:
        """Bits of one image that sums read again from DRAM."""
        return sum(read.link_bits for read in self.shortcuts)

    @property
    def model_energy(self) -> Energy:
        """Joules of one image through all layers by the closed forms, by part."""
        return sum((layer.model_energy for layer in self.layers), Energy.zero())

    @property
    def energy_J(self) -> float:
        """Joules of one image through all layers, simulated."""
        return self.energy.total

    @property
    def model_energy_J(self) -> float:
        """Joules of one image through all layers by the closed forms."""
        return self.model_energy.total

    @property
    def latency_s(self) -> float:
        """Total latency of one image through all layers, in seconds."""
        return sum(layer.run.total_s for layer in self.layers)

    @property
    def processing_s(self) -> float:
        """Latency of one image through all layers without waits for DRAM, in seconds."""
        return sum(layer.run.processing_s for layer in self.layers)

    def counts_of_image(self) -> dict[str, float]:
        """Columns that count the batch, over all layers, for one image."""
        # layers may have batches of their own: each is divided by its own before they are added
        rows = self.rows()
        return {name: sum(float(row[name]) / int(row["images"]) for row in rows) for name in COUNTS_OF_BATCH}

    def counts_of_all(self) -> Counts:
        """What happened over all layers, for one image: exact fractions, since layers have batches of their own."""
        return sum((layer.run.counts * Fraction(1, layer.run.images) for layer in self.layers), Counts())

    def differences_by_column(self) -> dict[str, Difference]:
        """The columns that the closed forms have, too, over all layers, for one image."""
        return sum_of(layer.differences_by_column() for layer in self.layers)

    def header(self, command: str | None = None) -> dict[str, Any]:
        """What made the run: settings, mappings, versions, command.

        Parameters
        ----------
        command : str, optional
            How it was asked for; default: the command line of this process.
        """
        mappings = {layer.name: layer.chosen.record() for layer in self.layers}
        return self.settings.record() | provenance(command) | {"mappings": mappings}

    def record(self) -> dict[str, Any]:
        """What made the run, its layers, totals, and a seal over all of it, as JSON has them."""
        return sealed(
            self.header()
            | {
                "layers": [layer.record() for layer in self.layers],
                "total": row_of(TOTALS, self),
                # of networks with sums alone
                **({"shortcuts": [asdict(read) for read in self.shortcuts]} if self.shortcuts else {}),
            }
        )

    @property
    def plot(self) -> Plots:
        """Diagrams, with Altair (the extra ``report``): ``result.plot.energy()``, ``.latency()``, ``.roofline()``."""
        name = self.settings.network.name
        return Plots(RunData(name, title_of(self.settings.record()), self.record()))

    def _repr_html_(self) -> str:
        """A few figures and the layers, as a notebook shows them."""
        return html_table(
            repr(self),
            [
                {
                    "layer": layer.name,
                    "images": layer.run.images,
                    "mJ": layer.energy_J * 1e3,
                    "model mJ": layer.model_energy.total * 1e3,
                    "ms": layer.latency_s * 1e3,
                }
                for layer in self.layers
            ],
        )

    def to_json(self, path: str | Path) -> None:
        """Write the record to a JSON file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            In a folder that exists; a file that is there is replaced.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        write_outputs({str(path): as_json(self.record())})

    def to_hdf5(self, path: str | Path) -> None:
        """Write the record, and tensors that were kept, to an HDF5 file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            In a folder that exists; a file that is there is replaced.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        write_outputs({str(path): self.hdf5()})

    def hdf5(self, more: Mapping[str, Any] | None = None) -> bytes:
        """The run as an HDF5 file has it.

        Parameters
        ----------
        more : mapping of str to any, optional
            What stands with the settings, as attributes of the root.
        """
        # attributes of a group have what JSON has of a layer; tensors, if kept, are datasets beside them
        layers = [StoredLayer(name=layer.name, columns=layer.record(), tensors=layer.tensors) for layer in self.layers]
        return run_as_hdf5(self.header() | dict(more or {}), layers)

    def unexplained_layers(self) -> list[str]:
        """Layers in which a count or a cycle differs from the closed forms' for no reason that has a name."""
        return [layer.name for layer in self.layers if not layer.check.explained]

    def wrong_layers(self) -> dict[str, int]:
        """Layers whose ofmap is not the direct convolution, and in how many values; empty, too, where nothing was
        verified.
        """
        return {layer.name: layer.wrong_values for layer in self.layers if layer.wrong_values}

    @property
    def hardware(self) -> Hardware:
        """What the layers ran on."""
        return self.settings.hardware

    def __eq__(self, other: object) -> bool:
        """The same settings, and the same figures in every layer."""
        if not isinstance(other, NetworkResult):
            return NotImplemented
        return self.settings == other.settings and self.layers == other.layers

    __hash__ = None  # type: ignore[assignment]  # arrays have none either

    def __repr__(self) -> str:
        return f"<{self.settings.title}: {_sums(self)}>"


def _sums(result: LayerResult | NetworkResult) -> str:
    # the same names on a layer and on a network, so that both read alike
    return (
        f"{result.energy_J * 1e3:.4g} mJ, {result.latency_s * 1e3:.4g} ms an image; "
        f"closed forms {result.model_energy_J * 1e3:.4g} mJ"
    )
