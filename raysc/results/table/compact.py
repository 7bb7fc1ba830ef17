"""Tables with one column of text for each metric, its mean with its interval: for the terminal and for papers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.results.statistics.averages import Mean
from raysc.results.table.number_format import mean_text, value_text

CONTROL = "control"
"""Text in the place of a control's excess over itself."""


def compact_table(grouped: pd.DataFrame, rows: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Return one row of texts per group: its values of ``by``, its seeds, and ``mean [low, high]`` of each metric.

    Args:
        grouped: from ``aggregate``, in any order of its rows; the index is that of ``aggregate``.
        rows: the rows that were grouped.
        by: columns of the groups.
        metrics: columns of metrics, each of which becomes one column of text.

    Returns:
        Columns ``by``, seeds, diverged if a model diverged, and ``metrics``.
    """
    table = pd.DataFrame({name: [value_text(value) for value in _objects(grouped[name])] for name in by})
    table["seeds"] = grouped["seeds"].map(str).to_numpy()
    if (grouped["diverged"] > 0).any():
        table["diverged"] = [str(int(count) or "") for count in grouped["diverged"]]
    controls = control_groups(grouped, rows, by)
    for name in metrics:
        parts = [grouped[f"{name}_{part}"] for part in ("mean", "low", "high", "count")]
        texts = [
            mean_text(Mean(mean, low, high, int(count)), int(total))
            for mean, low, high, count, total in zip(*parts, grouped["count"], strict=True)
        ]
        is_excess = name.endswith("_excess")
        table[name] = [
            CONTROL if is_excess and control else text for text, control in zip(texts, controls, strict=True)
        ]
    return table


def control_groups(grouped: pd.DataFrame, rows: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """Return True for each group that holds controls only, bool (groups,)."""
    only = rows.groupby(list(by), dropna=False, sort=False)["control"].all().reset_index(drop=True)
    return only.loc[grouped.index].to_numpy(bool)


def best_groups(
    grouped: pd.DataFrame, metric: str, column: Column, controls: np.ndarray, target: float = np.nan
) -> np.ndarray:
    """Return True for the groups with the best mean of a metric, bool (groups,); controls are left out.

    Args:
        grouped: from ``aggregate``.
        metric: the column of the metric, or its excess, of which the smallest is the best.
        column: the declaration of the metric's column.
        controls: the groups of controls, bool (groups,).
        target: best value of a column with better "near".
    """
    means = grouped[f"{metric}_mean"].to_numpy(float)
    badness = means
    if metric == column.name and column.better == "higher":
        badness = -means
    elif metric == column.name and column.better == "near":
        with np.errstate(divide="ignore", invalid="ignore"):
            badness = np.abs(np.log(means / target)) if column.geometric else np.abs(means - target)
    badness = np.where(controls | np.isnan(badness), np.inf, badness)
    # Cells that share their models differ by rounding at most.
    return np.asarray(np.isfinite(badness) & np.isclose(badness, badness.min(initial=np.inf), rtol=1e-9))


def metric_of(name: str, columns: Mapping[str, Column]) -> Column | None:
    """Return the column that a name in the table belongs to: itself, or the one whose excess it is."""
    return columns.get(name.removesuffix("_excess"))


def _objects(values: "pd.Series[float]") -> list[object]:
    """Return values as Python objects; missing ones are None."""
    plain = values.astype(object)
    return plain.where(plain.notna(), None).to_list()
