"""Artifacts that are computed once and shared by sweeps: trained feature extractors and features of real rows."""

from collections.abc import Mapping

from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, Manifest

REFERENCE = "reference-"
"""Prefix of the keys of reference features: what an extractor computes from real rows."""


def read_artifact(objects: Objects, key: str) -> dict[str, bytes] | None:
    """Return the files of an artifact after a check of their SHA-256; None if it is not published.

    Raises:
        DamagedObjectError: a file is missing or was changed.
    """
    try:
        manifest = Manifest.read(objects, f"artifacts/{key}")
    except FileNotFoundError:
        return None
    return {name: manifest.get(name) for name in manifest.files}


def write_artifact(objects: Objects, key: str, files: Mapping[str, bytes]) -> None:
    """Publish an artifact, unless another process published it first."""
    attempt = Attempt.start(objects, f"artifacts/{key}")
    for name, data in files.items():
        attempt.put(name, data)
    if not attempt.publish(f"artifacts/{key}", {"key": key}):
        attempt.discard()
