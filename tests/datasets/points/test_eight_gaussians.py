import numpy as np
from scipy import stats

from raysc.datasets.points.eight_gaussians import EightGaussians


def test_modes_are_equally_likely_with_normal_noise() -> None:
    rows = EightGaussians(rows=8000, noise=0.2).train([0])[0].astype(np.float64)
    assert EightGaussians().train([0]).dtype == np.float32
    modes = np.rint(np.arctan2(rows[:, 1], rows[:, 0]) / (np.pi / 4)).astype(int) % 8
    assert stats.chisquare(np.bincount(modes, minlength=8)).pvalue > 1e-3
    centres = 4 * np.stack([np.cos(modes * np.pi / 4), np.sin(modes * np.pi / 4)], axis=1)
    assert stats.kstest(((rows - centres) / 0.2).ravel(), "norm").pvalue > 1e-3


def test_draws_are_those_of_existing_stores() -> None:
    data = EightGaussians(5)
    np.testing.assert_allclose(data.train([7])[0, 0], [2.538976, 3.1145096], atol=1e-6)
    np.testing.assert_allclose(data.test()[0], [3.9897048, 0.51530904], atol=1e-6)
    np.testing.assert_allclose(data.fresh([7], 2, 5)[0, 0], [0.32452086, -2.579364], atol=1e-6)
