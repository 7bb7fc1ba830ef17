"""Publishing in one atomic step: files go to an attempt folder, then one small manifest is created if it is absent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from raysc.errors import RayscError
from raysc.models.family import TRAINING_STATE_PREFIX
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
        digest: SHA-256 of the bytes of that object when it was judged, in hex; "" if they are not known.
    """

    def __init__(self, problem: str, name: str, digest: str = "") -> None:
        super().__init__(problem, name, digest)  # all: unpickling in another process calls the class with args
        self.name = name
        self.digest = digest

    def __str__(self) -> str:
        return str(self.args[0])


class DamagedStateError(DamagedObjectError):
    """A training state that is missing or differs from what was published, while its model may be in order."""


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
    """A staging folder. Nobody reads it before its manifest is published; the loser of a race deletes its files.

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

    def sync(self, name: str) -> None:
        """Bring the files and their manifest ``name`` to the disk, before something that they replace is deleted."""
        self.objects.sync([name, *(f"{self.prefix}/{file}" for file in self.files)])

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
        digest: SHA-256 of its bytes, in hex.
    """

    objects: Objects
    name: str
    record: Mapping[str, Any]
    prefix: str
    files: Mapping[str, FileEntry]
    digest: str

    @classmethod
    def read(cls, objects: Objects, name: str) -> "Manifest":
        """Read a manifest.

        Raises:
            FileNotFoundError: it is not published.
            DamagedObjectError: it differs from what was published.
            RayscError: a newer raysc wrote it.
        """
        data = objects.get(name)
        digest = sha256(data).hexdigest()
        try:
            record = json.loads(data)
            if record["format"] > FORMAT:
                raise RayscError(f"{objects.uri}/{name} was written by a newer raysc (format {record['format']})")
            if record["checksum"] != _checksum(record):
                raise ValueError("its checksum is wrong")
            files = {file: FileEntry(**entry) for file, entry in record["files"].items()}
            for path in (record["attempt"], *files):
                if not is_relative(path):
                    raise ValueError(f"{path!r} is no name of a file below a folder")
            _check_types(record, files)
            return cls(objects, name, record, record["attempt"], files, digest)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedObjectError(f"{objects.uri}/{name} was changed or cut off: {error}", name, digest) from error

    def object_name(self, file: str) -> str:
        """Return the name of a file's object in the store."""
        return f"{self.prefix}/{file}"

    def get(self, file: str) -> bytes:
        """Return a file's bytes after a check of its SHA-256.

        Raises:
            DamagedObjectError: the file is missing or was changed.
        """
        name = self.object_name(file)
        try:
            return read_verified(self.objects, name, self.files[file].sha256)
        except DamagedObjectError as damage:
            kind = DamagedStateError if is_training_state(file) else DamagedObjectError
            raise kind(str(damage), self.name, self.digest) from None

    def has_file(self, file: str) -> bool:
        """Return True if a file was published and still exists; retention deletes some."""
        return file in self.files and self.objects.exists(self.object_name(file))

    def get_folder(self, name: str, destination: Path, without_prefix: str | None = None) -> Path:
        """Copy a folder of the attempt to a local folder, with a check of every file.

        Args:
            name: the folder.
            destination: the local folder.
            without_prefix: files of the folder whose names start with this are left out; they may be missing.

        Returns:
            ``destination``.

        Raises:
            DamagedObjectError: a file is missing or was changed.
        """
        for file in self.files:
            relative = file.removeprefix(f"{name}/")
            if relative == file or (without_prefix is not None and relative.startswith(without_prefix)):
                continue
            path = destination / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.get(file))
        return destination


def _check_types(record: Mapping[str, Any], files: Mapping[str, FileEntry]) -> None:
    """Check the types of what readers of a manifest use, so that they need not.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: a value has another type.
    """
    numbers: list[object] = [entry.bytes for entry in files.values()]
    texts: list[object] = [entry.sha256 for entry in files.values()]
    for entry in record.get("rows", ()):
        numbers += [entry["generation"], entry["first"], entry["rows"]]
        texts += [entry["sha256"], entry.get("file", "")]
    for seed, generation in record.get("ended", {}).items():
        numbers += [int(seed), generation]
    numbers += [*record.get("diverged", ()), record.get("last", 0)]
    texts.append(record.get("model", ""))
    if not all(isinstance(number, int) for number in numbers) or not all(isinstance(text, str) for text in texts):
        raise TypeError("a value has another type")


def is_training_state(file: str) -> bool:
    """Return True for a file of a training state: <folder>/training_state..., which only training reads."""
    return file.partition("/")[2].startswith(TRAINING_STATE_PREFIX)


def is_relative(path: str) -> bool:
    """Return True if a path stays below its folder on every system: no empty part, "." or "..", drive or backslash."""
    return not any(part in ("", ".", "..") or set(part) & set("\\:\0") for part in path.split("/"))


def read_verified(objects: Objects, name: str, digest: str) -> bytes:
    """Return the bytes of an object whose SHA-256 is known.

    Args:
        objects: the store.
        name: the object.
        digest: its SHA-256 in hex, or the first digits of it.

    Raises:
        DamagedObjectError: the object is missing, or its SHA-256 differs. It names this object.
    """
    try:
        data = objects.get(name)
    except FileNotFoundError:
        raise DamagedObjectError(f"{objects.uri}/{name} is missing", name) from None
    actual = sha256(data).hexdigest()
    if not actual.startswith(digest):
        raise DamagedObjectError(f"{objects.uri}/{name} was changed or cut off: its checksum is wrong", name, actual)
    return data
