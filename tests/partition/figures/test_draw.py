"""Pictures show the numbers of the figures, in the units that their axes say."""

import numpy as np
import pytest
from matplotlib.path import Path

import partition
from partition.figures.draw import PictureError, map_figure, panels_figure, picture_format
from partition.figures.paper import figure_2, figure_12

PLAN = partition.plan("alexnet", bitrate="60Mbps", tx_power="0.5W")


@pytest.mark.parametrize(
    ("rates", "powers"), [((5e6, 200e6), (0.1, 2.0)), ((1e3, 1e10), (1e-3, 10.0)), ((50e6, 60e6), (0.5, 0.6))]
)
def test_a_map_s_bands_are_where_each_cut_wins(rates: tuple[float, float], powers: tuple[float, float]) -> None:
    """On axes of megabits a second and watts: what is drawn at a point is what Algorithm 2 takes there."""
    (axes,) = map_figure(PLAN, rates, powers, "a map").axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("Mbps", "transmission power, W", "a map")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    bands = {patch.get_label(): patch.get_xy() for patch in axes.patches}
    rng = np.random.default_rng(0)
    area = 0.0
    for _ in range(300):
        rate, power = (np.exp(rng.uniform(*np.log(ends))) for ends in (rates, powers))
        best = PLAN.cuts[PLAN.lines.best(power / rate)].name
        # straight lines between corners are straight on logarithmic axes alone
        inside = [
            name for name, corners in bands.items() if Path(np.log(corners)).contains_point(np.log([rate / 1e6, power]))
        ]
        assert inside in ([best], []), (rate, power)
        area += inside == [best]
    assert area > 290
    names = {text.get_text() for text in axes.texts}
    assert set(bands) <= names
    assert ("wifi" in names) == (rates[0] <= 80e6 <= rates[1] and powers[0] <= 0.78 <= powers[1])


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
