"""Shares: some rows of a layer, some of its filters, or some of its channels, as layers of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytical.checks import is_number
from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.network import Network
from analytical.spans import Span
from partition.costs import Costs
from partition.sources.base import EnergySource, knows_shares


class FleetError(InputError):
    """Devices or shares that cannot be; the message says which, and what was expected."""


def share_out(number: int, weights: Sequence[float]) -> list[Span]:
    """So many things shared out by weights, in order: what is whole of each share, and the rest one by one to the
    largest fractions, of equals to the first.

    Parameters
    ----------
    number : int
    weights : sequence of float
        Of each device, none below zero, not all zero.

    Raises
    ------
    FleetError
        Weights that cannot be.

    Examples
    --------
    >>> [str(span) for span in share_out(13, [1, 1, 1, 1])], [span.size for span in share_out(6, [1] * 8)]
    (['0:4', '4:7', '7:10', '10:13'], [1, 1, 1, 1, 1, 1, 0, 0])
    """
    # not finite: nan compares with nothing, and so is not within
    known = all(is_number(weight) and 0 <= weight < float("inf") for weight in weights)
    if not weights or not known or not 0 < sum(weights) < float("inf"):
        raise FleetError(f"shares are {list(weights)}; expected a number of at least 0 for each device, not all 0")
    total = sum(weights)
    exact = [number * weight / total for weight in weights]
    sizes = [int(part) for part in exact]
    by_fraction = sorted(range(len(weights)), key=lambda device: (sizes[device] - exact[device], device))
    for device in by_fraction[: number - sum(sizes)]:
        sizes[device] += 1
    stops = [sum(sizes[: device + 1]) for device in range(len(sizes))]
    return [Span(stop - size, stop) for stop, size in zip(stops, sizes, strict=True)]


class Piece(NamedTuple):
    """A layer that is a part of another, and where.

    Attributes
    ----------
    layer : Layer
        The part.
    ifmap : (array of int, slice)
        Channels and rows of the whole layer's padded ifmap that are its own.
    filters : (slice, slice)
        Filters, and channels of them.
    ofmap : (slice, slice)
        Channels and rows of the whole layer's ofmap that it makes, or makes psums of.
    """

    layer: Layer
    ifmap: tuple[NDArray[np.int64], slice]
    filters: tuple[slice, slice]
    ofmap: tuple[slice, slice]


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A part of a layer.

    Attributes
    ----------
    rows : Span or None
        Of its ofmap; None: all.
    filters : Span or None
        Over all groups; None: all.
    channels : Span or None
        Of each filter; None: all. The psums of a share of the channels are to be added to those of the others.
    """

    rows: Span | None = None
    filters: Span | None = None
    channels: Span | None = None

    def layers(self, layer: Layer, reads: tuple[int, int] | None = None) -> tuple[Layer, ...]:
        """The share as layers: several where it has parts of groups; none where it is empty (:meth:`pieces`, without
        where they are)."""
        return tuple(piece.layer for piece in self.pieces(layer, reads))

    def pieces(self, layer: Layer, reads: tuple[int, int] | None = None) -> tuple[Piece, ...]:
        """The share as layers, and where in the whole layer they are: several where it has parts of groups; none where
        it is empty.

        Parameters
        ----------
        layer : Layer
            Whose shares of zeros its parts have, too.
        reads : (int, int), optional
            Height and width of what it reads, which lies in the middle of its padded ifmap; default: its ifmap without
            the padding.

        Raises
        ------
        FleetError
            It is beyond the layer.

        Examples
        --------
        >>> layer = Layer.conv("L", channels=8, size=13, filters=12, filter=3, padding=1, groups=2)
        >>> pieces = Share(filters=Span(0, 8)).pieces(layer)
        >>> [(piece.layer.name, piece.layer.groups, piece.layer.F, str(piece.ofmap[0])) for piece in pieces]
        [('L/0:6', 1, 6, 'slice(0, 6, None)'), ('L/6:8', 1, 2, 'slice(6, 8, None)')]
        >>> sum(piece.layer.macs for piece in pieces) * 12 == layer.macs * 8
        True
        """
        for name, span, size in (
            ("rows", self.rows, layer.E),
            ("filters", self.filters, layer.F),
            ("channels", self.channels, layer.C),
        ):
            if span is not None and not 0 <= span.start <= span.stop <= size:
                raise FleetError(f"layer {layer.name}: share has {name} {span}; expected some of 0:{size}")
            if span is not None and not span.size:
                return ()
        part, rows = layer, self.rows or Span(0, layer.E)
        if rows.size < layer.E:
            part = _rows_of(layer, rows, reads or layer.unpadded)
        channels = self.channels or Span(0, layer.C)
        if channels.size < layer.C:
            # what it makes are psums: before they are added up and rectified, none is taken to be zero
            part = replace(part, name=f"{part.name}/channels {channels}", C=channels.size, sparsity_ofmap=0.0)
        filters_of_all = self.filters or Span(0, layer.F)
        whole = filters_of_all.size == layer.F
        found = []
        for filters, groups in [(filters_of_all, layer.groups)] if whole else _by_groups(layer, filters_of_all):
            first = filters.start // layer.filters_per_group
            of_groups = [group * layer.C + np.arange(*channels) for group in range(first, first + groups)]
            found.append(
                Piece(
                    layer=part
                    if whole
                    else replace(part, name=f"{part.name}/{filters}", groups=groups, F=filters.size),
                    ifmap=(np.concatenate(of_groups), slice(rows.start * layer.U, rows.start * layer.U + part.H)),
                    filters=(filters.slice, channels.slice),
                    ofmap=(filters.slice, rows.slice),
                )
            )
        return tuple(found)


def shares_of(part: NDArray[np.bool_]) -> list[Share]:
    """A part of a layer's ofmap, (filters, rows), as shares: runs of rows of runs of filters."""
    rows, filters = _runs(np.asarray(part.any(axis=0))), _runs(np.asarray(part.any(axis=1)))
    return [Share(rows=of_rows, filters=of_filters) for of_rows in rows for of_filters in filters]


def _runs(there: NDArray[np.bool_]) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [Span(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


class Price(NamedTuple):
    """What a share costs.

    Attributes
    ----------
    energy_J, latency_s : float
        For one image.
    active_pes : int or None
        PEs that work on it, where the source knows.
    """

    energy_J: float
    latency_s: float
    active_pes: int | None = None


class SharePrices:
    """What shares of a network's layers cost, each kind once: of a network, many are alike.

    Parameters
    ----------
    network : Network
        Whose shares.
    source : EnergySource
        A share is to it what a layer is; but to one that knows whole layers alone
        (:func:`partition.sources.base.knows_shares`), of which shares cost in proportion to their MACs.
    hardware : Hardware
        That it prices.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> from analytical.networks import load_network
    >>> from partition.sources import choose_source
    >>> network = load_network("alexnet")
    >>> prices = SharePrices(network, choose_source("analytical"), EYERISS_8BIT)
    >>> half = prices.of(network.layer("C3"), Share(filters=Span(0, 192)))
    >>> f"{half.energy_J * 1e3:.3f} mJ"
    '0.622 mJ'
    """

    def __init__(self, network: Network, source: EnergySource, hardware: Hardware) -> None:
        self._network = network
        self._source = source
        self._hardware = hardware
        self._known: dict[Layer, Price] = {}
        self._whole: Costs | None = None

    def of(self, layer: Layer, share: Share, reads: tuple[int, int] | None = None) -> Price:
        """A share of a layer; ``reads`` as for :meth:`Share.layers`.

        Raises
        ------
        SourceError, MappingError
            The source has no costs.
        """
        prices = [self._part(layer, part) for part in share.layers(layer, reads)]
        known = [price.active_pes for price in prices if price.active_pes is not None]
        return Price(
            sum(price.energy_J for price in prices), sum(price.latency_s for price in prices), max(known, default=None)
        )

    def of_node(self, node: str) -> Price:
        """What somebody has measured of a pool, or another node that is no layer; otherwise nothing."""
        if knows_shares(self._source):
            return Price(0.0, 0.0)
        costs = self._costs()
        return Price(costs.energy_J.get(node, 0.0), costs.latency_s.get(node, 0.0))

    def _part(self, layer: Layer, part: Layer) -> Price:
        if not knows_shares(self._source):
            costs, of = self._costs(), part.macs / layer.macs
            return Price(costs.energy_J[layer.name] * of, costs.latency_s[layer.name] * of)
        alike = replace(part, name="share")
        if alike not in self._known:
            costs = self._source.costs(Network(part.name, (part,)), self._hardware)
            self._known[alike] = Price(
                costs.energy_J[part.name], costs.latency_s[part.name], costs.active_pes.get(part.name)
            )
        return self._known[alike]

    def _costs(self) -> Costs:
        if self._whole is None:
            self._whole = self._source.costs(self._network, self._hardware)
        return self._whole


def _rows_of(layer: Layer, rows: Span, reads: tuple[int, int]) -> Layer:
    """Rows of an ofmap, of the ifmap rows under them: of the padding only what is among these, and the rest as full of
    zeros as the layer's ifmap is inside."""
    inner_height, inner_width = reads
    inner, padded = inner_height * inner_width, layer.H * layer.W
    zeros = max(0.0, (layer.sparsity_ifmap * padded - (padded - inner)) / inner)
    top, height = (layer.H - inner_height) // 2, (rows.size - 1) * layer.U + layer.R
    first = rows.start * layer.U
    inside = max(0, min(first + height, top + inner_height) - max(first, top))
    return replace(
        layer,
        name=f"{layer.name}/rows {rows}",
        E=rows.size,
        H=height,
        pad_h=0,
        sparsity_ifmap=1 - (1 - zeros) * inside * inner_width / (height * layer.W),
    )


def _by_groups(layer: Layer, filters: Span) -> list[tuple[Span, int]]:
    """Filters as whole groups, which stay together, and what is left of the groups at either end."""
    of_group = layer.filters_per_group
    first, last = -(-filters.start // of_group), filters.stop // of_group
    if first > last:
        return [(filters, 1)]
    parts = [
        (Span(filters.start, first * of_group), 1),
        (Span(first * of_group, last * of_group), last - first),
        (Span(last * of_group, filters.stop), 1),
    ]
    return [(span, groups) for span, groups in parts if span.size]
