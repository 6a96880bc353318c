"""The machine as a source of energies, whose runs are kept."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numba
import numpy as np

from analytical.hardware import Hardware
from analytical.networks import Network
from partition import graph
from partition.source import Costs
from simulator import session
from simulator.session import NetworkRun, Settings
from traces import rlc
from traces.store import read_run
from traces.tensors import synthesise


@dataclass(frozen=True, slots=True)
class Simulated:
    """The machine. What a run said is kept in ``cache``, under a name made of all that it depends on: the layers, the
    hardware, the settings, and the program itself."""

    cache: Path
    seed: int = 0
    progress: Callable[[Settings], Any] | None = None
    name: str = "simulated"

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        settings = Settings(network=network, hardware=hardware, seed=self.seed)
        path = self.cache / f"{_key(settings)}.h5"
        try:
            said, layers = read_run(path, tensors=False)
            return _costs_of(said, [dict(layer.columns) for layer in layers], hardware)
        except (ValueError, KeyError, TypeError, OSError):
            pass  # not there yet, or damaged
        results = self._run(settings)
        bits = codec_bits(settings)
        _keep(path, results.hdf5({"codec_bits": bits}))
        return _costs_of({"codec_bits": bits}, [layer.report.record() for layer in results.layers], hardware)

    def _run(self, settings: Settings) -> NetworkRun:
        if self.progress is None:
            return session.run_network(settings)
        with self.progress(settings) as told:
            return session.run_network(settings, told)


def _costs_of(said: Mapping[str, Any], layers: list[dict[str, Any]], hardware: Hardware) -> Costs:
    return Costs(
        energy_J={layer["layer"]: float(layer["energy_J"]) for layer in layers},
        latency_s={
            layer["layer"]: float(layer["total_cycles"]) / hardware.core_hz / float(layer["images"]) for layer in layers
        },
        codec_bits={name: int(bits) for name, bits in said["codec_bits"].items()},
    )


def _key(settings: Settings) -> str:
    record = settings.record() | {
        "layers": [asdict(layer) for layer in settings.network.layers],
        "wires": {name: asdict(wires) for name, wires in settings.network.wires.items()},
        "program": _program(),
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]


def _program() -> str:
    """A fingerprint of the program that a run depends on, and of what makes its numbers."""
    digest = hashlib.sha256(f"{np.__version__} {numba.__version__}".encode())
    for package in ("analytical", "traces", "simulator"):
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or []) if spec else []:
            for source in sorted(Path(root).rglob("*.py")):
                digest.update(source.read_bytes())
    for own in (__file__, graph.__file__):
        digest.update(Path(own).read_bytes())
    return digest.hexdigest()


def _keep(path: Path, content: bytes) -> None:
    """Keep a file for the next time; where that cannot be, the next time runs again."""
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()


def codec_bits(settings: Settings) -> dict[str, int]:
    """Bits that the RLC codec makes of each tensor of a run's first image, or raw bits if these are fewer."""
    b_w = settings.hardware.b_w
    wired = graph.graph_of(settings.network)
    tensors = {
        layer.name: synthesise(layer, b_w=b_w, batch=settings.images(layer), seed=settings.seed)
        for layer in settings.network.layers
    }
    bits: dict[str, int] = {}
    for name, node in wired.nodes.items():
        readers = [wired.nodes[user].layer for user in wired.consumers[name]]
        reader = next((layer for layer in readers if layer is not None), None)
        if name in (graph.IMAGE, wired.last):
            continue
        if reader is not None:
            top, left = int(reader.pad_h), int(reader.pad_w)
            rows, columns = slice(top, top + node.height), slice(left, left + node.width)
            values = tensors[reader.name].ifmap[0]
            inner = values if reader.kind == "fc" else values[:, rows, columns]
        elif node.layer is not None:
            inner = tensors[name].ofmap[0]
        else:
            bits[name] = min(node.values * b_w, sum(bits[part] for part in node.reads))
            continue
        bits[name] = min(node.values * b_w, rlc.encoded_words(inner, b_w) * rlc.WORD_BITS)
    return bits
