"""Hardware from a TOML file that a person writes."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from analytical.clock_tree import ClockTree
from analytical.hardware import PRESETS, Hardware, HardwareError, Prices
from analytical.toml_file import read_toml

_STRICT = ConfigDict(extra="forbid", strict=True)


def _table(cls: type, **override: Any) -> type[BaseModel]:
    """A pydantic model in which every field of a dataclass may be left out."""
    optional = {f.name: override.get(f.name, (f.type | None, None)) for f in fields(cls)}  # type: ignore[operator]  # a type, not a name: no postponed annotations there
    return create_model(cls.__name__, __config__=_STRICT, **optional)


_Prices = _table(Prices)
_ClockTree = _table(ClockTree)
_Hardware = _table(
    Hardware,
    prices=(_Prices | None, None),
    clock_tree=(_ClockTree | bool | None, None),
    b_w=(int | None, None),
    name=(str | None, None),
)


def load_hardware(path: str, b_w: int | None = None) -> Hardware:
    """The hardware that a TOML file describes, ``b_w`` bits wide if that is given.

    The keys are the fields of :class:`Hardware`; tables ``[prices]`` (joules) and ``[clock_tree]`` those of theirs, and
    ``clock_tree = false`` makes the clock free. What the file leaves out is Eyeriss at its ``b_w`` (16 unless said),
    but FIFOs follow the RFs (four of ifmap, one of psums), and the throughput grows with PEs and clock.

    Raises
    ------
    HardwareError
        The file cannot be read, states another width than ``b_w``, or what it describes cannot exist; the message
        names file and field.
    """
    written = read_toml(path, HardwareError, "a hardware file")
    try:
        given = _Hardware.model_validate(written).model_dump(exclude_none=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if not str(part)[:1].isupper() or str(part) in written)
        table = {"prices": Prices, "clock_tree": ClockTree}.get(str(first["loc"][0]), Hardware)
        known = ", ".join(f.name for f in fields(table))
        why = f"unknown; expected some of {known}" if first["type"] == "extra_forbidden" else _reason(first)
        raise HardwareError(f"{path}: {field} is {why}") from error
    stated = given.get("b_w", b_w or 16)
    if stated not in PRESETS or stated != (b_w or stated):
        expected = str(b_w) if b_w else " or ".join(str(bits) for bits in sorted(PRESETS))
        raise HardwareError(f"{path}: b_w is {stated}; expected {expected}")
    try:
        return _complete(PRESETS[stated], given, name=Path(path).stem)
    except ValueError as error:
        raise HardwareError(f"{path}: {error}") from error


def _reason(error: Any) -> str:
    return f"{error['input']!r}; expected: {error['msg'].removeprefix('Input should be ')}"


def _complete(preset: Hardware, given: dict[str, Any], *, name: str) -> Hardware:
    fifos = {
        "ifmap_fifo": preset.ifmap_fifo // preset.I_s * given.get("I_s", preset.I_s),
        "psum_fifo": given.get("P_s", preset.psum_fifo),
    }
    values = {"name": name} | fifos | given
    if "prices" in given:
        values["prices"] = replace(preset.prices, **given["prices"])
    tree = given.get("clock_tree")
    if tree is False:
        values["clock_tree"] = None
    elif tree is not None:
        values["clock_tree"] = replace(ClockTree(), **tree) if isinstance(tree, dict) else ClockTree()
    hardware = replace(preset, **values)
    if "throughput" not in given:
        scale = hardware.pes * hardware.core_hz / (preset.pes * preset.core_hz)
        hardware = replace(hardware, throughput=preset.throughput * scale)
    return hardware
