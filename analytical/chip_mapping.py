"""The Eyeriss chip's own row-stationary mapping: seven numbers a layer (JSSC 2017, section III and Table III)."""

from dataclasses import dataclass, fields

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mapping import MappingError


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipMapping:
    """How the chip lays a layer on its array and GLB (JSSC 2017, Table II).

    m   filters whose psums are in the GLB together
    n   images that run together
    e   ofmap rows of a PE set, its width; a set wider than the array folds
    p   filters interleaved in a PE
    q   channels interleaved in a PE
    r   PE sets in a stack that hands psums up, each with channels of its own
    t   such stacks, each with filters of its own

    A pass takes q*r channels and p*t filters over e ofmap rows of n images. The ifmap strip of these channels stays in
    the GLB while all m filters pass over it; psums of m filters stay there for all channels.
    """

    m: int
    n: int
    e: int
    p: int
    q: int
    r: int
    t: int

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) >= 1:
                raise MappingError(f"{field.name} is {getattr(self, field.name)}; expected at least 1")

    def require_fits(self, layer: Layer, hardware: Hardware) -> None:
        """Find out whether the mapping lays ``layer`` on ``hardware``: its PE array, its RFs and its GLB.

        Raises
        ------
        MappingError
            It does not; the message names the limit.
        """
        filters = layer.filters_per_group
        stacks = stacks_of_array(layer.R, self.e, self.r, hardware)
        glb = self.strip_words(layer) + self.psum_words(layer)
        banks = sum(-(-words // hardware.glb_bank_words) for words in (self.strip_words(layer), self.psum_words(layer)))
        for name, value, most, limit in (
            ("p", self.p, hardware.P_s, "words of the psum RF"),
            ("q*S", self.q * layer.S, hardware.I_s, "words of the ifmap RF"),
            ("p*q*S", self.p * self.q * layer.S, hardware.f_s, "words of the filter RF"),
            ("e", self.e, layer.E, "ofmap rows"),
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
        return layer.H if self.e == layer.E else layer.U * (self.e - 1) + layer.R

    def strip_words(self, layer: Layer) -> int:
        """Ifmap words in the GLB: n strips of q*r channels."""
        return self.n * min(self.q * self.r, layer.C) * self.strip_rows(layer) * layer.W

    def psum_words(self, layer: Layer) -> int:
        """Psum words in the GLB: n strips of m filters."""
        return self.n * min(self.m, layer.filters_per_group) * self.e * layer.G


def stacks_of_array(R: int, e: int, r: int, hardware: Hardware) -> int:
    """Stacks of ``r`` PE sets, of R rows and ``e`` columns each, that fit the array. A set that is too wide folds into
    segments, and so does its stack: one above the other.

    >>> from analytical.hardware import EYERISS_16BIT
    >>> [stacks_of_array(R, e, r, EYERISS_16BIT) for R, e, r in ((11, 7, 1), (5, 27, 1), (3, 13, 1), (3, 13, 2))]
    [2, 1, 4, 2]
    """
    high = hardware.J // R // r
    segments = -(-e // hardware.K)
    return high * (hardware.K // e) if segments == 1 else high // segments


def banks_of_glb(hardware: Hardware) -> int:
    """Banks of the GLB for ifmap and psums. Each is wholly one type; a GLB of less than two is shared by words."""
    return max(2, -(-hardware.glb_words // hardware.glb_bank_words))
