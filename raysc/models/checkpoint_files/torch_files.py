"""Files of torch.save: the archive of today, and the older layout in which plain pickles hold storages."""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from raysc.models.checkpoint_files.inert import Name, RefusedError, Storage
from raysc.models.checkpoint_files.names import CALLS, Call, stand_ins
from raysc.models.checkpoint_files.pickle_machine import Budget, PickleMachine, shown

MAX_FILE = 2 * 2**30
"""Bytes of the largest file that is read."""
MAX_PICKLE, MAX_DIRECTORY = 2**26, 2**24
LEGACY_MAGIC, LEGACY_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
END, ENTRY, LOCAL = b"PK\5\6", b"PK\1\2", b"PK\3\4"
"""Signatures of a zip archive: its end, an entry of its directory, a file in it."""


def check_size(path: Path) -> int:
    """Return the bytes of a file; RefusedError if they are too many to read."""
    size = path.stat().st_size
    if size > MAX_FILE:
        raise RefusedError(f"it has {size / 2**30:.0f} GiB, and known checkpoints have at most {MAX_FILE // 2**30}")
    return size


@dataclass(frozen=True)
class Entry:
    """A file in an archive: its size, and where its header begins."""

    size: int
    header: int


class Archive:
    """A zip archive as torch writes it: stored files, whose sizes add up to no more than the archive's."""

    def __init__(self, path: Path) -> None:
        """Read the directory; RefusedError if it is none, too large, or has compressed files."""
        self._path, self._size = path, check_size(path)
        self.entries = self._read_directory()
        if sum(entry.size for entry in self.entries.values()) > self._size:
            raise RefusedError("the files of its archive are larger than itself")

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Return a file's bytes; RefusedError if there is none, or if it is larger than the limit."""
        if name not in self.entries:
            raise RefusedError(f"its archive has no {shown(name)}")
        entry = self.entries[name]
        if entry.size > limit:
            raise RefusedError(f"{shown(name)} in its archive has {entry.size} bytes")
        header = self._read_at(entry.header, 30)
        if header[:4] != LOCAL:
            raise RefusedError("its archive is damaged")
        name_size, extra_size = struct.unpack_from("<HH", header, 26)
        return self._read_at(entry.header + 30 + name_size + extra_size, entry.size)

    def _read_at(self, offset: int, size: int) -> bytes:
        if offset + size > self._size:
            raise RefusedError("its archive is shorter than its directory says")
        with self._path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(size)

    def _read_directory(self) -> dict[str, Entry]:
        end = self._read_at(max(self._size - 22, 0), min(22, self._size))
        if len(end) < 22 or end[:4] != END:
            raise RefusedError("it is no archive of torch.save")
        size, offset = struct.unpack_from("<II", end, 12)
        if size > MAX_DIRECTORY:
            raise RefusedError("its archive has too many files")
        return dict(_entries(self._read_at(offset, size)))


def _entries(directory: bytes) -> list[tuple[str, Entry]]:
    """Return names and entries of an archive's directory."""
    entries, position = [], 0
    while position + 46 <= len(directory):
        if directory[position : position + 4] != ENTRY:
            raise RefusedError("its archive is damaged")
        (method,) = struct.unpack_from("<H", directory, position + 10)
        packed, size, name_size, extra_size, comment_size = struct.unpack_from("<IIHHH", directory, position + 20)
        (header,) = struct.unpack_from("<I", directory, position + 42)
        if method != 0 or packed != size:
            raise RefusedError("its archive has compressed files, and torch.save writes none")
        name = directory[position + 46 : position + 46 + name_size].decode("utf-8", "replace")
        entries.append((name, Entry(size, header)))
        position += 46 + name_size + extra_size + comment_size
    return entries


def read_archive(path: Path) -> Any:
    """Read the value that torch.save wrote; its tensors are read later.

    Raises:
        RefusedError: the file is no such archive, or holds something else than tensors and plain values.
    """
    archive = Archive(path)
    roots = [name.removesuffix("data.pkl") for name in archive.entries if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise RefusedError("it is no archive of torch.save: it has no data.pkl")
    (root,) = roots
    if f"{root}byteorder" in archive.entries and archive.read(f"{root}byteorder", 16) != b"little":
        raise RefusedError("its numbers are big-endian")

    @cache  # tensors that share a storage have equal storages
    def reader(key: str, size: int) -> Callable[[], bytes]:
        name = f"{root}data/{key}"
        if name not in archive.entries or archive.entries[name].size != size:
            raise RefusedError(f"the storage {shown(key)} does not have the {size} bytes that it should have")
        return lambda: archive.read(name)

    machine = PickleMachine(stand_ins(CALLS), Budget(), lambda identity: _storage(identity, reader))
    return machine.run(io.BytesIO(archive.read(f"{root}data.pkl", MAX_PICKLE)))


def _storage(identity: Any, reader: Callable[[str, int], Callable[[], bytes | memoryview]]) -> Storage:
    """Return the storage of a persistent id: (storage, class, key, device, number of values)."""
    known = isinstance(identity, tuple) and len(identity) in (5, 6) and identity[0] == "storage"
    if not known or not isinstance(identity[1], Name) or identity[1].dtype is None:
        raise RefusedError("it refers to a storage of an unknown kind")
    _, kind, key, _, values = identity[:5]
    if identity[5:] not in ((), (None,)) or not isinstance(key, str) or type(values) is not int or values < 0:
        raise RefusedError("it refers to a storage of an unknown kind")
    return Storage(kind.dtype, values, reader(key, values * kind.dtype.itemsize))


def read_pickle(path: Path, calls: dict[tuple[str, str], Call]) -> Any:
    """Read a plain pickle, in which a tensor's storage is a file of torch's older layout.

    Args:
        path: the file.
        calls: functions and classes of its layout beside those of tensors and plain values.

    Raises:
        RefusedError: the file holds something else.
    """
    check_size(path)
    names = stand_ins(CALLS | calls | {("torch.storage", "_load_from_bytes"): _load_from_bytes})
    return PickleMachine(names, Budget()).run(io.BytesIO(path.read_bytes()))


def _load_from_bytes(budget: Budget, data: Any) -> Storage:
    """Return the single storage of a file of torch's older layout: five pickles, then its values."""
    if not isinstance(data, bytes):
        raise RefusedError("a storage has no bytes")
    stream, names = io.BytesIO(data), stand_ins({})
    expected: list[int] = []

    def reader(key: str, size: int) -> Callable[[], bytes | memoryview]:
        expected.append(size)
        return lambda: memoryview(data)[len(data) - size :]

    machines = [PickleMachine(names, budget) for _ in range(4)]
    with_storage = PickleMachine(names, budget, lambda identity: _storage(identity, reader))
    magic, protocol, system = (machine.run(stream) for machine in machines[:3])
    storage, keys = with_storage.run(stream), machines[3].run(stream)
    if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL or not isinstance(storage, Storage) or len(keys) != 1:
        raise RefusedError("a storage has another layout than torch.save writes")
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise RefusedError("its numbers are big-endian")
    counted = stream.read(8)
    if counted != struct.pack("<q", storage.values) or expected != [len(data) - stream.tell()]:
        raise RefusedError(f"a storage does not have the {storage.values} values that it should have")
    return storage


def is_archive(path: Path) -> bool:
    """Return whether a file begins as a zip archive does."""
    with path.open("rb") as stream:
        return stream.read(4) == LOCAL
