"""Claims about all models of a cell: their mean, the least or the largest of their values."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.results.claims import paired_values
from raysc.results.claims.claim_text import claim_text
from raysc.results.claims.judging import JudgedClaim, judge_claims
from raysc.results.expectations import ExpectedValues
from tests.conftest import MakeSweep

HEAD = """\
name: coupled
data: {name: gaussian, dim: 1, rows: 10}
model: gaussian
models: {count: 3}
loop: {generations: 1}
space: {regime: mix, lambda: 1.0, models.reads: [self, complete]}
seeds: 4
metrics: [mean_error]
claims:
  - {says: x, metric: mean_error, relation: above, by: 1, of: {models.reads: self}, CLAIM}
"""
COMPLETE = "than: {models.reads: complete}"
VALUES = {"self": (1, 2, 9), "complete": (1, 3, 4), None: (1, 1, 1)}


def judged(make_sweep: MakeSweep, claim: str, number: Callable[[str, int], float]) -> JudgedClaim:
    """Judge a claim; ``number``: (graph, model) -> value of each seed, to a factor that all cells share."""
    sweep = make_sweep(HEAD.replace("CLAIM", claim))
    rows = [
        {
            "cell": cell,
            "seed": seed,
            "generation": t,
            "diverged": math.isinf(value := number(str(settings.axes["models.reads"]), settings.axes["models.index"])),
            "mean_error": math.nan if math.isinf(value) else value * (1 + 0.1 * math.sin(7 * seed)),
        }
        for cell, settings in enumerate(sweep.cells)
        for seed in sweep.seeds
        for t in (0, 1)
    ]
    (claim_of_file,) = judge_claims(resolve(sweep), pd.DataFrame(rows))
    return claim_of_file


def value(graph: str, model: int) -> float:
    return VALUES.get(graph, VALUES[None])[model]


@pytest.mark.parametrize(("statistic", "ratio"), [("mean", 12 / 8), ("least", 1), ("largest", 9 / 4)])
def test_the_values_of_the_models_become_one(make_sweep: MakeSweep, statistic: str, ratio: float) -> None:
    claim = judged(make_sweep, f"{COMPLETE}, models: {statistic}", value)
    (case,) = claim.cases
    assert case.value == pytest.approx(ratio)
    assert f"{statistic} over the models of mean_error at generation 1" in claim_text(claim, 1)
    (case,) = judged(make_sweep, f"than: control, models: {statistic}", value).cases
    assert case.value == pytest.approx({"mean": 4, "least": 1, "largest": 9}[statistic])


def test_a_diverged_model_counts_as_the_worst(make_sweep: MakeSweep) -> None:
    def diverging(graph: str, model: int) -> float:
        return math.inf if (graph, model) == ("self", 1) else value(graph, model)

    mean = judged(make_sweep, f"{COMPLETE}, models: mean", diverging)
    assert (mean.verdict, mean.cases[0].diverged) == ("holds", {0: 4})
    assert judged(make_sweep, f"{COMPLETE}, models: least", diverging).cases[0].value == pytest.approx(1)


def test_a_closed_form_of_logarithms_gives_no_mean_over_models(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = ExpectedValues(np.zeros(1), "log")
    monkeypatch.setattr(paired_values, "expected_values", lambda cell, metric, generations: form)
    (case,) = judged(make_sweep, "than: theory, models: mean", value).cases
    assert case.why.endswith("is of its logarithm, and means of logarithms give no mean over models")


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("than: {models.index: 0}, models: mean", "models: is about all models of a cell; take models.index out"),
        ("than: control, models: mean, for_each: [models.index]", "models: is about all models"),
        ("than: theory, models: largest", "models: theory knows means"),
        ("than: control, models: median", "models: expected 'mean', 'least' or 'largest', got 'median'"),
    ],
)
def test_claims_that_name_models_beside_all_of_them_are_refused(
    make_sweep: MakeSweep, claim: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make_sweep(HEAD.replace("CLAIM", claim))


def test_a_sweep_of_single_models_has_no_such_claims(make_sweep: MakeSweep) -> None:
    text = HEAD.replace("models: {count: 3}\n", "").replace(", models.reads: [self, complete]", "")
    with pytest.raises(InputError, match="models: the cells of this sweep have a single model"):
        make_sweep(text.replace("{models.reads: self}, CLAIM", "{lambda: 1}, than: control, models: mean"))
