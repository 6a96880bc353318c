"""Measured silicon: what a chip took for the layers of a network, with its source, from files."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from analytical.errors import InputError
from analytical.files.toml import as_model, parse_toml, read_toml
from analytical.layer import LARGEST
from analytical.networks import ZOO

SHIPPED = "eyeriss_alexnet.toml"
"""The Eyeriss chip on AlexNet's CONV layers."""


class SiliconError(InputError):
    """A file that has no measured figures; the message names the file, what is wrong and what was expected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Figure = Annotated[float, Field(ge=1e-9, le=1e12)]
"""A measured figure, in its unit: above nothing, and not beyond all that could be built."""


class MeasuredLayer(_Strict):
    """What was measured of a layer, for the whole batch; what was not is left out. MB are 10^6 bytes; power is averaged
    over the total latency."""

    total_latency_ms: Figure | None = None
    processing_latency_ms: Figure | None = None
    power_mW: Figure | None = None
    active_pes: int | None = Field(default=None, ge=1, le=LARGEST)
    glb_MB: Figure | None = None
    dram_MB: Figure | None = None

    @field_validator("power_mW")
    @classmethod
    def _lasts_for_the_total_latency(cls, power_mW: float | None, info: ValidationInfo) -> float | None:
        if power_mW is not None and info.data.get("total_latency_ms") is None:
            raise ValueError("total_latency_ms beside it, over which power is averaged")
        return power_mW


class AlsoMapped(_Strict):
    """A layer to run with the mapping of another one, too, and why."""

    layer: str
    mapping_of: str
    because: str


class OneFactor(_Strict):
    """A published model that is a factor on MACs / active PEs."""

    factor: Figure
    source: str


class Measured(_Strict):
    """Measured figures of a network's layers on a chip.

    ``network`` : a zoo name or a layer table, beside the file; ``layers`` : by name.
    """

    source: str
    chip: str
    network: str
    bits: Literal[8, 16]
    batch: int = Field(ge=1, le=LARGEST)
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


def shipped() -> Measured:
    """The figures that ship with the package: the Eyeriss chip on AlexNet's CONV layers."""
    text = files("simulator.silicon").joinpath(SHIPPED).read_text(encoding="utf-8")
    return as_model(parse_toml(text, SHIPPED, SiliconError), Measured, SHIPPED, SiliconError)


def load_measured(path: str | Path) -> Measured:
    """Measured figures from a TOML file like the shipped one.

    Raises
    ------
    SiliconError
        The file cannot be read, or is not such a file; the message names file and field.
    """
    measured = as_model(read_toml(path, SiliconError, "measured figures"), Measured, path, SiliconError)
    if measured.network in ZOO:
        return measured
    return measured.model_copy(update={"network": str(Path(path).parent / measured.network)})
