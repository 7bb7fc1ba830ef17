"""Layout of panels: the panel of each cell, the style of its curve, and the cells that are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raysc.results.plots.labels import short_label
from raysc.results.plots.style import COLOURS
from raysc.results.plots.subset import distinct, evenly_spaced, subgrid
from raysc.results.report.figures.curve_styles import CONTROL_STYLE, CurveStyle, Describe, Values, curve_styles
from raysc.results.table.table import varying_axes
from raysc.settings import CellSettings

MAX_PANELS = 30
"""Panels of a figure. More are hard to read and take as long to draw as all other figures."""
MAX_COLUMNS = 6
"""Panels in a row of a full grid."""
DEFAULT_COLUMNS = 3
"""Panels in a row of panels that form no full grid."""


@dataclass(frozen=True)
class Panel:
    """One subplot.

    Attributes:
        title: the settings that its cells share.
        cells: number of a cell -> style of its curve; the control last, so that it is drawn on top.
    """

    title: str
    cells: Mapping[int, CurveStyle]


@dataclass(frozen=True)
class PanelLayout:
    """The panels of a figure.

    Attributes:
        panels: row by row.
        columns: panels in a row.
        curves: entries of the legend.
        left_out: a sentence on the cells without room; "" if all are drawn.
    """

    panels: tuple[Panel, ...]
    columns: int
    curves: tuple[CurveStyle, ...]
    left_out: str

    @property
    def rows(self) -> int:
        """Rows of panels."""
        return -(-len(self.panels) // self.columns)


def panel_layout(
    cells: Sequence[CellSettings],
    by: Sequence[str] | None = None,
    panels: Sequence[str] | None = None,
    colours: Sequence[str] = COLOURS,
    describe: Describe = short_label,
) -> PanelLayout:
    """Assign all cells of a sweep to panels.

    Curves in one panel differ in regime and lambda, panels in the other axes. If that makes more than seven curves,
    each regime has its own panels, side by side. The control is in every panel with its settings.

    Args:
        cells: of the sweep.
        by: the axes in which curves of one panel differ instead.
        panels: the axes in which panels differ instead; curves then differ in ``by``, or in all other axes.
        colours: colours of curves that differ in words.
        describe: returns a label from names and values of axes, for the legend and the titles of panels.
    """
    generated = [cell for cell in cells if not is_control(cell)]
    roles = _axis_roles(cells, generated, by) if panels is None else _given_roles(cells, by, panels)
    keys = distinct(values_of(cell, roles.curves) for cell in generated)
    styles = curve_styles(roles.curves, keys, colours, describe)
    columns = evenly_spaced(distinct(values_of(cell, roles.columns) for cell in generated) or [()], MAX_COLUMNS)
    settings = distinct(values_of(cell, roles.settings) for cell in cells)
    drawn = subgrid(settings, max(1, MAX_PANELS // len(columns)))
    drawn_panels = [
        _panel(cells, roles, styles, (setting, column), describe) for setting in drawn for column in columns
    ]
    legend = distinct(style for panel in drawn_panels for style in panel.cells.values())
    legend.sort(key=lambda style: style is CONTROL_STYLE)
    left_out = _left_out(drawn_panels, len(cells), len(drawn), len(settings), roles.settings)
    column_count = len(columns) if len(columns) > 1 else _column_count(drawn)
    return PanelLayout(tuple(drawn_panels), column_count, tuple(legend), left_out)


@dataclass(frozen=True)
class _AxisRoles:
    """Roles of the axes of a sweep in a figure.

    Attributes:
        curves: axes in which the curves of a panel differ.
        columns: axes in which panels side by side differ.
        settings: axes in which all other panels differ.
    """

    curves: Sequence[str]
    columns: Sequence[str]
    settings: Sequence[str]


def _axis_roles(
    cells: Sequence[CellSettings], generated: Sequence[CellSettings], by: Sequence[str] | None
) -> _AxisRoles:
    """Assign a role to each axis; ``generated``: the cells apart from the controls."""
    loop_axes = [*regime_axes(cells), "lambda"]
    curves = list(by) if by is not None else loop_axes
    if by is None and len(distinct(values_of(cell, curves) for cell in generated)) > len(COLOURS):
        curves = ["lambda"]
    columns = [name for name in loop_axes if name not in curves]
    return _AxisRoles(curves, columns, [name for name in panel_axes(cells) if name not in curves])


def _given_roles(cells: Sequence[CellSettings], by: Sequence[str] | None, panels: Sequence[str]) -> _AxisRoles:
    """Assign a role to each axis, with the axes in which panels differ given."""
    loop_axes = [*regime_axes(cells), "lambda"]
    curves = list(by) if by is not None else [name for name in varying_axes(cells) if name not in panels]
    # Axes of the loop differ side by side: the control, which has no lambda, is in every one of these panels.
    columns = [name for name in loop_axes if name in panels]
    return _AxisRoles(curves, columns, [name for name in panels if name not in columns])


def _panel(
    cells: Sequence[CellSettings],
    roles: _AxisRoles,
    styles: Mapping[Values, CurveStyle],
    values: tuple[Values, Values],
    describe: Describe,
) -> Panel:
    """Return the panel of the cells with these values of ``roles.settings`` and ``roles.columns``."""
    setting, column = values
    members = {number: cell for number, cell in enumerate(cells) if values_of(cell, roles.settings) == setting}
    controls = {number: CONTROL_STYLE for number, cell in members.items() if is_control(cell)}
    curves = {
        number: styles[values_of(cell, roles.curves)]
        for number, cell in members.items()
        if number not in controls and values_of(cell, roles.columns) == column
    }
    titles = [describe(roles.columns, column), describe(roles.settings, setting)]
    return Panel("\n".join(title for title in titles if title), curves | controls)


def panel_axes(cells: Sequence[CellSettings]) -> list[str]:
    """Return the axes that distinguish panels: all that vary, except lambda and those of regime and curation."""
    return [name for name in varying_axes(cells) if name != "lambda" and name not in regime_axes(cells)]


def regime_axes(cells: Sequence[CellSettings]) -> list[str]:
    """Return the axes of regime and curation and those of their parameters that vary."""
    return [name for name in varying_axes(cells) if name.partition(".")[0] in ("regime", "curation")]


def values_of(cell: CellSettings, names: Sequence[str]) -> Values:
    """Return a cell's values of some axes; mappings and lists as text."""
    values = (cell.axes[name] for name in names)
    return tuple(repr(value) if isinstance(value, Mapping | list | tuple) else value for value in values)


def is_control(cell: CellSettings) -> bool:
    """Return True for a cell that trains on real rows only."""
    return cell.regime.name == "real_only"


def _column_count(points: Sequence[Values]) -> int:
    """Return the number of panels in a row: the number of values of the second of two axes that form a full grid."""
    if points and len(points[0]) == 2:
        rows, columns = (len(distinct(values)) for values in zip(*points, strict=True))
        if len(points) == rows * columns and 1 < columns <= MAX_COLUMNS:
            return columns
    return min(DEFAULT_COLUMNS, len(points))


def _left_out(panels: Sequence[Panel], cells: int, drawn: int, settings: int, axes: Sequence[str]) -> str:
    """Return the sentence on the cells without a panel; "" if all have one."""
    shown = len({number for panel in panels for number in panel.cells})
    if shown == cells:
        return ""
    subset = f" ({drawn} of {settings} settings of {', '.join(axes)}, evenly spaced)" if drawn < settings else ""
    return f"The figure shows {shown} of {cells} cells{subset}. The CSV file has the numbers of all cells."
