"""Networks by name or file: the zoo that ships with the package, and a reader for each kind of file."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

from analytical.network import Network, NetworkError
from analytical.networks.table import as_table, parse_table, read_table

__all__ = ["READERS", "TRACES", "ZOO", "as_table", "load_network", "parse_table"]

ZOO = ("alexnet", "vgg16", "squeezenet1_1", "googlenet")
"""Networks that ship with the package, by their torchvision names."""

TRACES = ("resnet8",)
"""Networks that ship with values of their layers: trained, and run on a real picture."""


class HasNetwork(Protocol):
    """What stands for a network that it has, such as a :class:`traces.trace.Trace`."""

    @property
    def network(self) -> Network:
        """It."""


def _read_trace(path: Path) -> Network:
    # by its name, and only for a trace: what reads one needs more than the model does
    network: Network = import_module("traces.trace").read_network(path)
    return network


def _refuse_model(path: Path) -> Network:
    raise NetworkError(
        f"{path}: a model is imported first; expected python -m traces import {path} --image PICTURE "
        f"--preprocess imagenet --out {path.stem}.h5, and {path.stem}.h5 here"
    )


READERS: dict[str, Callable[[Path], Network]] = {".csv": read_table, ".h5": _read_trace}
"""Readers of network files, by the ending of the file's name. Each takes a path and raises :class:`InputError`."""


def load_network(network: str | Path | Network | HasNetwork) -> Network:
    """The network of that zoo name, or the one in the file of that path.

    Parameters
    ----------
    network : str, Path, Network or Trace
        One of :data:`ZOO` or :data:`TRACES`, or a file that ends as one of :data:`READERS`; a network stays what it is.

    Raises
    ------
    NetworkError
        Neither a name nor a file of a kind that is read, or a file that cannot be read or holds no network.

    Examples
    --------
    >>> load_network("alexnet").names
    ['C1', 'C2', 'C3', 'C4', 'C5', 'FC6', 'FC7', 'FC8']
    """
    if isinstance(network, Network):
        return network
    # a trace stands for its network
    of_trace = getattr(network, "network", None)
    if isinstance(of_trace, Network):
        return of_trace
    if not isinstance(network, str | Path):
        # callers without a type checker
        raise NetworkError(f"network is {network!r}; expected a Network, a name or a file")
    name = str(network)
    if name in (*ZOO, *TRACES):
        return _zoo(name)
    path = Path(name)
    reader = _refuse_model if path.suffix.lower() == ".onnx" else READERS.get(path.suffix.lower())
    if reader is None:
        known, files_read = ", ".join((*ZOO, *TRACES)), ", ".join(READERS)
        raise NetworkError(f"{name}: no such network; expected one of {known}, or a file ({files_read})")
    read = reader(path)
    # a copy of a zoo table as older versions of the zoo wrote it, without edges: known by its layers, whatever its name
    edges = next((zoo.edges for zoo in map(_zoo, ZOO) if zoo.layers == read.layers), {}) if not read.edges else {}
    return replace(read, edges=edges) if edges else read


@cache
def _zoo(name: str) -> Network:
    """A network that ships, read once: networks never change, and runs, cuts and figures ask for the same ones."""
    if name in TRACES:
        # a trace reads its values when they are asked for, from a folder of the package
        with as_file(files("analytical.networks").joinpath("zoo", f"{name}.h5")) as path:
            return _read_trace(path)
    text = files("analytical.networks").joinpath("zoo", f"{name}.csv").read_text(encoding="utf-8")
    return parse_table(text, name)
