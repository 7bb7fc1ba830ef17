import numpy as np
import pandas as pd
import pytest

from raysc.metrics.core.metric import Column
from raysc.results.plots.style import style
from raysc.results.report.figures.curve_drawing import MAX_MARKERS, draw_curves
from raysc.results.report.figures.curve_means import CurveMeans
from raysc.results.report.figures.curve_styles import CONTROL_STYLE, CurveStyle
from raysc.results.report.figures.panel_layout import Panel, PanelLayout

COLUMN = Column("metric", "lower", "linear", "test")
CURVE = CurveStyle("mix", "#0072B2", "-", "o")
LAYOUT = PanelLayout((Panel("first", {0: CURVE}), Panel("second", {1: CONTROL_STYLE})), 2, (CURVE, CONTROL_STYLE), "")


def means_of(generations: int, diverged_from: int | None = None, half_width: float = 0.1) -> CurveMeans:
    """Return the means of cell 0 at some generations; cell 1 has no results."""
    t = np.arange(generations)
    diverged = np.zeros(generations) if diverged_from is None else (t >= diverged_from).astype(float)
    means = pd.DataFrame({"cell": 0, "generation": t, "mean": 1.0 + t, "arithmetic_mean": np.nan, "diverged": diverged})
    means = means.assign(low=means["mean"] - half_width, high=means["mean"] + half_width, theory=np.nan, floor=0.5)
    means = means.assign(quantile_5=np.nan, quantile_95=np.nan)
    return CurveMeans(means, {0: means}, COLUMN, scale="linear")


def test_a_panel_without_results_says_so() -> None:
    with style():
        figure = draw_curves(means_of(3), COLUMN, LAYOUT)
    first, second = figure.axes
    assert [text.get_text() for text in first.texts] == []
    assert [text.get_text() for text in second.texts] == ["not run yet"]


def test_the_legend_names_floor_and_divergence() -> None:
    with style():
        figure = draw_curves(means_of(3, diverged_from=2), COLUMN, LAYOUT)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["mix", "control: real rows only", "floor: real rows", "a seed diverged"]
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert [np.asarray(line.get_xdata()).tolist() for line in crosses] == [[2]]


@pytest.mark.parametrize("generations", [MAX_MARKERS, MAX_MARKERS + 1])
def test_a_long_curve_has_one_marker(generations: int) -> None:
    with style():
        figure = draw_curves(means_of(generations), COLUMN, LAYOUT)
    curve = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    assert curve.get_markevery() == (None if generations == MAX_MARKERS else [generations - 1])


def test_wide_bands_do_not_flatten_the_curves() -> None:
    with style():
        figure = draw_curves(means_of(3, half_width=100.0), COLUMN, LAYOUT)
    low, high = figure.axes[0].get_ylim()
    assert high - low == pytest.approx(1.7 * (3 - 0.5))
