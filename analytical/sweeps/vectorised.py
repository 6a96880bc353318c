"""The closed forms over many hardware at once: what :func:`analytical.model.estimate_layer` says, in arrays.

Each function below is one of the scalar program, by the same name, with an array of hardware in place of one; what it
says is in the docstrings there. ``tests/analytical/sweeps/test_vectorised.py`` holds every number equal to the scalar
one's to 1e-12.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytical import counts as c
from analytical.counts import Event, Level
from analytical.energy import Accounting, joules_of_word
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import RuleSet
from analytical.mappings.rules import rule_set_named
from analytical.mappings.rules_corrected import WORTH, is_published, widths
from analytical.mappings.rules_published import CHANNELS_OF_1X1_PASS, FEW_1X1_FILTERS, SOME_1X1_FILTERS
from analytical.traffic import filter_words, fmap_words
from analytical.zeros import carried_out, psum_taken, with_a_cycle

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CHARGED = tuple(event for event in c.ALL_EVENTS if Accounting.CNNERGY.charges(event))

_SIZES = ("J", "K", "f_s", "I_s", "P_s", "glb_kib", "throughput", "other_control")


def kind_of(hardware: Hardware) -> tuple[int | str, ...]:
    """What hardware has to have in common to be taken together: a width, and one use of zeros and codes."""
    return (hardware.b_w, hardware.fmap_code, hardware.filter_code, hardware.gate, hardware.skip)


@dataclass(frozen=True, slots=True)
class Many:
    """Many hardware that differ in numbers alone: with words of one width, and one use of zeros and codes.

    Attributes
    ----------
    like : Hardware
        One of them, for what all have in common.
    J, K, f_s, I_s, P_s, glb_kib, throughput, other_control : (hardware,)
        As :class:`Hardware` has them; counts as floats.
    clock_W, mac_J : (hardware,)
        Watts of the clock; joules of a MAC.
    word_J : dict of Event to (hardware,)
        Joules of a word, by event.
    """

    like: Hardware
    J: Numbers
    K: Numbers
    f_s: Numbers
    I_s: Numbers
    P_s: Numbers
    glb_kib: Numbers
    throughput: Numbers
    other_control: Numbers
    clock_W: Numbers
    mac_J: Numbers
    word_J: dict[Event, Numbers]

    def __len__(self) -> int:
        """Hardware."""
        return len(self.J)

    def at(self, which: Any) -> "Many":
        """Some of them."""
        arrays: dict[str, Any] = {name: getattr(self, name)[which] for name in (*_SIZES, "clock_W", "mac_J")}
        return Many(like=self.like, word_J={event: joules[which] for event, joules in self.word_J.items()}, **arrays)

    @classmethod
    def of(cls, hardware: Sequence[Hardware]) -> "Many":
        """Of hardware one by one.

        Raises
        ------
        ValueError
            They differ in more than numbers, or there is none.

        Examples
        --------
        >>> from analytical.hardware import EYERISS_16BIT
        >>> len(Many.of([EYERISS_16BIT, replace(EYERISS_16BIT, K=28)]))
        2
        """
        kinds = {kind_of(h) for h in hardware}
        if len(kinds) != 1:
            raise ValueError(f"hardware of {len(kinds)} kinds; expected one width, and one use of zeros and codes")
        prices = [joules_of_word(h) for h in hardware]
        sizes: dict[str, Any] = {name: np.array([getattr(h, name) for h in hardware], float) for name in _SIZES}
        return cls(
            like=hardware[0],
            **sizes,
            clock_W=np.array([h.clock_W for h in hardware]),
            mac_J=np.array([h.prices.mac for h in hardware]),
            word_J={event: np.array([of_word[event] for of_word in prices]) for event in _CHARGED},
        )


@dataclass(frozen=True, slots=True)
class Estimates:
    """What the closed forms say of a layer on many hardware; NaN where it cannot be mapped.

    Attributes
    ----------
    mapped : (hardware,), bool
    energy_J : (hardware,)
        Joules of one image.
    parts_J : dict of str to (hardware,)
        By the parts of :class:`analytical.energy.Energy`.
    latency_s : (hardware,)
        Seconds of one image, at the constant throughput.
    images : (hardware,)
        That share the filters.
    dram_words : (hardware,)
        b_w-bit words of one image on the DRAM link.
    """

    mapped: Mask
    energy_J: Numbers
    parts_J: dict[str, Numbers]
    latency_s: Numbers
    images: Numbers
    dram_words: Numbers


class _Tile(NamedTuple):
    """A mapping of each hardware: what of it the closed forms need."""

    C_set: Numbers
    z: Numbers
    f: Numbers
    y_i: Numbers
    y_o: Numbers
    X_i: Numbers
    X_o: Numbers
    Y_o: Numbers
    N: Numbers
    ifmap_kib: Numbers
    one_pass: Mask

    def at(self, which: Any) -> "_Tile":
        return _Tile._make(array[which] for array in self)


class _Sets(NamedTuple):
    S_pass: Numbers
    C_set: Numbers
    z: Numbers
    f: Numbers
    one_pass: Mask

    def at(self, which: Any) -> "_Sets":
        return _Sets._make(array[which] for array in self)


def estimate_many(
    layer: Layer, many: Many, batch: int | None = None, rules: RuleSet | str = RuleSet.CORRECTED
) -> Estimates:
    """The closed forms of one layer on many hardware.

    Parameters
    ----------
    layer : Layer
    many : Many
    batch : int, optional
        Images of a run; default: the layer's own.
    rules : RuleSet or str
        As for :func:`analytical.model.estimate_layer`.

    Returns
    -------
    Estimates

    Raises
    ------
    LayerError
        Its filters have more bits than the hardware's words.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.model import estimate_layer
    >>> from analytical.networks import load_network
    >>> c3 = load_network("alexnet").layer("C3")
    >>> found = estimate_many(c3, Many.of([EYERISS_16BIT, replace(EYERISS_16BIT, J=2)]))
    >>> found.mapped.tolist(), bool(np.isclose(found.energy_J[0], estimate_layer(c3, EYERISS_16BIT).energy_J))
    ([True, False], True)
    """
    corrected = rule_set_named(rules) is RuleSet.CORRECTED
    mapped, tile = (_map_corrected if corrected else _map_published)(layer, many)
    which = np.flatnonzero(mapped)
    some, kib = many.at(which), many.like.b_w / 8192
    if corrected:
        together = _images_that_fit(layer, some.glb_kib, kib, tile)
        # more of the table's images than fit are cut to those that do
        tile = tile._replace(N=np.where(layer.batch > together, together, tile.N))
        together = _images_that_fit(layer, some.glb_kib, kib, tile)
    else:
        together = np.maximum(tile.N, layer.batch)
    images = np.minimum(float(batch or layer.batch), together)
    words, nonzero = _count(layer, some, tile, images, corrected)
    latency = _latency_s(layer, some)
    parts = _price(some, words, nonzero, latency)

    def spread(values: Any) -> Numbers:
        found = np.full(len(many), np.nan)
        found[which] = values
        return found

    dram = sum(number for event, number in words.items() if event.level is Level.DRAM)
    return Estimates(
        mapped=mapped,
        energy_J=spread(sum(parts.values())),
        parts_J={name: spread(joules) for name, joules in parts.items()},
        latency_s=spread(latency),
        images=spread(images),
        dram_words=spread(dram),
    )


def _latency_s(layer: Layer, many: Many) -> Numbers:
    return float(with_a_cycle(layer.macs, layer, many.like)) / many.throughput


def _share(size: Any, parts: Any) -> Numbers:
    """Ceilings of quotients of whole numbers, all of them far below 2^53."""
    found: Numbers = np.ceil(np.asarray(size) / parts)
    return found


def _share_out(layer: Layer, many: Many, filters: float, most: Numbers) -> _Sets:
    """:func:`analytical.mappings.rules_published.share_out`."""
    C, S_pass = float(layer.C), np.floor(many.J / layer.R)
    rows = np.floor(many.f_s / layer.S)
    few = most >= C
    C_set = np.where(few, C, most)
    f_set = np.floor(rows / C_set)
    z = np.where(few, C, C_set * S_pass)
    f = np.where(few, f_set * S_pass, f_set)
    spare = (C_set < C) & (z > C)
    z = np.where(spare, C, z)
    f = np.where(spare, f_set * np.floor(S_pass / _share(C, C_set)), f)
    if layer.R == layer.S == 1 and layer.E != 1:
        small = ~few & ~spare & (S_pass * C_set >= CHANNELS_OF_1X1_PASS)
        z = np.where(small, float(CHANNELS_OF_1X1_PASS), z)
        stacks = np.floor(S_pass / _share(CHANNELS_OF_1X1_PASS, C_set))
        with np.errstate(divide="ignore", invalid="ignore"):
            if filters <= FEW_1X1_FILTERS:
                f_set, f = np.where(small, filters, f_set), np.where(small, filters, f)
            elif filters < SOME_1X1_FILTERS:
                f_set, f = np.where(small, filters / stacks, f_set), np.where(small, filters, f)
            else:
                f = np.where(small, f_set * stacks, f)
    many_filters = f > filters
    f_set, f = np.where(many_filters, filters / S_pass, f_set), np.where(many_filters, filters, f)
    full = f_set > many.P_s
    f = np.where(full, many.P_s * S_pass, f)
    return _Sets(S_pass=S_pass, C_set=C_set, z=z, f=f, one_pass=few | spare)


def _strip_of(layer: Layer, rows: Numbers) -> tuple[Numbers, Numbers]:
    strip = layer.U * (rows - 1) + layer.R
    whole = strip >= layer.H
    return np.where(whole, float(layer.H), strip), np.where(whole, float(layer.E), rows)


def _fit(
    layer: Layer, glb: Numbers, kib: float, sets: _Sets, y_i: Numbers, y_o: Numbers, X_i: Any, X_o: Any
) -> tuple[Mask, _Tile]:
    """:func:`analytical.mappings.rules_published.fit`, and where it finds something."""
    f, Y_o = sets.f, np.full(len(glb), float(layer.E))
    ifmap = X_i * y_i * sets.z * kib
    need = ifmap + X_o * Y_o * f * kib
    fits = need <= glb
    N = np.where(fits, np.floor(glb / need), 1.0)
    found = fits | sets.one_pass | (ifmap < glb)
    halves = found & ~fits & ~sets.one_pass
    while halves.any():
        Y_o = np.where(halves, Y_o / 2, Y_o)
        halves &= ifmap + X_o * Y_o * f * kib > glb
    low = found & (Y_o < y_o)
    Y_o = np.where(low, y_o, Y_o)
    fewer = low & ~sets.one_pass
    if fewer.any():
        f = np.where(fewer & (f > 1), f - 1, f)
        # as many steps of one as it takes, at once; then the last one exactly, as it rounds
        room = np.floor((glb - ifmap) / (X_o * Y_o * kib))
        f = np.where(fewer, f - np.maximum(np.ceil(f - room) - 1, 0), f)
        over = fewer & (f >= 1) & (ifmap + X_o * Y_o * f * kib > glb)
        while over.any():
            f = np.where(over, f - 1, f)
            over &= (f >= 1) & (ifmap + X_o * Y_o * f * kib > glb)
        found &= ~(fewer & (f < 1))
    X_is, X_os = (np.broadcast_to(np.asarray(X, float), f.shape) for X in (X_i, X_o))
    tile = _Tile(
        C_set=sets.C_set, z=sets.z, f=f, y_i=y_i, y_o=y_o, X_i=X_is, X_o=X_os, Y_o=Y_o, N=N, ifmap_kib=ifmap,
        one_pass=sets.one_pass,
    )  # fmt: skip
    return found, tile


def _map_published(layer: Layer, many: Many) -> tuple[Mask, _Tile]:
    """:func:`analytical.mappings.rules_published.map_as_published`."""
    kib = many.like.b_w / 8192
    most = np.floor(many.I_s / layer.S)
    mapped = (layer.R <= many.J) & (many.I_s >= layer.S) & (np.floor(many.f_s / layer.S) >= np.minimum(most, layer.C))
    which = np.flatnonzero(mapped)
    some = many.at(which)
    sets = _share_out(layer, some, float(layer.F), most[which])
    y_i, y_o = _strip_of(layer, some.K)
    X_i, X_o = np.full(len(some), float(layer.W)), np.full(len(some), float(layer.G))
    wide = X_i * y_i * sets.z * kib >= some.glb_kib
    while wide.any():
        X_i = np.where(wide, X_i / 2, X_i)
        X_o = np.where(wide, (X_i - layer.S) / layer.V + 1, X_o)
        wide = X_i * y_i * sets.z * kib >= some.glb_kib
    # a strip that is halved below one window before it fits is none
    has = np.flatnonzero(X_o > 0)
    found, tile = _fit(layer, some.glb_kib[has], kib, sets.at(has), y_i[has], y_o[has], X_i[has], X_o[has])
    mapped[which] = False
    mapped[which[has]] = found
    return mapped, tile.at(found)


def _map_corrected(layer: Layer, many: Many) -> tuple[Mask, _Tile]:
    """:func:`analytical.mappings.rules_corrected.map_corrected`."""
    kib = many.like.b_w / 8192
    rows = layer.H if layer.E == 1 else layer.R
    columns = layer.W if layer.G == 1 else layer.S
    mapped = (
        (layer.R <= many.J)
        & (many.I_s >= layer.S)
        & (many.f_s >= layer.S)
        & ((rows * columns + 1) * kib <= many.glb_kib)
    )
    which = np.flatnonzero(mapped)
    some = many.at(which)
    filters = float(layer.filters_per_group)
    held = np.minimum(np.floor(some.I_s / layer.S), np.floor(some.f_s / layer.S))
    sets = _share_out(layer, some, filters, held)
    room = np.floor(sets.S_pass / _share(sets.z, sets.C_set)) * np.minimum(
        some.P_s, np.floor(some.f_s / (sets.C_set * layer.S))
    )
    sets = sets._replace(f=np.minimum(sets.f, np.minimum(filters, room)))
    glb, costs = some.glb_kib, _costs(layer, some)
    least = _least_J(layer, some, costs)
    best = np.full(len(some), np.inf)
    # for each hardware the tiles that were tried, in their order: who it was, what it costs, and the tile
    tried: list[tuple[NDArray[np.int64], Numbers, _Tile]] = []
    is_open = np.ones(len(some), np.bool_)
    smaller_fetches_less = layer.U > layer.R or layer.V > layer.S
    for at, tile_sets, y_i, y_o in _strips(layer, some, sets, is_open):
        rows_words, rooms = y_i * tile_sets.z * kib, glb[at]
        for X_i, X_o in widths(layer):
            here = np.flatnonzero(X_i * rows_words < rooms)
            here = here[is_open[at[here]]]
            for one_strip in (False, True) if layer.U > layer.R else (False,):
                if one_strip:
                    here = here[(y_o[here] < layer.E) & is_open[at[here]]]
                if not here.size:
                    continue
                numbers = at[here]
                room = glb[numbers]
                found, tile = _fit(layer, room, kib, tile_sets.at(here), y_i[here], y_o[here], X_i, X_o)
                found, tile = _with_room(room, kib, found, tile)
                if one_strip:
                    psums = tile.X_o * tile.y_o * tile.f * kib
                    N = np.maximum(1.0, np.floor(room / (tile.ifmap_kib + psums)))
                    tile = tile._replace(Y_o=tile.y_o, N=N)
                if not found.all():
                    known = np.flatnonzero(found)
                    tile, numbers, room = tile.at(known), numbers[known], room[known]
                joules = _joules(layer, room, kib, costs[:, numbers], tile)
                tried.append((numbers, joules, tile))
                best[numbers] = np.minimum(best[numbers], joules)
                done = joules * (1 - WORTH) <= least[numbers]
                if not smaller_fetches_less:
                    whole = (tile.X_o == layer.G) & (tile.Y_o == layer.E) & (tile.f == sets.f[numbers])
                    done |= whole & (layer.batch <= tile.N)
                is_open[numbers[done]] = False
    if not tried:
        none = np.zeros(0)
        return mapped, _Tile._make([*[none] * (len(_Tile._fields) - 1), none.astype(np.bool_)])
    chosen = _Tile._make(np.zeros(len(some), array.dtype) for array in tried[0][2])
    has_none = np.ones(len(some), np.bool_)
    for numbers, joules, tile in tried:
        takes = np.flatnonzero(has_none[numbers] & (joules * (1 - WORTH) <= best[numbers]))
        if not takes.size:
            continue
        takers = numbers[takes]
        for into, array in zip(chosen, tile, strict=True):
            into[takers] = array[takes]
        has_none[takers] = False
    return mapped, chosen


def _strips(
    layer: Layer, many: Many, sets: _Sets, is_open: Mask
) -> Iterator[tuple[NDArray[np.int64], _Sets, Numbers, Numbers]]:
    """Channels of a pass and rows of a strip, the rules' own first: of which hardware, and what.

    Of hardware that are still open, as whoever asks says meanwhile.
    """
    for at, of_channels in _channels(layer, many, sets, is_open):
        y_i, y_o = _strip_of(layer, many.K[at])
        while at.size:
            yield at, of_channels, y_i, y_o
            more = np.flatnonzero(is_open[at] & (y_o > 1))
            at, of_channels = at[more], of_channels.at(more)
            y_o = np.ceil(y_o[more] / 2)
            y_i = layer.U * (y_o - 1) + layer.R


def _channels(layer: Layer, many: Many, sets: _Sets, is_open: Mask) -> Iterator[tuple[NDArray[np.int64], _Sets]]:
    """:func:`analytical.mappings.rules_corrected._channels`."""
    at = np.arange(len(many))
    yield at, sets
    used, C_set = _share(sets.z, sets.C_set), sets.C_set
    while True:
        more = is_open[at] & ((used > 1) | (C_set > 1))
        at, used, C_set = at[more], used[more], C_set[more]
        if not at.size:
            return
        several = used > 1
        C_set = np.where(several, C_set, np.ceil(C_set / 2))
        used = np.where(several, np.ceil(used / 2), 1.0)
        f = np.minimum(
            np.minimum(sets.f[at], float(layer.filters_per_group)),
            np.minimum(many.P_s[at], np.floor(many.f_s[at] / (C_set * layer.S))),
        )
        nothing = np.zeros(len(at), np.bool_)
        yield at, _Sets(S_pass=sets.S_pass[at], C_set=C_set, z=used * C_set, f=f, one_pass=nothing)


def _with_room(glb: Numbers, kib: float, found: Mask, tile: _Tile) -> tuple[Mask, _Tile]:
    """:func:`analytical.mappings.rules_corrected._with_room_for_a_window`, where all channels are in one pass."""
    if not tile.one_pass.any():
        return found, tile
    fewer = np.floor((glb - tile.ifmap_kib) / (tile.y_o * kib))
    f = np.where(tile.one_pass, np.minimum(tile.f, fewer), tile.f)
    return found & (f >= 1), tile._replace(f=f)


def _images_that_fit(layer: Layer, glb: Numbers, kib: float, tile: _Tile) -> Numbers:
    if not tile.one_pass.any():
        return tile.N
    room = glb - tile.f * tile.y_o * kib
    passing = np.maximum(tile.N, np.minimum(float(layer.batch), np.floor(room / tile.ifmap_kib)))
    return np.where(tile.one_pass, passing, tile.N)


def _height(layer: Layer, tile: _Tile) -> Numbers:
    found: Numbers = np.ceil(layer.R * tile.z / tile.C_set)
    return found


_FILTERS, _IFMAP_DRAM, _IFMAP_GLB, _PSUM_WRITE, _PSUM_READ, _HOP, _ALWAYS = range(7)
"""Rows of what :func:`_costs` says."""


def _costs(layer: Layer, many: Many) -> Numbers:
    """Joules of a word that a tile moves, and of all that no tile changes: (7, hardware).

    :func:`analytical.mappings.rules_corrected._priced` is linear in the words; control takes a share of all but DRAM.
    """
    of, control = many.word_J, 1 - many.other_control
    nonzero = layer.macs * (1 - layer.sparsity_ifmap)
    of_ifmap = 1.0 if layer.first else _of_fmaps(layer.sparsity_ifmap, many.like)
    in_rf = of[c.RF_IFMAP_READ] * layer.macs + nonzero * (
        of[c.RF_FILTER_READ] + of[c.RF_PSUM_WRITE] + of[c.RF_PSUM_READ] + many.mac_J
    )
    clock = many.clock_W * layer.macs / many.throughput
    ofmap = of[c.DRAM_OFMAP_WRITE] * (layer.ofmap_size * _of_fmaps(layer.sparsity_ofmap, many.like))
    return np.stack(
        [
            of[c.DRAM_FILTER_READ] + of[c.GLB_FILTER_READ] / control,
            of[c.DRAM_IFMAP_READ] * of_ifmap,
            of[c.GLB_IFMAP_READ] / control,
            of[c.GLB_PSUM_WRITE] / control,
            of[c.GLB_PSUM_READ] / control,
            # a psum from the PE below spares a read of the RF
            (of[c.INTER_PE_PSUM] - of[c.RF_PSUM_READ]) / control,
            ofmap + (in_rf + clock) / control,
        ]
    )


def _joules(layer: Layer, glb: Numbers, kib: float, costs: Numbers, tile: _Tile) -> Numbers:
    """:func:`analytical.mappings.rules_corrected._joules`."""
    images = np.minimum(float(layer.batch), _images_that_fit(layer, glb, kib, tile))
    z, row_blocks, strips = layer.C / tile.z, layer.E / tile.Y_o, tile.Y_o / tile.y_o
    column_tiles, filters = layer.G / tile.X_o, layer.F / tile.f
    fetched = row_blocks * (tile.y_i + (strips - 1) * (tile.y_i - (layer.R - layer.U)))
    row_words = layer.C * column_tiles * tile.X_i * filters
    psums = float(layer.ofmap_size)
    of_filters = (layer.F * layer.C * layer.R * layer.S) * row_blocks * column_tiles / images
    found: Numbers = (
        costs[_FILTERS] * of_filters
        + row_words * (costs[_IFMAP_DRAM] * fetched + costs[_IFMAP_GLB] * (row_blocks * strips * tile.y_i))
        + (psums * z) * (costs[_PSUM_WRITE] + costs[_PSUM_READ] + costs[_HOP] * (_height(layer, tile) - 1))
        - psums * costs[_PSUM_READ]
        + costs[_ALWAYS]
    )
    return found


def _least_J(layer: Layer, many: Many, costs: Numbers) -> Numbers:
    """:func:`analytical.mappings.rules_corrected._least_J`."""
    filters = layer.F * layer.C * layer.R * layer.S / layer.batch
    rows, columns = min(layer.H, layer.E * min(layer.U, layer.R)), min(layer.W, layer.G * min(layer.V, layer.S))
    ifmap = layer.channels * rows * columns
    hops = np.where(many.word_J[c.INTER_PE_PSUM] < many.word_J[c.RF_PSUM_READ], float(layer.macs), 0.0)
    found: Numbers = (
        costs[_FILTERS] * filters
        + (costs[_IFMAP_DRAM] + costs[_IFMAP_GLB]) * ifmap
        + costs[_PSUM_WRITE] * layer.ofmap_size
        + costs[_HOP] * hops
        + costs[_ALWAYS]
    )
    return found


def _of_fmaps(sparsity: float, hardware: Hardware) -> float:
    """Words on the link for a value of a feature map: what moves is in proportion to the values."""
    return float(fmap_words(1.0, sparsity, hardware))


def _count(
    layer: Layer, many: Many, tile: _Tile, images: Numbers, corrected: bool
) -> tuple[dict[Event, Numbers], float]:
    """:func:`analytical.closed_forms.count`, for one image: words, and MACs that are carried out."""
    z, strips, row_blocks = layer.C / tile.z, tile.Y_o / tile.y_o, layer.E / tile.Y_o
    column_tiles, filters = layer.G / tile.X_o, layer.F / tile.f
    residencies = z * row_blocks * column_tiles * filters
    passes = residencies * strips
    nonzero = float(carried_out(layer.macs, layer, many.like))
    psums = tile.f * tile.X_o * tile.y_o * passes / z
    of_filters = tile.f * tile.z * layer.R * layer.S * residencies / images
    inter_pe = (_height(layer, tile) - 1) * psums * z
    taken = np.asarray(psum_taken(inter_pe, tile.C_set, layer, many.like), float)
    if corrected:
        too_many = _takes_too_many(layer, many, tile)
        taken = np.where(too_many, np.minimum(taken, nonzero), taken)
    rows = tile.y_i + (strips - 1) * (tile.y_i - (layer.R - layer.U))
    fetched = tile.X_i * rows * tile.z * residencies
    one = np.ones(len(many))
    words = {
        c.RF_IFMAP_READ: layer.macs * one,
        c.RF_FILTER_READ: nonzero * one,
        c.RF_PSUM_READ: nonzero - taken,
        c.RF_PSUM_WRITE: nonzero * one,
        c.INTER_PE_PSUM: inter_pe,
        c.GLB_FILTER_READ: of_filters,
        c.GLB_IFMAP_READ: tile.X_i * tile.y_i * tile.z * passes,
        c.GLB_PSUM_WRITE: psums * z,
        c.GLB_PSUM_READ: psums * (z - 1),
        c.DRAM_FILTER_READ: of_filters * float(filter_words(1.0, layer, many.like)),
        c.DRAM_IFMAP_READ: fetched * (1.0 if layer.first else _of_fmaps(layer.sparsity_ifmap, many.like)),
        c.DRAM_OFMAP_WRITE: layer.ofmap_size * _of_fmaps(layer.sparsity_ofmap, many.like) * one,
    }
    return words, nonzero


def _takes_too_many(layer: Layer, many: Many, tile: _Tile) -> Mask:
    """Where psums that are taken are held to MACs that are carried out: not where the figures are published ones."""
    hops = (_height(layer, tile) - 1) * layer.C / tile.z
    taken = np.asarray(psum_taken(hops, tile.C_set, layer, many.like), float)
    found: Mask = taken > float(carried_out(layer.C * layer.R * layer.S, layer, many.like))
    if found.any() and _may_be_published(layer, many.like):
        # hardly any hardware is the published chip: those that may be are asked one by one
        for at in np.flatnonzero(found & (many.J == 12) & (many.K == 14) & (many.glb_kib == 100)):
            hardware = replace(
                many.like,
                J=int(many.J[at]),
                K=int(many.K[at]),
                f_s=int(many.f_s[at]),
                I_s=int(many.I_s[at]),
                P_s=int(many.P_s[at]),
                glb_kib=float(many.glb_kib[at]),
                throughput=float(many.throughput[at]),
                other_control=float(many.other_control[at]),
            )
            found[at] = not is_published(layer, hardware)
    return found


def _may_be_published(layer: Layer, hardware: Hardware) -> bool:
    from analytical.hardware import PRESETS

    chip = PRESETS[hardware.b_w]
    sizes = {name: getattr(chip, name) for name in _SIZES}
    return is_published(layer, replace(hardware, **sizes))


def _price(many: Many, words: dict[Event, Numbers], nonzero: float, latency_s: Numbers) -> dict[str, Numbers]:
    """:func:`analytical.energy.price`, as the paper charges."""
    by_level = {
        level: sum(
            (many.word_J[event] * number for event, number in words.items() if event.level is level),
            np.zeros(len(many)),
        )
        for level in Level
    }
    mac, clock = many.mac_J * nonzero, many.clock_W * latency_s
    on_chip = mac + by_level[Level.RF] + by_level[Level.INTER_PE] + by_level[Level.GLB]
    share = many.other_control
    return {
        "mac": mac,
        "rf": by_level[Level.RF],
        "inter_pe": by_level[Level.INTER_PE],
        "glb": by_level[Level.GLB],
        "dram": by_level[Level.DRAM],
        "clock": clock,
        "other_control": share / (1 - share) * (on_chip + clock),
    }
