"""Object storage: named bytes in a folder, an S3 or GCS bucket, or an Azure container."""

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
from obstore.store import MemoryStore, ObjectStore, from_url

from raysc.errors import InputError, RayscError

SCHEMES = ("file", "s3", "gs", "az")
"""URI schemes that a user can name. Tests also use ``memory:///NAME``, a store inside one process."""
RETRY_TIMEOUT = timedelta(minutes=1)
"""Time for which a request to a bucket is repeated before it counts as failed."""
READ_THREADS = 16
"""Threads that read objects. They wait for a bucket, or decode a disk's files outside Python's lock."""
METADATA_ADDRESS = "169.254.169.254"
"""Address of the service that gives a cloud machine its identity and credentials."""


class StorageError(RayscError):
    """A refusal by the storage: a full disk, invalid credentials, a bucket that does not exist."""


@dataclass(frozen=True)
class ObjectInfo:
    """An object in a listing.

    Attributes:
        name: its name.
        size: in bytes.
        last_modified: time of its last write, with a time zone.
    """

    name: str
    size: int
    last_modified: datetime


@cache
def _connect(uri: str) -> ObjectStore:
    if uri.startswith("memory:"):
        return MemoryStore()
    if uri.startswith("file:"):
        return from_url(uri, mkdir=True)
    return from_url(uri, retry_config={"retry_timeout": RETRY_TIMEOUT})


@dataclass(frozen=True)
class Objects:
    """A flat set of objects with slash-separated names. Picklable: processes on other machines open it by its URI.

    Attributes:
        uri: file:///..., s3://bucket/..., gs://bucket/... or az://container/...; credentials come from the
            environment or the machine's role.
    """

    uri: str

    @classmethod
    def open(cls, location: str) -> "Objects":
        """Return the store at a path or URI. A relative path becomes absolute, since workers run in other folders.

        Raises:
            InputError: the URI's scheme is not supported.
        """
        scheme = urlsplit(location).scheme
        if scheme in SCHEMES:
            return cls(location.rstrip("/"))
        if "://" in location:
            raise InputError(f"storage {location}: {scheme}:// is not supported; use a path, or {', '.join(SCHEMES)}")
        return cls(Path(location).expanduser().resolve().as_uri())

    @property
    def folder(self) -> Path | None:
        """The store's folder on this machine; None for a bucket."""
        return Path(url2pathname(urlsplit(self.uri).path)) if self.uri.startswith("file:") else None

    @property
    def _folder_is_missing(self) -> bool:
        """True for a local store whose folder does not exist yet: writing creates it, reading treats it as empty."""
        return self.folder is not None and not self.folder.exists()

    def put(self, name: str, data: bytes) -> None:
        """Write an object atomically. It replaces an object of that name.

        Raises:
            StorageError: the storage refuses.
        """
        with self._translate_errors(f"{name} cannot be written", absent_is_refusal=True):
            obstore.put(_connect(self.uri), name, data)

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless one of that name exists. Atomic on every kind of storage.

        A bucket may write an object and lose its answer; the repeated request then meets the object of the first one.
        For this reason an existing object is compared with ``data``, and equal bytes count as written by this call:
        no other writer may write the same bytes.

        Returns:
            True if this call created the object.

        Raises:
            StorageError: the storage refuses.
        """
        try:
            with self._translate_errors(f"{name} cannot be written", absent_is_refusal=True):
                obstore.put(_connect(self.uri), name, data, mode="create")
        except AlreadyExistsError:
            try:
                return self.get(name) == data
            except FileNotFoundError:  # deleted in the meantime
                return False
        return True

    def get(self, name: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            FileNotFoundError: there is no such object.
            StorageError: the storage refuses.
        """
        if self._folder_is_missing:
            raise FileNotFoundError(name)
        with self._translate_errors(f"{name} cannot be read"):
            return bytes(obstore.get(_connect(self.uri), name).bytes())

    def exists(self, name: str) -> bool:
        """Return True if there is an object of that name."""
        if self._folder_is_missing:
            return False
        try:
            with self._translate_errors(f"{name} cannot be looked up"):
                obstore.head(_connect(self.uri), name)
        except FileNotFoundError:
            return False
        return True

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yield the names of all objects below a prefix (whole path segments), in no particular order.

        Hidden files and folders are skipped. File systems and desktops create them (``.nfs...`` for a file that is
        still open, ``.DS_Store``, ``.snapshot``), raysc never does.
        """
        for entry in self._entries(prefix):
            yield entry["path"]

    def list_objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the same objects as ``names``, with their sizes and times of writing."""
        for entry in self._entries(prefix):
            yield ObjectInfo(entry["path"], entry["size"], entry["last_modified"])

    def _entries(self, prefix: str) -> Iterator[Any]:
        if self._folder_is_missing:
            return
        with self._translate_errors(f"{prefix or 'the store'} cannot be listed", absent_is_refusal=True):
            for page in obstore.list(_connect(self.uri), prefix=prefix or None, chunk_size=1000):
                yield from (entry for entry in page if "/." not in f"/{entry['path']}")

    def delete(self, names: list[str]) -> None:
        """Delete objects. Absent ones are ignored."""
        if not names or self._folder_is_missing:
            return
        with self._translate_errors(f"{names[0]} cannot be removed"):
            if self.folder is None:
                obstore.delete(_connect(self.uri), names)  # one request for a thousand; S3 ignores absent ones
                return
            for name in names:
                try:
                    obstore.delete(_connect(self.uri), name)
                except FileNotFoundError:
                    continue

    def probe(self) -> None:
        """Write, read and delete a small object.

        Raises:
            InputError: one of these fails; the message has the storage's reason.
        """
        name = f"probes/{uuid4().hex}"
        try:
            self.put(name, b"raysc")
            if self.get(name) != b"raysc":
                raise StorageError(f"storage {self.uri}: an object does not have the bytes that were written")
            self.delete([name])
        except (StorageError, OSError, ValueError, BaseError) as error:
            problem = str(error) if isinstance(error, StorageError) else f"storage {self.uri}: {_reason(error)}"
            raise InputError(
                f"{problem}\nGive another place with --storage, RAYSC_STORAGE or `storage:` in the sweep file; a "
                "bucket's credentials come from the environment (AWS_..., GOOGLE_..., AZURE_...) or the machine's role."
            ) from error

    @contextmanager
    def _translate_errors(self, problem: str, absent_is_refusal: bool = False) -> Iterator[None]:
        """Raise StorageError for every storage's errors, except for absent objects and existing ones."""
        try:
            yield
        except AlreadyExistsError:
            raise
        except FileNotFoundError as error:
            if absent_is_refusal:  # an object that is written or listed cannot be absent: the bucket is
                raise StorageError(f"storage {self.uri}: {problem}: {_reason(error)}") from error
            raise
        except (BaseError, OSError) as error:
            raise StorageError(f"storage {self.uri}: {problem}: {_reason(error)}") from error


_XML_ERROR = re.compile(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", re.DOTALL)
_SYSTEM_ERROR = re.compile(r'message: "(.*?)"')


def _reason(error: Exception) -> str:
    """Extract the storage's own message from an error of many lines."""
    text = str(error).strip()
    if METADATA_ADDRESS in text:  # a cloud machine's role is the last source of credentials that is tried
        return "no credentials were found: none in the environment, and the machine gives none by a role"
    if xml := _XML_ERROR.search(text):
        return f"{xml[2].strip().rstrip('.')} ({xml[1]})"
    first_line = text.splitlines()[0] if text else type(error).__name__
    if (system := _SYSTEM_ERROR.search(text)) and system[1] not in first_line:
        return f"{first_line}: {system[1]}"
    return first_line
