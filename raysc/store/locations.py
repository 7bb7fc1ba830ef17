"""One rule for the place of a store: a folder, or the URI of a bucket.

A place has one form in every process: the absolute ``file:`` URI of a folder, or the URI of a bucket without a slash at
its end.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from raysc.errors import InputError
from raysc.machine.paths import local_path, short_text

BUCKETS = ("s3", "gs", "az")
"""URI schemes of buckets."""
SCHEMES = ("file", *BUCKETS)
"""URI schemes that a user can name. Tests also use ``memory:///NAME``, a store inside one process."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_PREFIX = re.compile(r"(/[\w.!'()*=@,~+-]+)*", re.ASCII)


def store_uri(location: str | os.PathLike[str]) -> str:
    """Return the URI of a store.

    Args:
        location: a folder, or a URI.

    Raises:
        InputError: no store can be there; the message has the form that is expected.
    """
    text = os.fspath(location)
    if not isinstance(text, str):
        raise InputError(f"storage {text!r}: expected a folder or a URI, as text")
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else ""
    try:
        if scheme in BUCKETS:
            return _bucket_uri(text)
        if scheme == "file":
            return _folder_uri(text)
        if match and match[2]:
            raise InputError(f"{scheme}:// is not supported; use a path, or {', '.join(SCHEMES)}")
        return _checked_folder(text).as_uri()
    except InputError as error:
        shown = short_text(text)
        raise InputError(f"storage {shown}: {str(error).removeprefix(f'{shown}: ')}") from None


def _bucket_uri(text: str) -> str:
    """Return the URI of a bucket, or of a folder in it."""
    scheme, _, rest = text.partition(":")
    if not rest.startswith("//"):
        raise InputError(f"expected {scheme}://BUCKET/FOLDER, with two slashes")
    bucket, slash, prefix = rest[2:].rstrip("/").partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise InputError(f"expected {scheme}://BUCKET/FOLDER; {bucket or 'an empty text'} is no name of a bucket")
    if not _PREFIX.fullmatch(slash + prefix) or {".", ".."} & {*prefix.split("/")}:
        raise InputError(
            "a folder in a bucket is named by letters, digits and - _ . = ~ + @ , ! ' ( ) *; others, such as spaces, "
            "# ? and %, mean different objects to different programs"
        )
    return f"{scheme.lower()}://{bucket}{slash}{prefix}"


def _folder_uri(text: str) -> str:
    """Return the URI of a folder of this machine that is named by a URI."""
    parts = urlsplit(text)
    if not text[5:].startswith("///") or parts.netloc:
        raise InputError("expected file:///FOLDER, with three slashes and an absolute path; or write the path alone")
    if parts.query or parts.fragment or "#" in text or "?" in text:
        raise InputError("? and # end the path of a URI; write the path alone, or %3F and %23")
    return _checked_folder(url2pathname(parts.path)).as_uri()


def _checked_folder(path: str) -> Path:
    """Return the absolute path of a folder without links; InputError if there is a file."""
    folder = local_path(path)
    try:
        resolved = folder.resolve()
        existing = next((parent for parent in (resolved, *resolved.parents) if parent.exists()), resolved)
        if existing.exists() and not existing.is_dir():
            raise InputError(
                f"it cannot be written: {existing} is a file; give another place with --storage, RAYSC_STORAGE or "
                "`storage:` in the sweep file"
            )
    except (OSError, RuntimeError) as error:
        raise InputError(f"it cannot be looked up: {getattr(error, 'strerror', None) or error}") from None
    return resolved
