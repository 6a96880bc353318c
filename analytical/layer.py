"""One convolutional or fully connected layer, in the symbols of the paper's Table I."""

from dataclasses import dataclass
from typing import Any, Literal, NoReturn, Self, get_args

from analytical.checks import is_number, is_whole
from analytical.errors import InputError

LayerKind = Literal["conv", "fc", "pool", "add", "other"]

OPERATIONS = ("pool", "add", "other")
"""Kinds of rows that have no MACs: a pool; a sum or product of several tensors; anything else that lies between layers
and that a cut cannot divide, such as a slice."""


LARGEST = 2**31 - 1
"""Beyond any size of a layer that a machine could run."""

MOST_FILTER_BITS = 16
"""Of the widest words that a hardware has."""

WHOLE = ("groups", "H", "W", "C", "R", "S", "F", "U", "E", "G", "batch")
"""Fields that are whole numbers from 1 on."""

_IN_TABLES = {
    "H": "ifmap_padded",
    "W": "ifmap_padded_width",
    "C": "channels_per_filter",
    "R": "filter",
    "S": "filter_width",
    "F": "filters",
    "U": "stride",
    "E": "ofmap",
    "G": "ofmap_width",
    "sparsity_ifmap": "sparsity_ifmap_padded",
}
"""What layer tables call the fields, for errors."""


class LayerError(InputError):
    """A layer that cannot exist; the message names the layer, the field, the value and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """Shape and sparsity of a layer (paper, Table I).

    Attributes
    ----------
    name : str
        Unique in a network.
    kind : "conv", "fc", "pool", "add" or "other"
        A fully connected layer is a convolution whose filter is as large as its ifmap. The others are operations
        between layers, without MACs (:data:`OPERATIONS`): they make a tensor of F channels, E x G large.
    groups : int
        Groups of a grouped convolution.
    R, S : int
        Height and width of a filter.
    H, W : int
        Height and width of the *padded* ifmap.
    E, G : int
        Height and width of the ofmap.
    C : int
        Channels of one filter; the ifmap has ``groups * C``.
    F : int
        Filters of the layer, all groups together; channels of the ofmap.
    U : int
        Stride; along the width, too, unless that has its own.
    stride_width : int or None
        Stride along the width, where it is another (:attr:`V` has it in any case).
    pad_h, pad_w : float
        Padding on each side; may end in .5: the smaller half then stands before the data.
    sparsity_ifmap : float
        Fraction of zeros in the padded ifmap.
    sparsity_ofmap : float
        Fraction of zeros in the ofmap, before pooling.
    sparsity_filters : float
        Fraction of zeros in the filters.
    filter_bits : int or None
        Bits of a filter value in DRAM, where values are few enough to be numbered (a codebook); None: those of a word.
    batch : int
        Images that a run processes by default.
    first : bool
        The network's first layer, whose ifmap (the image) moves uncompressed.

    Raises
    ------
    LayerError
        A layer that cannot exist.

    See Also
    --------
    Layer.conv, Layer.fc : layers from the numbers that machine-learning frameworks use.

    Examples
    --------
    >>> Layer(name="L", H=16, W=16, C=4, R=3, S=3, F=8, E=14, G=14).macs
    56448
    """

    name: str
    kind: LayerKind = "conv"
    groups: int = 1
    H: int
    W: int
    pad_h: float = 0
    pad_w: float = 0
    C: int
    R: int
    S: int
    F: int
    U: int = 1
    stride_width: int | None = None
    E: int
    G: int
    sparsity_ifmap: float = 0.0
    sparsity_ofmap: float = 0.0
    sparsity_filters: float = 0.0
    filter_bits: int | None = None
    batch: int = 1
    first: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isprintable() or not self.name.strip():
            raise LayerError(f"layer name is {self.name!r}; expected a name of printable characters")
        if self.kind not in get_args(LayerKind):
            self._refuse("kind", self.kind, f"one of {', '.join(get_args(LayerKind))}")
        # whole numbers come first: the checks of sizes below compare and divide them
        for field in WHOLE:
            value = getattr(self, field)
            if not is_whole(value) or not 1 <= value <= LARGEST:
                self._refuse(field, value, f"a whole number from 1 to {LARGEST}")
            # NumPy's integers become Python's, which never overflow
            object.__setattr__(self, field, int(value))
        V = self.stride_width
        if V is not None and (not is_whole(V) or not 1 <= V <= LARGEST):
            self._refuse("stride_width", V, f"a whole number from 1 to {LARGEST}")
        # one way to say it, so that layers that are alike are equal
        object.__setattr__(self, "stride_width", None if V is None or V == self.U else int(V))
        bits = self.filter_bits
        if bits is not None and (not is_whole(bits) or not 1 <= bits <= MOST_FILTER_BITS):
            self._refuse("filter_bits", bits, f"a whole number from 1 to {MOST_FILTER_BITS}")
        object.__setattr__(self, "filter_bits", None if bits is None else int(bits))
        for field in ("sparsity_ifmap", "sparsity_ofmap", "sparsity_filters", "pad_h", "pad_w"):
            value = getattr(self, field)
            if not is_number(value):
                self._refuse(field, repr(value), "a number")
            if field.startswith("sparsity") and not 0 <= value <= 1:
                self._refuse(field, value, "a fraction of zeros between 0 and 1")
        if self.F % self.groups:
            self._refuse("F", self.F, f"a multiple of the {self.groups} groups")
        # height and width have the same limits
        for padding, size, filter_size, stride, ofmap, axis in (
            (self.pad_h, self.H, self.R, self.U, self.E, "height"),
            (self.pad_w, self.W, self.S, self.V, self.G, "width"),
        ):
            if not 0 <= padding * 2 < size or padding * 2 != int(padding * 2):
                self._refuse("pad", padding, f"a multiple of 0.5 that leaves some of the padded {axis} of {size}")
            if filter_size > size:
                self._refuse(f"filter {axis}", filter_size, f"at most the padded ifmap's {size}")
            windows = (size - filter_size) // stride + 1
            # what an operation makes is up to it: a pool may count windows that run over the edge
            if ofmap != windows and self.kind not in OPERATIONS:
                self._refuse(f"ofmap {axis}", ofmap, f"({size} - {filter_size}) // {stride} + 1 = {windows}")
        if self.kind == "fc" and (self.E, self.G) != (1, 1):
            self._refuse("ofmap", f"{self.E}x{self.G}", "1x1 for an fc layer")

    def _refuse(self, field: str, value: object, expected: str) -> NoReturn:
        said = f"{field} ({_IN_TABLES[field]})" if field in _IN_TABLES else field
        raise LayerError(f"layer {self.name}: {said} is {value}; expected {expected}")

    @classmethod
    def conv(
        cls,
        name: str,
        *,
        channels: int,
        size: int | tuple[int, int],
        filters: int,
        filter: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: float | tuple[float, float] = 0,
        groups: int = 1,
        **more: Any,
    ) -> Self:
        """A convolution, from the numbers that machine-learning frameworks use.

        Parameters
        ----------
        name : str
            Name of the layer.
        channels : int
            Channels of the ifmap, all groups together.
        size, filter : int or (int, int)
            Height and width of the ifmap *without* its padding, and of a filter; one number means square.
        filters : int
            Filters, all groups together.
        stride : int or (int, int)
            Stride; two numbers are those along height and width.
        padding : float or (float, float)
            Rows above and below, columns left and right; 2.5 means 2 before and 3 after.
        groups : int
            Groups of a grouped convolution.
        more
            Other fields of :class:`Layer`: sparsities, batch, first.

        Raises
        ------
        LayerError
            A layer that cannot exist.

        Examples
        --------
        >>> layer = Layer.conv("L", channels=3, size=224, filters=64, filter=3, padding=1)
        >>> layer.H, layer.E, layer.macs
        (226, 224, 86704128)
        """
        numbers = {"channels": channels, "size": size, "filters": filters, "filter": filter, "stride": stride}
        for field, value in (numbers | {"groups": groups, "padding": padding}).items():
            sides = _pair(value)
            right = is_number if field == "padding" else is_whole
            if len(sides) != 2 or not all(map(right, sides)):
                expected = "a number, or one for each side" if field == "padding" else "a whole number"
                raise LayerError(f"layer {name}: {field} is {value!r}; expected {expected}")
        (height, width), (R, S), (pad_h, pad_w) = _pair(size), _pair(filter), _pair(padding)
        H, W = height + round(2 * pad_h), width + round(2 * pad_w)
        # refused here and not by the layer, since sizes are divided first and errors should name what was given
        U, V = _pair(stride)
        for field, value in (("stride", U), ("stride", V), ("groups", groups)):
            if value < 1:
                raise LayerError(f"layer {name}: {field} is {value}; expected at least 1")
        if channels % groups:
            raise LayerError(f"layer {name}: channels is {channels}; expected a multiple of the {groups} groups")
        if R > H or S > W:
            raise LayerError(f"layer {name}: filter is {R}x{S}; expected at most the padded ifmap's {H}x{W}")
        return cls(
            name=name,
            groups=groups,
            H=H,
            W=W,
            pad_h=pad_h,
            pad_w=pad_w,
            C=channels // groups,
            R=R,
            S=S,
            F=filters,
            U=U,
            stride_width=V,
            E=(H - R) // U + 1,
            G=(W - S) // V + 1,
            **more,
        )

    @classmethod
    def fc(cls, name: str, *, inputs: int, outputs: int, **more: Any) -> Self:
        """A fully connected layer: 1x1 filters over an ifmap of one pixel.

        Parameters
        ----------
        name : str
            Name of the layer.
        inputs, outputs : int
            Values that it reads and makes, for one image.
        more
            Other fields of :class:`Layer`: sparsities, batch, first.

        Raises
        ------
        LayerError
            A layer that cannot exist.

        Examples
        --------
        >>> Layer.fc("FC", inputs=4096, outputs=1000).macs
        4096000
        """
        return cls(name=name, kind="fc", H=1, W=1, C=inputs, R=1, S=1, F=outputs, E=1, G=1, **more)

    @classmethod
    def operation(
        cls,
        name: str,
        kind: LayerKind,
        *,
        reads: tuple[int, int, int],
        makes: tuple[int, int, int],
        window: tuple[int, int] = (1, 1),
        stride: tuple[int, int] = (1, 1),
        **more: Any,
    ) -> Self:
        """An operation between layers.

        Parameters
        ----------
        name : str
            Its name.
        kind : str
            One of :data:`OPERATIONS`.
        reads, makes : (int, int, int)
            Channels, height and width of a tensor that it reads, and of the one that it makes.
        window, stride : (int, int)
            Of a pool, along height and width.
        more
            Other fields of :class:`Layer`: sparsities, batch.

        Raises
        ------
        LayerError
            One that cannot exist.

        Examples
        --------
        >>> pool = Layer.operation("P", "pool", reads=(8, 14, 14), makes=(8, 7, 7), window=(2, 2), stride=(2, 2))
        >>> pool.macs, pool.ofmap_size
        (0, 392)
        """
        (channels, H, W), (F, E, G) = reads, makes
        # rows of a table have channels and groups that divide what is made: here each channel is one of its own
        return cls(
            name=name,
            kind=kind,
            groups=channels if F % channels == 0 else 1,
            C=1 if F % channels == 0 else channels,
            H=H,
            W=W,
            R=window[0],
            S=window[1],
            F=F,
            U=stride[0],
            stride_width=stride[1],
            E=E,
            G=G,
            **more,
        )

    @property
    def V(self) -> int:
        """Stride along the width."""
        return self.stride_width or self.U

    @property
    def channels(self) -> int:
        """Channels of the ifmap, all groups together."""
        return self.groups * self.C

    @property
    def weights(self) -> int:
        """Values of all filters."""
        return self.F * self.C * self.R * self.S

    @property
    def filters_per_group(self) -> int:
        """Filters that read the same channels."""
        return self.F // self.groups

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image, zero operands included: R*S*C * E*G*F (eq 19); an operation has none."""
        if self.kind in OPERATIONS:
            return 0
        return self.R * self.S * self.C * self.E * self.G * self.F

    @property
    def unpadded(self) -> tuple[int, int]:
        """Height and width of the ifmap without its padding."""
        # twice the padding is a whole number, whichever side has the odd row
        return self.H - int(2 * self.pad_h), self.W - int(2 * self.pad_w)

    @property
    def unpadded_sparsity(self) -> float:
        """Fraction of zeros in the ifmap without its padding, which is what a cut sends.

        Examples
        --------
        >>> layer = Layer(name="L", H=4, W=4, pad_h=1, pad_w=1, C=1, R=1, S=1, F=1, E=4, G=4, sparsity_ifmap=0.8)
        >>> round(layer.unpadded_sparsity, 3)
        0.2
        """
        height, width = self.unpadded
        # the padding is all zeros; a share below what it alone makes, as rounded tables may have, leaves none inside
        padded, inner = self.H * self.W, height * width
        return max(0.0, (self.sparsity_ifmap * padded - (padded - inner)) / inner)

    @property
    def ifmap_size(self) -> int:
        """Values of one padded ifmap."""
        return self.channels * self.H * self.W

    @property
    def ofmap_size(self) -> int:
        """Values of one ofmap."""
        return self.F * self.E * self.G


def _pair(sizes: Any) -> tuple[Any, Any]:
    return sizes if isinstance(sizes, tuple) else (sizes, sizes)
