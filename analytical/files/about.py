"""What hardware that ships is, how far it is trusted, and what its constants rest on."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from analytical.files import CHIP_NAMES, choose_hardware
from analytical.files.toml import parse_toml
from analytical.hardware import CHIPS, Hardware
from analytical.technology import HardwareError


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a hardware that ships is.

    Attributes
    ----------
    hardware : Hardware
    what : str
        In one line.
    trust : str
        How far it is trusted.
    rests_on : dict of str to str
        Sources of its constants, by what they are.
    """

    hardware: Hardware
    what: str
    trust: str
    rests_on: dict[str, str]


def about(name: str) -> About:
    """What a hardware that ships is.

    Parameters
    ----------
    name : str
        One of :data:`analytical.files.CHIP_NAMES`.

    Raises
    ------
    HardwareError
        There is no such hardware.

    Examples
    --------
    >>> about("isca16-256").hardware.pes, sorted(about("isca16-256").rests_on)
    (256, ['J', 'K', 'glb_kib', 'prices', 'rf'])
    """
    if name not in CHIP_NAMES:
        raise HardwareError(f"chip is {name!r}; expected {', '.join(CHIP_NAMES)}")
    said = _said("about")[name] if name in CHIPS else _said(name)["about"]
    return About(
        hardware=choose_hardware(name), what=said["what"], trust=said["trust"], rests_on=dict(said["rests_on"])
    )


@cache
def _said(file: str) -> dict[str, Any]:
    path = files("analytical.files").joinpath(f"chips/{file}.toml")
    return parse_toml(path.read_text(encoding="utf-8"), f"{file}.toml", HardwareError)
