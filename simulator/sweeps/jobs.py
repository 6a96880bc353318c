"""The work of a sweep, layer by layer: what a worker process is given, and what it gives back."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings import Tiling
from analytical.sweeps.grid import Point, network_of
from simulator.machine.layer_run import run_tiling
from simulator.runner import lay_out, tensors_of
from simulator.settings import Settings
from simulator.sweeps.facts import UNPRICED, Facts
from traces.tensors import LayerTensors


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A layer that some points of a grid need.

    Attributes
    ----------
    key : bytes
        Of all that its answer depends on.
    network, layer : str
        A name or a file, and the layer's name.
    hardware : Hardware
    mapping : str
    batch : int or None
    seed : int
        As a point has them.
    """

    key: bytes
    network: str
    layer: str
    hardware: Hardware
    mapping: str
    batch: int | None
    seed: int

    @property
    def settings(self) -> Settings:
        """Which run it is a part of.

        Raises
        ------
        InputError
            One that cannot be.
        """
        return settings_of(self.network, self.hardware, self.mapping, self.batch, self.seed)


def settings_of(network: str, hardware: Hardware, mapping: str, batch: int | None, seed: int) -> Settings:
    """The run of a point, all layers of it."""
    return Settings(network=network_of(network), hardware=hardware, mapping=mapping, batch=batch, seed=seed)


def digest(*parts: Any) -> bytes:
    """What tells these from others: 16 bytes."""
    text = json.dumps(parts, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).digest()[:16]


def _plain(part: Any) -> Any:
    return part.hex() if isinstance(part, bytes) else str(part)


@lru_cache(maxsize=4096)
def layer_digest(layer: Layer) -> bytes:
    """Of all that a layer is; its name is a part, since synthetic values depend on it."""
    return digest(asdict(layer))


@lru_cache(maxsize=4096)
def hardware_digest(hardware: Hardware, without: tuple[str, ...] = ("name",)) -> bytes:
    """Of what a hardware is, but for some fields."""
    record = asdict(hardware)
    return digest({each.name: record[each.name] for each in fields(hardware) if each.name not in without})


def job_key(settings: Settings, layer: Layer) -> bytes:
    """Of all that the answer for a layer depends on, prices among it, since mappers look at them."""
    return digest(
        layer_digest(layer),
        hardware_digest(settings.hardware),
        settings.mapping,
        settings.images(layer),
        settings.seed,
        _trace_of(settings),
    )


def _trace_of(settings: Settings) -> dict[str, Any] | None:
    """What tells a network's own values from others."""
    return settings.network.trace.record() if settings.network.trace is not None else None


def jobs_of(point: Point) -> list[tuple[str, bytes]] | str:
    """Layers of a point with the keys of their jobs; or why the point cannot be."""
    if point.chip.hardware is None:
        return point.chip.reason
    try:
        settings = settings_of(point.network, point.chip.hardware, point.mapping, point.batch, point.seed)
    except InputError as error:
        return str(error)
    return [(layer.name, job_key(settings, layer)) for layer in settings.layers]


@dataclass(frozen=True, slots=True)
class Laid:
    """How a job's layer lies on its hardware: the key of its run, which other jobs may share; or why it does not."""

    job: bytes
    run: bytes | None
    reason: str = ""
    tiling: Tiling | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run said; or why there is none."""

    run: bytes
    facts: dict[str, Any] | None
    reason: str = ""


def lay(jobs: Sequence[Job]) -> list[Laid]:
    """Map the layers of some jobs."""
    return [_laid(job) for job in jobs]


def _laid(job: Job) -> Laid:
    try:
        settings = job.settings
        layer = settings.network.layer(job.layer)
        _, tiling = lay_out(settings, layer)
    except InputError as error:
        return Laid(job.key, None, str(error))
    sizes = {each.name: getattr(tiling, each.name) for each in fields(tiling)}
    for name in ("layer", "hardware", "mapping"):
        del sizes[name]
    machine = hardware_digest(job.hardware, UNPRICED)
    return Laid(job.key, digest(layer_digest(layer), machine, sizes, job.seed, _trace_of(settings)), tiling=tiling)


def run(jobs: Sequence[tuple[bytes, Job, Tiling | None]]) -> list[Ran]:
    """Run the layers of some jobs, each with the key of its run, and whole tiles if they are known; those of one layer
    share its values."""
    return [_ran(*job) for job in jobs]


def _ran(key: bytes, job: Job, tiling: Tiling | None) -> Ran:
    try:
        settings = job.settings
        layer = settings.network.layer(job.layer)
        tiling = tiling or lay_out(settings, layer)[1]
        tensors = _tensors(job.network, job.layer, job.hardware.b_w, tiling.batch, job.seed, settings)
        return Ran(key, Facts.of(run_tiling(tiling, tensors)).record())
    except (InputError, RuntimeError) as error:
        # FIFOs that cannot serve a pass are a hardware that does not work, and no fault of the program
        return Ran(key, None, str(error))


_KEPT: dict[tuple[Any, ...], LayerTensors] = {}
"""Values of the layer that this process ran last: the next job is likely to be of the same."""


def _tensors(network: str, layer: str, b_w: int, batch: int, seed: int, settings: Settings) -> LayerTensors:
    kept = (network, layer, b_w, batch, seed)
    if kept not in _KEPT:
        _KEPT.clear()
        _KEPT[kept] = tensors_of(settings, settings.network.layer(layer), batch)
    return _KEPT[kept]
