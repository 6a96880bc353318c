"""Weights that are there: pruned by magnitude, decomposed by singular values, put into codebooks."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from analytical.compression.transforms import (
    CompressionError,
    bits_by_layer,
    by_layer,
    decompose_to,
    is_reduction,
    is_share,
    quantise,
    rank_of,
    zeros_by_layer,
)
from analytical.layer import MOST_FILTER_BITS, Layer
from analytical.network import Network
from analytical.networks import load_network
from analytical.sheet import list_names

Weights = dict[str, NDArray[Any]]
"""Of each layer, by name: (F, C, R, S)."""


def read_weights(path: str | Path, network: Network) -> Weights:
    """The weights of a network's layers, from a trace or an ``.npz`` file with an array for each, by its name.

    Raises
    ------
    CompressionError
        The file cannot be read, lacks a layer, has one that the network does not, or an array of another shape.
    InputError
        A trace that cannot be read.
    """
    if Path(path).suffix.lower() == ".h5":
        traced = load_network(path)
        found = {} if traced.trace is None else weights_of_trace(traced)
    elif Path(path).suffix.lower() == ".npz":
        found = _of_npz(Path(path), network)
    else:
        raise CompressionError(f"weights is {str(path)!r}; expected a trace (.h5), or arrays by layer (.npz)")
    for name in found:
        _known_layer(path, network, name)
    for layer in network.layers:
        if layer.name not in found:
            raise CompressionError(f"{path}: layer {layer.name} is missing; expected weights of {_shape(layer)}")
        weights = found[layer.name]
        _require_shape(path, layer, weights.shape, weights.dtype)
        if not np.isfinite(weights).all():
            raise CompressionError(f"{path}: layer {layer.name} has NaN or infinities; expected finite numbers")
    return found


def _shape(layer: Layer) -> tuple[int, ...]:
    return layer.F, layer.C, layer.R, layer.S


def _known_layer(path: str | Path, network: Network, name: str) -> Layer:
    if name not in network.names:
        known = list_names(network.names)
        raise CompressionError(f"{path}: network {network.name} has no layer {name!r}; expected some of {known}")
    return network.layer(name)


def _require_shape(path: str | Path, layer: Layer, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if shape != _shape(layer) or dtype.kind not in "iuf":
        raise CompressionError(
            f"{path}: layer {layer.name} is {dtype} of {shape}; expected finite numbers of {_shape(layer)}"
        )


def _of_npz(path: Path, network: Network) -> Weights:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            # what each array says of itself, before it is unpacked: a few bytes may claim to be any number of values
            for name in arrays.files:
                with arrays.zip.open(f"{name}.npy") as file:
                    _require_shape(path, _known_layer(path, network, name), *_header_of(file))
            return {name: arrays[f"{name}.npy"] for name in arrays.files}
    except CompressionError:
        raise
    # what NumPy and zipfile raise depends on where the damage is
    except Exception as error:
        raise CompressionError(f"{path}: cannot be read ({error}); expected arrays by layer (.npz)") from error


def _header_of(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type, as an array's header has them."""
    # later versions are for names of columns, and their headers may be of any length
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array of another format than that of numbers")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return shape, dtype


def weights_of_trace(network: Network) -> Weights:
    """The filters of a network that has values."""
    if network.trace is None:
        return {}
    return {layer.name: network.trace.tensors(layer, 1).filters for layer in network.layers}


@dataclass(frozen=True, kw_only=True, slots=True)
class Decomposed:
    """What a singular value decomposition leaves of a layer's weights.

    Attributes
    ----------
    rank : int
        Of each group.
    kept_energy : float
        Share of the squares of the weights.
    relative_error : float
        Norm of what is left out, over that of the weights.
    """

    rank: int
    kept_energy: float
    relative_error: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Compressed:
    """A network that was compressed with its weights.

    Attributes
    ----------
    network : Network
    weights : dict of str to array
    decomposed : dict of str to Decomposed
        By the layer that was.
    """

    network: Network
    weights: Weights
    decomposed: Mapping[str, Decomposed]


def prune_weights(network: Network, weights: Weights, shares: float | Mapping[str, float]) -> Compressed:
    """Set the weights of least magnitude to zero.

    Parameters
    ----------
    network : Network
    weights : dict of str to (F, C, R, S)
    shares : float or mapping of str to float
        As for :func:`analytical.compression.transforms.prune`.

    Raises
    ------
    CompressionError
        A share that cannot be, or a layer that the network does not have.

    Examples
    --------
    >>> one = Network("one", (Layer.fc("FC", inputs=4, outputs=1),))
    >>> done = prune_weights(one, {"FC": np.array([3, -1, 0, -2]).reshape(1, 4, 1, 1)}, 0.5)
    >>> done.weights["FC"].ravel().tolist(), done.network.layer("FC").sparsity_filters
    ([3, 0, 0, -2], 0.5)
    """
    chosen = zeros_by_layer(network, shares)
    _require(network, weights)
    pruned = dict(weights)
    for name, share in chosen.items():
        flat = weights[name].reshape(-1).copy()
        # the least integer has no magnitude of its own
        wide = flat.astype(np.int64) if flat.dtype.kind in "iu" else flat
        # stable, so that of equals the first ones go
        order = np.argsort(np.abs(wide), kind="stable")
        flat[order[: round(share * flat.size)]] = 0
        pruned[name] = flat.reshape(weights[name].shape)
    return Compressed(network=with_shares(network, pruned), weights=pruned, decomposed={})


def _require(network: Network, weights: Weights) -> None:
    for name in network.names:
        if name not in weights:
            raise CompressionError(f"weights of layer {name} are missing; expected those of each layer")


def with_shares(network: Network, weights: Weights) -> Network:
    """The network with its weights' shares of zeros."""
    layers = tuple(
        replace(layer, sparsity_filters=1 - int(np.count_nonzero(weights[layer.name])) / layer.weights)
        for layer in network.layers
    )
    return replace(network, layers=layers, trace=None)


def decompose_weights(
    network: Network,
    weights: Weights,
    reduction: float | Mapping[str, float] | None = None,
    energy: float | Mapping[str, float] | None = None,
) -> Compressed:
    """Split layers in two by the singular values of their weights.

    Parameters
    ----------
    network : Network
    weights : dict of str to (F, C, R, S)
    reduction : float or mapping of str to float, optional
        As for :func:`analytical.compression.transforms.decompose`.
    energy : float or mapping of str to float, optional
        Share of the squares of the weights to keep, with the least rank that does.

    Raises
    ------
    CompressionError
        A number that cannot be, a layer that the network does not have, or neither of both.

    Examples
    --------
    >>> one = Network("one", (Layer.fc("FC", inputs=8, outputs=8),))
    >>> weights = np.outer(np.arange(8), np.arange(8)).reshape(8, 8, 1, 1)
    >>> done = decompose_weights(one, {"FC": weights}, energy=0.99)
    >>> done.network.names, done.decomposed["FC"].rank
    (['FCa', 'FCb'], 1)
    """
    if (reduction is None) == (energy is None):
        raise CompressionError("svd: neither or both of reduction and energy are given; expected one")
    if reduction is not None:
        expected = "a number of at least 1"
        chosen = by_layer(network, reduction, "svd", is_reduction, expected)
    else:
        chosen = by_layer(network, energy, "svd energy", lambda s: is_share(s) and s > 0, "a share above 0 and up to 1")
    _require(network, weights)
    parts: Weights = dict(weights)
    ranks, found = {}, {}
    for layer in network.layers:
        if layer.name not in chosen:
            continue
        u, s, v, scale = _by_singular_values(layer, weights[layer.name])
        # squares that are kept at each rank, all groups together
        kept = np.cumsum((s**2).sum(axis=0))
        if reduction is not None:
            rank = rank_of(layer, chosen[layer.name])
        else:
            # a share that rounding leaves a hair below all is all
            rank = int(np.searchsorted(kept, chosen[layer.name] * kept[-1] * (1 - 1e-12)) + 1)
        ranks[layer.name] = rank
        if not 0 < rank <= s.shape[1]:
            continue
        share = float(kept[rank - 1] / kept[-1]) if kept[-1] else 1.0
        found[layer.name] = Decomposed(rank=rank, kept_energy=share, relative_error=float(np.sqrt(max(0.0, 1 - share))))
        first = np.sqrt(s[:, :rank, None] * scale) * v[:, :rank]
        second = u[:, :, :rank] * np.sqrt(s[:, None, :rank] * scale)
        parts[f"{layer.name}a"] = first.reshape(-1, layer.C, layer.R, layer.S)
        parts[f"{layer.name}b"] = second.reshape(layer.F, rank, 1, 1)
    split = decompose_to(network, ranks)
    there = {name: parts[name] for name in split.names}
    decomposed = {name: said for name, said in found.items() if name not in split.names}
    return Compressed(network=with_shares(split, there), weights=there, decomposed=decomposed)


def _by_singular_values(layer: Layer, weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], float]:
    """The decomposition of each group's filters by C*R*S, over the largest weight; and that."""
    scale = float(max(abs(float(weights.max())), abs(float(weights.min())))) or 1.0
    by_group = (weights / scale).reshape(layer.groups, layer.filters_per_group, -1).astype(np.float32)
    found = np.linalg.svd(by_group, full_matrices=False)
    return found.U, found.S.astype(np.float64), found.Vh, scale


def quantise_weights(network: Network, weights: Weights, bits: int | Mapping[str, int]) -> Compressed:
    """Put weights into a codebook of each layer, by k-means; zero stays zero.

    Parameters
    ----------
    network : Network
    weights : dict of str to (F, C, R, S)
    bits : int or mapping of str to int
        As for :func:`analytical.compression.transforms.quantise`.

    Raises
    ------
    CompressionError
        A number of bits that cannot be, a layer that the network does not have; or SciPy is not there.
    """
    made = quantise(network, bits)
    _require(network, weights)
    chosen = bits_by_layer(network, bits)
    quantised = {
        name: _in_codebook(values, chosen[name]) if name in chosen else values for name, values in weights.items()
    }
    return Compressed(network=with_shares(made, quantised), weights=quantised, decomposed={})


_CLUSTERED = 1 << 16
"""Weights of a layer by which its centres are found."""


def _in_codebook(weights: NDArray[Any], bits: int) -> NDArray[Any]:
    try:
        from scipy.cluster.vq import kmeans2
    except ImportError as error:
        raise CompressionError(
            "filter bits of weights need SciPy; expected pip install scipy, or shares in place of weights"
        ) from error
    flat = weights.reshape(-1)
    kept = flat[flat != 0].astype(np.float64)
    entries = (1 << bits) - (kept.size < flat.size)
    # as many entries as a word has values are no codebook
    if bits >= MOST_FILTER_BITS or np.unique(kept).size <= entries:
        return weights
    # evenly spaced starts, as Deep Compression found best; what is empty in between stays unused. Of very many weights,
    # every so many-th in order of size says where centres lie
    ordered = np.sort(kept)
    some = ordered[:: max(1, ordered.size // _CLUSTERED)]
    starts = np.linspace(ordered[0], ordered[-1], entries)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        centres, _ = kmeans2(some, starts, minit="matrix")
    centres = np.unique(centres)
    labels = np.searchsorted((centres[1:] + centres[:-1]) / 2, kept)
    done = np.zeros(flat.size)
    done[flat != 0] = centres[labels]
    return done.reshape(weights.shape)
