"""Networks with fewer weights, smaller ones, or layers in two parts, from the numbers that papers state."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from analytical.checks import is_number, is_whole
from analytical.counts import exact
from analytical.errors import InputError
from analytical.layer import MOST_FILTER_BITS, Layer
from analytical.network import Edges, Network
from analytical.sheet import list_names


class CompressionError(InputError):
    """A compression that cannot be; the message says which number or layer, and what was expected."""


KINDS = ("conv", "fc")
"""What may stand for all layers of a kind."""


def prune(network: Network, shares: float | Mapping[str, float]) -> Network:
    """The network with zeros among its weights.

    Parameters
    ----------
    network : Network
        Values of a trace do not come along: :func:`analytical.compression.weights.prune_weights` prunes those.
    shares : float or mapping of str to float
        Share of the weights that become zero: one for all layers, or one for each name of a layer or kind (``conv``,
        ``fc``); a name comes before a kind, and layers without either stay as they are. Zeros that are there already
        are among them.

    Returns
    -------
    Network
        With ``sparsity_filters`` of its layers.

    Raises
    ------
    CompressionError
        A share outside 0 to 1, or a layer that the network does not have.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> pruned = prune(load_network("alexnet"), {"conv": 0.6, "fc": 0.9, "C1": 0.16})
    >>> [pruned.layer(name).sparsity_filters for name in ("C1", "C2", "FC6")]
    [0.16, 0.6, 0.9]
    """
    chosen = zeros_by_layer(network, shares)
    return _each(
        network,
        lambda layer: (
            replace(layer, sparsity_filters=max(layer.sparsity_filters, float(chosen[layer.name])))
            if layer.name in chosen
            else layer
        ),
    )


def quantise(network: Network, bits: int | Mapping[str, int]) -> Network:
    """The network with weights of fewer bits, which number the entries of a codebook of each layer.

    Parameters
    ----------
    network : Network
    bits : int or mapping of str to int
        Bits of a weight in DRAM, for all layers or by name or kind, as for :func:`prune`; 2 for ternary weights, 1 for
        binary ones.

    Returns
    -------
    Network
        With ``filter_bits`` of its layers.

    Raises
    ------
    CompressionError
        No number of bits from 1 to 16, or a layer that the network does not have.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> quantise(load_network("alexnet"), {"conv": 8, "fc": 5}).layer("FC6").filter_bits
    5
    """
    chosen = bits_by_layer(network, bits)
    return _each(
        network, lambda layer: replace(layer, filter_bits=int(chosen[layer.name])) if layer.name in chosen else layer
    )


def decompose(network: Network, reduction: float | Mapping[str, float]) -> Network:
    """The network with layers in two parts, as a singular value decomposition of their weights makes them.

    A layer ``N`` of F filters becomes ``Na``, with d filters of its size, and ``Nb``, with F filters of 1x1. No ReLU is
    between them: what ``Na`` makes has no zeros (``fmap_code = "best"`` keeps the code from making it longer).

    Parameters
    ----------
    network : Network
    reduction : float or mapping of str to float
        By how much the weights become fewer, at least 1; for all layers or by name or kind, as for :func:`prune`. The
        rank is d = floor(F C R S / (s (C R S + F))), of each group. Layers that would not shrink stay whole.

    Returns
    -------
    Network
        Weights of the parts are dense, whatever those of the layer were.

    Raises
    ------
    CompressionError
        A reduction below 1, a layer that the network does not have, or a part's name that another layer has.

    Examples
    --------
    >>> from analytical.networks import load_network
    >>> parts = decompose(load_network("alexnet"), {"fc": 6.27})
    >>> parts.names[-2:], parts.layer("FC8a").F, parts.layer("FC8b").C
    (['FC8a', 'FC8b'], 128, 128)
    """
    chosen = by_layer(network, reduction, "svd", is_reduction, "a number of at least 1")
    ranks = {layer.name: rank_of(layer, float(chosen[layer.name])) for layer in network.layers if layer.name in chosen}
    return decompose_to(network, ranks)


def rank_of(layer: Layer, reduction: float) -> int:
    """The rank at which a layer's weights become fewer by that factor; 0 where there is none.

    Examples
    --------
    >>> rank_of(Layer.fc("FC", inputs=100, outputs=100), 5)
    10
    """
    inputs, outputs = layer.C * layer.R * layer.S, layer.filters_per_group
    # exact: where the quotient is a whole number, a float may fall below it
    return int(Fraction(outputs * inputs) / (exact(float(reduction)) * (inputs + outputs)))


def decompose_to(network: Network, ranks: Mapping[str, int]) -> Network:
    """As :func:`decompose`, with ranks by layer; layers that would not shrink stay whole.

    Raises
    ------
    CompressionError
        A part's name that another layer has.
    """
    split = {
        layer.name: (a, b)
        for layer in network.layers
        if layer.name in ranks and (parts := _parts(layer, ranks[layer.name])) is not None
        for a, b in [parts]
    }
    if not split:
        return replace(network, trace=None)
    taken = {row.name for row in (*network.layers, *network.operations)}
    for name, parts in split.items():
        for part in parts:
            if part.name in taken:
                raise CompressionError(
                    f"network {network.name}: layer {name} cannot become {parts[0].name} and {parts[1].name}, since "
                    f"there is a layer {part.name}; expected names that leave these free"
                )

    def end(name: str) -> str:
        return split[name][1].name if name in split else name

    edges: dict[str, Edges] = {}
    for name, read in network.edges.items():
        edges[split[name][0].name if name in split else name] = replace(read, inputs=tuple(map(end, read.inputs)))
    for a, b in split.values():
        # also where it would read the layer before it anyway: that may be none of its own
        edges[b.name] = Edges(inputs=(a.name,))
    layers = tuple(part for layer in network.layers for part in split.get(layer.name, (layer,)))
    # a layer that said nothing read the one before it, which may now end in another
    return replace(network, layers=layers, edges=edges, heads=tuple(map(end, network.heads)), trace=None)


def _parts(layer: Layer, rank: int) -> tuple[Layer, Layer] | None:
    inputs, outputs = layer.C * layer.R * layer.S, layer.filters_per_group
    if rank < 1 or rank * (inputs + outputs) >= inputs * outputs:
        return None
    first = replace(layer, name=f"{layer.name}a", F=rank * layer.groups, sparsity_ofmap=0.0, sparsity_filters=0.0)
    return first, Layer(
        name=f"{layer.name}b",
        kind=layer.kind,
        groups=layer.groups,
        H=layer.E,
        W=layer.G,
        C=rank,
        R=1,
        S=1,
        F=layer.F,
        E=layer.E,
        G=layer.G,
        sparsity_ofmap=layer.sparsity_ofmap,
        filter_bits=layer.filter_bits,
        batch=layer.batch,
    )


def by_layer(
    network: Network, numbers: Any, what: str, is_right: Callable[[Any], bool], expected: str
) -> dict[str, Any]:
    """A number for each layer that has one, by its name.

    Parameters
    ----------
    network : Network
    numbers : number or mapping of str to number
        One for all layers, or by name or kind.
    what, expected : str
        For errors.
    is_right : callable
        Says of a number whether it can be.

    Raises
    ------
    CompressionError
        A number that cannot be, or a layer that the network does not have.
    """
    given = numbers if isinstance(numbers, Mapping) else dict.fromkeys(KINDS, numbers)
    for name, number in given.items():
        where = f" of {name}" if isinstance(numbers, Mapping) else ""
        if not is_right(number):
            raise CompressionError(f"{what}{where} is {number!r}; expected {expected}")
        if name not in KINDS and name not in network.names:
            known = list_names([*KINDS, *network.names])
            raise CompressionError(f"{what}: network {network.name} has no layer {name!r}; expected some of {known}")
    return {
        layer.name: given[layer.name if layer.name in given else layer.kind]
        for layer in network.layers
        if layer.name in given or layer.kind in given
    }


def zeros_by_layer(network: Network, shares: float | Mapping[str, float]) -> dict[str, float]:
    """What :func:`prune` sets to zero, by :func:`by_layer`."""
    return by_layer(network, shares, "prune", is_share, "a share of zeros from 0 to 1")


def bits_by_layer(network: Network, bits: int | Mapping[str, int]) -> dict[str, int]:
    """What :func:`quantise` takes weights to, by :func:`by_layer`."""
    expected = f"a whole number of bits from 1 to {MOST_FILTER_BITS}"
    return by_layer(network, bits, "filter bits", lambda n: is_whole(n) and 1 <= n <= MOST_FILTER_BITS, expected)


def _each(network: Network, change: Callable[[Layer], Layer]) -> Network:
    return replace(network, layers=tuple(map(change, network.layers)), trace=None)


def is_share(number: Any) -> bool:
    """Whether a number is a share."""
    return is_number(number) and bool(0 <= number <= 1)


def is_reduction(number: Any) -> bool:
    """Whether weights can become fewer by that factor."""
    return is_number(number) and bool(1 <= number < float("inf"))
