"""Processors, and what parts of layers cost on each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from math import comb, gcd
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from analytical.checks import is_whole
from analytical.errors import InputError
from analytical.files import choose_hardware, hardware_beside
from analytical.files.toml import as_model, read_toml
from analytical.graph import graph_of
from analytical.hardware import Hardware
from analytical.network import Network
from analytical.spans import Span
from partition.fleet.shares import Share, SharePrices
from partition.processors.measured import cost_of_part
from partition.processors.schedules import Option
from partition.sources import ANALYTICAL, EnergySource, choose_source, source_beside
from partition.sources.file import File

MOST_OPTIONS = 20_000
"""Ways to part one layer, beyond which a search takes too long."""


class ProcessorError(InputError):
    """Processors that cannot be, or a network that cannot be parted so; the message says what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Processor:
    """One that may run layers, or parts of them.

    Attributes
    ----------
    name : str
    source : EnergySource
        What it costs there.
    hardware : Hardware
        That the source prices.
    utilisation : float
        Share of its time that others take, from 0 and below 1: what takes t alone, takes t / (1 - utilisation).
    """

    name: str
    source: EnergySource
    hardware: Hardware
    utilisation: float = 0.0

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name,
            "source": self.source.name,
            "hardware": self.hardware.name,
            "bits": self.hardware.b_w,
            "utilisation": self.utilisation,
        }


class _Processor(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1)
    source: str = ANALYTICAL
    hardware: str | None = None
    utilisation: float = Field(0.0, ge=0, lt=1)


class _Processors(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    processor: list[_Processor] = Field(min_length=1)


def load_processors(path: str | Path, **of_sources: Any) -> tuple[Processor, ...]:
    """The processors that a file describes.

    Parameters
    ----------
    path : str or Path
        TOML, with a table ``[[processor]]`` for each: ``name``; ``source``, as ``--source`` takes it (default: the
        closed forms); ``hardware``, as ``--hardware`` takes it (default: Eyeriss at 8 bit); and ``utilisation``. Files
        are looked for beside it.
    **of_sources
        As for :func:`partition.sources.choose_source`.

    Raises
    ------
    ProcessorError
        It cannot be read, or describes what cannot be.
    SourceError, HardwareError
        So does a file that it names.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "phone.toml")
    ...     _ = path.write_text('[[processor]]\\nname = "npu"\\n[[processor]]\\nname = "dsp"')
    ...     [processor.name for processor in load_processors(path)]
    ['npu', 'dsp']
    """
    written = as_model(read_toml(path, ProcessorError, "a file of processors"), _Processors, path, ProcessorError)
    found: list[Processor] = []
    for each in written.processor:
        if each.name in [processor.name for processor in found]:
            raise ProcessorError(f"{path}: two processors are called {each.name}; expected a name for each")
        try:
            found.append(
                Processor(
                    name=each.name,
                    source=choose_source(source_beside(path, each.source), **of_sources),
                    hardware=choose_hardware(hardware_beside(path, each.hardware), default_bits=8),
                    utilisation=each.utilisation,
                )
            )
        except InputError as error:
            raise ProcessorError(f"{path}: processor {each.name}: {error}") from error
    return tuple(found)


def options_of(network: Network, processors: Sequence[Processor], parts: int) -> dict[str, tuple[Option, ...]]:
    """All ways to share out each layer's filters over processors, in equal parts.

    Parameters
    ----------
    network : Network
    processors : sequence of Processor
    parts : int
        Of each layer.

    Returns
    -------
    dict of str to tuple of Option
        By layer, and by other nodes that were measured; each option's energy is that of all shares, its latency that of
        the slowest.

    Raises
    ------
    ProcessorError
        A layer's filters are not so many equal parts, or there are too many ways.
    SourceError, MappingError
        A source has no costs.
    """
    if not processors:
        raise ProcessorError("there is no processor; expected at least one")
    if not is_whole(parts) or parts < 1:
        raise ProcessorError(f"parts is {parts!r}; expected a whole number, at least 1")
    odd = next((layer for layer in network.layers if layer.F % parts), None)
    if odd is not None:
        fit = ", ".join(map(str, parts_that_fit(network)))
        raise ProcessorError(
            f"parts is {parts}, and layer {odd.name} of {network.name} has {odd.F} filters; expected one of {fit}"
        )
    if comb(parts + len(processors) - 1, parts) > MOST_OPTIONS:
        raise ProcessorError(
            f"{parts} parts on {len(processors)} processors are more than {MOST_OPTIONS:,} ways to run a layer; "
            "expected fewer parts"
        )
    costs = [costs_of_parts(network, processor, parts) for processor in processors]
    splits = list(_splits(parts, len(processors)))
    nothing = [(0.0, 0.0)] * (parts + 1)
    found = {}
    names = dict.fromkeys([*network.names, *(name for of_processor in costs for name in of_processor)])
    for name in names:
        of_node = [of_processor.get(name, nothing) for of_processor in costs]
        found[name] = tuple(
            Option(
                split,
                sum(of_node[at][part][0] for at, part in enumerate(split)),
                max(of_node[at][part][1] for at, part in enumerate(split)),
            )
            for split in splits
            # a pool is not shared out
            if name in network.names or max(split) == parts
        )
    return found


def parts_that_fit(network: Network) -> list[int]:
    """Numbers of equal parts that the filters of each layer make.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> parts_that_fit(load_network("resnet8"))
    [1, 2]
    """
    common = reduce(gcd, (layer.F for layer in network.layers))
    return [number for number in range(1, common + 1) if common % number == 0]


def _splits(parts: int, processors: int) -> Iterator[tuple[int, ...]]:
    if processors == 1:
        yield (parts,)
        return
    for first in range(parts + 1):
        for rest in _splits(parts - first, processors - 1):
            yield (first, *rest)


def costs_of_parts(network: Network, processor: Processor, parts: int) -> dict[str, list[tuple[float, float]]]:
    """Joules and seconds of none to all of so many equal parts of each layer's filters.

    A part is a layer to the source, as any; of one that has been measured, which has whole layers, it costs in
    proportion to its MACs, but where a file has parts, or latencies at several utilisations
    (:func:`partition.processors.measured.cost_of_part`). Pools and other nodes have costs where they were measured: a
    processor runs them whole.

    Parameters
    ----------
    network, processor, parts
        As for :func:`options_of`.

    Raises
    ------
    SourceError, MappingError
        The source has no costs.
    """
    if isinstance(processor.source, File):
        rows = processor.source.measurements(network, processor.hardware)
        missing = next((layer.name for layer in network.layers if layer.name not in rows), None)
        if missing is not None:
            raise ProcessorError(
                f"{processor.source.name}: layer {missing} is missing; expected all layers of {network.name}"
            )
        sizes = {layer.name: layer.F for layer in network.layers}
        return {
            name: [
                cost_of_part(
                    of_node, part * sizes.get(name, parts) // parts, sizes.get(name, parts), processor.utilisation
                )
                for part in range(parts + 1)
            ]
            for name, of_node in rows.items()
        }
    busy = 1 - processor.utilisation
    prices = SharePrices(network, processor.source, processor.hardware)
    found: dict[str, list[tuple[float, float]]] = {}
    for layer in network.layers:
        shares = [Share(filters=Span(0, layer.F * part // parts)) for part in range(parts + 1)]
        of_layer = [prices.of(layer, share) for share in shares]
        found[layer.name] = [(price.energy_J, price.latency_s / busy) for price in of_layer]
    for node in graph_of(network).nodes.values():
        if node.layer is None and (price := prices.of_node(node.name)).energy_J:
            found[node.name] = [
                (price.energy_J * at / parts, price.latency_s / busy * at / parts) for at in range(parts + 1)
            ]
    return found
