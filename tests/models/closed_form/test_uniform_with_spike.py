"""The family with a spike: exact fits, consistency, its distribution, and the share of seeds that collapses."""

import numpy as np
import pytest
from scipy import stats

from raysc.datasets.points.uniform import Uniform
from raysc.errors import InputError
from raysc.models.closed_form.uniform_with_spike import UniformWithSpike
from raysc.models.family import Arrays
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams

FAMILY = UniformWithSpike()


def state_of(a: float, b: float) -> Arrays:
    return {"a": np.array([a]), "b": np.array([b])}


def fit(rows: np.ndarray) -> Arrays:
    training_set = TrainingSet((Rows(REAL, (MemoryBlock("real", 0, rows[..., None]),)),))
    return FAMILY.fit(training_set, Streams(tuple(range(len(rows))), 0))


def log_density(a: float, b: float, x: np.ndarray) -> np.ndarray:
    """Compute the log density of p_a or q_b, by the definition."""
    with np.errstate(divide="ignore"):
        if b == 0:
            near = np.where((x >= a) & (x <= 1), (1 - a / 2) / (1 - a), 0.0)
            return np.log(np.where((x >= 1 + a / 2) & (x <= 1 + a) & (x > 1), 1.0, near))
        width = (1 + b) / 4 * np.exp(-1 / b**2)
        inside = (x >= 1 + b - width) & (x <= 1 + b)
        return np.where(inside, 1 / b**2, np.log(np.where(x <= 1, 0.5, np.where(x > 1 + b, 0.25, 0.0))))


@pytest.mark.parametrize(("a", "b"), [(0.2, 0.0), (0.0, 0.45), (0.0, 0.1)])
def test_maximum_likelihood_is_consistent_and_samples_follow_the_density(a: float, b: float) -> None:
    rows = FAMILY.sample(state_of(a, b), 0, 20_000, Streams((0,), 1))[..., 0]
    state = fit(rows)
    np.testing.assert_allclose([state["a"][0], state["b"][0]], [a, b], atol=2e-3)
    edges = np.array([0, 0.3, 0.7, 1 + 1e-12, 1.12, 1.3, 1.6, 2])
    grid = np.linspace(0, 2, 2_000_001)[1:] - 5e-7
    density = np.exp(np.minimum(log_density(a, b, grid), 30.0))
    if b and b < 0.4:  # the spike is narrower than the grid
        density = np.where(np.abs(grid - 1 - b) < 1e-6, 0, density)
        density[np.searchsorted(grid, 1 + b)] = (1 + b) / 4 / 1e-6
    expected = np.histogram(grid, edges, weights=density)[0] * 1e-6
    np.testing.assert_allclose(expected.sum(), 1, atol=1e-3)
    counts, kept = np.histogram(rows[0], edges)[0], expected > 1e-6
    assert counts[~kept].sum() == 0
    assert stats.chisquare(counts[kept], len(rows[0]) * expected[kept] / expected[kept].sum()).pvalue > 1e-3


@pytest.mark.parametrize("seed", range(40))
def test_no_other_member_is_likelier(seed: int) -> None:
    generator = np.random.default_rng(seed)
    near = 1 + generator.choice([0.3, 0.44, 0.49, 0.8]) * generator.uniform(0.5, 1, generator.integers(0, 4))
    rows = np.concatenate([generator.uniform(generator.choice([0, 0.4]), 1, generator.integers(1, 12)), near])
    state = fit(rows[None])
    fitted = log_density(state["a"][0], state["b"][0], rows).sum()
    assert np.isfinite(fitted)
    for value in np.concatenate([np.linspace(1e-3, 0.5, 4000), np.clip(near - 1, 1e-3, 0.5), [rows.min()]]):
        assert log_density(0, value, rows).sum() <= fitted + 1e-9
        if value <= 0.5:
            assert log_density(value, 0, rows).sum() <= fitted + 1e-9


@pytest.mark.parametrize("n", [100, 2000])
def test_a_third_of_the_seeds_collapses_at_the_first_retraining(n: int) -> None:
    seeds = tuple(range(600))
    real = Uniform(rows=n).train(seeds)[..., 0]
    first = fit(real)
    np.testing.assert_array_equal(first["a"], real.min(axis=1))
    np.testing.assert_array_equal(FAMILY.total_variation(first, None), first["a"])
    samples = FAMILY.sample(first, 0, n, Streams(seeds, 0))[..., 0]
    second = fit(np.concatenate([real, samples], axis=1))
    collapsed = FAMILY.total_variation(second, None) == 0.5
    np.testing.assert_array_equal(collapsed, (samples > 1).any(axis=1))
    assert stats.binomtest(int(collapsed.sum()), 600, 1 / 3).pvalue > 1e-3


def test_other_rows_diverge_or_are_refused() -> None:
    state = fit(np.array([[0.5, -0.1], [0.5, 0.2], [np.nan, 0.2]]))
    np.testing.assert_array_equal(np.isnan(state["a"]), [True, False, True])
    with pytest.raises(InputError, match="take data: uniform"):
        FAMILY.check((2,))
