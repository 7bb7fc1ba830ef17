"""Every request of publishing, retention, checkpoints and garbage collection, disturbed in five ways."""

import pytest

from tests.simulation.campaign import Figures, all_points, play_all
from tests.simulation.faults import DISTURBANCES
from tests.simulation.points import SWEEPS

pytestmark = pytest.mark.slow

PROCESSES = 2


def test_no_disturbance_of_a_single_request_violates_an_invariant() -> None:
    chosen = all_points()
    assert {point.subject for point in chosen} == SWEEPS.keys()
    assert {point.disturbance for point in chosen} == set(DISTURBANCES)
    figures = Figures()
    for part in play_all((), chosen, PROCESSES):
        figures.merge(part)
    assert figures.schedules == len(chosen)
    assert figures.examples == {}
