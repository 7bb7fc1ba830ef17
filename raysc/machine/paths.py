"""One rule for the paths of files and folders that a user names."""

import os
import re
from pathlib import Path

from raysc.errors import InputError

MAX_NAME_BYTES = 255
"""Longest name of a file or folder that file systems take, in bytes."""
MAX_PATH_BYTES = 4095
"""Longest path that Linux takes, in bytes."""
URI = re.compile(r"(file|s3|gs|az):|[a-z][a-z0-9+.-]*://", re.IGNORECASE)
"""Beginning of a URI, also of one that is not well-formed."""


def local_path(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path that a user means; ``~`` is the home folder. Links are kept.

    Raises:
        InputError: no file system has such a path, it is a URI, or the home folder is unknown.
    """
    text = os.fspath(path)
    if not isinstance(text, str):
        raise InputError(f"{text!r}: expected a path as text")
    if not text:
        raise InputError("expected a path, got an empty text")
    if URI.match(text):
        raise InputError(f"{short_text(text)}: expected a path on this machine, got a URI; write the path alone")
    if "\0" in text:
        raise InputError(f"{short_text(text)}: a path cannot hold a zero byte")
    try:
        absolute = Path(text).expanduser().absolute()
    except RuntimeError:
        home = Path(text).parts[0]
        raise InputError(f"{short_text(text)}: {home} is no home folder of this machine; write the path out") from None
    except FileNotFoundError:
        raise InputError(f"{short_text(text)}: the current folder does not exist any more") from None
    try:
        sizes = [len(os.fsencode(part)) for part in absolute.parts]
    except UnicodeEncodeError:
        raise InputError(f"{short_text(text)}: the path holds characters that no file name can have") from None
    if max(sizes) > MAX_NAME_BYTES:
        raise InputError(f"{short_text(text)}: a name in this path has more than {MAX_NAME_BYTES} bytes")
    if sum(sizes) + len(sizes) > MAX_PATH_BYTES:
        raise InputError(f"{short_text(text)}: the path has more than {MAX_PATH_BYTES} bytes")
    return absolute


def is_existing(path: Path) -> bool:
    """Return True if there is a file or folder; False also if this user may not look for it."""
    try:
        return path.exists()
    except OSError:
        return False


def short_text(text: str) -> str:
    """Return a path for a message: at most 80 printable characters."""
    shown = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
