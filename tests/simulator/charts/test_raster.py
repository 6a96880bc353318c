"""Pictures of a watched pass: what they show is what its PEs did."""

import io
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

import simulator
from analytical.diagrams import ChartError, picture_format
from simulator.charts.raster import FORMATS, FRAMES, MOST_STRETCHES, STATES, picture, shares
from simulator.machine import kernels


@pytest.fixture(scope="module")
def watched() -> simulator.WatchedPass:
    return simulator.watch("alexnet", "C3", 5, batch=1)


def test_shares_are_those_counted_one_by_one() -> None:
    states = np.random.default_rng(0).integers(0, len(STATES), (50, 6)).astype(np.uint8)
    edges = [3, 4, 20, 41]
    found = shares(states, edges)
    for at, state in enumerate(STATES):
        for stretch, (first, last) in enumerate(pairwise(edges)):
            for pe in range(6):
                some = states[first:last, pe].tolist()
                assert found[at, stretch, pe] == some.count(state) / len(some)


def test_the_raster_has_each_pe_s_states_mixed_by_their_shares(watched: simulator.WatchedPass) -> None:
    figure = watched.plot(100, 100 + MOST_STRETCHES)
    above, below = figure.axes
    (image,) = above.images
    # as many stretches as cycles: each pixel is one state's colour
    colours = {state: to_rgb(colour) for state, (_, _, colour) in STATES.items()}
    states = watched.states[100 : 100 + MOST_STRETCHES].reshape(MOST_STRETCHES, -1)
    drawn = np.asarray(image.get_array())
    assert drawn.shape == (156, MOST_STRETCHES, 3)
    for state in np.unique(states):
        assert np.allclose(drawn[(states == state).T], colours[int(state)])
    # the area: one colour on the other up to all PEs
    tops = [collection.get_paths()[0].vertices[:, 1].max() for collection in below.collections]
    assert tops == sorted(tops)
    assert tops[-1] == pytest.approx(100)
    # a notebook shows it
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    whole = watched.plot()
    (image,) = whole.axes[0].images
    assert np.asarray(image.get_array()).shape == (156, MOST_STRETCHES, 3)
    mac = whole.axes[1].collections[0].get_paths()[0].vertices[:, 1].max()
    most = max(row["compute"] / (row["end_cycle"] - row["first_cycle"]) for row in watched.rows(MOST_STRETCHES))
    assert mac == pytest.approx(100 * most / 168)


def test_pictures_say_which_pass_they_show(watched: simulator.WatchedPass) -> None:
    still = Image.open(io.BytesIO(picture(watched, "png")))
    assert still.info["Title"] == watched.title
    moving = Image.open(io.BytesIO(picture(watched, "gif", 0, 400)))
    assert watched.title.encode() in moving.info["comment"]
    assert moving.n_frames == FRAMES  # type: ignore[attr-defined]
    assert moving.info["loop"] == 0
    # the frames differ, as the states do
    first = np.asarray(moving.convert("RGB"))
    moving.seek(FRAMES // 2)
    assert (first != np.asarray(moving.convert("RGB"))).any()


def test_an_animation_keeps_each_state_s_colour(watched: simulator.WatchedPass) -> None:
    """Also where few PEs are in it, as of a palette made anew for each frame it would not."""
    moving = Image.open(io.BytesIO(picture(watched, "gif", 0, 400)))
    places = watched.places()
    assert places.shape == (12, 14)
    states = np.append(watched.states.reshape(watched.cycles, -1), np.full((watched.cycles, 1), kernels.IDLE), axis=1)
    for frame in (0, 30, 80):
        moving.seek(frame)
        pixels = np.asarray(moving.convert("RGB")).reshape(-1, 3)
        shown = {tuple(pixel) for pixel in pixels.tolist()}
        for state in np.unique(states[frame * 4][places]):
            assert tuple(round(255 * part) for part in to_rgb(STATES[int(state)][2])) in shown


@pytest.mark.parametrize(
    ("layer", "mapping"), [("C1", "eyeriss"), ("C2", "eyeriss"), ("FC6", "eyeriss"), ("C2", "cnnergy")]
)
def test_each_pe_of_a_pass_has_one_place_in_the_array(layer: str, mapping: str) -> None:
    found = simulator.watch("alexnet", layer, mapping=mapping, batch=1)
    places = found.places()
    pes = found.place.shape.active_pes
    assert sorted(places[places < pes].tolist()) == list(range(pes))
    if places.shape == (12, 14):
        assert np.count_nonzero(places == pes) == 168 - pes


def test_a_short_stretch_has_a_frame_for_each_cycle(watched: simulator.WatchedPass) -> None:
    moving = Image.open(io.BytesIO(picture(watched, "gif", 0, 12)))
    assert moving.n_frames == 12  # type: ignore[attr-defined]


def test_cycles_that_are_not_there_are_refused(watched: simulator.WatchedPass) -> None:
    for first, last in ((5, 5), (-1, 3), (0, watched.cycles + 1)):
        with pytest.raises(ChartError, match="expected some of 0:"):
            watched.plot(first, last)
    with pytest.raises(ChartError, match=r"ends in \.png or \.gif"):
        picture_format("c1.svg", FORMATS, "matplotlib")
