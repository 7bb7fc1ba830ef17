"""Tables of the scaling of a sweep: exponents in an axis and in the generation, and effective rows."""

from collections.abc import Iterable, Iterator, Sequence
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from raysc import registry
from raysc.metrics.core.metric import Column
from raysc.metrics.distances.inverse_effective_rows import InverseEffectiveRows
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.results.plots.labels import label
from raysc.results.scaling.exponents import Exponent, exponent
from raysc.results.statistics.averages import seed_mean
from raysc.results.table.columns import main_columns
from raysc.results.table.number_format import interval_text
from raysc.results.table.table import controls_of, varying_axes

GENERATION = "generation"
"""Name of the axis T in the table."""


def scaling_frame(resolved: ResolvedSweep, table: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the exponents of the mean excess over the control, a difference, by each metric.

    Args:
        resolved: a sweep with ``scaling``.
        table: from ``load_table``.

    Returns:
        One row per group of cells that differ in the axis only, metric and axis: the other settings, metric, over (the
        axis, or "generation"), exponent with its 95 % interval over seeds, points and seeds. Exponents in the axis are
        those of the last generation. Those in the generation are taken from T^(1/2) to T, for each cell. NaN where a
        mean excess is not positive.
    """
    axis = resolved.sweep.scaling
    assert axis is not None, "the sweep has a section scaling"
    reader, rows = _Reader(resolved, table), []
    for column in _columns(resolved):
        for cells in _groups(resolved, axis):
            curves = [reader.excess(cell, column) for cell in cells]
            known = [curve for curve in curves if curve is not None]
            where = _where(resolved, cells[0], without=(axis,))
            if len(known) == len(cells):
                values = {cell.settings.axes[axis]: curve.iloc[:, -1] for cell, curve in zip(cells, known, strict=True)}
                rows.append(_row(where, column, axis, exponent(pd.DataFrame(values).dropna())))
            for cell, curve in zip(cells, curves, strict=True):
                if curve is not None:
                    later = [t for t in curve.columns if t >= max(1.0, float(curve.columns[-1]) ** 0.5)]
                    rows.append(_row(_where(resolved, cell), column, GENERATION, exponent(curve[later])))
    return pd.DataFrame(rows)


def effective_rows_frame(resolved: ResolvedSweep, table: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the effective number of real rows of each cell and generation, 1 / mean of ``inverse_effective_rows``.

    Returns:
        One row per cell, metric and generation: the settings, metric, generation, effective_rows with its 95 % interval
        over seeds, and seeds, those with a value. NaN where a mean or limit is not known or not positive, as for
        diverged models. The upper limit is infinite where the interval of the inverse reaches 0.
    """
    rows = []
    for cell in _cells(resolved):
        for column in _inverse_columns(resolved):
            for generation, of_generation in table[table["cell"] == cell.number].groupby("generation"):
                mean = seed_mean(of_generation[column].to_numpy(float), seeds=of_generation["seed"])
                rows.append(
                    {
                        **_where(resolved, cell),
                        "metric": column,
                        GENERATION: generation,
                        "effective_rows": _inverse(mean.mean, nan),
                        "effective_rows_low": _inverse(mean.high, nan),
                        "effective_rows_high": _inverse(mean.low, inf),
                        "seeds": mean.seeds,
                    }
                )
    return pd.DataFrame(rows)


def scaling_texts(frame: pd.DataFrame) -> list[str]:
    """Return a sentence for each exponent that is known."""
    axes = list(frame.columns[: list(frame.columns).index("metric")]) if len(frame) else []
    return [_text(axes, row) for row in frame.to_dict("records") if not np.isnan(row["exponent"])]


def _text(axes: Sequence[str], row: dict[Any, Any]) -> str:
    where = label(axes, [None if pd.isna(row[axis]) else row[axis] for axis in axes])
    number = interval_text(row["exponent"], row["exponent_low"], row["exponent_high"])
    return f"{where}: excess of {row['metric']} ~ {row['over']}^{number}"


def _row(where: dict[str, Any], column: Column, over: str, law: Exponent | None) -> dict[str, Any]:
    low, high = (nan, nan) if law is None else law.interval
    return {
        **where,
        "metric": column.name,
        "over": over,
        "exponent": nan if law is None else law.value,
        "exponent_low": low,
        "exponent_high": high,
        "points": 0 if law is None else law.points,
        "seeds": 0 if law is None else len(law.slopes),
    }


def _columns(resolved: ResolvedSweep) -> list[Column]:
    """Return the columns with an exponent: excesses towards a target have none."""
    return [column for column in main_columns(resolved.sweep) if column.better != "near"]


def _inverse_columns(resolved: ResolvedSweep) -> list[str]:
    """Return the columns of ``inverse_effective_rows``, one for each of its features that the sweep has."""
    metrics = [registry.build("metric", metric) for metric in resolved.sweep.metrics]
    return [metric.columns[0].name for metric in metrics if isinstance(metric, InverseEffectiveRows)]


def _inverse(value: float, not_positive: float) -> float:
    """Return 1 / value; another number for values that are not positive, NaN for NaN."""
    return nan if isnan(value) else 1 / value if value > 0 else not_positive


def _cells(resolved: ResolvedSweep) -> list[ResolvedCell]:
    return [cell for cell in resolved.cells if not cell.settings.control]


def _where(resolved: ResolvedSweep, cell: ResolvedCell, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the settings of a cell that vary over the sweep; None in place of those that are left out."""
    axes = varying_axes([each.settings for each in _cells(resolved)])
    return {name: None if name in without else cell.settings.axes[name] for name in axes}


def _groups(resolved: ResolvedSweep, axis: str) -> Iterator[list[ResolvedCell]]:
    """Yield the cells that differ in the axis only, in ascending order of its values; at least two."""
    groups: dict[str, list[ResolvedCell]] = {}
    for cell in _cells(resolved):
        if cell.settings.axes[axis] is not None:
            settings = {name: value for name, value in cell.settings.axes.items() if name != axis}
            groups.setdefault(repr(settings), []).append(cell)
    for cells in groups.values():
        if len(cells) > 1:
            yield sorted(cells, key=lambda cell: float(cell.settings.axes[axis]))


class _Reader:
    """Reads the excess of a cell over its control, as a difference."""

    def __init__(self, resolved: ResolvedSweep, table: pd.DataFrame) -> None:
        self._table = table
        self._controls = controls_of([cell.settings for cell in resolved.cells])

    def excess(self, cell: ResolvedCell, column: Column) -> pd.DataFrame | None:
        """Return the excess, positive if worse, with seeds as rows and generations as columns; None without results.

        Without a control it is the metric itself.
        """
        values, control = self._values(cell.number, column), self._controls.get(cell.number, cell.number)
        if values is None or control == cell.number:
            return values
        reference = self._values(control, column)
        if reference is None or reference.shape != values.shape:
            return None
        return values - reference if column.better == "lower" else reference - values

    def _values(self, cell: int, column: Column) -> pd.DataFrame | None:
        rows = self._table[self._table["cell"] == cell]
        return None if rows.empty else rows.pivot(index="seed", columns="generation", values=column.name)
