"""Weights of rows in the fits of closed-form families."""

from typing import Any

import numpy as np
import pytest

from raysc.datasets.points.categories import Categories
from raysc.datasets.points.linear import Linear
from raysc.models.closed_form.discrete import Discrete
from raysc.models.closed_form.gaussian import Gaussian
from raysc.models.closed_form.kde import Kde
from raysc.models.closed_form.linear_regression import LinearRegression
from raysc.models.family import state_arrays
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams, stream

SEEDS = (0, 1)
COUNTS = np.array([[3, 0, 1, 2, 5, 1, 1, 4], [1, 1, 2, 0, 3, 3, 2, 5]])
"""Whole weights of 8 rows by seed, with equal sums."""


def rows_of(key: str, values: np.ndarray) -> Rows:
    return Rows(REAL, (MemoryBlock(key, 0, values),))


def weighted(values: np.ndarray, weights: np.ndarray) -> TrainingSet:
    return TrainingSet((Part(rows_of("rows", values), np.arange(values.shape[1])[None], "w", weights),))


def repeated(values: np.ndarray) -> TrainingSet:
    return TrainingSet(
        (rows_of("repeated", np.stack([np.repeat(v, c, axis=0) for v, c in zip(values, COUNTS, strict=True)])),)
    )


def families() -> list[Any]:
    discrete, regression = (
        Discrete().for_data(Categories(outcomes=4, rows=8)),
        LinearRegression().for_data(Linear(dim=2, rows=8)),
    )
    return [(Gaussian(), 2), (Kde(0.5), 2), (regression, 3), (discrete, 1)]


def values(family: Any, dim: int) -> np.ndarray:
    generator = stream(0, 0, "data", "weights")
    if isinstance(family, Discrete):
        return generator.integers(4, size=(2, 8, 1)).astype(np.int32)
    return generator.standard_normal((2, 8, dim))


@pytest.mark.parametrize(("family", "dim"), families())
def test_a_row_of_weight_k_counts_like_k_rows(family: Any, dim: int) -> None:
    rows, streams = values(family, dim), Streams(SEEDS, 0)
    arrays = state_arrays(family.fit(weighted(rows, COUNTS * 1.0), streams))
    expected = state_arrays(family.fit(repeated(rows), streams))
    for name, array in expected.items():
        np.testing.assert_allclose(arrays[name], array, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("family", "dim"), families())
def test_weighted_and_unweighted_parts_merge(family: Any, dim: int) -> None:
    rows, streams = values(family, dim), Streams(SEEDS, 0)
    whole = weighted(rows, np.concatenate([np.ones((2, 3)), COUNTS[:, 3:] * 1.0], axis=1))
    rest = Part(rows_of("rest", rows[:, 3:]), np.arange(5)[None], "w", COUNTS[:, 3:] * 1.0)
    in_parts = TrainingSet((rows_of("first", rows[:, :3]), rest))
    expected, arrays = (state_arrays(family.fit(training_set, streams)) for training_set in (whole, in_parts))
    for name, array in expected.items():
        np.testing.assert_allclose(arrays[name], array, rtol=1e-10, atol=1e-12)


def test_a_kde_samples_and_scores_rows_by_their_weights() -> None:
    rows, points = values(Kde(0.5), 2), stream(1, 0, "data").standard_normal((7, 2)) * 20
    family = Kde(0.5)
    states = [
        family.fit(training_set, Streams(SEEDS, 0)) for training_set in (weighted(rows, COUNTS / 4), repeated(rows))
    ]
    scores = [family.log_prob(state, points) for state in states]
    samples = [family.sample(state, 0, 50, Streams(SEEDS, 0)) for state in states]
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-9)
    np.testing.assert_allclose(samples[0], samples[1], rtol=1e-12)


def test_the_unbiased_covariance_is_unbiased_with_weights() -> None:
    weights = stream(2, 0, "data").random((1, 6)) + 0.1
    rows = stream(0, 0, "data", "unbiased").standard_normal((40_000, 6, 1))
    family, streams = Gaussian(ddof=1), Streams(tuple(range(40_000)), 0)
    variances = family.fit(weighted(rows, weights), streams)["covariance"][:, 0, 0]
    assert abs(variances.mean() - 1) < 4 * variances.std() / np.sqrt(len(variances))
    single = family.fit(weighted(rows[:2, :1], np.ones((1, 1)) * 0.3), Streams(SEEDS, 0))
    assert np.isnan(single["covariance"]).all()


def test_a_subsample_of_weighted_rows_is_a_weighted_kde() -> None:
    rows = values(Kde(0.5), 2)
    positions = np.tile(np.arange(1, 8), (2, 1))
    cut = TrainingSet(weighted(rows, COUNTS * 1.0).parts, positions)
    states = [Kde(0.5).fit(s, Streams(SEEDS, 3)) for s in (cut, weighted(rows[:, 1:], COUNTS[:, 1:] * 1.0))]
    np.testing.assert_allclose(states[0].arrays["mean"], states[1].arrays["mean"], rtol=1e-12)
