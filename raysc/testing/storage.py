"""Conformance of object storages: guarantees on which publishing, leases and garbage collection rely."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from raysc.store.objects import Objects

WRITERS = 8
CLOCK_TOLERANCE = timedelta(minutes=5)


class StorageTests:
    """Conformance tests of a storage, for a fixture ``objects``: a store that is empty and can be written.

    Attributes:
        page: number of objects that are listed at once; it exceeds a page of the storage's listing.
    """

    page = 1100

    def test_a_new_store_is_empty(self, objects: Objects) -> None:
        assert list(objects.names()) == []
        assert list(objects.list_objects("spans")) == []

    @pytest.mark.parametrize("data", [b"", b"raysc", bytes(range(256)) * 4096])
    def test_an_object_is_read_as_it_was_written(self, objects: Objects, data: bytes) -> None:
        objects.put("attempts/key/0-2+7/1-end/model.safetensors", data)
        assert objects.get("attempts/key/0-2+7/1-end/model.safetensors") == data
        assert objects.exists("attempts/key/0-2+7/1-end/model.safetensors")

    def test_an_absent_object_is_not_found(self, objects: Objects) -> None:
        objects.put("spans/key/0/1-1", b"")
        for name in ("absent", "spans/key", "spans/key/0/1-10", "spans/key/0/1-1-ab12"):
            assert not objects.exists(name)
            with pytest.raises(FileNotFoundError):
                objects.get(name)

    def test_put_replaces_an_object(self, objects: Objects) -> None:
        objects.put("lease", b"the first and longer one")
        objects.put("lease", b"the second")
        assert objects.get("lease") == b"the second"
        assert list(objects.names()) == ["lease"]

    def test_create_writes_an_object_that_is_absent_and_no_other(self, objects: Objects) -> None:
        assert objects.create("spans/key/0/1-1", b"first")
        assert not objects.create("spans/key/0/1-1", b"second")
        assert objects.get("spans/key/0/1-1") == b"first"
        assert objects.create("spans/key/0/1-1", b"first"), "a repeated request of the same writer succeeds"
        objects.delete(["spans/key/0/1-1"])
        assert objects.create("spans/key/0/1-1", b"second")
        assert objects.get("spans/key/0/1-1") == b"second"

    def test_one_of_many_concurrent_creates_succeeds(self, objects: Objects) -> None:
        for race in range(5):
            writers = [f"writer {number}".encode() for number in range(WRITERS)]
            with ThreadPoolExecutor(WRITERS) as pool:
                created = list(pool.map(partial(objects.create, f"race/{race}"), writers))
            assert created.count(True) == 1
            assert objects.get(f"race/{race}") == writers[created.index(True)]

    def test_a_reader_gets_whole_objects_while_they_are_replaced(self, objects: Objects) -> None:
        versions = [bytes([number]) * 200_000 for number in range(WRITERS)]
        objects.put("lease", versions[0])
        with ThreadPoolExecutor(WRITERS) as pool:
            writes = [pool.submit(objects.put, "lease", version) for version in versions]
            while not all(write.done() for write in writes):
                assert objects.get("lease") in versions
        for write in writes:
            write.result()
        assert objects.get("lease") in versions

    def test_a_listing_has_the_names_below_a_prefix_of_whole_segments(self, objects: Objects) -> None:
        names = {"spans/key/0/1-1", "spans/key/0-2+7/1-end", "spans/key2/0/1-1", "spansion", "metrics/m/key/a.parquet"}
        for name in names:
            objects.put(name, b"")
        assert set(objects.names()) == names
        assert set(objects.names("spans/key")) == {"spans/key/0/1-1", "spans/key/0-2+7/1-end"}
        assert set(objects.names("spans")) == {name for name in names if name.startswith("spans/")}
        assert set(objects.names("spans/")) == set(objects.names("spans"))
        assert list(objects.names("absent")) == []

    def test_a_listing_has_sizes_and_times_of_the_last_write(self, objects: Objects) -> None:
        objects.put("a/1", b"12345")
        objects.put("a/2", b"")
        sizes = {info.name: info.size for info in objects.list_objects("a")}
        assert sizes == {"a/1": 5, "a/2": 0}
        first = {info.name: info.last_modified for info in objects.list_objects()}
        for time in first.values():
            assert abs(datetime.now(UTC) - time) < CLOCK_TOLERANCE
        objects.put("a/1", b"123")
        (second,) = [info for info in objects.list_objects("a") if info.name == "a/1"]
        assert second.size == 3
        assert second.last_modified >= first["a/1"]

    def test_a_listing_of_many_pages_is_complete(self, objects: Objects) -> None:
        names = [f"spans/{number:05}/0/1-1" for number in range(self.page)]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda name: objects.put(name, b""), names))
        assert sorted(objects.names("spans")) == names
        objects.delete(names)
        assert list(objects.names()) == []

    def test_delete_removes_objects_and_ignores_absent_ones(self, objects: Objects) -> None:
        for name in ("a/1", "a/2", "a/3"):
            objects.put(name, b"1")
        objects.delete(["absent", "a/1", "a/absent", "a/2"])
        assert list(objects.names()) == ["a/3"]
        assert not objects.exists("a/1")
        objects.delete(["a/1"])
        objects.delete([])
        assert objects.get("a/3") == b"1"

    def test_a_copy_in_another_process_is_the_same_store(self, objects: Objects) -> None:
        objects.put("a", b"1")
        copy = pickle.loads(pickle.dumps(objects))
        assert copy == objects
        assert copy.get("a") == b"1"

    def test_the_probe_succeeds_and_leaves_nothing(self, objects: Objects) -> None:
        objects.probe()
        assert list(objects.names()) == []
