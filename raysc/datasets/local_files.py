"""Files on this machine: the cache folder, absolute paths, and a lock between processes."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raysc.errors import InputError
from raysc.machine.paths import local_path


def cache_folder() -> Path:
    """Return the folder of files that outlive a run.

    It is ``RAYSC_CACHE``, else ``raysc`` in the user's cache folder, else a folder of this user among temporary files.
    """
    if setting := os.environ.get("RAYSC_CACHE"):
        return Path(setting)
    if setting := os.environ.get("XDG_CACHE_HOME"):
        return Path(setting) / "raysc"
    try:
        return Path.home() / ".cache" / "raysc"
    except RuntimeError:  # containers run with user ids that no file knows
        return Path(tempfile.gettempdir()) / f"raysc-cache-{os.getuid()}"


def make_cache_folder(name: str) -> Path:
    """Return a folder below the cache folder; create it if it is missing.

    Raises:
        InputError: it cannot be created or written.
    """
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        reason = "it cannot be written"
    raise InputError(f"RAYSC_CACHE: the cache folder {cache_folder()}: {reason}; set RAYSC_CACHE to a folder of yours")


def absolute_path(path: str | None) -> str | None:
    """Return the absolute path: trials run in other working directories. None stays None.

    Raises:
        InputError: no file system has such a path.
    """
    return None if path is None else str(local_path(path))


@contextmanager
def file_lock(lock: Path) -> Iterator[None]:
    """Hold a lock that one process of this machine has at a time; wait for it.

    Args:
        lock: path of the lock file, created if missing.

    Raises:
        OSError: the lock file cannot be created.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
