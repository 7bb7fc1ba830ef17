"""Where files lie."""

from pathlib import Path


def absolute(path: str | None) -> str | None:
    """A path that means the same in every folder: trials run in folders of their own."""
    return None if path is None else str(Path(path).expanduser().absolute())
