"""``--set a.b=c``: change a sweep file's values before they are checked."""

from collections.abc import Sequence
from typing import Any

from raysc.errors import InputError
from raysc.sweepfile.yaml_reader import Document, places_below, read_value


def override(document: Document, assignments: Sequence[str]) -> None:
    """Change the document as the assignments say, in their order.

    A key that the grammar does not have is refused later, with all others; its place is then the assignment.

    Args:
        document: changed in place.
        assignments: ``a.b=c``; c is YAML. ``space.K=v`` for a single grid, ``space.N.K=v`` (N from 0) for several.

    Raises:
        InputError: no ``=``, broken YAML, or a key below something that has none.
    """
    for assignment in assignments:
        _apply(document, assignment)


def _apply(document: Document, assignment: str) -> None:
    place = f"--set {assignment}"
    key, equals, text = assignment.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")):
        raise InputError(f"{place}: expected KEY=VALUE, such as seeds=2 or loop.budget.steps=10")
    value, below = read_value(text, lambda line: place)
    others: list[str] = []
    if key.startswith("space."):
        key, others = _put_in_space(document, key.removeprefix("space."), value, place)
    else:
        _put(document, key.split("."), value, place)
    kept = {line for other in others for line in places_below(other, document.lines)}
    for stale in places_below(key, document.lines):
        if stale not in kept:
            del document.lines[stale]
    document.lines[key] = place
    document.lines.update({f"{key}.{name}": where for name, where in below.items()})


def _put(document: Document, parts: list[str], value: Any, place: str) -> None:
    """Set ``file[a][b][c]``; the mappings on the way are made where they are missing."""
    here = document.value
    for depth, part in enumerate(parts[:-1]):
        below = here.get(part)
        if depth == 0 and part in ("data", "model") and isinstance(below, str):
            below = {"name": below}  # `data: digits` is short for a mapping
        if below is None:
            below = {}
            document.lines.setdefault(".".join(parts[: depth + 1]), place)
        if not isinstance(below, dict):
            known = ".".join(parts[: depth + 1])
            raise InputError(f"{place}: {known!r} has no keys below it; set it whole: --set {known}=...")
        here[part] = below
        here = below
    here[parts[-1]] = value


def _put_in_space(document: Document, rest: str, value: Any, place: str) -> tuple[str, list[str]]:
    """Set an axis, whose name keeps its dots, of one grid.

    Returns:
        The full key, and those of the grid's other axes that only look as if they lay below it: setting ``data`` leaves
        ``data.rows`` as it is.
    """
    space = document.value.setdefault("space", {})
    if isinstance(space, dict):
        space[rest] = value
        return f"space.{rest}", [f"space.{axis}" for axis in space if axis.startswith(f"{rest}.")]
    if not isinstance(space, list):
        raise InputError(f"{place}: space holds no grid to change; set it whole: --set space=...")
    number, _, axis = rest.partition(".")
    if not number.isdigit():
        if len(space) != 1:
            which = f"space.0.{rest} to space.{len(space) - 1}.{rest}"
            raise InputError(f"{place}: space has {len(space)} grids; say which one, from {which}")
        number, axis = "0", rest
    index = int(number)
    if index >= len(space):
        raise InputError(f"{place}: space has {len(space)} grids, counted from 0; there is no space.{index}")
    if not axis:
        space[index] = value
        return f"space.{index}", []
    if not isinstance(space[index], dict):
        raise InputError(f"{place}: space.{index} is no grid to change; set it whole: --set space.{index}=...")
    grid = space[index]
    grid[axis] = value
    return f"space.{index}.{axis}", [f"space.{index}.{other}" for other in grid if other.startswith(f"{axis}.")]
