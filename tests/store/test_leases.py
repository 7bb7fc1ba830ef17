"""Leases: one holder at a time, taken over when he is dead or silent."""

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
    return Objects.at(str(tmp_path / "store"))


def die_with_a_lease(objects: Objects) -> None:
    assert Lease.take(objects, UNIT, "sweep") is not None


@pytest.fixture
def dead(objects: Objects) -> None:
    """A lease whose holder has died without giving it back."""
    holder = multiprocessing.get_context("spawn").Process(target=die_with_a_lease, args=(objects,))
    holder.start()
    holder.join()
    assert holder.exitcode == 0


def test_while_one_holds_it_nobody_else_gets_it(objects: Objects) -> None:
    lease = Lease.take(objects, UNIT, "mine")
    assert lease is not None
    with lease:
        assert Lease.take(objects, UNIT, "other") is None
        assert Lease.take(objects, "loop/lineage/1", "other") is not None, "another unit is free"
        assert holders(objects)[UNIT].sweep == "mine"
    assert UNIT not in holders(objects)
    assert Lease.take(objects, UNIT, "other") is not None


def test_of_many_who_ask_at_once_at_most_one_gets_it(objects: Objects) -> None:
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda number: Lease.take(objects, UNIT, str(number)), range(16)))
    assert sum(lease is not None for lease in got) <= 1


def test_a_dead_process_on_this_host_loses_it_at_once(objects: Objects, dead: None) -> None:
    assert holders(objects) == {}
    assert Lease.take(objects, UNIT, "sweep") is not None
    assert len(list(objects.names("leases"))) == 1, "the old one is gone"


def test_a_process_elsewhere_loses_it_when_it_expires(objects: Objects, dead: None) -> None:
    (name,) = objects.names("leases")
    told = json.loads(objects.get(name)) | {"host": "elsewhere", "expires": time.time() + 60}
    objects.put(name, json.dumps(told).encode())
    assert Lease.take(objects, UNIT, "sweep") is None
    assert holders(objects)[UNIT].host == "elsewhere"
    objects.put(name, json.dumps(told | {"expires": time.time() - 1}).encode())
    assert Lease.take(objects, UNIT, "sweep") is not None


def test_a_process_number_that_was_used_again_is_another_process(objects: Objects) -> None:
    lease = Lease.take(objects, UNIT, "sweep")
    assert lease is not None
    holder = holders(objects)[UNIT]
    assert holder.lives()
    assert not replace(holder, started=holder.started - 3600).lives()


def test_it_is_renewed_and_says_how_far_the_unit_is(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT", 0.02)
    lease = Lease.take(objects, UNIT, "sweep")
    assert lease is not None
    first = holders(objects)[UNIT]
    with lease:
        lease.reached(3)
        deadline = time.monotonic() + 10
        while holders(objects)[UNIT].generation != 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        later = holders(objects)[UNIT]
    assert later.generation == 3
    assert later.expires > first.expires
