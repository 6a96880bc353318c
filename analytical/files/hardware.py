"""Hardware from files: TOML that a person writes, or the JSON of a run."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from analytical.clock_tree import ClockTree
from analytical.files import EXPECTED
from analytical.files.accelergy import read_ert
from analytical.files.json import parse_json
from analytical.files.seal import ChangedError, needs_seal, require_seal
from analytical.files.toml import Whole, as_written, expected_of, read_toml
from analytical.hardware import NETWORK_WIDTHS, PRESETS, SMALLEST, Hardware
from analytical.technology import HardwareError, Prices, sram_factor, sram_read_nJ
from analytical.technology.scaling import energy_between, nominal_V
from analytical.technology.side import port_bits, side_factor

# strict: a number in quotes is a mistake to be named, not to be converted; and so is a key that nobody reads
_STRICT = ConfigDict(extra="forbid", strict=True)


def _table(cls: type, **override: Any) -> type[BaseModel]:
    """A pydantic model in which every field of a dataclass may be left out."""
    whole = {f.name: (Whole | None, None) for f in fields(cls) if f.type is int}
    optional = {f.name: (f.type | None, None) for f in fields(cls)}  # type: ignore[operator]  # a type, not a name: no postponed annotations there
    return create_model(cls.__name__, __config__=_STRICT, **(optional | whole | override))


class _Apiece(BaseModel):
    """A word that costs one price to read and another to write."""

    model_config = _STRICT

    read: float
    write: float


class _RegisterFiles(BaseModel):
    """Prices of each of the three register files."""

    model_config = _STRICT

    ifmap: float | _Apiece | None = None
    filter: float | _Apiece | None = None
    psum: float | _Apiece | None = None


# prices one by one are what a run's JSON has; people write tables
_Prices = _table(
    Prices,
    unit=(Literal["J", "pJ", "MAC"] | None, None),
    ert=(str | None, None),
    rf=(float | _RegisterFiles | None, None),
    glb=(float | _Apiece | None, None),
    dram=(float | _Apiece | None, None),
)
_ClockTree = _table(ClockTree)
_Hardware = _table(
    Hardware,
    prices=(_Prices | None, None),
    clock_tree=(_ClockTree | bool | None, None),
    b_w=(Whole | None, None),
    name=(str | None, None),
    # not of the hardware itself: what follows from its array, and what it rests on
    clock_follows_array=(bool | None, None),
    ports_follow_array=(bool | None, None),
    about=(dict[str, Any] | None, None),
)


def load_hardware(path: str | Path, b_w: int | None = None) -> Hardware:
    """The hardware that a file describes.

    The keys of a TOML file are the fields of :class:`Hardware`; tables ``[prices]`` (joules) and ``[clock_tree]`` those
    of theirs, and ``clock_tree = false`` makes the clock free. What the file leaves out is Eyeriss at its ``b_w``
    (default: 16), but FIFOs follow the RFs (four of ifmap, one of psums), the throughput grows with PEs and clock, and
    the price of a word of the GLB follows its size (:func:`analytical.technology.sram_factor`). Prices may be in
    picojoules (``unit = "pJ"``) or, all but that of a MAC, in MACs (``unit = "MAC"``); those of ``glb`` and ``dram``
    may be apart for reads and writes, and those of ``rf`` for ``ifmap``, ``filter`` and ``psum``. Those on the chip
    that are left out, and the clock, cost what they do at ``technology_nm`` and ``vdd``, if the file says so
    (:func:`analytical.technology.scaling.scaling`); the clocks stay. ``clock_follows_array`` and
    ``ports_follow_array`` let the clock's wires and the ports' widths grow with the side of the array
    (:mod:`analytical.technology.side`). What ``about`` says is for people.
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
    given = _validated(written, path)
    table = given.get("prices", {}).pop("ert", None)
    of_table = {} if table is None else read_ert(Path(path).parent / table)
    # the width chooses the Eyeriss that fills in the rest: it is settled before all else
    stated = given.get("b_w", b_w or 16)
    if stated not in PRESETS or stated != (b_w or stated):
        expected = str(b_w) if b_w else " or ".join(str(bits) for bits in sorted(PRESETS))
        raise HardwareError(f"{path}: b_w is {stated}; expected {expected}")
    try:
        return _complete(PRESETS[stated], given, name=Path(path).stem, of_table=of_table)
    except ValueError as error:
        raise HardwareError(f"{path}: {error}") from error


def hardware_with(base: Hardware, written: dict[str, Any], *, name: str, where: str | Path) -> Hardware:
    """A hardware like another one, but for some fields, as a hardware file has them.

    What depends on them follows, as for a file: FIFOs, throughput, and the price of a word of the GLB.

    Parameters
    ----------
    base : Hardware
    written : dict
        Fields and tables of a hardware file; the width stays that of ``base``.
    name : str
        What reports call it.
    where : str or Path
        What is named where something is wrong.

    Raises
    ------
    HardwareError
        Something that is no field, or a hardware that cannot exist.

    Examples
    --------
    >>> wide = hardware_with(PRESETS[16], {"K": 28, "I_s": 24}, name="wide", where="here")
    >>> wide.pes, wide.ifmap_fifo, wide.throughput == 2 * PRESETS[16].throughput
    (336, 96, True)
    """
    given = fields_of(base, written, where)
    try:
        hardware = _complete(base, given, name=name)
    except ValueError as error:
        raise HardwareError(f"{where}: {error}") from error
    # a person who writes one file may know what a word costs there; a grid goes on to any size
    sizes = sram_read_nJ()
    of_glb = [price for price in given.get("prices", {}) if price.startswith("glb")]
    if hardware.glb_kib != base.glb_kib and not of_glb and not min(sizes) <= hardware.glb_kib <= max(sizes):
        raise HardwareError(
            f"{where}: hardware {hardware.name}: glb_kib is {hardware.glb_kib:g}; expected {min(sizes):g} to "
            f"{max(sizes):g}, the sizes for which the price of a word is known, or prices.glb"
        )
    return hardware


def fields_of(base: Hardware, written: dict[str, Any], where: str | Path) -> dict[str, Any]:
    """Fields of a hardware like another one, each of the kind that it has to be, whether or not they can be together.

    Raises
    ------
    HardwareError
        Something that is no field, or of another kind, or that another hardware cannot have.
    """
    given = _validated(written, where)
    if "ert" in given.get("prices", {}):
        raise HardwareError(f"{where}: prices.ert is there; expected it in a hardware file alone")
    if given.get("b_w", base.b_w) != base.b_w:
        raise HardwareError(f"{where}: b_w is {given['b_w']}; expected {base.b_w}, as {base.name} has")
    return given


def _validated(written: dict[str, Any], path: str | Path) -> dict[str, Any]:
    """What is written, each field of the kind that it has to be."""
    try:
        return _Hardware.model_validate(written).model_dump(exclude_none=True)
    except ValidationError as error:
        # of a field that may be a number or a table, what is wrong inside the table says more; and a misspelt key,
        # which is also one that is missing, says more than that
        first = max(error.errors(), key=lambda each: (len(each["loc"]), each["type"] == "extra_forbidden"))
        # pydantic puts the name of a type, capitalised, on the way to a field that may be of several; J, K and the like
        # are capitalised, too, and stay if the file has them
        way = [str(part) for part in first["loc"] if str(part) not in _TYPES]
        field = ".".join(part for part in way if not part[:1].isupper() or part in written)
        table = {"prices": _Prices, "clock_tree": _ClockTree}.get(str(first["loc"][0]), _Hardware)
        known = ", ".join(_PRICES_IN_TABLES if table is _Prices else table.model_fields)
        known = {"_RegisterFiles": "ifmap, filter, psum", "_Apiece": "read, write"}.get(
            str(first["loc"][-2]) if len(first["loc"]) > 1 else "", known
        )
        why = {
            "extra_forbidden": f"unknown; expected some of {known}",
            "missing": "missing; expected all of read, write",
        }.get(first["type"], _reason(first))
        raise HardwareError(f"{path}: {field} is {why}") from error


def _of_run(path: str | Path) -> dict[str, Any]:
    """The hardware that the JSON of a run keeps, without what follows from it."""
    try:
        record = parse_json(Path(path).read_text(encoding="utf-8-sig"))
        hardware = record["hardware"]
        require_seal(record, needed=needs_seal(record.get("schema")))
        written = {name: value for name, value in hardware.items() if name != "clock_W"}
    except OSError as error:
        raise HardwareError(f"{path}: cannot be read ({error.strerror}); expected {EXPECTED}") from error
    except ChangedError as error:
        raise HardwareError(f"{path}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise HardwareError(f"{path}: has no hardware; expected {EXPECTED}") from error
    # no clock tree in JSON is the free clock that TOML calls false
    return written | {"clock_tree": written.get("clock_tree") or False}


_TYPES = ("float", "int", "bool", "str", "_Apiece", "_RegisterFiles", "ClockTree")
"""Names of types that pydantic puts on the way to a field that may be of several."""

_PRICES_IN_TABLES = ("unit", "mac", "rf", "inter_pe", "glb", "dram", "ert")
"""What people write under ``[prices]``."""


def _reason(error: Any) -> str:
    name = str(error["loc"][-2 if str(error["loc"][-1]) in _TYPES else -1])
    expected = _ALTERNATIVES.get(name) or expected_of(error)
    return f"{as_written(error['input'])}; expected {expected}"


_ALTERNATIVES = {
    "glb": "a number, or a table of read and write",
    "dram": "a number, or a table of read and write",
    "rf": "a number, or a table of ifmap, filter and psum",
    "clock_tree": "a table, true or false",
}
"""What fields may be that may be of several kinds."""


def _complete(
    preset: Hardware, given: dict[str, Any], *, name: str, of_table: Mapping[str, float] | None = None
) -> Hardware:
    """What a file gives, then what its table of prices does, and Eyeriss for the rest; FIFOs and throughput follow what
    they depend on."""
    fifos = {
        "ifmap_fifo": preset.ifmap_fifo // preset.I_s * given.get("I_s", preset.I_s),
        "psum_fifo": given.get("P_s", preset.psum_fifo),
    }
    nm, vdd = given.get("technology_nm", preset.technology_nm), given.get("vdd")
    if vdd is None:
        vdd = nominal_V(nm) if "technology_nm" in given else preset.vdd
    node = energy_between((preset.technology_nm, preset.vdd), (nm, vdd))
    pes = given.get("J", preset.J) * given.get("K", preset.K)
    # an array that cannot be has no side, and is refused below
    side = side_factor(pes, preset.pes) if pes >= 1 else 1.0
    # later ones win: what the file gives stands before what follows from it
    values = {"name": name, "technology_nm": nm, "vdd": vdd} | fifos | _of_side(preset, given, side)
    values |= {key: value for key, value in given.items() if key not in _NO_FIELDS}
    # sizes that cannot be have no price, and are refused below
    kib = values.get("glb_kib", preset.glb_kib)
    of_size = sram_factor(kib) / sram_factor(preset.glb_kib) if SMALLEST <= kib <= 1 / SMALLEST else 1.0
    at_node = _at_node(preset.prices, node)
    stated = dict(of_table or {}) | _prices(given.get("prices", {}), at_node)
    prices = Prices(**(at_node | stated))
    values["prices"] = prices if any(price.startswith("glb") for price in stated) else prices.with_glb_times(of_size)
    values["clock_tree"] = _clock_tree(preset, given, node, side)
    if "throughput" not in given:
        scale = pes * values.get("core_hz", preset.core_hz) / (preset.pes * preset.core_hz)
        values["throughput"] = preset.throughput * scale
    return replace(preset, **values)


_NO_FIELDS = ("about", "clock_follows_array", "ports_follow_array")
"""What a file may say that is no field of a hardware."""


def _of_side(preset: Hardware, given: dict[str, Any], side: float) -> dict[str, Any]:
    """Widths of the ports, where they go with the side of the array."""
    if not given.get("ports_follow_array"):
        return {}
    return {name: port_bits(getattr(preset, name), preset.b_w, side) for name in NETWORK_WIDTHS}


def _clock_tree(preset: Hardware, given: dict[str, Any], node: float, side: float) -> ClockTree | None:
    """False: a free clock; true: the preset's; a table: the preset's with other constants."""
    said = given.get("clock_tree", preset.clock_tree is not None)
    if said is False:
        return None
    tree = preset.clock_tree or ClockTree()
    table = said if isinstance(said, dict) else {}
    follows: dict[str, Any] = {}
    if given.get("clock_follows_array"):
        follows["chip_side_um"] = tree.chip_side_um * side
    if node != 1.0:
        follows["scale"] = tree.scale * node
    return replace(tree, **(follows | table)) if follows or table else tree


def _at_node(prices: Prices, factor: float) -> dict[str, float]:
    """Prices of what is on the chip, in another node; DRAM is not on it."""
    return {
        name: joules if factor == 1.0 or name.startswith("dram") else joules * factor
        for name, joules in prices.record().items()
    }


def _prices(given: dict[str, Any], others: Mapping[str, float]) -> dict[str, float]:
    """The prices that a file gives, in joules, by their names in :class:`Prices`; ``others``: what they are else."""
    flat: dict[str, float] = {}
    for name, price in given.items():
        if name == "unit":
            continue
        # tables of tables: rf has its three files, and each memory its reads and writes
        inner = price if isinstance(price, dict) else {"": price}
        for part, joules in inner.items():
            where = f"{name}_{part}" if part else name
            if isinstance(joules, dict):
                flat |= {f"{where}_{action}": apiece for action, apiece in joules.items()}
            elif name == "rf" and part:
                flat |= {f"{where}_read": joules, f"{where}_write": joules}
            else:
                flat[where] = joules
    unit = given.get("unit", "J")
    pJ = 1e-12
    if unit == "MAC":
        mac = flat["mac"] * pJ if "mac" in flat else others["mac"]
        return {name: mac if name == "mac" else macs * mac for name, macs in flat.items()}
    return {name: price * (pJ if unit == "pJ" else 1.0) for name, price in flat.items()}
