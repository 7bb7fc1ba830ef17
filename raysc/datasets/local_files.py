"""Files on this machine: the cache folder, absolute paths, and a lock between processes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of files that outlive a run: ``RAYSC_CACHE``, else ``raysc`` in the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "raysc"
    return Path(os.environ.get("RAYSC_CACHE") or default)


def absolute_path(path: str | None) -> str | None:
    """Return the absolute path: trials run in other working directories. None stays None."""
    return None if path is None else str(Path(path).expanduser().absolute())


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
