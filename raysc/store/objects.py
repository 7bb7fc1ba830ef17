"""Named bytes in a folder, an S3 or GCS bucket or an Azure container: everything else in the store is built on this."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import ObjectStore, from_url

from raysc.errors import InputError, RayscError

SCHEMES = ("file", "s3", "gs", "az")


@cache
def _connect(uri: str) -> ObjectStore:
    return from_url(uri, mkdir=True) if uri.startswith("file:") else from_url(uri)


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
        return Path(self._local_path()) if self.uri.startswith("file:") else None

    def _local_path(self) -> str:
        from urllib.request import url2pathname

        return url2pathname(urlsplit(self.uri).path)

    def put(self, name: str, data: bytes) -> None:
        """Write an object, whole or not at all; an older one of that name is replaced."""
        obstore.put(_connect(self.uri), name, data)

    def create(self, name: str, data: bytes) -> bool:
        """Write an object unless one of that name exists; whether it was written. Atomic on every kind of storage."""
        try:
            obstore.put(_connect(self.uri), name, data, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def get(self, name: str) -> bytes:
        """The bytes of an object; FileNotFoundError if there is none."""
        return bytes(obstore.get(_connect(self.uri), name).bytes())

    def exists(self, name: str) -> bool:
        """Whether there is an object of that name."""
        try:
            obstore.head(_connect(self.uri), name)
        except FileNotFoundError:
            return False
        return True

    def names(self, prefix: str = "") -> Iterator[str]:
        """Names of all objects below a prefix (whole path segments), in no particular order."""
        for page in obstore.list(_connect(self.uri), prefix=prefix or None, chunk_size=1000):
            for entry in page:
                yield entry["path"]

    def delete(self, names: list[str]) -> None:
        """Remove objects; those that are gone already do not matter."""
        if names:
            obstore.delete(_connect(self.uri), names)

    def probe(self) -> None:
        """Write, read and remove a small object; InputError with the reason if that fails."""
        name = f"probes/{uuid4().hex}"
        try:
            self.put(name, b"raysc")
            if self.get(name) != b"raysc":
                raise RayscError("what was written was not read back")
            self.delete([name])
        except Exception as error:  # every backend has its own errors; all mean the same to the user
            reason = str(error).strip().splitlines()[0]
            raise InputError(
                f"storage {self.uri}: cannot be written: {reason}\n"
                "Give another place with --storage, RAYSC_STORAGE or `storage:` in the sweep file."
            ) from error
