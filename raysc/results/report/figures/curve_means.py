"""Means over seeds of one metric, with theory (the closed-form expectation) and floor: the data of its curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedCell
from raysc.results.expectations import expected_values
from raysc.results.statistics.averages import logarithms, seed_means
from raysc.results.table.columns import targets_of
from raysc.results.table.groups import MIN_QUANTILE_SEEDS


@dataclass(frozen=True)
class CurveMeans:
    """Means over seeds of one metric.

    Attributes:
        means: from ``seed_means``, with the columns floor, theory, arithmetic_mean, quantile_5 and quantile_95 (NaN
            where there is none). A target stands in the place of a floor. The arithmetic mean stands beside a geometric
            one where theory gives it. Quantiles are those of the seeds.
        by_cell: number of a cell -> its rows of ``means``.
        column: the metric's column.
        scale: scale of the y axis, "linear" or "log".
    """

    means: pd.DataFrame
    by_cell: Mapping[int, pd.DataFrame]
    column: Column
    scale: str


def curve_means(table: pd.DataFrame, column: Column, cells: Sequence[ResolvedCell]) -> CurveMeans:
    """Average a metric over seeds by cell and generation, with theory and floor beside the means.

    Means of a metric with a logarithmic scale are geometric. Theory of its arithmetic mean has this one beside it.

    Args:
        table: the tidy table, not empty.
        column: the metric's column.
        cells: of the sweep.
    """
    generations = tuple(sorted(int(t) for t in table["generation"].unique()))
    forms = {
        cell.number: form for cell in cells if (form := expected_values(cell, column.name, generations)) is not None
    }
    means = seed_means(table, column.name, column.geometric, column.bounds)
    theory = {
        (number, t): float(np.exp(value) if form.scale == "log" else value)
        for number, form in forms.items()
        if form.scale == "linear" or column.geometric
        for t, value in zip(generations, form.values, strict=True)
    }
    arithmetic = [number for number, form in forms.items() if form.scale == "linear" and column.geometric]
    means["arithmetic_mean"] = np.nan
    if arithmetic:
        beside = seed_means(table, column.name, geometric=False)["mean"]
        means["arithmetic_mean"] = beside.where(means["cell"].isin(arithmetic))
    keys = list(zip(means["cell"], means["generation"], strict=True))
    means["theory"] = [theory.get(key, np.nan) for key in keys]
    floor = f"{column.name}_floor"
    floors = floor_means(table, column) if floor in table else targets_of(column, cells)
    means["floor"] = means["cell"].map(floors).astype(float)
    means[["quantile_5", "quantile_95"]] = np.nan
    by_cell = {int(str(number)): rows for number, rows in means.groupby("cell")}
    scale = "log" if column.scale == "log" and (table[column.name] > 0).any() else "linear"
    return CurveMeans(means, by_cell, column, scale)


def with_quantiles(curves: CurveMeans, table: pd.DataFrame) -> CurveMeans:
    """Add the 5 % and 95 % quantiles of the seeds on a logarithmic axis, for generations with 20 or more seeds.

    Args:
        curves: from ``curve_means``.
        table: the table of which they are means.
    """
    if curves.scale != "log" or curves.means["seeds"].max() < MIN_QUANTILE_SEEDS:
        return curves
    rows = table[~table["diverged"].astype(bool)]
    groups = rows.groupby(["cell", "generation"])[curves.column.name]
    shares = groups.quantile(np.array([0.05, 0.95])).unstack().set_axis(["quantile_5", "quantile_95"], axis=1)
    means = curves.means.drop(columns=list(shares)).merge(shares, on=["cell", "generation"], how="left")
    few = (means["seeds"] < MIN_QUANTILE_SEEDS) | ~(means["quantile_5"] > 0)
    means.loc[few, list(shares)] = np.nan
    return replace(curves, means=means, by_cell={int(str(number)): rows for number, rows in means.groupby("cell")})


def floor_means(table: pd.DataFrame, column: Column) -> dict[int, float]:
    """Return the mean floor of each cell, geometric for metrics whose means are; floors are equal at all generations.

    Args:
        table: the tidy table.
        column: a column with a floor.
    """
    values = table[f"{column.name}_floor"].to_numpy(float)
    rows = table[["cell"]].assign(floor=logarithms(values) if column.geometric else values)
    means = rows.groupby("cell")["floor"].mean()
    return {int(str(cell)): float(np.exp(mean) if column.geometric else mean) for cell, mean in means.items()}
