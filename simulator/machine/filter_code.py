"""How filters cross the DRAM link: as they are, or run-length coded, in the bits of a value."""

import numpy as np
from numpy.typing import NDArray

from analytical.hardware import Hardware
from traces import rlc
from traces.tensors import LayerTensors


def raw_words(values: int, bits: int) -> int:
    """DRAM words of 64 bits that values of so many bits fill, uncoded; the last is filled up.

    >>> raw_words(5, 16)
    2
    """
    return -(-values * bits // rlc.WORD_BITS)


class FilterCode:
    """The code of a layer's filters on a hardware.

    Each tile goes raw or run-length coded, whichever has fewer words, where the hardware may code it; which one is
    known beforehand. The decoder sits at the port: what is behind it has words of b_w bits.

    Parameters
    ----------
    hardware : Hardware
        Whether filters are coded, and the bits of a run.
    tensors : LayerTensors
        Whose filters they are, with the codebook of their values where these have fewer bits than a word.

    Raises
    ------
    TensorError
        There are more values than the layer's ``filter_bits`` can number.
    """

    def __init__(self, hardware: Hardware, tensors: LayerTensors) -> None:
        self._b_w = hardware.b_w
        self._codes = not hardware.filters_move_raw
        self._book = tensors.codebook
        self._bits = hardware.b_w if self._book is None else self._book.bits

    @property
    def is_plain(self) -> bool:
        """Filters move as they are, in the bits of a word."""
        return not self._codes and self._book is None

    @property
    def depends_on_values(self) -> bool:
        """A tile's words depend on more than how many values it has."""
        return self._codes

    def raw_words(self, values: int) -> int:
        """DRAM words of so many values, uncoded."""
        return raw_words(values, self._bits)

    def words(self, tile: NDArray[np.int16]) -> int:
        """DRAM words of a tile (filters, channels, R, S)."""
        raw = self.raw_words(tile.size)
        # a value is zero where its number is: only the others' places matter
        return min(raw, rlc.encoded_words(tile, self._b_w, self._bits)) if self._codes else raw

    def sent(self, tile: NDArray[np.int16]) -> tuple[NDArray[np.int16], int]:
        """A tile as it arrives, and the DRAM words that it took."""
        raw = self.raw_words(tile.size)
        numbers: NDArray[np.integer] = tile if self._book is None else self._book.numbers(tile)
        words = raw
        # as many as of the values: a tile without zeros is never shorter in code, and one with some has 0 for them
        if self._codes and rlc.encoded_words(tile, self._b_w, self._bits) < raw:
            code = rlc.encode(numbers, self._b_w, self._bits)
            numbers = rlc.decode(code, tile.size, self._b_w, self._bits).reshape(tile.shape)
            words = len(code)
        arrived = numbers if self._book is None else self._book.values(numbers)
        return arrived.astype(np.int16), words
