"""Leases: who is running a unit at this moment, so that nobody else does the same work.

Correctness never rests on them: publishing is create-if-absent whoever runs. A lease is an object
``leases/<unit>/<number>``; the highest number counts. It is created if absent, renewed while its holder lives, and
taken over by creating the next number once it has expired, or at once if its holder ran on this host and is dead.
"""

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import psutil

from raysc.progress import told
from raysc.store.objects import Objects, StorageError

BEAT = 15.0
"""Seconds between two renewals."""
LIFE = 90.0
"""Seconds that a lease lasts without renewal: several beats, so that a slow bucket ends none."""
SAME = 5.0
"""Seconds by which the start of one process may seem to differ, since clocks are put right now and then."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lease.

    Attributes:
        host: tells a host, and a container on it, from every other since it was started.
        node: the host's name, for people.
        pid: process.
        started: when that process started, seconds since the epoch: process numbers are used again.
        since: when the lease was taken.
        expires: when it ends unless it is renewed.
        sweep: name of the sweep.
        generation: the last one that was published while the lease was held, -1 before.
        doing: what long loop the holder was in at the last renewal, in words; "" if in none.
    """

    host: str
    node: str
    pid: int
    started: float
    since: float
    expires: float
    sweep: str
    generation: int = -1
    doing: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.node}"

    def lives(self) -> bool:
        """Whether the lease still counts."""
        if self.host == host():
            try:
                process = psutil.Process(self.pid)
                same = abs(process.create_time() - self.started) < SAME
                return same and process.status() != psutil.STATUS_ZOMBIE
            except psutil.NoSuchProcess:
                return False
        return time.time() < self.expires


def host() -> str:
    """This host and container, as long as it runs."""
    told = [os.uname().nodename]
    boot, processes = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if boot.exists() and processes.is_symlink():  # Linux
        told += [boot.read_text().strip(), str(processes.readlink())]
    return " ".join(told)


def holders(objects: Objects) -> dict[str, Holder]:
    """The units that somebody runs, by name, and who."""
    newest: dict[str, int] = defaultdict(int)
    for name in objects.names("leases"):
        unit, number = _parts(name)
        newest[unit] = max(newest[unit], number)
    found = {unit: _read(objects, _name(unit, number)) for unit, number in newest.items()}
    return {unit: holder for unit, holder in found.items() if holder is not None and holder.lives()}


class Lease:
    """A lease that this process holds; a context manager that renews it, and gives it back at the end."""

    def __init__(self, objects: Objects, name: str, holder: Holder) -> None:
        """Made by ``take``."""
        self._objects = objects
        self._name = name
        self._holder = holder
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    @classmethod
    def take(cls, objects: Objects, unit: str, sweep: str) -> "Lease | None":
        """Take a unit's lease, or None if somebody who lives holds it.

        Whoever takes one over must look at the store again before working: the holder before may have finished.
        """
        before = _numbers(objects, unit)
        if before and _held(objects, _name(unit, max(before))):
            return None
        now = time.time()
        me = Holder(host(), os.uname().nodename, os.getpid(), psutil.Process().create_time(), now, now + LIFE, sweep)
        name = _name(unit, max(before, default=0) + 1)
        if not objects.create(name, _body(me)):
            return None
        objects.delete([_name(unit, number) for number in before])
        if any(_name(unit, number) != name for number in _numbers(objects, unit)):
            objects.delete([name])  # two came at once, just as a third gave it back: neither has it, both may ask again
            return None
        return cls(objects, name, me)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self._objects.delete([self._name])

    def reached(self, generation: int) -> None:
        """Say how far the unit is; told with the next renewal."""
        self._holder = _with(self._holder, generation=generation)

    def _renew(self) -> None:
        while not self._done.wait(BEAT):
            try:
                self._objects.put(self._name, _body(_with(self._holder, expires=time.time() + LIFE, doing=told())))
            except StorageError:
                continue  # the next beat tries again; at worst somebody else does the same work


def _numbers(objects: Objects, unit: str) -> list[int]:
    return [_parts(name)[1] for name in objects.names(f"leases/{unit}")]


def _held(objects: Objects, name: str) -> bool:
    holder = _read(objects, name)
    return holder is not None and holder.lives()


def _with(holder: Holder, **changes: float | str) -> Holder:
    return Holder(**{**asdict(holder), **changes})


def _body(holder: Holder) -> bytes:
    return json.dumps(asdict(holder)).encode()


def _read(objects: Objects, name: str) -> Holder | None:
    """None if it was given back meanwhile, or is no lease."""
    try:
        told: Mapping[str, object] = json.loads(objects.get(name))
        return Holder(**told)  # type: ignore[arg-type]
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _name(unit: str, number: int) -> str:
    return f"leases/{unit}/{number}"


def _parts(name: str) -> tuple[str, int]:
    unit, _, number = name.removeprefix("leases/").rpartition("/")
    return unit, int(number)
