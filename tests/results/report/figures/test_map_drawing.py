from math import nan

import pytest

from raysc.planning.resolved import resolve
from raysc.results.plots.style import style
from raysc.results.report.figures.map_drawing import MapPanel, MapQuantity, draw_map
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


def test_points_that_are_close_have_no_texts(sweep: Sweep) -> None:
    points = [point(1, 1.0, 0.1), point(1, 1.1, 0.2), point(1, 3.0, 0.3)]
    assert texts(points, sweep) == ["theory: stable for every lambda"]
