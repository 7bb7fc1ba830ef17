"""Leases: one holder at a time; another process takes over when the holder is dead or has not renewed."""

import json
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from raysc.store import leases
from raysc.store.leases import Lease, holders
from raysc.store.objects import Objects

UNIT = "loop/lineage/0"


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
    assert Lease.acquire(objects, UNIT, "sweep") is not None
    assert len(list(objects.names("leases"))) == 1, "the lease of the dead process is deleted"


def test_the_lease_of_another_host_is_free_when_it_expires(objects: Objects, dead: None) -> None:
    (name,) = objects.names("leases")
    lease = json.loads(objects.get(name)) | {"host": "elsewhere", "expires": time.time() + 60}
    objects.put(name, json.dumps(lease).encode())
    assert Lease.acquire(objects, UNIT, "sweep") is None
    assert holders(objects)[UNIT].host == "elsewhere"
    objects.put(name, json.dumps(lease | {"expires": time.time() - 1}).encode())
    assert Lease.acquire(objects, UNIT, "sweep") is not None


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
        deadline = time.monotonic() + 10
        while holders(objects)[UNIT].generation != 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        later = holders(objects)[UNIT]
    assert later.generation == 3
    assert later.expires > first.expires
