"""A bucket on an S3 server, and the messages for a bucket that cannot be used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from raysc.errors import InputError
from raysc.store.leases import Lease, holders
from raysc.store.objects import Objects, StorageError
from raysc.store.publishing import Attempt, Manifest
from raysc.store.spans import Span, published_spans
from raysc.testing import StorageTests
from tests.s3_server import S3, serving


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with serving() as running:
        yield running


@pytest.fixture
def objects(server: S3, monkeypatch: pytest.MonkeyPatch) -> Objects:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return Objects.open(f"s3://bucket/{uuid4().hex}")


class TestS3(StorageTests):
    """With the ``objects`` of this module, and a server that lists 100 objects a page."""

    page = 110

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "100")


@pytest.mark.slow
def test_more_objects_than_s3_lists_and_deletes_at_once(objects: Objects) -> None:
    StorageTests().test_a_listing_of_many_pages_is_complete(objects)


def test_one_of_many_concurrent_attempts_is_published(objects: Objects) -> None:
    objects.probe()
    span = Span(1, 1, "lineage", (0,))
    attempts = [Attempt.start(objects, span.path) for _ in range(8)]
    for number, attempt in enumerate(attempts):
        attempt.put("model/weights", f"by {number}".encode())
    with ThreadPoolExecutor(8) as pool:
        published = list(pool.map(lambda attempt: attempt.publish(span.name, {}), attempts))
    assert published.count(True) == 1
    assert Manifest.read(objects, span.name).get("model/weights") == f"by {published.index(True)}".encode()
    assert published_spans(objects) == {"lineage": {(0,): (span,)}}


def test_a_manifest_whose_answer_was_lost_counts_as_published(objects: Objects, server: S3) -> None:
    span = Span(1, 1, "lineage", (0,))
    attempt, late = Attempt.start(objects, span.path), Attempt.start(objects, span.path)
    attempt.put("model/weights", b"weights")
    with server.losing_one_answer("PUT", span.name):
        assert attempt.publish(span.name, {}), "else the publisher deletes the files of its own manifest"
    assert not late.publish(span.name, {})
    assert Manifest.read(objects, span.name).get("model/weights") == b"weights"
    with server.losing_one_answer("PUT", "leases/"):
        lease = Lease.acquire(objects, "loop/lineage/0", "sweep")
    assert lease is not None
    with lease:
        assert Lease.acquire(objects, "loop/lineage/0", "other") is None


def test_a_held_lease_cannot_be_acquired(objects: Objects) -> None:
    lease = Lease.acquire(objects, "loop/lineage/0", "sweep")
    assert lease is not None
    with lease:
        assert Lease.acquire(objects, "loop/lineage/0", "other") is None
        assert holders(objects)["loop/lineage/0"].sweep == "sweep"
    assert holders(objects) == {}


def test_an_absent_bucket_is_named(objects: Objects) -> None:
    with pytest.raises(InputError, match=r"s3://absent: .*does not exist \(NoSuchBucket\)"):
        Objects.open("s3://absent").probe()


def test_invalid_credentials_are_named(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "wrong")
    with pytest.raises(InputError, match=r"InvalidAccessKeyId[^$]*credentials come from the environment"):
        Objects.open(f"s3://bucket/{uuid4().hex}").probe()


def test_the_error_of_a_refused_write_names_object_and_reason(objects: Objects, server: S3) -> None:
    objects.put("a", b"1")
    with server.refusing(lambda method, path: method == "PUT"):
        for write in (objects.put, objects.create):
            with pytest.raises(StorageError, match=r"b cannot be written: Access Denied by the test \(AccessDenied\)"):
                write("b", b"2")
    assert list(objects.names()) == ["a"]
