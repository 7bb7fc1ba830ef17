"""Keyed things that are made once and shared by sweeps: a trained feature extractor, what one makes of real rows."""

from collections.abc import Mapping

from raysc.store.objects import Objects
from raysc.store.publishing import Attempt, Manifest


def read_artifact(objects: Objects, key: str) -> dict[str, bytes] | None:
    """The files of an artifact, checked, or None if it was not made yet."""
    try:
        manifest = Manifest.read(objects, f"artifacts/{key}")
    except FileNotFoundError:
        return None
    return {name: manifest.get(name) for name in manifest.files}


def write_artifact(objects: Objects, key: str, files: Mapping[str, bytes]) -> None:
    """Publish an artifact; if somebody else was first, theirs stays."""
    attempt = Attempt.below(objects, f"artifacts/{key}")
    for name, data in files.items():
        attempt.put(name, data)
    if not attempt.publish(f"artifacts/{key}", {"key": key}):
        attempt.drop()
