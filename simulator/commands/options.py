"""What several commands of the simulator do; imported when they run, since it brings the machine."""

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.files import load_mappings
from analytical.mappings.tiling import MappingError
from analytical.network import Network
from analytical.sheet import list_names
from simulator.result import NetworkResult
from simulator.runner import HistoryObserver, run_network
from simulator.settings import Settings


def read_own_mappings(file: str | None, network: Network, hardware: Hardware) -> dict[str, EyerissMapping]:
    """A person's mappings of a network's layers, each of which fits.

    Raises
    ------
    InputError
        The file is no mapping file, names a layer that the network does not have, or a mapping does not fit.
    """
    if file is None:
        return {}
    own = load_mappings(file)
    for name, mapping in own.items():
        if name not in network.names:
            known = list_names(network.names)
            raise InputError(f"{file}: network {network.name} has no layer {name!r}; expected some of {known}")
        try:
            mapping.require_fits(network.layer(name), hardware)
        except MappingError as error:
            raise InputError(f"{file}: {error}") from error
    return own


def run_watched(settings: Settings, history: HistoryObserver | None = None) -> NetworkResult:
    """Run a network, with a progress bar where somebody watches."""
    from simulator.tables.progress import progress_bar

    with progress_bar(settings) as progress:
        return run_network(settings, progress, history=history)
