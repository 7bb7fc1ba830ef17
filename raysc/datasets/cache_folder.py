"""Where files lie, and who may write there."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def absolute(path: str | None) -> str | None:
    """A path that means the same in every folder: trials run in folders of their own."""
    return None if path is None else str(Path(path).expanduser().absolute())


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process of this machine at a time; others wait. OSError where the lock cannot be made."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
