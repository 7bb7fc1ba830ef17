"""Cholesky factors, log determinants and ranks of covariances."""

import numpy as np
import pytest

from raysc.models.closed_form.cholesky import cholesky_and_log_det


def covariances(count: int, rows: int, dim: int) -> np.ndarray:
    x = np.random.default_rng(dim).normal(size=(count, rows, dim))
    x -= x.mean(axis=1, keepdims=True)
    covariance: np.ndarray = x.transpose(0, 2, 1) @ x / rows
    return covariance


@pytest.mark.parametrize(("rows", "dim"), [(50, 1), (50, 3), (50, 20), (5, 20), (20, 20), (1, 3)])
def test_a_factor_times_its_transpose_is_the_covariance(rows: int, dim: int) -> None:
    covariance = covariances(4, rows, dim)
    factors, log_dets = cholesky_and_log_det(covariance)
    np.testing.assert_allclose(factors @ factors.transpose(0, 2, 1), covariance, atol=1e-13)
    if rows > dim:
        np.testing.assert_allclose(log_dets, np.linalg.slogdet(covariance)[1], rtol=1e-10)
    else:
        assert np.isneginf(log_dets).all()
        assert (np.count_nonzero(np.abs(factors).sum(axis=1), axis=1) == rows - 1).all()


def test_covariances_of_any_scale_have_full_rank() -> None:
    small = np.array([[[2e-200, 1e-200], [1e-200, 2e-200]]])
    factors, log_dets = cholesky_and_log_det(small)
    np.testing.assert_allclose(factors @ factors.transpose(0, 2, 1), small, rtol=1e-12)
    np.testing.assert_allclose(log_dets, np.log(3) - 400 * np.log(10))


def test_a_seed_that_is_not_finite_does_not_disturb_the_others() -> None:
    covariance = np.stack([np.full((2, 2), np.nan), np.eye(2)])
    factors, log_dets = cholesky_and_log_det(covariance)
    assert np.isnan(factors[0]).all()
    assert np.isnan(log_dets[0])
    np.testing.assert_array_equal(factors[1], np.eye(2))
