"""Sweep files that ship with raysc."""

from pathlib import Path

import raysc
from raysc.sweepfile.document import MODELINE

FOLDER = Path(raysc.__file__).parent / "sweeps"
"""In a checkout a link to the folder beside the package, in a wheel a copy of it."""
SCHEMA = FOLDER / "raysc.schema.json"
"""The JSON Schema of the sweep file, made by ``raysc schema``."""


def shipped() -> dict[str, Path]:
    """Map the name of each shipped file, such as quickstart or kazdan2024/gaussian, to the file; sorted."""
    return {file.relative_to(FOLDER).with_suffix("").as_posix(): file for file in sorted(FOLDER.rglob("*.yaml"))}


def purpose(file: Path) -> str:
    """Return the question of a shipped sweep file: the first paragraph of its opening comment."""
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(MODELINE):
            continue
        text = line.removeprefix("#").strip()
        if not line.startswith("#") or not text:
            break
        lines.append(text)
    return " ".join(lines)


def copy_name(name: str) -> str:
    """Return the file name of a copy: kazdan2024-gaussian.yaml for kazdan2024/gaussian; no two files share it."""
    return f"{name.replace('/', '-')}.yaml"


def copy_text(name: str) -> str:
    """Return the text of a shipped sweep file for a folder that holds a copy of ``SCHEMA``; its command runs there."""
    first, _, rest = shipped()[name].read_text(encoding="utf-8").partition("\n")
    assert first.startswith(MODELINE), f"{name} does not begin with its schema"
    return f"{MODELINE} $schema={SCHEMA.name}\n{rest.replace(f' sweeps/{name}.yaml', f' {copy_name(name)}')}"
