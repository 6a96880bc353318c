"""Shares: some rows of a layer, some of its filters, or some of its channels, as layers of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.network import Network
from analytical.spans import Span
from partition.sources.base import EnergySource


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
    if not weights or not all(0 <= weight < float("inf") for weight in weights) or not sum(weights):
        raise FleetError(f"shares are {list(weights)}; expected a number of at least 0 for each device, not all 0")
    total = sum(weights)
    exact = [number * weight / total for weight in weights]
    sizes = [int(part) for part in exact]
    by_fraction = sorted(range(len(weights)), key=lambda device: (sizes[device] - exact[device], device))
    for device in by_fraction[: number - sum(sizes)]:
        sizes[device] += 1
    stops = [sum(sizes[: device + 1]) for device in range(len(sizes))]
    return [Span(stop - size, stop) for stop, size in zip(stops, sizes, strict=True)]


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
        """The share as layers: several where it has parts of groups; none where it is empty.

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
        >>> parts = Share(filters=Span(0, 8)).layers(layer)
        >>> [(part.name, part.groups, part.F) for part in parts]
        [('L/0:6', 1, 6), ('L/6:8', 1, 2)]
        >>> sum(part.macs for part in parts) * 12 == layer.macs * 8
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
        part = layer
        if self.rows is not None and self.rows.size < layer.E:
            part = _rows_of(layer, self.rows, reads or layer.unpadded)
        if self.channels is not None and self.channels.size < layer.C:
            # what it makes are psums: before they are added up and rectified, none is taken to be zero
            name = f"{part.name}/channels {self.channels}"
            part = replace(part, name=name, C=self.channels.size, sparsity_ofmap=0.0)
        if self.filters is None or self.filters.size == layer.F:
            return (part,)
        return tuple(
            replace(part, name=f"{part.name}/{filters}", groups=groups, F=filters.size)
            for filters, groups in _by_groups(layer, self.filters)
        )


class SharePrices:
    """What shares of layers cost, each kind once: of a network, many are alike.

    Parameters
    ----------
    source : EnergySource
        A share is to it what a layer is.
    hardware : Hardware
        That it prices.
    """

    def __init__(self, source: EnergySource, hardware: Hardware) -> None:
        self._source = source
        self._hardware = hardware
        self._known: dict[Layer, tuple[float, float]] = {}

    def of(self, part: Layer) -> tuple[float, float]:
        """Joules and seconds of one of :meth:`Share.layers`.

        Raises
        ------
        SourceError, MappingError
            The source has none.
        """
        alike = replace(part, name="share")
        if alike not in self._known:
            costs = self._source.costs(Network(part.name, (part,)), self._hardware)
            self._known[alike] = costs.energy_J[part.name], costs.latency_s[part.name]
        return self._known[alike]


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
