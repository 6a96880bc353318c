"""Measured silicon: what a chip took for the layers of a network, with its source, from files."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from analytical.errors import InputError
from analytical.files.toml import Whole, as_model, parse_toml, read_toml
from analytical.layer import LARGEST
from analytical.networks import ZOO

SHIPPED = ("eyeriss_alexnet", "eyeriss_vgg16")
"""Names of the figures that ship with the package; the first are the default."""


class SiliconError(InputError):
    """A file that has no measured figures; the message names the file, what is wrong and what was expected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Figure = Annotated[float, Field(ge=1e-9, le=1e12)]
"""A measured figure, in its unit: above nothing, and not beyond all that could be built."""


class MeasuredLayer(_Strict):
    """What was measured of a layer, for the whole batch; what was not is left out.

    Attributes
    ----------
    total_latency_ms, processing_latency_ms : float or None
        Milliseconds with, and without, waits for DRAM.
    power_mW : float or None
        Averaged over the total latency, which must be there then.
    active_pes : int or None
        PEs at work.
    glb_MB, dram_MB : float or None
        Accesses, in megabytes of as many bytes as the file says.
    zeros_percent : float or None
        Zeros of the ifmap, the padding ring's among them, in percent; None: the network's own share.
    """

    total_latency_ms: Figure | None = None
    processing_latency_ms: Figure | None = None
    power_mW: Figure | None = None
    active_pes: Whole | None = Field(default=None, ge=1, le=LARGEST)
    glb_MB: Figure | None = None
    dram_MB: Figure | None = None
    zeros_percent: Annotated[float, Field(ge=0, le=100)] | None = None

    @field_validator("power_mW")
    @classmethod
    def _lasts_for_the_total_latency(cls, power_mW: float | None, info: ValidationInfo) -> float | None:
        # fields are checked in their order, so that the latency is known here
        if power_mW is not None and info.data.get("total_latency_ms") is None:
            raise ValueError("total_latency_ms beside it, over which power is averaged")
        return power_mW


class AlsoMapped(_Strict):
    """A layer to run with the mapping of another one, too, and why.

    Attributes
    ----------
    layer, mapping_of : str
        Names of measured layers: the one that runs, and the one whose mapping it gets.
    because : str
        The reason, for the report.
    """

    layer: str
    mapping_of: str
    because: str


class OneFactor(_Strict):
    """A published model whose processing latency is a factor on MACs / active PEs, and its source."""

    factor: Figure
    source: str


class Measured(_Strict):
    """Measured figures of a network's layers on a chip.

    Attributes
    ----------
    source : str
        Where the figures are from.
    chip : str
        What was measured.
    network : str
        A zoo name, or the file of a network, beside the file of figures.
    bits : int
        Width of a word: 8 or 16.
    batch : int
        Images that ran.
    bytes_of_MB : int
        What a megabyte is: 10^6 bytes, or 2^20.
    glb_counts_filters : bool
        Whether reads of filters are among the GLB's accesses.
    layers : dict of str to MeasuredLayer
        Figures by the layers' names.
    also : list of AlsoMapped
        Layers to run with the mapping of another layer, too.
    one_factor : list of OneFactor
        Published models of the latency to set beside.
    """

    source: str
    chip: str
    network: str
    bits: Literal[8, 16]
    batch: Whole = Field(ge=1, le=LARGEST)
    bytes_of_MB: Literal[1_000_000, 1_048_576] = 1_000_000
    glb_counts_filters: bool = False
    layers: dict[str, MeasuredLayer] = Field(min_length=1)
    also: list[AlsoMapped] = []
    one_factor: list[OneFactor] = []

    @model_validator(mode="after")
    def _names_layers_that_it_has(self) -> "Measured":
        for also in self.also:
            for name in (also.layer, also.mapping_of):
                if name not in self.layers:
                    raise ValueError(f"no layer {name}; expected one of {', '.join(self.layers)}")
        return self


def shipped(name: str = SHIPPED[0]) -> Measured:
    """Figures that ship with the package.

    Parameters
    ----------
    name : str
        One of :data:`SHIPPED`: the Eyeriss chip on the CONV layers of AlexNet or VGG-16.

    Examples
    --------
    >>> measured = shipped()
    >>> measured.batch, [*measured.layers]
    (4, ['C1', 'C2', 'C3', 'C4', 'C5'])
    """
    file = f"{name}.toml"
    text = files("simulator.silicon").joinpath(file).read_text(encoding="utf-8")
    return as_model(parse_toml(text, file, SiliconError), Measured, file, SiliconError)


def load_measured(path: str | Path) -> Measured:
    """Measured figures from a TOML file like the shipped ones (:data:`SHIPPED`), or one of these by its name.

    Parameters
    ----------
    path : str or Path
        The file; where its ``network`` is a file, that stands in the same folder.

    Raises
    ------
    SiliconError
        The file cannot be read, or is not such a file; the message names file and field.
    """
    if str(path) in SHIPPED:
        return shipped(str(path))
    if Path(path).suffix.lower() != ".toml":
        raise SiliconError(f"{path}: no such figures; expected {', '.join(SHIPPED)}, or a file (.toml)")
    measured = as_model(read_toml(path, SiliconError, "measured figures"), Measured, path, SiliconError)
    # a zoo name wins over a file of the same name
    if measured.network in ZOO:
        return measured
    return measured.model_copy(update={"network": str(Path(path).parent / measured.network)})
