"""Sweep files that ship with raysc."""

from pathlib import Path

import raysc

FOLDER = Path(raysc.__file__).parent / "sweeps"
"""In a checkout a link to the folder beside the package, in a wheel a copy of it."""


def shipped() -> dict[str, Path]:
    """Map the name of each shipped file, such as quickstart or kazdan2024/gaussian, to the file; sorted."""
    return {file.relative_to(FOLDER).with_suffix("").as_posix(): file for file in sorted(FOLDER.rglob("*.yaml"))}


def purpose(file: Path) -> str:
    """Return the question of a shipped sweep file: the first paragraph of its opening comment."""
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        text = line.removeprefix("#").strip()
        if not line.startswith("#") or not text:
            break
        lines.append(text)
    return " ".join(lines)
