"""Leases: one holder at a time; another process takes over when the holder is dead or has not renewed."""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from raysc.errors import InputError
from raysc.store import host, leases
from raysc.store.host import LocalHost
from raysc.store.leases import (
    GC_SWEEP,
    GC_UNIT,
    LEASE_SECONDS,
    WAIT_SECONDS,
    Lease,
    LeaseWatch,
    held_units,
    holders,
    start_gc,
)
from raysc.store.objects import Objects

UNIT = "loop/lineage/0"


class Elsewhere(LocalHost):
    """Another host, whose clocks a test sets.

    Attributes:
        clock: seconds since the epoch.
        uptime: monotonic seconds. Sleep moves it.
        renew: called in each sleep.
    """

    def __init__(self, name: str, clock: float | None = None) -> None:
        self.clock = time.time() if clock is None else clock
        self.uptime = 0.0
        self.renew: Callable[[], None] = lambda: None
        self._name = name

    @property
    def id(self) -> str:
        return self._name

    def time(self) -> float:
        return self.clock

    def monotonic(self) -> float:
        return self.uptime

    def sleep(self, seconds: float) -> None:
        self.uptime += seconds
        self.renew()


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects.open(str(tmp_path / "store"))


def acquire_and_exit(objects: Objects) -> None:
    assert Lease.acquire(objects, UNIT, "sweep") is not None


@pytest.fixture
def dead(objects: Objects) -> None:
    """A lease whose holder has died without releasing it."""
    holder = multiprocessing.get_context("spawn").Process(target=acquire_and_exit, args=(objects,))
    holder.start()
    holder.join()
    assert holder.exitcode == 0


@pytest.fixture
def waiting() -> Iterator[Elsewhere]:
    """This process, on another host."""
    here = Elsewhere("waiting")
    with host.use(here):
        yield here


def hold(objects: Objects, holder: Elsewhere) -> Lease:
    with host.use(holder):
        lease = Lease.acquire(objects, UNIT, "theirs")
    assert lease is not None
    return lease


def test_a_held_lease_cannot_be_acquired(objects: Objects) -> None:
    lease = Lease.acquire(objects, UNIT, "mine")
    assert lease is not None
    with lease:
        assert Lease.acquire(objects, UNIT, "other") is None
        assert Lease.acquire(objects, "loop/lineage/1", "other") is not None, "another unit is free"
        assert holders(objects)[UNIT].sweep == "mine"
    assert UNIT not in holders(objects)
    assert Lease.acquire(objects, UNIT, "other") is not None


def test_at_most_one_of_many_concurrent_processes_acquires_a_lease(objects: Objects) -> None:
    with ThreadPoolExecutor(16) as pool:
        acquired = list(pool.map(lambda number: Lease.acquire(objects, UNIT, str(number)), range(16)))
    assert sum(lease is not None for lease in acquired) <= 1


def test_the_lease_of_a_dead_process_on_this_host_is_free_at_once(objects: Objects, dead: None) -> None:
    assert holders(objects) == {}
    assert LeaseWatch(objects).holders() == {}
    assert Lease.acquire(objects, UNIT, "sweep") is not None
    assert len(list(objects.names("leases"))) == 1, "the lease of the dead process is deleted"


@pytest.mark.parametrize("skew", [-7200.0, -600.0, 0.0, 600.0, 7200.0])
def test_a_lease_of_another_host_expires_by_the_clock_of_the_process_that_waits(
    objects: Objects, waiting: Elsewhere, skew: float
) -> None:
    holder = Elsewhere("theirs", time.time() + skew)
    lease = hold(objects, holder)
    watch = LeaseWatch(objects)
    for _ in range(20):  # it is renewed
        waiting.uptime += LEASE_SECONDS / 2
        holder.clock += LEASE_SECONDS / 2
        with host.use(holder):
            lease._renew()
        assert watch.holders()[UNIT].host == "theirs"
        assert Lease.acquire(objects, UNIT, "mine") is None
    waiting.uptime += LEASE_SECONDS - 1
    assert set(watch.holders()) == {UNIT}
    assert Lease.acquire(objects, UNIT, "mine") is None
    waiting.uptime += 2
    assert watch.holders() == {}
    assert Lease.acquire(objects, UNIT, "mine") is not None, "another process need not wait again"
    assert set(holders(objects)) == {UNIT}


def test_a_holder_that_was_thought_dead_writes_its_lease_again(objects: Objects, waiting: Elsewhere) -> None:
    lease = hold(objects, Elsewhere("theirs"))
    watch = LeaseWatch(objects)
    watch.holders()
    waiting.uptime += LEASE_SECONDS
    assert watch.holders() == {}
    lease._renew()
    assert set(watch.holders()) == {UNIT}
    assert Lease.acquire(objects, UNIT, "mine") is None


def test_a_step_of_the_clock_leaves_living_holders_alive(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = Lease.acquire(objects, UNIT, "sweep")
    assert lease is not None
    here = time.time()
    monkeypatch.setattr(time, "time", lambda: here + 7200)
    monkeypatch.setattr("psutil.Process.create_time", lambda self: here + 7200)
    assert set(holders(objects)) == set(LeaseWatch(objects).holders()) == {UNIT}
    assert Lease.acquire(objects, UNIT, "other") is None


def test_packs_that_share_a_seed_do_not_run_at_once(objects: Objects) -> None:
    lease = Lease.acquire(objects, "loop/lineage/0-2", "mine")
    assert lease is not None
    with lease:
        assert Lease.acquire(objects, "loop/lineage/2-4", "other") is None
        assert Lease.acquire(objects, "loop/other/2-4", "other") is not None
        assert Lease.acquire(objects, "loop/lineage/3+7", "other") is not None
        units = ("loop/lineage/0-2", "loop/lineage/1+9", "loop/lineage/4", "loop/lineages/0", "initial/lineage/0")
        assert set(held_units(units, holders(objects))) == {"loop/lineage/0-2", "loop/lineage/1+9"}


@pytest.mark.parametrize("name", ["Thumbs.db", "1 (conflicted copy)", "01", "-1"])
def test_files_of_other_programs_are_no_leases(objects: Objects, name: str) -> None:
    for folder in ("leases", "leases/loop", "leases/loop/lineage", f"leases/{UNIT}"):
        objects.put(f"{folder}/{name}", b"x")
    objects.put("leases/loop/lineage/0-99999999999999/1", b"{}")
    assert holders(objects) == LeaseWatch(objects).holders() == {}
    lease = Lease.acquire(objects, UNIT, "sweep")
    assert lease is not None
    assert set(holders(objects)) == {UNIT}


def test_a_lease_with_fields_of_a_newer_version_is_read(objects: Objects, waiting: Elsewhere) -> None:
    hold(objects, Elsewhere("theirs"))
    (name,) = objects.names("leases")
    objects.put(name, json.dumps({**json.loads(objects.get(name)), "new": 1}).encode())
    assert set(holders(objects)) == {UNIT}


def test_a_reused_process_id_is_another_process(objects: Objects) -> None:
    lease = Lease.acquire(objects, UNIT, "sweep")
    assert lease is not None
    holder = holders(objects)[UNIT]
    assert holder.is_alive()
    assert not replace(holder, started=holder.started - 3600).is_alive()


def test_a_renewal_writes_the_generation_and_a_later_expiry(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWAL_SECONDS", 0.02)
    lease = Lease.acquire(objects, UNIT, "sweep")
    assert lease is not None
    first = holders(objects)[UNIT]
    with lease:
        lease.report_generation(3)
        deadline = time.monotonic() + 300
        while holders(objects)[UNIT].generation != 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        later = holders(objects)[UNIT]
    assert later.generation == 3
    assert later.expires > first.expires


@pytest.mark.parametrize(
    "change",
    [{"pid": "x"}, {"pid": -1}, {"host": {}}, {"since": "now"}, {"expires": 10**400}, {"started": float("nan")}],
)
def test_an_object_with_other_types_is_no_lease(objects: Objects, change: dict[str, object]) -> None:
    with Lease.acquire(objects, UNIT, "sweep") or pytest.fail("the lease is free"):
        (name,) = objects.names("leases")
        values = json.loads(objects.get(name))
        objects.put(name, json.dumps(values | change).encode())
        assert holders(objects) == {}
        assert LeaseWatch(objects).holders() == {}


def acquire_gc(objects: Objects, holder: Elsewhere) -> Lease:
    with host.use(holder):
        lease = Lease.acquire(objects, GC_UNIT, GC_SWEEP)
    assert lease is not None
    return lease


def test_a_gc_whose_machine_was_lost_blocks_the_next_one_for_the_time_of_a_lease(
    objects: Objects, waiting: Elsewhere
) -> None:
    acquire_gc(objects, Elsewhere("lost"))
    messages: list[str] = []
    with start_gc(objects, messages.append):
        assert holders(objects)[GC_UNIT].host == "waiting"
    assert LEASE_SECONDS <= waiting.uptime <= LEASE_SECONDS + 2 * WAIT_SECONDS
    assert len(messages) == 1
    assert holders(objects) == {}


def test_a_gc_that_renews_its_lease_refuses_the_next_one(objects: Objects, waiting: Elsewhere) -> None:
    theirs = Elsewhere("theirs")
    lease = acquire_gc(objects, theirs)

    def renew() -> None:
        theirs.clock += 1
        with host.use(theirs):
            lease._renew()

    waiting.renew = renew
    with pytest.raises(InputError, match="another raysc gc is deleting at this moment"):
        start_gc(objects, lambda message: None)
    assert waiting.uptime == WAIT_SECONDS


def test_a_gc_of_this_host_refuses_the_next_one_at_once(objects: Objects, waiting: Elsewhere) -> None:
    with Lease.acquire(objects, GC_UNIT, GC_SWEEP) or pytest.fail("the lease is free"):
        with pytest.raises(InputError, match="another raysc gc is deleting at this moment"):
            start_gc(objects, lambda message: None)
        assert waiting.uptime == 0
