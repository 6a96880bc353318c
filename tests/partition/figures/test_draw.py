"""Pictures show the numbers of the figures, in the units that their axes say."""

import numpy as np
import pytest

import partition
from partition.figures.draw import PictureError, map_figure, panels_figure, picture_format
from partition.figures.paper import figure_2, figure_12
from partition.maps import cut_map

PLAN = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W")


def test_a_map_s_axes_are_megabits_a_second_and_watts() -> None:
    rates, powers = np.linspace(5e6, 200e6, 9), np.linspace(0.1, 2, 5)
    found = cut_map(PLAN, rates, powers)
    axes, bar = map_figure(found, "a map").axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("Mbps", "transmission power, W", "a map")
    (mesh,) = axes.collections
    corners = np.asarray(mesh.get_coordinates())
    assert corners[0, :, 0] == pytest.approx(np.linspace(5 - 24.375 / 2, 200 + 24.375 / 2, 10))
    assert corners[:, 0, 1] == pytest.approx(np.linspace(0.1 - 0.2375, 2 + 0.2375, 6))
    there = [found.names[cut] for cut in sorted(set(found.cuts.ravel()))]
    assert [label.get_text() for label in bar.get_yticklabels()] == there


def test_panels_have_the_points_and_labels_of_the_figure() -> None:
    bars, lines = figure_2({"analytical": PLAN}), figure_12({"analytical": PLAN})
    for panels in (bars, lines):
        for axes, panel in zip(panels_figure(panels).axes, panels, strict=True):
            assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == (panel.title, panel.x, panel.y)
            labels = [text.get_text() for text in axes.get_legend().get_texts()]
            assert labels == [series.label for series in panel.series]
    drawn = [patch.get_height() for patch in panels_figure(bars).axes[0].patches]
    assert drawn == bars[0].series[0].y
    assert panels_figure(lines).axes[0].lines[0].get_ydata().tolist() == lines[0].series[0].y


def test_a_name_that_is_no_picture_s_is_refused() -> None:
    with pytest.raises(PictureError, match=r"expected a picture's name that ends in \.svg, \.png, \.pdf"):
        picture_format("map.txt")
