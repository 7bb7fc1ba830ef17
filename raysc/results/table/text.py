"""Numbers and tables as a terminal shows them."""

from collections.abc import Callable, Sequence
from math import floor, isfinite, log10

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 100
"""Columns of a table where there is no terminal to ask."""


def empty_table(title: str, columns: Sequence[str], left: Sequence[str] = ("regime",)) -> Table:
    """A table without rows; names are shown as they are, brackets too."""
    table = Table(title=Text(title, no_wrap=True) if title else None, box=box.SIMPLE_HEAD, show_edge=False)
    table.title_justify, table.title_style = "left", ""
    table.padding = (0, 1, 0, 0)
    for name in columns:
        table.add_column(Text(name), justify="left" if name in left else "right", no_wrap=True)
    return table


def widest(build: Callable[[Sequence[str]], Table], columns: Sequence[str], width: int) -> tuple[Table, Sequence[str]]:
    """The table with as many of the columns as fit, and those that do not; the first column is there in any case."""
    console = Console(width=10**6, markup=False, emoji=False)
    for shown in range(len(columns), 1, -1):
        table = build(columns[:shown])
        if console.measure(table).maximum <= width:
            return table, columns[shown:]
    return build(columns[:1]), columns[1:]


def value_text(value: object) -> str:
    """A cell of a table: numbers to four digits, empty where there is nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None or value is pd.NA else str(value)
    if isinstance(value, int):
        return str(value)
    return number_text(value) if isfinite(value) else ""


def number_text(value: float, digits: int = 4) -> str:
    """A finite number to so many digits, without trailing zeros: 0.25, 12.34, 0.0012, 1.234e-05."""
    return f"{value:.{digits}g}"


def quantiles_text(values: pd.Series) -> str:
    """Median [5 % quantile, 95 % quantile] over seeds; NaN (diverged seeds) is left out."""
    finite = values.dropna()
    if finite.empty:
        return ""
    middle, low, high = (number_text(float(value), 3) for value in np.quantile(finite, (0.5, 0.05, 0.95)))
    return f"{middle} [{low}, {high}]"


def spread_text(values: pd.Series) -> str:
    """Mean ± standard deviation over seeds, to two digits of the deviation; NaN (diverged seeds) is left out."""
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
    """``0.28 [0.21, 0.35]``: digits by the width; the mean alone where there is no interval, nothing without a mean."""
    if not isfinite(mean):
        return ""
    if not (isfinite(low) and isfinite(high)):
        return number_text(mean)
    width = high - low
    if not 1e-4 < width < 1e4:
        return f"{number_text(mean, 3)} [{number_text(low, 3)}, {number_text(high, 3)}]"
    decimals = max(0, 1 - floor(log10(width)))
    return f"{mean:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"
