import math

import pytest

from raysc.planning.resolved import resolve
from raysc.results.claims.judging import JudgedClaim, judge_claims
from raysc.results.report.figures.forest_plot import (
    LINE_CHARACTERS,
    MAX_CLAIMS,
    decisive_case,
    estimate_text,
    forest_plot,
)
from raysc.results.report.page import Report
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep
from tests.results.report.figures.conftest import FigureOf

CLAIMS = """\
claims:
  - {says: more, metric: frechet_distance, of: {regime: replace}, than: control, relation: above, by: 3}
  - {says: alike, metric: frechet_distance, of: {regime: mix, lambda: 0.5}, than: control, relation: within, by: 1.25}
  - {says: large, metric: feature_variance, of: {regime: replace}, than: 0.5, relation: below, for_each: [lambda]}
  - {says: slow, metric: feature_variance, value: {slope: [1, last]}, of: {regime: replace}, than: 0, relation: below}
"""


@pytest.fixture(scope="module")
def judged(make_sweep: MakeSweep, gaussian_text: str, gaussian_store: tuple[Sweep, Objects]) -> list[JudgedClaim]:
    resolved = resolve(make_sweep(gaussian_text + CLAIMS))
    return judge_claims(resolved, load_table(resolved, gaussian_store[1]))


def test_each_claim_is_a_comparison_with_interval_and_bound(judged: list[JudgedClaim]) -> None:
    texts = [estimate_text(claim, decisive_case(claim)) for claim in judged]
    assert all(len(line) <= LINE_CHARACTERS for text in texts for line in text.splitlines())
    more, alike, large, slow = (" ".join(text.split()) for text in texts)
    assert more.startswith("frechet_distance: replace / control = ")
    assert more.endswith("], must exceed 3")
    assert "mix lambda 0.5 / control = " in alike
    assert alike.endswith("must lie within 0.8 and 1.25")
    assert large.startswith("lambda 1: feature_variance: ratio of replace = ")
    assert "slope of replace = " in slow
    assert slow.endswith("must stay below 0")


def test_the_figure_has_the_numbers_of_the_claims(judged: list[JudgedClaim]) -> None:
    figure = forest_plot(judged)
    assert figure is not None
    assert list(figure.numbers["says"]) == ["more", "alike", "large", "slow"]
    assert list(figure.numbers["low"]) == [decisive_case(claim).low for claim in judged]
    assert "must exceed 3" in figure.svg
    many = forest_plot(judged * MAX_CLAIMS)
    assert many is not None
    assert f"The first {MAX_CLAIMS} of {4 * MAX_CLAIMS} claims." in many.caption


def test_claims_without_an_interval_are_not_in_it(judged: list[JudgedClaim]) -> None:
    assert forest_plot([]) is None
    assert all(not math.isnan(decisive_case(claim).low) for claim in judged)


def test_the_report_has_it_above_the_claims(gaussian_report: Report, figure_of: FigureOf) -> None:
    assert len(figure_of(gaussian_report, "claims-forest").numbers) == 2
    html = gaussian_report.html
    assert html.index('id="claims"') < html.index('id="figure-claims-forest"') < html.index('id="claims-table"')
    assert "core hours" in html
