"""What zeros and code do, against brute force and the codec."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT
from analytical.layer import Layer
from analytical.mappings.rules import map_layer
from analytical.run_lengths import Coded, code
from simulator.crosscheck.zeros import empty_windows, meet, nonzero_macs
from tests.machines import tile
from traces import rlc
from traces.tensors import synthesise


def test_nonzero_macs_by_brute_force() -> None:
    layer = Layer(name="L", groups=2, H=9, W=7, C=3, R=3, S=2, F=4, U=2, E=4, G=3, sparsity_ifmap=0.5)
    ifmap = synthesise(layer, b_w=16, batch=2, seed=3).ifmap
    windows = (
        ifmap[n, f // 2 * 3 : f // 2 * 3 + 3, 2 * y : 2 * y + 3, 2 * x : 2 * x + 2]
        for n, f, y, x in np.ndindex(2, layer.F, layer.E, layer.G)
    )
    assert nonzero_macs(layer, ifmap) == sum(map(np.count_nonzero, windows))


def test_empty_windows_by_brute_force() -> None:
    layer = Layer(name="L", H=6, W=6, C=10, R=3, S=3, F=2, E=4, G=4, sparsity_ifmap=0.9)
    tiling = tile(layer, EYERISS_16BIT, map_layer(layer, EYERISS_16BIT), batch=1)
    ifmap = synthesise(layer, b_w=16, batch=1, seed=1).ifmap
    sets = [range(4), range(4, 8), range(8, 10)]
    assert (tiling.C_set, tiling.z) == (4, 10)
    empty = 0
    for y, x, i in np.ndindex(layer.E, layer.G, layer.R):
        for members in sets:
            bottom = members is sets[-1] and i == layer.R - 1
            if not bottom and not ifmap[0, members.start : members.stop, y + i, x : x + 3].any():
                empty += layer.F
    assert empty_windows(tiling, ifmap) == empty > 0


@pytest.mark.parametrize(("I_s", "C_set", "zeros"), [(12, 4, 0.7), (24, 8, 0.9), (80, 26, 0.98)])
def test_where_nonzero_values_meet_by_brute_force(I_s: int, C_set: int, zeros: float) -> None:
    """Patterns of 12 bits, which are counted one by one, of 24, and of 78, for which no integer of NumPy's has room."""
    layer = Layer(
        name="L", H=6, W=6, C=C_set + 2, R=3, S=3, F=3, E=4, G=4, sparsity_ifmap=zeros, sparsity_filters=zeros
    )
    hardware = replace(EYERISS_16BIT, I_s=I_s, f_s=1000)
    tiling = tile(layer, hardware, map_layer(layer, hardware), batch=2)
    tensors = synthesise(layer, b_w=16, batch=2, seed=1)
    assert (tiling.C_set, tiling.z) == (C_set, layer.C)
    sets = [range(C_set), range(C_set, layer.C)]
    macs = without = 0
    for n, f, y, x, i in np.ndindex(2, layer.F, layer.E, layer.G, layer.R):
        for members in sets:
            pixels = tensors.ifmap[n, members.start : members.stop, y + i, x : x + 3]
            met = np.count_nonzero((pixels != 0) & (tensors.filters[f, members.start : members.stop, i] != 0))
            macs += met
            without += not met and not (members is sets[-1] and i == layer.R - 1)
    assert meet(tiling, tensors.ifmap, tensors.filters) == (macs, without)
    assert min(macs, without) > 0


@given(st.lists(st.sampled_from([0, 0, 0, 0, 0, 0, 0, 5]), max_size=400), st.sampled_from([8, 16]))
def test_code_from_gaps_is_the_codec_s(values: list[int], b_w: int) -> None:
    tile_values = np.array(values, np.int64)
    hardware = {8: EYERISS_8BIT, 16: EYERISS_16BIT}[b_w]
    coded = code([tile_values], hardware.rlc_run_bits, b_w)
    assert coded.words == len(rlc.encode(tile_values, b_w))
    assert coded.values == len(values)
    assert coded.nonzeros == np.count_nonzero(tile_values)


def test_code_of_tiles_by_hand() -> None:
    """31 zeros fit a run and the 32nd ends it; 3 pairs fill a word."""
    run_of_32, run_of_31 = np.zeros(32, int), np.zeros(31, int)
    assert code([run_of_32], 5, 16) == Coded(values=32, overflows=1, words=1)
    assert code([run_of_31], 5, 16) == Coded(values=31, restarts=1, words=1)
    assert code([np.ones(4, int), np.array([0, 1])], 5, 16) == Coded(values=6, nonzeros=5, words=3, longer=1)
