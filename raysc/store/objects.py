"""Named bytes in a folder, an S3 or GCS bucket or an Azure container: everything else in the store is built on this."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from raysc.errors import InputError, RayscError

SCHEMES = ("file", "s3", "gs", "az")

PATIENCE = timedelta(minutes=1)
"""How long a request to a bucket is tried again before it counts as failed."""
READERS = 16
"""Threads that read objects: with a bucket reading is waiting, with a disk it is decoding outside Python's lock."""
METADATA = "169.254.169.254"
"""Address at which a machine in a cloud asks who it is."""


class StorageError(RayscError):
    """The storage refused something: a full disk, credentials that do not work, a bucket that does not exist."""


@dataclass(frozen=True)
class Listed:
    """An object as a listing tells of it: its name, its size in bytes and when it was written."""

    name: str
    bytes: int
    written: datetime


@cache
def _connect(uri: str) -> ObjectStore:
    if uri.startswith("file:"):
        return from_url(uri, mkdir=True)
    return from_url(uri, retry_config={"retry_timeout": PATIENCE})


@dataclass(frozen=True)
class Objects:
    """A flat set of objects with slash-separated names. Picklable: ranks on other machines open it by its URI.

    Attributes:
        uri: file:///..., s3://bucket/..., gs://bucket/... or az://container/...; credentials come from the
            environment or the machine's role.
    """

    uri: str

    @classmethod
    def at(cls, place: str) -> "Objects":
        """A store at a path or URI; a relative path is made absolute, since workers run in other folders."""
        scheme = urlsplit(place).scheme
        if scheme in SCHEMES:
            return cls(place.rstrip("/"))
        if "://" in place:
            raise InputError(f"storage {place}: {scheme}:// is not supported; use a path, or {', '.join(SCHEMES)}")
        return cls(Path(place).expanduser().resolve().as_uri())

    @property
    def folder(self) -> Path | None:
        """The store's folder on this machine, or None if it lies in a bucket."""
        return Path(url2pathname(urlsplit(self.uri).path)) if self.uri.startswith("file:") else None

    @property
    def _absent(self) -> bool:
        """Whether it is a folder that nobody made yet: whoever writes makes it, whoever reads finds nothing."""
        return self.folder is not None and not self.folder.exists()

    def put(self, name: str, data: bytes) -> None:
        """Write an object, whole or not at all; an older one of that name is replaced.

        Raises:
            StorageError: it cannot be written; so ``create``. Reading raises it likewise.
        """
        with self._told(f"{name} cannot be written", absent_is_refusal=True):
            obstore.put(_connect(self.uri), name, data)

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless one of that name exists; whether it is ours. Atomic on every kind of storage.

        A bucket may write an object and lose its answer; the request is then made again, and finds the object in the
        way. So what lies there is looked at: ``data`` must be such that nobody else writes the same.
        """
        try:
            with self._told(f"{name} cannot be written", absent_is_refusal=True):
                obstore.put(_connect(self.uri), name, data, mode="create")
        except AlreadyExistsError:
            try:
                return self.get(name) == data
            except FileNotFoundError:  # gone meanwhile
                return False
        return True

    def get(self, name: str) -> bytes:
        """The bytes of an object; FileNotFoundError if there is none."""
        if self._absent:
            raise FileNotFoundError(name)
        with self._told(f"{name} cannot be read"):
            return bytes(obstore.get(_connect(self.uri), name).bytes())

    def exists(self, name: str) -> bool:
        """Whether there is an object of that name."""
        if self._absent:
            return False
        try:
            with self._told(f"{name} cannot be looked up"):
                obstore.head(_connect(self.uri), name)
        except FileNotFoundError:
            return False
        return True

    def names(self, prefix: str = "") -> Iterator[str]:
        """Names of all objects below a prefix (whole path segments), in no particular order.

        What a file system leaves there of its own (``.nfs...`` of a file that is still open, ``.DS_Store``,
        ``.snapshot``) is no object.
        """
        for entry in self._entries(prefix):
            yield entry["path"]

    def listed(self, prefix: str = "") -> Iterator[Listed]:
        """The same with sizes and times of writing."""
        for entry in self._entries(prefix):
            yield Listed(entry["path"], entry["size"], entry["last_modified"])

    def _entries(self, prefix: str) -> Iterator[Any]:
        if self._absent:
            return
        with self._told(f"{prefix or 'the store'} cannot be listed", absent_is_refusal=True):
            for page in obstore.list(_connect(self.uri), prefix=prefix or None, chunk_size=1000):
                yield from (entry for entry in page if "/." not in f"/{entry['path']}")

    def delete(self, names: list[str]) -> None:
        """Remove objects; those that are gone already do not matter."""
        if not names or self._absent:
            return
        with self._told(f"{names[0]} cannot be removed"):
            if self.folder is None:
                obstore.delete(_connect(self.uri), names)  # one request for a thousand; silent about absent ones
                return
            for name in names:
                try:
                    obstore.delete(_connect(self.uri), name)
                except FileNotFoundError:
                    continue

    def probe(self) -> None:
        """Write, read and remove a small object; InputError with the reason if that fails."""
        name = f"probes/{uuid4().hex}"
        try:
            self.put(name, b"raysc")
            if self.get(name) != b"raysc":
                raise StorageError(f"storage {self.uri}: what was written was not read back")
            self.delete([name])
        except (StorageError, OSError, ValueError, BaseError) as error:
            told = str(error) if isinstance(error, StorageError) else f"storage {self.uri}: {_reason(error)}"
            raise InputError(
                f"{told}\nGive another place with --storage, RAYSC_STORAGE or `storage:` in the sweep file; a bucket's "
                "credentials come from the environment (AWS_..., GOOGLE_..., AZURE_...) or the machine's role."
            ) from error

    @contextmanager
    def _told(self, problem: str, absent_is_refusal: bool = False) -> Iterator[None]:
        """One kind of error for all kinds of storage; absent objects and lost races stay what they are."""
        try:
            yield
        except AlreadyExistsError:
            raise
        except FileNotFoundError as error:
            if absent_is_refusal:  # what is written or listed cannot be absent: the bucket is
                raise StorageError(f"storage {self.uri}: {problem}: {_reason(error)}") from error
            raise
        except (BaseError, OSError) as error:
            raise StorageError(f"storage {self.uri}: {problem}: {_reason(error)}") from error


_XML = re.compile(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", re.DOTALL)
_SYSTEM = re.compile(r'message: "(.*?)"')


def _reason(error: Exception) -> str:
    """What the storage itself says, out of an error of many lines."""
    text = str(error).strip()
    if METADATA in text:  # where a cloud machine asks for its role's credentials, the last thing that is tried
        return "no credentials were found: none in the environment, and the machine gives none by a role"
    if found := _XML.search(text):
        return f"{found[2].strip().rstrip('.')} ({found[1]})"
    first = text.splitlines()[0] if text else type(error).__name__
    if (found := _SYSTEM.search(text)) and found[1] not in first:
        return f"{first}: {found[1]}"
    return first
