"""What several commands of the simulator share."""

from typing import Any

import click

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.mappings.eyeriss import EyerissMapping
from analytical.mappings.files import load_mappings
from analytical.mappings.tiling import MappingError
from analytical.network import Network
from analytical.terminal.errors import CHECK_FAILED
from simulator.result import NetworkResult
from simulator.runner import run_network
from simulator.settings import Settings


class Percent(click.ParamType[float]):
    """A share like 2%."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share, as a number."""
        if isinstance(value, float):
            return value
        try:
            share = float(value.strip().removesuffix("%")) / 100
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1e6:
            self.fail(f"{value!r}; expected a share like 2%", param, ctx)
        return share


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
            known = ", ".join(network.names)
            raise InputError(f"{file}: network {network.name} has no layer {name!r}; expected some of {known}")
        try:
            mapping.require_fits(network.layer(name), hardware)
        except MappingError as error:
            raise InputError(f"{file}: {error}") from error
    return own


def run_watched(settings: Settings) -> NetworkResult:
    """Run a network, with a progress bar where somebody watches."""
    from simulator.tables.progress import progress_bar

    with progress_bar(settings) as progress:
        return run_network(settings, progress)


def fail_if_any(found: list[str], what: str) -> int:
    """Say on standard error what a check found; the exit status."""
    for line in found:
        click.echo(f"{what}: {line}", err=True)
    return CHECK_FAILED if found else 0
