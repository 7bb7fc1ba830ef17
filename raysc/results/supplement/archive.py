"""Zip files of supplements: written with equal bytes for equal content, and read without trust in who made them.

A supplement may come from anywhere. Nothing is extracted. Before a byte of a member is unpacked, names, kinds and sizes
are checked; while it is unpacked, its size is.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from raysc.errors import InputError, RayscError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every member: the earliest that a zip file can hold."""
UNIX = 3
"""Number of the system that made a member."""
MODE = stat.S_IFREG | 0o644
LEVEL = 6
"""Level of the compression."""
MAX_MEMBERS = 10_000
MAX_DIRECTORY_BYTES = 2**10 * MAX_MEMBERS
MAX_MEMBER_BYTES, MAX_BYTES = 2**30, 2**31
"""Largest size of one member and of all members, unpacked."""
MAX_RATIO = 1100
"""Largest compression ratio of a member; deflate reaches 1032."""
CHUNK = 2**20
"""Bytes that are unpacked at once."""
END_OF_DIRECTORY, LONG_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
"""Signatures of the record at the end of a zip file, and of the locator before it in files of more than 4 GiB."""
END_BYTES, LOCATOR_BYTES, COMMENT_BYTES = 22, 20, 2**16 - 1
"""Sizes of the two, and largest size of the comment at the very end."""
ENCRYPTED = 0x1
"""Flag of an encrypted member."""


class DamagedMemberError(RayscError):
    """A member of a zip file that cannot be unpacked."""


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file with some members, in the order of their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name, content in sorted(files.items()):
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system, member.external_attr = UNIX, MODE << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return buffer.getvalue()


class Archive:
    """A zip file whose members have safe names, kinds and declared sizes."""

    def __init__(self, file: Path, archive: zipfile.ZipFile) -> None:
        self.file = file
        self._archive = archive

    @property
    def names(self) -> frozenset[str]:
        """Names of all members."""
        return frozenset(self._archive.namelist())

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a member piece by piece.

        Raises:
            DamagedMemberError: it cannot be unpacked, or is larger than declared.
        """
        try:
            with self._archive.open(name) as content:
                while chunk := content.read(CHUNK):
                    yield chunk
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, struct.error, zlib.error) as error:
            raise DamagedMemberError(f"{self.file}: {name} cannot be unpacked: {error}") from error

    def read(self, name: str) -> bytes:
        """Return the content of a member.

        Raises:
            DamagedMemberError: it cannot be unpacked.
        """
        return b"".join(self.chunks(name))


@contextmanager
def open_archive(file: Path) -> Iterator[Archive]:
    """Open a zip file, after a check of everything that its directory says.

    Raises:
        InputError: it cannot be read, is no zip file, or has a member with an unsafe name, kind or size.
    """
    try:
        with file.open("rb") as opened:
            _check_directory(file, opened)
            with zipfile.ZipFile(opened) as archive:
                for problem in _problems(archive.infolist()):
                    raise InputError(f"{file}: refused, nothing was unpacked: {problem}")
                yield Archive(file, archive)
    except (zipfile.BadZipFile, NotImplementedError, struct.error) as error:
        raise InputError(f"{file}: not a zip file that can be read: {error}") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from None


def _check_directory(file: Path, opened: BinaryIO) -> None:
    """Refuse a directory of too many members, or none that can be found, before it is loaded."""
    opened.seek(0, io.SEEK_END)
    opened.seek(max(0, opened.tell() - END_BYTES - LOCATOR_BYTES - COMMENT_BYTES))
    tail = opened.read()
    position = tail.rfind(END_OF_DIRECTORY)
    if position < 0 or len(tail) < position + END_BYTES:
        raise InputError(f"{file}: not a zip file")
    members, directory_bytes = struct.unpack_from("<HI", tail, position + 10)
    is_long = tail[max(0, position - LOCATOR_BYTES) : position].startswith(LONG_LOCATOR)
    if is_long or members > MAX_MEMBERS or directory_bytes > MAX_DIRECTORY_BYTES:
        raise InputError(f"{file}: refused, nothing was unpacked: it is too large for a supplement")


def _problems(members: list[zipfile.ZipInfo]) -> Iterator[str]:
    """Yield what is unsafe about the members of a zip file."""
    seen: set[str] = set()
    for member in members:
        name = member.filename
        if _is_unsafe(name):
            yield f"member {name!r} has an unsafe name"
        if name.casefold() in seen:
            yield f"member {name!r} occurs twice"
        seen.add(name.casefold())
        if name.endswith("/") or stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            yield f"member {name!r} is a link, a folder or another special file"
        if member.flag_bits & ENCRYPTED or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield f"member {name!r} is encrypted or compressed in an unusual way"
        if member.file_size > min(MAX_MEMBER_BYTES, MAX_RATIO * max(member.compress_size, 1)):
            yield f"member {name!r} would be {member.file_size} bytes large"
    if sum(member.file_size for member in members) > MAX_BYTES:
        yield f"more than {MAX_BYTES} bytes in all"


def _is_unsafe(name: str) -> bool:
    """Return True for an absolute name, one that leaves its folder, and one that some system reads as such."""
    if not name or "\\" in name or not name.isprintable():
        return True
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or ":" in name:
        return True
    return any(part in ("", ".", "..") for part in name.removesuffix("/").split("/"))
