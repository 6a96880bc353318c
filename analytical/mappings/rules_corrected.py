"""CNNergy's rules, corrected where they give what cannot be, or what costs needlessly much.

The published rules were written for four networks on one chip. There the corrected ones give the same mapping; past
them, each departure is a :class:`Correction` with a name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from analytical import counts as c
from analytical.counts import Event, Level
from analytical.energy import joules_of_word
from analytical.hardware import PRESETS, Hardware
from analytical.layer import Layer
from analytical.mappings.advice import least_needs, way_out
from analytical.mappings.cnnergy import CnnergyMapping, Correction, RuleSet, filters_of_sets
from analytical.mappings.rules_published import Sets, fit, halved, require, share_out, strip_of
from analytical.spans import share
from analytical.traffic import fmap_words
from analytical.zeros import carried_out, psum_taken

WORTH = 0.05
"""What another tile has to save before the one of the published rules gives way to it, as a share of its energy: on the
four networks, narrower tiles would save up to 4.8 % (VGG-16's C2_1 at 16 bit)."""


def map_corrected(layer: Layer, hardware: Hardware) -> CnnergyMapping:
    """The mapping by the corrected rules.

    Of all tiles that are tried (:func:`_tiles`, the published rules' own first), the first is taken whose energy is
    within :data:`WORTH` of the least. As tiles that fit a GLB fit every larger one, a larger one never makes a layer
    dearer by more.

    Parameters
    ----------
    layer : Layer
        Its batch and its zeros matter to what costs least.
    hardware : Hardware

    Raises
    ------
    MappingError
        Not even the smallest tile fits: one filter, one window, one channel.
    """
    exceeded = least_needs(layer, hardware)
    require(not exceeded, layer, f"{exceeded}{way_out(layer, hardware, _maps)}")
    corrections: list[Correction] = []
    sets = _sets(layer, hardware, corrections)
    least_J = _least_J(layer, hardware)
    tried: list[_Tried] = []
    for tile in _tiles(layer, hardware, sets):
        mapping = fit(
            layer,
            hardware,
            tile.sets,
            y_i=tile.y_i,
            y_o=tile.y_o,
            X_i=tile.X_i,
            X_o=tile.X_o,
            rule_set=RuleSet.CORRECTED,
        )
        if mapping is not None and mapping.all_channels_in_one_pass:
            mapping = _with_room_for_a_window(hardware, mapping)
        if mapping is None:
            continue
        if tile.one_strip:
            mapping = _with_blocks_of_a_strip(hardware, mapping)
        joules = _joules(layer, hardware, mapping)
        tried.append(_Tried(joules, mapping, tile))
        # nothing could save enough: the other tiles need not be tried
        if joules * (1 - WORTH) <= least_J or _is_free(layer, mapping, sets):
            break
    least = min(joules for joules, _, _ in tried)
    chosen = next(one for one in tried if one.joules * (1 - WORTH) <= least)
    mapping, tile = chosen.mapping, chosen.tile
    corrections += tile.corrections
    if mapping.all_channels_in_one_pass and mapping.f_i < tile.sets.f_i:
        corrections.append(Correction.FEWER_FILTERS)
    together = images_that_fit(layer, hardware, mapping)
    if layer.batch > together:
        corrections.append(Correction.IMAGES_THAT_FIT)
        mapping = replace(mapping, N=together)
    if _takes_too_many(layer, hardware, mapping) and not is_published(layer, hardware):
        corrections.append(Correction.PSUMS_TAKEN)
    return replace(mapping, corrections=tuple(corrections))


def _maps(layer: Layer, hardware: Hardware) -> bool:
    return not least_needs(layer, hardware)


def _is_free(layer: Layer, mapping: CnnergyMapping, sets: Sets) -> bool:
    """Whether the GLB limits nothing: the whole ofmap waits there, of as many filters as the RFs hold and of all
    images; and no stride leaves rows or columns out, which smaller tiles would not fetch."""
    whole = (mapping.X_o, mapping.Y_o, mapping.f_i) == (layer.G, layer.E, sets.f_i) and layer.batch <= mapping.N
    return whole and layer.U <= layer.R and layer.V <= layer.S


def _sets(layer: Layer, hardware: Hardware, corrections: list[Correction]) -> Sets:
    """Channels and filters of a pass: of one group, and no more than the RFs hold."""
    filters = layer.filters_per_group
    most = hardware.I_s // layer.S
    held = min(most, hardware.f_s // layer.S)
    sets = share_out(layer, hardware, filters=filters, most_channels=held)
    if held < min(most, layer.C):
        corrections.append(Correction.CHANNELS_HELD)
    if sets.f_i != share_out(layer, hardware, filters=layer.F, most_channels=held).f_i:
        corrections.append(Correction.GROUP_FILTERS)
    room = filters_of_sets(layer, hardware, sets.S_pass, sets.C_set, sets.z_i)
    if sets.f_i > min(filters, room):
        sets = replace(sets, f_i=min(filters, room), f_set=min(sets.f_set, hardware.f_s // (sets.C_set * layer.S)))
        corrections.append(Correction.FILTERS_HELD)
    return sets


class _Tile(NamedTuple):
    """A tile to try, and where it departs from the published rules."""

    sets: Sets
    y_i: int
    y_o: int
    X_i: float
    X_o: float
    corrections: tuple[Correction, ...]
    one_strip: bool = False


class _Tried(NamedTuple):
    joules: float
    mapping: CnnergyMapping
    tile: _Tile


def _tiles(layer: Layer, hardware: Hardware, sets: Sets) -> Iterator[_Tile]:
    """Tiles whose ifmap fits the GLB, the published rules' own first: halved in width, then in height and channels."""
    kib = hardware.b_w / 8192
    for channels in _channels(layer, hardware, sets):
        for y_i, y_o in _heights(layer, hardware):
            departs: tuple[Correction, ...] = (Correction.FEWER_CHANNELS,) if channels is not sets else ()
            if y_o < strip_of(layer, hardware.K)[1]:
                departs += (Correction.LOWER_STRIP,)
            widest = True
            for X_i, X_o in widths(layer):
                if X_i * y_i * channels.z_i * kib >= hardware.glb_kib:
                    continue
                where = departs + (() if widest else (Correction.NARROWER_TILE,))
                yield _Tile(channels, y_i, y_o, X_i, X_o, where)
                if layer.U > layer.R and y_o < layer.E:
                    yield _Tile(channels, y_i, y_o, X_i, X_o, (*where, Correction.LOWER_BLOCK), one_strip=True)
                widest = False


def widths(layer: Layer) -> Iterator[tuple[float, float]]:
    """X_i and X_o: the whole width, halves of it, and at last a single window."""
    X_i: float = layer.W
    X_o: float = layer.G
    while X_o > 1:
        yield X_i, X_o
        X_i, X_o = halved(layer, X_i)
    yield (layer.W, 1) if layer.G == 1 else (layer.S, 1)


def _heights(layer: Layer, hardware: Hardware) -> Iterator[tuple[int, int]]:
    """y_i and y_o: a whole strip, then half as many ofmap rows, down to one."""
    y_i, y_o = strip_of(layer, hardware.K)
    yield y_i, y_o
    while y_o > 1:
        y_o = share(y_o, 2)
        yield layer.U * (y_o - 1) + layer.R, y_o


def _channels(layer: Layer, hardware: Hardware, sets: Sets) -> Iterator[Sets]:
    """As many channels as the rules say; then on half as many sets, down to one; then half as many in that one.

    Sets that have no channels stay idle: to give them filters instead is what a search is for (the mapper ``eyeriss``),
    and would be another mapping than the paper's on its own networks.
    """
    yield sets
    used, C_set = share(sets.z_i, sets.C_set), sets.C_set
    while used > 1 or C_set > 1:
        used, C_set = (share(used, 2), C_set) if used > 1 else (1, share(C_set, 2))
        f_i = min(sets.f_i, layer.filters_per_group, hardware.P_s, hardware.f_s // (C_set * layer.S))
        # some channels are left for other passes, so that no rule of the sets holds any more
        yield Sets(S_pass=sets.S_pass, C_set=C_set, z_i=used * C_set, f_set=f_i, f_i=f_i)


def _with_room_for_a_window(hardware: Hardware, mapping: CnnergyMapping) -> CnnergyMapping | None:
    """With as many filters as the GLB has room for one window of: psums that only pass through need that."""
    kib = hardware.b_w / 8192
    f_i = min(mapping.f_i, (hardware.glb_kib - mapping.ifmap_kib) // (mapping.y_o * kib))
    if f_i == mapping.f_i:
        return mapping
    return replace(mapping, f_i=int(f_i), psum_kib=mapping.X_o * mapping.Y_o * f_i * kib) if f_i >= 1 else None


def _with_blocks_of_a_strip(hardware: Hardware, mapping: CnnergyMapping) -> CnnergyMapping:
    """With row blocks of one strip, and the images that then fit."""
    psum_kib = mapping.X_o * mapping.y_o * mapping.f_i * hardware.b_w / 8192
    together = int(hardware.glb_kib // (mapping.ifmap_kib + psum_kib))
    return replace(mapping, Y_o=mapping.y_o, psum_kib=psum_kib, N=max(1, together))


def images_that_fit(layer: Layer, hardware: Hardware, mapping: CnnergyMapping) -> int:
    """Images that filters can serve: N of eq 11; or more of the layer's batch where psums only pass through, as long as
    their ifmaps fit.

    SqueezeNet's Fs6 at 8 bit runs two images so, as in the authors' program, though eq 11 gives one.
    """
    if not mapping.all_channels_in_one_pass:
        return mapping.N
    room = hardware.glb_kib - mapping.f_i * mapping.y_o * hardware.b_w / 8192
    return max(mapping.N, min(layer.batch, int(room // mapping.ifmap_kib)))


def _joules(layer: Layer, hardware: Hardware, mapping: CnnergyMapping) -> float:
    """Joules of an image, as the closed forms charge them."""
    images = min(layer.batch, images_that_fit(layer, hardware, mapping))
    moved = mapping.repetitions(layer).words(layer, images)
    words = {event: moved[event] / images for event in moved}
    return _priced(layer, hardware, words)


def _least_J(layer: Layer, hardware: Hardware) -> float:
    """Joules that no mapping falls below: every value moves once, for as many images as the batch has."""
    filters = layer.F * layer.C * layer.R * layer.S / layer.batch
    # rows and columns between windows may stay where they are
    rows, columns = min(layer.H, layer.E * min(layer.U, layer.R)), min(layer.W, layer.G * min(layer.V, layer.S))
    ifmap = layer.channels * rows * columns
    word_J = joules_of_word(hardware)
    # a psum from the PE below costs more than the read that it spares, or no more than for each MAC
    hops = layer.macs if word_J[c.INTER_PE_PSUM] < word_J[c.RF_PSUM_READ] else 0
    words = {
        c.DRAM_FILTER_READ: filters,
        c.GLB_FILTER_READ: filters,
        c.DRAM_IFMAP_READ: ifmap,
        c.GLB_IFMAP_READ: ifmap,
        c.GLB_PSUM_WRITE: layer.ofmap_size,
        c.INTER_PE_PSUM: hops,
    }
    return _priced(layer, hardware, words)


def _priced(layer: Layer, hardware: Hardware, words: Mapping[Event, float]) -> float:
    """Joules of an image of which so many words move, fmaps not yet coded."""
    word_J = joules_of_word(hardware)
    nonzero = layer.macs * (1 - layer.sparsity_ifmap)
    ifmap = words[c.DRAM_IFMAP_READ]
    all_words = dict(words) | {
        c.DRAM_IFMAP_READ: ifmap if layer.first else float(fmap_words(ifmap, layer.sparsity_ifmap, hardware)),
        c.DRAM_OFMAP_WRITE: float(fmap_words(layer.ofmap_size, layer.sparsity_ofmap, hardware)),
        c.RF_IFMAP_READ: layer.macs,
        c.RF_FILTER_READ: nonzero,
        c.RF_PSUM_WRITE: nonzero,
        # a psum from the PE below spares a read of the RF
        c.RF_PSUM_READ: nonzero - words[c.INTER_PE_PSUM],
    }
    dram = sum(word_J[event] * all_words[event] for event in all_words if event.level is Level.DRAM)
    moved = sum(word_J[event] * all_words[event] for event in all_words if event.level is not Level.DRAM)
    clock = hardware.clock_W * layer.macs / hardware.throughput
    return float(dram + (hardware.prices.mac * nonzero + moved + clock) / (1 - hardware.other_control))


def _takes_too_many(layer: Layer, hardware: Hardware, mapping: CnnergyMapping) -> bool:
    """Whether more psums are taken from PEs below than there are MACs that are carried out."""
    hops = (mapping.pe_column_height(layer) - 1) * layer.C / mapping.z_i
    taken = psum_taken(hops, mapping.C_set, layer, hardware)
    return bool(taken > carried_out(layer.C * layer.R * layer.S, layer, hardware))


def is_published(layer: Layer, hardware: Hardware) -> bool:
    """Whether a layer is one of the four networks', on the chip: their figures stay those of the authors' program, one
    of which has psum reads below zero (SqueezeNet's C10 at 16 bit)."""
    from analytical.networks import ZOO, load_network  # hardly ever asked for

    chip = PRESETS[hardware.b_w]
    # zeros of filters that spare MACs are in no published figure
    if hardware.filter_zeros_spare and layer.sparsity_filters:
        return False
    # what else is made of zeros does not matter to the rules, nor whether filters have any
    if replace(chip, gate=hardware.gate, skip=hardware.skip, filter_code=hardware.filter_code) != replace(
        hardware, name=chip.name, prices=chip.prices, fmap_code=chip.fmap_code
    ):
        return False
    alike = replace(layer, name="any", batch=1, sparsity_filters=0.0, filter_bits=None)
    return any(alike == replace(known, name="any", batch=1) for name in ZOO for known in load_network(name).layers)
