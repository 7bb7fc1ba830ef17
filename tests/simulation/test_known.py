"""Schedules that found faults once; they are always played again.

A seed gives the same schedule only as long as raysc sends the same requests. ``test_scenarios.py`` has the faults as
schedules that do not depend on that.
"""

import pytest

from tests.simulation.cases import play

KNOWN: dict[tuple[str, int], str] = {
    ("conflicts", 5001): "409 counted as a lost race: the probe took the storage for one without conditional writes",
    ("conflicts", 5008): "409 counted as a lost race: a late first request left a visible manifest without files",
    ("alone", 5002): "an absent object ended a deletion: a killed unit failed at each resume",
    ("alone", 5009): "an absent object ended a deletion: a finished sweep could not grow",
    ("skew", 5001): "a lease judged by the reader's clock: a published generation was fitted again",
    ("skew", 5005): "a lease judged by the reader's clock: two hosts did the same work without any fault",
    (
        "gc after a day",
        1018,
    ): "gc did not see who fits generation 0, whose lease has another key: its model was deleted",
    ("gc after a day", 2013): "the same: a manifest appeared without its rows",
    (
        "gc after a day",
        400034,
    ): "gc listed leases before files: those of a unit that began and ended between were deleted",
    ("alone", 1001): "a probe that failed was left in the store for ever",
    ("alone", 2017): "a checkpoint of a published generation was left in the store for ever",
}
"""Profile and seed of a schedule -> what it showed."""


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "seed"), KNOWN)
def test_a_schedule_that_found_a_fault(profile: str, seed: int) -> None:
    world = play(profile, seed)
    assert world.violations == [], "\n".join([*world.violations, KNOWN[profile, seed]])
