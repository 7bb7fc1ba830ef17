"""Inputs that once violated the property. They are kept as files and always replayed."""

from hashlib import sha256
from pathlib import Path

from tests.fuzzing.kind import Kind

FOLDER = Path(__file__).parent / "failing_inputs"
"""Files <kind>/<number of the sample>-<first digits of the SHA-256>."""


def save(kind: Kind, number: int, data: bytes) -> Path:
    """Keep an input that is read in the place of a sample, and return its file."""
    file = FOLDER / kind.name / f"{number}-{sha256(data).hexdigest()[:12]}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def kept_inputs(kind: str) -> list[tuple[int, bytes]]:
    """Return the kept inputs of a kind, each with the number of its sample."""
    files = sorted((FOLDER / kind).glob("*-*"))
    return [(int(file.name.partition("-")[0]), file.read_bytes()) for file in files]
