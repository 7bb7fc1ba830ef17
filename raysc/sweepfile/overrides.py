"""``--set a.b=c``: changes to a sweep's values before they are checked."""

from collections.abc import Sequence
from typing import Any

from raysc.errors import InputError
from raysc.sweepfile.document import Document
from raysc.sweepfile.yaml_reader import MAX_DEPTH, read_value

MAX_KEY = 1000
"""Characters of a key; several messages show it more than once."""


def override(document: Document, assignments: Sequence[str]) -> None:
    """Apply assignments to a document, in their order.

    Unknown keys are refused later, with the location ``--set KEY=VALUE``.

    Args:
        document: changed in place.
        assignments: ``a.b=c``; c is YAML. ``space.K=v`` for a single grid, ``space.N.K=v`` (N from 0) for several.

    Raises:
        InputError: no ``=``, broken YAML, or a key below a value that is no mapping.
    """
    for assignment in assignments:
        _apply(document, assignment)


def _apply(document: Document, assignment: str) -> None:
    location = f"--set {' '.join(assignment.split())}"
    key, equals, text = assignment.partition("=")
    key = key.strip()
    if len(key) > MAX_KEY:
        raise InputError(f"--set {' '.join(key[:60].split())}...: longer than a key of a sweep, {MAX_KEY} characters")
    if not equals or not all(key.split(".")):
        raise InputError(f"{location}: expected KEY=VALUE, such as seeds=2 or loop.budget.steps=10")
    if key.count(".") >= MAX_DEPTH:
        raise InputError(f"{location}: nested more than {MAX_DEPTH} levels deep")
    value, inner_locations = read_value(text, lambda line: location)
    sibling_axes: list[str] = []
    if key.startswith("space."):
        key, sibling_axes = _set_axis(document, key.removeprefix("space."), value, location)
    else:
        _set(document, key.split("."), value, location)
    unchanged = {line for axis in sibling_axes for line in document.keys_below(axis)}
    for replaced in document.keys_below(key):
        if replaced not in unchanged:
            del document.locations[replaced]
    document.locations[key] = location
    document.locations.update({f"{key}.{name}": inner for name, inner in inner_locations.items()})


def _set(document: Document, parts: list[str], value: Any, location: str) -> None:
    """Set ``file[a][b][c]``; create missing mappings on the way."""
    mapping = document.value
    for depth, part in enumerate(parts[:-1]):
        inner = mapping.get(part)
        if depth == 0 and part in ("data", "model", "curation") and isinstance(inner, str):
            inner = {"name": inner}  # `data: digits` is short for a mapping
        if inner is None:
            inner = {}
            document.locations.setdefault(".".join(parts[: depth + 1]), location)
        if not isinstance(inner, dict):
            key = ".".join(parts[: depth + 1])
            raise InputError(f"{location}: {key!r} has no keys below it; set it whole: --set {key}=...")
        mapping[part] = inner
        mapping = inner
    mapping[parts[-1]] = value


def _set_axis(document: Document, key: str, value: Any, location: str) -> tuple[str, list[str]]:
    """Set an axis, whose name keeps its dots, of one grid.

    Returns:
        The full key, and the keys of the grid's other axes whose names begin with it: setting ``data`` leaves
        ``data.rows`` as it is.
    """
    space = document.value.setdefault("space", {})
    if isinstance(space, dict):
        space[key] = value
        return f"space.{key}", [f"space.{axis}" for axis in space if axis.startswith(f"{key}.")]
    if not isinstance(space, list):
        raise InputError(f"{location}: space holds no grid to change; set it whole: --set space=...")
    number, _, axis = key.partition(".")
    if not number.isdigit():
        if len(space) != 1:
            name = " ".join(key.split())
            choices = f"space.0.{name} to space.{len(space) - 1}.{name}"
            raise InputError(f"{location}: space has {len(space)} grids; select one of {choices}")
        number, axis = "0", key
    index = int(number)
    if index >= len(space):
        raise InputError(f"{location}: space has {len(space)} grids, counted from 0; there is no space.{index}")
    if not axis:
        space[index] = value
        return f"space.{index}", []
    if not isinstance(space[index], dict):
        raise InputError(f"{location}: space.{index} is no grid to change; set it whole: --set space.{index}=...")
    grid = space[index]
    grid[axis] = value
    return f"space.{index}.{axis}", [f"space.{index}.{other}" for other in grid if other.startswith(f"{axis}.")]
