"""The world of one schedule: machines, processes, a store with faults, and everything that was observed."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from raysc.store.objects import Objects
from tests.simulation.contents import Contents
from tests.simulation.faults import Faults
from tests.simulation.processes import EPOCH, Machine, Process, Scheduler, Task

SCHEME = "sim"
"""Scheme of the URIs of simulated stores."""

StorageKind = Literal["file", "s3", "gs"]
"""A folder; a bucket whose deletions ignore absent objects; one whose deletions fail at them, as Azure's do, too."""


@dataclass(frozen=True)
class FitRecord:
    """A call of a family's ``fit``.

    Attributes:
        process: id of the process.
        unit: name of the unit.
        generation: t.
        steps: steps of the piece.
        seeds: those in the addresses of its draws.
        published: True if the generation was visible in the store when the process began to fit it, at its first piece.
    """

    process: int
    unit: str
    generation: int
    steps: range
    seeds: tuple[int, ...]
    published: bool

    def is_continued_by(self, process: int, unit: str, generation: int, steps: range, seeds: tuple[int, ...]) -> bool:
        """Return True if a call is the next piece of the same fit."""
        same = (self.process, self.unit, self.generation, self.seeds) == (process, unit, generation, seeds)
        return same and self.steps.stop == steps.start


@dataclass
class Breakpoint:
    """A stop of one task before a request, until a condition holds: for schedules that are written by hand.

    Attributes:
        task: prefix of the task's name.
        kind: kind of the request.
        pattern: regular expression that the first name of the request contains.
        until: condition.
        freeze: stop the whole process, its renewal of leases included.
        kill: kill the machine's processes of this command at the end of the stop.
        reached: True once the task has stopped.
    """

    task: str
    kind: str
    pattern: str
    until: Callable[[], bool] = lambda: True
    freeze: bool = False
    kill: bool = False
    reached: bool = False


@dataclass(eq=False)
class World:
    """One schedule.

    Attributes:
        seed: seed of everything that is drawn.
        faults: the faults.
        storage: kind of the store.
        switch_rate: probability that another task goes on at a request.
        pace: mean virtual seconds of a request.
        age: seconds by which listings show objects as older, as if units ran for days.
        hidden: names that no listing has before ``hidden_until``, in virtual seconds since the epoch.
        max_operations: number of requests after which the schedule counts as endless.
        keep_log: True to keep a log of requests.
        violations: what must not happen and did.
        events: counts of faults and outcomes, for the figures.
        fits: all fits, in order.
    """

    seed: int
    faults: Faults = field(default_factory=Faults)
    storage: StorageKind = "s3"
    switch_rate: float = 0.5
    pace: float = 0.05
    age: float = 0.0
    hidden: frozenset[str] = frozenset()
    hidden_until: float = 0.0
    max_operations: int = 20_000
    keep_log: bool = False
    contents: Contents = field(default_factory=Contents)
    violations: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    fits: list[FitRecord] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    breakpoints: list[Breakpoint] = field(default_factory=list)
    is_published: Callable[[str, int, range, tuple[int, ...]], bool] = lambda *fit: False
    operations: int = 0
    rng: random.Random = field(init=False)
    scheduler: Scheduler = field(init=False)
    _ids: random.Random = field(init=False)
    _machines: dict[str, Machine] = field(default_factory=dict)
    _pids: Iterator[int] = field(default_factory=lambda: count(1001))

    def __post_init__(self) -> None:
        self.rng, self._ids = random.Random(self.seed), random.Random(self.seed + 1)
        self.scheduler = Scheduler(self.rng, self.switch_rate)

    @property
    def objects(self) -> Objects:
        """The store as raysc opens it; each world has a URI of its own, since rows are cached by it."""
        return Objects(f"{SCHEME}://store-{id(self)}")

    @property
    def now(self) -> float:
        """Virtual time, in seconds since the epoch."""
        return self.scheduler.now

    def new_id(self) -> str:
        """Return 32 hex digits."""
        return f"{self._ids.getrandbits(128):032x}"

    def machine(self, name: str) -> Machine:
        """Return the machine of a name."""
        return self._machines.setdefault(name, Machine(name))

    def start(
        self, name: str, machine: str, body: Callable[[], Any], disturbed: bool = False, delay: float = 0.0
    ) -> Task:
        """Start a process with one task."""
        process = Process(self.machine(machine), next(self._pids), self.now + delay, name, disturbed=disturbed)
        return self.scheduler.spawn(name, process, body, delay)

    @contextmanager
    def trial(self, unit: str) -> Iterator[Process]:
        """Run the body in a child of the running process, as Ray runs a trial; it is dead afterwards."""
        task = self.scheduler.running
        assert task is not None, "only a task starts trials"
        driver, pid = task.process, next(self._pids)
        child = Process(driver.machine, pid, self.now, f"{driver.name}.{pid}", driver, driver.disturbed)
        task.process, task.unit = child, unit
        try:
            yield child
        finally:
            child.killed = True
            task.process, task.unit = driver, ""

    def run_alone(self, name: str, body: Callable[[], Any]) -> Any:
        """Run something undisturbed to its end, on a machine of its own, and return its result.

        Raises:
            BaseException: the body's error.
        """
        results: list[Any] = []
        task = self.start(name, "calm", lambda: results.append(body()))
        self.scheduler.run()
        self.scheduler.tasks = [other for other in self.scheduler.tasks if not other.done]
        if task.error is not None:
            raise task.error
        assert results, "the schedule ended before its task"
        return results[0]

    def record_fit(self, generation: int, steps: range, seeds: tuple[int, ...]) -> None:
        """Record a fit of the running task; ``seeds``: those in the addresses of its draws."""
        task = self.scheduler.running
        unit = task.unit if task is not None else ""
        process = task.process.pid if task is not None else 0
        call = process, unit, generation, steps, seeds
        # A request that arrives late may publish the generation between two pieces of a fit.
        earlier = next((fit for fit in reversed(self.fits) if fit.is_continued_by(*call)), None)
        published = earlier.published if earlier is not None else self.is_published(unit, generation, steps, seeds)
        self.fits.append(FitRecord(*call, published))
        self.say(f"fit of {unit}, generation {generation}, steps {steps.start} to {steps.stop}")

    def violate(self, text: str) -> None:
        """Record a violation."""
        self.violations.append(text)
        self.say(f"VIOLATION: {text}")

    def say(self, text: str) -> None:
        """Add a line to the log."""
        if self.keep_log:
            task = self.scheduler.running
            name = task.name if task is not None else "-"
            self.log.append(f"{self.operations:5} {self.now - EPOCH:10.2f} {name:12} {text}")


_worlds: list[World] = []


def current_world() -> World:
    """Return the world of the running schedule."""
    return _worlds[-1]


@contextmanager
def entered(world: World) -> Iterator[World]:
    """Make a world the current one inside the context."""
    _worlds.append(world)
    try:
        yield world
    finally:
        world.scheduler.unwind()
        _worlds.pop()
