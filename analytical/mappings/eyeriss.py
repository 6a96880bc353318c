"""The Eyeriss chip's own row-stationary mapping: a few numbers a layer (JSSC 2017, section III and Table III)."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any

from analytical.checks import is_whole
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.tiling import MappingError, Tiling, divide_glb
from analytical.traffic import Repetitions, repeated_by


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class EyerissMapping:
    """How the chip lays a layer on its array and GLB (JSSC 2017, Table II).

    A pass takes q*r channels and p*t filters over e ofmap rows of n images. The ifmap strip of these channels stays in
    the GLB while all m filters pass over it; psums of m filters stay there for all channels.

    Attributes
    ----------
    m : int
        Filters whose psums are in the GLB together.
    n : int
        Images that run together.
    e : int
        Ofmap rows of a PE set, its width; a set wider than the array folds.
    p, q : int
        Filters and channels interleaved in a PE.
    r : int
        PE sets in a stack that hands psums up, each with channels of its own.
    t : int
        Such stacks, each with filters of its own.
    g : int or None
        Ofmap columns of a tile; None: the whole width, as in all mappings that are published. What VGG-16 was measured
        with had column tiles (``docs/silicon.md``).

    Raises
    ------
    MappingError
        A number that is not whole, or below 1.

    Examples
    --------
    >>> EyerissMapping(m=64, n=4, e=13, p=16, q=3, r=2, t=2).record()["q"]
    3
    """

    m: int
    n: int
    e: int
    p: int
    q: int
    r: int
    t: int
    g: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.default is None:
                continue
            if not is_whole(value) or value < 1:
                raise MappingError(f"{field.name} is {value!r}; expected a whole number, at least 1")

    def __repr__(self) -> str:
        return f"EyerissMapping({', '.join(f'{symbol}={number}' for symbol, number in self.record().items())})"

    def record(self) -> dict[str, Any]:
        """The numbers as files keep them, without that of column tiles where there is one of the whole width."""
        return {symbol: number for symbol, number in asdict(self).items() if number is not None}

    def tiling(self, layer: Layer, hardware: Hardware, batch: int) -> Tiling:
        """The tiles of a layer.

        Parameters
        ----------
        layer : Layer
        hardware : Hardware
        batch : int
            Images of the run; at most n of them run together.

        Raises
        ------
        MappingError
            The mapping does not fit the hardware.
        """
        # refused, not shrunk: a mapping that a person or a paper states is run as it stands or not at all
        self.require_fits(layer, hardware)
        return divide_glb(
            Tiling(
                layer=layer,
                hardware=hardware,
                mapping=self,
                S_pass=self.r * self.t,
                C_set=self.q,
                z=min(self.q * self.r, layer.C),
                f=min(self.p * self.t, layer.filters_per_group),
                m=min(self.m, layer.filters_per_group),
                y_i=self.strip_rows(layer),
                y_o=self.e,
                X_o=self.columns(layer),
                Y_o=self.e,
                N=min(batch, self.n),
                batch=batch,
            )
        )

    def exact_steps(self, tiling: Tiling, closed: Repetitions) -> Iterator[tuple[str, Repetitions]]:
        """See :meth:`analytical.mappings.LayerMapping.exact_steps`: at once to what this mapping's closed forms would
        be, fractions of passes, each strip a block of its own.
        """
        del closed  # nothing of it stays
        layer, batch = tiling.layer, tiling.batch
        filters = layer.filters_per_group
        z = min(self.q * self.r, layer.C)
        channel_passes = Fraction(layer.C, z)
        # psums of a strip stay for all channels, and nothing of its ifmap for the next: strips are row blocks
        strips = Fraction(layer.E, self.e)
        tiles = Fraction(layer.G, self.columns(layer))
        rows = strips * self.strip_rows(layer)
        yield (
            "another mapping",
            Repetitions(
                channel_passes=channel_passes,
                hops=channel_passes * (layer.R * -(-z // self.q) - 1),
                filter_passes=Fraction(layer.F, min(self.p * self.t, filters)),
                ifmap_fetches=Fraction(layer.F, min(self.m, filters)),
                strips=strips,
                row_blocks=strips,
                strip_rows=rows,
                fetched_rows=rows,
                column_tiles=tiles,
                ifmap_columns=tiles * self.ifmap_columns(layer),
                image_batches=Fraction(batch, min(batch, self.n)),
            ),
        )

    def whole_repetitions(self, tiling: Tiling) -> Repetitions:
        """See :meth:`analytical.mappings.LayerMapping.whole_repetitions`: its tiles are whole from the start."""
        return repeated_by(tiling)

    def require_fits(self, layer: Layer, hardware: Hardware) -> None:
        """Find out whether the mapping lays ``layer`` on ``hardware``: its PE array, its RFs and its GLB.

        Raises
        ------
        MappingError
            It does not; the message names the limit.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> layer = Layer(name="L", C=48, H=15, W=15, R=3, S=3, F=40, E=13, G=13)
        >>> mapping = EyerissMapping(m=40, n=1, e=13, p=30, q=2, r=1, t=1)
        >>> mapping.require_fits(layer, EYERISS_16BIT)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        analytical.mappings.tiling.MappingError: layer L ... p is 30; expected at most the 24 words of the psum RF
        """
        filters = layer.filters_per_group
        stacks = stacks_of_array(layer.R, self.e, self.r, hardware)
        glb = self.strip_words(layer) + self.psum_words(layer)
        # ifmap and psums may fit by words and yet not by banks, none of which holds both
        banks = sum(-(-words // hardware.glb_bank_words) for words in (self.strip_words(layer), self.psum_words(layer)))
        # the first limit that is exceeded is named: RFs, the layer's own sizes, the array, then the GLB
        for name, value, most, limit in (
            ("p", self.p, hardware.P_s, "words of the psum RF"),
            ("q*S", self.q * layer.S, hardware.I_s, "words of the ifmap RF"),
            ("p*q*S", self.p * self.q * layer.S, hardware.f_s, "words of the filter RF"),
            ("e", self.e, layer.E, "ofmap rows"),
            ("g", self.columns(layer), layer.G, "ofmap columns"),
            ("r", self.r, -(-layer.C // self.q), "sets that the channels fill"),
            ("t", self.t, -(-filters // self.p), "sets that the filters fill"),
            ("r", self.r, hardware.J // layer.R, "sets that fit the PE array one above the other"),
            ("t", self.t, stacks, "stacks of sets that fit the PE array"),
            ("p*t", min(self.p * self.t, filters), self.m, "filters m"),
            ("words of ifmap and psums", glb, hardware.glb_words, "words of the GLB"),
            ("banks of ifmap and psums", banks, banks_of_glb(hardware), "banks of the GLB"),
        ):
            if value > most:
                be = "are" if " " in name else "is"
                raise MappingError(
                    f"layer {layer.name} cannot be mapped so: {name} {be} {value}; expected at most the {most} {limit}"
                )

    def strip_rows(self, layer: Layer) -> int:
        """Ifmap rows of a strip; all of them, if it is as high as the ofmap."""
        # as in the closed forms, rows that no window needs move with the others
        return layer.H if self.e == layer.E else layer.U * (self.e - 1) + layer.R

    def columns(self, layer: Layer) -> int:
        """Ofmap columns of a tile."""
        return layer.G if self.g is None else self.g

    def ifmap_columns(self, layer: Layer) -> int:
        """Columns of the padded ifmap under a tile; all of them, if it is as wide as the ofmap."""
        return columns_under(layer, self.columns(layer))

    def strip_words(self, layer: Layer) -> int:
        """Ifmap words in the GLB: n strips of q*r channels, as wide as a tile needs."""
        return self.n * min(self.q * self.r, layer.C) * self.strip_rows(layer) * self.ifmap_columns(layer)

    def psum_words(self, layer: Layer) -> int:
        """Psum words in the GLB: n strips of m filters, e rows high and as wide as a tile."""
        return self.n * min(self.m, layer.filters_per_group) * self.e * self.columns(layer)


def columns_under(layer: Layer, columns: int) -> int:
    """Columns of the padded ifmap under a tile of so many ofmap columns; all of them under the whole width.

    Examples
    --------
    >>> layer = Layer.conv("L", channels=3, size=224, filters=64, filter=3, padding=1)
    >>> columns_under(layer, 112), columns_under(layer, 224)
    (114, 226)
    """
    # as with rows, columns that no window needs move with the others
    return layer.W if columns == layer.G else layer.V * (columns - 1) + layer.S


def stacks_of_array(R: int, e: int, r: int, hardware: Hardware) -> int:
    """Stacks of ``r`` PE sets, of R rows and ``e`` columns each, that fit the array. A set that is too wide folds into
    segments, and so does its stack: one above the other.

    Parameters
    ----------
    R : int
        Rows of a filter, and of a set.
    e : int
        Ofmap rows, and columns of a set before it folds.
    r : int
        Sets of a stack.
    hardware : Hardware

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> [stacks_of_array(R, e, r, EYERISS_16BIT) for R, e, r in ((11, 7, 1), (5, 27, 1), (3, 13, 1), (3, 13, 2))]
    [2, 1, 4, 2]
    """
    # AlexNet's C2 has sets of 5 x 27 PEs on 12 x 14: two segments, one above the other, and no room for a second set
    high = hardware.J // R // r
    segments = -(-e // hardware.K)
    return high * (hardware.K // e) if segments == 1 else high // segments


def banks_of_glb(hardware: Hardware) -> int:
    """Banks of the GLB for ifmap and psums. Each is wholly one type; a GLB of less than two is shared by words.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> banks_of_glb(EYERISS_16BIT)
    25
    """
    return max(2, -(-hardware.glb_words // hardware.glb_bank_words))
