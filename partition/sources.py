"""Energy sources: the closed forms, the machine, and files."""

import csv
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

import partition.graph
from analytical.closed_forms import latency_s
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.model import estimate
from analytical.networks import Network
from partition.source import Costs, EnergySource, SourceError

if TYPE_CHECKING:
    from simulator.session import NetworkRun, Settings

ANALYTICAL, SIMULATED = "analytical", "simulated"

LARGEST = 1e15
"""Beyond any cost of a layer."""

Progress = Callable[[Layer], Callable[[int], None]]
"""Asked at each layer's start whom to tell of its MACs."""


@dataclass(frozen=True, slots=True)
class Analytical:
    """CNNergy's closed forms, and the latency of its throughput."""

    name: str = ANALYTICAL

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        return Costs(
            energy_J={layer.name: estimate(layer, hardware).energy.total for layer in network.layers},
            latency_s={layer.name: latency_s(layer, hardware) for layer in network.layers},
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """A file: a table (.csv) with the columns layer, energy_J and, if known, latency_s, both for one image; or a run
    that ``python -m simulator run`` wrote (.csv, .json, .h5), with its cycles. Without latencies, those of the closed
    forms stand in."""

    name: str

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        rows = self._table() if Path(self.name).suffix.lower() == ".csv" else self._run(hardware)
        names = [layer.name for layer in network.layers]
        energy, latency = {}, {}
        for where, row in rows:
            layer = str(row.get("layer"))
            if layer not in names:
                raise self._error(f"{where}layer is {layer!r}", f"layers of {network.name}: {', '.join(names)}")
            if layer in energy:
                raise self._error(f"{where}layer {layer} stands twice", "each layer once")
            energy[layer] = self._number(row, "energy_J", where)
            if row.get("latency_s") not in (None, ""):
                latency[layer] = self._number(row, "latency_s", where)
            elif row.get("total_cycles") and row.get("images"):
                cycles, images = (self._number(row, column, where) for column in ("total_cycles", "images"))
                latency[layer] = cycles / hardware.core_hz / max(1.0, images)
        missing = [name for name in names if name not in energy]
        if missing:
            raise self._error(f"layer {missing[0]} is missing", f"all layers of {network.name}")
        return Costs(
            energy_J=energy,
            latency_s={layer.name: latency.get(layer.name, latency_s(layer, hardware)) for layer in network.layers},
        )

    def _table(self) -> list[tuple[str, Mapping[str, Any]]]:
        try:
            with Path(self.name).open(newline="", encoding="utf-8-sig") as file:
                table = csv.DictReader(file)
                for column in ("layer", "energy_J"):
                    if column not in (table.fieldnames or []):
                        raise self._error(
                            f"column {column!r} is missing", "columns layer, energy_J and maybe latency_s"
                        )
                return [(f"row {number}: ", row) for number, row in enumerate(table, start=2)]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise self._error(f"cannot be read ({reason})", "a table of layers and joules") from error

    def _run(self, hardware: Hardware) -> list[tuple[str, Mapping[str, Any]]]:
        from traces.store import read_record

        try:
            record = read_record(Path(self.name))
            rows: list[tuple[str, Mapping[str, Any]]] = [("", dict(layer)) for layer in record["layers"]]
            ran_on = record["hardware"]
        except OSError as error:
            raise self._error(f"cannot be read ({error.strerror})", "a source of energies") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._error(
                "is no run of the simulator", f"{ANALYTICAL}, {SIMULATED}, or a .csv, .json or .h5"
            ) from error
        if ran_on != json.loads(json.dumps(hardware.record())):
            of = f"{ran_on.get('name')}, {ran_on.get('b_w')} bit" if isinstance(ran_on, dict) else "no hardware"
            raise self._error(
                f"is a run on {of}", f"one on {hardware.name}, {hardware.b_w} bit, as here (--bits, --hardware)"
            )
        return rows

    def _number(self, row: Mapping[str, Any], column: str, where: str) -> float:
        try:
            value = float(row.get(column))  # type: ignore[arg-type]  # what is no number is refused
        except (TypeError, ValueError):
            value = math.nan
        if not 0 <= value <= LARGEST:
            raise self._error(f"{where}{column} is {row.get(column)!r}", f"a number from 0 to {LARGEST:g}")
        return value

    def _error(self, has: str, expected: str) -> SourceError:
        return SourceError(f"{self.name}: {has}; expected {expected}")


@dataclass(frozen=True, slots=True)
class Simulated:
    """The machine. What a run said is kept in ``cache``, under a name made of all that it depends on: the layers, the
    hardware, the settings, and the program itself."""

    cache: Path
    seed: int = 0
    progress: "Callable[[Settings], Any] | None" = None
    name: str = SIMULATED

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        from simulator.session import Settings
        from traces.store import read_run

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

    def _run(self, settings: "Settings") -> "NetworkRun":
        from simulator.session import run_network

        if self.progress is None:
            return run_network(settings)
        with self.progress(settings) as told:
            return run_network(settings, told)


def _costs_of(said: Mapping[str, Any], layers: list[dict[str, Any]], hardware: Hardware) -> Costs:
    return Costs(
        energy_J={layer["layer"]: float(layer["energy_J"]) for layer in layers},
        latency_s={
            layer["layer"]: float(layer["total_cycles"]) / hardware.core_hz / float(layer["images"]) for layer in layers
        },
        codec_bits={name: int(bits) for name, bits in said["codec_bits"].items()},
    )


def _key(settings: "Settings") -> str:
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
    for own in (__file__, partition.graph.__file__):
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


def default_cache() -> Path:
    """Where runs are kept unless told otherwise."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        folder = Path(tempfile.gettempdir())  # who has no home
    return folder / "eyeriss-neupart"


def codec_bits(settings: "Settings") -> dict[str, int]:
    """Bits that the RLC codec makes of each tensor of a run's first image, or raw bits if these are fewer."""
    from partition.graph import IMAGE, graph_of
    from traces import rlc
    from traces.tensors import synthesise

    b_w = settings.hardware.b_w
    graph = graph_of(settings.network)
    tensors = {
        layer.name: synthesise(layer, b_w=b_w, batch=settings.images(layer), seed=settings.seed)
        for layer in settings.network.layers
    }
    bits: dict[str, int] = {}
    for name, node in graph.nodes.items():
        readers = [graph.nodes[user].layer for user in graph.consumers[name]]
        reader = next((layer for layer in readers if layer is not None), None)
        if name in (IMAGE, graph.last):
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


def choose_source(
    said: str, cache: Path | None, seed: int, progress: "Callable[[Settings], Any] | None"
) -> EnergySource:
    """The source of that name, or the file."""
    match said:
        case "analytical":
            return Analytical()
        case "simulated":
            return Simulated(cache or default_cache(), seed, progress)
        case _:
            return Measured(said)
