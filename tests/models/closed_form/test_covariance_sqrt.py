"""Roots of covariances, and the rank that is seen."""

import numpy as np
import pytest

from raysc.models.closed_form.covariance_sqrt import roots


def covariances(count: int, rows: int, dim: int) -> np.ndarray:
    drawn = np.random.default_rng(dim).normal(size=(count, rows, dim))
    drawn -= drawn.mean(axis=1, keepdims=True)
    return drawn.transpose(0, 2, 1) @ drawn / rows


@pytest.mark.parametrize(("rows", "dim"), [(50, 1), (50, 3), (50, 20), (5, 20), (20, 20), (1, 3)])
def test_a_root_times_itself_is_the_covariance(rows: int, dim: int) -> None:
    given = covariances(4, rows, dim)
    factors, logarithms = roots(given)
    np.testing.assert_allclose(factors @ factors.transpose(0, 2, 1), given, atol=1e-13)
    if rows > dim:
        np.testing.assert_allclose(logarithms, np.linalg.slogdet(given)[1], rtol=1e-10)
    else:
        assert np.isneginf(logarithms).all()
        assert (np.count_nonzero(np.abs(factors).sum(axis=1), axis=1) == rows - 1).all()


def test_scales_however_small_are_of_full_rank() -> None:
    small = np.array([[[2e-200, 1e-200], [1e-200, 2e-200]]])
    factors, logarithms = roots(small)
    np.testing.assert_allclose(factors @ factors.transpose(0, 2, 1), small, rtol=1e-12)
    np.testing.assert_allclose(logarithms, np.log(3) - 400 * np.log(10))


def test_a_seed_that_is_not_finite_does_not_disturb_the_others() -> None:
    given = np.stack([np.full((2, 2), np.nan), np.eye(2)])
    factors, logarithms = roots(given)
    assert np.isnan(factors[0]).all()
    assert np.isnan(logarithms[0])
    np.testing.assert_array_equal(factors[1], np.eye(2))
