"""Rates of contraction from distances."""

import numpy as np
import pandas as pd
import pytest

from raysc.results.contraction.rates import effective_step, leading_rate, step_rates
from raysc.seeds import PurposeSeeds, join


def geometric(rho: float, generations: list[int], seeds: int = 5) -> pd.DataFrame:
    """Distances that shrink by a factor, seeds as rows and generations as columns."""
    values = np.arange(1.0, seeds + 1)[:, None] * rho ** np.array(generations, float)
    return pd.DataFrame(values, columns=generations)


@pytest.mark.parametrize("generations", [[0, 1, 2, 3, 4, 5, 6], [0, 2, 3, 10], [0, 1]])
@pytest.mark.parametrize("rho", [0.2, 0.9, 1.3])
def test_a_geometric_distance_has_its_ratio_at_any_generations(rho: float, generations: list[int]) -> None:
    rate = leading_rate(geometric(rho, generations))
    assert rate is not None
    assert rate.rho == pytest.approx(rho)
    assert rate.interval == pytest.approx((rho, rho))
    for step in step_rates(geometric(rho, generations)):
        assert step.rho == pytest.approx(rho)


def test_the_leading_rate_leaves_out_fast_directions_and_distances_of_rounding() -> None:
    t = list(range(13))
    distances = pd.DataFrame(np.hypot(geometric(0.3, t), geometric(0.02, t)) + 1e-16, columns=t)
    rate = leading_rate(distances)
    assert rate is not None
    assert (rate.first, rate.last) == (6, 11)  # 0.3^12 is below the resolution
    assert rate.rho == pytest.approx(0.3, rel=1e-4)
    assert [step.last for step in step_rates(distances)] == list(range(1, 12))


@pytest.mark.parametrize(
    "distances", [[[1, 0, 0], [1, 0, 0]], [[1, np.nan, np.nan], [1, 0.5, 0.25]], [[0, 0, 0], [1, 0.5, 0.25]]]
)
def test_distances_that_vanish_or_are_not_finite_have_no_rate(distances: list[list[float]]) -> None:
    assert leading_rate(pd.DataFrame(distances, dtype=float)) is None


def test_without_generation_0_there_is_no_rate() -> None:
    assert leading_rate(geometric(0.5, [3, 4])) is None


@pytest.mark.parametrize("f", [0.1, 1.0])
def test_the_effective_step_inverts_the_damped_rate(f: float) -> None:
    share = 0.8
    assert effective_step(1 - f + f * share, share) == pytest.approx(f)


def test_replicates_that_share_seeds_are_not_counted_as_independent() -> None:
    seeds = [join(PurposeSeeds(data, 0, 0, sample)) for data in range(1, 4) for sample in range(1, 9)]
    rho = np.repeat([0.4, 0.5, 0.6], 8)  # of the data; the samples add nothing
    distances = pd.DataFrame(rho[:, None] ** np.arange(3), index=seeds)
    rate = leading_rate(distances)
    assert rate is not None
    low, high = rate.interval
    assert low < 0.35
    assert high > 0.65
