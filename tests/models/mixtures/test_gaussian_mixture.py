"""Mixtures of normals: EM against known modes and the conditions of a maximum, collapse of components."""

import numpy as np
import pytest
from scipy.stats import kstest, multivariate_normal, norm

from raysc.datasets.points.blobs import Blobs
from raysc.errors import InputError
from raysc.models.family import Arrays
from raysc.models.mixtures.expectation_maximisation import Mixture, expectation_maximisation
from raysc.models.mixtures.gaussian_mixture import GaussianMixture
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams

SEEDS = (0, 1)


def rows_of(values: np.ndarray) -> Rows:
    return Rows(REAL, (MemoryBlock("real", 0, values),))


def fit(family: GaussianMixture, values: np.ndarray) -> Arrays:
    return family.fit(TrainingSet((rows_of(values),)), Streams(tuple(range(len(values))), 0))


def test_modes_that_do_not_overlap_are_the_components() -> None:
    data = Blobs(rows=300, noise=0.05)
    rows = data.train(SEEDS)
    state = fit(GaussianMixture(3), rows)
    centres, _ = data.modes()
    for seed in range(2):
        nearest = np.linalg.norm(rows[seed][:, None] - centres, axis=2).argmin(axis=1)
        order = np.linalg.norm(state["means"][seed][:, None] - centres, axis=2).argmin(axis=1)
        for component, mode in enumerate(order):
            inside = rows[seed][nearest == mode]
            assert state["weights"][seed, component] == pytest.approx(len(inside) / 300)
            np.testing.assert_allclose(state["means"][seed, component], inside.mean(axis=0))
            np.testing.assert_allclose(state["covariances"][seed, component], np.cov(inside.T, ddof=0), rtol=1e-6)


def test_a_fit_of_overlapping_components_has_the_moments_of_the_rows() -> None:
    rows = Blobs(rows=200, noise=4.0).train(SEEDS)
    family = GaussianMixture(2, starts=1)
    mean, covariance = family.moments(fit(family, rows))
    for seed in range(2):
        np.testing.assert_allclose(mean[seed], rows[seed].mean(axis=0), atol=1e-2)
        np.testing.assert_allclose(covariance[seed], np.cov(rows[seed].T, ddof=0), rtol=1e-2)


def test_more_starts_are_no_less_likely() -> None:
    rows = Blobs(rows=100, noise=3.0).train(tuple(range(8)))
    likelihoods = []
    for starts in (1, 4):
        family = GaussianMixture(4, starts)
        state = fit(family, rows)
        scores = [family.log_prob(state, rows[seed])[seed].mean() for seed in range(8)]
        likelihoods.append(np.array(scores))
    assert (likelihoods[1] >= likelihoods[0] - 1e-9).all()
    assert (likelihoods[1] > likelihoods[0] + 1e-4).any()


def test_a_component_of_few_rows_collapses_and_leaves_the_others() -> None:
    rows = np.concatenate([np.random.default_rng(0).standard_normal((1, 60, 2)), np.full((1, 2, 2), 40.0)], axis=1)
    state = fit(GaussianMixture(2), rows)
    assert sorted(state["weights"][0]) == [0.0, 1.0]
    samples = GaussianMixture(2).sample(state, 0, 200, Streams((0,), 1))
    assert np.isfinite(samples).all()
    assert GaussianMixture(2).log_prob(state, rows[0]).max() < 0


def test_a_fit_with_collapsed_components_is_a_maximum() -> None:
    rows = np.random.default_rng(0).standard_normal((60, 25, 3))
    family = GaussianMixture(4, starts=1)
    fitted = Mixture(**fit(family, rows))
    collapsed = (fitted.weights == 0).any(axis=1)
    assert collapsed.sum() > 30
    assert np.isfinite(fitted.weights).all()
    likelihood = [family.log_prob(fitted._asdict(), rows[seed])[seed].mean() for seed in range(60)]
    _, continued = expectation_maximisation(fitted, rows, np.ones((60, 25)))
    assert (np.abs(continued - likelihood) < 1e-4).all()


def test_equal_rows_and_infinite_ones_diverge_and_leave_the_other_seeds() -> None:
    rows = Blobs(rows=50).train((0, 1, 2))
    rows[0], rows[1, 4, 0] = 1.0, np.inf
    state, single = fit(GaussianMixture(3), rows), GaussianMixture(3)
    assert np.isnan(state["weights"][:2]).all()
    expected = single.fit(TrainingSet((rows_of(rows[2:]),)), Streams((2,), 0))
    for name, array in expected.items():
        np.testing.assert_allclose(state[name][2], array[0], rtol=1e-9)
    assert np.isnan(single.sample(state, 0, 5, Streams((0, 1, 2), 0))[:2]).all()


def test_a_row_of_weight_k_counts_like_k_rows() -> None:
    rows, counts = Blobs(rows=60, noise=0.5).train(SEEDS), np.arange(60)[None] % 3 + 1
    part = Part(rows_of(rows), np.arange(60)[None], "w", counts * 1.0)
    repeated = TrainingSet((rows_of(np.repeat(rows, counts[0], axis=1)),))
    states = [GaussianMixture(3).fit(t, Streams(SEEDS, 0)) for t in (TrainingSet((part,)), repeated)]
    points = Blobs(rows=10).test()[:20]
    log_probs = [GaussianMixture(3).log_prob(state, points) for state in states]
    np.testing.assert_allclose(log_probs[0], log_probs[1], rtol=1e-4)


def test_samples_and_densities_are_those_of_the_mixture() -> None:
    state = {
        "weights": np.array([[0.25, 0.75]]),
        "means": np.array([[[-5.0, 0.0], [5.0, 1.0]]]),
        "covariances": np.array([[[[1.0, 0.5], [0.5, 2.0]], [[0.5, 0.0], [0.0, 0.1]]]]),
    }
    family = GaussianMixture(2)
    rows = family.sample(state, 0, 6000, Streams((3,), 2))[0]
    left = rows[rows[:, 0] < 0]
    assert abs(len(left) / 6000 - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 6000)
    assert kstest(left[:, 1], norm(0, 2**0.5).cdf).pvalue > 1e-3
    points = np.random.default_rng(1).normal(size=(6, 2)) * 4
    expected = 0.25 * multivariate_normal([-5, 0], state["covariances"][0, 0]).pdf(points)
    expected += 0.75 * multivariate_normal([5, 1], state["covariances"][0, 1]).pdf(points)
    np.testing.assert_allclose(np.exp(family.log_prob(state, points)[0]), expected)
    mean, covariance = family.moments(state)
    np.testing.assert_allclose(rows.mean(axis=0), mean[0], atol=0.3)
    np.testing.assert_allclose(np.cov(rows.T), covariance[0], rtol=0.1, atol=0.1)


@pytest.mark.parametrize("parameters", [{"components": 0}, {"components": 2, "starts": 0}])
def test_numbers_below_1_are_refused(parameters: dict[str, int]) -> None:
    with pytest.raises(InputError, match="must be at least 1, not 0"):
        GaussianMixture(**parameters)


def test_images_are_refused() -> None:
    with pytest.raises(InputError, match="models points"):
        GaussianMixture(2).check((1, 8, 8))
