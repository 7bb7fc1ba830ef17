"""Storage of named bytes: the six requests on which the store stands, and folders and buckets that answer them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple, Protocol

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import MemoryStore, ObjectStore, from_url

RETRY_TIMEOUT = timedelta(minutes=1)
"""Time for which a request to a bucket is repeated before it counts as failed."""


class ObjectInfo(NamedTuple):
    """An object in a listing.

    Attributes:
        name: its name.
        size: in bytes.
        last_modified: time of its last write by the storage's clock, with a time zone.
    """

    name: str
    size: int
    last_modified: datetime


class Storage(Protocol):
    """A flat set of objects with slash-separated names.

    Every request is atomic for one object. A request that fails raises an OSError or an error of obstore; it may have
    been carried out all the same.
    """

    def put(self, name: str, data: bytes) -> None:
        """Write an object. It replaces an object of that name."""
        ...

    def create(self, name: str, data: bytes) -> None:
        """Write an object unless there is one.

        Raises:
            FileExistsError: there is an object of that name, or (S3's answer 409) there may be one in a moment.
        """
        ...

    def get(self, name: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            FileNotFoundError: there is no such object.
        """
        ...

    def exists(self, name: str) -> bool:
        """Return True if there is an object of that name."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects below a prefix of whole path segments, "" for all, in no particular order."""
        ...

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects, in no particular order.

        Raises:
            FileNotFoundError: one of them is absent (Google's and Azure's answer); the others may still be there.
        """
        ...


@dataclass(frozen=True)
class ObstoreStorage:
    """A folder or bucket, through obstore.

    Attributes:
        store: of obstore.
    """

    store: ObjectStore

    def put(self, name: str, data: bytes) -> None:
        obstore.put(self.store, name, data)

    def create(self, name: str, data: bytes) -> None:
        try:
            obstore.put(self.store, name, data, mode="create")
        except AlreadyExistsError as error:
            raise FileExistsError(name) from error

    def get(self, name: str) -> bytes:
        return bytes(obstore.get(self.store, name).bytes())

    def exists(self, name: str) -> bool:
        try:
            obstore.head(self.store, name)
        except FileNotFoundError:
            return False
        return True

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for page in obstore.list(self.store, prefix=prefix or None, chunk_size=1000):
            for entry in page:
                yield ObjectInfo(entry["path"], entry["size"], entry["last_modified"])

    def delete(self, names: Sequence[str]) -> None:
        obstore.delete(self.store, list(names))


def _open_folder(uri: str) -> Storage:
    return ObstoreStorage(from_url(uri, mkdir=True))


def _open_memory(uri: str) -> Storage:
    return ObstoreStorage(MemoryStore())


def _open_bucket(uri: str) -> Storage:
    return ObstoreStorage(from_url(uri, retry_config={"retry_timeout": RETRY_TIMEOUT}))


OPENERS: dict[str, Callable[[str], Storage]] = {
    "file": _open_folder,
    "s3": _open_bucket,
    "gs": _open_bucket,
    "az": _open_bucket,
    "memory": _open_memory,
}
"""URI scheme -> function that opens a storage. A simulation adds a scheme of its own."""


@cache
def connect(uri: str) -> Storage:
    """Return the storage at a URI, the same each time."""
    return OPENERS[uri.partition(":")[0]](uri)
