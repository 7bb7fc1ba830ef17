"""Which cells of a sweep have certain values of its axes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from raysc.settings import Cell
from raysc.sweepfile.messages import did_you_mean, shown

Selection = Mapping[str, tuple[Any, ...]]
"""Axis -> the values that are selected; an axis that is not there may have any."""


def select(cells: Sequence[Cell], selection: Selection, where: Mapping[str, Any] | None = None) -> list[int]:
    """Places of the cells that a selection means.

    Args:
        cells: of a sweep. Controls that it added are meant only where a regime is selected.
        selection: what the cells must have.
        where: what they must have too, unless the selection gives one value itself. An axis that a cell does not have
            (lambda of real_only) cannot tell it from the others.
    """
    fixed = {axis: value for axis, value in (where or {}).items() if len(selection.get(axis, ())) != 1}
    return [
        number
        for number, cell in enumerate(cells)
        if all(any(same(cell.axes[axis], one) for one in values) for axis, values in selection.items())
        and all(cell.axes[axis] is None or same(cell.axes[axis], value) for axis, value in fixed.items())
        and ("regime" in selection or not cell.control)
    ]


def same(one: Any, other: Any) -> bool:
    """Equal, and true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def distinct(values: Iterable[Any]) -> list[Any]:
    """In order of appearance; values need no hash."""
    found: list[Any] = []
    for value in values:
        if not any(same(value, other) for other in found):
            found.append(value)
    return found


def nearest_value(value: Any, there: Sequence[Any]) -> str:
    """What a message adds where no cell has a value: the nearest one, or all that there are."""
    texts = [other for other in there if isinstance(other, str)]
    if isinstance(value, str) and texts:
        return did_you_mean(value, texts)
    return f"; cells have {', '.join(shown(other) for other in there)}"
