"""Columns of the table: those of a sweep's metrics, and the phases of work. Without pandas, which is slow to import."""

from collections.abc import Iterable

from raysc import registry
from raysc.metrics.core.metric import Column, Metric
from raysc.planning.resolved import ResolvedCell
from raysc.sweepfile.sweep import Sweep

PHASES = ["wait", "fit", "sample", "measure", "store"]
"""Phases of a unit's work, whose seconds are recorded."""


def metric_columns(sweep: Sweep) -> list[Column]:
    """Return the columns of a sweep's metrics, in order."""
    return [column for metric in _metrics(sweep) for column in metric.columns]


def main_columns(sweep: Sweep) -> list[Column]:
    """Return the first column of each of a sweep's metrics, in order, for summaries and figures."""
    return [metric.columns[0] for metric in _metrics(sweep)]


def _metrics(sweep: Sweep) -> list[Metric]:
    return [registry.build("metric", metric) for metric in sweep.metrics]


def targets_of(column: Column, cells: Iterable[ResolvedCell]) -> dict[int, float]:
    """Map the number of each cell to the best value of a column with better "near"; empty for other columns."""
    return {} if column.target is None else {cell.number: column.target_of(cell.data) for cell in cells}


def columns_by_name(columns: Iterable[Column]) -> dict[str, Column]:
    """Map the names in the table that have a metric's scale and bounds, values and floors, to the metric's column."""
    return {name: column for column in columns for name in value_columns(column)}


def quality_column(sweep: Sweep) -> Column:
    """Return the column that measures the quality of generation 0."""
    names = [metric.name for metric in sweep.metrics]
    return main_columns(sweep)[names.index(sweep.initial_quality) if sweep.initial_quality else 0]


def value_columns(column: Column) -> list[str]:
    """Return the names in the table of a column's values and floors."""
    return [column.name] if column.reference == "none" else [column.name, f"{column.name}_floor"]
