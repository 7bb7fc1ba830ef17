"""The file of checksums in a supplement, in the format of ``sha256sum``."""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

CHECKSUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def checksums_text(files: Mapping[str, bytes]) -> str:
    """Return one line for each file, in the order of their names."""
    return "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))


def read_checksums(text: str) -> dict[str, str]:
    """Return name -> SHA-256 in hex digits.

    Raises:
        ValueError: a line is none of ``sha256sum``, or a name occurs twice.
    """
    checksums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = LINE.fullmatch(line)
        if match is None or match[2] in checksums:
            raise ValueError(f"line {number} is no checksum")
        checksums[match[2]] = match[1]
    return checksums


def digest(chunks: Iterable[bytes]) -> str:
    """Return the SHA-256 of some bytes, as hex digits."""
    hashed = sha256()
    for chunk in chunks:
        hashed.update(chunk)
    return hashed.hexdigest()
