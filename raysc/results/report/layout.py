"""Which cells are drawn where: panels by the axes, curves by regime and lambda, and a limit that is said in words."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from textwrap import fill
from typing import Any

from matplotlib import colormaps
from matplotlib.colors import to_hex

from raysc.results.plots.style import COLOURS, CONTROL, DASHES, MARKERS, SEQUENCE
from raysc.results.plots.subset import spread
from raysc.results.table.table import varying_axes
from raysc.results.table.text import number_text
from raysc.settings import Cell

MOST_PANELS = 30
"""Beyond, a figure is a wallpaper, and takes as long to draw as all others together."""
MOST_ACROSS = 6
"""Panels side by side."""
BRIEF = 60
"""Characters of a label in a figure."""
ACROSS = 3
"""Panels side by side where they are no grid."""

Values = tuple[Hashable, ...]


@dataclass(frozen=True)
class Curve:
    """How a cell is drawn, in whatever panel.

    Attributes:
        label: for the legend.
        colour: any that matplotlib knows.
        dashes: matplotlib's line style.
        marker: matplotlib's marker.
    """

    label: str
    colour: str
    dashes: Any
    marker: str


REAL = Curve("control: real rows only", CONTROL, (0, (4, 2)), "")


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes:
        title: the settings that its cells share.
        cells: cell -> how it is drawn, the control last, so that it lies on top.
    """

    title: str
    cells: Mapping[int, Curve]


@dataclass(frozen=True)
class Layout:
    """The panels of a figure.

    Attributes:
        panels: row by row.
        across: panels in a row.
        curves: of the legend.
        left_out: in words, what there was no room for; "" if everything is drawn.
    """

    panels: tuple[Panel, ...]
    across: int
    curves: tuple[Curve, ...]
    left_out: str

    @property
    def down(self) -> int:
        """Rows of panels."""
        return -(-len(self.panels) // self.across)


def layout(cells: Sequence[Cell], by: Sequence[str] | None = None) -> Layout:
    """Panels for all cells of a sweep.

    Curves of one panel differ in regime and lambda, and panels in the other axes. Where that would be more than seven
    curves, each regime has its own panels, side by side. The control is in every panel of its settings.

    Args:
        cells: of the sweep.
        by: the axes in which curves of one panel are to differ instead.
    """
    others = [cell for cell in cells if not is_control(cell)]
    of_the_loop = [*regime_axes(cells), "lambda"]
    told = list(by) if by is not None else of_the_loop
    if by is None and len(_distinct(values_of(cell, told) for cell in others)) > len(COLOURS):
        told = ["lambda"]
    between = [name for name in panel_axes(cells) if name not in told]
    beside = [name for name in of_the_loop if name not in told]
    looks = _looks(told, _distinct(values_of(cell, told) for cell in others))
    settings = _distinct(values_of(cell, between) for cell in cells)
    kinds = _distinct(values_of(cell, beside) for cell in others) or [()]
    kinds = spread(kinds, MOST_ACROSS)
    drawn = few_of(settings, max(1, MOST_PANELS // len(kinds)))
    panels = []
    for chosen in drawn:
        members = [number for number, cell in enumerate(cells) if values_of(cell, between) == chosen]
        controls = {number: REAL for number in members if is_control(cells[number])}
        for kind in kinds:
            own = {
                number: looks[values_of(cells[number], told)]
                for number in members
                if number not in controls and values_of(cells[number], beside) == kind
            }
            titles = [label(beside, kind), label(between, chosen)]
            panels.append(Panel("\n".join(brief(title) for title in titles if title), own | controls))
    across = len(kinds) if len(kinds) > 1 else _across(drawn)
    curves = _distinct(curve for panel in panels for curve in panel.cells.values())
    curves.sort(key=lambda curve: curve is REAL)
    left_out = _left_out(panels, len(cells), len(drawn), len(settings), between)
    return Layout(tuple(panels), across, tuple(curves), left_out)


def panel_axes(cells: Sequence[Cell]) -> list[str]:
    """The axes that tell panels apart: all that vary but the regime's and lambda."""
    return [name for name in varying_axes(cells) if name != "lambda" and name not in regime_axes(cells)]


def regime_axes(cells: Sequence[Cell]) -> list[str]:
    """The regime and its parameters that vary."""
    return [name for name in varying_axes(cells) if name.partition(".")[0] == "regime"]


def values_of(cell: Cell, names: Sequence[str]) -> Values:
    """A cell's values of some axes; mappings and lists as text."""
    values = (cell.axes[name] for name in names)
    return tuple(repr(value) if isinstance(value, Mapping | list | tuple) else value for value in values)


def label(names: Sequence[str], values: Sequence[object]) -> str:
    """``mix, lambda 0.25``; what a cell does not have is left out."""
    told = []
    for name, value in zip(names, values, strict=True):
        if value is not None:
            text = number_text(value) if isinstance(value, float) else str(value)
            told.append(text if name == "regime" else f"{name} {text}")
    return ", ".join(told)


def brief(text: str) -> str:
    """A label as a figure has room for."""
    return text if len(text) <= BRIEF else f"{text[: BRIEF - 1]}…"


def wrapped(text: str, width: int) -> str:
    """A label in lines of so many characters, broken between settings rather than between a name and its value."""
    bound = text.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    return fill(bound, width).replace("\N{NO-BREAK SPACE}", " ")


def is_control(cell: Cell) -> bool:
    """Whether it trains on real rows only."""
    return cell.regime.name == "real_only"


def _distinct(items: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


def _looks(axes: Sequence[str], keys: Sequence[Values]) -> dict[Values, Curve]:
    """How each combination of some axes' values is drawn.

    Several words get strong colours, each with dashes and a marker of its own; three numbers or more, and whatever is
    more than there are colours, a colour that grows in lightness, whose lightest tenth is too faint on paper.
    """
    varying = [place for place in range(len(axes)) if len({key[place] for key in keys}) > 1]
    numbers = len(varying) == 1 and all(isinstance(key[varying[0]], int | float) for key in keys)
    if len(keys) <= len(COLOURS) and not (numbers and len(keys) > 2):
        return {
            key: Curve(brief(label(axes, key)), COLOURS[index], DASHES[index], MARKERS[index])
            for index, key in enumerate(keys)
        }
    ordered = sorted(keys, key=lambda key: float(str(key[varying[0]]))) if numbers else keys
    shade = colormaps[SEQUENCE]
    return {
        key: Curve(
            brief(label(axes, key)) or "without lambda",
            to_hex(shade(0.9 * index / max(len(ordered) - 1, 1))),
            "-",
            MARKERS[index % len(MARKERS)],
        )
        for index, key in enumerate(ordered)
    }


def few_of(settings: Sequence[Values], most: int) -> list[Values]:
    """At most so many settings: a smaller grid of a whole one, so that panels can be compared along each axis."""
    axes = [_distinct(values) for values in zip(*settings, strict=True)]
    if len(settings) != prod(len(axis) for axis in axes):
        return spread(settings, most)
    while prod(len(axis) for axis in axes) > most:
        longest = max(range(len(axes)), key=lambda place: len(axes[place]))
        axes[longest] = spread(axes[longest], len(axes[longest]) - 1)
    return list(product(*axes))


def _across(settings: Sequence[Values]) -> int:
    """How many panels stand side by side: the values of the last of two axes that make a grid."""
    if settings and len(settings[0]) == 2:
        rows, columns = (len(_distinct(values)) for values in zip(*settings, strict=True))
        if len(settings) == rows * columns and 1 < columns <= MOST_ACROSS:
            return columns
    return min(ACROSS, len(settings))


def _left_out(panels: Sequence[Panel], cells: int, drawn: int, settings: int, between: Sequence[str]) -> str:
    shown = len({number for panel in panels for number in panel.cells})
    if shown == cells:
        return ""
    of = f" ({drawn} of {settings} settings of {', '.join(between)}, evenly chosen)" if drawn < settings else ""
    return f"Drawn are {shown} of {cells} cells{of}; the CSV file has the numbers of all."
