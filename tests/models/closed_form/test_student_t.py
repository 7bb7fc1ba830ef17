"""Student's t family against scipy, and its fits against a search over the likelihood."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import kstest, t

from raysc.errors import InputError
from raysc.models.closed_form.student_t import StudentT
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams

SEEDS = (0, 1)


def rows_of(values: np.ndarray) -> Rows:
    return Rows(REAL, (MemoryBlock("real", 0, values),))


def normal_rows(count: int) -> np.ndarray:
    return Streams(SEEDS, 0).normal((count, 2), "data") + 3


def loss(location: float, x: np.ndarray) -> float:
    return -float(np.sum(t.logpdf(x, 2.5, location, 0.7)))


def test_a_fit_maximises_the_likelihood() -> None:
    rows, family = normal_rows(30), StudentT(df=2.5, scale=0.7)
    location = family.fit(TrainingSet((rows_of(rows),)), Streams(SEEDS, 0))["location"]
    for seed, column in np.ndindex(2, 2):
        x = rows[seed, :, column]
        best: Any = minimize_scalar(partial(loss, x=x), bounds=(2, 4), options={"xatol": 1e-10})
        assert location[seed, column] == pytest.approx(best.x, abs=1e-6)


def test_a_row_of_weight_k_counts_like_k_rows() -> None:
    rows, counts = normal_rows(8), np.array([[1, 2, 3, 1, 1, 4, 2, 1]])
    part = Part(rows_of(rows), np.arange(8)[None], "w", counts * 1.0)
    repeated = rows_of(np.repeat(rows, counts[0], axis=1))
    weighted, expected = (StudentT().fit(TrainingSet((p,)), Streams(SEEDS, 0))["location"] for p in (part, repeated))
    # EM starts at the median, without weights, and ends at the same maximum.
    np.testing.assert_allclose(weighted, expected, atol=1e-8)


def test_samples_and_densities_are_those_of_scipy() -> None:
    state, family = {"location": np.array([[1.0, -2.0], [0.0, 4.0]])}, StudentT(df=4.0, scale=0.5)
    rows = family.sample(state, 0, 3000, Streams(SEEDS, 2))
    for seed, column in np.ndindex(2, 2):
        distribution: Any = t(4, state["location"][seed, column], 0.5)
        assert kstest(rows[seed, :, column], distribution.cdf).pvalue > 1e-3
    points = np.random.default_rng(0).normal(size=(5, 2))
    expected = t(4, state["location"][:, None], 0.5).logpdf(points).sum(axis=2)
    np.testing.assert_allclose(family.log_prob(state, points), expected)
    np.testing.assert_allclose(family.moments(state)[1][0], np.eye(2) * t(4, 0, 0.5).var())


def test_a_seed_that_diverged_does_not_change_the_other_one() -> None:
    rows = normal_rows(10)
    rows[0, 0] = np.inf
    state = StudentT().fit(TrainingSet((rows_of(rows),)), Streams(SEEDS, 0))
    samples = StudentT().sample(state, 0, 20, Streams(SEEDS, 0))
    assert np.isnan(samples[0]).all()
    assert np.isfinite(samples[1]).all()


@pytest.mark.parametrize("parameters", [{"df": 0.0}, {"scale": -1.0}, {"df": float("inf")}])
def test_parameters_are_positive_numbers(parameters: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must be a positive number"):
        StudentT(**parameters)


def test_images_are_refused() -> None:
    with pytest.raises(InputError, match="models points"):
        StudentT().check((1, 8, 8))
