"""The sweep files that ship with raysc."""

from pathlib import Path

import raysc

FOLDER = Path(raysc.__file__).parent / "sweeps"
"""A link to the folder beside the package in a checkout, a copy of it in a wheel."""


def shipped() -> dict[str, Path]:
    """Name, as in quickstart or kazdan2024/gaussian -> file; sorted."""
    return {file.relative_to(FOLDER).with_suffix("").as_posix(): file for file in sorted(FOLDER.rglob("*.yaml"))}


def purpose(file: Path) -> str:
    """What a shipped sweep file asks: the first paragraph of the comment that it opens with."""
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        text = line.removeprefix("#").strip()
        if not line.startswith("#") or not text:
            break
        lines.append(text)
    return " ".join(lines)
