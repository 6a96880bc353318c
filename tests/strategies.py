"""Hypothesis strategies: layers and hardware that exist, and together can be mapped."""

from dataclasses import replace

from hypothesis import assume
from hypothesis import strategies as st

from analytical.hardware import FILTER_CODES, FMAP_CODES, GATES, PRESETS, SKIPS, Hardware
from analytical.layer import Layer
from analytical.mappings import MappingError
from analytical.mappings.eyeriss import EyerissMapping, stacks_of_array
from analytical.mappings.rules import map_layer
from tests.machines import tile

SMALL = 300_000
"""MACs of a layer that both engines run in a moment."""


@st.composite
def layers(draw: st.DrawFn, most_macs: int = SMALL) -> Layer:
    """A layer of any shape: not square, strided, grouped, padded, with rows and columns that no window reaches."""
    R, S = draw(st.integers(1, 7)), draw(st.integers(1, 8))
    U = draw(st.integers(1, 4))
    V = draw(st.one_of(st.just(U), st.integers(1, 4)))
    E, G = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    C = draw(st.integers(1, min(40, max(1, most_macs // (R * S * E * G * groups)))))
    F = draw(st.integers(1, min(40, max(1, most_macs // (R * S * E * G * groups * C)))))
    H = U * (E - 1) + R + draw(st.integers(0, U - 1))
    W = V * (G - 1) + S + draw(st.integers(0, V - 1))
    layer = Layer(
        name="random",
        groups=groups,
        H=H,
        W=W,
        pad_h=draw(st.integers(0, min(4, H - 1))) / 2,
        pad_w=draw(st.integers(0, min(4, W - 1))) / 2,
        C=C,
        R=R,
        S=S,
        F=groups * F,
        U=U,
        stride_width=V,
        E=E,
        G=G,
        sparsity_ifmap=draw(st.sampled_from([0.0, 0.3, 0.8, 0.97, 1.0])),
        sparsity_ofmap=draw(st.sampled_from([0.0, 0.5, 0.9, 1.0])),
        sparsity_filters=draw(st.sampled_from([0.0, 0.0, 0.4, 0.9, 1.0])),
        filter_bits=draw(st.sampled_from([None, None, None, 1, 3, 8])),
        first=draw(st.booleans()),
    )
    assume(layer.macs <= most_macs)
    return layer


@st.composite
def hardwares(draw: st.DrawFn, least_J: int = 1, least_I_s: int = 4) -> Hardware:
    """Eyeriss at either width, or one with other numbers everywhere; with any use for zeros, or the chip's."""
    preset = PRESETS[draw(st.sampled_from([8, 16]))]
    if draw(st.booleans()):
        preset = draw(uses_of_zeros(preset))
    if draw(st.booleans()):
        return preset
    return replace(
        preset,
        name="random",
        J=draw(st.integers(least_J, 14)),
        K=draw(st.integers(1, 16)),
        f_s=draw(st.sampled_from([48, 224, 448])),
        I_s=draw(st.integers(least_I_s, 24)),
        P_s=draw(st.integers(1, 48)),
        glb_kib=draw(st.sampled_from([1.5, 6, 20, 100])),
        glb_bank_kib=draw(st.sampled_from([0.5, 4])),
        filter_buffer_kib=draw(st.sampled_from([0.25, 8])),
        link_hz=draw(st.sampled_from([7_000_000, 60_000_000])),
        gin_ifmap_bits=draw(st.sampled_from([16, 64])),
        gin_psum_bits=draw(st.sampled_from([16, 64])),
        gon_bits=draw(st.sampled_from([16, 64])),
        overlap_fmaps=draw(st.booleans()),
        ifmap_fifo=draw(st.integers(1, 12)),
        psum_fifo=draw(st.integers(1, 8)),
        pe_stages=draw(st.integers(2, 4)),
    )


@st.composite
def uses_of_zeros(draw: st.DrawFn, hardware: Hardware) -> Hardware:
    """The same hardware with any gating, skipping and codes."""
    return replace(
        hardware,
        gate=draw(st.sampled_from(GATES)),
        skip=draw(st.sampled_from(SKIPS)),
        filter_code=draw(st.sampled_from(FILTER_CODES)),
        fmap_code=draw(st.sampled_from(FMAP_CODES)),
    )


@st.composite
def any_hardwares(draw: st.DrawFn) -> Hardware:
    """Hardware of any array and memories, many of which hold no more than a tile or two."""
    preset = PRESETS[draw(st.sampled_from([8, 16]))]
    return replace(
        preset,
        name="any",
        J=draw(st.integers(1, 20)),
        K=draw(st.integers(1, 20)),
        f_s=draw(st.integers(1, 448)),
        I_s=draw(st.integers(1, 30)),
        P_s=draw(st.integers(1, 48)),
        glb_kib=draw(st.sampled_from([0.01, 0.05, 0.3, 1.5, 6, 20, 27.3, 100, 500])),
        glb_bank_kib=draw(st.sampled_from([0.5, 4])),
    )


@st.composite
def mappable(draw: st.DrawFn) -> tuple[Layer, Hardware, int]:
    """A layer, a hardware that can run it, and a batch."""
    layer = draw(layers())
    hardware = draw(hardwares(least_J=layer.R, least_I_s=max(4, layer.S)))
    batch = draw(st.integers(1, min(6, max(1, SMALL // layer.macs))))
    try:
        tile(layer, hardware, map_layer(layer, hardware), batch)
    except MappingError:
        assume(False)
    return layer, hardware, batch


@st.composite
def chip_mappable(draw: st.DrawFn) -> tuple[Layer, Hardware, EyerissMapping, int]:
    """A layer, a hardware, a mapping of the chip's kind that lays one on the other, and a batch; CNNergy, beside which
    runs are set, can map the layer, too."""
    layer = draw(layers())
    hardware = draw(hardwares(least_J=layer.R, least_I_s=max(4, layer.S)))
    q = draw(st.integers(1, min(layer.C, hardware.I_s // layer.S)))
    assume(q * layer.S <= hardware.f_s)
    p = draw(st.integers(1, min(layer.filters_per_group, hardware.P_s, hardware.f_s // (q * layer.S))))
    e = draw(st.integers(1, layer.E))
    r = draw(st.integers(1, min(hardware.J // layer.R, -(-layer.C // q))))
    stacks = stacks_of_array(layer.R, e, r, hardware)
    assume(stacks)
    t = draw(st.integers(1, min(stacks, -(-layer.filters_per_group // p))))
    m = draw(st.integers(min(p * t, layer.filters_per_group), layer.filters_per_group))
    g = draw(st.one_of(st.none(), st.integers(1, layer.G)))
    mapping = EyerissMapping(m=m, n=draw(st.integers(1, 3)), e=e, p=p, q=q, r=r, t=t, g=g)
    batch = draw(st.integers(1, min(6, max(1, SMALL // layer.macs))))
    if draw(st.booleans()):
        # a GLB that is just enough
        words = mapping.strip_words(layer) + mapping.psum_words(layer)
        hardware = replace(hardware, glb_kib=max(words * hardware.b_w / 8192, 0.01), glb_bank_kib=1 / 1024)
    try:
        mapping.require_fits(layer, hardware)
        map_layer(layer, hardware)
    except MappingError:
        assume(False)
    return layer, hardware, mapping, batch
