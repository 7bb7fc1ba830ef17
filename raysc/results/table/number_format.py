"""Short texts of values, spreads and intervals."""

from math import floor, isfinite, log10

import numpy as np
import pandas as pd


def value_text(value: object) -> str:
    """Return a value of a table: numbers to four digits, "" if it is empty or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None or value is pd.NA else str(value)
    if isinstance(value, int):
        return str(value)
    return number_text(value) if isfinite(value) else ""


def number_text(value: float, digits: int = 4) -> str:
    """Return a finite number to ``digits`` digits, without trailing zeros: 0.25, 12.34, 0.0012, 1.234e-05."""
    return f"{value:.{digits}g}"


def quantiles_text(values: pd.Series) -> str:
    """Return the median [5 % quantile, 95 % quantile] over seeds; NaN (diverged seeds) is left out."""
    finite = values.dropna()
    if finite.empty:
        return ""
    median, low, high = (number_text(float(value), 3) for value in np.quantile(finite, (0.5, 0.05, 0.95)))
    return f"{median} [{low}, {high}]"


def spread_text(values: pd.Series) -> str:
    """Return mean ± standard deviation over seeds, to two digits of the deviation; NaN (diverged seeds) is left out."""
    finite = values.dropna()
    if finite.empty:
        return ""
    mean, deviation = float(finite.mean()), float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
    if deviation == 0:
        return number_text(mean)
    if not 1e-5 < deviation < 1e5:
        return f"{mean:.3g} ± {deviation:.1g}"
    decimals = max(0, 1 - floor(log10(deviation)))
    return f"{mean:.{decimals}f} ± {deviation:.{decimals}f}"


def interval_text(mean: float, low: float, high: float) -> str:
    """Return a mean with its interval, to two digits of the width: ``0.28 [0.21, 0.35]``.

    Without an interval it is the mean alone, without a mean "".
    """
    if not isfinite(mean):
        return ""
    if not (isfinite(low) and isfinite(high)):
        return number_text(mean)
    width = high - low
    if not 1e-4 < width < 1e4:
        return f"{number_text(mean, 3)} [{number_text(low, 3)}, {number_text(high, 3)}]"
    decimals = max(0, 1 - floor(log10(width)))
    return f"{mean:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"
