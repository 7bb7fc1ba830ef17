"""Storage of named bytes: the six requests on which the store stands, and folders and buckets that answer them."""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import MemoryStore, ObjectStore, from_url

RETRY_TIMEOUT = timedelta(minutes=1)
"""Time for which a request to a bucket is repeated before it counts as failed."""
UNFINISHED = re.compile(r"#\d+$")
"""End of the name of a file that is being written: NAME#NUMBER, which is then renamed. No listing shows such files."""

NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP})
"""Errors of file systems that have no hard links."""


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
        folder: path of the folder; "" for a bucket.
    """

    store: ObjectStore
    folder: str = ""

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
        if self.folder:
            yield from list_folder(self.folder, prefix)
            return
        for page in obstore.list(self.store, prefix=prefix or None, chunk_size=1000):
            for entry in page:
                yield ObjectInfo(entry["path"], entry["size"], entry["last_modified"])

    def delete(self, names: Sequence[str]) -> None:
        obstore.delete(self.store, list(names))


def list_folder(folder: str, prefix: str) -> Iterator[ObjectInfo]:
    r"""Yield the files below a folder and a prefix of whole path segments. Links are followed.

    obstore lists nothing where one file has a name that no object can have, or one link leads in a circle. Programs and
    people leave such files (macOS's ``Icon\r``, names in Latin-1), so here they are skipped.

    Raises:
        OSError: a folder cannot be read.
    """
    pending = [(prefix, frozenset[tuple[int, int]]())]
    while pending:
        below, parents = pending.pop()
        path = Path(folder, below)
        try:
            inside = path.stat()
            entries = os.scandir(path)
        except (FileNotFoundError, NotADirectoryError):
            continue  # nothing has this prefix, or another process has deleted the folder
        identity = (inside.st_dev, inside.st_ino)
        if identity in parents:
            continue  # a link to a folder that holds it
        with entries:
            for entry in entries:
                if not entry.name.isprintable() or UNFINISHED.search(entry.name):
                    continue
                name = f"{below}/{entry.name}" if below else entry.name
                status = _status(entry)
                if status is not None and stat.S_ISDIR(status.st_mode):
                    pending.append((name, parents | {identity}))
                elif status is not None and stat.S_ISREG(status.st_mode):
                    yield ObjectInfo(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def has_hard_links(folder: Path) -> bool:
    """Return False if a file in a folder can be written and cannot be linked.

    obstore creates a file only if it is absent by a hard link, which FAT and some mounts do not have.
    """
    file, link = (folder / f"probe-{uuid4().hex}#{number}" for number in (1, 2))
    try:
        file.write_bytes(b"")
    except OSError:
        return True  # the folder refuses more than links
    try:
        os.link(file, link)
    except OSError as error:
        return error.errno not in NO_LINKS
    else:
        link.unlink()
        return True
    finally:
        file.unlink()


def _status(entry: "os.DirEntry[str]") -> os.stat_result | None:
    """Return the status of a file or folder, or of the target of a link; None if it is absent or a link to itself."""
    try:
        return entry.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise


def _open_folder(uri: str) -> Storage:
    folder = url2pathname(urlsplit(uri).path)
    return ObstoreStorage(from_url(uri, mkdir=True), folder)


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
