import json

from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.store.trash import TrashReasons, move_damaged_to_trash, move_to_trash


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
