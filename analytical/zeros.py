"""What zeros spare, by the shares of them that a table states: MACs, cycles, reads of psums.

Closed forms take the zeros of ifmap and filters as spread evenly, and as independent of each other. What they leave
out, the cross-check computes from the data.
"""

from fractions import Fraction
from typing import Any

from analytical.counts import Number
from analytical.hardware import BOTH, Hardware
from analytical.layer import Layer, LayerError


def carried_out(macs: Number, layer: Layer, hardware: Hardware) -> Number:
    """MACs that are neither gated nor skipped.

    Parameters
    ----------
    macs : number
        All of them.
    layer : Layer
        Its shares of zeros.
    hardware : Hardware
        Whose zeros spare a MAC.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from analytical.hardware import CHIPS
    >>> layer = Layer.fc("L", inputs=8, outputs=4, sparsity_ifmap=0.5, sparsity_filters=0.75)
    >>> carried_out(32, layer, CHIPS["eyeriss-16bit"]), carried_out(32, layer, CHIPS["eyeriss-16bit-sparse"])
    (16.0, 4.0)
    """
    carried = macs * (1 - layer.sparsity_ifmap)
    return carried * (1 - layer.sparsity_filters) if hardware.filter_zeros_spare else carried


def with_a_cycle(macs: Number, layer: Layer, hardware: Hardware) -> Number:
    """MACs that take a cycle: those that are not skipped.

    Parameters
    ----------
    macs, layer, hardware
        As for :func:`carried_out`.

    Returns
    -------
    number
        PE-cycles that they take at least; a machine whose PEs wait for words and for each other takes more.
    """
    if not hardware.skips:
        return macs
    left = macs * (1 - layer.sparsity_ifmap)
    return left * (1 - layer.sparsity_filters) if hardware.skip == BOTH else left


def psum_taken(psums: Any, channels_of_set: Any, layer: Layer, hardware: Hardware) -> Any:
    """Psums that a MAC takes from the PE below: of those that are handed on, the share whose window has one to do.

    A PE has C_set * S MACs for a psum, of which ``m`` have a nonzero pixel. Where zero filter values spare them, too,
    all of them are spared with the chance z_w ** m; without it, reads of psums would fall below zero in a layer that
    is pruned by nine tenths.

    Parameters
    ----------
    psums : number or array
        That are handed from PE to PE.
    channels_of_set : number or array
        C_set.
    layer, hardware
        As for :func:`carried_out`.

    Returns
    -------
    number or array
        A fraction where ``psums`` is one, else floats.
    """
    zeros = float(layer.sparsity_filters)
    if not hardware.filter_zeros_spare or not zeros:
        return psums
    share = 1 - zeros ** (channels_of_set * (layer.S * (1 - float(layer.sparsity_ifmap))))
    return psums * (Fraction(share) if isinstance(psums, Fraction) else share)


def bits_of_filters(layer: Layer, hardware: Hardware) -> int:
    """Bits of a filter value on the DRAM link.

    Raises
    ------
    LayerError
        More than the hardware's words have.
    """
    bits = layer.filter_bits
    if bits is not None and bits > hardware.b_w:
        raise LayerError(
            f"layer {layer.name}: filter_bits is {bits}; expected 1 to {hardware.b_w}, the bits of a word of "
            f"{hardware.name}"
        )
    return bits or hardware.b_w
