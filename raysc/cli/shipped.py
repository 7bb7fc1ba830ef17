"""The sweep files that ship with raysc."""

from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PLACES = (HERE.parent / "sweeps", HERE / "sweeps")
"""In a checkout they lie beside the package, in an installed wheel inside it."""


def shipped() -> dict[str, Path]:
    """Name, as in quickstart or kazdan2024/gaussian -> file."""
    folder = next((place for place in PLACES if place.is_dir()), None)
    files = sorted(folder.rglob("*.yaml")) if folder else []
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files} if folder else {}
