"""Invariants after the faults have ended: the same command recovers everything, and gc leaves no remains."""

import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd

from raysc.planning.plan import make_plan
from raysc.planning.resolved import ResolvedSweep
from raysc.planning.retention_rules import retention_rules
from raysc.results.table.table import load_table
from raysc.results.thresholds.resolution import resolve_in_store
from raysc.runner import Outcome, RunOptions
from raysc.store import gc, host
from raysc.store.inventory import verify_entries
from raysc.store.leases import LEASE_SECONDS, RECENT_SECONDS, holders
from tests.simulation.invariants import Watch, leftovers, results
from tests.simulation.sweeps import Case, Expected, run_command, without_seconds
from tests.simulation.world import World

DAY = 86400.0
MAX_COMMANDS = 3
"""Number of times that the command is given before recovery counts as failed."""


def check_recovery(world: World, watch: Watch, case: Case, grow: bool) -> None:
    """Give the command again without faults, and check everything that must hold then.

    - The command succeeds at the first call, and fits nothing that is published.
    - Table, models and rows equal those of the undisturbed run; nothing is published beside them.
    - No entry is damaged, nothing is left to do, and no lease counts as held (of a lost machine: after a while).
    - Garbage collection, two days later, ends with nothing to do, deletes nothing that is needed, and leaves nothing of
      dead runs.
    - The sweep grows by one generation to the result of the undisturbed longer sweep (``grow``).

    Args:
        world: after its schedule.
        watch: its invariants.
        case: the sweep.
        grow: check the longer sweep, too.
    """
    world.faults.stop()
    outcome = recover(world, case)
    if outcome is None:
        return
    check_results(world, outcome, case.expected, "")
    _guarded(world, "store after recovery", lambda: _check_store(world, case))
    _guarded(world, "garbage collection", lambda: _check_garbage_collection(world, case))
    if grow:
        watch.tolerates_removal = watch.tolerates_removal or case.drops_last_state
        _guarded(world, "growing", lambda: _check_growth(world, case))


def recover(world: World, case: Case) -> Outcome | None:
    """Give the command until it succeeds; each call after the first one is a violation. None if it never succeeds."""
    for call in range(MAX_COMMANDS):
        world.scheduler.now += 2 * LEASE_SECONDS
        first_fit = len(world.fits)
        try:
            outcome = run_command(world, case.sweep)
        except Exception as error:
            world.violate(f"recovery fails: call {call}: {type(error).__name__}: {error} {_origin(error)}")
            continue
        if outcome.failures:
            words = next(iter(outcome.failures.values())).strip().splitlines()[-1]
            world.violate(f"recovery fails: call {call}: {words}")
            continue
        check_fits(world, first_fit, "recovery")
        return outcome
    return None


def check_fits(world: World, first: int, occasion: str) -> None:
    """Check that no fit since the ``first`` one began for a published generation."""
    if again := [f"{fit.unit} {fit.generation}" for fit in world.fits[first:] if fit.published]:
        world.violate(f"published generation fitted again: {occasion}: {again}")


def check_results(world: World, outcome: Outcome, expected: Expected, occasion: str) -> None:
    """Compare a table, and the models and rows in the store, with those of an undisturbed run.

    A span after the last generation may be missing. It only says that all seeds have ended.
    """
    check_table(world, outcome.table, expected, occasion)
    published = results(world.contents)
    for name, digests in expected.results.items():
        if name not in published and _first_generation(name) > expected.generations:
            continue
        if name not in published:
            world.violate(f"manifest missing: {occasion} {name}")
        elif published[name] != digests:
            world.violate(f"other result: {occasion} {name}")
    if unexpected := sorted(published.keys() - expected.results.keys()):
        world.violate(f"unexpected manifest: {occasion} {unexpected}")
    if differing := sorted(expected.metrics ^ set(world.contents.names("metrics"))):
        world.violate(f"other metrics: {occasion} {differing}")


def _first_generation(manifest: str) -> int:
    return int(manifest.rsplit("/", 1)[1].partition("-")[0])


def check_table(world: World, table: pd.DataFrame, expected: Expected, occasion: str) -> None:
    """Compare a table with that of an undisturbed run, bit for bit; with cheap formats both are empty."""
    try:
        pd.testing.assert_frame_equal(without_seconds(table), expected.table, check_exact=True)
    except AssertionError as error:
        world.violate(f"other table: {occasion} {' '.join(str(error).split())[:300]}")


def collect_garbage(world: World) -> int:
    """Run ``raysc gc --yes`` in the running task; return the number of objects that it deleted."""

    def report(message: str) -> None:
        if "changed or cut off" in message:
            world.violate(f"gc finds damage: {message}")

    now = datetime.fromtimestamp(host.current().time(), UTC)
    groups = gc.collect_garbage(world.objects, now, partial(retention_rules, report=world.violate), report)
    return sum(garbage.count for garbage in groups)


def _check_store(world: World, case: Case) -> None:
    """Check that nothing is damaged, missing or held.

    A checkpoint may be damaged: a late request can publish one again after its deletion. Nothing stands on it; a unit
    that reads it sets it aside, and garbage collection must delete it.
    """

    def check() -> None:
        resolved = _as_published(world, case)
        for damage in verify_entries(resolved.stored_seeds, world.objects):
            if damage is not None and damage.name.startswith("partial/"):
                world.events["damaged checkpoints"] += 1
            elif damage is not None:
                world.violate(f"damaged after recovery: {damage}")
        if units := make_plan(resolved, world.objects).units:
            world.violate(f"plan not empty: {[(unit.name, unit.reason) for unit in units]}")
        if held := holders(world.objects):
            world.violate(f"lease held: {sorted(held)}")

    world.scheduler.now += RECENT_SECONDS
    world.run_alone("check", check)


def _as_published(world: World, case: Case) -> ResolvedSweep:
    """Return the sweep with all probes of its search, if it has one."""
    return case.resolved if case.sweep.search is None else resolve_in_store(case.sweep, world.objects)


def _check_garbage_collection(world: World, case: Case) -> None:
    """Collect garbage two days later: the second time there is none, and the table is the same."""
    world.scheduler.now += 2 * DAY
    world.run_alone("gc", lambda: collect_garbage(world))
    if again := world.run_alone("gc", lambda: collect_garbage(world)):
        world.violate(f"garbage left: a second collection finds {again} objects")
    if remains := list(leftovers(world.contents)):
        world.violate(f"remains of dead runs: {len(remains)} such as {remains[:3]}")
    if not case.cheap:
        table = world.run_alone("check", lambda: load_table(_as_published(world, case), world.objects))
        check_table(world, table, case.expected, "after gc")


def _check_growth(world: World, case: Case) -> None:
    """Run the sweep with one generation more."""
    first_fit = len(world.fits)
    outcome = run_command(world, case.longer.sweep, RunOptions("", remake=case.drops_last_state))
    if outcome.failures:
        world.violate(f"growing fails: {next(iter(outcome.failures.values())).strip().splitlines()[-1]}")
    check_results(world, outcome, case.expected_longer, "grown")
    if not case.drops_last_state:
        check_fits(world, first_fit, "growing")


def _guarded(world: World, occasion: str, check: Callable[[], Any]) -> None:
    """Run a check; its error is a violation."""
    try:
        check()
    except Exception as error:
        world.violate(f"error: {occasion}: {type(error).__name__}: {error} {_origin(error)}")


def _origin(error: BaseException) -> str:
    """Return the innermost line of raysc in an error's traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/raysc/" in frame.filename]
    return json.dumps(f"{frames[-1].filename.rpartition('/raysc/')[2]}:{frames[-1].lineno}") if frames else ""
