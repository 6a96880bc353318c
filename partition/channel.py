"""What is sent, and what sending costs (section VI, eqs 24-25)."""

from dataclasses import dataclass

from analytical.checks import is_number
from analytical.errors import InputError
from analytical.graph import IMAGE, Graph, Node
from analytical.hardware import Hardware
from partition.units import require

PIXEL_BITS = 8
"""Bits of a pixel's colour before JPEG, whatever the width of the accelerator's words."""

JPEG_VALUE_BITS = 8 * (1 + 3 / 5)
"""Bits of a nonzero JPEG coefficient: the paper takes its 8-bit run-length code for the image, too."""

MEDIAN_SPARSITY_IN = 0.608
"""Median share of zeros in a JPEG image of quality 90 (Q2 of section VIII-A)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """An uplink.

    Attributes
    ----------
    bitrate_bps : float
        Effective bit rate B, in bits a second.
    tx_power_W : float
        Transmission power P_Tx, in watts; 0: sending costs the phone nothing.
    round_trip_s : float
        From the phone to the cloud and back, beside the time that the bits take, in seconds.

    Raises
    ------
    UnitError
        A rate or a time that is not positive, a negative power, or what is too small or too large to make sense.

    Examples
    --------
    >>> Channel(bitrate_bps=60e6, tx_power_W=-1.0)
    Traceback (most recent call last):
    ...
    partition.units.UnitError: tx_power_W is -1.0; expected a power like 0.5W, from 1e-09 to 1e+06 W
    """

    bitrate_bps: float
    tx_power_W: float
    round_trip_s: float = 0.0

    def __post_init__(self) -> None:
        require("bitrate_bps", self.bitrate_bps, "bps")
        require("tx_power_W", self.tx_power_W, "W")
        if self.round_trip_s:
            require("round_trip_s", self.round_trip_s, "s")

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


def share_of_zeros(sparsity_in: float | None) -> float:
    """The share of zeros in the image's JPEG, checked; of None, the paper's median.

    Raises
    ------
    InputError
        It is no share.

    Examples
    --------
    >>> share_of_zeros(None), share_of_zeros(0.5)
    (0.608, 0.5)
    """
    share = MEDIAN_SPARSITY_IN if sparsity_in is None else sparsity_in
    if not is_number(share) or not 0 <= share <= 1:
        raise InputError(f"sparsity_in is {share!r}; expected a share of zeros from 0 to 1")
    return float(share)


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
