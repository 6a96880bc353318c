"""What is sent, and what sending costs (section VI, eqs 24-25)."""

import re
from dataclasses import dataclass

from analytical.checks import is_number
from analytical.errors import InputError
from analytical.graph import IMAGE, Graph, Node
from analytical.hardware import Hardware

PIXEL_BITS = 8
"""Bits of a pixel's colour before JPEG, whatever the width of the accelerator's words."""

JPEG_VALUE_BITS = 8 * (1 + 3 / 5)
"""Bits of a nonzero JPEG coefficient: the paper takes its 8-bit run-length code for the image, too."""

MEDIAN_SPARSITY_IN = 0.608
"""Median share of zeros in a JPEG image of quality 90 (Q2 of section VIII-A)."""


class UnitError(InputError):
    """A quantity that cannot be read; the message says what was given and what was expected."""


_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "m": 1e-3, "u": 1e-6}
_UNITS = {
    "bps": ("kMG", 1.0, 1e15, "a bit rate like 60Mbps"),
    "W": ("mu", 1e-9, 1e6, "a power like 0.5W"),
    "s": ("mu", 1e-9, 1e6, "a time like 50ms"),
    "J": ("mu", 1e-12, 1e6, "an energy like 3mJ"),
}
"""For each unit the prefixes that it is used with, the least and most that make sense, and an example."""

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"


def parse_quantity(text: str, unit: str) -> float:
    """A positive quantity with a unit, in SI units without prefix.

    Parameters
    ----------
    text : str
        A number, maybe a prefix, and the unit: ``"60Mbps"``. Spaces may stand around each of number and unit.
    unit : str
        Which is expected: ``"bps"``, ``"W"``, ``"s"`` or ``"J"``.

    Raises
    ------
    UnitError
        It is not one, or it is too small or too large to make sense.

    Examples
    --------
    >>> parse_quantity("60Mbps", "bps"), parse_quantity("780 mW", "W")
    (60000000.0, 0.78)
    """
    prefixes, least, most, example = _UNITS[unit]
    match = re.fullmatch(rf"\s*({_NUMBER})\s*([{prefixes}]?){unit}\s*", text)
    # what does not match becomes 0, which is below the least of every unit, so that one test refuses both
    value = float(match[1]) * _PREFIXES[match[2]] if match else 0.0
    if not least <= value <= most:
        raise UnitError(f"{text!r}; expected {example}, from {least:g} to {most:g} {unit}")
    return value


def quantity(said: str | float, unit: str) -> float:
    """A quantity with a unit as text, or a number in SI units; checked.

    Parameters
    ----------
    said : str or float
        ``"60Mbps"``, or ``60e6``.
    unit : str
        ``"bps"``, ``"W"``, ``"s"`` or ``"J"``.

    Returns
    -------
    float
        In SI units without prefix.

    Raises
    ------
    UnitError
        It is neither, or it is too small or too large to make sense.

    Examples
    --------
    >>> quantity("60Mbps", "bps"), quantity(60e6, "bps")
    (60000000.0, 60000000.0)
    """
    if isinstance(said, str):
        return parse_quantity(said, unit)
    _, least, most, example = _UNITS[unit]
    # a bool is an int to Python; a nan fails the comparison
    if not is_number(said) or not least <= said <= most:
        raise UnitError(f"{said!r}; expected {example}, or a number from {least:g} to {most:g} {unit}")
    return float(said)


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """An uplink.

    Attributes
    ----------
    bitrate_bps : float
        Effective bit rate B, in bits a second.
    tx_power_W : float
        Transmission power P_Tx, in watts.

    Raises
    ------
    UnitError
        A rate or a power that is not positive, or too small or too large to make sense.

    Examples
    --------
    >>> Channel(bitrate_bps=60e6, tx_power_W=0.0)
    Traceback (most recent call last):
    ...
    partition.channel.UnitError: tx_power_W is 0.0; expected a power like 0.5W, from 1e-09 to 1e+06 W
    """

    bitrate_bps: float
    tx_power_W: float

    def __post_init__(self) -> None:
        for name, unit in (("bitrate_bps", "bps"), ("tx_power_W", "W")):
            _, least, most, example = _UNITS[unit]
            value = getattr(self, name)
            if not is_number(value) or not least <= value <= most:
                raise UnitError(f"{name} is {value!r}; expected {example}, from {least:g} to {most:g} {unit}")

    @property
    def joules_per_bit(self) -> float:
        """P_Tx / B: the x over which :mod:`partition.envelope` compares cuts."""
        return self.tx_power_W / self.bitrate_bps

    def energy_J(self, bits: float) -> float:
        """E_Trans of so many bits, in joules (eq 24).

        Examples
        --------
        >>> Channel(bitrate_bps=60e6, tx_power_W=0.5).energy_J(120e6)
        1.0
        """
        return self.joules_per_bit * bits


def tensor_bits(node: Node, hardware: Hardware) -> float:
    """Bits of a tensor on the channel: run-length coded (eq 25), or raw if the code would expand it.

    Parameters
    ----------
    node : Node
        What makes the tensor; its sparsity is the share of zeros.
    hardware : Hardware
        Bits of a value, and 1 + delta, what the code takes for each bit of a nonzero value.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> tensor_bits(Node(name="C1", channels=10, height=10, width=10, sparsity=0.5), EYERISS_8BIT)
    6400.0
    >>> tensor_bits(Node(name="C1", channels=10, height=10, width=10, sparsity=0.1), EYERISS_8BIT)
    8000
    """
    raw = node.values * hardware.b_w
    if hardware.fmaps_move_raw:
        return raw
    coded = node.values * (1 - node.sparsity) * float(hardware.rlc_words_per_value) * hardware.b_w
    return min(raw, coded)


def image_bits(values: int, sparsity_in: float) -> float:
    """Bits of the JPEG image with that share of zeros (Algorithm 2, line 2); raw if they would be more.

    Parameters
    ----------
    values : int
        Pixels times colours.
    sparsity_in : float
        Share of zeros among its quantised DCT coefficients.

    Examples
    --------
    >>> round(image_bits(224 * 224 * 3, 0.608))
    755289
    """
    return min(values * PIXEL_BITS, values * (1 - sparsity_in) * JPEG_VALUE_BITS)


def bits_of(graph: Graph, hardware: Hardware, sparsity_in: float) -> dict[str, float]:
    """Bits of every tensor that may be sent, by the node that makes it; the result is never sent.

    Parameters
    ----------
    graph : Graph
        The network.
    hardware : Hardware
        Whose words and run-length code tensors have on the channel.
    sparsity_in : float
        Share of zeros in the image's JPEG. Only the image's bits depend on it: those of all other tensors are known
        before there is an image (section VII).
    """
    # the image is a node as others are, but has a code of its own, in place of that for tensors
    bits = {name: tensor_bits(node, hardware) for name, node in graph.nodes.items() if name != graph.last}
    return bits | {IMAGE: image_bits(graph.nodes[IMAGE].values, sparsity_in)}
