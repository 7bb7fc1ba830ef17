"""Means over seeds of one metric, with theory (the closed-form expectation) and floor: the data of its curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedCell
from raysc.results.expectations import expected_values
from raysc.results.statistics.averages import seed_means


@dataclass(frozen=True)
class CurveMeans:
    """Means over seeds of one metric.

    Attributes:
        means: from ``seed_means``, with the columns theory and floor (NaN where there is none).
        by_cell: number of a cell -> its rows of ``means``.
        geometric: the means are geometric.
        scale: scale of the y axis, "linear" or "log".
    """

    means: pd.DataFrame
    by_cell: Mapping[int, pd.DataFrame]
    geometric: bool
    scale: str

    @property
    def shows_medians(self) -> bool:
        """Medians are drawn too, because few large values may dominate an arithmetic mean on a log axis."""
        return self.scale == "log" and not self.geometric


def curve_means(table: pd.DataFrame, column: Column, cells: Sequence[ResolvedCell]) -> CurveMeans:
    """Average a metric over seeds by cell and generation, with theory and floor beside the means.

    Means of a metric with a logarithmic scale are geometric, unless a closed form gives its arithmetic mean.

    Args:
        table: the tidy table, not empty.
        column: the metric's column.
        cells: of the sweep.
    """
    generations = tuple(sorted(int(t) for t in table["generation"].unique()))
    forms = {
        cell.number: form for cell in cells if (form := expected_values(cell, column.name, generations)) is not None
    }
    values = table[column.name]
    log_scale = column.scale == "log" and bool((values > 0).any())
    geometric = log_scale and not any(form.scale == "linear" for form in forms.values())
    means = seed_means(table, column.name, geometric)
    theory = {
        (number, t): float(np.exp(value) if form.scale == "log" and column.scale == "log" else value)
        for number, form in forms.items()
        if (form.scale == "log") == geometric
        for t, value in zip(generations, form.values, strict=True)
    }
    keys = list(zip(means["cell"], means["generation"], strict=True))
    means["theory"] = [theory.get(key, np.nan) for key in keys]
    floor = f"{column.name}_floor"
    floors = table.groupby("cell")[floor].mean() if floor in table else pd.Series(dtype=float)
    means["floor"] = means["cell"].map(floors).astype(float)
    by_cell = {int(str(number)): rows for number, rows in means.groupby("cell")}
    return CurveMeans(means, by_cell, geometric, "log" if log_scale else "linear")
