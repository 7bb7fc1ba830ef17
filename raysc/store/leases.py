"""Leases: records of the process that runs a unit, so that no other process does the same work.

Correctness does not depend on them: publishing is create-if-absent in every process. A lease is an object
``leases/<unit>/<number>``; the highest number counts. It is created if absent, renewed while its holder lives, and
taken over by creating the next number: at once if its holder ran on this host and is dead, else after the process that
waits has seen it unchanged for ``LEASE_SECONDS`` by its own monotonic clock. No clock is compared with another one.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import TracebackType

from raysc import progress
from raysc.errors import InputError
from raysc.store import host
from raysc.store.names import LEASE
from raysc.store.objects import Objects, StorageError
from raysc.store.spans import read_pack

RENEWAL_SECONDS = 15.0
"""Seconds between two renewals."""
LEASE_SECONDS = 90.0
"""Seconds for which a lease is valid without renewal: several renewals, so that a slow bucket ends none."""
RECENT_SECONDS = LEASE_SECONDS + 600.0
"""Age up to which ``holders`` trusts the lease of another host: ten minutes more, since clocks differ."""
WAIT_SECONDS = 2.0
"""Seconds between two looks at a lease."""
GC_UNIT = "gc/store/0"
"""Name of the unit that ``raysc gc`` holds while it deletes: no unit starts meanwhile."""
GC_SWEEP = "raysc gc"
"""Name of the sweep in that lease."""
MAX_TIME = 1e12
"""Seconds above which a time in a lease is no time."""
START_TOLERANCE = 5.0
"""Seconds by which two readings of one process's start may differ."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a lease. The field names are JSON keys in the store.

    Attributes:
        host: id of the host, and of the container on it, since its last start.
        node: name of the host, for messages.
        pid: process id.
        started: start of that process on the host's own scale, in seconds, since process ids are reused.
        since: time at which the lease was acquired by the host's clock, in seconds since the epoch.
        expires: time of the last renewal by the host's clock, plus ``LEASE_SECONDS``. It differs after each renewal.
        sweep: name of the sweep.
        generation: last generation that was published under the lease; -1 before the first.
        doing: progress of the holder at the last renewal, in words; "" outside of long loops.
        models: keys of the lineages that the unit publishes beside that in its name: those of coupled models.
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
    models: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.node}"

    @property
    def is_on_this_host(self) -> bool:
        """True if the process runs, or ran, on this host."""
        return self.host == host.current().id

    def is_alive(self) -> bool:
        """Return False if the process ran on this host and has ended; True on another host, where nobody can tell."""
        if not self.is_on_this_host:
            return True
        started = host.current().process_start(self.pid)
        return started is not None and abs(started - self.started) < START_TOLERANCE


def holders(objects: Objects) -> dict[str, Holder]:
    """Map the name of each unit with a valid lease to its holder, from one look at the store, for display.

    A lease of another host counts if it was renewed within ``RECENT_SECONDS`` by the storage's clock.
    """
    this = host.current()
    ages = {info.name: this.time() - info.last_modified.timestamp() for info in objects.list_objects("leases")}
    leases = {unit: (name, read_lease(objects, name)) for unit, name in _newest(ages).items()}
    return {
        unit: holder
        for unit, (name, holder) in leases.items()
        if holder is not None and holder.is_alive() and (holder.is_on_this_host or ages[name] < RECENT_SECONDS)
    }


class LeaseWatch:
    """The valid leases of a store, as a process that waits for them sees them over time."""

    def __init__(self, objects: Objects, kind: str = "") -> None:
        """Watch the leases of all units, or of one kind of units."""
        self._objects = objects
        self._folder = f"leases/{kind}" if kind else "leases"
        self._seen: dict[str, tuple[Holder, float]] = {}

    def holders(self) -> dict[str, Holder]:
        """Map the name of each unit with a valid lease to its holder, and end the leases that have expired.

        An expired lease becomes an empty object, so that the process that takes the unit over need not wait too. A
        holder that lives after all writes its lease again with the next renewal.
        """
        valid = {}
        now, seen = host.current().monotonic(), {}
        for unit, name in _newest(self._objects.names(self._folder)).items():
            holder = read_lease(self._objects, name)
            if holder is None or not holder.is_alive():
                continue
            before, since = self._seen.get(name, (None, now))
            seen[name] = holder, since if holder == before else now
            if not holder.is_on_this_host and now - seen[name][1] >= LEASE_SECONDS:
                self._objects.put(name, b"")
            else:
                valid[unit] = holder
        self._seen = seen
        return valid


def wait_for_gc(objects: Objects, say: Callable[[str], None]) -> bool:
    """Wait until no ``raysc gc`` deletes; return True if one did. The sweep's record must be in the store by then."""
    watch, waited = LeaseWatch(objects, GC_UNIT.partition("/")[0]), False
    while holder := watch.holders().get(GC_UNIT):
        if not waited:
            say(f"waiting for raysc gc to end: {holder}")
        waited = True
        host.current().sleep(WAIT_SECONDS)
    return waited


def start_gc(objects: Objects, say: Callable[[str], None]) -> "Lease":
    """Acquire the lease of ``raysc gc``.

    The machine of an earlier one may have been lost. So a lease of another host is watched until it is renewed, or has
    expired.

    Raises:
        InputError: another process deletes.
    """
    watch, seen = LeaseWatch(objects, GC_UNIT.partition("/")[0]), None
    while (lease := Lease.acquire(objects, GC_UNIT, GC_SWEEP)) is None:
        holder = watch.holders().get(GC_UNIT)
        if holder and (holder.is_on_this_host or seen not in (None, holder)):
            raise InputError(
                f"storage {objects.uri}: another raysc gc is deleting at this moment, {holder}; wait until it has ended"
            )
        if holder and seen is None:
            say(f"{holder} holds the lease of raysc gc; waiting for a renewal, at most {LEASE_SECONDS:.0f} s")
        seen = holder
        host.current().sleep(WAIT_SECONDS)
    return lease


def held_units(units: Iterable[str], leases: Mapping[str, Holder]) -> dict[str, Holder]:
    """Map the units that cannot run now to a holder: of their lease, of a pack that shares a seed, or ``raysc gc``."""
    if GC_UNIT in leases:
        return dict.fromkeys(units, leases[GC_UNIT])
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in leases:
        by_folder[name.rpartition("/")[0]].append(name)
    held = {}
    for unit in units:
        overlapping = [name for name in by_folder.get(unit.rpartition("/")[0], ()) if _overlap(unit, name)]
        if overlapping:
            held[unit] = leases[overlapping[0]]
    return held


class Lease:
    """A lease that this process holds: a context manager that renews it and releases it at the end."""

    def __init__(self, objects: Objects, name: str, holder: Holder) -> None:
        """Wrap an acquired lease; ``acquire`` calls this."""
        self._objects = objects
        self._name = name
        self._holder = holder
        self._end_renewal: Callable[[], None] = lambda: None

    @classmethod
    def acquire(cls, objects: Objects, unit: str, sweep: str, models: tuple[str, ...] = ()) -> "Lease | None":
        """Acquire a unit's lease.

        A caller that takes a lease over reads the store again before it works: the previous holder may have finished.

        Args:
            objects: the store.
            unit: name of the unit.
            sweep: name of the sweep, for messages.
            models: see ``Holder``.

        Returns:
            None if a live process holds the lease of the unit or of a pack that shares a seed with it, or another
            process acquires one at the same time.
        """
        existing = _names(objects, unit)
        for newest in _newest(existing).values():
            holder = read_lease(objects, newest)
            if holder is not None and holder.is_alive():
                return None
        this = host.current()
        now, started = this.time(), this.process_start(this.pid) or 0.0
        holder = Holder(this.id, this.name, this.pid, started, now, now + LEASE_SECONDS, sweep, models=models)
        numbers = [number for name in existing for of_unit, number in [_parts(name)] if of_unit == unit]
        name = f"leases/{unit}/{max(numbers, default=0) + 1}"
        if not objects.create(name, _to_json(holder)):
            return None
        objects.delete(existing)
        if set(_names(objects, unit)) - {name}:
            # Two processes acquire at once, just as a third releases: neither gets the lease, and both can try again.
            objects.delete([name])
            return None
        return cls(objects, name, holder)

    def __enter__(self) -> "Lease":
        self._end_renewal = host.current().repeat(RENEWAL_SECONDS, self._renew)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_renewal()
        self._objects.delete([self._name])

    def report_generation(self, generation: int) -> None:
        """Set the last published generation of the unit; the next renewal writes it."""
        self._holder = replace(self._holder, generation=generation)

    def _renew(self) -> None:
        expires = host.current().time() + LEASE_SECONDS
        holder = replace(self._holder, expires=expires, doing=progress.describe())
        try:
            self._objects.put(self._name, _to_json(holder))
        except StorageError:
            return  # the next renewal tries again; at worst another process does the same work


def _names(objects: Objects, unit: str) -> list[str]:
    """Return the names of the leases of a unit, and of packs that share a seed with it."""
    folder = unit.rpartition("/")[0]
    names = [name for name in objects.names(f"leases/{folder}") if LEASE.fullmatch(name)]
    return [name for name in names if _overlap(unit, _parts(name)[0])]


def _newest(names: Iterable[str]) -> dict[str, str]:
    """Map each unit to the name of its lease with the highest number; names of other forms are skipped."""
    newest: dict[str, int] = defaultdict(int)
    for name in names:
        if LEASE.fullmatch(name):
            unit, number = _parts(name)
            newest[unit] = max(newest[unit], number)
    return {unit: f"leases/{unit}/{number}" for unit, number in newest.items()}


def _overlap(unit: str, other: str) -> bool:
    """Return True if two names of units have the same key and a common seed."""
    folder, _, pack = unit.rpartition("/")
    other_folder, _, other_pack = other.rpartition("/")
    if unit == other or folder != other_folder:
        return unit == other
    return not set(read_pack(pack) or ()).isdisjoint(read_pack(other_pack) or ())


def _parts(name: str) -> tuple[str, int]:
    unit, _, number = name.removeprefix("leases/").rpartition("/")
    return unit, int(number)


def _to_json(holder: Holder) -> bytes:
    return json.dumps(asdict(holder)).encode()


def read_lease(objects: Objects, name: str) -> Holder | None:
    """Read a lease; None if it was released in the meantime, has expired or is not a lease."""
    try:
        values = json.loads(objects.get(name))
        holder = Holder(**{field.name: values[field.name] for field in fields(Holder) if field.name in values})
        holder = replace(holder, models=tuple(holder.models))
    except (FileNotFoundError, ValueError, TypeError, RecursionError):
        return None
    return holder if _has_valid_types(holder) else None


def _has_valid_types(holder: Holder) -> bool:
    """Return True if all fields of a holder, which were read from JSON, have their types."""
    texts = (holder.host, holder.node, holder.sweep, holder.doing, *holder.models)
    times = (holder.started, holder.since, holder.expires)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(time, int | float) and 0 <= time < MAX_TIME for time in times)
        and all(isinstance(number, int) for number in (holder.pid, holder.generation))
        and holder.pid > 0
    )
