"""Shares of weights that were published, or that a person has in a file."""

from importlib.resources import files
from pathlib import Path

from analytical.compression.transforms import CompressionError
from analytical.network import Network
from analytical.sheet import list_names, parse_sheet, read_text, real_number

DENSITIES = ("han2015",)
"""Files that ship, by name."""


def shares_kept(network: Network, source: str | Path) -> dict[str, float]:
    """The share of the weights that each layer keeps.

    Parameters
    ----------
    network : Network
        Has to have the layers of the file, and no others; of a file of several networks, those of one of them.
    source : str or Path
        One of :data:`DENSITIES`, or a CSV file with the columns ``layer`` and ``kept``, and ``network`` where it has
        several.

    Raises
    ------
    CompressionError
        The file cannot be read, has a share outside 0 to 1, or other layers than the network.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> shares_kept(load_network("alexnet"), "han2015")["C2"]
    0.38
    """
    name = str(source)
    if name in DENSITIES:
        text = files("analytical.compression").joinpath("densities", f"{name}.csv").read_text(encoding="utf-8")
    elif Path(name).suffix.lower() == ".csv":
        text = read_text(Path(name), lambda why: CompressionError(f"{name}: {why}"), "a table of layer and kept")
    else:
        raise CompressionError(f"densities is {name!r}; expected {', '.join(DENSITIES)}, or a file (.csv)")
    networks = _parse(text, name)
    layers = {*network.names}
    found = next((kept for kept in networks.values() if {*kept} == layers), None)
    if found is not None:
        return found
    # of several, the one that comes nearest says what is wrong
    nearest = max(networks.values(), key=lambda kept: len(layers & {*kept}))
    for layer in network.names:
        if layer not in nearest:
            raise CompressionError(f"{name}: layer {layer} of {network.name} is missing; expected a row for each layer")
    unknown = next(layer for layer in nearest if layer not in layers)
    raise CompressionError(
        f"{name}: network {network.name} has no layer {unknown!r}; expected some of {list_names(network.names)}"
    )


def _parse(text: str, source: str) -> dict[str, dict[str, float]]:
    """Shares by network and layer."""
    sheet = parse_sheet(text, lambda why: CompressionError(f"{source}: {why}"), "a table of layer and kept")
    for column in ("layer", "kept"):
        if column not in sheet.headings:
            raise CompressionError(f"{source}: column {column!r} is missing; expected layer and kept")
    networks: dict[str, dict[str, float]] = {}
    for where, row in sheet.rows:
        kept = networks.setdefault(row.get("network", ""), {})
        try:
            share = real_number(row["kept"])
        except ValueError:
            share = -1.0
        # written so that nan, too, is refused
        if not 0 <= share <= 1:
            raise CompressionError(f"{source}, {where}: kept is {row['kept']!r}; expected a share from 0 to 1")
        if row["layer"] in kept:
            raise CompressionError(f"{source}, {where}: layer {row['layer']} stands twice; expected it once")
        kept[row["layer"]] = share
    if not networks:
        raise CompressionError(f"{source}: no rows; expected one a layer")
    return networks
