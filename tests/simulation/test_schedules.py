"""Seeded schedules: nothing is lost, nothing is wrong, and the same command recovers everything."""

import pytest

from tests.simulation.campaign import Figures, play_all, seeds

pytestmark = pytest.mark.slow

SCHEDULES = 1500
PROCESSES = 2


def test_schedules_with_faults_of_every_kind_violate_no_invariant() -> None:
    figures = Figures()
    for part in play_all(list(seeds(SCHEDULES)), (), PROCESSES):
        figures.merge(part)
    assert figures.schedules >= SCHEDULES
    assert figures.examples == {}
    assert figures.events.keys() >= {
        "kills", "failed requests", "lost answers", "repeated requests", "half deletions", "stale listings",
        "suspensions", "full disks", "conflicts", "clock steps", "outcome done", "outcome failed", "outcome killed",
    }  # fmt: skip
