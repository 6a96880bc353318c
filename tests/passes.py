"""Passes of all kinds on arrays of all kinds, for tests of the PE array."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from analytical.hardware import EYERISS_16BIT, Hardware
from simulator.machine.geometry import PassShape
from simulator.machine.pe_array import PassRun, PEArray

BIG = replace(EYERISS_16BIT, J=96, K=16, P_s=8)


@st.composite
def passes(draw: st.DrawFn) -> tuple[PassShape, Hardware]:
    R, S, U = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 5))
    V = draw(st.one_of(st.just(U), st.integers(1, 4)))
    columns, windows = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    channels, groups = draw(st.integers(1, 5)), draw(st.sampled_from([1, 1, 2, 3]))
    stacks = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3 if groups == 1 else 2))
    shape = PassShape(
        set_channels=(*draw(st.lists(st.just(channels), max_size=3)), draw(st.integers(1, channels))),
        stack_filters=tuple(stacks * groups),
        groups=groups,
        R=R,
        S=S,
        U=U,
        images=draw(st.integers(1, 3)),
        strip_rows=U * (columns - 1) + R + draw(st.integers(0, 2)),
        V=V,
        width=V * (windows - 1) + S + draw(st.integers(0, 4)),
        pe_columns=columns,
        windows=windows,
        loads_filters=draw(st.booleans()),
        reads_psums=draw(st.booleans()),
        one_psum_bank=draw(st.booleans()),
    )
    hardware = replace(
        BIG,
        P_s=draw(st.integers(max(shape.stack_filters), 12)),
        ifmap_fifo=draw(st.integers(1, 9)),
        psum_fifo=draw(st.integers(1, 9)),
        pe_stages=draw(st.integers(2, 5)),
        gin_ifmap_bits=draw(st.sampled_from([16, 32, 48, 128])),
        gin_filter_bits=draw(st.sampled_from([16, 48, 64, 128])),
        gin_psum_bits=draw(st.sampled_from([16, 48, 64, 128])),
        gon_bits=draw(st.sampled_from([16, 48, 64, 128])),
    )
    return shape, hardware


def stepped(shape: PassShape, hardware: Hardware) -> PassRun:
    """A pass of ones, stepped cycle by cycle."""
    return PEArray(hardware).run(
        shape,
        np.ones((shape.images, shape.channels, shape.strip_rows, shape.width), np.int64),
        np.ones((shape.filters, shape.filter_channels, shape.R, shape.S), np.int64),
        np.zeros((shape.images, shape.filters, shape.pe_columns, shape.windows), np.int64),
    )
