"""Publishing is one atomic act: files go to an attempt folder, then one small manifest is created if it is absent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from raysc.errors import RayscError
from raysc.progress import tell
from raysc.store.objects import Objects

FORMAT = 1


class Damaged(RayscError):
    """A published object is missing or is not what was published.

    Attributes:
        name: what has to be set aside so that it is made again: the manifest, or the object itself where others do not
            depend on it.
    """

    def __init__(self, problem: str, name: str) -> None:
        super().__init__(problem, name)  # both: an exception that comes from another process is made from its args
        self.name = name

    def __str__(self) -> str:
        return str(self.args[0])


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
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        for place, path in enumerate(paths):
            tell("storing the model", "files", place, len(paths))
            self.put(f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        tell("storing the model", "files", len(paths), len(paths))

    def publish(self, name: str, record: Mapping[str, Any]) -> bool:
        """Create the manifest ``name``; False if somebody else's was there first, and then nothing of ours counts."""
        manifest = {
            "format": FORMAT,
            **record,
            "attempt": self.prefix,
            "files": {file: vars(stored) for file, stored in sorted(self.files.items())},
        }
        manifest["checksum"] = _checksum(manifest)
        return self.objects.create(name, json.dumps(manifest, indent=1, sort_keys=True).encode())

    def drop(self) -> None:
        """Remove what was put: somebody else was first."""
        self.objects.delete([f"{self.prefix}/{file}" for file in self.files])


def _checksum(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest without its own checksum."""
    rest = {key: value for key, value in manifest.items() if key != "checksum"}
    return sha256(json.dumps(rest, sort_keys=True, default=list).encode()).hexdigest()


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
        """Read a manifest.

        Raises:
            FileNotFoundError: it is not published.
            Damaged: it is not what was published.
            RayscError: a newer raysc wrote it.
        """
        data = objects.get(name)
        try:
            record = json.loads(data)
            if record["format"] > FORMAT:
                raise RayscError(f"{objects.uri}/{name} was written by a newer raysc (format {record['format']})")
            if record["checksum"] != _checksum(record):
                raise ValueError("its checksum is wrong")
            files = {file: Stored(**stored) for file, stored in record["files"].items()}
            return cls(objects, name, record, record["attempt"], files)
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(f"{objects.uri}/{name} was changed or cut off: {error}", name) from error

    def place(self, file: str) -> str:
        """A file's name in the store."""
        return f"{self.prefix}/{file}"

    def get(self, file: str) -> bytes:
        """A file's bytes, checked; Damaged if it is gone or was changed."""
        return checked(self.objects, self.place(file), self.files[file].sha256, self.name)

    def holds(self, file: str) -> bool:
        """Whether a file was published and is still there: retention drops some."""
        return file in self.files and self.objects.exists(self.place(file))

    def get_folder(self, name: str, into: Path, optional: str | None = None) -> Path:
        """Copy a folder of the attempt to a local folder, checked.

        Args:
            name: the folder.
            into: where to.
            optional: files of the folder whose names start so may be gone.

        Returns:
            ``into``.
        """
        for file in self.files:
            inner = file.removeprefix(f"{name}/")
            may_be_gone = optional is not None and inner.startswith(optional)
            if inner != file and not (may_be_gone and not self.holds(file)):
                path = into / inner
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.get(file))
        return into


def checked(objects: Objects, name: str, expected: str, blame: str) -> bytes:
    """The bytes of an object whose SHA-256 is known.

    Args:
        objects: the store.
        name: the object.
        expected: its SHA-256, or the beginning of it.
        blame: what Damaged names if the object is gone or was changed.
    """
    try:
        data = objects.get(name)
    except FileNotFoundError:
        raise Damaged(f"{objects.uri}/{name} is missing", blame) from None
    if not sha256(data).hexdigest().startswith(expected):
        raise Damaged(f"{objects.uri}/{name} was changed or cut off: its checksum is wrong", blame)
    return data
