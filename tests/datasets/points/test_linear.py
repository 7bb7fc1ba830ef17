import numpy as np
import pytest
from scipy import stats

from raysc.datasets.dataset import SupportsTarget
from raysc.datasets.points.linear import Linear
from raysc.errors import InputError


def test_y_is_the_target_with_the_noise_of_the_parameter() -> None:
    data = Linear(dim=4, rows=50_000, noise=0.3)
    assert isinstance(data, SupportsTarget)
    for rows in (data.train([1])[0], data.fresh([1], 1, 50_000)[0]):
        x, y = rows[:, :-1], rows[:, -1]
        np.testing.assert_allclose(data.target(x), x @ np.ones(4))
        assert stats.kstest((y - data.target(x)) / 0.3, "norm").pvalue > 1e-3
        np.testing.assert_allclose(np.linalg.lstsq(x, y, rcond=None)[0], np.ones(4), atol=4 * 0.3 / np.sqrt(50_000))


def test_held_out_x_measure_a_linear_error_exactly() -> None:
    for data in (Linear(dim=1), Linear(dim=100, noise=3.0), Linear(dim=1200)):
        x = data.test()[:, :-1]
        np.testing.assert_allclose(x.T @ x / len(x), np.eye(data.dim), atol=1e-12)
    rows = Linear(dim=5, noise=0.5).test()
    assert stats.kstest(rows[:, :-1].ravel(), "norm").pvalue > 1e-3
    assert stats.kstest((rows[:, -1] - rows[:, :-1].sum(axis=1)) / 0.5, "norm").pvalue > 1e-3


def test_draws_are_those_of_existing_stores() -> None:
    data = Linear(2, 3, 0.5)
    np.testing.assert_allclose(data.train([7])[0, 0], [-1.94786664, 1.81065805, -0.42665971], atol=1e-8)
    np.testing.assert_allclose(data.test()[0], [-0.62096302, -0.9307102, -1.49726508], atol=1e-8)


def test_a_spectrum_and_a_source_are_power_laws() -> None:
    data = Linear(dim=4, rows=50_000, noise=0.5, capacity=2.0, source=1.5)
    x, y = np.split(data.train([0])[0], [4], axis=1)
    j = np.arange(1.0, 5)
    np.testing.assert_allclose(x.var(axis=0), j**-2, rtol=0.05)
    np.testing.assert_allclose((x * data.weights()).var(axis=0), j**-1.5, rtol=0.05)
    np.testing.assert_allclose(data.moments()[1], np.cov(np.hstack([x, y]).T), atol=0.05)
    held_out = data.test()[:, :-1]
    np.testing.assert_allclose(held_out.T @ held_out / len(held_out), np.diag(j**-2), atol=1e-12)
    np.testing.assert_allclose(Linear(dim=3).moments()[1][-1], [1, 1, 1, 4])


@pytest.mark.parametrize("name", ["capacity", "source"])
def test_exponents_below_0_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} must be a number of at least 0, not -1"):
        Linear(**{name: -1})
