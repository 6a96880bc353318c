"""Synthetic tensors with exactly the zeros that a layer table states."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from typing import Any
from zlib import crc32

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray

from analytical.errors import InputError
from analytical.layer import Layer
from traces.codebook import Codebook, codebook_of
from traces.convolution import convolve_pieces

# which of a layer's streams of random values is meant; part of what makes a seed's values, so never renumbered
_IFMAP, _FILTERS = range(2)


@dataclass(frozen=True)
class Requantiser:
    """What an ofmap passes on its way to DRAM: a bias, ReLU, and b_w bits, rounded up.

    ``(psum - bias) / 2**shift``, at least 0 and at most the largest word.

    Attributes
    ----------
    bias : int
        One for the whole layer, in the unit of the psums.
    shift : int
        Bits that are shifted out.
    b_w : int
        Bits of a value; the largest is ``2**(b_w - 1) - 1``.

    Examples
    --------
    >>> Requantiser(bias=10, shift=2, b_w=8)(np.array([9, 10, 11, 14, 15, 10_000])).tolist()
    [0, 0, 1, 1, 2, 127]
    """

    bias: int
    shift: int
    b_w: int

    def __call__(self, psums: NDArray[np.int64]) -> NDArray[np.int64]:
        """b_w-bit values; zero where the psum is at most the bias, and only there."""
        # rounded up, since rounding down would make further zeros of small psums, and miss the share that was asked for
        positive = np.maximum(psums - self.bias, 0)
        rounded_up = (positive + ((1 << self.shift) - 1)) >> self.shift
        clipped: NDArray[np.int64] = np.minimum(rounded_up, (1 << (self.b_w - 1)) - 1)
        return clipped


def calibrate(psums: NDArray[np.int64], sparsity: float, b_w: int) -> Requantiser:
    """The requantiser whose bias leaves the share ``sparsity`` of zeros, as nearly as equal psums allow.

    The shift is the least that brings the largest psum, before it is rounded up, into ``b_w`` bits.

    Parameters
    ----------
    psums : array of int64
        Of the whole layer and batch, before ReLU; at least one.
    sparsity : float
        From 0 to 1.
    b_w : int
        Bits of a value of the ofmap.

    Examples
    --------
    >>> psums = np.array([-40, 3, 8, 700])
    >>> requantise = calibrate(psums, 0.5, 8)
    >>> requantise.bias, requantise.shift, requantise(psums).tolist()
    (3, 3, [0, 0, 1, 88])
    """
    flat = psums.reshape(-1)
    zeros = round(sparsity * flat.size)
    # psums up to the bias become zero: one below the least leaves none
    bias = int(flat.min()) - 1
    if zeros:
        # all psums equal to the threshold become zero together: take that threshold or the next one below
        threshold, below, at_most = smallest(flat, zeros - 1)
        bias = threshold if at_most - zeros <= zeros - below else threshold - 1
    largest = int(flat.max()) - bias
    return Requantiser(bias=bias, shift=max(0, largest.bit_length() - (b_w - 1)), b_w=b_w)


_PIECE = 1 << 20
"""Values that are looked at together, where looking takes copies."""


def smallest(values: NDArray[np.int64], rank: int) -> tuple[int, int, int]:
    """The value of that rank, how many are below it, and how many at most as large; in little memory.

    Values are counted in buckets, and those of the bucket that has the rank in finer ones, until a bucket is a value.

    Parameters
    ----------
    values : (values,), int64
    rank : int
        0 is the smallest.

    Examples
    --------
    >>> smallest(np.array([7, 3, 3, -2, 9]), 2)
    (3, 1, 3)
    """
    low, high = int(values.min()), int(values.max())
    below = 0
    while True:
        # at most 2**16 buckets over what is left
        shift = max(0, (high - low).bit_length() - 16)
        counts = np.zeros(((high - low) >> shift) + 1, np.int64)
        for piece in _pieces(values):
            inside = piece[(piece >= low) & (piece <= high)]
            counts += np.bincount((inside - low) >> shift, minlength=counts.size)
        up_to = np.cumsum(counts)
        bucket = int(np.searchsorted(up_to, rank - below, side="right"))
        at_most = below + int(up_to[bucket])
        below = at_most - int(counts[bucket])
        low, high = low + (bucket << shift), min(high, low + ((bucket + 1) << shift) - 1)
        if shift == 0:
            return low, below, at_most


def _pieces(values: NDArray[Any]) -> list[NDArray[Any]]:
    return np.array_split(values, max(1, values.size // _PIECE))


class TensorError(InputError):
    """Values that a layer cannot take; the message says what they are and what was expected."""


@dataclass(frozen=True)
class LayerTensors:
    """The values that one run of a layer works on, and what must come out.

    Attributes
    ----------
    layer : Layer
        Whose they are.
    b_w : int
        Bits of a value.
    ifmap : (batch, channels, H, W), int16
        Padded; b_w-bit integers.
    filter_pieces : callable
        Gives the filters, b_w-bit integers (filters, C, R, S), int16, in order and some at a time: those of a large
        fully connected layer are most of what a run would hold, and may be used as they come.
    written : (batch, F, E, G), int16 or None
        What leaves as the ofmap, where it is known (of a trace); None: the psums, requantised.
    digests : tuple of str
        What :func:`digest_of` says of each image's psums, where it is known; empty elsewhere.

    See Also
    --------
    given : tensors from a person's arrays, checked.
    synthesise : tensors with the zeros that a layer table states.
    """

    layer: Layer
    b_w: int
    ifmap: NDArray[np.int16]
    filter_pieces: Callable[[], Iterable[NDArray[np.int16]]]
    written: NDArray[np.int16] | None = None
    digests: tuple[str, ...] = ()

    @cached_property
    def filters(self) -> NDArray[np.int16]:
        """All filters (F, C, R, S)."""
        layer, first = self.layer, 0
        filters = np.empty((layer.F, layer.C, layer.R, layer.S), np.int16)
        for piece in self.filter_pieces():
            if len(piece) == layer.F:
                return piece
            filters[first : first + len(piece)] = piece
            first += len(piece)
        return filters

    @cached_property
    def codebook(self) -> Codebook | None:
        """What numbers the filters' values in DRAM; None where they have the bits of a word.

        Raises
        ------
        TensorError
            They have more values than the layer's ``filter_bits`` can number.
        """
        bits = self.layer.filter_bits or self.b_w
        if bits >= self.b_w:
            return None
        try:
            return codebook_of(self.filters, bits)
        except ValueError as error:
            raise TensorError(f"layer {self.layer.name}: filters have {error}") from error

    @cached_property
    def psums(self) -> NDArray[np.int64]:
        """The exact ofmap (batch, F, E, G), before ReLU."""
        layer = self.layer
        # those that are there already are not made again
        pieces = [self.filters] if "filters" in self.__dict__ else self.filter_pieces()
        return convolve_pieces(
            self.ifmap, pieces, F=layer.F, stride=(layer.U, layer.V), groups=layer.groups, E=layer.E, G=layer.G
        )

    @cached_property
    def requantise(self) -> Requantiser:
        """What gives the ofmap, over the whole batch, the layer's share of zeros; where no ofmap is known."""
        return calibrate(self.psums, self.layer.sparsity_ofmap, self.b_w)

    def leaving(
        self, images: slice, filters: slice, rows: slice, columns: slice, psums: NDArray[np.int64]
    ) -> NDArray[np.integer]:
        """A part of the ofmap as it leaves for DRAM, where the machine has these psums of it."""
        if self.written is not None:
            return self.written[images, filters, rows, columns]
        return self.requantise(psums)

    @cached_property
    def ofmap(self) -> NDArray[np.int16]:
        """The ofmap as it goes to DRAM."""
        if self.written is not None:
            return self.written
        # piece by piece: each step on the way from a psum to a word takes a copy
        requantise, psums = self.requantise, self.psums.reshape(-1)
        ofmap = np.empty(psums.size, np.int16)
        for piece, words in zip(_pieces(psums), _pieces(ofmap), strict=True):
            words[:] = requantise(piece)
        return ofmap.reshape(self.psums.shape)


def zero_share(values: NDArray[Any]) -> float:
    """The share of values that are zero.

    Examples
    --------
    >>> zero_share(np.array([0, 3, 0, 0]))
    0.75
    """
    # one division of whole numbers, so that a table has the nearest number to the share
    return float((values.size - int(np.count_nonzero(values))) / values.size)


def digest_of(psums: NDArray[np.int64]) -> str:
    """Tells the psums (F, E, G) of an image from all others: SHA-256 of their bytes, the least significant first.

    Examples
    --------
    >>> digest_of(np.zeros((1, 1, 1), np.int64))[:8]
    'af5570f5'
    """
    return sha256(np.ascontiguousarray(psums, "<i8").tobytes()).hexdigest()


def given(
    layer: Layer, *, b_w: int, ifmap: NDArray[Any] | None, filters: NDArray[Any] | None, made: LayerTensors
) -> LayerTensors:
    """A person's arrays as tensors of ``layer``, each checked; what is None is taken from ``made``.

    Parameters
    ----------
    layer : Layer
        Its shape is what the arrays must have.
    b_w : int
        Bits of a value.
    ifmap : (batch, channels, H, W) or None
        Padded integers of b_w bits.
    filters : (F, C, R, S) or None
        Integers of b_w bits.
    made : LayerTensors
        Tensors of the same layer, width and batch.

    Raises
    ------
    TensorError
        An array of another shape, not of integers, or with values beyond b_w bits.

    Examples
    --------
    >>> layer = Layer.conv("L", channels=1, size=4, filters=1, filter=3)
    >>> made = synthesise(layer, b_w=16, batch=1, seed=0)
    >>> given(layer, b_w=16, ifmap=np.ones((1, 1, 4, 4)), filters=None, made=made)
    Traceback (most recent call last):
    ...
    traces.tensors.TensorError: layer L: ifmap is of float64; expected integers of 16 bits
    """
    batch = len(made.ifmap)
    return LayerTensors(
        layer=layer,
        b_w=b_w,
        ifmap=made.ifmap
        if ifmap is None
        else _checked(layer, "ifmap", ifmap, (batch, layer.channels, layer.H, layer.W), b_w),
        filter_pieces=made.filter_pieces
        if filters is None
        else partial(iter, (_checked(layer, "filters", filters, (layer.F, layer.C, layer.R, layer.S), b_w),)),
    )


def _checked(layer: Layer, name: str, values: NDArray[Any], shape: tuple[int, ...], b_w: int) -> NDArray[np.int16]:
    try:
        values = np.asarray(values)
    except ValueError as error:
        raise TensorError(f"layer {layer.name}: {name} is no array ({error}); expected the shape {shape}") from error
    if values.shape != shape:
        raise TensorError(f"layer {layer.name}: {name} has the shape {values.shape}; expected {shape}")
    if not np.issubdtype(values.dtype, np.integer):
        raise TensorError(f"layer {layer.name}: {name} is of {values.dtype}; expected integers of {b_w} bits")
    least, most = -(1 << (b_w - 1)), (1 << (b_w - 1)) - 1
    if values.min() < least or values.max() > most:
        raise TensorError(
            f"layer {layer.name}: {name} has values from {values.min()} to {values.max()}; expected {least} to {most}, "
            f"in {b_w} bits"
        )
    return np.ascontiguousarray(values, np.int16)


def synthesise(layer: Layer, *, b_w: int, batch: int, seed: int) -> LayerTensors:
    """Tensors of ``layer``, from streams of its own: neither other layers nor the batch change what an image holds.

    Ifmap values are positive where they are not zero, as behind a ReLU; filter values have both signs. The padding ring
    is the first to have the zeros of the ifmap; those of the filters are anywhere, all as likely.

    Parameters
    ----------
    layer : Layer
        Its shape, the shares of zeros that its ifmap and its filters have exactly and its ofmap gets, and the bits that
        number its filters' values.
    b_w : int
        Bits of a value.
    batch : int
        Images.
    seed : int
        The same seed, layer name and image give the same values.

    Examples
    --------
    >>> layer = Layer.conv("L", channels=4, size=10, filters=8, filter=3, sparsity_ifmap=0.25)
    >>> tensors = synthesise(layer, b_w=8, batch=2, seed=0)
    >>> tensors.ifmap.shape, int((tensors.ifmap[0] == 0).sum())
    ((2, 4, 10, 10), 100)
    """
    ifmap = np.empty((batch, layer.channels, layer.H, layer.W), np.int16)
    for image in range(batch):
        ifmap[image] = _ifmap(layer, b_w, _stream(seed, layer, _IFMAP, image))
    return LayerTensors(
        layer=layer,
        b_w=b_w,
        ifmap=ifmap,
        filter_pieces=partial(_filter_pieces, layer, b_w, seed),
    )


def padding_ring(layer: Layer) -> NDArray[np.bool_]:
    """Where the padded ifmap (H, W) is padding; of a fractional pad, the smaller half stands before the data.

    Examples
    --------
    >>> layer = Layer(name="L", H=1, W=4, pad_w=0.5, C=1, R=1, S=1, F=1, E=1, G=4)
    >>> padding_ring(layer).tolist()
    [[False, False, False, True]]
    """
    ring = np.ones((layer.H, layer.W), np.bool_)
    top, left = int(layer.pad_h), int(layer.pad_w)
    bottom, right = layer.H - (round(2 * layer.pad_h) - top), layer.W - (round(2 * layer.pad_w) - left)
    ring[top:bottom, left:right] = False
    return ring


def _stream(seed: int, layer: Layer, tensor: int, image: int) -> Generator:
    # a checksum, since Python's own hash of a text differs from one process to the next
    return default_rng(SeedSequence(seed, spawn_key=(crc32(layer.name.encode()), tensor, image)))


def _ifmap(layer: Layer, b_w: int, rng: Generator) -> NDArray[np.int16]:
    """Positive values with round(z * size) zeros: the ring's first, the rest anywhere inside."""
    shape = (layer.channels, layer.H, layer.W)
    values = rng.integers(1, (1 << (b_w - 1)) - 1, shape, dtype=np.int16, endpoint=True)
    ring = np.flatnonzero(np.broadcast_to(padding_ring(layer), shape))
    zeros = round(layer.sparsity_ifmap * layer.ifmap_size)
    # fewer zeros than the ring has places: as the table says, though a real layer's ring would be all zero
    if zeros <= ring.size:
        values.reshape(-1)[rng.choice(ring, zeros, replace=False)] = 0
        return values
    inside = np.flatnonzero(~np.broadcast_to(padding_ring(layer), shape))
    values.reshape(-1)[ring] = 0
    values.reshape(-1)[rng.choice(inside, zeros - ring.size, replace=False)] = 0
    return values


def _filter_pieces(layer: Layer, b_w: int, seed: int) -> Iterator[NDArray[np.int16]]:
    """Values of both signs, with round(z_w * size) zeros."""
    rng = _stream(seed, layer, _FILTERS, 0)
    zeros = round(layer.sparsity_filters * layer.weights)
    of_filter = layer.C * layer.R * layer.S
    at_once = max(1, _FILTER_VALUES // of_filter)
    numbers = [min(at_once, layer.F - first) for first in range(0, layer.F, at_once)]
    sizes = [number * of_filter for number in numbers]
    pieces = _nonzero_values(layer, b_w, rng, sizes, with_zeros=zeros > 0)
    if not zeros:
        for number, values in zip(numbers, pieces, strict=True):
            yield values.reshape(number, layer.C, layer.R, layer.S)
        return
    # where zeros are is drawn after all values, whose stream so is the same with and without them
    flat, filled = np.empty(layer.weights, np.int16), 0
    for values in pieces:
        flat[filled : filled + values.size] = values
        filled += values.size
    _set_zeros(flat, zeros, rng)
    yield flat.reshape(layer.F, layer.C, layer.R, layer.S)


def _nonzero_values(
    layer: Layer, b_w: int, rng: Generator, sizes: list[int], *, with_zeros: bool
) -> Iterator[NDArray[np.int16]]:
    """Values of both signs, none zero: any of a word's; or of a codebook that is drawn first, in which zero has a place
    if there are to be zeros."""
    half = 1 << (b_w - 1)
    if layer.filter_bits is not None and layer.filter_bits < b_w:
        words = np.concatenate([np.arange(-half, 0), np.arange(1, half)])
        entries = rng.choice(words, (1 << layer.filter_bits) - with_zeros, replace=False).astype(np.int16)
        for numbers in draw(rng, 0, entries.size, sizes):
            yield entries[numbers]
        return
    for values in draw(rng, -half, half - 1, sizes):
        # 0 and what is above move up by one: no zeros, and up to the largest word
        values += values >= 0
        yield values


def _set_zeros(flat: NDArray[np.int16], zeros: int, rng: Generator) -> None:
    """Set so many values to zero, all choices of them as likely.

    How many are in each piece is drawn first, and then which: a choice among millions at once would not stay in a
    cache.
    """
    pieces = _pieces(flat)
    shares = rng.multivariate_hypergeometric([piece.size for piece in pieces], zeros, method="marginals")
    for piece, share in zip(pieces, shares, strict=True):
        # whichever are fewer are chosen
        few = min(share, piece.size - share)
        chosen = rng.choice(piece.size, few, replace=False, shuffle=False)
        if few == share:
            piece[chosen] = 0
        else:
            kept = piece[chosen]
            piece[:] = 0
            piece[chosen] = kept


_FILTER_VALUES = 1 << 22
"""About as many values of filters are made at a time."""

_DRAWN = 1 << 17
"""As many are drawn in one step: few enough to stay in a cache until the next step."""


def draw(rng: Generator, low: int, high: int, sizes: list[int]) -> Iterator[NDArray[np.int16]]:
    """The values of ``rng.integers(low, high, sum(sizes), dtype=np.int16)``, in pieces.

    NumPy starts a new word of its stream with each call; here a word goes on from one piece to the next. A half of a
    32-bit word, the low one first, is scaled to the range by its upper bits and refused where the lower ones would make
    some values likelier (Lemire, "Fast Random Integer Generation in an Interval", 2019).

    Parameters
    ----------
    rng : Generator
        From which more may be drawn than is used.
    low, high : int
        The least value, and the one behind the largest.
    sizes : list of int
        Values of each piece.

    Examples
    --------
    >>> pieces = draw(default_rng(0), -128, 127, [3, 4])
    >>> np.concatenate(list(pieces)).tolist() == default_rng(0).integers(-128, 127, 7, dtype=np.int16).tolist()
    True
    """
    span = high - low
    # below this, what is left of the product would be met once too often
    least = (1 << 16) % span
    rest = np.empty(0, np.uint16)
    for size in sizes:
        values = np.empty(size, np.int16)
        filled = 0
        while filled < size:
            if not rest.size:
                words = rng.integers(0, 1 << 32, min(_DRAWN, size - filled) // 2 + 1, dtype=np.uint32)
                rest = words.astype("<u4", copy=False).view("<u2")
            scaled = rest[: size - filled] * np.uint32(span)
            rest = rest[size - filled :]
            kept = scaled.astype(np.uint16) >= least
            if not kept.all():
                scaled = scaled[kept]
            values[filled : filled + scaled.size] = (scaled >> np.uint32(16)).astype(np.int32) + low
            filled += scaled.size
        yield values
