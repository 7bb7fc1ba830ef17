"""Storage in folders and in memory, and what only a folder has."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

from raysc.errors import InputError
from raysc.store.leases import Lease, holders
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
from raysc.testing import StorageTests


class TestFolder(StorageTests):
    @pytest.fixture
    def objects(self, tmp_path: Path) -> Objects:
        return Objects.open(str(tmp_path / "a store"))


class TestMemory(StorageTests):
    @pytest.fixture
    def objects(self) -> Objects:
        return Objects(f"memory:///{uuid4().hex}")


def test_reading_an_absent_folder_does_not_create_it(tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path / "mistyped"))
    assert list(objects.names()) == []
    assert not objects.exists("spans/key/0/1-1")
    objects.delete(["spans/key/0/1-1"])
    with pytest.raises(FileNotFoundError):
        objects.get("spans/key/0/1-1")
    assert not (tmp_path / "mistyped").exists()
    objects.put("first", b"creates the folder")
    assert list(objects.names()) == ["first"]


@pytest.mark.parametrize("stray", [b"Icon\r", b"caf\xe9", b"a\x1b[2Jb", b"1-1\n", b"0-0#12"])
def test_a_file_that_no_object_can_be_named_like_is_skipped(stray: bytes, tmp_path: Path) -> None:
    """One such file ended every command: macOS names the icons of folders so, and file systems keep any bytes."""
    objects = Objects.open(str(tmp_path))
    objects.put("spans/key/0/0-0", b"")
    Path(os.fsdecode(bytes(tmp_path / "spans/key/0") + b"/" + stray)).touch()
    assert list(objects.names()) == list(objects.names("spans/key")) == ["spans/key/0/0-0"]


@pytest.mark.parametrize("target", [".", "..", "../..", "itself", "nowhere"])
def test_a_link_in_a_circle_or_to_nothing_is_skipped(target: str, tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    objects.put("spans/key/0/0-0", b"")
    (tmp_path / "spans/key/itself").symlink_to(target)
    assert list(objects.names()) == list(objects.names("spans")) == ["spans/key/0/0-0"]


def test_a_linked_folder_counts(tmp_path: Path) -> None:
    """Users move a store's large folders to another disk."""
    objects = Objects.open(str(tmp_path / "store"))
    objects.put("attempts/key/0/0-0/1/rows", b"12")
    (tmp_path / "store/attempts").rename(tmp_path / "disk")
    (tmp_path / "store/attempts").symlink_to(tmp_path / "disk")
    (info,) = objects.list_objects()
    assert (info.name, info.size) == ("attempts/key/0/0-0/1/rows", 2)


def test_hidden_files_of_file_systems_are_no_objects(tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    attempt = Attempt.start(objects, "key/0/1-1")
    attempt.put("model/weights", b"weights")
    attempt.publish("spans/key/0/1-1", {})
    names = set(objects.names())
    for name in (".DS_Store", "spans/.DS_Store", "spans/key/0/.nfs0001", ".snapshot/hourly/spans/key/0/1-1"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    lease = Lease.acquire(objects, "loop/key/0", "sweep")
    assert lease is not None
    (tmp_path / "leases/loop/key/0/.nfs0002").touch()
    assert set(holders(objects)) == {"loop/key/0"}
    assert {info.name for info in objects.list_objects()} == names | set(objects.names("leases"))


def test_locations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Objects.open("a b/store").folder == tmp_path / "a b" / "store"
    assert Objects.open("s3://bucket/below/").uri == "s3://bucket/below"
    assert Objects.open("s3://bucket").folder is None
    with pytest.raises(InputError, match="ftp:// is not supported"):
        Objects.open("ftp://host/store")


def test_a_location_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("blocks the folder")
    with pytest.raises(InputError, match="cannot be written"):
        Objects.open(str(tmp_path / "file/store")).probe()
