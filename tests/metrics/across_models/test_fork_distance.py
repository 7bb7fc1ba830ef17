"""The distance of a loop from its fork."""

import numpy as np

from raysc.metrics.across_models.fork_distance import ForkDistance


def forked(shift: float, scale: float, models: int = 2, seeds: int = 3) -> np.ndarray:
    """Rows of models, and the same rows shifted and scaled, (2, models, seeds, 50, 2)."""
    rows = np.random.default_rng(0).normal(size=(models, seeds, 50, 2))
    rows -= rows.mean(axis=2, keepdims=True)
    return np.stack([rows, scale * rows + shift])


def test_distances_are_those_of_parameters_means_and_covariances_of_all_models() -> None:
    rows = forked(0.1, 1.0)
    values = ForkDistance().measure(np.array([[[1.0, 2.0]] * 3, [[4.0, 6.0]] * 3]), rows)
    np.testing.assert_allclose(values["fork_distance"], 5)
    np.testing.assert_allclose(values["fork_distance_mean"], 0.1 * np.sqrt(2 * 2))  # two dimensions, two models
    np.testing.assert_allclose(values["fork_distance_covariance"], 0, atol=1e-12)
    rows = forked(0.0, 2.0)
    squares = sum(np.linalg.norm(3 * np.cov(of_model[0].T, ddof=0)) ** 2 for of_model in rows[0])
    values = ForkDistance().measure(np.zeros((2, 3, 1)), rows)
    np.testing.assert_allclose(values["fork_distance_covariance"][0], np.sqrt(squares))


def test_a_shift_is_a_sliced_distance_of_its_length_over_the_root_of_the_dimension() -> None:
    values = ForkDistance().measure(np.zeros((2, 3, 1)), forked(0.1, 1.0, models=1))
    np.testing.assert_allclose(values["fork_distance_sliced_wasserstein"], 0.1, rtol=0.1)  # |shift| = 0.1 sqrt(2)


def test_a_seed_that_is_not_finite_is_nan_and_changes_no_other() -> None:
    parameters, rows = np.ones((2, 3, 1)), forked(1.0, 1.0)
    parameters[0, 1] = rows[1, 0, 1] = np.nan
    for value in ForkDistance().measure(parameters, rows).values():
        assert np.isnan(value).tolist() == [False, True, False]
