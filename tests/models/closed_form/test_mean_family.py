"""Exponential families fitted by the mean, against scipy and their closed forms under accumulate."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats

from raysc.datasets.points.bernoulli import Bernoulli as BernoulliRows
from raysc.datasets.points.exponential import Exponential as ExponentialRows
from raysc.datasets.points.gaussian import Gaussian as GaussianRows
from raysc.datasets.points.poisson import Poisson as PoissonRows
from raysc.errors import InputError
from raysc.models.closed_form.bernoulli import Bernoulli
from raysc.models.closed_form.exponential import Exponential
from raysc.models.closed_form.mean_family import MeanFamily
from raysc.models.closed_form.poisson import Poisson
from raysc.pool.blocks import MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.recipe import REAL, synthetic
from raysc.rng import Streams

SEEDS = (0, 1)
FAMILIES = [
    (Exponential, ExponentialRows(2, 40), lambda mean: stats.expon(scale=mean)),
    (Poisson, PoissonRows(2, 40), stats.poisson),
    (Bernoulli, BernoulliRows(2, 40), stats.bernoulli),
]


@pytest.mark.parametrize(("family", "data", "frozen"), FAMILIES)
def test_a_fit_is_the_mean_and_has_the_density_of_scipy(family: type[MeanFamily], data: Any, frozen: Any) -> None:
    rows, model = data.train(SEEDS), family()
    state = model.fit(TrainingSet((Rows(REAL, (MemoryBlock("real", 0, rows),)),)), Streams(SEEDS, 0))
    np.testing.assert_allclose(state["mean"], rows.mean(axis=1))
    points = np.array([[0.0, 1.0], [1.0, 0.0], [-1.0, 0.0], [0.5, 1.0], [3.0, 1.0]])
    log_prob, (mean, covariance) = model.log_prob(state, points), model.moments(state)
    for seed in range(2):
        distribution = frozen(mean[seed])
        density = getattr(distribution, "logpdf", None) or distribution.logpmf
        np.testing.assert_allclose(log_prob[seed], density(points).sum(axis=1), rtol=1e-12)
        np.testing.assert_allclose(np.diag(covariance[seed]), distribution.var())


@pytest.mark.parametrize(("family", "data", "frozen"), FAMILIES)
def test_samples_have_the_distribution_of_scipy(family: type[MeanFamily], data: Any, frozen: Any) -> None:
    state = {"mean": np.array([[0.2, 0.9], [0.5, 0.4]])}
    rows = family().sample(state, 0, 4000, Streams(SEEDS, 3))
    for seed, column in np.ndindex(2, 2):
        values, distribution = rows[seed, :, column], frozen(state["mean"][seed, column])
        if family is Exponential:
            assert stats.kstest(values, distribution.cdf).pvalue > 1e-3
            continue
        outcomes = np.arange(3)
        counts = np.array([(values == k).sum() for k in outcomes[:2]] + [(values >= 2).sum()])
        expected = 4000 * np.array([*distribution.pmf(outcomes[:2]), distribution.sf(1)])
        assert stats.chisquare(counts[expected > 0], expected[expected > 0]).pvalue > 1e-3


def test_poisson_quantiles_are_those_of_scipy() -> None:
    probability, mean = np.random.default_rng(0).random(20_000), np.array([[1e-6], [0.3], [4.0], [900.0]])
    np.testing.assert_array_equal(Poisson().quantile(probability, mean), stats.poisson.ppf(probability, mean))
    assert Poisson().quantile(np.zeros(1), np.ones(1)) == [0]


@pytest.mark.parametrize(("family", "mean"), [(Poisson, 0.0), (Bernoulli, 0.0), (Bernoulli, 1.0)])
def test_a_lost_coordinate_stays_lost(family: type[MeanFamily], mean: float) -> None:
    rows = family().sample({"mean": np.full((2, 1), mean)}, 0, 500, Streams(SEEDS, 3))
    assert (rows == mean).all()


@pytest.mark.parametrize("family", [Exponential, Poisson, Bernoulli])
def test_a_seed_that_diverged_does_not_change_the_other_one(family: type[MeanFamily]) -> None:
    rows = family().sample({"mean": np.array([[np.nan], [0.5]])}, 0, 50, Streams(SEEDS, 3))
    assert np.isnan(rows[0]).all()
    assert np.isfinite(rows[1]).all()


@pytest.mark.parametrize("family", [Exponential, Poisson, Bernoulli])
def test_rows_outside_of_the_support_are_refused(family: type[MeanFamily]) -> None:
    with pytest.raises(InputError, match="these data have other values; take data"):
        family().for_data(GaussianRows(1, 10)).check((1,))
    with pytest.raises(InputError, match="models points"):
        family().check((1, 8, 8))


@pytest.mark.parametrize(("family", "data", "frozen"), FAMILIES)
def test_accumulate_multiplies_the_error_by_the_sum_of_inverse_squares(
    family: type[MeanFamily], data: Any, frozen: Any
) -> None:
    """The error of the mean is sigma^2/n (1 + 1/4 + 1/9 + ...), exactly for Poisson, up to 1/n for the others."""
    seeds, n, model = tuple(range(3000)), 40, family()
    sources = {REAL: Rows(REAL, (MemoryBlock("real", 0, data.train(seeds)),))}
    for t in range(4):
        training_set = mix(Accumulate().recipe(t, n, Fraction(1)), sources, seeds, t, n)
        state = model.fit(training_set, Streams(seeds, t))
        drawn = model.sample(state, 0, n, Streams(seeds, t))
        sources[synthetic(t)] = Rows(synthetic(t), (MemoryBlock(t, 0, drawn),))
    mean, covariance = data.moments()
    errors = np.square(state["mean"] - mean).sum(axis=1) * n / np.trace(covariance)
    expected = sum(1 / k**2 for k in range(1, 5))
    assert abs(errors.mean() - expected) < 4 * errors.std() / np.sqrt(len(seeds)) + 1 / n
