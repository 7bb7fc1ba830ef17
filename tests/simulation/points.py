"""Every request of a command, disturbed once in each of five ways."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from raysc.errors import RayscError
from raysc.store.leases import LEASE_SECONDS
from tests.simulation.cases import give_command
from tests.simulation.contents import StoredObject
from tests.simulation.faults import DISTURBANCES, Disturbance, Faults, Request
from tests.simulation.invariants import Watch
from tests.simulation.recovery import DAY, check_recovery, collect_garbage
from tests.simulation.sweeps import Case, case, run_command
from tests.simulation.world import World, entered

Subject = Literal["publish", "keep", "checkpoint", "gc"]

SWEEPS: dict[Subject, str] = {
    "publish": "plain",
    "keep": "keep little",
    "checkpoint": "checkpoints",
    "gc": "checkpoints",
}
"""What is disturbed -> the sweep whose command runs."""
UNUSED_SWEEP = "subsample"
"""A sweep whose record is deleted, so that its lineages are garbage."""
MAX_EXTRA_FITS = 2
"""Pieces of fits that one disturbance may cost: those of one generation. A fit of three steps has two pieces."""
GROWN_EVERY = 3
"""Every third point also runs the sweep with one generation more."""


@dataclass(frozen=True)
class Point:
    """One disturbed request.

    Attributes:
        subject: what is disturbed.
        disturbance: the fault.
        operation: number of the request, from 1.
    """

    subject: Subject
    disturbance: Disturbance
    operation: int

    def __str__(self) -> str:
        return f"{self.subject}, {self.disturbance}, operation {self.operation}"


def points(subject: Subject) -> Iterator[Point]:
    """Yield all points at which a disturbance can hit a command.

    An answer can be lost only of a request that changes something, a request be repeated only if it creates an object,
    and a trial die only within a trial.
    """
    requests = _undisturbed_requests(subject)
    for disturbance in DISTURBANCES:
        for operation, (request, in_trial) in enumerate(requests, start=1):
            possible = {
                "answer lost": request.changes_objects,
                "request repeated": request.kind == "create",
                "process killed": in_trial,
            }
            if possible.get(disturbance, True):
                yield Point(subject, disturbance, operation)


def play_point(point: Point, keep_log: bool = False) -> World:
    """Run a command with one disturbance and recover; the world holds the violations."""
    swept = case(SWEEPS[point.subject], cheap=True)
    world = World(7, Faults(disturbance=point.disturbance, operation=point.operation), keep_log=keep_log)
    with swept.formats(), entered(world):
        watch = _run_disturbed(world, swept, point.subject)
        if world.faults.hit is None:
            world.violate("error: the disturbance hit no request")
        if point.subject == "gc":
            _collect_again(world)
        check_recovery(world, watch, swept, grow=point.operation % GROWN_EVERY == 0)
        extra = len(world.fits) - swept.expected.fits
        if point.subject != "gc" and point.operation % GROWN_EVERY and extra > MAX_EXTRA_FITS:
            world.violate(f"too much work lost: {extra} pieces of fits")
    return world


def _run_disturbed(world: World, swept: Case, subject: Subject) -> Watch:
    """Run the disturbed command to its end; return the watch over the store."""
    if subject != "gc":
        watch = Watch(world, swept.resolved)
        give_command(world, swept, "writer", "host", restarts=0)
        world.scheduler.run()
    else:
        world.contents.restore(_store_with_garbage())
        world.scheduler.now += 2 * DAY
        watch = Watch(world, swept.resolved)
        watch.adopt(world.contents)
        watch.unused = case(UNUSED_SWEEP, cheap=True).resolved.keys - swept.resolved.keys
        world.start("writer", "host", _ignoring_faults(lambda: collect_garbage(world)), disturbed=True)
        world.scheduler.run()
    world.scheduler.unwind()
    return watch


def _collect_again(world: World) -> None:
    """Collect garbage undisturbed on another host, once the lease of a dead collection has expired."""
    world.faults.stop()
    world.scheduler.now += 2 * LEASE_SECONDS
    try:
        world.run_alone("gc", lambda: collect_garbage(world))
    except RayscError as error:
        world.violate(f"gc fails: after a disturbed gc: {error}")


def _ignoring_faults(body: Callable[[], object]) -> Callable[[], None]:
    """Return a function that calls another one and passes over the simulated faults."""

    def call() -> None:
        try:
            body()
        except Exception:  # the command reports it; the next one collects the rest
            return

    return call


def _undisturbed_requests(subject: Subject) -> list[tuple[Request, bool]]:
    """Return the requests of a command, each with True if a trial sends it."""
    requests: list[tuple[Request, bool]] = []

    class Recorder(Faults):
        def at(self, operation: int, request: Request) -> Disturbance | None:
            requests.append((request, world.scheduler.process.parent is not None))
            return None

    world = World(7, Recorder())
    swept = case(SWEEPS[subject], cheap=True)
    with swept.formats(), entered(world):
        _run_disturbed(world, swept, subject)
    return requests


_garbage: list[dict[str, StoredObject]] = []


def _store_with_garbage() -> dict[str, StoredObject]:
    """Return a store with all kinds of garbage.

    An unused lineage, what a lost machine leaves behind, and trash.
    """
    if not _garbage:
        swept, unused = case(SWEEPS["gc"], cheap=True), case(UNUSED_SWEEP, cheap=True)
        operation = swept.expected.operations * 2 // 3
        world = World(8)
        with swept.formats(), entered(world):
            run_command(world, unused.sweep)
            for name in world.contents.names("sweeps"):
                world.contents.remove_silently(name)
            world.faults = Faults(disturbance="machine lost", operation=world.operations + operation)
            give_command(world, swept, "writer", "host", restarts=0)
            world.scheduler.run()
            world.scheduler.unwind()
        world.contents.write("trash/20260101T000000-00000000/why.json", b'{"why": "a test"}', world.now)
        _garbage.append(dict(world.contents.objects))
    return _garbage[0]
