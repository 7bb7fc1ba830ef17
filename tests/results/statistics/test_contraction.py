import numpy as np
import pytest

from raysc.results.statistics.censored import CensoredValues, censor
from raysc.results.statistics.contraction import NoContractionError, contraction, first_crossing


def loop(rho: float, seeds: int, generations: int, noise: float) -> np.ndarray:
    """Return e_(t+1) = 1 + rho e_t from 0 with noise, float64 (seeds, generations)."""
    draws = np.random.default_rng(0)
    excess = np.cumsum([np.zeros(seeds), *(np.full(seeds, rho**t) for t in range(generations - 1))], axis=0).T
    return np.asarray(excess + draws.normal(0, noise, excess.shape) * (np.arange(generations) > 0))


@pytest.mark.parametrize("rho", [0.5, 0.9, 1.0, 1.3])
def test_rho_is_recovered(rho: float) -> None:
    exact = contraction(loop(rho, 4, 6, 0.0), 0.95)
    np.testing.assert_allclose(exact, rho)
    noisy = contraction(loop(rho, 200, 6, 0.2), 0.95)
    assert noisy.mean() == pytest.approx(rho, abs=4 * noisy.std() / np.sqrt(200))


def test_rho_of_an_excess_without_a_clear_change_is_not_known() -> None:
    for excess in (np.tile([[0, 1, -1, 1], [0, -1, 1, -1]], (3, 1)), np.full((5, 4), np.inf), loop(0.5, 1, 4, 0.0)):
        with pytest.raises(NoContractionError):
            contraction(excess, 0.95)


def test_the_first_crossing_is_interpolated_from_0() -> None:
    curve = [np.array([[0.5], [0.2], [2.0], [0.1]]), np.array([[1.5], [0.4], [0.1], [np.inf]])]
    crossing = first_crossing([censor(np.array(values)) for values in curve], [1.0, 3.0], 1.0)
    assert crossing.high[:3, 0] == pytest.approx([2.0, np.inf, 0.5])
    assert crossing.low[:3, 0] == pytest.approx([2.0, 3.0, 0.5])


def test_a_value_without_upper_bound_may_cross_at_the_position_before() -> None:
    curve = [censor(np.array([[0.5]])), CensoredValues(np.array([[0.75]]), np.array([[np.inf]]))]
    crossing = first_crossing(curve, [1.0, 2.0], 1.0)
    assert (crossing.low[0, 0], crossing.high[0, 0]) == (1.0, np.inf)
