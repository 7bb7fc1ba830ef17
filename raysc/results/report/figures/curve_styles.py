"""Styles of curves: a colour, a line style and a marker for each combination of axis values."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from matplotlib import colormaps
from matplotlib.colors import to_hex, to_rgb

from raysc.results.plots.labels import short_label
from raysc.results.plots.style import COLOURS, CONTROL, DASHES, MARKERS, SEQUENTIAL

LIGHTEST, DARKEST = 0.62, -0.45
"""Shades of one colour: the share of white in the lightest, and of black (negative) in the darkest."""
MIN_NUMBERS = 3
"""Least number of values of a numeric axis that get shades."""

Values = tuple[Hashable, ...]
"""A cell's values of some axes of the sweep."""

Describe = Callable[[Sequence[str], Sequence[object]], str]
"""Function from the names and values of axes to a label."""


@dataclass(frozen=True)
class CurveStyle:
    """Style of a curve, the same in all panels.

    Attributes:
        label: text in the legend.
        colour: a colour of matplotlib.
        dashes: a line style of matplotlib.
        marker: a marker of matplotlib.
        values: the curve's values of the axes in which curves differ; empty for the control.
    """

    label: str
    colour: str
    dashes: Any
    marker: str
    values: Values = ()


CONTROL_STYLE = CurveStyle("control: real rows only", CONTROL, (0, (4, 2)), "")


def curve_styles(
    axes: Sequence[str],
    keys: Sequence[Values],
    colours: Sequence[str] = COLOURS,
    describe: Describe = short_label,
) -> dict[Values, CurveStyle]:
    """Return the curve style for each combination of axis values.

    Words get distinct colours, line styles and markers. Three or more numbers get colours of increasing lightness: of
    the sequential colour map if only one axis varies, else shades of the colour of their words. More keys than colours
    share the sequential map, too.

    Args:
        axes: the axes in which curves differ.
        keys: distinct values of these axes, one tuple for each curve.
        colours: colours of words.
        describe: returns the label of a curve from the axes and its values.
    """
    labels = {key: describe(axes, key) for key in keys}
    varying = [index for index in range(len(axes)) if len({key[index] for key in keys}) > 1]
    numeric = [index for index in varying if all(_is_number(key[index]) for key in keys)]
    if len(numeric) == 1 and len(varying) == 1 and len(keys) >= MIN_NUMBERS:
        return _sequential(labels, sorted(keys, key=lambda key: _number(key[numeric[0]])))
    if len(numeric) == 1 and (shades := _shades(labels, numeric[0], colours)):
        return shades
    if len(keys) > len(colours):
        return _sequential(labels, keys)
    return {
        key: CurveStyle(labels[key], colours[index], DASHES[index % len(DASHES)], MARKERS[index % len(MARKERS)], key)
        for index, key in enumerate(keys)
    }


def _sequential(labels: Mapping[Values, str], keys: Sequence[Values]) -> dict[Values, CurveStyle]:
    """Return colours of increasing lightness; the lightest tenth of the colour map is too faint on paper."""
    colour_map = colormaps[SEQUENTIAL]
    return {
        key: CurveStyle(
            labels[key] or "without lambda",
            to_hex(colour_map(0.9 * index / max(len(keys) - 1, 1))),
            "-",
            MARKERS[index % len(MARKERS)],
            key,
        )
        for index, key in enumerate(keys)
    }


def _shades(labels: Mapping[Values, str], numeric: int, colours: Sequence[str]) -> dict[Values, CurveStyle]:
    """Return shades of one colour for the numbers of each combination of words; empty if no word has many numbers."""
    groups: dict[Values, list[Values]] = {}
    for key in labels:
        groups.setdefault(key[:numeric] + key[numeric + 1 :], []).append(key)
    if len(groups) > len(colours) or max(len(group) for group in groups.values()) < MIN_NUMBERS:
        return {}
    styles: dict[Values, CurveStyle] = {}
    for index, group in enumerate(groups.values()):
        ordered = sorted(group, key=lambda key: _number(key[numeric]))
        for rank, key in enumerate(ordered):
            position = rank / (len(ordered) - 1) if len(ordered) > 1 else LIGHTEST / (LIGHTEST - DARKEST)
            colour = _shade(colours[index], LIGHTEST + (DARKEST - LIGHTEST) * position)
            styles[key] = CurveStyle(labels[key], colour, DASHES[index], MARKERS[rank % len(MARKERS)], key)
    return styles


def _shade(colour: str, share: float) -> str:
    """Mix a colour with a share of white, or of black if the share is negative."""
    other = 1.0 if share > 0 else 0.0
    red, green, blue = ((1 - abs(share)) * part + abs(share) * other for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _number(value: object) -> float:
    """Return a number for sorting; a cell without one comes first."""
    number = float("-inf") if value is None else float(str(value))
    return float("-inf") if isnan(number) else number
