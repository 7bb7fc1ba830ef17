"""Cells of a figure for a paper, and the roles of the axes in which they differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from raysc.errors import InputError
from raysc.results.report.figures.panel_layout import is_control
from raysc.results.table.number_format import value_text
from raysc.results.table.table import controls_of
from raysc.settings import CellSettings
from raysc.sweepfile.cell_selection import distinct, is_same
from raysc.sweepfile.messages import did_you_mean
from raysc.sweepfile.yaml_reader import read_value

Where = Mapping[str, Sequence[Any]]
"""Axis -> selected values."""


def read_where(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Return selected values from ``initial.steps=300`` or ``lambda=[0.5, 1]``.

    Raises:
        InputError: no ``=``, or broken YAML.
    """
    where: dict[str, list[Any]] = {}
    for text in texts:
        axis, equals, value = text.partition("=")
        if not equals or not axis.strip() or not value.strip():
            raise InputError(f"--where {text}: expected AXIS=VALUE, such as initial.steps=300")
        parsed = _read_yaml(value, f"--where {text}")
        where.setdefault(axis.strip(), []).extend(parsed if isinstance(parsed, list) else [parsed])
    return where


def _read_yaml(text: str, location: str) -> Any:
    """Return a value in YAML; errors name the location."""
    value, _ = read_value(text, lambda line: location)
    return value


def select(cells: Sequence[CellSettings], where: Where) -> list[int]:
    """Return the indices of the cells with the selected values, and of their controls.

    Raises:
        InputError: an axis does not exist, or no cell has one of its values.
    """
    check_axes("where", list(where), cells)
    for axis, values in where.items():
        valid = [value for value in distinct(cell.axes[axis] for cell in cells) if value is not None]
        if all(isinstance(value, int | float) for value in valid):
            valid.sort()
        for value in values:
            if not any(is_same(value, other) for other in valid):
                raise InputError(f"where {axis}={value}: cells have {', '.join(value_text(other) for other in valid)}")
    controls = controls_of(cells)
    chosen = [
        number
        for number, cell in enumerate(cells)
        if all(any(is_same(cell.axes[axis], value) for value in values) for axis, values in where.items())
    ]
    if not chosen:
        raise InputError("where: no cell has all of these values")
    return sorted({*chosen, *(controls[number] for number in chosen if number in controls)})


def check_axes(option: str, names: Sequence[str], cells: Sequence[CellSettings]) -> None:
    """Raise InputError for a name that is no axis of the cells."""
    known = list(cells[0].axes)
    for name in names:
        if name not in known:
            raise InputError(f"{option} {name}: no such axis{did_you_mean(name, known)}")


def check_roles(cells: Sequence[CellSettings], by: Sequence[str] | None, panels: Sequence[str] | None) -> None:
    """Check that each curve of a figure is one cell.

    Raises:
        InputError: ``by`` or ``panels`` names no axis, or cells differ in an axis that is in neither.
    """
    check_axes("by", by or (), cells)
    check_axes("panels", panels or (), cells)
    if by is None or panels is None:
        return  # the axes that are not named get the other role
    generated = [cell for cell in cells if not is_control(cell)] or list(cells)
    for axis in cells[0].axes:
        values = distinct(cell.axes[axis] for cell in generated)
        if len(values) > 1 and axis not in (*by, *panels):
            shown = ", ".join(value_text(value) for value in values[:6])
            raise InputError(
                f"{axis} differs, too ({shown}): add it to by or panels, or select with where {axis}={values[0]}"
            )
