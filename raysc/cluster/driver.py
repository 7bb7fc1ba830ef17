"""Running a sweep to its end: plan, run what is free, plan again, until nothing is missing.

The store is the only truth. What another process runs at this moment (it holds the unit's lease) is waited for; what
was found damaged and set aside is missing in the next plan, and so made again.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from raysc.cluster.progress import Progress
from raysc.cluster.waves import RealRows, run_units
from raysc.planning.plan import InitialUnit, LoopUnit, Plan, Unit, make_plan
from raysc.planning.resolved import Line
from raysc.store.leases import holders
from raysc.store.objects import Objects
from raysc.store.publishing import Damaged
from raysc.store.trash import Notes, set_damaged_aside
from raysc.sweepfile.sweep import Sweep

PATIENCE = 2.0, 15.0
"""Seconds between two looks at what others run: at first, and at most."""
MOST_RUNS = 5
"""How often a unit is run without getting any further before it counts as failed."""

Say = Callable[[str], None]


def run_to_the_end(sweep: Sweep, built: tuple[Line, ...], objects: Objects, progress: Progress, say: Say) -> None:
    """Run everything that a sweep lacks, and wait for what others run of it. Ray must be up.

    Args:
        sweep: what is asked for.
        built: its lines.
        objects: the store.
        progress: shows what happens, and keeps the failures; units that failed are not run again.
        say: prints a line for the user.
    """
    real: RealRows = {}
    runs: Counter[tuple[object, ...]] = Counter()
    notes = Notes(objects)
    waited = 0.0
    while True:
        began = time.monotonic()
        plan = make_plan(sweep, objects, built)
        _fail_orphans(plan, progress)
        missing = [unit for unit in plan.units if unit.name not in progress.failures]
        if not missing:
            break
        held = holders(objects)
        wave = _wave([unit for unit in missing if unit.name not in held], missing)
        if stuck := [unit.name for unit in wave if runs[_state(unit)] >= MOST_RUNS]:
            progress.failures |= dict.fromkeys(stuck, f"it was run {MOST_RUNS} times and got no further")
            continue
        if wave:
            waited = 0.0
            runs.update(map(_state, wave))
            progress.expect(plan)
            try:
                run_units(wave, plan, objects, progress, real)
            except Damaged as damage:
                set_damaged_aside(objects, damage)
        else:
            others = sorted({str(held[unit.name]) for unit in missing if unit.name in held})
            if not waited:
                say(f"waiting for {len(missing)} units that another raysc sweep runs: {', '.join(others)}")
            first, most = PATIENCE
            waited = min(most, max(first, 2 * (time.monotonic() - began), 1.5 * waited))
            time.sleep(waited)
        for note in notes.new():
            say(f"note: {note}; it was set aside and is made again")


def _wave(free: Sequence[Unit], missing: Sequence[Unit]) -> list[Unit]:
    """Generation 0s first; then the loops whose generation 0 is there."""
    initial: list[Unit] = [unit for unit in free if isinstance(unit, InitialUnit)]
    pending = _addresses(unit for unit in missing if isinstance(unit, InitialUnit))
    return initial or [unit for unit in free if isinstance(unit, LoopUnit) and not _zero(unit) & pending]


def _addresses(units: Iterable[InitialUnit]) -> set[tuple[str, tuple[int, ...]]]:
    """The S_0s that some units make."""
    return {(rows, unit.seeds) for unit in units for snapshot in unit.snapshots for rows in snapshot.rows}


def _zero(unit: LoopUnit) -> set[tuple[str, tuple[int, ...]]]:
    """The S_0 that a loop stands on."""
    zero = unit.line.keys.zero
    return {(zero.rows, unit.seeds)} if zero is not None else set()


def _fail_orphans(plan: Plan, progress: Progress) -> None:
    """A loop cannot run if the training of its generation 0 failed."""
    failed = _addresses(unit for unit in plan.initial if unit.name in progress.failures)
    for unit in plan.loop:
        if _zero(unit) & failed:
            progress.failures.setdefault(unit.name, "generation 0 is missing, since its training failed")


def _state(unit: Unit) -> tuple[object, ...]:
    """What changes as a unit gets further."""
    if isinstance(unit, InitialUnit):
        return unit.name, len(unit.snapshots), unit.reason
    return unit.name, unit.missing, unit.first, unit.reason
