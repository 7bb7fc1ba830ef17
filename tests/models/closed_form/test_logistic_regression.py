"""Logistic regression against a search over the likelihood, and separable rows against a linear programme."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from scipy.special import expit

from raysc.datasets.points.linear import Linear
from raysc.datasets.points.logistic import Logistic
from raysc.errors import InputError
from raysc.models.closed_form.linear_regression import LinearRegression
from raysc.models.closed_form.logistic_likelihood import maximum_likelihood
from raysc.models.closed_form.logistic_regression import LogisticRegression
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams


def rows_of(values: np.ndarray) -> Rows:
    return Rows(REAL, (MemoryBlock("real", 0, values),))


def loss(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    odds = x @ weights
    return float((np.logaddexp(0, odds) - y * odds).sum())


def test_weights_maximise_the_likelihood() -> None:
    data = Logistic(dim=3, rows=60, strength=2.0)
    rows = data.train((0, 1))
    weights = LogisticRegression().fit(TrainingSet((rows_of(rows),)), Streams((0, 1), 0)).arrays["weights"]
    for seed in range(2):
        x, y = rows[seed, :, :-1], rows[seed, :, -1]
        best: Any = minimize(partial(loss, x=x, y=y), np.zeros(3))
        np.testing.assert_allclose(weights[seed], best.x, atol=1e-4)
        np.testing.assert_allclose(x.T @ (y - expit(x @ weights[seed])), 0, atol=1e-8)


def separable(x: np.ndarray, y: np.ndarray) -> bool:
    """Return True if a direction has no row on its wrong side, and some row on its right one."""
    signed = (2 * y - 1)[:, None] * x
    programme: Any = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(x)), bounds=[(-1, 1)] * x.shape[1])
    return bool(programme.fun < -1e-9)


@pytest.mark.parametrize("repeated", [False, True])
def test_a_seed_without_a_maximum_has_no_weights(repeated: bool) -> None:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((40, 9, 3))
    if repeated:  # the x of the second half are those of the first, so separation in part is common
        x[:, 5:] = x[:, :4]
    y = (generator.random((40, 9)) < expit(2 * x.sum(axis=2))).astype(float)
    weights = maximum_likelihood(x, y, np.ones((40, 9)))
    expected = [separable(*of_seed) for of_seed in zip(x, y, strict=True)]
    assert np.isnan(weights).any(axis=1).tolist() == expected
    assert 5 < sum(expected) < 35


def test_weights_do_not_depend_on_units() -> None:
    generator = np.random.default_rng(0)
    x, units = generator.standard_normal((20, 30, 2)), np.array([1e-5, 1e4])
    y = (generator.random((20, 30)) < expit(3 * x.sum(axis=2))).astype(float)
    expected = maximum_likelihood(x, y, np.ones((20, 30)))
    assert np.isfinite(expected).all(axis=1).sum() > 10
    np.testing.assert_allclose(maximum_likelihood(x * units, y, np.ones((20, 30))) * units, expected, rtol=1e-7)
    zeros = np.concatenate([x, np.zeros((20, 30, 1))], axis=2)
    assert np.isnan(maximum_likelihood(zeros, y, np.ones((20, 30)))).all()


def test_a_row_of_weight_k_counts_like_k_rows_and_a_seed_that_diverged_changes_nothing() -> None:
    rows = Logistic(dim=2, rows=40).train((0, 1))
    rows[0, 3, 0] = np.nan
    counts = np.arange(1, 41)[None] % 3 + 1
    part = Part(rows_of(rows), np.arange(40)[None], "w", counts * 1.0)
    repeated = rows_of(np.repeat(rows, counts[0], axis=1))
    weighted, expected = (
        LogisticRegression().fit(TrainingSet((p,)), Streams((0, 1), 0)).arrays["weights"] for p in (part, repeated)
    )
    np.testing.assert_allclose(weighted, expected, rtol=1e-9)
    assert np.isnan(weighted[0]).all()
    assert np.isfinite(weighted[1]).all()


def test_samples_have_the_real_x_and_labels_of_the_model() -> None:
    family = LogisticRegression().for_data(data := Logistic(dim=2, rows=30, strength=3.0))
    real = data.train((0, 1))
    state = family.fit(TrainingSet((rows_of(real),)), Streams((0, 1), 0))
    rows = family.sample(state, 0, 6000, Streams((0, 1), 1))
    np.testing.assert_array_equal(rows[:, 30:60, :-1], real[..., :-1])
    mean = rows[..., -1].reshape(2, 200, 30).mean(axis=1)
    expected = np.stack([family.predict(state, real[seed, :, :-1])[seed] for seed in range(2)])
    np.testing.assert_allclose(mean, expected, atol=4 * 0.5 / np.sqrt(200))
    log_prob = family.log_prob(state, real[0])
    probability = family.predict(state, real[0, :, :-1])
    np.testing.assert_allclose(np.exp(log_prob), np.where(real[0, :, -1] > 0, probability, 1 - probability))


def test_other_data_are_refused() -> None:
    with pytest.raises(InputError, match="labels of 0 and 1"):
        LogisticRegression().for_data(Linear(dim=2)).check((3,))
    with pytest.raises(InputError, match="take data: logistic"):
        LogisticRegression().check((1,))
    with pytest.raises(InputError, match="no target"):
        LinearRegression().for_data(Logistic(dim=2)).check((3,))
