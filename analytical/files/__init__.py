"""Files that people write, read with one line for what is wrong in them; its modules alone import pydantic here."""

from importlib.resources import as_file, files
from pathlib import Path

from analytical.hardware import CHIPS, PRESETS, Hardware
from analytical.technology import HardwareError

CHIP_NAMES = (*CHIPS, "eyeriss-28nm", "isca16-256", "array-32x32")
"""Names of hardware that ships: in code, or as files in ``chips/``, which say what they rest on."""

EXPECTED = f"{', '.join(CHIP_NAMES)}, a hardware file (.toml), or the JSON of a run"
"""What may name a hardware."""


def choose_hardware(
    hardware: Hardware | str | Path | None, bits: int | None = None, default_bits: int = 16
) -> Hardware:
    """The hardware of that name or file.

    Parameters
    ----------
    hardware : Hardware, str, Path or None
        One of :data:`CHIP_NAMES`, a hardware file (.toml), or the JSON of a run; a hardware stays
        what it is; None: Eyeriss.
    bits : int, optional
        Bits of a word that it must have.
    default_bits : int
        Of Eyeriss, where neither a hardware nor ``bits`` are given.

    Raises
    ------
    HardwareError
        There is no such hardware, its file says what cannot be, or it has other bits.

    Examples
    --------
    >>> choose_hardware("eyeriss-8bit").b_w, choose_hardware(None, bits=8).name
    (8, 'eyeriss-8bit')
    """
    if isinstance(hardware, Hardware):
        return _of_width(hardware, bits)
    if hardware is not None and not isinstance(hardware, str | Path):
        # callers without a type checker
        raise HardwareError(f"hardware is {hardware!r}; expected a Hardware, or {EXPECTED}")
    if hardware is None:
        if bits is not None and bits not in PRESETS:
            raise HardwareError(f"bits is {bits!r}; expected {' or '.join(map(str, sorted(PRESETS)))}")
        return PRESETS[bits or default_bits]
    # names that ship come before files of the same name
    if str(hardware) in CHIPS:
        return _of_width(CHIPS[str(hardware)], bits)
    from analytical.files.hardware import load_hardware  # pydantic takes its time to import, and few runs need it

    if str(hardware) in CHIP_NAMES:
        with as_file(files("analytical.files").joinpath(f"chips/{hardware}.toml")) as shipped:
            return load_hardware(shipped, bits)
    return load_hardware(hardware, bits)


def hardware_beside(file: str | Path, said: str | None) -> str | None:
    """What a file calls a hardware, for :func:`choose_hardware`: files are looked for in its folder.

    Examples
    --------
    >>> hardware_beside("chips/fleet.toml", "eyeriss-8bit"), hardware_beside("chips/fleet.toml", "small.toml")
    ('eyeriss-8bit', 'chips/small.toml')
    """
    return str(Path(file).parent / said) if said is not None and Path(said).suffix else said


def _of_width(hardware: Hardware, bits: int | None) -> Hardware:
    if bits is not None and hardware.b_w != bits:
        raise HardwareError(f"hardware {hardware.name}: b_w is {hardware.b_w}; expected {bits}")
    return hardware
