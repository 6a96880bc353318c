"""Hardware from files: TOML that a person writes, or the JSON of a run."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from analytical.clock_tree import ClockTree
from analytical.files import EXPECTED
from analytical.files.toml import read_toml
from analytical.hardware import PRESETS, Hardware
from analytical.technology import HardwareError, Prices

# strict: a number in quotes is a mistake to be named, not to be converted; and so is a key that nobody reads
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


def load_hardware(path: str | Path, b_w: int | None = None) -> Hardware:
    """The hardware that a file describes.

    The keys of a TOML file are the fields of :class:`Hardware`; tables ``[prices]`` (joules) and ``[clock_tree]`` those
    of theirs, and ``clock_tree = false`` makes the clock free. What the file leaves out is Eyeriss at its ``b_w``
    (default: 16), but FIFOs follow the RFs (four of ifmap, one of psums), and the throughput grows with PEs and clock.
    The JSON that a run wrote has its hardware under ``hardware``, whole.

    Parameters
    ----------
    path : str or Path
        A file that ends in ``.json``, or else TOML.
    b_w : int, optional
        Bits of a word, if the file must have so many.

    Raises
    ------
    HardwareError
        The file cannot be read, states another width than ``b_w``, or what it describes cannot exist; the message
        names file and field.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "half.toml")
    ...     _ = path.write_text("K = 7")
    ...     chip = load_hardware(path)
    >>> chip.name, chip.pes, chip.throughput
    ('half', 84, 11550000000.0)
    """
    if Path(path).suffix.lower() not in (".json", ".toml"):
        raise HardwareError(f"{path}: no such hardware; expected {EXPECTED}")
    written = (
        _of_run(path) if Path(path).suffix.lower() == ".json" else read_toml(path, HardwareError, "a hardware file")
    )
    try:
        given = _Hardware.model_validate(written).model_dump(exclude_none=True)
    except ValidationError as error:
        first = error.errors()[0]
        # pydantic puts the name of a type, capitalised, on the way to a field that may be of several; J, K and the like
        # are capitalised, too, and stay if the file has them
        field = ".".join(str(part) for part in first["loc"] if not str(part)[:1].isupper() or str(part) in written)
        table = {"prices": Prices, "clock_tree": ClockTree}.get(str(first["loc"][0]), Hardware)
        known = ", ".join(f.name for f in fields(table))
        why = f"unknown; expected some of {known}" if first["type"] == "extra_forbidden" else _reason(first)
        raise HardwareError(f"{path}: {field} is {why}") from error
    # the width chooses the Eyeriss that fills in the rest: it is settled before all else
    stated = given.get("b_w", b_w or 16)
    if stated not in PRESETS or stated != (b_w or stated):
        expected = str(b_w) if b_w else " or ".join(str(bits) for bits in sorted(PRESETS))
        raise HardwareError(f"{path}: b_w is {stated}; expected {expected}")
    try:
        return _complete(PRESETS[stated], given, name=Path(path).stem)
    except ValueError as error:
        raise HardwareError(f"{path}: {error}") from error


def _of_run(path: str | Path) -> dict[str, Any]:
    """The hardware that the JSON of a run keeps, without what follows from it."""
    try:
        hardware = json.loads(Path(path).read_text(encoding="utf-8-sig"))["hardware"]
        written = {name: value for name, value in hardware.items() if name != "clock_W"}
    except OSError as error:
        raise HardwareError(f"{path}: cannot be read ({error.strerror}); expected {EXPECTED}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise HardwareError(f"{path}: has no hardware; expected {EXPECTED}") from error
    # no clock tree in JSON is the free clock that TOML calls false
    return written | {"clock_tree": written.get("clock_tree") or False}


def _reason(error: Any) -> str:
    return f"{error['input']!r}; expected: {error['msg'].removeprefix('Input should be ')}"


def _complete(preset: Hardware, given: dict[str, Any], *, name: str) -> Hardware:
    """What a file gives, and Eyeriss for the rest; FIFOs and throughput follow what they depend on."""
    fifos = {
        "ifmap_fifo": preset.ifmap_fifo // preset.I_s * given.get("I_s", preset.I_s),
        "psum_fifo": given.get("P_s", preset.psum_fifo),
    }
    # later ones win: what the file gives stands before what follows from it
    values = {"name": name} | fifos | given
    if "prices" in given:
        values["prices"] = replace(preset.prices, **given["prices"])
    # false: a free clock; true, or nothing: Eyeriss's; a table: Eyeriss's with other constants
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
