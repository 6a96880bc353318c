"""The devices of a fleet, alike or each its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from analytical.checks import as_list, is_number
from analytical.errors import InputError
from analytical.files import choose_hardware, hardware_beside
from analytical.files.toml import as_model, read_toml
from analytical.hardware import Hardware
from analytical.sizes import memory_size
from partition.fleet.shares import FleetError
from partition.sources import EnergySource, choose_source, source_beside
from partition.units import quantity

MOST_DEVICES = 64
"""Beyond what a network has rows for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One device of a fleet.

    Attributes
    ----------
    name : str
    hardware : Hardware
        Of its accelerator.
    source : EnergySource
        What layers cost there.
    share : float
        Weight of its share.
    memory_bytes : float or None
        That it has for weights and activations; None: as much as it takes.
    idle_power_W : float or None
        While it waits; None: the link's.
    """

    name: str
    hardware: Hardware
    source: EnergySource
    share: float = 1.0
    memory_bytes: float | None = None
    idle_power_W: float | None = None

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name,
            "hardware": self.hardware.name,
            "bits": self.hardware.b_w,
            "source": self.source.name,
            "share": self.share,
            "memory_bytes": self.memory_bytes,
            "idle_power_W": self.idle_power_W,
        }


def alike(number: int, hardware: Hardware, source: EnergySource, **more: Any) -> tuple[Member, ...]:
    """So many devices of one kind.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> [member.name for member in alike(2, EYERISS_8BIT, choose_source("analytical"))]
    ['0', '1']
    """
    return tuple(Member(name=str(at), hardware=hardware, source=source, **more) for at in range(number))


def with_shares(members: Sequence[Member], shares: Sequence[float]) -> tuple[Member, ...]:
    """The same devices, with these weights.

    Raises
    ------
    FleetError
        There are not as many.
    """
    if not as_list(shares) or not all(map(is_number, as_list(shares))):
        # callers without a type checker
        raise FleetError(f"shares are {shares!r}; expected a list of numbers, one for each device")
    if len(shares) != len(members):
        said = ":".join(f"{share:g}" for share in shares)
        like = ":".join(["1"] * len(members))
        raise FleetError(f"shares are {said!r}; expected {len(members)} numbers like {like}, one for each device")
    return tuple(replace(member, share=share) for member, share in zip(members, shares, strict=True))


class _Device(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = Field(None, min_length=1)
    hardware: str | None = None
    source: str | None = None
    share: float = Field(1.0, ge=0, allow_inf_nan=False)
    memory: str | None = None
    idle_power: str | None = None


class _Devices(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    device: list[_Device] = Field(min_length=1, max_length=MOST_DEVICES)


def load_members(
    path: str | Path, source: EnergySource, hardware: Hardware, bits: int | None = None, **of_sources: Any
) -> tuple[Member, ...]:
    """The devices that a file describes.

    Parameters
    ----------
    path : str or Path
        TOML, with a table ``[[device]]`` for each: ``name`` (default: its number), ``hardware`` (as ``--hardware``),
        ``source`` (as ``--source``), ``share``, ``memory`` (``"16MB"``), ``idle_power`` (``"0.1W"``). Files are looked
        for beside it.
    source, hardware
        Of devices that state none.
    bits : int, optional
        Of a preset that has two widths.
    **of_sources
        As for :func:`partition.sources.choose_source`.

    Raises
    ------
    FleetError
        It cannot be read, or describes what cannot be.
    SourceError, HardwareError
        So does a file that it names.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from analytical.hardware import EYERISS_8BIT
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fleet.toml")
    ...     _ = path.write_text('[[device]]\\nname = "hub"\\nshare = 2\\n[[device]]\\nmemory = "16MB"')
    ...     members = load_members(path, choose_source("analytical"), EYERISS_8BIT)
    >>> [(member.name, member.share, member.memory_bytes) for member in members]
    [('hub', 2.0, None), ('1', 1.0, 16000000.0)]
    """
    written = as_model(read_toml(path, FleetError, "a file of devices"), _Devices, path, FleetError)
    found: list[Member] = []
    for at, device in enumerate(written.device):
        name = device.name or str(at)
        if name in [member.name for member in found]:
            raise FleetError(f"{path}: two devices are called {name}; expected a name for each")
        try:
            found.append(
                Member(
                    name=name,
                    hardware=hardware
                    if device.hardware is None
                    else choose_hardware(hardware_beside(path, device.hardware), bits, default_bits=8),
                    source=source
                    if device.source is None
                    else choose_source(source_beside(path, device.source), **of_sources),
                    share=device.share,
                    memory_bytes=None if device.memory is None else memory_size(device.memory, FleetError),
                    idle_power_W=None if device.idle_power is None else quantity(device.idle_power, "W"),
                )
            )
        except InputError as error:
            raise FleetError(f"{path}: device {name}: {error}") from error
    return tuple(found)
