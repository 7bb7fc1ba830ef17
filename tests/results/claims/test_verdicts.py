"""Error rates of each rule, on many samples whose true means are known, and single verdicts."""

import numpy as np
import pytest

from raysc.results.claims.verdicts import Region, above, below, conclusion, judge, verdicts, within
from raysc.results.statistics.censored import CensoredValues, censor
from raysc.results.statistics.intervals import SkewAdjustedInterval
from raysc.seeds import PurposeSeeds, join

pytestmark = pytest.mark.slow

TRIALS = 400
SEEDS = [3, 5, 20, 100]
MAX_ERROR_RATE = 0.05 + 3 * np.sqrt(0.05 * 0.95 / TRIALS)
"""5 % plus three standard errors of a rate from ``TRIALS`` samples."""


def rates(
    seeds: int,
    mean: float | list[float],
    region: Region,
    columns: int = 1,
    spread: float = 0.5,
    cases: int = 1,
    trials: int = TRIALS,
) -> tuple[float, float]:
    """Return the rates of samples with these true means that hold and that fail."""
    draws = np.random.default_rng(1000 * seeds + columns + cases)
    conclusions = []
    for _ in range(trials):
        judgements = []
        for _ in range(cases):
            shared = draws.normal(size=(seeds, 1))
            noise = spread * (shared + draws.normal(size=(seeds, columns))) / np.sqrt(2)
            judgements.append(judge(censor(np.broadcast_to(mean, columns) + noise), region))
        conclusions.append(conclusion([verdict for verdict, _ in verdicts(judgements)]))
    return conclusions.count("holds") / trials, conclusions.count("fails") / trials


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("region", [above(0.3), below(0.3)])
def test_at_the_bound_both_verdicts_are_rare(seeds: int, region: Region) -> None:
    holds, fails = rates(seeds, 0.3, region)
    assert holds <= MAX_ERROR_RATE
    assert fails <= MAX_ERROR_RATE


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_mean_at_the_margin_is_rarely_judged_equivalent_or_different(seeds: int) -> None:
    holds, fails = rates(seeds, 0.3, within(-0.3, 0.3))
    assert holds <= MAX_ERROR_RATE
    assert fails <= MAX_ERROR_RATE


@pytest.mark.parametrize("seeds", SEEDS)
def test_an_equal_mean_is_rarely_judged_different(seeds: int) -> None:
    assert rates(seeds, 0.0, within(-0.1, 0.1))[1] <= MAX_ERROR_RATE


@pytest.mark.parametrize("seeds", [3, 20])
def test_a_claim_of_many_true_cases_rarely_fails(seeds: int) -> None:
    assert rates(seeds, 0.3, above(0.3), cases=4)[1] <= MAX_ERROR_RATE


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_claim_with_a_false_case_rarely_holds(seeds: int) -> None:
    assert rates(seeds, 0.3, above(0.3), cases=2)[0] <= MAX_ERROR_RATE


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_trajectory_at_the_margin_is_rarely_judged(seeds: int) -> None:
    trials = 200
    holds, fails = rates(seeds, [0.0, 0.3, 0.1, 0.0], within(-0.3, 0.3), columns=4, trials=trials)
    max_error_rate = 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    assert holds <= max_error_rate
    assert fails <= max_error_rate


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
def test_clear_cases_have_their_verdict(mean: float, region: Region, verdict: str, columns: int) -> None:
    holds, fails = rates(20, mean, region, columns=columns, spread=0.2, trials=50)
    assert {"holds": holds, "fails": fails}[verdict] > 0.95


def known(*values: float) -> CensoredValues:
    return censor(np.array(values, float)[:, None])


def test_a_seed_without_upper_bound_can_only_raise_the_mean() -> None:
    values = CensoredValues(known(1.0, 1.1, 0.9, 1.0).low, known(1.0, 1.1, np.inf, 1.0).high)
    assert judge(values, above(0.5)).holds
    assert not judge(values, below(2.0)).holds
    assert judge(values, below(2.0)).p_against == 1.0
    assert judge(values, below(0.5)).p_against < 0.05


def test_equal_seeds_are_judged_without_an_interval() -> None:
    judgement = judge(known(0.2, 0.2, 0.2), above(0.1))
    assert judgement.holds
    assert (judgement.low.item(), judgement.high.item()) == (0.2, 0.2)
    assert not judge(known(0.2, 0.2, 0.2), above(0.2)).holds
    assert judge(known(0.2, 0.2, 0.2), above(0.3)).p_against == 0.0


@pytest.mark.parametrize("region", [above(0.3), below(0.3), within(-0.3, 0.3)])
def test_every_region_is_compared_with_the_95_percent_interval(region: Region) -> None:
    values = np.random.default_rng(7).normal(size=(6, 1))
    low, high = SkewAdjustedInterval(values).interval(0.95)
    judgement = judge(censor(values), region)
    assert (judgement.low, judgement.high) == (low, high)


@pytest.mark.parametrize("seeds", [8, 20])
@pytest.mark.parametrize("region", [above(0.0), below(0.0), within(-0.5, 0.5)])
def test_skewed_values_at_the_bound_are_rarely_judged(seeds: int, region: Region) -> None:
    mean = region.high if np.isfinite(region.high) else region.low
    draws = np.random.default_rng(seeds).lognormal(size=(TRIALS, seeds, 1))
    judgements = [judge(censor(values - np.exp(0.5) + mean), region) for values in draws]
    assert sum(judgement.holds for judgement in judgements) / TRIALS <= 2 * MAX_ERROR_RATE
    assert sum(judgement.p_against < 0.05 for judgement in judgements) / TRIALS <= 2 * MAX_ERROR_RATE


def test_the_worst_generation_is_the_one_with_the_least_slack() -> None:
    values = censor(np.random.default_rng(0).normal([0.0, 2.0, -0.5], 0.1, (10, 3)))
    judgement = judge(values, within(-1, 1))
    assert judgement.worst == 1
    assert judgement.slack == pytest.approx(1 - judgement.high[1])


def test_a_failed_case_decides_and_an_undecided_case_leaves_the_claim_undecided() -> None:
    assert conclusion(["holds", "fails", "undecided"]) == "fails"
    assert conclusion(["holds", "undecided"]) == "undecided"
    assert conclusion(["holds", "holds"]) == "holds"


def test_with_holm_a_case_that_fails_alone_is_undecided_among_many() -> None:
    judgement = judge(known(0.0, 0.1, -0.1, 0.05, -0.05), above(0.13))
    assert 0.01 < judgement.p_against < 0.05
    assert [verdict for verdict, _ in verdicts([judgement])] == ["fails"]
    (first, _), *_ = verdicts([judgement, *[None] * 9])
    assert first == "undecided"


def test_replicates_that_share_seeds_decide_less() -> None:
    """8 x 4 replicates with one effect for each data and each training seed know their mean like 4 to 8 seeds."""
    draws = np.random.default_rng(5)
    seeds = [join(PurposeSeeds(data, 0, train, 0)) for data in range(8) for train in range(4)]
    false = {"shared": 0, "independent": 0}
    for _ in range(TRIALS):
        effects = draws.normal(size=(8, 1)) + draws.normal(size=(1, 4)) + 0.1 * draws.normal(size=(8, 4))
        values = censor(effects.reshape(-1, 1))
        false["shared"] += judge(values, above(0.0), seeds).holds
        false["independent"] += judge(values, above(0.0)).holds
    assert false["shared"] / TRIALS <= MAX_ERROR_RATE
    assert false["independent"] / TRIALS > 0.2
    incomplete = judge(values.take(np.arange(31)), above(-100.0), seeds[:-1])
    assert not incomplete.holds
    assert (incomplete.low[0], incomplete.high[0]) == (-np.inf, np.inf)
