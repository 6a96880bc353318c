"""The machine as a source of energies, whose runs are kept."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analytical.graph import IMAGE, Graph, graph_of
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import RuleSet
from analytical.network import Network
from partition.costs import Costs
from simulator.cache import Cache
from simulator.provenance import program
from simulator.result import LayerResult, NetworkResult
from simulator.runner import run_network
from simulator.settings import Settings
from traces import rlc
from traces.store import read_hdf5
from traces.tensors import LayerTensors


@dataclass(frozen=True, slots=True)
class Simulated:
    """The machine. What a run said is kept in ``cache``, under a name made of all that it depends on: the layers, the
    hardware, the settings, and the program itself.

    Attributes
    ----------
    cache : Path
        The folder; made when it is needed.
    seed : int
        Of the synthetic values.
    progress : callable, optional
        Makes a context for a run that says whom to tell of its progress.
    rules : RuleSet or str
        Whose rules the mapping goes by.
    name : str
        What the source is called.
    """

    cache: Path
    seed: int = 0
    progress: Callable[[Settings], Any] | None = None
    rules: RuleSet | str = RuleSet.CORRECTED
    name: str = "simulated"

    def costs(self, network: Network, hardware: Hardware) -> Costs:
        """See :meth:`partition.sources.base.EnergySource.costs`: from the cache, or by a run that goes there.

        Raises
        ------
        InputError
            The network cannot run on the hardware (:class:`MappingError`), or has no graph (:class:`GraphError`).
        """
        settings = Settings(network=network, hardware=hardware, rules=self.rules, seed=self.seed)
        kept, name = Cache(self.cache), f"{_key(settings)}.h5"
        try:
            said, layers = read_hdf5(kept.path(name), tensors=False)
            costs = _costs_of(said, [dict(layer.columns) for layer in layers], hardware)
            _require_all(costs, settings.layers, graph_of(network), hardware.b_w)
            kept.asked(name)
            return costs
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, ZeroDivisionError, OSError):
            pass  # not there yet, or damaged
        # the codec needs values, which a run does not keep: it watches the run
        codec = CodecBits(graph_of(network), hardware.b_w)
        result = self._run(settings, codec)
        # the result is complete before it is kept: a cache that cannot be written costs time, but no answer
        bits = codec.bits()
        kept.keep(name, result.hdf5({"codec_bits": bits}))
        return _costs_of({"codec_bits": bits}, [layer.record() for layer in result], hardware)

    def _run(self, settings: Settings, codec: "CodecBits") -> NetworkResult:
        if self.progress is None:
            return run_network(settings, observe=codec)
        with self.progress(settings) as told:
            return run_network(settings, told, observe=codec)


def _costs_of(said: Mapping[str, Any], layers: list[dict[str, Any]], hardware: Hardware) -> Costs:
    return Costs(
        energy_J={layer["layer"]: float(layer["energy_J"]) for layer in layers},
        latency_s={
            layer["layer"]: float(layer["total_cycles"]) / hardware.core_hz / float(layer["images"]) for layer in layers
        },
        codec_bits={name: int(bits) for name, bits in said["codec_bits"].items()},
        active_pes={layer["layer"]: int(layer["active_pes"]) for layer in layers},
    )


def _require_all(costs: Costs, layers: Sequence[Layer], graph: Graph, b_w: int) -> None:
    """Refuse what a file in the cache says where it cannot be: then the run is made again.

    Raises
    ------
    ValueError
        A layer or a tensor is missing, or one that is not the network's is there; a number is none that a run has.
    """
    names = [layer.name for layer in layers]
    tensors = {name: node for name, node in graph.nodes.items() if name not in (IMAGE, graph.last)}
    whole = (
        all([*by_layer] == names for by_layer in (costs.energy_J, costs.latency_s, costs.active_pes))
        and all(0 < number < math.inf for table in (costs.energy_J, costs.latency_s) for number in table.values())
        and all(pes >= 1 for pes in costs.active_pes.values())
        and [*costs.codec_bits] == [*tensors]
        and all(0 <= costs.codec_bits[name] <= node.values * b_w for name, node in tensors.items())
    )
    if not whole:
        raise ValueError("no costs of the network's layers")


def _key(settings: Settings) -> str:
    """The name of a run in the cache: a digest of all that its figures depend on."""
    record = settings.record() | {
        "layers": [asdict(layer) for layer in settings.network.layers],
        "edges": {name: asdict(edges) for name, edges in settings.network.edges.items()},
        "image": settings.network.image,
        # the program, and what this module makes of a run
        "program": program() + hashlib.sha256(Path(__file__).read_bytes()).hexdigest(),
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]


class CodecBits:
    """Bits that the RLC codec makes of each tensor of a run's first image, or raw bits if these are fewer.

    Shown each layer with its values while they are there (:data:`simulator.runner.Observer`). A tensor's values are
    those of the unpadded ifmap of the first layer that reads it, as its sparsity is; or, where none does, those of the
    ofmap that the layer before it made; or, of a concatenation that only pools read, those of its parts.

    Parameters
    ----------
    graph : Graph
        The network whose layers run.
    b_w : int
        Bits of a value.
    """

    def __init__(self, graph: Graph, b_w: int) -> None:
        self._graph = graph
        self._b_w = b_w
        self._bits: dict[str, int] = {}
        self._reader = {name: self._first_reader(name) for name in graph.nodes}

    def __call__(self, result: LayerResult, tensors: LayerTensors) -> None:
        layer = result.run.layer
        for name, reader in self._reader.items():
            if reader is not None and reader.name == layer.name:
                self._bits[name] = self._coded(name, self._unpadded(name, layer, tensors.ifmap[0]))
        # no layer reads this one's tensor as it is: it is the last, or pools and concatenations read it
        if self._reader[layer.name] is None:
            self._bits[layer.name] = self._coded(layer.name, tensors.ofmap[0])

    def bits(self) -> dict[str, int]:
        """Bits by node, but for the image and the result."""
        found: dict[str, int] = {}
        for name, node in self._graph.nodes.items():
            if name in (IMAGE, self._graph.last):
                continue
            # nodes come after those that they read, so that a concatenation finds its parts
            whole = self._bits.get(name)
            raw = node.values * self._b_w
            # the image, as a part of a concatenation, is coded by nobody
            found[name] = min(raw, sum(found.get(part, raw) for part in node.reads)) if whole is None else whole
        return found

    def _first_reader(self, name: str) -> Layer | None:
        readers = (self._graph.nodes[user].layer for user in self._graph.consumers[name])
        return next((layer for layer in readers if layer is not None), None)

    def _unpadded(self, name: str, reader: Layer, ifmap: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        # a fully connected layer has no padding, and its ifmap may be what it reads, flattened
        if reader.kind == "fc":
            return ifmap
        node, top, left = self._graph.nodes[name], int(reader.pad_h), int(reader.pad_w)
        return ifmap[:, top : top + node.height, left : left + node.width]

    def _coded(self, name: str, values: np.ndarray[Any, Any]) -> int:
        # as the channel has it (partition.channel.tensor_bits): coded, or raw if that is less
        raw = self._graph.nodes[name].values * self._b_w
        return min(raw, rlc.encoded_words(values, self._b_w) * rlc.WORD_BITS)
