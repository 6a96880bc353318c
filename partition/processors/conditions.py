"""Conditions: how busy each processor is, and what the channel is like; one as a monitor records it, or a grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from analytical.files.json import read_json
from analytical.files.toml import as_model, read_toml
from partition.channel import Channel
from partition.processors.processor import Processor, ProcessorError
from partition.radios import radio_of
from partition.units import UnitError

MOST_CONDITIONS = 20_000
"""Of a grid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """What a schedule runs under.

    Attributes
    ----------
    utilisation : dict of str to float
        Share of its time that others take of each processor, by its name; of those that have no entry, what their file
        says.
    channel : Channel or None
        To the cloud; None: there is none.
    """

    utilisation: dict[str, float]
    channel: Channel | None = None

    def on(self, processors: Sequence[Processor]) -> tuple[Processor, ...]:
        """The processors, as busy as they are now."""
        return tuple(
            replace(each, utilisation=self.utilisation.get(each.name, each.utilisation)) for each in processors
        )

    def record(self) -> dict[str, Any]:
        """As JSON has it, and as a monitor's record is read."""
        channel = self.channel
        said: dict[str, Any] = {"utilisation": self.utilisation}
        return said | (
            {} if channel is None else {"bitrate_bps": channel.bitrate_bps, "tx_power_W": channel.tx_power_W}
        )


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    utilisation: dict[str, float] = Field(default_factory=dict)
    bitrate_bps: float | None = Field(None, gt=0)
    tx_power_W: float | None = Field(None, ge=0)


class _Grid(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    utilisation: dict[str, list[float]] = Field(default_factory=dict)
    bitrate: list[str | float] = Field(default_factory=list)
    tx_power: str | float | None = None


def load_condition(path: str | Path, processors: Sequence[Processor], **of_channel: Any) -> Condition:
    """What a resource monitor recorded.

    Parameters
    ----------
    path : str or Path
        JSON: ``{"utilisation": {"npu": 0.5}, "bitrate_bps": 8e7, "tx_power_W": 0.78}``; each may be left out, the last
        two together.
    processors : sequence of Processor
        Those that it may name.
    **of_channel
        Other fields of :class:`partition.channel.Channel`.

    Raises
    ------
    ProcessorError
        It cannot be read, or says what cannot be.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "now.json")
    ...     _ = path.write_text('{"bitrate_bps": 8e7, "tx_power_W": 0.78}')
    ...     load_condition(path, []).channel.bitrate_bps
    80000000.0
    """
    said = read_json(path, ProcessorError, "a record (.json)")
    written = as_model(said, _Record, path, ProcessorError)
    _require_shares(path, {name: [share] for name, share in written.utilisation.items()}, processors)
    if (written.bitrate_bps is None) != (written.tx_power_W is None):
        given, other = ("bitrate_bps", "tx_power_W") if written.tx_power_W is None else ("tx_power_W", "bitrate_bps")
        raise ProcessorError(f"{path}: {given} stands without {other}; expected both, or neither")
    channel = None
    if written.bitrate_bps is not None and written.tx_power_W is not None:
        try:
            channel = Channel(bitrate_bps=written.bitrate_bps, tx_power_W=written.tx_power_W, **of_channel)
        except UnitError as error:
            raise ProcessorError(f"{path}: {error}") from error
    return Condition(utilisation=written.utilisation, channel=channel)


def load_grid(path: str | Path, processors: Sequence[Processor], **of_channel: Any) -> list[Condition]:
    """All conditions of a grid, the last list's first.

    Parameters
    ----------
    path : str or Path
        TOML: a table ``[utilisation]`` with a list of shares for each processor's name, ``bitrate`` with a list of bit
        rates or radios, and ``tx_power``; each may be left out.
    processors, of_channel
        As for :func:`load_condition`.

    Raises
    ------
    ProcessorError
        It cannot be read, or says what cannot be.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "grid.toml")
    ...     _ = path.write_text('bitrate = ["10Mbps", "wifi"]\\ntx_power = "0.78W"')
    ...     [condition.channel.bitrate_bps for condition in load_grid(path, [])]
    [10000000.0, 80000000.0]
    """
    written = as_model(read_toml(path, ProcessorError, "a grid of conditions"), _Grid, path, ProcessorError)
    _require_shares(path, written.utilisation, processors)
    if written.tx_power is not None and not written.bitrate:
        raise ProcessorError(f"{path}: tx_power stands without bitrate; expected both, or neither")
    channels: list[Channel | None] = [None]
    if written.bitrate:
        try:
            radios = [radio_of(bitrate, written.tx_power) for bitrate in written.bitrate]
        except UnitError as error:
            raise ProcessorError(f"{path}: bitrate or tx_power: {error}") from error
        channels = [
            Channel(bitrate_bps=radio.bitrate_bps, tx_power_W=radio.tx_power_W, **of_channel) for radio in radios
        ]
    names = [each.name for each in processors if each.name in written.utilisation]
    number = len(channels)
    for name in names:
        number *= len(written.utilisation[name])
    if not 1 <= number <= MOST_CONDITIONS:
        raise ProcessorError(f"{path}: has {number:,} conditions; expected 1 to {MOST_CONDITIONS:,}")
    return [
        Condition(utilisation=dict(zip(names, shares, strict=True)), channel=channel)
        for shares in product(*(written.utilisation[name] for name in names))
        for channel in channels
    ]


def _require_shares(path: str | Path, of: dict[str, list[float]], processors: Sequence[Processor]) -> None:
    names = [each.name for each in processors]
    for name, shares in of.items():
        if name not in names:
            raise ProcessorError(f"{path}: utilisation has {name!r}; expected some of {', '.join(names)}")
        for share in shares:
            # a nan is in no range
            if not 0 <= share < 1:
                raise ProcessorError(f"{path}: utilisation of {name} is {share}; expected a share from 0, below 1")
