"""Schedules of garbage collection beside sweeps, written by hand: each led to a fault once."""

import sys
from collections.abc import Callable

import pytest

from raysc import runner
from raysc.results.thresholds import rounds
from raysc.runner import RunOptions
from raysc.store.leases import LEASE_SECONDS
from raysc.store.sweep_record import write_sweep_record
from tests.simulation.recovery import DAY, collect_garbage
from tests.simulation.scenario import MakeScenario, Scenario
from tests.simulation.sweeps import run_command, sweep_command
from tests.simulation.without_ray import SilentDisplay
from tests.simulation.world import Breakpoint


def test_gc_keeps_a_lineage_that_a_sweep_takes_up_meanwhile(scenario: MakeScenario) -> None:
    """Collection read the sweep records before the sweep wrote its own, and deleted what it stood on."""
    play = scenario()
    _finish_and_forget(play)
    deletes = Breakpoint(
        "gc", "list", "^artifacts", until=lambda: bool(play.world.contents.names("sweeps/simulated/asked"))
    )
    plans = Breakpoint("A", "create", "^probes/", until=lambda: deletes.reached)
    play.world.breakpoints += [deletes, plans]
    play.world.start("gc", "gc", lambda: collect_garbage(play.world), disturbed=True)
    play.start("A", "A")
    play.run()
    play.check()


def test_a_sweep_with_nothing_to_do_waits_for_gc(scenario: MakeScenario) -> None:
    """Everything was there when the sweep was planned, so it ended; then the collection deleted all of it."""
    play = scenario()
    _finish_and_forget(play)
    _collect_beside(play, lambda: sweep_command(play.world, play.swept.sweep))
    assert all(play.exists(play.span(generation)) for generation in (1, 2, 3))
    play.check()


def test_a_round_of_a_search_with_nothing_to_do_waits_for_gc(
    scenario: MakeScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first plan of a search waited: a probe that another search had left was deleted beside its rounds."""
    play = scenario()
    _finish_and_forget(play)
    state = rounds.SearchState(play.swept.resolved, ())
    monkeypatch.setattr(rounds, "read_state", lambda sweep, objects: state)
    monkeypatch.setattr(rounds, "run_rounds", lambda state, objects, run, say: (state, run(state)))
    monkeypatch.setattr(runner, "_store_answers", lambda state, objects: None)
    # This sweep has no search, whose answers would be printed at the end.
    monkeypatch.setattr(runner, "_conclude", lambda plan, *rest: sys.exit(len(plan.units)))

    def search() -> None:
        with pytest.raises(SystemExit, match=r"^0$"):
            runner._run_search(play.swept.sweep, play.world.objects, RunOptions(""), SilentDisplay())

    _collect_beside(play, search)
    assert all(play.exists(play.span(generation)) for generation in (1, 2, 3))
    assert play.world.violations == []


def _collect_beside(play: Scenario, command: Callable[[], object]) -> None:
    """Run a command while garbage is collected that it needs; it has the time of a lease before that is deleted."""
    play.watch.tolerates_removal = True
    began: list[float] = []

    def has_gone_on() -> bool:
        if play.world.contents.names("sweeps/simulated/asked"):
            began.append(play.world.now)
        return bool(began) and play.world.now > began[0] + LEASE_SECONDS

    deletes = Breakpoint("gc", "delete", "^spans/", until=has_gone_on)
    begins = Breakpoint("A", "list", "", until=lambda: deletes.reached)
    play.world.breakpoints += [deletes, begins]
    play.world.start("gc", "gc", lambda: collect_garbage(play.world), disturbed=True)
    play.world.start("A", "A", command, disturbed=True)
    play.run()
    assert deletes.reached


def _finish_and_forget(play: Scenario) -> None:
    """Run the sweep, and replace its record by one of another sweep: three days later its lineage is garbage."""
    run_command(play.world, play.swept.sweep)
    for name in play.world.contents.names("sweeps"):
        play.world.contents.remove_silently(name)
    resolved = play.swept.sweep.resolved
    play.world.run_alone("other", lambda: write_sweep_record(play.world.objects, "other", resolved, ()))
    play.world.scheduler.now += 3 * DAY
