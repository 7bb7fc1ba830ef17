"""The driver of a sweep: it plans, runs the units that are free, and plans again, until nothing is missing.

The store is the only truth. Units whose lease another process holds are waited for. Damaged objects are moved to the
trash, so they are missing in the next plan and are made again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from raysc.cluster import ray_compat
from raysc.cluster.failures import FailureCollector, Failures
from raysc.cluster.lost_nodes import LostNodes
from raysc.cluster.progress import ProgressTracker
from raysc.cluster.real_data import RealDataCache
from raysc.cluster.waves import run_units
from raysc.display import Display
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import ResolvedSweep
from raysc.planning.units import InitialUnit, LoopUnit, StoredRows, Unit
from raysc.store import host
from raysc.store.leases import GC_SWEEP, Holder, LeaseWatch, held_units
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.store.trash import TrashReasons, move_damaged_to_trash

MIN_WAIT_SECONDS, MAX_WAIT_SECONDS = 2.0, 15.0
"""Seconds between two reads of the store while other processes run units: at first, and at most."""

MAX_RUNS = 5
"""Number of runs of a unit without progress after which it counts as failed."""


Order = Callable[[Sequence[Unit]], Sequence[Unit]]
"""A function that returns units in the order in which they are to start."""


def run_to_the_end(resolved: ResolvedSweep, objects: Objects, display: Display, order: Order | None = None) -> Failures:
    """Run everything that a sweep lacks, and wait for the units that other processes run. Ray must be up.

    Args:
        resolved: the sweep.
        objects: the store.
        display: shows the progress and prints notes.
        order: of the units of a wave; None: the plan's.

    Returns:
        Name of each failed unit -> its traceback, or the reason. Everything else is published.
    """
    failures: Failures = {}
    tracker = ProgressTracker(resolved, objects, display, failures)
    real_data = RealDataCache(resolved.sweep, objects, display.say)
    runs: Counter[tuple[object, ...]] = Counter()
    trash_reasons = TrashReasons(objects)
    watch = LeaseWatch(objects)
    permitted: set[str] | None = None
    wait_seconds = 0.0
    with _displayed(display) as lost_nodes:
        callbacks = [FailureCollector(failures, lost_nodes, display.say), tracker]
        while True:
            planning_started = host.current().monotonic()
            plan = make_plan(resolved, objects)
            if permitted is None:
                permitted = {unit.name for unit in plan.refitting_units}  # the command has asked for these
            _fail_refits(plan, permitted, failures)
            _fail_orphans(plan, failures)
            missing = [unit for unit in plan.units if unit.name not in failures]
            if not missing:
                return failures
            tracker.expect(plan)
            leases = held_units((unit.name for unit in missing), watch.holders())
            wave = _next_wave([unit for unit in missing if unit.name not in leases], missing)
            if stuck := [unit.name for unit in wave if runs[_progress_state(unit)] >= MAX_RUNS]:
                failures |= dict.fromkeys(stuck, f"it was run {MAX_RUNS} times and got no further")
                continue
            if wave:
                wait_seconds = 0.0
                made = _produced_rows(wave)
                # A loop whose generation 0 this wave makes may not start in it.
                runs.update(_progress_state(unit) for unit in wave if not _initial_rows(unit) & made)
                try:
                    run_units(wave if order is None else order(wave), plan, objects, real_data, failures, callbacks)
                except DamagedObjectError as damage:
                    move_damaged_to_trash(objects, damage)
            else:
                if not wait_seconds:
                    display.say(_waiting(missing, leases))
                wait_seconds = _next_wait(wait_seconds, host.current().monotonic() - planning_started)
                host.current().sleep(wait_seconds)
            for reason in trash_reasons.new():
                display.say(f"note: {reason}; it was set aside and is made again")


@contextmanager
def _displayed(display: Display) -> Iterator[LostNodes]:
    """Run a display, and report lost nodes in the place of Ray's own messages."""
    lost_nodes = LostNodes()
    display.start()
    try:
        with ray_compat.without_node_messages(lost_nodes.mark_dead):
            yield lost_nodes
    finally:
        display.stop()
        for line in lost_nodes.reports(quiet_seconds=0):
            display.say(line)


def _next_wave(free: Sequence[Unit], missing: Sequence[Unit]) -> list[Unit]:
    """Return the units that can run now: generation 0s, and loops, unless another process makes their generation 0."""
    initial = [unit for unit in free if isinstance(unit, InitialUnit)]
    made_elsewhere = _produced_rows(missing) - _produced_rows(initial)
    loops = [unit for unit in free if isinstance(unit, LoopUnit) and not _initial_rows(unit) & made_elsewhere]
    return [*initial, *loops]


def _waiting(missing: Sequence[Unit], leases: Mapping[str, Holder]) -> str:
    """Return the note about units that other processes run."""
    holders = {leases[unit.name] for unit in missing if unit.name in leases}
    processes = ", ".join(sorted(map(str, holders)))
    if any(holder.sweep == GC_SWEEP for holder in holders):
        return f"waiting for raysc gc to end: {processes}"
    return f"waiting for {len(missing)} units that another raysc sweep runs: {processes}"


def _next_wait(wait_seconds: float, planning_seconds: float) -> float:
    """Return the seconds until the next plan: longer each time, and longer than planning itself takes."""
    return min(MAX_WAIT_SECONDS, max(MIN_WAIT_SECONDS, 2 * planning_seconds, 1.5 * wait_seconds))


def _produced_rows(units: Iterable[Unit]) -> frozenset[StoredRows]:
    """Return the S_0s that units make."""
    return frozenset().union(*(unit.produced_rows for unit in units if isinstance(unit, InitialUnit)))


def _initial_rows(unit: Unit) -> frozenset[StoredRows]:
    """Return the S_0s that a unit needs; none for a generation 0 and for closed-form families."""
    return unit.initial_rows if isinstance(unit, LoopUnit) else frozenset()


def _fail_orphans(plan: Plan, failures: Failures) -> None:
    """Record the failure of loops whose generation 0 failed."""
    failed = _produced_rows(unit for unit in plan.initial if unit.name in failures)
    for unit in plan.loop:
        if _initial_rows(unit) & failed:
            failures.setdefault(unit.name, "generation 0 is missing, since its training failed")


def _fail_refits(plan: Plan, permitted: Collection[str], failures: Failures) -> None:
    """Record the failure of units whose states were lost during the run, unless they may be trained again."""
    for unit in plan.refitting_units:
        if unit.name not in permitted:
            failures.setdefault(
                unit.name,
                f"a state that it would continue from was dropped or lost: {unit.refits} published generations would "
                "have to be trained again; run it again with --remake if that is wanted",
            )


def _progress_state(unit: Unit) -> tuple[object, ...]:
    """Return the fields of a unit that change as it progresses."""
    if isinstance(unit, InitialUnit):
        return unit.name, len(unit.snapshots), unit.reason
    return unit.name, unit.missing, unit.first, unit.reason
