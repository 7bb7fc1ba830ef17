"""Short texts of values, spreads and intervals."""

from math import floor, isfinite, isnan, log10

import pandas as pd

from raysc.formatting import printable
from raysc.results.statistics.averages import Mean


def value_text(value: object) -> str:
    """Return a value of a table: numbers to four digits, inf or -inf; "" if it is empty. Text is made printable."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None or value is pd.NA else printable(str(value))
    if isinstance(value, int):
        return str(value)
    return "" if isnan(value) else number_text(value)


def number_text(value: float, digits: int = 4) -> str:
    """Return a number to ``digits`` digits, without trailing zeros: 0.25, 12.34, 0.0012, 1.234e-05, inf."""
    return f"{value:.{digits}g}"


def mean_text(mean: Mean, seeds: int) -> str:
    """Return a mean over seeds with its interval: ``0.28 [0.21, 0.35] (9 of 10)``; "" without a value.

    Args:
        mean: mean over the seeds that have a value.
        seeds: number of all seeds with results; the number of seeds behind the mean is left out if it is this one.
    """
    text = interval_text(mean.mean, mean.low, mean.high)
    return f"{text}{share_text(mean.seeds, seeds)}" if text else ""


def share_text(count: int, total: int) -> str:
    """Return `` (9 of 10)``, the number of seeds behind a mean; "" for all of them."""
    return "" if count == total else f" ({count} of {total})"


def interval_text(mean: float, low: float, high: float) -> str:
    """Return a mean with its interval, to two digits of the width: ``0.28 [0.21, 0.35]``.

    An interval over more than a factor of ten has three digits of each number. Without an interval it is the mean
    alone, without a mean "".
    """
    if isnan(mean):
        return ""
    if not (isfinite(low) and isfinite(high)):
        return number_text(mean)
    width = high - low
    if not 1e-4 < width < 1e4 or 0 < 10 * low < high:
        return f"{number_text(mean, 3)} [{number_text(low, 3)}, {number_text(high, 3)}]"
    decimals = max(0, 1 - floor(log10(width)))
    return f"{mean:z.{decimals}f} [{low:z.{decimals}f}, {high:z.{decimals}f}]"
