"""One convolutional or fully connected layer, in the symbols of the paper's Table I."""

from dataclasses import dataclass
from typing import Literal, get_args

LayerKind = Literal["conv", "fc"]


LARGEST = 2**31 - 1
"""Beyond any size of a layer that a machine could run."""


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


class LayerError(ValueError):
    """A layer that cannot exist; the message names the layer, the field, the value and what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """Shape and sparsity of a layer (paper, Table I).

    R, S      height and width of a filter
    H, W      height and width of the *padded* ifmap
    E, G      height and width of the ofmap
    C         channels of one filter; the ifmap has ``groups * C``
    F         filters of the layer, all groups together; channels of the ofmap
    U         stride
    pad_h, pad_w  padding on each side; may end in .5, the smaller half then stands before the data
    sparsity_ifmap  fraction of zeros in the padded ifmap
    sparsity_ofmap  fraction of zeros in the ofmap, before pooling
    batch     images a run processes unless told otherwise
    first     the network's first layer, whose ifmap (the image) moves uncompressed
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
    E: int
    G: int
    sparsity_ifmap: float = 0.0
    sparsity_ofmap: float = 0.0
    batch: int = 1
    first: bool = False

    def __post_init__(self) -> None:
        if not self.name.isprintable() or not self.name.strip():
            raise LayerError(f"layer name is {self.name!r}; expected a name of printable characters")
        if self.kind not in get_args(LayerKind):
            self._refuse("kind", self.kind, f"one of {', '.join(get_args(LayerKind))}")
        for field in ("groups", "H", "W", "C", "R", "S", "F", "U", "E", "G", "batch"):
            value = getattr(self, field)
            if not 1 <= value <= LARGEST:
                self._refuse(field, value, f"a whole number from 1 to {LARGEST}")
        for field in ("sparsity_ifmap", "sparsity_ofmap"):
            value = getattr(self, field)
            if not 0 <= value <= 1:
                self._refuse(field, value, "a fraction of zeros between 0 and 1")
        if self.F % self.groups:
            self._refuse("F", self.F, f"a multiple of the {self.groups} groups")
        for padding, size, filter_size, ofmap, axis in (
            (self.pad_h, self.H, self.R, self.E, "height"),
            (self.pad_w, self.W, self.S, self.G, "width"),
        ):
            if not 0 <= padding * 2 < size or padding * 2 != int(padding * 2):
                self._refuse("pad", padding, f"a multiple of 0.5 that leaves some of the padded {axis} of {size}")
            if filter_size > size:
                self._refuse(f"filter {axis}", filter_size, f"at most the padded ifmap's {size}")
            most = (size - filter_size) // self.U + 1
            if ofmap > most:
                self._refuse(f"ofmap {axis}", ofmap, f"at most ({size} - {filter_size}) // {self.U} + 1 = {most}")
        if self.kind == "fc" and (self.E, self.G) != (1, 1):
            self._refuse("ofmap", f"{self.E}x{self.G}", "1x1 for an fc layer")

    def _refuse(self, field: str, value: object, expected: str) -> None:
        said = f"{field} ({_IN_TABLES[field]})" if field in _IN_TABLES else field
        raise LayerError(f"layer {self.name}: {said} is {value}; expected {expected}")

    @property
    def channels(self) -> int:
        """Channels of the ifmap, all groups together."""
        return self.groups * self.C

    @property
    def filters_per_group(self) -> int:
        return self.F // self.groups

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image, zero operands included: R*S*C * E*G*F (eq 19)."""
        return self.R * self.S * self.C * self.E * self.G * self.F

    @property
    def ifmap_size(self) -> int:
        """Values of one padded ifmap."""
        return self.channels * self.H * self.W

    @property
    def ofmap_size(self) -> int:
        """Values of one ofmap."""
        return self.F * self.E * self.G
