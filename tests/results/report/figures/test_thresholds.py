from dataclasses import replace

import numpy as np
import pytest

from raysc.results.report.figures.thresholds import MAX_PANELS, thresholds_figure
from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.criterion import Probe
from raysc.results.thresholds.evidence import Search
from raysc.results.thresholds.proposals import Answer, SearchSettings
from raysc.results.thresholds.root import Root
from raysc.sweepfile.threshold_search import ThresholdSearch

SETTINGS = ThresholdSearch("lambda", 0.25, 16.0, True, False, "nll", None, 0.15, 400, None, (0, 1, 2), 4, 4, (), ())
ROOT = Root(0.0, (0, 1, 2), np.array([-0.1, 0.0, 0.1]))


def probes(noise: float = 0.1) -> tuple[Probe, ...]:
    return tuple(
        Probe(value, (0, 1, 2), "undecided", np.full(3, rho - 1), rho, rho - noise, rho + noise)
        for value, rho in ((0.25, 0.4), (1.0, 1.0), (16.0, 1.9))
    )


def searched(where: dict[str, object], answer: Answer | None) -> Search:
    settings = SearchSettings(AxisScale(0.25, 16.0, True), 0.15, 400, (0, 1, 2), 4, 4)
    return Search(where, settings, probes(), answer or ())


def test_the_figure_has_the_answers_and_the_numbers_of_all_probes() -> None:
    searches = [
        searched({"data.rows": 10}, Answer("threshold", ROOT, True)),
        searched({"data.rows": 20}, Answer("stable")),
    ]
    figure = thresholds_figure(SETTINGS, searches)
    assert figure is not None
    assert "data.rows 10: lambda* 1" in figure.caption
    assert "data.rows 20: lambda: none up to 16" in figure.caption
    assert len(figure.numbers) == 6
    assert "data.rows 20" in figure.svg
    assert "mathdefault" not in figure.svg


def test_too_many_searches_are_in_the_numbers_only() -> None:
    searches = [searched({"data.rows": rows}, None) for rows in range(MAX_PANELS + 2)]
    figure = thresholds_figure(SETTINGS, searches)
    assert figure is not None
    assert f"The first {MAX_PANELS} of {MAX_PANELS + 2} searches" in figure.caption
    assert len(figure.numbers) == 3 * len(searches)


@pytest.mark.filterwarnings("error")
def test_a_tolerance_on_a_linear_axis() -> None:
    search = replace(SETTINGS, low=0.0, high=2.0, logarithmic=False, delta=0.3)
    settings = SearchSettings(AxisScale(0.0, 2.0, False), 0.15, 400, (0, 1, 2), 4, 4)
    still = Probe(2.0, (0, 1, 2), "still", np.empty(0))
    figure = thresholds_figure(search, [Search({}, settings, (still,), ())])
    assert figure is not None
    assert "Excess of nll over the control at each probe" in figure.caption


def test_without_a_complete_probe_there_is_no_figure() -> None:
    settings = SearchSettings(AxisScale(0.25, 16.0, True), 0.15, 400, (0, 1, 2), 4, 4)
    assert thresholds_figure(SETTINGS, [Search({}, settings, (), ())]) is None
