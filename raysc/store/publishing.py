"""Publishing is one atomic act: files go to an attempt folder, then one small manifest is created if it is absent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from raysc.errors import RayscError
from raysc.store.objects import Objects

FORMAT = 1


class Damaged(RayscError):
    """A published file is missing or is not what its manifest says."""


@dataclass(frozen=True)
class Stored:
    """What a manifest says of one file: its size in bytes and its SHA-256."""

    bytes: int
    sha256: str


@dataclass
class Attempt:
    """A folder that nobody reads until its manifest is published; the loser of a race leaves it behind unread.

    Attributes:
        objects: the store.
        prefix: the folder.
        files: what has been put so far, by name below the prefix.
    """

    objects: Objects
    prefix: str
    files: dict[str, Stored] = field(default_factory=dict)

    @classmethod
    def below(cls, objects: Objects, place: str) -> "Attempt":
        """A new attempt folder for a place in the store."""
        return cls(objects, f"attempts/{place}/{uuid4().hex[:12]}")

    def put(self, name: str, data: bytes) -> None:
        """Add a file."""
        self.objects.put(f"{self.prefix}/{name}", data)
        self.files[name] = Stored(len(data), sha256(data).hexdigest())

    def put_folder(self, name: str, folder: Path) -> None:
        """Add every file of a local folder under a name."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def publish(self, name: str, record: Mapping[str, Any]) -> bool:
        """Create the manifest ``name``; False if somebody else's was there first, and then nothing of ours counts."""
        manifest = {
            "format": FORMAT,
            **record,
            "attempt": self.prefix,
            "files": {file: vars(stored) for file, stored in sorted(self.files.items())},
        }
        return self.objects.create(name, json.dumps(manifest, indent=1, sort_keys=True).encode())


@dataclass(frozen=True)
class Manifest:
    """A published manifest.

    Attributes:
        objects: the store.
        name: its name in the store.
        record: what was recorded beside the files.
        files: by name below the attempt's folder.
    """

    objects: Objects
    name: str
    record: Mapping[str, Any]
    prefix: str
    files: Mapping[str, Stored]

    @classmethod
    def read(cls, objects: Objects, name: str) -> "Manifest":
        """Read a manifest; FileNotFoundError if it is not published, Damaged if it is no manifest."""
        try:
            record = json.loads(objects.get(name))
            prefix = record["attempt"]
            files = {file: Stored(**stored) for file, stored in record["files"].items()}
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(f"{objects.uri}/{name} is not a manifest of raysc: {error}") from error
        if record["format"] > FORMAT:
            raise RayscError(f"{objects.uri}/{name} was written by a newer raysc (format {record['format']})")
        return cls(objects, name, record, prefix, files)

    def get(self, file: str) -> bytes:
        """A file's bytes, checked; Damaged if it is gone or was changed."""
        place = f"{self.prefix}/{file}"
        try:
            data = self.objects.get(place)
        except FileNotFoundError:
            raise Damaged(f"{self.objects.uri}/{place} is missing") from None
        if sha256(data).hexdigest() != self.files[file].sha256:
            raise Damaged(f"{self.objects.uri}/{place} was changed or cut off: its checksum is wrong")
        return data

    def get_folder(self, name: str, into: Path) -> Path:
        """Copy a folder of the attempt to a local folder, checked; returns ``into``."""
        for file in self.files:
            if file.startswith(f"{name}/"):
                path = into / file.removeprefix(f"{name}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.get(file))
        return into
