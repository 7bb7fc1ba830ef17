"""A storage in this process, filled with the files of a folder."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from raysc.store import storage
from raysc.store.objects import Objects
from raysc.store.storage import ObjectInfo

SCHEME = "fuzzing"


class MemoryStorage:
    """Objects in a dictionary.

    Attributes:
        objects: name -> bytes.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        """Write an object."""
        self.objects[name] = data

    def create(self, name: str, data: bytes) -> None:
        """Write an object unless there is one."""
        if name in self.objects:
            raise FileExistsError(name)
        self.objects[name] = data

    def get(self, name: str) -> bytes:
        """Return the bytes of an object."""
        if name not in self.objects:
            raise FileNotFoundError(name)
        return self.objects[name]

    def exists(self, name: str) -> bool:
        """Return True if there is an object of that name."""
        return name in self.objects

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield the objects below a prefix."""
        for name, data in list(self.objects.items()):
            if not prefix or name.startswith(f"{prefix}/"):
                yield ObjectInfo(name, len(data), datetime.now(UTC))

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects."""
        for name in names:
            self.objects.pop(name, None)


def open_copy(folder: Path | None) -> tuple[Objects, MemoryStorage]:
    """Return a new store in memory with the files of a folder; empty without a folder."""
    memory = MemoryStorage()
    if folder is not None:
        files = (file for file in sorted(folder.rglob("*")) if file.is_file())
        memory.objects.update({file.relative_to(folder).as_posix(): file.read_bytes() for file in files})
    uri = f"{SCHEME}:///{uuid4().hex}"  # connections are cached by URI
    _MEMORIES[uri] = memory
    storage.OPENERS[SCHEME] = _MEMORIES.__getitem__
    return Objects(uri), memory


_MEMORIES: dict[str, MemoryStorage] = {}
