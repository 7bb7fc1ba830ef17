"""Short texts of values, spreads and intervals."""

from math import floor, isfinite, isnan, log10

import numpy as np
import pandas as pd

from raysc.formatting import printable
from raysc.results.statistics.quantiles import quantiles


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


def quantiles_text(values: pd.Series) -> str:
    """Return the median [5 % quantile, 95 % quantile] over seeds; NaN (diverged seeds) is left out."""
    if values.isna().all():
        return ""
    shares = (0.5, 0.05, 0.95)
    median, low, high = (number_text(float(value), 3) for value in quantiles(values.to_numpy(float), shares))
    return f"{median} [{low}, {high}]"


def spread_text(values: pd.Series) -> str:
    """Return mean ± standard deviation over seeds, to two digits of the deviation.

    NaN (a diverged seed, or one without a value) is left out, and the number of the other seeds stands behind:
    ``5.0 ± 1.2 (9 of 10)``. With infinite values there is no deviation.
    """
    known = values.dropna()
    if known.empty:
        return ""
    has_deviation = len(known) > 1 and np.isfinite(known).all()
    mean, deviation = float(known.mean()), float(known.std(ddof=1)) if has_deviation else 0.0
    return f"{_spread(mean, deviation)}{share_text(len(known), len(values))}"


def share_text(count: int, total: int) -> str:
    """Return `` (9 of 10)``, the number of seeds behind a mean; "" for all of them."""
    return "" if count == total else f" ({count} of {total})"


def _spread(mean: float, deviation: float) -> str:
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
    if isnan(mean):
        return ""
    if not (isfinite(low) and isfinite(high)):
        return number_text(mean)
    width = high - low
    if not 1e-4 < width < 1e4:
        return f"{number_text(mean, 3)} [{number_text(low, 3)}, {number_text(high, 3)}]"
    decimals = max(0, 1 - floor(log10(width)))
    return f"{mean:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"
