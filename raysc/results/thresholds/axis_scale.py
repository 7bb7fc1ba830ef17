"""The scale of a searched axis: values as positions on a line, on which margins are nearly straight."""

import math
from dataclasses import dataclass

SIGNIFICANT_DIGITS = 4
"""Digits of proposed values, so that cells have short names."""


@dataclass(frozen=True)
class AxisScale:
    """The range of an axis and its scale.

    Attributes:
        low: lower end of the range.
        high: upper end.
        logarithmic: positions are logarithms; otherwise they run from 0 at ``low`` to 1 at ``high``.
        whole: values are whole numbers.
    """

    low: float
    high: float
    logarithmic: bool
    whole: bool = False

    def position(self, value: float) -> float:
        """Return the position of a value."""
        return math.log(value) if self.logarithmic else (value - self.low) / (self.high - self.low)

    def value(self, position: float) -> float:
        """Return the value at a position, unrounded."""
        return math.exp(position) if self.logarithmic else self.low + position * (self.high - self.low)

    def nearest(self, position: float) -> float:
        """Return the value to run at a position: whole or with few digits, within the range."""
        value = min(max(self.value(position), self.low), self.high)
        return round(value) if self.whole else float(f"{value:.{SIGNIFICANT_DIGITS}g}")

    def distance(self, width: float) -> float:
        """Return a width as a distance of positions: relative if logarithmic, in units of the axis otherwise."""
        return math.log1p(width) if self.logarithmic else width / (self.high - self.low)
