"""Publishing in one atomic step: files go to an attempt folder, then one small manifest is created if it is absent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from raysc.errors import RayscError
from raysc.progress import report
from raysc.store import host
from raysc.store.objects import Objects

FORMAT = 1
"""Version of the manifest format."""


class DamagedObjectError(RayscError):
    """A published object that is missing or differs from what was published.

    Attributes:
        name: the object to move to the trash so that it is made again: the manifest, or the object itself if no other
            object depends on it.
    """

    def __init__(self, problem: str, name: str) -> None:
        super().__init__(problem, name)  # both: unpickling in another process calls the class with args
        self.name = name

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class FileEntry:
    """A manifest's entry of one file.

    Attributes:
        bytes: its size.
        sha256: its SHA-256, in hex.
    """

    bytes: int
    sha256: str


@dataclass
class Attempt:
    """A staging folder. Nobody reads it before its manifest is published; the loser of a race leaves it unread.

    Attributes:
        objects: the store.
        prefix: the folder.
        files: the files put so far, by name below the prefix.
    """

    objects: Objects
    prefix: str
    files: dict[str, FileEntry] = field(default_factory=dict)

    @classmethod
    def start(cls, objects: Objects, path: str) -> "Attempt":
        """Return a new attempt for a path in the store; its folder has a random id."""
        return cls(objects, f"attempts/{path}/{host.current().new_id()[:12]}")

    def put(self, name: str, data: bytes) -> None:
        """Add a file."""
        self.objects.put(f"{self.prefix}/{name}", data)
        self.files[name] = FileEntry(len(data), sha256(data).hexdigest())

    def put_folder(self, name: str, folder: Path) -> None:
        """Add every file of a local folder under a name."""
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        for index, path in enumerate(paths):
            report("storing the model", "files", index, len(paths))
            self.put(f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        report("storing the model", "files", len(paths), len(paths))

    def publish(self, name: str, record: Mapping[str, Any]) -> bool:
        """Create the manifest ``name``.

        Args:
            name: of the manifest in the store.
            record: values to store beside the list of files.

        Returns:
            False if another writer's manifest exists; this attempt then does not count.
        """
        manifest = {
            "format": FORMAT,
            **record,
            "attempt": self.prefix,
            "files": {file: vars(entry) for file, entry in sorted(self.files.items())},
        }
        manifest["checksum"] = _checksum(manifest)
        return self.objects.create(name, json.dumps(manifest, indent=1, sort_keys=True).encode())

    def discard(self) -> None:
        """Delete the files of an attempt that lost to another writer's."""
        self.objects.delete([f"{self.prefix}/{file}" for file in self.files])


def _checksum(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest without its own checksum."""
    content = {key: value for key, value in manifest.items() if key != "checksum"}
    return sha256(json.dumps(content, sort_keys=True, default=list).encode()).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """A published manifest.

    Attributes:
        objects: the store.
        name: its name in the store.
        record: everything that it holds.
        prefix: the attempt's folder.
        files: the files by name below that folder.
    """

    objects: Objects
    name: str
    record: Mapping[str, Any]
    prefix: str
    files: Mapping[str, FileEntry]

    @classmethod
    def read(cls, objects: Objects, name: str) -> "Manifest":
        """Read a manifest.

        Raises:
            FileNotFoundError: it is not published.
            DamagedObjectError: it differs from what was published.
            RayscError: a newer raysc wrote it.
        """
        data = objects.get(name)
        try:
            record = json.loads(data)
            if record["format"] > FORMAT:
                raise RayscError(f"{objects.uri}/{name} was written by a newer raysc (format {record['format']})")
            if record["checksum"] != _checksum(record):
                raise ValueError("its checksum is wrong")
            files = {file: FileEntry(**entry) for file, entry in record["files"].items()}
            return cls(objects, name, record, record["attempt"], files)
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedObjectError(f"{objects.uri}/{name} was changed or cut off: {error}", name) from error

    def object_name(self, file: str) -> str:
        """Return the name of a file's object in the store."""
        return f"{self.prefix}/{file}"

    def get(self, file: str) -> bytes:
        """Return a file's bytes after a check of its SHA-256.

        Raises:
            DamagedObjectError: the file is missing or was changed.
        """
        return read_verified(self.objects, self.object_name(file), self.files[file].sha256, self.name)

    def has_file(self, file: str) -> bool:
        """Return True if a file was published and still exists; retention deletes some."""
        return file in self.files and self.objects.exists(self.object_name(file))

    def get_folder(self, name: str, destination: Path, optional_prefix: str | None = None) -> Path:
        """Copy a folder of the attempt to a local folder, with a check of every file.

        Args:
            name: the folder.
            destination: the local folder.
            optional_prefix: files of the folder whose names start with this may be missing.

        Returns:
            ``destination``.

        Raises:
            DamagedObjectError: another file is missing, or one was changed.
        """
        for file in self.files:
            relative = file.removeprefix(f"{name}/")
            optional = optional_prefix is not None and relative.startswith(optional_prefix)
            if relative != file and not (optional and not self.has_file(file)):
                path = destination / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.get(file))
        return destination


def read_verified(objects: Objects, name: str, digest: str, damaged_name: str) -> bytes:
    """Return the bytes of an object whose SHA-256 is known.

    Args:
        objects: the store.
        name: the object.
        digest: its SHA-256 in hex, or the first digits of it.
        damaged_name: ``DamagedObjectError.name`` if the object is missing or was changed.

    Raises:
        DamagedObjectError: the object is missing, or its SHA-256 differs.
    """
    try:
        data = objects.get(name)
    except FileNotFoundError:
        raise DamagedObjectError(f"{objects.uri}/{name} is missing", damaged_name) from None
    if not sha256(data).hexdigest().startswith(digest):
        raise DamagedObjectError(f"{objects.uri}/{name} was changed or cut off: its checksum is wrong", damaged_name)
    return data
