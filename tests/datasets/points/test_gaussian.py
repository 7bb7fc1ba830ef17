import numpy as np
from scipy import stats

from raysc.datasets.points.gaussian import Gaussian


def test_rows_are_standard_normal_and_independent() -> None:
    rows = Gaussian(dim=4, rows=5000).train([0])[0]
    assert rows.dtype == np.float64
    assert stats.kstest(rows.ravel(), "norm").pvalue > 1e-3
    np.testing.assert_allclose(np.cov(rows.T), np.eye(4), atol=0.08)


def test_draws_are_those_of_existing_stores() -> None:
    data = Gaussian(3, 5)
    np.testing.assert_allclose(data.train([7])[0, 0], [-0.06013765, -0.68834809, 0.78777224], atol=1e-8)
    np.testing.assert_allclose(data.test()[0], [0.6187753, -0.95463685, -0.29546243], atol=1e-8)
    np.testing.assert_allclose(data.fresh([7], 2, 5)[0, 0], [2.17011774, -0.4435195, -0.57236678], atol=1e-8)
