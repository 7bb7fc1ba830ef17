import numpy as np
import pytest
from scipy.stats import multivariate_normal

from raysc.datasets.points.gaussian import Gaussian as GaussianData
from raysc.metrics.closed_form.gaussian_kl_divergence import GaussianKlDivergence
from raysc.metrics.core.metric import FittedModels
from raysc.models.closed_form.gaussian import Gaussian


def measure(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    data, state = GaussianData(dim=2, mean=1.0), {"mean": mean, "covariance": covariance}
    return GaussianKlDivergence().measure(FittedModels(Gaussian(), state, data, data.test()))["gaussian_kl_divergence"]


def test_it_is_the_mean_log_ratio_of_the_densities() -> None:
    mean, covariance = np.array([0.5, 2.0]), np.array([[2.0, 0.6], [0.6, 0.5]])
    truth = multivariate_normal([1, 1], np.eye(2))
    rows = truth.rvs(200_000, random_state=0)
    ratios = truth.logpdf(rows) - multivariate_normal(mean, covariance).logpdf(rows)
    (value,) = measure(mean[None], covariance[None])
    assert abs(value - ratios.mean()) < 4 * ratios.std() / np.sqrt(len(ratios))


def test_it_is_0_for_the_truth_infinite_for_a_singular_model_and_nan_for_a_diverged_one() -> None:
    covariance = np.stack([np.eye(2), np.array([[1.0, 1.0], [1.0, 1.0]]), np.full((2, 2), np.nan)])
    values = measure(np.ones((3, 2)), covariance)
    assert values[0] == pytest.approx(0, abs=1e-12)
    assert values[1] == np.inf
    assert np.isnan(values[2])
