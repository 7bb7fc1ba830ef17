"""Tables of the contraction of a sweep's cells."""

from collections.abc import Iterator
from math import isnan, nan
from typing import Any

import pandas as pd

from raysc import registry
from raysc.metrics.core.metric import ForkMetric
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.results.contraction.expected import expected_rate, kappa, step_share
from raysc.results.contraction.rates import Rate, effective_step, leading_rate, step_rates
from raysc.results.plots.labels import label
from raysc.results.table.number_format import interval_text, number_text
from raysc.results.table.table import varying_axes


def contraction_frame(resolved: ResolvedSweep, table: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the rate of contraction of each cell that is no control, by each distance.

    Args:
        resolved: a sweep whose metrics compare loops with their forks.
        table: from ``load_table``.

    Returns:
        One row per cell and distance: the axes, metric, rho with its 95 % interval over seeds, the generations first
        and last of its ratios, seeds, expected (in theory, for the first distance, that of all parameters), kappa
        (theorem 1), and effective_step with its interval. NaN where a number is not known. Coupled models are one row.
    """
    rows, first = [], _columns(resolved)[:1]
    for cell, metric, distances in _distances(resolved, table):
        rate, share = leading_rate(distances), step_share(cell, 1)
        expected = expected_rate(cell, cell.generations) if metric in first else None
        bound = kappa(cell)
        rows.append(
            {
                **_where(resolved, cell),
                "metric": metric,
                **rate_numbers(rate, share),
                "expected": nan if expected is None else expected,
                "kappa": nan if bound is None else bound,
            }
        )
    return pd.DataFrame(rows)


def steps_frame(resolved: ResolvedSweep, table: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the rate and the effective step of each generation, by each distance.

    Returns:
        One row per cell, distance and generation: the columns of ``contraction_frame`` up to effective_step.
    """
    return pd.DataFrame(
        [
            {**_where(resolved, cell), "metric": metric, **rate_numbers(rate, step_share(cell, rate.last))}
            for cell, metric, distances in _distances(resolved, table)
            for rate in step_rates(distances)
        ]
    )


def contraction_texts(frame: pd.DataFrame) -> list[str]:
    """Return a sentence for each cell, by its first distance."""
    rows = of_first_distance(frame)
    return [_text(where, row) for where, row in zip(cell_labels(rows), rows.to_dict("records"), strict=True)]


def of_first_distance(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the first distance of ``contraction_frame``, one for each cell."""
    return frame if frame.empty else frame[frame["metric"] == frame["metric"].iloc[0]]


def cell_labels(frame: pd.DataFrame) -> list[str]:
    """Return the label of each row's cell."""
    axes = list(frame.columns[: list(frame.columns).index("metric")]) if len(frame) else []
    return [
        label(axes, [None if _is_nan(row[axis]) else row[axis] for axis in axes]) for row in frame.to_dict("records")
    ]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and isnan(value)


def has_forks(resolved: ResolvedSweep) -> bool:
    """Return True if a metric of the sweep compares loops with their forks."""
    return bool(_columns(resolved))


def _text(where: str, row: dict[Any, Any]) -> str:
    if isnan(row["rho"]):
        return f"{where}: rho is not known, the distances vanish or are not finite"
    parts = [f"rho {interval_text(row['rho'], row['rho_low'], row['rho_high'])}"]
    if not isnan(row["expected"]):
        parts.append(f"theory {number_text(row['expected'])}")
    if not isnan(row["kappa"]):
        parts.append(f"kappa {number_text(row['kappa'])}")
    if not isnan(row["effective_step"]):
        step = interval_text(row["effective_step"], row["effective_step_low"], row["effective_step_high"])
        parts.append(f"effective step {step}")
    return f"{where}: {', '.join(parts)}"


def rate_numbers(rate: Rate | None, share: float | None) -> dict[str, float]:
    """Return rho and the effective step with their intervals."""
    rho, (low, high) = (nan, (nan, nan)) if rate is None else (rate.rho, rate.interval)
    steps = [nan] * 3 if share is None or share == 1 else [effective_step(value, share) for value in (rho, high, low)]
    return {
        "rho": rho,
        "rho_low": low,
        "rho_high": high,
        "first": nan if rate is None else rate.first,
        "last": nan if rate is None else rate.last,
        "seeds": 0 if rate is None else len(rate.logs),
        "effective_step": steps[0],
        "effective_step_low": steps[1],
        "effective_step_high": steps[2],
    }


def _where(resolved: ResolvedSweep, cell: ResolvedCell) -> dict[str, Any]:
    axes = varying_axes([each.settings for each in resolved.cells if not each.settings.control])
    return {name: cell.settings.axes[name] for name in axes if name != "models.index"}


def _columns(resolved: ResolvedSweep) -> list[str]:
    """Return the columns of the distances."""
    metrics = [registry.build("metric", metric) for metric in resolved.sweep.metrics]
    return [column.name for metric in metrics if isinstance(metric, ForkMetric) for column in metric.columns]


def _distances(resolved: ResolvedSweep, table: pd.DataFrame) -> Iterator[tuple[ResolvedCell, str, pd.DataFrame]]:
    """Yield each cell with each distance, seeds as rows and measured generations as columns."""
    for cell in resolved.cells:
        coupling = cell.settings.coupling
        if cell.settings.control or (coupling is not None and coupling.index > 0):
            continue
        rows = table[table["cell"] == cell.number]
        if rows.empty:
            continue
        for column in _columns(resolved):
            yield cell, column, rows.pivot(index="seed", columns="generation", values=column)
