"""The rule by which the Eyeriss chip's mappings can be told: inferred from its measurements, and published nowhere.

AlexNet's mappings are printed (JSSC 2017, Table III). VGG-16's are not: only latencies and accesses are (Table VI). Of
all mappings, few give Table VI's GLB accesses; this rule returns one of these for each block, and AlexNet's, with C3 as
C4, which is what C3's measured GLB accesses ask for. Limits c and d below are inferred from VGG-16: they are
calibration, and no physical reason for them is known. ``docs/silicon.md`` has the evidence, and what is left.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analytical import counts as c
from analytical.counts import Level
from analytical.hardware import Hardware
from analytical.layer import Layer
from analytical.mappings.eyeriss import stacks_of_array
from analytical.mappings.search import (
    Candidates,
    SearchResult,
    can_be_mapped,
    require_whole_batch,
    room,
    weigh,
    why_not,
)
from analytical.mappings.tiling import MappingError

LEAST_USE = 0.9
"""Limit c: least share of the PEs that whole sets could keep at work. Shares from 0.86 to 0.92 give the same."""

IFMAP_ROW_WORDS = 128
"""Limit d: most ifmap words of a row of a tile, over the q*r channels of a pass. 112 to 167 give the same."""

FMAP_WEIGHT = 0.5
"""What a word of a feature map counts in DRAM words, next to one of filters or of the image, since it is coded. 0.42 to
0.68 give the same."""


def find_as_chip(layer: Layer, hardware: Hardware, batch: int) -> SearchResult:
    """The mapping by the chip's inferred rule.

    Limits, beside those of the hardware: (a) m divides the filters of a group; (b) n is 1, or all images where a strip
    is the whole ofmap; (c) at least :data:`LEAST_USE` of the PEs that whole sets could fill are at work, or of those
    that any mapping of the layer fills; (d) the ofmap is cut into the fewest equal column tiles of at most
    :data:`IFMAP_ROW_WORDS` columns, and q*r channels of a tile's row are at most as many words. Of what is left, the
    mapping with the least DRAM words, feature maps at :data:`FMAP_WEIGHT`; of these, the one of least processing
    latency; of these, the one of fewest GLB accesses.

    Parameters
    ----------
    layer : Layer
    hardware : Hardware
    batch : int
        Images of the run, at least 1.

    Returns
    -------
    SearchResult
        Its energy is the search's estimate for that mapping.

    Raises
    ------
    MappingError
        No mapping fits.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.networks import load_network
    >>> find_as_chip(load_network("vgg16").layer("C3_1"), EYERISS_16BIT, batch=3).mapping
    EyerissMapping(m=64, n=1, e=13, p=16, q=2, r=1, t=4)
    """
    require_whole_batch(layer, batch)
    found = _find(replace(layer, name="any", batch=1), hardware, batch)
    if found is None:
        if can_be_mapped(layer, hardware):
            raise MappingError(
                f"layer {layer.name} cannot be mapped by the chip's rule: none of its tiles fits the GLB of "
                f"{hardware.glb_kib} KiB; --objective energy maps it"
            )
        raise MappingError(f"layer {layer.name} cannot be mapped as on the chip: {why_not(layer, hardware)}")
    return found


@lru_cache(maxsize=256)
def _find(layer: Layer, hardware: Hardware, batch: int) -> SearchResult | None:
    g = _columns(layer)
    parts = [
        _candidates(layer, hardware, batch, e, q, r, g)
        for e, q, r in _sets(layer, hardware)
        if q * r * g <= IFMAP_ROW_WORDS or q * r == 1
    ]
    candidates = Candidates(*np.concatenate([np.empty((7, 0), np.int64), *parts], axis=1))
    at_work = layer.R * candidates.e * candidates.r * candidates.t
    # (c): what whole sets could fill, or the most that any mapping does
    most = int(at_work.max(initial=0))
    if not most:
        return None
    least = LEAST_USE * min(most, hardware.J // layer.R * layer.R * hardware.K)
    candidates = Candidates(*(numbers[at_work >= least] for numbers in candidates))
    cost = weigh(layer, hardware, batch, candidates, g)
    # words before the code, whose share of zeros is not known when a network is mapped
    image = 1.0 if layer.first else FMAP_WEIGHT
    dram = cost.raw_words[c.DRAM_FILTER_READ] + image * cost.raw_words[c.DRAM_IFMAP_READ]
    glb = np.sum([cost.words[event] for event in cost.words if event.level is Level.GLB], axis=0)
    # by the last key first; stable, so that of equals the first stays
    at = int(np.lexsort((glb, cost.work, dram))[0])
    return SearchResult(
        mapping=candidates.mapping(at, None if g == layer.G else g),
        energy_J=float(cost.joules[at]) / batch,
        weighed=candidates.m.size,
    )


def _sets(layer: Layer, hardware: Hardware) -> list[tuple[int, int, int]]:
    """Every e, q and r that the array and the RFs hold."""
    most_q = min(layer.C, hardware.I_s // layer.S, hardware.f_s // layer.S)
    most_e = min(layer.E, hardware.K * (hardware.J // layer.R)) if layer.R <= hardware.J else 0
    return [
        (e, q, r)
        for e in range(1, most_e + 1)
        for q in range(1, most_q + 1)
        for r in range(1, min(hardware.J // layer.R, -(-layer.C // q)) + 1)
        if stacks_of_array(layer.R, e, r, hardware)
    ]


def _columns(layer: Layer) -> int:
    """(d): ofmap columns of the fewest equal tiles whose rows have few ifmap words, if only of one channel."""
    return -(-layer.G // -(-layer.G // IFMAP_ROW_WORDS))


def _candidates(layer: Layer, hardware: Hardware, batch: int, e: int, q: int, r: int, g: int) -> NDArray[np.int64]:
    """All m, n, p and t with these sets and tiles that fit: seven rows, in the order of :class:`Candidates`."""
    F = layer.filters_per_group
    found = []
    for n in {1, batch} if e == layer.E else {1}:
        outer = room(layer, hardware, n, e, q, r, g)
        if outer is None:
            continue
        p, t = (grid.ravel() for grid in np.mgrid[1 : outer.p_most + 1, 1 : min(outer.stacks, F) + 1])
        # each stack has filters of its own
        there = t <= -(-F // p)
        p, t = p[there], t[there]
        # (a)
        for m in (m for m in range(1, outer.m_most + 1) if F % m == 0):
            fits = np.minimum(p * t, F) <= m
            alike = np.ones(int(fits.sum()), np.int64)
            found.append(
                np.stack([m * alike, n * alike, e * alike, p[fits], q * alike, r * alike, t[fits]]).astype(np.int64)
            )
    return np.concatenate(found, axis=1) if found else np.empty((7, 0), np.int64)
