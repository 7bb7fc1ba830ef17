import numpy as np
import pytest

from raysc.results.claims.verdicts import above
from raysc.results.profile.estimates import estimate, judged_mean
from raysc.results.statistics.averages import seed_mean

VALUES = np.random.default_rng(0).normal(1.0, 0.1, 10)


def test_the_interval_is_that_of_a_mean_over_seeds() -> None:
    judged, mean = estimate(VALUES, "nats"), seed_mean(VALUES)
    assert (judged.value, judged.low, judged.high) == pytest.approx((mean.mean, mean.low, mean.high))
    assert (judged.finding, judged.unit, judged.seeds) == ("holds", "nats", 10)
    assert estimate(VALUES, "", bound=2).finding == "fails"
    assert estimate(VALUES, "", bound=1).finding == "undecided"


def test_a_falling_transformation_keeps_the_limits_in_order() -> None:
    judged = estimate(VALUES, "", lambda values: np.exp(-values))
    assert judged.low < judged.value < judged.high


def test_no_loss_in_any_seed_is_no_loss() -> None:
    assert estimate(np.zeros(5), "").finding == "fails"
    assert estimate(np.array([0.0, 0, 0, 0, 1e-9]), "").finding == "undecided"


def test_two_seeds_decide_nothing() -> None:
    judged = estimate(VALUES[:2], "")
    assert (judged.finding, judged.note) == ("undecided", "2 seeds; at least 3 are needed")


def test_infinite_values_have_no_limit_on_their_side_and_unknown_ones_on_none() -> None:
    judged = estimate(np.array([*VALUES, np.inf]), "")
    assert judged.finding == "holds"
    assert judged.high == np.inf
    assert judged.low > 0
    assert judged_mean(np.full(4, np.inf), above(0.0))[0] == "holds"
    unknown = estimate(np.array([*VALUES, np.nan]), "")
    assert (unknown.finding, unknown.low, unknown.high) == ("undecided", -np.inf, np.inf)
