"""The rule of early stopping on its own: which seeds run, and the values of those that do not."""

import numpy as np
import pytest

from raysc.execution.early_stopping import EarlyStopping
from raysc.execution.measurer import ValuesByMetric
from raysc.settings import Until

SEEDS = (3, 5, 8)


def stopping(until: Until | None = None) -> EarlyStopping:
    return EarlyStopping(SEEDS, until, "metric-key" if until is not None else "")


def values(*entropy: float) -> ValuesByMetric:
    return {"metric-key": {"entropy": np.array(entropy)}}


NONE = np.zeros(3, bool)
BELOW = Until(metric="entropy", below=0.1)


def test_without_a_rule_every_seed_runs() -> None:
    rule = stopping()
    rule.judge(1, values(0.0, 0.0, 0.0), np.ones(3, bool))
    assert rule.running.all()
    assert not rule.over
    assert rule.complete(values(1.0, 2.0, 3.0))["metric-key"]["entropy"].tolist() == [1.0, 2.0, 3.0]


def test_a_seed_ends_at_the_first_generation_that_reaches_the_level_and_keeps_its_values() -> None:
    rule = stopping(BELOW)
    rule.judge(1, values(0.5, 0.1, 0.4), NONE)
    assert rule.ended == {5: 1}
    assert rule.running.tolist() == [True, False, True]
    completed = rule.complete(values(0.3, 9.0, 0.2))
    assert completed["metric-key"]["entropy"].tolist() == [0.3, 0.1, 0.2]
    rule.judge(2, completed, NONE)
    assert rule.ended == {5: 1}, "a stopped seed is not judged again"


def test_a_diverged_seed_stops_and_is_not_ended_by_the_rule() -> None:
    rule = stopping(BELOW)
    rule.judge(1, values(0.5, np.nan, 0.05), np.array([False, True, False]))
    assert rule.ended == {8: 1}
    assert rule.running.tolist() == [True, False, False]
    rule.judge(2, rule.complete(values(0.0, np.nan, 0.7)), NONE)
    assert rule.ended == {8: 1, 3: 2}
    assert rule.over


def test_values_of_a_part_of_the_pack_are_completed_from_the_last_ones() -> None:
    rule = stopping(BELOW)
    rule.judge(1, values(0.5, 0.1, 0.4), NONE)
    index = np.array([0, 2])
    completed = rule.complete({"metric-key": {"entropy": np.array([0.3, 0.2])}}, index)
    assert completed["metric-key"]["entropy"].tolist() == [0.3, 0.1, 0.2]


@pytest.mark.parametrize(
    ("until", "expected"),
    [(Until(metric="entropy", below=0.1), [False, True]), (Until(metric="entropy", above=0.5), [True, False])],
)
def test_both_sides_of_a_level_can_end_a_seed(until: Until, expected: list[bool]) -> None:
    rule = EarlyStopping((0, 1), until, "metric-key")
    assert rule.reached({"metric-key": {"entropy": np.array([0.5, 0.1])}}).tolist() == expected
