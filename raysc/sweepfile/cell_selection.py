"""Selection of the cells that have certain values of the sweep's axes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from raysc.settings import CellSettings
from raysc.sweepfile.messages import did_you_mean, quote

Selection = Mapping[str, tuple[Any, ...]]
"""Axis -> selected values; axes that are not listed may have any value."""


def select_cells(
    cells: Sequence[CellSettings], selection: Selection, where: Mapping[str, Any] | None = None
) -> list[int]:
    """Return the indices of the cells that match a selection.

    Args:
        cells: cells of a sweep. Controls that the sweep added match only if the selection lists a regime.
        selection: the required values.
        where: further required values, unless the selection lists one value of the axis itself. An axis without a
            value in a cell (lambda of real_only) matches every value.
    """
    required = {axis: value for axis, value in (where or {}).items() if len(selection.get(axis, ())) != 1}
    return [
        index
        for index, cell in enumerate(cells)
        if all(any(is_same(cell.axes[axis], value) for value in values) for axis, values in selection.items())
        and all(cell.axes[axis] is None or is_same(cell.axes[axis], value) for axis, value in required.items())
        and ("regime" in selection or not cell.control)
    ]


def is_same(a: Any, b: Any) -> bool:
    """Return True for equal values; true differs from 1."""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def distinct(values: Iterable[Any]) -> list[Any]:
    """Return the values without repeats, in order of appearance; values need no hash."""
    unique: list[Any] = []
    for value in values:
        if not any(is_same(value, other) for other in unique):
            unique.append(value)
    return unique


def nearest_value(value: Any, valid: Sequence[Any]) -> str:
    """Return the end of a message about a value that no cell has: the nearest valid value, or all valid values."""
    texts = [other for other in valid if isinstance(other, str)]
    if isinstance(value, str) and texts:
        return did_you_mean(value, texts)
    return f"; cells have {', '.join(quote(other) for other in valid)}"


def sides_text(of: Mapping[str, Any], than: Any) -> str:
    """Return the two sides of a comparison in words, from the selections or values of the file."""
    than_text = _selection_text(than) if isinstance(than, Mapping) else than
    return f"{_selection_text(of) or 'all'}, than {than_text}"


def _selection_text(selection: Mapping[str, Any]) -> str:
    return " ".join(f"{axis} {value if isinstance(value, str) else quote(value)}" for axis, value in selection.items())
