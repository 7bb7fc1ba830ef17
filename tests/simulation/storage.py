"""The simulated storage: requests take time, other tasks run before them, and faults hit them."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from raysc.store.storage import ObjectInfo
from tests.simulation.contents import listing
from tests.simulation.faults import (
    CLOCK_STEPS,
    FULL_SECONDS,
    LATE_SECONDS,
    STALE_CHANGES,
    SUSPENSIONS,
    Disturbance,
    Request,
    storage_error,
)
from tests.simulation.processes import EPOCH, Process, ProcessKilled, ScheduleEnded
from tests.simulation.world import World, current_world

Result = TypeVar("Result")


class SimulatedStorage:
    """Storage of the current world (``raysc.store.storage.Storage``)."""

    def put(self, name: str, data: bytes) -> None:
        """Write an object."""
        world = current_world()
        _handle(world, Request("put", (name,)), lambda: world.contents.write(name, data, world.now))

    def create(self, name: str, data: bytes) -> None:
        """Write an object unless there is one."""
        world, request = current_world(), Request("create", (name,))

        def write() -> None:
            if name in world.contents.objects:
                raise FileExistsError(name)
            world.contents.write(name, data, world.now)

        def arrive_late() -> None:
            if name not in world.contents.objects:
                world.say(f"the first request to create {name} arrives")
                world.contents.write(name, data, world.now)

        _handle(world, request, write, arrive_late)

    def get(self, name: str) -> bytes:
        """Return the bytes of an object."""
        world = current_world()

        def read() -> bytes:
            if name not in world.contents.objects:
                raise FileNotFoundError(name)
            return world.contents.objects[name].data

        return _handle(world, Request("get", (name,)), read)

    def exists(self, name: str) -> bool:
        """Return True if there is an object of that name."""
        world = current_world()
        return _handle(world, Request("exists", (name,)), lambda: name in world.contents.objects)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects below a prefix, as they were when the listing began."""
        world = current_world()
        yield from _handle(world, Request("list", (prefix,)), lambda: _list(world, prefix))

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects."""
        world = current_world()

        def delete() -> None:
            for name in names:
                if world.storage == "gs" and name not in world.contents.objects:
                    raise FileNotFoundError(name)
                world.contents.delete(name)

        _handle(world, Request("delete", tuple(names)), delete)


def _list(world: World, prefix: str) -> list[ObjectInfo]:
    """Return a listing; at a fault, one that lacks the last changes."""
    objects = world.contents.objects
    if _drawn(world, "stale_listing"):
        changes = world.rng.choice(STALE_CHANGES)
        past = dict(world.contents.before(changes))
        if list(listing(past, prefix)) != list(listing(objects, prefix)):
            world.events["stale listings"] += 1
            world.say(f"the listing of {prefix} lacks {changes} changes")
        objects = past
    hidden = world.hidden if world.now < world.hidden_until else ()
    complete = list(listing(objects, prefix, world.age))
    shown = [info for info in complete if info.name not in hidden]
    world.events["hidden names"] += len(complete) - len(shown)
    return shown


def _handle(
    world: World, request: Request, apply: Callable[[], Result], arrive_late: Callable[[], None] | None = None
) -> Result:
    """Handle one request with its faults.

    Args:
        world: the world.
        request: the request.
        apply: carries it out.
        arrive_late: carries out a refused request that arrives later.
    """
    world.operations += 1
    operation = world.operations
    if operation > world.max_operations:
        world.violate("nothing ends: too many requests")
        world.scheduler.end()
        raise ScheduleEnded
    world.scheduler.now += world.rng.expovariate(1 / world.pace)
    world.scheduler.switch()
    if world.breakpoints:
        _stop_at_breakpoints(world, request)
    if not world.scheduler.process.disturbed:
        return _apply(world, request, apply)
    disturbance = world.faults.at(operation, request)
    _disturb_before(world, request, disturbance, arrive_late)
    result = _apply(world, request, apply)
    _disturb_after(world, request, disturbance)
    return result


def _apply(world: World, request: Request, apply: Callable[[], Result]) -> Result:
    """Carry out a request and log it."""
    try:
        result = apply()
    except (FileExistsError, FileNotFoundError) as error:
        world.say(f"{request}: {type(error).__name__}")
        raise
    world.say(str(request))
    return result


def _disturb_before(
    world: World, request: Request, disturbance: Disturbance | None, arrive_late: Callable[[], None] | None
) -> None:
    """Raise the faults that hit a request before it is carried out."""
    _disturb_process(world, request, disturbance)
    if disturbance == "request fails" or _drawn(world, "fail"):
        raise _failure(world, "failed requests", request, "refused (os error 5)")
    if request.kind in ("put", "create"):
        if _drawn(world, "fill_disk"):
            world.faults.full_until = world.now + world.rng.choice(FULL_SECONDS)
        if world.faults.full_until > world.now:
            raise _failure(world, "full disks", request, "No space left on device (os error 28)")
    if arrive_late is not None and _drawn(world, "conflict"):
        world.events["conflicts"] += 1
        world.say(f"{request}: 409, another request is under way")
        if world.rng.random() < 0.5:
            world.start("network", "network", arrive_late, delay=world.rng.choice(LATE_SECONDS))
        raise FileExistsError(request.names[0])
    if len(request.names) > 1 and _drawn(world, "half_delete"):
        _delete_half(world, request)


def _disturb_process(world: World, request: Request, disturbance: Disturbance | None) -> None:
    """Let the running process stand still or die, or set its machine's clock."""
    process = world.scheduler.process
    if _drawn(world, "suspend"):
        process.suspended_until = world.now + world.rng.choice(SUSPENSIONS)
        world.events["suspensions"] += 1
        world.say(f"{process.name} stands still until {process.suspended_until - EPOCH:.0f}")
        world.scheduler.switch()
    if _drawn(world, "clock_step"):
        process.machine.clock_offset += world.rng.choice(CLOCK_STEPS)
        world.events["clock steps"] += 1
    if disturbance in ("machine lost", "process killed"):
        _kill(world, process.root if disturbance == "machine lost" else process, f"before {request}")
    _kill_at_random(world, f"before {request}")


def _delete_half(world: World, request: Request) -> None:
    """Carry out half of a deletion, and raise its failure."""
    deleted = [name for name in request.names if world.rng.random() < 0.5]
    for name in deleted:
        world.contents.delete(name)
    world.say(f"{request}: {len(deleted)} of them")
    _kill_at_random(world, f"within {request}", 0.5)
    raise _failure(world, "half deletions", request, "half of it was done")


def _disturb_after(world: World, request: Request, disturbance: Disturbance | None) -> None:
    """Raise the faults that hit a request after it was carried out."""
    if disturbance == "request repeated" and request.kind == "create":
        world.say("its answer is lost, and the client repeats it")
        raise FileExistsError(request.names[0])
    if disturbance == "answer lost":
        raise _failure(world, "lost answers", request, "the answer was lost")
    _kill_at_random(world, f"after {request}")
    if request.changes_objects and _drawn(world, "lose_answer"):
        if request.kind == "create" and world.rng.random() < 0.5:
            world.events["repeated requests"] += 1
            world.say("its answer is lost, and the client repeats it")
            raise FileExistsError(request.names[0])
        raise _failure(world, "lost answers", request, "the answer was lost")


def _drawn(world: World, fault: str) -> bool:
    """Return True if a fault hits the running process now. No draw is made for a rate of 0 or a calm process."""
    rate: float = getattr(world.faults.rates, fault)
    return rate > 0 and world.scheduler.process.disturbed and world.rng.random() < rate


def _failure(world: World, event: str, request: Request, reason: str) -> Exception:
    world.events[event] += 1
    world.say(f"{request}: {reason}")
    return storage_error(reason)


def _kill_at_random(world: World, moment: str, rate: float | None = None) -> None:
    """Kill the running process, or its driver with it, at the rate of such faults."""
    faults = world.faults
    rate = faults.rates.kill if rate is None else rate
    if faults.kills_left and rate > 0 and world.rng.random() < rate:
        faults.kills_left -= 1
        process = world.scheduler.process
        _kill(world, process.root if world.rng.random() < 0.5 else process, moment)


def _kill(world: World, process: Process, moment: str) -> None:
    process.killed = True
    world.events["kills"] += 1
    world.say(f"{process.name} is killed {moment}")
    raise ProcessKilled


def _stop_at_breakpoints(world: World, request: Request) -> None:
    """Stop the running task at the breakpoints of a request."""
    task = world.scheduler.running
    assert task is not None, "a task sends the request"
    for point in world.breakpoints:
        matches = task.name.startswith(point.task) and request.kind == point.kind
        if point.reached or not matches or not re.search(point.pattern, request.names[0]):
            continue
        point.reached = True
        world.say(f"{task.name} stops before {request}")
        process = task.process
        process.frozen = point.until if point.freeze else None
        try:
            world.scheduler.wait(condition=point.until)
        finally:
            process.frozen = None
        if point.kill:
            _kill(world, process.root, f"before {request}")
