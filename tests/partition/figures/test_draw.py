"""Pictures show the numbers of the figures, in the units that their axes say."""

import io
import re

import numpy as np
import pytest
from matplotlib.path import Path
from PIL import Image

import partition
from analytical.hardware import EYERISS_8BIT
from analytical.networks import load_network
from partition.figures.draw import draw_panels, map_figure, panels_figure
from partition.figures.look import Look, LookError, look_of
from partition.figures.panels import Panel, Series
from partition.figures.paper import figure_2, figure_10, figure_12, figure_13a, figure_13c

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
    for panels, with_legend in ((bars, (0, 1)), (lines, (2,))):
        for number, (axes, panel) in enumerate(zip(panels_figure(panels).axes, panels, strict=True)):
            assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == (panel.title, panel.x, panel.y)
            legend = axes.get_legend()
            # the same curves on the same axes need one legend, beside the last
            assert (legend is not None) == (number in with_legend)
            if legend is not None:
                assert [text.get_text() for text in legend.get_texts()] == [series.label for series in panel.series]
    drawn = [patch.get_height() for patch in panels_figure(bars).axes[0].patches]
    assert drawn == bars[0].series[0].y
    assert panels_figure(lines).axes[0].lines[0].get_ydata().tolist() == lines[0].series[0].y


def test_diagrams_of_the_same_quantities_share_their_axes() -> None:
    assert len({axes.get_ylim() for axes in panels_figure(figure_12({"analytical": PLAN})).axes}) == 1
    energy, bits = panels_figure(figure_2({"analytical": PLAN})).axes
    assert energy.get_ylim() != bits.get_ylim()


def test_fig_10_stacks_what_is_computed_and_sent_and_marks_the_best() -> None:
    plans = {"one": PLAN, "other": PLAN}
    (panel,) = figure_10(plans)
    (axes,) = panels_figure([panel]).axes
    count = len(PLAN.cuts)
    computes, sends = axes.patches[:count], axes.patches[count : 2 * count]
    assert len(axes.patches) == 4 * count
    for cut, below, above, total in zip(PLAN.cuts, computes, sends, panel.series[0].y, strict=True):
        assert below.get_height() == pytest.approx(cut.client_energy_J * 1e3)
        assert above.get_y() == pytest.approx(below.get_height())
        assert above.get_y() + above.get_height() == pytest.approx(total)
        assert above.get_x() == below.get_x()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["one, computes", "one, sends", "other, computes", "other, sends"]
    best = next(series.y.index(min(series.y)) for series in panel.series)
    marks = [text for text in axes.texts if text.get_text() == "best"]
    assert [mark.xy[1] for mark in marks] == [panel.series[0].y[best]] * 2
    assert [round(mark.xy[0]) for mark in marks] == [best] * 2


def test_no_line_joins_what_jumps_or_is_not_known() -> None:
    """Fig. 13(a): the delay where the best cut changes; Fig. 13(c): sizes of the GLB with which no mapping is left."""
    (delays,) = figure_13a({"analytical": PLAN})
    optimum = delays.series[0]
    assert optimum.label == "analytical, optimum"
    drawn = panels_figure([delays]).axes[0].lines[0].get_ydata()
    # a new optimum sends more and computes less: the delay falls by more than any slope of this figure makes it
    assert int(np.isnan(drawn).sum()) == len(optimum.jumps) >= 3
    assert drawn[~np.isnan(drawn)].tolist() == optimum.y
    assert int(np.argmin(np.diff(optimum.y))) + 1 in optimum.jumps

    (sizes,) = figure_13c(load_network("alexnet"), EYERISS_8BIT)
    (axes,) = panels_figure([sizes]).axes
    kib = sizes.series[0].x
    assert [(kib[at - 1], kib[at]) for at in sizes.series[0].jumps] == [(24.0, 32.0)]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")


def test_a_point_alone_between_two_jumps_is_a_dot() -> None:
    series = Series(label="a", x=[1.0, 2.0, 3.0, 4.0], y=[1.0, 5.0, 2.0, 3.0], jumps=(1, 2))
    lines = panels_figure([Panel(title="", x="", y="", series=[series])]).axes[0].lines
    assert lines[1].get_marker() == "."
    assert lines[1].get_xydata().tolist() == [[1.0, 1.0], [2.0, 5.0]]


def test_size_resolution_and_style_are_as_asked() -> None:
    panels = figure_10({"analytical": PLAN})
    with Image.open(io.BytesIO(draw_panels(panels, look_of("f.png", size="3.5x2.5", dpi=200)))) as image:
        assert image.size == (700, 500)
    plain, grey = (
        Image.open(io.BytesIO(draw_panels(panels, look_of("f.png", style=style)))).convert("RGB")
        for style in (None, "grayscale")
    )

    def is_grey(image: Image.Image) -> bool:
        pixels = np.asarray(image)
        return bool((pixels.max(axis=2) == pixels.min(axis=2)).all())

    assert (is_grey(plain), is_grey(grey)) == (False, True)


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_the_same_figure_is_the_same_file(ending: str) -> None:
    panels = figure_10({"analytical": PLAN})
    assert draw_panels(panels, Look(ending=ending)) == draw_panels(panels, Look(ending=ending))


def test_greys_tell_the_parts_of_a_bar_and_the_curves_apart() -> None:
    """Curves by their dashes; parts of bars by their hatches."""
    lines = draw_panels(figure_12({"analytical": PLAN}), Look()).decode()
    assert len(set(re.findall(r"stroke-dasharray: [\d. ,]+", lines))) >= 3
    assert "url(#h" in draw_panels(figure_10({"analytical": PLAN}), Look()).decode()


@pytest.mark.parametrize(
    ("file", "said", "message"),
    [
        ("map.txt", {}, r"--out map.txt: expected a picture's name that ends in \.svg, \.png, \.pdf"),
        ("map.svg", {"size": "3"}, "--size 3: expected WIDTHxHEIGHT in inches, each from 0.5 to 100"),
        ("map.svg", {"size": "0.1x3"}, "--size 0.1x3: expected WIDTHxHEIGHT"),
        ("map.svg", {"style": "nix"}, "--style nix: no such file or style; expected one of matplotlib's"),
    ],
)
def test_a_look_that_cannot_be_is_refused(file: str, said: dict[str, str], message: str) -> None:
    with pytest.raises(LookError, match=message):
        look_of(file, **said)  # type: ignore[arg-type]
