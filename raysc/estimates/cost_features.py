"""In what the cells of a plan differ, as far as it may tell in their cost: numbers and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, prod

import numpy as np

from raysc.planning.resolved import Line

Value = float | str
Settings = Mapping[str, Value]
MOST_WORDS = 20
"""Words of an axis that are told apart."""


@dataclass(frozen=True)
class Axis:
    """One setting over some cells; a cell that does not have it is as one in the middle.

    Attributes:
        name: dotted, as in a sweep file.
        values: all different ones, ascending: all numbers, or all words.
        size: a number of the data, such as rows.
    """

    name: str
    values: tuple[Value, ...]
    size: bool

    @property
    def middle(self) -> Value:
        """Of numbers the one in the middle, of words the first."""
        return self.values[(len(self.values) - 1) // 2 if self._numbers else 0]

    @property
    def knots(self) -> tuple[Value, ...]:
        """Values whose costs are tried: the least, the middle and the most, or (the first of) the words."""
        if self._numbers:
            return tuple(dict.fromkeys((self.values[0], self.middle, self.values[-1])))
        return self.values[:MOST_WORDS]

    @property
    def _numbers(self) -> bool:
        return not isinstance(self.values[-1], str)  # words are sorted last

    @cached_property
    def _places(self) -> Mapping[Value, int]:
        return {value: place for place, value in enumerate(self.values)}

    def between(self, own: Settings, value: Value | None) -> float:
        """How far a cell is from a value, 0 to 1."""
        here = own.get(self.name, self.middle)
        value = self.middle if value is None else value
        if not self._numbers:
            return float(here != value)
        return abs(self._places[here] - self._places[value]) / (len(self.values) - 1)

    def features(self, own: Settings) -> list[float]:
        """The shares that the knots have in a cell: between two numbers it has some of both, on a log scale if any."""
        value = own.get(self.name, self.middle)
        if not self._numbers:
            return [float(value == knot) for knot in self.knots]
        knots = [self._scaled(knot) for knot in self.knots]
        return [float(np.interp(self._scaled(value), knots, hat)) for hat in np.eye(len(knots))]

    def _scaled(self, value: Value) -> float:
        return log(float(value)) if float(self.values[0]) > 0 else float(value)


def axes_of(cells: Sequence[Settings]) -> list[Axis]:
    """The settings in which some cells differ.

    Where a setting has numbers and words (a bandwidth or a rule for it), all are taken as words. Two that go together,
    such as the rows of the data and those that are sampled, are one.
    """
    axes: dict[tuple[object, ...], Axis] = {}
    for name in dict.fromkeys(name for own in cells for name in own):
        given = {own[name] for own in cells if name in own}
        if len(given) > 1:
            values = tuple(sorted(given, key=lambda value: (isinstance(value, str), value)))
            axis = Axis(name, values, name.startswith("data.") and not isinstance(values[-1], str))
            places = {value: place for place, value in enumerate(values)}
            axes.setdefault(tuple(places[own[name]] if name in own else None for own in cells), axis)
    return list(axes.values())


def settings(line: Line) -> Settings:
    """What a cell's cost may depend on: its values on the sweep's axes, and the sizes of its data as they are."""
    sizes = {
        "data.count": float(line.rules.rows),
        "data.values": float(prod(line.data.event)),
        "sample.rows": float(line.rules.sample_rows),
    }
    return sizes | {name: _plain(value) for name, value in line.cell.axes.items() if value is not None}


def _plain(value: object) -> Value:
    return float(value) if isinstance(value, int | float) else str(value)
