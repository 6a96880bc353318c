"""Networks by name or file: the zoo that ships with the package, and a reader for each kind of file."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from analytical.network import Network, NetworkError
from analytical.networks.table import as_table, parse_table, read_table

__all__ = ["READERS", "ZOO", "as_table", "load_network", "parse_table"]

ZOO = ("alexnet", "vgg16", "squeezenet1_1", "googlenet")
"""Networks that ship with the package, by their torchvision names."""

READERS: dict[str, Callable[[Path], Network]] = {".csv": read_table}
"""Readers of network files, by the ending of the file's name. Each takes a path and raises :class:`NetworkError`."""


def load_network(network: str | Path | Network) -> Network:
    """The network of that zoo name, or the one in the file of that path.

    Parameters
    ----------
    network : str, Path or Network
        One of :data:`ZOO`, or a file that ends as one of :data:`READERS`; a network stays what it is.

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
    if not isinstance(network, str | Path):
        # callers without a type checker
        raise NetworkError(f"network is {network!r}; expected a Network, a name or a file")
    name = str(network)
    if name in ZOO:
        return _zoo(name)
    path = Path(name)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        files_read = ", ".join(READERS)
        raise NetworkError(f"{name}: no such network; expected one of {', '.join(ZOO)}, or a file ({files_read})")
    read = reader(path)
    # a copy of a zoo table as older versions of the zoo wrote it, without edges: known by its layers, whatever its name
    edges = next((zoo.edges for zoo in map(_zoo, ZOO) if zoo.layers == read.layers), {}) if not read.edges else {}
    return replace(read, edges=edges) if edges else read


@cache
def _zoo(name: str) -> Network:
    """A network that ships, read once: networks never change, and runs, cuts and figures ask for the same ones."""
    text = files("analytical.networks").joinpath("zoo", f"{name}.csv").read_text(encoding="utf-8")
    return parse_table(text, name)
