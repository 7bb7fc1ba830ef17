"""Answers of buckets that a folder does not give: conflicts, absent objects in a request, lost and late requests."""

import errno
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from raysc.errors import InputError
from raysc.store import objects as objects_module
from raysc.store import storage
from raysc.store.objects import Objects, StorageError
from raysc.store.publishing import Attempt, Manifest
from raysc.store.storage import ObjectInfo


class MadeUpStorage:
    """A dict that answers as a test says.

    Attributes:
        data: name -> bytes.
        conflicts: number of creations that are answered with 409.
        late: a creation that is answered with 409 is carried out all the same, at the next read.
        absent_is_error: a request that deletes an absent object ends there with an error, as on gs:// and az://.
        replaces: a creation replaces an existing object.
    """

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.conflicts = 0
        self.late: dict[str, bytes] | None = None
        self.absent_is_error = False
        self.replaces = False

    def put(self, name: str, data: bytes) -> None:
        self.data[name] = data

    def create(self, name: str, data: bytes) -> None:
        if self.conflicts:
            self.conflicts -= 1
            if self.late is not None:
                self.late[name] = data
            raise FileExistsError(name)
        if name in self.data and not self.replaces:
            raise FileExistsError(name)
        self.data[name] = data

    def get(self, name: str) -> bytes:
        if name not in self.data:
            if self.late:
                self.data.update(self.late)
            raise FileNotFoundError(name)
        return self.data[name]

    def exists(self, name: str) -> bool:
        return name in self.data

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for name, data in self.data.items():
            if name.startswith(f"{prefix}/" if prefix else ""):
                yield ObjectInfo(name, len(data), datetime.now(UTC))

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            if self.data.pop(name, None) is None and self.absent_is_error:
                raise FileNotFoundError(name)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> MadeUpStorage:
    made_up = MadeUpStorage()
    monkeypatch.setitem(storage.OPENERS, "made-up", lambda uri: made_up)
    monkeypatch.setattr(objects_module, "CONFLICT_PAUSES", (0.0, 0.001, 0.001))
    storage.connect.cache_clear()
    return made_up


@pytest.fixture
def objects(made_up: MadeUpStorage) -> Objects:
    return Objects("made-up://store")


@pytest.mark.parametrize("late", [False, True])
def test_a_conflict_is_asked_again_and_is_no_loss(objects: Objects, made_up: MadeUpStorage, late: bool) -> None:
    attempt = Attempt.start(objects, "key/0/1-1")
    attempt.put("model/weights", b"of many hours")
    made_up.conflicts, made_up.late = 1, {} if late else None
    assert attempt.publish("spans/key/0/1-1", {})
    assert Manifest.read(objects, "spans/key/0/1-1").get("model/weights") == b"of many hours"


def test_files_stay_if_a_manifest_may_still_appear(objects: Objects, made_up: MadeUpStorage) -> None:
    attempt = Attempt.start(objects, "key/0/1-1")
    attempt.put("model/weights", b"of many hours")
    made_up.conflicts = 10
    with pytest.raises(StorageError, match="can be neither written nor read"):
        attempt.publish("spans/key/0/1-1", {})
    assert list(objects.names("attempts")) == [f"{attempt.prefix}/model/weights"]


def test_only_another_object_that_can_be_read_means_lost(objects: Objects, made_up: MadeUpStorage) -> None:
    made_up.conflicts = 1
    objects.put("spans/key/0/1-1", b"of another writer")
    assert not objects.create("spans/key/0/1-1", b"mine")


def test_absent_objects_do_not_end_a_request(objects: Objects, made_up: MadeUpStorage) -> None:
    made_up.absent_is_error = True
    for name in ("a/1", "a/2", "a/3"):
        objects.put(name, b"")
    objects.delete(["a/absent", "a/1", "a/gone", "a/2"])
    objects.delete(["a/1"])
    assert list(objects.names()) == ["a/3"]


def test_the_probe_refuses_a_storage_that_replaces_existing_objects(objects: Objects, made_up: MadeUpStorage) -> None:
    made_up.replaces = True
    with pytest.raises(InputError, match="conditional writes"):
        objects.probe()


def test_the_probe_refuses_a_storage_that_cannot_create_an_object_only_if_it_is_absent(
    objects: Objects, made_up: MadeUpStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """obstore creates a file by a hard link; some network file systems have none, while writing succeeds."""

    def refuse(name: str, data: bytes) -> None:
        raise PermissionError(f"{name}: Operation not permitted (os error 1)")

    monkeypatch.setattr(made_up, "create", refuse)
    with pytest.raises(InputError, match="Operation not permitted"):
        objects.probe()


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP])
def test_the_probe_names_missing_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """obstore says "Unable to rename file" there, and writing succeeds."""

    def refuse(*arguments: object, **keywords: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(storage.ObstoreStorage, "create", refuse)
    with pytest.raises(InputError, match="no hard links"):
        Objects.open(tmp_path).probe()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(os, "link", lambda source, destination: Path(destination).touch())
    with pytest.raises(InputError, match=os.strerror(number)):
        Objects.open(tmp_path).probe()
    assert list(tmp_path.iterdir()) == []
