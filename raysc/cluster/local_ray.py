"""Folder and token of a Ray that is started on this machine, where Ray's defaults cannot be used.

Batch systems set TMPDIR to paths that are too long for sockets. In containers and on clusters the home folder may be
read-only, or missing.
"""

import os
import secrets
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from raysc.cluster import ray_compat
from raysc.errors import InputError
from raysc.machine.paths import is_existing

SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
"""Folders that are tried where the user's temporary folder cannot be used."""


class RayFolder(NamedTuple):
    """The folder in which a local Ray keeps sockets and logs.

    Attributes:
        path: the folder.
        problem: the reason why it is not Ray's default; "" if it is.
        spill: folder for objects that exceed the memory; None: below ``path``.
    """

    path: str
    problem: str = ""
    spill: str | None = None


def ray_folder() -> RayFolder:
    """Return the folder for a local Ray: the default, or a shorter one.

    Raises:
        InputError: no folder can be used.
    """
    name = next((name for name in ray_compat.TEMPORARY_FOLDERS if name in os.environ), "")
    default = os.environ.get(name, "/tmp")
    problem = _problem(default)
    if not problem:
        return RayFolder(f"{default.rstrip('/')}/ray")
    for folder in dict.fromkeys((*SHORT_FOLDERS, os.environ.get("XDG_RUNTIME_DIR", "/tmp"))):
        path = f"{folder.rstrip('/')}/ray"
        if is_existing(Path(path)) and not _is_writable(path):
            path = f"{path}-{os.getuid()}"  # another user has /tmp/ray
        if not _problem(folder, path):
            return RayFolder(path, f"{name or 'the default'} {default}: {problem}", _spill_folder(default))
    raise InputError(
        f"Ray's sockets need another temporary folder than {default}: {problem}; set RAY_TMPDIR to a folder that this "
        f"user may write, with a path of at most {_max_bytes()} bytes, such as RAY_TMPDIR=/tmp"
    )


def _max_bytes() -> int:
    """Return the bytes of the longest temporary folder in which Ray's sockets fit."""
    return ray_compat.MAX_SOCKET_PATH - ray_compat.SOCKET_BYTES - len("/ray")


def _problem(folder: str, path: str | None = None) -> str:
    """Return the reason why Ray cannot use a temporary folder; "" if it can.

    Args:
        folder: the temporary folder.
        path: Ray's folder in it; None: ``ray``.
    """
    size = len(os.fsencode(folder.rstrip("/"))) if path is None else len(os.fsencode(path)) - len("/ray")
    if not folder.startswith("/"):
        return "it is a relative path"
    if size > _max_bytes():
        return f"its path has {size} bytes, and Ray's sockets need a shorter one, of at most {_max_bytes()}"
    ray = Path(path) if path else Path(folder) / "ray"
    existing = next(parent for parent in (ray, *ray.parents) if is_existing(parent))
    return "" if _is_writable(str(existing)) else f"{existing} cannot be written"


def _is_writable(folder: str) -> bool:
    return Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _spill_folder(folder: str) -> str | None:
    """Return the user's temporary folder for large objects, if it can be written: it is there to be filled."""
    return folder if folder.startswith("/") and _is_writable(folder) else None


def token_for_local_ray() -> str | None:
    """Return a token for a Ray that lives as long as this process; None if Ray can keep its own in the home folder."""
    return None if not ray_compat.needs_token() or _home_takes_token() else _process_token()


@cache
def _process_token() -> str:
    """Return a random token, the same for the whole process: Ray reads it once."""
    return secrets.token_hex(32)


def _home_takes_token() -> bool:
    """Return True if ``~/.ray/auth_token`` can be read or written. Parts of Ray know the home by HOME only."""
    if not os.environ.get("HOME"):
        return False
    folder = Path(os.environ["HOME"]) / ".ray"
    try:
        if (folder / "auth_token").read_text("ascii").strip():
            return True
    except (OSError, UnicodeDecodeError):
        pass
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"raysc")
    except OSError:
        return False
    return True
