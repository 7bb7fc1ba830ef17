from math import nan

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from raysc.planning.resolved import resolve
from raysc.results.plots.style import style
from raysc.results.report.figures.map_drawing import MapPanel, MapQuantity, ThresholdMark, draw_map
from raysc.results.statistics.averages import Mean
from raysc.results.table.stability import Stability
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep

EXCESS = MapQuantity(
    name="excess",
    title="title",
    scale="excess",
    value=lambda point: point.excess.mean,
    text=lambda point: f"{point.excess.mean:+.2f}",
    note="",
)


def point(number: int, initial_quality: float, excess: float, diverged: int = 0) -> Stability:
    """Return a point of a map; ``number``: cell 1 has lambda 0.5, cell 2 has lambda 2."""
    mean, unknown = Mean(excess, nan, nan, 3), Mean(nan, nan, nan, 0)
    return Stability(number, initial_quality, 4, mean, unknown, 3, diverged)


def texts(points: list[Stability], sweep: Sweep) -> list[str]:
    """Draw a map with one panel and return the texts in it."""
    with style():
        figure = draw_map([MapPanel(["regime"], ["mix"], points)], 1, points, resolve(sweep).cells, EXCESS)
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.fixture
def sweep(gaussian_store: tuple[Sweep, Objects]) -> Sweep:
    return gaussian_store[0]


def test_each_point_has_its_text_and_the_panel_its_bound(sweep: Sweep) -> None:
    points = [point(1, 1.0, -0.25), point(2, 1.0, 0.5), point(2, 3.0, nan, diverged=2)]
    assert texts(points, sweep) == ["-0.25", "+0.50", "2 of 3 diverged", "theory: stable for every lambda"]


def test_biased_samples_have_the_line_of_their_boundary(make_sweep: MakeSweep, gaussian_text: str) -> None:
    points = [point(1, 1.0, -0.25), point(2, 1.0, 0.5)]
    line = "theory: stable up to 2"
    assert texts(points, make_sweep(gaussian_text, "sample.covariance_scale=1.5"))[-1] == line
    mixed = make_sweep(gaussian_text, "space={regime: mix, lambda: 1.0, sample.covariance_scale: [1.0, 1.5]}")
    assert texts([point(0, 1.0, 0.1), point(1, 3.0, 0.2)], mixed) == ["+0.10", "+0.20"]


def test_texts_that_would_overlap_are_left_out(make_sweep: MakeSweep, sweep: Sweep, gaussian_text: str) -> None:
    points = [point(1, 1.0, 0.1), point(1, 1.1, 0.2), point(1, 3.0, 0.3)]
    assert texts(points, sweep) == ["+0.10", "+0.30", "theory: stable for every lambda"]
    dense = make_sweep(gaussian_text, "space={regime: mix, lambda: [0.05, 0.3, 0.31, 4.0]}")
    points = [point(number, 1.0, number / 10) for number in range(4)]
    assert texts(points, dense) == ["+0.00", "+0.10", "+0.30", "theory: stable for every lambda"]
    with style():
        figure = draw_map([MapPanel(["regime"], ["mix"], points)], 1, points, resolve(dense).cells, EXCESS)
        figure.canvas.draw()
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["0.05", "0.3", "4"]


def test_a_threshold_is_a_bar_above_its_probes(sweep: Sweep) -> None:
    points, mark = [point(1, 1.0, 0.1), point(2, 1.0, 0.3)], ThresholdMark(1.2, 1.0, 1.5, 1.0, frozenset({1, 2}))
    with style():
        figure = draw_map([MapPanel(["regime"], ["mix"], points, [mark])], 1, points, resolve(sweep).cells, EXCESS)
    (bar,) = figure.axes[0].containers
    assert isinstance(bar, ErrorbarContainer)
    line, _, (interval,) = bar.lines
    assert np.array_equal(line.get_xydata(), [[1.2, 1.0]])
    assert [segment.tolist() for segment in interval.get_segments()] == [[[1.0, 1.0], [1.5, 1.0]]]
