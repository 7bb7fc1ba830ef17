"""Wrong verdicts are rare: each rule is tried on many samples whose truth is known."""

import numpy as np
import pytest

from raysc.results.statistics.censored import Bounds, exactly
from raysc.results.statistics.verdicts import above, below, conclusion, judge, verdicts, within

TRIALS = 600
SEEDS = [3, 5, 20, 100]
MOST = 0.05 + 3 * np.sqrt(0.05 * 0.95 / TRIALS)
"""5 % and three standard errors of what ``TRIALS`` samples tell."""


def rates(seeds, mean, region, columns=1, spread=0.5, cases=1, trials=TRIALS):
    """How often samples with these means are found to hold and to fail."""
    draws = np.random.default_rng(1000 * seeds + columns + cases)
    found = []
    for _ in range(trials):
        parts = []
        for _ in range(cases):
            shared = draws.normal(size=(seeds, 1))
            noise = spread * (shared + draws.normal(size=(seeds, columns))) / np.sqrt(2)
            parts.append(judge(exactly(np.broadcast_to(mean, columns) + noise), region))
        found.append(conclusion([verdict for verdict, _ in verdicts(parts)]))
    return found.count("holds") / trials, found.count("fails") / trials


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("region", [above(0.3), below(0.3)])
def test_at_the_bound_itself_neither_verdict_is_common(seeds, region):
    holds, fails = rates(seeds, 0.3, region)
    assert holds <= MOST
    assert fails <= MOST


@pytest.mark.parametrize("seeds", SEEDS)
def test_what_lies_at_the_margin_is_seldom_called_equivalent_or_different(seeds):
    holds, fails = rates(seeds, 0.3, within(-0.3, 0.3))
    assert holds <= MOST
    assert fails <= MOST


@pytest.mark.parametrize("seeds", SEEDS)
def test_equality_is_seldom_called_different(seeds):
    assert rates(seeds, 0.0, within(-0.1, 0.1))[1] <= MOST


@pytest.mark.parametrize("seeds", SEEDS)
def test_of_many_true_cases_seldom_one_fails(seeds):
    assert rates(seeds, 0.3, above(0.3), cases=6)[1] <= MOST


@pytest.mark.parametrize("seeds", SEEDS)
def test_of_many_cases_a_false_one_keeps_the_claim_from_holding(seeds):
    assert rates(seeds, 0.3, above(0.3), cases=2)[0] <= MOST


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_trajectory_on_the_margin_is_seldom_judged(seeds):
    trials = 200
    holds, fails = rates(seeds, [0.0, 0.3, 0.1, 0.0], within(-0.3, 0.3), columns=4, trials=trials)
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    assert holds <= most
    assert fails <= most


@pytest.mark.parametrize(
    ("mean", "region", "verdict"),
    [
        (1.0, above(0.3), "holds"),
        (0.0, above(0.3), "fails"),
        (-1.0, below(0.3), "holds"),
        (1.0, below(0.3), "fails"),
        (0.0, within(-0.3, 0.3), "holds"),
        (0.8, within(-0.3, 0.3), "fails"),
        (-0.8, within(-0.3, 0.3), "fails"),
    ],
)
@pytest.mark.parametrize("columns", [1, 3])
def test_what_is_plain_is_seen(mean, region, verdict, columns):
    holds, fails = rates(20, mean, region, columns=columns, spread=0.2, trials=50)
    assert {"holds": holds, "fails": fails}[verdict] > 0.95


def known(*values):
    return exactly(np.array(values, float)[:, None])


def test_a_seed_that_may_be_infinitely_worse_can_make_a_mean_worse_not_better():
    values = Bounds(known(1.0, 1.1, 0.9, 1.0).low, known(1.0, 1.1, np.inf, 1.0).high)
    assert judge(values, above(0.5)).holds
    assert not judge(values, below(2.0)).holds
    assert judge(values, below(2.0)).p == 1.0
    assert judge(values, below(0.5)).p < 0.05


def test_equal_seeds_are_judged_without_an_interval():
    judged = judge(known(0.2, 0.2, 0.2), above(0.1))
    assert judged.holds
    assert (judged.low.item(), judged.high.item()) == (0.2, 0.2)
    assert not judge(known(0.2, 0.2, 0.2), above(0.2)).holds
    assert judge(known(0.2, 0.2, 0.2), above(0.3)).p == 0.0


def test_from_fifty_seeds_the_interval_leans_to_the_long_tail():
    values = np.random.default_rng(0).lognormal(size=60)
    for count, leans in [(49, False), (60, True)]:
        judged = judge(known(*values[:count]), above(0.0))
        mean = values[:count].mean()
        assert bool(judged.high.item() - mean > 1.01 * (mean - judged.low.item())) is leans


def test_the_worst_generation_is_the_one_told():
    values = exactly(np.random.default_rng(0).normal([0.0, 2.0, -0.5], 0.1, (10, 3)))
    judged = judge(values, within(-1, 1))
    assert judged.worst == 1
    assert judged.slack == pytest.approx(1 - judged.high[1])


def test_one_case_that_fails_decides_and_one_that_is_open_keeps_it_open():
    assert conclusion(["holds", "fails", "undecided"]) == "fails"
    assert conclusion(["holds", "undecided"]) == "undecided"
    assert conclusion(["holds", "holds"]) == "holds"


def test_holm_takes_back_what_one_of_many_would_do_alone():
    near = judge(known(0.0, 0.1, -0.1, 0.05, -0.05), above(0.13))
    assert 0.01 < near.p < 0.05
    assert [verdict for verdict, _ in verdicts([near])] == ["fails"]
    (first, _), *_ = verdicts([near] + [None] * 9)
    assert first == "undecided"
