"""A bucket on a real S3 server, and what is said when it cannot be used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from s3_server import S3, serving

from raysc.errors import InputError
from raysc.store.leases import Lease, holders
from raysc.store.objects import Objects, StorageError
from raysc.store.publishing import Attempt, Manifest
from raysc.store.spans import Span, published


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with serving() as running:
        yield running


@pytest.fixture
def objects(server: S3, monkeypatch: pytest.MonkeyPatch) -> Objects:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return Objects.at(f"s3://bucket/{uuid4().hex}")


def test_of_many_who_publish_at_once_one_wins_and_its_files_are_read(objects: Objects) -> None:
    objects.probe()
    span = Span(1, 1, "lineage", (0,))
    attempts = [Attempt.below(objects, span.place) for _ in range(8)]
    for number, attempt in enumerate(attempts):
        attempt.put("model/weights", f"by {number}".encode())
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda attempt: attempt.publish(span.name, {}), attempts))
    assert won.count(True) == 1
    assert Manifest.read(objects, span.name).get("model/weights") == f"by {won.index(True)}".encode()
    assert published(objects) == {"lineage": {(0,): (span,)}}


def test_a_published_manifest_whose_answer_was_lost_is_ours_and_nothing_is_dropped(
    objects: Objects, server: S3
) -> None:
    span = Span(1, 1, "lineage", (0,))
    attempt, late = Attempt.below(objects, span.place), Attempt.below(objects, span.place)
    attempt.put("model/weights", b"of many hours")
    with server.losing_one_answer("PUT", span.name):
        assert attempt.publish(span.name, {}), "else the publisher drops the files of what it published"
    assert not late.publish(span.name, {})
    assert Manifest.read(objects, span.name).get("model/weights") == b"of many hours"
    with server.losing_one_answer("PUT", "leases/"):
        lease = Lease.take(objects, "loop/lineage/0", "sweep")
    assert lease is not None
    with lease:
        assert Lease.take(objects, "loop/lineage/0", "other") is None


def test_more_objects_than_one_page_of_a_listing_holds(objects: Objects) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: objects.put(f"spans/{number:04}/0/1-1", b""), range(1100)))
    names = list(objects.names("spans"))
    assert len(names) == 1100
    objects.delete([*names, "spans/absent"])
    assert list(objects.names()) == []


def test_a_lease_is_held_by_one(objects: Objects) -> None:
    lease = Lease.take(objects, "loop/lineage/0", "sweep")
    assert lease is not None
    with lease:
        assert Lease.take(objects, "loop/lineage/0", "other") is None
        assert holders(objects)["loop/lineage/0"].sweep == "sweep"
    assert holders(objects) == {}


def test_an_absent_bucket_is_named(objects: Objects) -> None:
    with pytest.raises(InputError, match=r"s3://absent: .*does not exist \(NoSuchBucket\)"):
        Objects.at("s3://absent").probe()


def test_credentials_that_do_not_work_are_told(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "wrong")
    with pytest.raises(InputError, match=r"InvalidAccessKeyId[^$]*credentials come from the environment"):
        Objects.at(f"s3://bucket/{uuid4().hex}").probe()


def test_a_refused_write_says_what_and_why(objects: Objects, server: S3) -> None:
    objects.put("a", b"1")
    with server.refusing(lambda method, path: method == "PUT"):
        for write in (objects.put, objects.create):
            with pytest.raises(StorageError, match=r"b cannot be written: Access Denied by the test \(AccessDenied\)"):
                write("b", b"2")
    assert list(objects.names()) == ["a"]
