"""What the weights of a layer take where they are stored, in several codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.run_lengths import WORD_BITS, code, expected_overflows
from analytical.zeros import bits_of_filters

EIE_INDEX_BITS = 4
"""Of the zeros before a weight (S. Han et al., "EIE", ISCA 2016): as a run field of the code at 8 bit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """Bytes of a layer's weights.

    Attributes
    ----------
    weights : int
        All of them.
    kept : float
        Those that are not zero.
    raw : float
        As they are, in the bits of a weight.
    rlc : float
        In the run-length code of the DRAM link.
    eie : float
        In EIE's: each weight that is kept, with 4 bits for the zeros before it.
    huffman : float or None
        In that of Deep Compression: those weights, and those runs, in Huffman codes of their own; known of weights, and
        not of shares. Codebooks of values are not counted, nor those of the codes.
    """

    weights: int
    kept: float
    raw: float
    rlc: float
    eie: float
    huffman: float | None = None

    def __add__(self, other: "Stored") -> "Stored":
        known = None if self.huffman is None or other.huffman is None else self.huffman + other.huffman
        return Stored(
            weights=self.weights + other.weights,
            kept=self.kept + other.kept,
            raw=self.raw + other.raw,
            rlc=self.rlc + other.rlc,
            eie=self.eie + other.eie,
            huffman=known,
        )


def stored(layer: Layer, hardware: Hardware, weights: NDArray[np.number] | None = None) -> Stored:
    """What a layer's weights take.

    Parameters
    ----------
    layer : Layer
        Its share of zero weights, and bits of a weight.
    hardware : Hardware
        Its words, and its code.
    weights : (F, C, R, S), optional
        The weights themselves; without them, runs are what they come to on average where zeros are anywhere.

    Raises
    ------
    LayerError
        A weight has more bits than the hardware's words.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_8BIT
    >>> layer = Layer.fc("FC", inputs=100, outputs=100, sparsity_filters=0.75)
    >>> one = stored(layer, EYERISS_8BIT)
    >>> one.raw, round(one.rlc), round(one.eie)
    (10000.0, 4040, 3788)
    """
    bits, run_bits = bits_of_filters(layer, hardware), hardware.rlc_run_bits
    if weights is None:
        kept = layer.weights * (1 - layer.sparsity_filters)
        pairs, entries = (
            kept + layer.weights * expected_overflows(layer.sparsity_filters, 1 << field)
            for field in (run_bits, EIE_INDEX_BITS)
        )
        rlc, huffman = pairs / hardware.rlc_pairs_of(bits) * WORD_BITS / 8, None
    else:
        coded = code([weights], run_bits, bits)
        kept, rlc = coded.nonzeros, coded.words * WORD_BITS / 8
        runs = code([weights], EIE_INDEX_BITS, bits)
        entries = runs.nonzeros + runs.overflows
        huffman = _huffman_bits(weights) / 8
    return Stored(
        weights=layer.weights,
        kept=float(kept),
        raw=layer.weights * bits / 8,
        rlc=float(rlc),
        eie=entries * (bits + EIE_INDEX_BITS) / 8,
        huffman=huffman,
    )


def _huffman_bits(weights: NDArray[np.number]) -> int:
    """Bits of the entries' values and of their runs, in a Huffman code each."""
    longest = 1 << EIE_INDEX_BITS
    flat = weights.reshape(-1)
    places = np.flatnonzero(flat)
    before = np.diff(places, prepend=-1) - 1
    # a run too long for its field is so many full ones, each with a zero; also behind the last weight that is not zero
    behind = flat.size - 1 - (int(places[-1]) if places.size else -1)
    padding = int((before // longest).sum()) + behind // longest
    _, values = np.unique(flat[places], return_counts=True)
    runs = np.bincount(before % longest, minlength=longest)
    runs[longest - 1] += padding
    return huffman_bits([*values.tolist(), padding]) + huffman_bits(runs.tolist())


def huffman_bits(counts: Iterable[int]) -> int:
    """Bits of a text whose symbols occur so often, in its Huffman code.

    Examples
    --------
    >>> huffman_bits([5, 2, 2, 1, 1])  # abracadabra
    23
    """
    # each merge of the two rarest adds a bit to all that is under it
    heap = [count for count in counts if count]
    if len(heap) < 2:
        return sum(heap)
    heapify(heap)
    bits = 0
    while len(heap) > 1:
        merged = heappop(heap) + heappop(heap)
        bits += merged
        heappush(heap, merged)
    return bits
