"""Constants of a Student location family on normal rows."""

import numpy as np
import pytest
from scipy.stats import t, wasserstein_distance

from raysc.theory.student_t import location_constants


@pytest.mark.parametrize(
    ("scale", "of_data", "of_model", "rate"),
    [(0.3, 2.201, 7.407, 0.771), (1.0, 0.760, 0.667, 0.467), (2.0, 0.273, 0.167, 0.379)],
)
def test_the_numbers_of_the_shipped_sweeps(scale: float, of_data: float, of_model: float, rate: float) -> None:
    constants = location_constants(3, scale)
    numbers = [constants.data_curvature, constants.model_curvature, constants.contraction(1.0)]
    assert numbers == pytest.approx([of_data, of_model, rate], abs=1e-3)


def test_the_lipschitz_constant_is_the_largest_slope_of_the_curvature() -> None:
    x = np.linspace(-3, 3, 200_001)
    second = -4 / 0.5**2 * (3 - (x / 0.5) ** 2) / (3 + (x / 0.5) ** 2) ** 2
    assert location_constants(3, 0.5).lipschitz == pytest.approx(np.abs(np.gradient(second, x)).max(), rel=1e-4)


def test_the_misfit_is_the_wasserstein_distance_from_normal_rows() -> None:
    rng = np.random.default_rng(0)
    sampled = wasserstein_distance(rng.normal(size=300_000), t.rvs(3, size=300_000, random_state=rng))
    assert location_constants(3, 1.0).misfit == pytest.approx(sampled, rel=0.03)
    assert location_constants(1, 1.0).misfit == np.inf
