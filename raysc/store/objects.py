"""Object storage: named bytes in a folder, an S3 or GCS bucket, or an Azure container."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import BaseError

from raysc.errors import InputError, RayscError
from raysc.store import host
from raysc.store.locations import store_uri
from raysc.store.names import is_of_raysc
from raysc.store.storage import UNFINISHED, connect, has_hard_links
from raysc.store.storage import ObjectInfo as ObjectInfo

READ_THREADS = 16
"""Threads that read objects. They wait for a bucket, or decode a disk's files outside Python's lock."""
METADATA_ADDRESS = "169.254.169.254"
"""Address of the service that gives a cloud machine its identity and credentials."""
CONFLICT_PAUSES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Seconds before the next attempt to create an object that a bucket says to exist and does not return."""


class StorageError(RayscError):
    """A refusal by the storage: a full disk, invalid credentials, a bucket that does not exist."""


@dataclass(frozen=True)
class Objects:
    """A flat set of objects with slash-separated names. Picklable: processes on other machines open it by its URI.

    Attributes:
        uri: file:///..., s3://bucket/..., gs://bucket/... or az://container/...; credentials come from the
            environment or the machine's role.
    """

    uri: str

    @classmethod
    def open(cls, location: str | os.PathLike[str]) -> "Objects":
        """Return the store at a path or URI. A relative path becomes absolute, since workers run in other folders.

        Raises:
            InputError: no store can be there.
        """
        return cls(store_uri(location))

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
            connect(self.uri).put(name, data)

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless one of that name exists. Atomic on every kind of storage.

        A bucket may write an object and lose its answer; the repeated request then meets the object of the first one.
        For this reason an existing object is compared with ``data``, and equal bytes count as written by this call:
        no other writer may write the same bytes. S3 refuses a request while another one for the same name is under
        way, perhaps an earlier one of this call. Only another object that can be read means that another writer won.

        Returns:
            True if this call created the object.

        Raises:
            StorageError: the storage refuses. The object may come to exist all the same.
        """
        for pause in CONFLICT_PAUSES:
            if pause:
                host.current().sleep(pause)
            try:
                with self._translate_errors(f"{name} cannot be written", absent_is_refusal=True):
                    connect(self.uri).create(name, data)
                return True
            except FileExistsError:
                try:
                    return self.get(name) == data
                except FileNotFoundError:
                    continue
        raise StorageError(f"storage {self.uri}: {name} can be neither written nor read: other requests are under way")

    def get(self, name: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            FileNotFoundError: there is no such object.
            StorageError: the storage refuses.
        """
        if self._folder_is_missing:
            raise FileNotFoundError(name)
        with self._translate_errors(f"{name} cannot be read"):
            return connect(self.uri).get(name)

    def exists(self, name: str) -> bool:
        """Return True if there is an object of that name."""
        if self._folder_is_missing:
            return False
        with self._translate_errors(f"{name} cannot be looked up"):
            return connect(self.uri).exists(name)

    def names(self, prefix: str = "") -> Iterator[str]:
        """Yield the names of all objects below a prefix (whole path segments), in no particular order.

        Hidden files and folders are skipped. File systems and desktops create them (``.nfs...`` for a file that is
        still open, ``.DS_Store``, ``.snapshot``), raysc never does.
        """
        for info in self.list_objects(prefix):
            yield info.name

    def list_objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the same objects as ``names``, with their sizes and times of writing."""
        if self._folder_is_missing:
            return
        with self._translate_errors(f"{prefix or 'the store'} cannot be listed", absent_is_refusal=True):
            for info in connect(self.uri).list(prefix.rstrip("/")):
                if "/." not in f"/{info.name}":
                    yield info

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects, in no particular order. Absent ones are ignored."""
        remaining = list(names)
        if not remaining or self._folder_is_missing:
            return
        storage = connect(self.uri)
        with self._translate_errors(f"{remaining[0]} cannot be removed"):
            try:
                storage.delete(remaining)
            except FileNotFoundError:  # the request may have ended at the absent object
                for name in remaining:
                    try:
                        storage.delete([name])
                    except FileNotFoundError:
                        continue

    def sync(self, names: Iterable[str]) -> None:
        """Bring objects of a folder to the disk, with their folders, so that a power cut does not lose them.

        A bucket has done so when it answers. Absent objects are ignored.
        """
        if self.folder is None:
            return
        paths = [self.folder / name for name in names]
        folders = {parent for path in paths for parent in path.parents if parent.is_relative_to(self.folder)}
        for path in (*paths, *sorted(folders, reverse=True)):
            try:
                descriptor = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def unfinished(self, before: datetime) -> Iterator[ObjectInfo]:
        """Yield the files of a folder that killed processes have left half written, last modified before a time.

        A file is written as NAME#NUMBER and then renamed. No listing shows such files.
        """
        if self.folder is None or self._folder_is_missing:
            return
        for path in self.folder.rglob("*#*"):
            name = path.relative_to(self.folder).as_posix()
            if is_of_raysc(UNFINISHED.sub("", name)) and UNFINISHED.search(name) and path.is_file():
                status = path.stat()
                last_modified = datetime.fromtimestamp(status.st_mtime, UTC)
                if last_modified < before:
                    yield ObjectInfo(name, status.st_size, last_modified)

    def delete_unfinished(self, names: Iterable[str]) -> None:
        """Delete files of ``unfinished``."""
        if self.folder is not None:
            for name in names:
                (self.folder / name).unlink(missing_ok=True)

    def probe(self) -> None:
        """Create, read and delete a small object, as publishing does.

        Raises:
            InputError: one of these fails; the message has the storage's reason.
        """
        name = f"probes/{host.current().new_id()}"
        try:
            self.create(name, b"raysc")
            if self.create(name, b"other"):
                raise StorageError(
                    f"storage {self.uri}: it replaces an object that was to be created only if it is absent; raysc "
                    "needs a storage with conditional writes"
                )
            if self.get(name) != b"raysc":
                raise StorageError(f"storage {self.uri}: an object does not have the bytes that were written")
            self.delete([name])
        except (StorageError, OSError, ValueError, BaseError) as error:
            problem = str(error) if isinstance(error, StorageError) else f"storage {self.uri}: {_reason(error)}"
            if self.folder is not None and self.folder.is_dir() and not has_hard_links(self.folder):
                problem = (
                    f"storage {self.uri}: its file system has no hard links, by which raysc creates a file only if it "
                    "is absent"
                )
            raise InputError(
                f"{problem}\nGive another place with --storage, RAYSC_STORAGE or `storage:` in the sweep file; a "
                "bucket's credentials come from the environment (AWS_..., GOOGLE_..., AZURE_...) or the machine's role."
            ) from error

    @contextmanager
    def _translate_errors(self, problem: str, absent_is_refusal: bool = False) -> Iterator[None]:
        """Raise StorageError for every storage's errors, except for absent objects and existing ones."""
        try:
            yield
        except FileExistsError:
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
