"""Feature maps enter and leave the GLB in parts that are all of them, once."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.rules import map_layer
from simulator.machine.schedule import schedule
from simulator.machine.transfers import MOST_PARTS, pieces, streamed_windows, transfers
from tests.strategies import mappable


@given(mappable())
def test_transfers_are_every_pixel_of_a_pass_once(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    for overlap in (False, True):
        chip = replace(hardware, overlap_fmaps=overlap)
        tiling = map_layer(layer, chip).tiling(layer, chip, batch)
        for shape in {p.shape for p in schedule(tiling)}:
            seen = np.zeros((shape.images, shape.width), np.int8)
            parts = transfers(tiling, shape)
            for part in parts:
                seen[part.images.slice, part.columns.slice] += 1
            assert (seen == 1).all()
            assert overlap or len(parts) == 1


@given(mappable())
def test_pieces_are_every_window_of_a_pass_once_and_fit_half_of_the_psums_part(
    case: tuple[Layer, Hardware, int],
) -> None:
    layer, hardware, batch = case
    tiling = map_layer(layer, hardware).tiling(layer, hardware, batch)
    for shape in {p.shape for p in schedule(tiling)}:
        seen = np.zeros((shape.images, shape.windows), np.int8)
        for piece in pieces(tiling, shape):
            seen[piece.images.slice, piece.columns.slice] += 1
            if tiling.psums_stream:
                words = piece.images.size * piece.columns.size * shape.filters * shape.pe_columns
                assert words <= max(tiling.psum_words // 2, shape.filters * shape.pe_columns)
        assert (seen == 1).all()
        assert streamed_windows(tiling, shape) >= 1


@given(mappable())
def test_a_piece_of_a_stream_is_the_most_that_half_of_the_psums_part_holds(case: tuple[Layer, Hardware, int]) -> None:
    layer, hardware, batch = case
    tiling = map_layer(layer, hardware).tiling(layer, hardware, batch)
    for shape in {p.shape for p in schedule(tiling)}:
        windows, of_window = streamed_windows(tiling, shape), shape.filters * shape.pe_columns
        assert windows == 1 or 2 * windows * of_window <= tiling.psum_words
        assert 2 * (windows + 1) * of_window > tiling.psum_words


@given(mappable(), st.integers(1, 2000))
def test_parts_are_a_bank_or_more_by_images_or_by_columns_of_one(case: tuple[Layer, Hardware, int], bank: int) -> None:
    layer, hardware, batch = case
    chip = replace(hardware, overlap_fmaps=True, glb_bank_kib=bank * hardware.b_w / 8192)
    tiling = map_layer(layer, chip).tiling(layer, chip, batch)
    for shape in {p.shape for p in schedule(tiling)}:
        words = shape.images * shape.width * shape.strip_rows * shape.channels
        most = max([n for n in (1, 2, 3, 4) if n * chip.glb_bank_words <= words], default=1)
        parts = transfers(tiling, shape)
        first = parts[0]
        if shape.images >= most:
            assert (first.images.size, first.columns.size) == (math.ceil(shape.images / most), shape.width)
        else:
            assert (first.images.size, first.columns.size) == (1, math.ceil(shape.width * shape.images / most))
        # all are as large as the first, but the last of an axis
        assert {part.images.size for part in parts if part.images.stop < shape.images} <= {first.images.size}
        assert {part.columns.size for part in parts if part.columns.stop < shape.width} <= {first.columns.size}


def test_a_wide_strip_moves_in_about_four_parts_where_transfers_overlap() -> None:
    layer = Layer(name="L", H=15, W=227, C=16, R=3, S=3, F=18, E=13, G=225)
    chip = replace(EYERISS_16BIT, overlap_fmaps=True, glb_kib=400)
    tiling = map_layer(layer, chip).tiling(layer, chip, 1)
    (shape,) = {p.shape for p in schedule(tiling)}
    parts = transfers(tiling, shape)
    assert len(parts) == MOST_PARTS == 4
    assert [str(part.columns) for part in parts] == ["0:57", "57:114", "114:171", "171:227"]
