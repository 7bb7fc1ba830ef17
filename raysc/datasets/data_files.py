"""Files of a data set: the files of a folder that are data, and stamps that change with their content."""

import os
import time
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from raysc.datasets.readers import reader_errors
from raysc.errors import InputError

SYSTEM_NAMES = frozenset((
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "#recycle", "$recycle.bin", "lost+found",
    "system volume information", "_temporary", "_delta_log",
))  # fmt: skip
"""Lower-case names of files and folders that operating systems, storage devices and Spark put beside data."""

CLOCK_STEP = 2.0
"""Seconds within which two changes of a file can have equal times, on the coarsest file system (FAT)."""


class FileStamp(NamedTuple):
    """Properties of a file that differ after a change of its content.

    Attributes:
        path: path of the file.
        size: bytes.
        modified: time of the last change of the content, ns; programs can set it.
        changed: time of the last change of content or properties, ns; programs cannot set it.
        content: hash of the content if the last change is younger than ``CLOCK_STEP``, else "".
    """

    path: str
    size: int
    modified: int
    changed: int
    content: str


def file_stamps(files: Sequence[Path]) -> tuple[FileStamp, ...]:
    """Return the stamps of some files, in their order; InputError if a file cannot be read."""
    return tuple(_stamp(file) for file in files)


def _stamp(file: Path) -> FileStamp:
    with reader_errors(file, "a file"):
        status = file.stat()
        recent = time.time() - max(status.st_mtime, status.st_ctime) < CLOCK_STEP
        content = blake2b(file.read_bytes(), digest_size=16).hexdigest() if recent else ""
        return FileStamp(str(file), status.st_size, status.st_mtime_ns, status.st_ctime_ns, content)


def is_hidden(name: str) -> bool:
    """Return True if a relative path names no data.

    Names that begin with a point are hidden: ``.ipynb_checkpoints`` of Jupyter, ``._NAME`` and ``.DS_Store`` of macOS,
    ``.git``. So are the names of ``SYSTEM_NAMES``. A hidden folder hides its files.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any((part.startswith(".") and part != "..") or part.lower() in SYSTEM_NAMES for part in parts)


def find_files(folder: Path, endings: Iterable[str]) -> list[Path]:
    """Find the data files below a folder, each of them once, in no fixed order.

    Hidden files are left out. Links to folders are followed, except into folders that the search visits anyway and into
    those that contain ``folder``. A link to a file that is itself among the results is left out.

    Args:
        folder: the folder.
        endings: lower-case endings of the names; case does not matter.

    Raises:
        InputError: a folder cannot be listed, a link is broken, or a name belongs to no regular file.
    """
    suffixes = tuple(endings)
    with reader_errors(folder, "a folder"):
        root = folder.resolve()
        visited = {_identity(path) for path in (root, *root.parents)} - {_identity(root)}
        files: list[Path] = []
        pending = [folder]
        while pending:  # links come after all folders, so that a file has its shortest name
            linked: list[Path] = []
            for link in pending:
                _visit(link, suffixes, visited, files, linked)
            pending = sorted(linked)
        targets = {file.resolve() for file in files if not file.is_symlink()}
        return [file for file in files if not file.is_symlink() or file.resolve() not in targets]


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _visit(
    start: Path, endings: tuple[str, ...], visited: set[tuple[int, int]], files: list[Path], linked: list[Path]
) -> None:
    """Search one folder and its real subfolders; extend ``files``, and ``linked`` by the links to folders."""
    pending = [start]
    while pending:
        folder = pending.pop()
        identity = _identity(folder)
        if identity in visited:
            continue
        visited.add(identity)
        with os.scandir(folder) as entries:
            for entry in entries:
                path = folder / entry.name
                if is_hidden(entry.name):
                    continue
                if _is_folder(entry):
                    (linked if entry.is_symlink() else pending).append(path)
                elif entry.name.lower().endswith(endings):
                    check_regular(path)
                    files.append(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def check_regular(file: Path) -> None:
    """Check that a path leads to a regular file.

    Raises:
        InputError: the path is a broken link, a pipe, a device or the like.
    """
    if file.is_file():
        return
    if file.is_symlink():
        raise InputError(f"{file} is a broken link: its target {file.readlink()} is not there; restore or remove it")
    raise InputError(f"{file} is no regular file")
