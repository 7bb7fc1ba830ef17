import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from raysc.errors import RayscError
from raysc.store.artifacts import read_artifact, write_artifact
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, DamagedObjectError, DamagedStateError, FileEntry, Manifest


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects.open(str(tmp_path / "store"))


def attempt(objects: Objects, content: bytes) -> Attempt:
    started = Attempt.start(objects, "key/0/1-1")
    started.put("model/weights", content)
    return started


def test_a_manifest_publishes_the_files_of_its_attempt(objects: Objects) -> None:
    unpublished = attempt(objects, b"weights")
    with pytest.raises(FileNotFoundError):
        Manifest.read(objects, "spans/key/0/1-1")
    assert unpublished.publish("spans/key/0/1-1", {"first": 1})
    manifest = Manifest.read(objects, "spans/key/0/1-1")
    assert manifest.get("model/weights") == b"weights"
    assert manifest.record["first"] == 1


def test_one_of_many_concurrent_attempts_is_published(objects: Objects) -> None:
    attempts = [attempt(objects, f"by {number}".encode()) for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        published = list(pool.map(lambda attempt: attempt.publish("spans/s", {}), attempts))
    assert published.count(True) == 1
    assert Manifest.read(objects, "spans/s").get("model/weights") == f"by {published.index(True)}".encode()


def flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2])


DAMAGES: dict[str, Callable[[Path], None]] = {"flipped": flip_bit, "cut off": cut_off, "missing": Path.unlink}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_is_detected_and_named(kind: str, objects: Objects) -> None:
    published = attempt(objects, b"weights")
    published.publish("spans/s", {})
    assert objects.folder is not None
    DAMAGES[kind](objects.folder / published.prefix / "model/weights")
    with pytest.raises(DamagedObjectError, match="model/weights"):
        Manifest.read(objects, "spans/s").get("model/weights")


def test_a_manifest_that_is_not_json_is_damaged(objects: Objects) -> None:
    objects.put("spans/s", b"{")
    with pytest.raises(DamagedObjectError, match="spans/s was changed or cut off"):
        Manifest.read(objects, "spans/s")


def test_an_edited_manifest_is_damaged(objects: Objects) -> None:
    attempt(objects, b"weights").publish("spans/s", {"ranks": 1})
    objects.put("spans/s", objects.get("spans/s").replace(b'"ranks": 1', b'"ranks": 2'))
    with pytest.raises(DamagedObjectError, match="spans/s was changed or cut off: its checksum") as caught:
        Manifest.read(objects, "spans/s")
    assert caught.value.name == "spans/s"


def test_damage_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(DamagedObjectError("it is cut off", "spans/s")))
    assert (str(copy), copy.name) == ("it is cut off", "spans/s")


def test_a_newer_format_is_refused(objects: Objects) -> None:
    objects.put("spans/s", json.dumps({"format": 99, "attempt": "a", "files": {}}).encode())
    with pytest.raises(RayscError, match="newer raysc"):
        Manifest.read(objects, "spans/s")


def test_the_first_of_two_artifacts_stays(objects: Objects) -> None:
    assert read_artifact(objects, "classifier-1") is None
    write_artifact(objects, "classifier-1", {"a": b"1", "b": b"2"})
    write_artifact(objects, "classifier-1", {"a": b"other"})
    assert read_artifact(objects, "classifier-1") == {"a": b"1", "b": b"2"}


def test_a_folder_is_copied_with_a_check_of_every_file(objects: Objects, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for file in ("weights", "training_state.safetensors", "tokenizer/words.txt"):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_bytes(file.encode())
    started = Attempt.start(objects, "key/0/1-1")
    started.put_folder("model", source)
    started.put("records.parquet", b"not in the folder")
    started.publish("spans/s", {})
    manifest = Manifest.read(objects, "spans/s")
    manifest.get_folder("model", tmp_path / "copy")
    copy = {str(path.relative_to(tmp_path / "copy")): path.read_bytes() for path in (tmp_path / "copy").rglob("*.*")}
    assert copy == {file: file.encode() for file in ("training_state.safetensors", "tokenizer/words.txt")}
    assert (tmp_path / "copy/weights").read_bytes() == b"weights"

    objects.delete([manifest.object_name("model/training_state.safetensors")])
    assert not manifest.has_file("model/training_state.safetensors")
    partial = manifest.get_folder("model", tmp_path / "partial", without_prefix="training_state")
    assert sorted(path.name for path in partial.rglob("*") if path.is_file()) == ["weights", "words.txt"]
    with pytest.raises(DamagedStateError, match="is missing"):
        manifest.get_folder("model", tmp_path / "all")


@pytest.mark.parametrize(
    "file", ["../../escaped", "/escaped", "model/../../escaped", "model//x", "C:/x", "model/..\\x"]
)
def test_a_manifest_whose_files_leave_their_folder_is_damaged(objects: Objects, tmp_path: Path, file: str) -> None:
    hostile = attempt(objects, b"weights")
    hostile.files[file] = hostile.files["model/weights"]
    hostile.publish("spans/s", {})
    with pytest.raises(DamagedObjectError, match="is no name of a file below a folder"):
        Manifest.read(objects, "spans/s")
    hostile.files.pop(file)
    hostile.prefix = file
    hostile.publish("spans/t", {})
    with pytest.raises(DamagedObjectError, match="is no name of a file below a folder"):
        Manifest.read(objects, "spans/t")


def test_damage_knows_the_bytes_that_were_judged(objects: Objects) -> None:
    published = attempt(objects, b"weights")
    published.publish("spans/s", {})
    objects.put(f"{published.prefix}/model/weights", b"other")
    manifest = Manifest.read(objects, "spans/s")
    with pytest.raises(DamagedObjectError) as caught:
        manifest.get("model/weights")
    assert (caught.value.name, caught.value.digest) == ("spans/s", sha256(objects.get("spans/s")).hexdigest())
    assert pickle.loads(pickle.dumps(caught.value)).digest == caught.value.digest


def test_a_discarded_attempt_leaves_no_files(objects: Objects) -> None:
    attempt(objects, b"first").publish("spans/s", {})
    names = set(objects.names())
    late = attempt(objects, b"second")
    assert not late.publish("spans/s", {})
    late.discard()
    assert set(objects.names()) == names


@pytest.mark.parametrize(
    "record",
    [
        {"rows": [3]},
        {"rows": None},
        {"rows": [{"generation": 0}]},
        {"rows": [{"generation": "0", "first": 0, "rows": 1, "sha256": ""}]},
        {"rows": [{"generation": 0, "first": 0, "rows": 1, "sha256": "", "file": []}]},
        {"ended": [1]},
        {"ended": {"x": 1}},
        {"diverged": "0"},
        {"last": "end"},
        {"model": {}},
    ],
)
def test_a_manifest_with_values_of_other_types_is_damaged(memory: Objects, record: dict[str, object]) -> None:
    assert Attempt.start(memory, "key/0/1-1").publish("spans/s", record)
    with pytest.raises(DamagedObjectError, match="spans/s was changed or cut off"):
        Manifest.read(memory, "spans/s")


@pytest.mark.parametrize(("size", "digest"), [("5", "ab"), (5, 7)])
def test_a_file_entry_of_other_types_is_damage(memory: Objects, size: Any, digest: Any) -> None:
    assert Attempt(memory, "attempts/a", {"x": FileEntry(size, digest)}).publish("spans/s", {})
    with pytest.raises(DamagedObjectError, match="a value has another type"):
        Manifest.read(memory, "spans/s")
