"""Seeded schedules: nothing is lost, nothing is wrong, and the same command recovers everything."""

import pytest

from tests.simulation.campaign import Figures, play_all, seeds

pytestmark = pytest.mark.slow

SCHEDULES = 1500
PROCESSES = 2


def test_no_schedule_violates_an_invariant() -> None:
    figures = Figures()
    for part in play_all(list(seeds(SCHEDULES)), (), PROCESSES):
        figures.merge(part)
    assert figures.schedules >= SCHEDULES
    assert figures.examples == {}


def test_faults_of_every_kind_were_drawn() -> None:
    figures = Figures()
    for part in play_all([(profile, seed) for profile, seed in seeds(120)], (), PROCESSES):
        figures.merge(part)
    assert figures.events.keys() >= {
        "kills", "failed requests", "lost answers", "repeated requests", "half deletions", "stale listings",
        "suspensions", "full disks", "conflicts", "clock steps", "outcome done", "outcome failed", "outcome killed",
    }  # fmt: skip
