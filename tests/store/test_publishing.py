import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from raysc.errors import InputError, RayscError
from raysc.store import metric_files
from raysc.store.artifacts import read_artifact, write_artifact
from raysc.store.leases import Lease, holders
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, Damaged, Manifest


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects.at(str(tmp_path / "store"))


def attempt(objects: Objects, content: bytes) -> Attempt:
    made = Attempt.below(objects, "somewhere/0/1-1")
    made.put("model/weights", content)
    return made


def test_nothing_is_there_before_the_manifest_is(objects: Objects) -> None:
    made = attempt(objects, b"weights")
    with pytest.raises(FileNotFoundError):
        Manifest.read(objects, "spans/somewhere/0/1-1")
    assert made.publish("spans/somewhere/0/1-1", {"first": 1})
    manifest = Manifest.read(objects, "spans/somewhere/0/1-1")
    assert manifest.get("model/weights") == b"weights"
    assert manifest.record["first"] == 1


def test_of_many_who_publish_at_once_one_wins_and_its_files_are_read(objects: Objects) -> None:
    attempts = [attempt(objects, f"by {number}".encode()) for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda made: made.publish("spans/s", {}), attempts))
    assert won.count(True) == 1
    assert Manifest.read(objects, "spans/s").get("model/weights") == f"by {won.index(True)}".encode()


def damage_flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "flipped": damage_flip,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-2]),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_is_found_and_named(kind: str, objects: Objects) -> None:
    made = attempt(objects, b"weights")
    made.publish("spans/s", {})
    assert objects.folder is not None
    DAMAGES[kind](objects.folder / made.prefix / "model/weights")
    with pytest.raises(Damaged, match="model/weights"):
        Manifest.read(objects, "spans/s").get("model/weights")


def test_a_manifest_that_is_none_is_named(objects: Objects) -> None:
    objects.put("spans/s", b"{")
    with pytest.raises(Damaged, match="spans/s was changed or cut off"):
        Manifest.read(objects, "spans/s")


def test_an_edited_manifest_is_found(objects: Objects) -> None:
    attempt(objects, b"weights").publish("spans/s", {"ranks": 1})
    objects.put("spans/s", objects.get("spans/s").replace(b'"ranks": 1', b'"ranks": 2'))
    with pytest.raises(Damaged, match="spans/s was changed or cut off: its checksum") as caught:
        Manifest.read(objects, "spans/s")
    assert caught.value.name == "spans/s"


def test_damage_can_be_told_by_another_process() -> None:
    told = pickle.loads(pickle.dumps(Damaged("it is broken", "spans/s")))
    assert (str(told), told.name) == ("it is broken", "spans/s")


def test_a_newer_format_is_not_guessed_at(objects: Objects) -> None:
    objects.put("spans/s", json.dumps({"format": 99, "attempt": "a", "files": {}}).encode())
    with pytest.raises(RayscError, match="newer raysc"):
        Manifest.read(objects, "spans/s")


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_metric_file_is_found_and_named(kind: str, objects: Objects) -> None:
    frame = pd.DataFrame({"seed": [0, 1], "generation": [0, 0], "value": [1.0, 2.0]})
    for _ in range(2):  # the same values again change nothing
        metric_files.write(objects, "m", "lineage", (0, 1), 0, 3, frame)
    files = metric_files.files_of(objects, "m", "lineage", (0, 1))
    assert list(files) == [0, 1, 2, 3]
    name = files[0]
    pd.testing.assert_frame_equal(metric_files.read(objects, name), frame)
    assert metric_files.measured(objects, "m") == {"lineage": {(0, 1): (name,)}}
    assert objects.folder is not None
    DAMAGES[kind](objects.folder / name)
    with pytest.raises(Damaged, match="metrics/m/lineage") as caught:
        metric_files.read(objects, name)
    assert caught.value.name == name


def test_artifacts_are_made_once(objects: Objects) -> None:
    assert read_artifact(objects, "classifier-1") is None
    write_artifact(objects, "classifier-1", {"a": b"1", "b": b"2"})
    write_artifact(objects, "classifier-1", {"a": b"other"})
    assert read_artifact(objects, "classifier-1") == {"a": b"1", "b": b"2"}


def test_reading_makes_no_folder_and_finds_nothing(tmp_path: Path) -> None:
    objects = Objects.at(str(tmp_path / "mistyped"))
    assert list(objects.names()) == []
    assert not objects.exists("spans/key/0/1-1")
    objects.delete(["spans/key/0/1-1"])
    with pytest.raises(FileNotFoundError):
        objects.get("spans/key/0/1-1")
    assert not (tmp_path / "mistyped").exists()
    objects.put("first", b"made by whoever writes")
    assert list(objects.names()) == ["first"]


def test_what_a_file_system_leaves_in_the_store_is_no_object(objects: Objects) -> None:
    attempt(objects, b"weights").publish("spans/key/0/1-1", {})
    names = set(objects.names())
    assert objects.folder is not None
    for name in (".DS_Store", "spans/.DS_Store", "spans/key/0/.nfs0001", ".snapshot/hourly/spans/key/0/1-1"):
        file = objects.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    lease = Lease.take(objects, "loop/key/0", "sweep")
    assert lease is not None
    (objects.folder / "leases/loop/key/0/.nfs0002").touch()
    assert set(holders(objects)) == {"loop/key/0"}
    assert {one.name for one in objects.listed()} == names | set(objects.names("leases"))


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Objects.at("a b/store").folder == tmp_path / "a b" / "store"
    assert Objects.at("s3://bucket/below/").uri == "s3://bucket/below"
    assert Objects.at("s3://bucket").folder is None
    with pytest.raises(InputError, match="ftp:// is not supported"):
        Objects.at("ftp://host/store")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        Objects.at(str(tmp_path / "file/store")).probe()
