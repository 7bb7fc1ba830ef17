"""Settings that vary across the cells of a plan, as numeric features for estimates of their cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, prod

import numpy as np

from raysc.planning.resolved import ResolvedCell

SettingValue = float | str
CostSettings = Mapping[str, SettingValue]
"""Dotted name of a setting -> its value in one cell."""
MAX_CATEGORIES = 20
"""Categories of a setting that have a feature each; later ones have none."""


@dataclass(frozen=True)
class VaryingSetting:
    """A setting with several values across some cells. A cell without it counts as one with the middle value.

    Attributes:
        name: dotted, as in a sweep file.
        values: the distinct values, ascending: numbers, or categories if one of them is a string.
        is_size: True for a number of the data, such as its rows.
    """

    name: str
    values: tuple[SettingValue, ...]
    is_size: bool

    @property
    def middle(self) -> SettingValue:
        """The median of numbers, the first of categories."""
        return self.values[(len(self.values) - 1) // 2 if self._is_numeric else 0]

    @property
    def knots(self) -> tuple[SettingValue, ...]:
        """Values whose cost is measured: the lowest, middle and highest number, or the first categories."""
        if self._is_numeric:
            return tuple(dict.fromkeys((self.values[0], self.middle, self.values[-1])))
        return self.values[:MAX_CATEGORIES]

    @property
    def _is_numeric(self) -> bool:
        return not isinstance(self.values[-1], str)  # strings are sorted last

    @cached_property
    def _ranks(self) -> Mapping[SettingValue, int]:
        return {value: rank for rank, value in enumerate(self.values)}

    def distance(self, settings: CostSettings, value: SettingValue | None) -> float:
        """Return the distance of a cell from a value (None: the middle), from 0 to 1: by rank, or 1 if it differs."""
        cell_value = settings.get(self.name, self.middle)
        value = self.middle if value is None else value
        if not self._is_numeric:
            return float(cell_value != value)
        return abs(self._ranks[cell_value] - self._ranks[value]) / (len(self.values) - 1)

    def features(self, settings: CostSettings) -> list[float]:
        """Return the weight of each knot in a cell, from 0 to 1.

        Numbers between two knots are interpolated linearly, of their logarithms if all are positive.
        """
        value = settings.get(self.name, self.middle)
        if not self._is_numeric:
            return [float(value == knot) for knot in self.knots]
        knots = [self._scaled(knot) for knot in self.knots]
        return [float(np.interp(self._scaled(value), knots, hat)) for hat in np.eye(len(knots))]

    def _scaled(self, value: SettingValue) -> float:
        return log(float(value)) if float(self.values[0]) > 0 else float(value)


def varying_settings(cells: Sequence[CostSettings]) -> list[VaryingSetting]:
    """Return the settings that vary across cells.

    A setting with numbers and strings (a bandwidth or a rule for it) is categorical. Of settings that vary together,
    such as the rows of the data and the sampled rows, only the first is returned.
    """
    varying: dict[tuple[object, ...], VaryingSetting] = {}
    for name in dict.fromkeys(name for settings in cells for name in settings):
        distinct = {settings[name] for settings in cells if name in settings}
        if len(distinct) > 1:
            values = tuple(sorted(distinct, key=lambda value: (isinstance(value, str), value)))
            setting = VaryingSetting(name, values, name.startswith("data.") and not isinstance(values[-1], str))
            ranks = {value: rank for rank, value in enumerate(values)}
            pattern = tuple(ranks[settings[name]] if name in settings else None for settings in cells)
            varying.setdefault(pattern, setting)
    return list(varying.values())


def cost_settings(cell: ResolvedCell) -> CostSettings:
    """Return the settings that may affect a cell's cost: its axes, and the sizes of its data and samples."""
    sizes = {
        "data.count": float(cell.rules.rows),
        "data.values": float(prod(cell.data.event)),
        "sample.rows": float(cell.rules.sample_rows),
    }
    return sizes | {name: _plain(value) for name, value in cell.settings.axes.items() if value is not None}


def _plain(value: object) -> SettingValue:
    return float(value) if isinstance(value, int | float) else str(value)
