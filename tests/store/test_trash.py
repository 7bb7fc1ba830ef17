import json
import threading
from hashlib import sha256
from typing import Any

import pytest

from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.store.retention import Tombstone, dropped_generations, write_tombstone
from raysc.store.trash import TrashReasons, move_damaged_to_trash, move_dropped_to_trash, move_to_trash


def test_objects_move_with_their_names_and_the_reason(memory: Objects) -> None:
    memory.put("spans/key/0/1-1", b"manifest")
    memory.put("spans/key/0/2-2", b"stays")
    move_to_trash(memory, ["spans/key/0/1-1", "spans/key/0/9-9"], "for a test")
    names = set(memory.names("trash"))
    (folder,) = {"/".join(name.split("/")[:2]) for name in names}
    assert names == {f"{folder}/why.json", f"{folder}/spans/key/0/1-1"}
    assert memory.get(f"{folder}/spans/key/0/1-1") == b"manifest"
    assert json.loads(memory.get(f"{folder}/why.json")) == {"why": "for a test"}
    assert list(memory.names("spans")) == ["spans/key/0/2-2"]


def test_absent_objects_leave_nothing_in_the_trash(memory: Objects) -> None:
    move_to_trash(memory, ["spans/key/0/1-1"], "for a test")
    move_to_trash(memory, [], "for a test")
    assert list(memory.names()) == []


def test_the_same_object_can_move_twice(memory: Objects) -> None:
    for data in (b"first", b"second"):
        memory.put("spans/key/0/1-1", data)
        move_to_trash(memory, ["spans/key/0/1-1"], "for a test")
    manifests = [name for name in memory.names("trash") if name.endswith("/spans/key/0/1-1")]
    assert {memory.get(name) for name in manifests} == {b"first", b"second"}


def test_what_another_process_has_moved_counts_as_moved(memory: Objects) -> None:
    write_tombstone(memory, Tombstone("first", (0,), "models", 2))
    for t in (1, 2, 3):
        memory.put(f"spans/second/0/{t}-{t}", b"manifest")
    move_dropped_to_trash(memory, ["first", "second"], (0,), "for a test")
    assert list(memory.names("spans")) == ["spans/second/0/3-3"]
    assert dropped_generations(memory, "first", (0,)) == {}


def test_a_damaged_object_moves_with_its_damage_as_the_reason(memory: Objects) -> None:
    memory.put("spans/key/0/1-1", b"damaged")
    reasons = TrashReasons(memory)
    move_damaged_to_trash(memory, DamagedObjectError("its checksum is wrong", "spans/key/0/1-1"))
    assert reasons.new() == ["its checksum is wrong"]
    assert not memory.exists("spans/key/0/1-1")


def test_reasons_are_returned_once_and_not_those_of_before(memory: Objects) -> None:
    for name in ("a", "b", "c"):
        memory.put(name, b"")
    move_to_trash(memory, ["a"], "before")
    reasons = TrashReasons(memory)
    assert reasons.new() == []
    move_to_trash(memory, ["b"], "first")
    assert reasons.new() == ["first"]
    move_to_trash(memory, ["c"], "second")
    assert reasons.new() == ["second"]
    assert reasons.new() == []


def test_what_another_process_made_again_stays(memory: Objects) -> None:
    memory.put("spans/key/0/1-1", b"damaged")
    damage = DamagedObjectError("its checksum is wrong", "spans/key/0/1-1", sha256(b"damaged").hexdigest())
    move_damaged_to_trash(memory, damage)
    memory.put("spans/key/0/1-1", b"made again")
    move_damaged_to_trash(memory, damage)
    assert memory.get("spans/key/0/1-1") == b"made again"


def test_one_process_at_a_time_moves_an_object(memory: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    """The faster process moves the object, and it is made again, while the slower one is about to delete it."""
    memory.put("spans/key/0/1-1", b"damaged")
    damage = DamagedObjectError("its checksum is wrong", "spans/key/0/1-1", sha256(b"damaged").hexdigest())
    delete = Objects.delete
    waits: list[int] = []

    def slow(self: Objects, names: Any) -> None:
        names = list(names)
        if names == ["spans/key/0/1-1"] and not waits:
            waits.append(1)
            faster.start()
            faster.join(0.5)
            assert faster.is_alive(), "it waits for the claim"
        delete(self, names)

    faster = threading.Thread(target=move_damaged_to_trash, args=(memory, damage))
    monkeypatch.setattr(Objects, "delete", slow)
    move_damaged_to_trash(memory, damage)
    memory.put("spans/key/0/1-1", b"made again")
    faster.join(300)
    assert memory.get("spans/key/0/1-1") == b"made again"
    assert list(memory.names("trash/claims")) == []


def test_reasons_that_gc_deletes_meanwhile_are_skipped(memory: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = TrashReasons(memory)
    memory.put("a", b"")
    move_to_trash(memory, ["a"], "a reason")

    def deleted(self: Objects, name: str) -> bytes:
        raise FileNotFoundError(name)

    monkeypatch.setattr(Objects, "get", deleted)
    assert reasons.new() == []
