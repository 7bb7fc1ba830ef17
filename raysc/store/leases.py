"""Leases: records of the process that runs a unit, so that no other process does the same work.

Correctness does not depend on them: publishing is create-if-absent in every process. A lease is an object
``leases/<unit>/<number>``; the highest number counts. It is created if absent, renewed while its holder lives, and
taken over by creating the next number after it has expired, or at once if its holder ran on this host and is dead.
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

from raysc import progress
from raysc.store.objects import Objects, StorageError

RENEWAL_SECONDS = 15.0
"""Seconds between two renewals."""
LEASE_SECONDS = 90.0
"""Seconds for which a lease is valid without renewal: several renewals, so that a slow bucket ends none."""
START_TOLERANCE = 5.0
"""Seconds by which two readings of one process's start may differ, since clocks are corrected now and then."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a lease. The field names are JSON keys in the store.

    Attributes:
        host: id of the host, and of the container on it, since its last start.
        node: name of the host, for messages.
        pid: process id.
        started: start of that process, in seconds since the epoch, since process ids are reused.
        since: time at which the lease was acquired, in seconds since the epoch.
        expires: time at which it expires unless it is renewed, in seconds since the epoch.
        sweep: name of the sweep.
        generation: last generation that was published under the lease; -1 before the first.
        doing: progress of the holder at the last renewal, in words; "" outside of long loops.
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

    def is_alive(self) -> bool:
        """Return True if the process runs; on another host, if the lease has not expired."""
        if self.host == host_id():
            try:
                process = psutil.Process(self.pid)
                same_process = abs(process.create_time() - self.started) < START_TOLERANCE
                return same_process and process.status() != psutil.STATUS_ZOMBIE
            except psutil.NoSuchProcess:
                return False
        return time.time() < self.expires


def host_id() -> str:
    """Return the id of this host and container, which changes with a restart."""
    parts = [os.uname().nodename]
    boot, pid_namespace = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    if boot.exists() and pid_namespace.is_symlink():  # Linux
        parts += [boot.read_text().strip(), str(pid_namespace.readlink())]
    return " ".join(parts)


def holders(objects: Objects) -> dict[str, Holder]:
    """Map the name of each unit with a valid lease to its holder."""
    newest: dict[str, int] = defaultdict(int)
    for name in objects.names("leases"):
        unit, number = _parts(name)
        newest[unit] = max(newest[unit], number)
    leases = {unit: _read(objects, _name(unit, number)) for unit, number in newest.items()}
    return {unit: holder for unit, holder in leases.items() if holder is not None and holder.is_alive()}


class Lease:
    """A lease that this process holds: a context manager that renews it and releases it at the end."""

    def __init__(self, objects: Objects, name: str, holder: Holder) -> None:
        """Wrap an acquired lease; ``acquire`` calls this."""
        self._objects = objects
        self._name = name
        self._holder = holder
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    @classmethod
    def acquire(cls, objects: Objects, unit: str, sweep: str) -> "Lease | None":
        """Acquire a unit's lease.

        A caller that takes a lease over reads the store again before it works: the previous holder may have finished.

        Args:
            objects: the store.
            unit: name of the unit.
            sweep: name of the sweep, for messages.

        Returns:
            None if a live process holds the lease, or another process acquires it at the same time.
        """
        existing = _numbers(objects, unit)
        if existing and _is_valid(objects, _name(unit, max(existing))):
            return None
        now = time.time()
        started = psutil.Process().create_time()
        holder = Holder(host_id(), os.uname().nodename, os.getpid(), started, now, now + LEASE_SECONDS, sweep)
        name = _name(unit, max(existing, default=0) + 1)
        if not objects.create(name, _to_json(holder)):
            return None
        objects.delete([_name(unit, number) for number in existing])
        if any(_name(unit, number) != name for number in _numbers(objects, unit)):
            # Two processes acquire at once, just as a third releases: neither gets the lease, and both can try again.
            objects.delete([name])
            return None
        return cls(objects, name, holder)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._thread.join()
        self._objects.delete([self._name])

    def report_generation(self, generation: int) -> None:
        """Set the last published generation of the unit; the next renewal writes it."""
        self._holder = _with(self._holder, generation=generation)

    def _renew(self) -> None:
        while not self._released.wait(RENEWAL_SECONDS):
            try:
                holder = _with(self._holder, expires=time.time() + LEASE_SECONDS, doing=progress.describe())
                self._objects.put(self._name, _to_json(holder))
            except StorageError:
                continue  # the next renewal tries again; at worst another process does the same work


def _numbers(objects: Objects, unit: str) -> list[int]:
    return [_parts(name)[1] for name in objects.names(f"leases/{unit}")]


def _is_valid(objects: Objects, name: str) -> bool:
    holder = _read(objects, name)
    return holder is not None and holder.is_alive()


def _with(holder: Holder, **changes: float | str) -> Holder:
    return Holder(**{**asdict(holder), **changes})


def _to_json(holder: Holder) -> bytes:
    return json.dumps(asdict(holder)).encode()


def _read(objects: Objects, name: str) -> Holder | None:
    """Read a lease; None if it was released in the meantime or is not a lease."""
    try:
        fields: Mapping[str, object] = json.loads(objects.get(name))
        return Holder(**fields)  # type: ignore[arg-type]
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _name(unit: str, number: int) -> str:
    return f"leases/{unit}/{number}"


def _parts(name: str) -> tuple[str, int]:
    unit, _, number = name.removeprefix("leases/").rpartition("/")
    return unit, int(number)
