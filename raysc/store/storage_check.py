"""Tests of the promises that a store needs of its file system or bucket: ``raysc doctor --storage``.

Two processes create the same objects at the same moments. Exactly one of them may succeed each time. ``docs/stores.md``
describes what the promises are for.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

from raysc.errors import RayscError
from raysc.store import host
from raysc.store.objects import Objects

ATTEMPTS = 1000
"""Number of objects that two writers try to create."""
PROMPTNESS_ATTEMPTS = 20
"""Number of objects that are listed right after they were written and deleted."""
LEAD_SECONDS = 0.0005
"""Seconds between the agreement on a moment and that moment, at which both writers create an object."""
SECOND_WRITER = (
    "import sys; sys.path[:] = {path!r}; from raysc.store.storage_check import answer; answer({uri!r}, {prefix!r})"
)
"""Code of the second process; modules of the current folder do not count."""


@dataclass(frozen=True)
class RaceResult:
    """Counts of attempts.

    Attributes:
        first_wins: only the first writer created the object.
        second_wins: only the second writer created the object.
        doubles: both writers were told that they created the object.
        missing: no writer was told that it created the object.
        damaged: the object does not have the bytes of the writer that created it.
    """

    first_wins: int
    second_wins: int
    doubles: int
    missing: int
    damaged: int

    @property
    def conflicts(self) -> int:
        """Number of attempts that the storage refused since the other writer had created the object."""
        return self.first_wins + self.second_wins + 2 * self.missing

    @property
    def is_exact(self) -> bool:
        """True if each object was created by exactly one writer and has its bytes."""
        return not (self.doubles or self.missing or self.damaged)

    def __str__(self) -> str:
        """Return the counts in words."""
        counts = f"{self.first_wins} and {self.second_wins} wins, {self.conflicts} conflicts, {self.doubles} doubles"
        rare = {"without a winner": self.missing, "with other bytes": self.damaged}
        return ", ".join([counts, *(f"{count} {name}" for name, count in rare.items() if count)])


@dataclass(frozen=True)
class Promptness:
    """Listings right after requests, and the storage's clock.

    Attributes:
        unlisted: number of objects that a listing lacked right after they were written.
        undeleted: number of objects that a listing still had right after they were deleted.
        absent_refused: the storage's message when an absent object is deleted; "" if it ignores that.
        clock_difference: time of the storage's clock minus that of this host, in seconds.
    """

    unlisted: int
    undeleted: int
    absent_refused: str
    clock_difference: float


def race(objects: Objects, attempts: int = ATTEMPTS) -> RaceResult:
    """Create objects in two processes at the same moments, and delete them.

    Raises:
        RayscError: the storage refuses a request, or the second process does not run.
    """
    prefix = f"probes/{host.current().new_id()}"
    code = SECOND_WRITER.format(path=sys.path, uri=objects.uri, prefix=prefix)
    # -P: else the current folder comes first, and a file random.py there replaces Python's.
    command = [sys.executable, "-P", "-c", code]
    names = [f"{prefix}/{number}" for number in range(attempts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as second:
        assert second.stdin is not None
        assert second.stdout is not None
        try:
            _expect(second.stdout.readline(), "ready")
            wins = []
            for name in names:
                moment = time.monotonic() + LEAD_SECONDS
                second.stdin.write(f"{name} {moment}\n")
                second.stdin.flush()
                first_won = _create_at(objects, name, moment, b"first")
                wins.append((first_won, _expect(second.stdout.readline(), "won", "lost") == "won"))
            damaged = sum(
                objects.get(name) != (b"first" if first_won else b"second")
                for name, (first_won, second_won) in zip(names, wins, strict=True)
                if first_won != second_won
            )
        finally:
            with suppress(BrokenPipeError):
                second.stdin.close()
            second.stdout.close()
            objects.delete(names)
    return RaceResult(
        wins.count((True, False)),
        wins.count((False, True)),
        wins.count((True, True)),
        wins.count((False, False)),
        damaged,
    )


def answer(uri: str, prefix: str) -> None:
    """Create the objects that the first process names, as the second writer."""
    objects = Objects.open(uri)
    objects.exists(f"{prefix}/connection")  # opens the connection before the first attempt
    print("ready", flush=True)
    for line in sys.stdin:
        name, moment = line.split()
        print("won" if _create_at(objects, name, float(moment), b"second") else "lost", flush=True)
    os._exit(0)  # an object store's threads need no end


def _create_at(objects: Objects, name: str, moment: float, content: bytes) -> bool:
    """Create an object at a moment of the monotonic clock, which all processes of a machine share."""
    while time.monotonic() < moment:
        pass
    return objects.create(name, content)


def _expect(line: str, *answers: str) -> str:
    """Return an answer of the second process."""
    if line.strip() not in answers:
        raise RayscError("the second writer ended without an answer; its error stands above")
    return line.strip()


def promptness(objects: Objects) -> Promptness:
    """List objects right after they were written and deleted, delete an absent one, and compare the clocks.

    Raises:
        StorageError: the storage refuses a request.
    """
    prefix = f"probes/{host.current().new_id()}"
    unlisted = undeleted = 0
    differences = []
    for number in range(PROMPTNESS_ATTEMPTS):
        name = f"{prefix}/{number}"
        before = host.current().time()
        objects.put(name, b"raysc")
        after = host.current().time()
        written = {info.name: info for info in objects.list_objects(prefix)}
        unlisted += name not in written
        if name in written:
            differences.append(written[name].last_modified.timestamp() - (before + after) / 2)
        objects.delete([name])
        undeleted += name in set(objects.names(prefix))
    refusal = ""
    try:
        objects.delete([f"{prefix}/absent"])
    except (RayscError, OSError) as error:
        refusal = str(error) or type(error).__name__
    return Promptness(unlisted, undeleted, refusal, sorted(differences)[len(differences) // 2] if differences else 0.0)
