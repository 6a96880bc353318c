"""Runs that files keep: read back, checked field by field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator, model_validator

from analytical.counts import exact
from analytical.energy import ENERGY_PARTS, Energy
from analytical.errors import InputError
from analytical.files.seal import SEAL, ChangedError, trusted
from analytical.results import frame
from simulator.columns import COLUMNS
from simulator.crosscheck import COMPARED
from simulator.crosscheck.difference import Difference
from simulator.result import NetworkResult
from simulator.settings import title_of
from traces.store import OldFileError, read_record

EXPECTED = "expected the JSON or HDF5 file of a run (--json, --out)"

Cycles = Annotated[int, Field(ge=0)]
Joules = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RunFileError(InputError):
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
    """What a comparison needs of a layer's record.

    Fields are those of :data:`simulator.columns.COLUMNS` and :data:`simulator.columns.FIELDS`, with their units; others
    are not read.
    """

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
        # all that is divided by or looked up later: a file that passes here can be compared without a further check
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
        # counts are of the batch, joules of an image already
        per_image = Fraction(1, self.images)
        counts = {entry.count: entry.difference() for entry in self.crosscheck}
        parts = self.crosscheck_energy_J_by
        return {name: counts[name] * per_image for name in COMPARED} | {
            said: parts[part].difference() for part, said in ENERGY_PARTS.items()
        }


class _HardwareRecord(BaseModel):
    name: str
    core_hz: int = Field(ge=1)


class RunRecord(BaseModel):
    """What a comparison needs of a run's record; other settings are kept as they are.

    See Also
    --------
    simulator.result.NetworkResult.record : makes it.
    """

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
            # layers of two runs are matched by their names
            raise ValueError("two layers have the same name")
        return layers


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFile:
    """A run as files keep it.

    Attributes
    ----------
    title : str
        Which run it is.
    settings : mapping
        What made it.
    layers : mapping of str to LayerRecord
        The record of each layer, by its name.
    rows_kept : tuple of mappings
        The columns of each layer, as :meth:`rows` gives them.

    See Also
    --------
    read_run : reads one from a file.
    """

    title: str
    settings: Mapping[str, Any]
    layers: Mapping[str, LayerRecord]
    rows_kept: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, record: Mapping[str, Any], said: str) -> "RunFile":
        """Take a run's record apart.

        Parameters
        ----------
        record : mapping of str to any
            As :meth:`simulator.result.NetworkResult.record` makes it, and files keep it.
        said : str
            How the user named the run.

        Raises
        ------
        pydantic.ValidationError
            The record is not that of a run.
        """
        run = RunRecord.model_validate(record)
        settings = {name: value for name, value in record.items() if name not in ("layers", "total", SEAL)}
        rows = tuple({c.name: layer[c.name] for c in COLUMNS if c.name in layer} for layer in record["layers"])
        return cls(
            rows_kept=rows,
            title=f"{f'{said}: ' if said else ''}{title_of(settings)}, accounting {run.accounting}",
            settings=settings,
            layers={layer.layer: layer for layer in run.layers},
        )

    @classmethod
    def of_result(cls, result: NetworkResult, said: str) -> "RunFile":
        """A run that was just made, as its file would keep it; ``said`` as for :meth:`of`."""
        # through JSON, so that a run that was just made has exactly what its file would have
        return cls.of(json.loads(json.dumps(result.record())), said)

    def __getitem__(self, layer: str) -> LayerRecord:
        if layer not in self.layers:
            raise KeyError(f"{layer}: no such layer; expected one of {', '.join(self.layers)}")
        return self.layers[layer]

    def rows(self) -> list[dict[str, Any]]:
        """One row a layer, with those columns of a run that the file has."""
        return [dict(row) for row in self.rows_kept]

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame; :class:`ImportError` without the extra ``frame``."""
        return frame(self.rows())

    @property
    def energy_J(self) -> float:
        """Joules of one image through all layers, simulated."""
        return sum(self.energy(layer).total for layer in self.layers)

    @property
    def latency_s(self) -> float:
        """Total latency of one image through all layers, in seconds."""
        return sum(map(self.layer_latency_s, self.layers))

    def layer_latency_s(self, layer: str) -> float:
        """Total latency of one image through a layer, in seconds."""
        record = self.layers[layer]
        # the clock is the run's own: two runs may be on different hardware
        return float(record.total_cycles / record.images / self.settings["hardware"]["core_hz"])

    def __repr__(self) -> str:
        return f"<{self.title}: {self.energy_J * 1e3:.4g} mJ, {self.latency_s * 1e3:.4g} ms an image>"

    def energy(self, layer: str) -> Energy:
        """Joules of one image in a layer, by part, simulated."""
        return Energy(**self.layers[layer].energy_J_by.model_dump())


def _read(path: Path) -> RunFile:
    """A run from its file; of one that was changed, which field cannot be says more than that it was changed."""
    try:
        return RunFile.of(read_record(path), str(path))
    except ChangedError:
        with trusted():
            RunFile.of(read_record(path), str(path))
        raise


def read_run(path: str | Path, *, trust: bool = False) -> RunFile:
    """Read a run that was written to a file, in JSON or HDF5.

    Parameters
    ----------
    path : str or Path
        What ``simulator run --json`` or ``--out`` wrote, or :meth:`NetworkResult.to_json` or ``to_hdf5``.
    trust : bool
        Take what the file says, also where it was changed since the program wrote it.

    Raises
    ------
    RunFileError
        The file cannot be read, is no such run, was changed since it was written, or is of a version whose files are
        other.

    Examples
    --------
    >>> import simulator, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     simulator.run("alexnet", layers=["FC8"], batch=1).to_json(folder + "/run.json")
    ...     again = read_run(folder + "/run.json")
    >>> [*again.layers], again.layers["FC8"].active_pes
    (['FC8'], 12)
    """
    if not isinstance(path, str | Path):
        # callers without a type checker
        raise RunFileError(f"run is {path!r}; {EXPECTED}, or a NetworkResult")
    try:
        with trusted(trust):
            return _read(Path(path))
    # a ValidationError is a ValueError, too, and says more; deep nesting exhausts the JSON reader
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RunFileError(f"{path}: {where or 'run'}: {first['msg']}; {EXPECTED}") from error
    except OldFileError as error:
        raise RunFileError(f"{path}: {error}; expected a file of this version: run it again") from error
    except ChangedError as error:
        raise RunFileError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{path}: is not a run; {EXPECTED}") from error
    except OSError as error:
        raise RunFileError(f"{path}: cannot be read ({error.strerror}); {EXPECTED}") from error
