"""Seeded schedules: who runs beside whom, and which faults hit them."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from raysc.errors import RayscError
from raysc.results.status import read_status
from raysc.results.table.table import load_table
from raysc.runner import RunOptions
from tests.simulation.faults import SIMULATED, FaultRates, Faults
from tests.simulation.invariants import Watch
from tests.simulation.processes import ProcessKilled
from tests.simulation.recovery import DAY, check_fits, check_recovery, collect_garbage
from tests.simulation.sweeps import (
    COUPLED,
    COUPLED_VARIANTS,
    NAMES,
    THRESHOLD,
    Case,
    case,
    sweep_command,
    without_seconds,
)
from tests.simulation.world import World, entered

MAX_SKEW = (-600.0, -120.0, 0.0, 120.0, 600.0)
"""Offsets of the machines' clocks, in seconds."""
RESTARTS = 4
"""Number of times that a user gives a command again that failed or died."""
RESTART_SECONDS = (0.0, 5.0, 50.0, 200.0)
COMPUTED_LATER = ("_excess", "initial_quality", "ended_generation", "collapse_generation")
"""Columns of an unfinished table that may still change, since they compare generations."""
UNDISTURBED_EVENTS = {"reads", "objects collected", "outcome done"}
"""Events that are no faults."""
EXCUSES = {"suspensions", "stale listings"}
"""Faults after which a published generation may be fitted again: a holder stood still longer than its lease is valid,
or a process could not see what was published."""

FULL_EVERY = 25
"""Interval of the seeds whose schedules use real formats and tables, which takes five times as long."""

Beside = Callable[[World, Case, random.Random], None]


@dataclass(frozen=True)
class Profile:
    """A kind of schedule.

    Attributes:
        writers: least and largest number of processes that give the same command.
        rates: of faults; each schedule multiplies each with 0.3, 1 or 3.
        several_hosts: True if each writer has a host of its own.
        skewed: True if the clocks of the hosts differ.
        beside: what other processes do meanwhile.
        sweeps: the sweeps from which each schedule draws one.
    """

    writers: tuple[int, int]
    rates: FaultRates
    several_hosts: bool = True
    skewed: bool = False
    beside: tuple[Beside, ...] = field(default=())
    sweeps: tuple[str, ...] = NAMES


def play(profile: str, seed: int, keep_log: bool = False) -> World:
    """Run one schedule with its recovery; the world holds the violations and the log.

    Every ``FULL_EVERY``th seed uses Parquet and loads tables. A profile with a reader always does. So does a search:
    its tables decide what it runs next.
    """
    chosen, rng = PROFILES[profile], random.Random(f"{profile} {seed}")
    name = rng.choice(chosen.sweeps)
    swept = case(name, cheap=bool(seed % FULL_EVERY) and _reader not in chosen.beside and name != THRESHOLD)
    faults = Faults(chosen.rates.scaled(rng, (0.3, 1.0, 3.0)), kills_left=rng.choice((0, 1, 2, 4)))
    world = World(
        seed,
        faults,
        storage=rng.choice(("file", "s3", "gs")),
        switch_rate=rng.choice((0.02, 0.1, 0.4, 1.0)),
        pace=rng.choice((0.01, 0.05, 1.0)),
        keep_log=keep_log,
    )
    watch = Watch(world, swept.resolved)
    world.say(f"sweep {swept.name} in {world.storage}, {faults.rates}")
    with swept.formats(), entered(world):
        for number in range(rng.randint(*chosen.writers)):
            machine = f"host{number}" if chosen.several_hosts else "host"
            if chosen.skewed:
                world.machine(machine).clock_offset = rng.choice(MAX_SKEW)
            give_command(world, swept, f"writer{number}", machine)
        for beside in chosen.beside:
            beside(world, swept, rng)
        world.scheduler.run()
        world.scheduler.unwind()
        if world.scheduler.endless:
            world.violate("nothing ends: virtual time ran out")
        _check_work(world, swept)
        check_recovery(world, watch, swept, grow=rng.random() < 0.4)
    return world


def give_command(
    world: World, swept: Case, name: str, machine: str, options: RunOptions | None = None, restarts: int = RESTARTS
) -> None:
    """Start a user's command, who gives it again when it failed; each call is a process of its own."""

    def body(restarts_left: int) -> None:
        outcome = "failed"
        try:
            if not sweep_command(world, swept.sweep, options).failures:
                outcome = "done"
        except ProcessKilled:
            outcome = "killed"
            raise
        except RayscError as error:
            if SIMULATED not in str(error):
                world.violate(f"command refuses: {error}")
        except Exception as error:
            world.violate(f"command ends with a traceback: {type(error).__name__}: {error}")
        finally:
            world.events[f"outcome {outcome}"] += 1
            if outcome != "done" and restarts_left:
                again = f"{name}'{restarts_left}"
                delay = world.rng.choice(RESTART_SECONDS)
                world.start(again, machine, lambda: body(restarts_left - 1), disturbed=True, delay=delay)

    world.start(name, machine, lambda: body(restarts), disturbed=True)


def _check_work(world: World, swept: Case) -> None:
    """Check that no work was done twice without a reason. Wrong clocks are none."""
    faults = world.events.keys() - UNDISTURBED_EVENTS - {"clock steps"}
    if not faults and len(world.fits) > swept.expected.fits:
        world.violate(f"work done twice: {len(world.fits)} fits without a fault; {swept.expected.fits} are needed")
    if not faults & EXCUSES:
        check_fits(world, 0, "during the schedule")


def _writers_run(world: World) -> bool:
    """Return True while a command runs or will be given again."""
    return any(task.name.startswith("writer") and not task.done for task in world.scheduler.tasks)


def _reader(world: World, swept: Case, rng: random.Random) -> None:
    """Load the table and the status again and again: each value is the final one from the beginning."""

    def read() -> None:
        while _writers_run(world):
            try:
                _check_unfinished_table(world, swept, load_table(swept.resolved, world.objects))
                read_status(swept.resolved, world.objects)
            except RayscError as error:
                world.violate(f"reader fails: {error}")
            world.events["reads"] += 1
            world.scheduler.wait(rng.choice((1.0, 10.0, 60.0)))

    world.start("reader", "reader", read)


def _check_unfinished_table(world: World, swept: Case, table: pd.DataFrame) -> None:
    """Compare the values of an unfinished table with those of the final one."""
    if table.empty:
        return
    both = without_seconds(table).merge(
        swept.expected.table, on=["cell", "seed", "generation"], suffixes=("", "_final")
    )
    if len(both) != len(table):
        world.violate("reader sees rows that the final table lacks")
    names = [name for name in map(str, table.columns) if f"{name}_final" in both]
    for name in (name for name in names if not name.endswith(COMPUTED_LATER)):
        values, final = both[name], both[f"{name}_final"]
        if pd.api.types.is_float_dtype(values) and bool(((values != final) & ~np.isnan(values)).any()):
            world.violate(f"reader sees other values: {name}")


def _collector(age: float) -> Beside:
    """Return a process that collects garbage again and again; objects look older by ``age`` seconds.

    So it meets units that have run for longer than a day.
    """

    def beside(world: World, swept: Case, rng: random.Random) -> None:
        def collect() -> None:
            while _writers_run(world):
                world.scheduler.wait(rng.choice((1.0, 10.0, 40.0)))
                is_store = any("/asked/" in name for name in world.contents.names("sweeps"))
                try:
                    world.events["objects collected"] += collect_garbage(world)
                except RayscError as error:
                    if is_store:  # else it refuses a folder that may be no store
                        world.violate(f"gc fails: {error}")

        world.age = age
        world.start("gc", "collector", collect)

    return beside


def _verifier(world: World, swept: Case, rng: random.Random) -> None:
    """Run ``raysc sweep --verify`` beside the other commands."""

    def verify() -> None:
        world.scheduler.wait(rng.choice((1.0, 30.0, 60.0, 100.0)))
        sweep_command(world, swept.sweep, RunOptions("", verify=True))

    world.start("writer-verify", "verifier", verify)


PROFILES: Mapping[str, Profile] = {
    "alone": Profile((1, 1), FaultRates(kill=0.012, fail=0.01, lose_answer=0.02, half_delete=0.3, fill_disk=0.003)),
    "same host": Profile(
        (2, 3),
        FaultRates(kill=0.01, fail=0.005, lose_answer=0.01, half_delete=0.3, fill_disk=0.002),
        several_hosts=False,
    ),
    "hosts": Profile((2, 3), FaultRates(kill=0.008, fail=0.005, lose_answer=0.01, half_delete=0.3, suspend=0.01)),
    "skew": Profile((2, 3), FaultRates(kill=0.004, lose_answer=0.005, clock_step=0.002), skewed=True),
    "suspended, skew": Profile(
        (2, 3), FaultRates(kill=0.006, fail=0.003, lose_answer=0.01, half_delete=0.3, suspend=0.006), skewed=True
    ),
    "stale": Profile((1, 2), FaultRates(kill=0.008, fail=0.003, lose_answer=0.01, stale_listing=0.1)),
    "conflicts": Profile((1, 2), FaultRates(kill=0.004, conflict=0.1)),
    "reader": Profile((1, 2), FaultRates(kill=0.008, lose_answer=0.01), beside=(_reader,)),
    "gc": Profile((1, 2), FaultRates(kill=0.008, lose_answer=0.01), beside=(_collector(0.0),)),
    "gc after a day": Profile((1, 2), FaultRates(kill=0.004, lose_answer=0.01), beside=(_collector(1.05 * DAY),)),
    "verify": Profile((1, 2), FaultRates(kill=0.004, lose_answer=0.01), beside=(_verifier,)),
    "all": Profile(
        (2, 3),
        FaultRates(
            kill=0.006, fail=0.003, lose_answer=0.01, half_delete=0.3, suspend=0.005, stale_listing=0.03,
            fill_disk=0.002, conflict=0.01, clock_step=0.001,
        ),
        skewed=True,
        beside=(_verifier, _collector(0.0)),
    ),
    "coupled models": Profile(
        (1, 2),
        FaultRates(kill=0.02, fail=0.01, lose_answer=0.02, half_delete=0.3, conflict=0.02),
        beside=(_collector(0.0),),
        sweeps=(COUPLED, *COUPLED_VARIANTS),
    ),
    "search": Profile((1, 2), FaultRates(kill=0.002, fail=0.0005, lose_answer=0.002), sweeps=(THRESHOLD,)),
}  # fmt: skip
