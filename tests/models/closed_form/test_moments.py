import numpy as np

from raysc.models.closed_form.moments import Moments


def test_moments_of_two_sets_merge_to_those_of_all_rows() -> None:
    rows = np.random.default_rng(0).normal(5.0, 2.0, (3, 50, 4))
    merged = Moments.of(rows[:, :20], 3) + Moments.of(rows[:, 20:], 3)
    assert merged.count == 50
    for x, mean, scatter in zip(rows, merged.mean, merged.scatter, strict=True):
        np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(scatter, 50 * np.cov(x.T, ddof=0), rtol=1e-10)


def test_moments_of_shared_rows_are_repeated_for_every_seed() -> None:
    rows = np.random.default_rng(0).normal(size=(1, 10, 2))
    moments = Moments.of(rows, 3)
    assert (moments.mean.shape, moments.scatter.shape) == ((3, 2), (3, 2, 2))
    assert (moments.scatter == Moments.of(rows, 1).scatter).all()


def test_a_spread_far_below_the_mean_is_not_lost_to_rounding() -> None:
    deviations = np.random.default_rng(0).normal(size=(1, 1000, 1))
    scatter = Moments.of(1e6 + 1e-6 * deviations, 1).scatter
    np.testing.assert_allclose(scatter, 1e-12 * Moments.of(deviations, 1).scatter, rtol=1e-3)
