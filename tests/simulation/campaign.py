"""Many schedules at once: their figures, on one core or on several."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from multiprocessing.queues import SimpleQueue

from tests.simulation.cases import PROFILES, play
from tests.simulation.points import SWEEPS, Point, play_point, points
from tests.simulation.without_ray import simulated
from tests.simulation.world import World

CHUNK = 20
"""Schedules that a process runs before it reports."""
SLOW_PROFILES = {"reader": 10, "search": 60}
"""Profiles that read tables again and again: they get this many times fewer schedules."""


@dataclass
class Figures:
    """Counts over schedules.

    Attributes:
        schedules: number of schedules.
        operations: number of requests to stores.
        fits: number of fits.
        events: faults and outcomes.
        violations: invariant -> number of schedules that violate it.
        examples: invariant -> the first schedules that violate it, with what was violated.
    """

    schedules: int = 0
    operations: int = 0
    fits: int = 0
    events: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, schedule: str, world: World) -> None:
        """Count one schedule."""
        self.schedules += 1
        self.operations += world.operations
        self.fits += len(world.fits)
        self.events += world.events
        for violation in world.violations:
            self.examples.setdefault(invariant(violation), []).append(f"{schedule}: {violation}")
        self.violations.update({invariant(violation) for violation in world.violations})

    def add_error(self, schedule: str, error: Exception) -> None:
        """Count a schedule that ended with an error."""
        self.schedules += 1
        self.violations["error"] += 1
        self.examples.setdefault("error", []).append(f"{schedule}: {type(error).__name__}: {error}")

    def merge(self, other: "Figures") -> None:
        """Add the counts of other schedules."""
        self.schedules += other.schedules
        self.operations += other.operations
        self.fits += other.fits
        self.events += other.events
        self.violations += other.violations
        for name, examples in other.examples.items():
            self.examples.setdefault(name, []).extend(examples)


def invariant(violation: str) -> str:
    """Return the invariant that a violation names: its words before the colon."""
    return violation.partition(":")[0]


def seeds(count: int, profiles: Sequence[str] = tuple(PROFILES), first: int = 0) -> Iterator[tuple[str, int]]:
    """Yield at least ``count`` schedules, spread evenly over some profiles, as (profile, seed)."""
    shares = {profile: 1 / SLOW_PROFILES.get(profile, 1) for profile in profiles}
    for profile, share in shares.items():
        size = max(1, -int(-count * share // sum(shares.values())))
        yield from ((profile, seed) for seed in range(first, first + size))


def play_seeds(schedules: Iterable[tuple[str, int]]) -> Figures:
    """Run seeded schedules in this process."""
    figures = Figures()
    with simulated():
        for profile, seed in schedules:
            try:
                figures.add(f"{profile} {seed}", play(profile, seed))
            except Exception as error:
                figures.add_error(f"{profile} {seed}", error)
    return figures


def play_points(chosen: Iterable[Point]) -> Figures:
    """Run exhaustive points in this process."""
    figures = Figures()
    with simulated():
        for point in chosen:
            try:
                figures.add(str(point), play_point(point))
            except Exception as error:
                figures.add_error(str(point), error)
    return figures


def all_points() -> list[Point]:
    """Return every point of every subject."""
    with simulated():
        return [point for subject in SWEEPS for point in points(subject)]


def play_all(
    schedules: Sequence[tuple[str, int]], chosen: Sequence[Point], processes: int | None = None
) -> Iterator[Figures]:
    """Run schedules and points on several processes; yield the figures of each part as it ends.

    Each process stays on one core. One of its threads runs at a time, and a hand-over to a thread on another core costs
    more than the work between two of them.

    Args:
        schedules: (profile, seed).
        chosen: exhaustive points.
        processes: their number; None for one per core.
    """
    parts = [partial(play_seeds, schedules[start : start + CHUNK]) for start in range(0, len(schedules), CHUNK)]
    parts += [partial(play_points, chosen[start : start + CHUNK]) for start in range(0, len(chosen), CHUNK)]
    context = multiprocessing.get_context("forkserver")
    count = processes or os.cpu_count() or 1
    cores = context.SimpleQueue()
    for core in islice(cycle(sorted(os.sched_getaffinity(0))), count):
        cores.put(core)
    with ProcessPoolExecutor(count, context, _stay_on_a_core, (cores,)) as pool:
        for future in [pool.submit(part) for part in parts]:
            yield future.result()


def _stay_on_a_core(cores: "SimpleQueue[int]") -> None:
    """Bind this process to the next of some cores."""
    os.sched_setaffinity(0, {cores.get()})
