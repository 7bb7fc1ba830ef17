import math
import random
from dataclasses import replace

import numpy as np
import pytest

from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.criterion import Probe, State
from raysc.results.thresholds.proposals import (
    STOPPING_LEVEL,
    Answer,
    Proposal,
    SearchSettings,
    bracket,
    count_runs,
    enclosed_root,
    next_step,
    present_root,
)
from tests.results.thresholds.oracle import Oracle, search

SCALE = AxisScale(0.25, 16.0, logarithmic=True)
SETTINGS = SearchSettings(SCALE, SCALE.distance(0.15), 2000, (0, 1, 2, 3), 10, 10)


def curve(c: float, value: float) -> float:
    """The margin rho - 1 of a Gaussian mix with samples of c times the covariance, with its root at 1 / (c - 1)."""
    return c * value / (1 + value) - 1


def test_the_first_proposals_are_the_ends() -> None:
    assert next_step(SETTINGS, []) == (Proposal(0.25, (0, 1, 2, 3), 10), Proposal(16.0, (0, 1, 2, 3), 10))


@pytest.mark.parametrize("c", [1.25, 1.5, 2.0])
def test_intervals_hold_the_threshold(c: float) -> None:
    held, runs = 0, []
    for repetition in range(100):
        answer, probes = search(SETTINGS, Oracle(lambda value: curve(c, value), 0.03, repetition))
        assert answer.outcome == "threshold"
        assert answer.narrow
        assert answer.root is not None
        low, high = answer.root.interval(STOPPING_LEVEL)
        assert high - low <= SETTINGS.width
        held += low <= -math.log(c - 1) <= high
        runs.append(count_runs(probes))
    assert held >= 90  # of 100 at 95 %: 98 % of all draws
    assert np.mean(runs) < 120


def test_new_seeds_run_near_the_threshold_only() -> None:
    _, probes = search(SETTINGS, Oracle(lambda value: curve(2.0, value), 0.1))
    late = [probe for probe in probes if max(probe.seeds) > 3]
    assert sum(len(probe.seeds) for probe in late) > 25
    assert all(0.6 < probe.value < 1.7 for probe in late)


def test_undecided_values_go_on_to_more_generations_where_runs_do_not_suffice() -> None:
    settings = replace(SETTINGS, runs=300)
    short, _ = search(settings, Oracle(lambda value: curve(2.0, value), 0.3))
    answer, probes = search(replace(settings, max_generations=80), Oracle(lambda value: curve(2.0, value), 0.3))
    assert not short.narrow
    assert answer.narrow
    assert {probe.generations for probe in probes if probe.state != "undecided" and not 0.5 < probe.value < 2} == {10}
    assert max(probe.generations for probe in probes) == 80


def test_seeds_run_instead_of_generations_where_those_pay_more() -> None:
    margins = np.array([0.1, -0.1, 0.1, -0.1])
    undecided = Probe(16.0, (0, 1, 2, 3), "undecided", margins, generations=10, longer_pays=False)
    probes = [Probe(0.25, (0, 1, 2, 3), "stable", np.full(4, -1.0), generations=10), undecided]
    assert next_step(replace(SETTINGS, max_generations=80), probes) == (Proposal(16.0, (4, 5, 6, 7), 10),)


def test_an_undecided_end_goes_on_to_the_ceiling_and_then_gets_seeds() -> None:
    def ends(generations: int) -> list[Probe]:
        state: State = "undecided"
        undecided = Probe(16.0, (0, 1, 2, 3), state, np.array([0.1, -0.1, 0.1, -0.1]), generations=generations)
        return [Probe(0.25, (0, 1, 2, 3), "stable", np.full(4, -1.0), generations=10), undecided]

    longer = replace(SETTINGS, max_generations=25, runs=20)
    assert next_step(longer, ends(10)) == (Proposal(16.0, (0, 1, 2, 3), 20),)
    assert next_step(longer, ends(20)) == (Proposal(16.0, (0, 1, 2, 3), 25),)
    assert next_step(longer, ends(25)) == (Proposal(16.0, (4, 5, 6, 7), 25),)
    assert next_step(replace(longer, runs=19), ends(20)) == (Proposal(16.0, (0, 1, 2, 3), 25),), "no new runs"
    assert next_step(replace(longer, runs=19), ends(25)) == Answer("undecided")


def test_a_loop_that_is_stable_everywhere_has_no_threshold_up_to_the_end() -> None:
    answer, probes = search(SETTINGS, Oracle(lambda value: curve(1.0, value) - 0.1, 0.03))
    assert answer == Answer("stable")
    assert {probe.value for probe in probes} == {0.25, 16.0}


def test_a_loop_that_is_unstable_everywhere() -> None:
    assert search(SETTINGS, Oracle(lambda value: 0.5, 0.03))[0] == Answer("unstable")


def test_a_still_loop_counts_as_stable_after_three_blocks() -> None:
    def still(count: int) -> list[Probe]:
        return [Probe(value, tuple(range(count)), "still", np.empty(0), generations=10) for value in (0.25, 16.0)]

    assert next_step(SETTINGS, still(4)) == (Proposal(0.25, (4, 5, 6, 7), 10), Proposal(16.0, (4, 5, 6, 7), 10))
    assert next_step(SETTINGS, still(12)) == Answer("stable")


def test_an_axis_may_be_stable_at_its_upper_end() -> None:
    answer, _ = search(SETTINGS, Oracle(lambda value: -curve(2.0, value), 0.03))
    assert answer.root is not None
    assert math.exp(answer.root.position) == pytest.approx(1, rel=0.1)


def test_the_ceiling_ends_a_search_with_the_interval_so_far() -> None:
    settings = replace(SETTINGS, runs=60)
    answer, probes = search(settings, Oracle(lambda value: curve(2.0, value), 0.1))
    assert answer.outcome == "threshold"
    assert not answer.narrow
    assert count_runs(probes) <= 60


def test_a_line_over_a_wide_gap_is_no_answer() -> None:
    """It is biased: over the whole range its interval leaves the threshold out."""
    oracle = Oracle(lambda value: curve(1.5, value), 0.03)
    ends = [oracle.probe(value, SETTINGS.seeds) for value in (SCALE.low, SCALE.high)]
    biased = present_root(SETTINGS, ends)
    assert biased is not None
    assert biased.interval(STOPPING_LEVEL)[0] > math.log(2)
    assert enclosed_root(SETTINGS, ends) is None
    assert next_step(replace(SETTINGS, runs=count_runs(ends)), ends) == Answer("undecided")
    assert enclosed_root(SETTINGS, search(SETTINGS, oracle)[1]) is not None


def test_hours_end_a_search_with_the_interval_so_far() -> None:
    _, probes = search(replace(SETTINGS, runs=60), Oracle(lambda value: curve(2.0, value), 0.1))
    limited = replace(SETTINGS, hours=2.0)
    assert isinstance(next_step(limited, probes, 1.9), tuple)
    answer = next_step(limited, probes, 2.0)
    assert isinstance(answer, Answer)
    assert (answer.outcome, answer.narrow) == ("threshold", False)
    undecided = Probe(16.0, (0, 1, 2, 3), "undecided", np.array([0.1, -0.1, 0.1, -0.1]), generations=10)
    ends = [Probe(0.25, (0, 1, 2, 3), "stable", np.full(4, -1.0), generations=10), undecided]
    assert next_step(replace(limited, max_generations=80), ends, 2.0) == Answer("undecided"), "no generations, too"


def test_an_end_that_stays_undecided_has_no_answer() -> None:
    settings = replace(SETTINGS, runs=100)
    answer, _ = search(settings, Oracle(lambda value: 0.0 if value == 16.0 else -0.5, 0.1, shared=0.0))
    assert answer == Answer("undecided")


def test_a_higher_ceiling_continues_the_same_search() -> None:
    _, short = search(replace(SETTINGS, runs=60), Oracle(lambda value: curve(2.0, value), 0.1))
    _, long = search(SETTINGS, Oracle(lambda value: curve(2.0, value), 0.1))
    seeds = {probe.value: probe.seeds for probe in long}
    assert all(seeds[probe.value][: len(probe.seeds)] == probe.seeds for probe in short)


def test_proposals_do_not_depend_on_the_order_of_the_evidence() -> None:
    _, probes = search(replace(SETTINGS, runs=60), Oracle(lambda value: curve(2.0, value), 0.1))
    expected = next_step(SETTINGS, probes)
    for order in range(10):
        random.Random(order).shuffle(probes)
        assert next_step(SETTINGS, probes) == expected


def test_values_of_a_whole_axis_are_whole() -> None:
    scale = AxisScale(1, 40, logarithmic=True, whole=True)
    settings = SearchSettings(scale, scale.distance(0.1), 400, (0, 1, 2), 10, 10)
    answer, probes = search(settings, Oracle(lambda value: value / 6.5 - 1, 0.05))
    assert answer.root is not None
    assert all(isinstance(probe.value, int) for probe in probes)
    assert 6 < math.exp(answer.root.position) < 7


def test_the_bracket_is_the_last_stable_and_the_first_unstable_value() -> None:
    def probe(value: float, state: State) -> Probe:
        return Probe(value, (0,), state, np.empty(0))

    ends = [probe(1, "stable"), probe(9, "unstable")]
    assert bracket(ends) == (1, 9)
    assert bracket([*ends, probe(2, "stable"), probe(5, "undecided"), probe(6, "unstable")]) == (2, 6)
    assert bracket([probe(1, "unstable"), probe(9, "still")]) == (1, 9)
    assert bracket([probe(1, "stable"), probe(9, "undecided")]) == (1, None)
