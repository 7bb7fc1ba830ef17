"""Claims about thresholds, judged from searches that were run in this process."""

from pathlib import Path

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.results.claims.claim_text import claim_text
from raysc.results.claims.judging import JudgedClaim, judge_claims
from raysc.results.claims.threshold_values import NoThresholdError, ThresholdValues
from raysc.results.table.table import load_table
from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.evidence import Search
from raysc.results.thresholds.proposals import Answer, SearchSettings
from raysc.results.thresholds.root import Root
from raysc.store.objects import Objects
from tests.conftest import MakeSweep
from tests.results.thresholds.test_rounds import SEARCH, search

pytestmark = pytest.mark.slow

HEAD = "claims:\n  - says: x\n    metric: trace_ratio\n    value: {threshold: lambda}\n"


def judged(make_sweep: MakeSweep, objects: Objects, *fields: str) -> JudgedClaim:
    """Judge a claim; the search itself runs once, since its cells are in the store afterwards."""
    sweep = make_sweep(SEARCH + HEAD + "".join(f"    {field}\n" for field in fields))
    state = search(sweep, objects)
    (claim,) = judge_claims(state.resolved, load_table(state.resolved, objects))
    return claim


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    return Objects.open(tmp_path_factory.mktemp("store"))


@pytest.mark.parametrize(
    ("than", "relation", "verdict"),
    [
        ("than: 1", "relation: within\n    by: 1.5", "holds"),
        ("than: 3", "relation: above", "fails"),
        ("than: 3", "relation: below", "holds"),
    ],
)
def test_a_threshold_is_compared_with_a_value(
    make_sweep: MakeSweep, objects: Objects, than: str, relation: str, verdict: str
) -> None:
    claim = judged(make_sweep, objects, "of: {sample.covariance_scale: 2.0}", than, relation)
    assert claim.verdict == verdict
    assert claim.unit == "ratio"
    assert "threshold of the search" in claim_text(claim, 1)


def test_a_loop_that_is_stable_everywhere_has_a_threshold_above_the_range(
    make_sweep: MakeSweep, objects: Objects
) -> None:
    claim = judged(make_sweep, objects, "of: {sample.covariance_scale: 1.0}", "than: 15", "relation: above")
    assert claim.verdict == "holds"
    assert claim.cases[0].high == np.inf
    above_the_range = judged(make_sweep, objects, "of: {sample.covariance_scale: 1.0}", "than: 17", "relation: above")
    assert above_the_range.verdict == "undecided"


def test_two_searches_are_compared_by_their_common_seeds(make_sweep: MakeSweep, objects: Objects) -> None:
    fields = ("of: {sample.covariance_scale: 1.0}", "than: {sample.covariance_scale: 2.0}", "relation: above", "by: 4")
    claim = judged(make_sweep, objects, *fields)
    assert claim.verdict == "holds"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("of: {sample.covariance_scale: 2.0}", "than: control", "relation: below"), "with another search"),
        (("of: {sample.covariance_scale: 2.0}", "than: 1", "relation: below", "scale: log"), "the scale of its search"),
        (("of: {sample.covariance_scale: 2.0}", "than: 1", "relation: below", "by: {noise: 2}"), "by.noise"),
        (("of: {sample.covariance_scale: 3.0}", "than: 1", "relation: below"), "no cell has 3"),
        (("of: {regime: mix}", "than: 1", "relation: below"), "selects 2 cells"),
    ],
)
def test_claims_that_no_search_answers_are_refused(
    make_sweep: MakeSweep, fields: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message.replace(".", r"\.")):
        make_sweep(SEARCH + HEAD + "".join(f"    {field}\n" for field in fields))


def test_a_sweep_without_a_search_has_no_threshold(make_sweep: MakeSweep) -> None:
    text = SEARCH.replace("search: {threshold: lambda, range: [0.25, 16], width: 0.4}", "").replace(
        "regime: mix,", "regime: mix, lambda: 1.0,"
    )
    claim = "    of: {sample.covariance_scale: 2.0}\n    than: 1\n    relation: below\n"
    with pytest.raises(InputError, match="the sweep has no search; add"):
        make_sweep(text + HEAD + claim)


def test_an_unfinished_search_leaves_a_claim_undecided(make_sweep: MakeSweep, tmp_path: Path) -> None:
    fields = "    of: {sample.covariance_scale: 2.0}\n    than: 1\n    relation: below\n"
    resolved = resolve(make_sweep(SEARCH + HEAD + fields))
    (claim,) = judge_claims(resolved, load_table(resolved, Objects.open(tmp_path)))
    assert claim.verdict == "undecided"
    assert "the search goes on" in claim.cases[0].why


def threshold_values(answer: Answer | None, scale: AxisScale) -> ThresholdValues:
    settings = SearchSettings(scale, 0.1, 100, (0, 1, 2), 4, 4)
    return ThresholdValues([Search({}, settings, (), answer or ())], {0: 0}, (0, 1, 2, 3))


def test_values_of_seeds_that_a_search_did_not_use_are_missing() -> None:
    root = Root(0.5, (0, 1, 3), np.array([0.4, 0.5, 0.6]))
    values = threshold_values(Answer("threshold", root), AxisScale(1.0, 3.0, False))
    np.testing.assert_allclose(values.of(0).low[:, 0], [1.8, 2.0, np.nan, 2.2])
    assert values.complete([0]).tolist() == [True, True, False, True]


def test_an_unstable_range_has_a_threshold_below_it() -> None:
    values = threshold_values(Answer("unstable"), AxisScale(1.0, 3.0, False)).of(0)
    assert (values.low == -np.inf).all()
    assert (values.high == 1.0).all()


@pytest.mark.parametrize("answer", [None, Answer("undecided")])
def test_a_search_without_an_answer_has_no_values(answer: Answer | None) -> None:
    with pytest.raises(NoThresholdError):
        threshold_values(answer, AxisScale(1.0, 3.0, False)).of(0)
