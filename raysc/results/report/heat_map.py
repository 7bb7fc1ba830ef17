"""Heat map of the excess over the control: a row for each combination of settings, a column for each lambda."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedCell
from raysc.results.plots.labels import label
from raysc.results.report.sentences import TIMES, excess_text
from raysc.results.table.stability import Stability
from raysc.results.table.table import varying_axes


@dataclass(frozen=True)
class HeatMapEntry:
    """One square of the map.

    Attributes:
        text: the excess in words.
        worse: strength of its colour, the excess over the largest, -1 (better) to 1 (worse); 0 without a value.
    """

    text: str
    worse: float


@dataclass(frozen=True)
class HeatMap:
    """Excess of each cell over its control.

    Attributes:
        columns: values of lambda, as text; one "" if no cell has a lambda.
        rows: name of a row -> its entries, None where there is no cell.
    """

    columns: Sequence[str]
    rows: dict[str, list[HeatMapEntry | None]]


def heat_map(stabilities: Sequence[Stability], cells: Sequence[ResolvedCell], column: Column) -> HeatMap | None:
    """Return the heat map of the last generation; None without an excess.

    Args:
        stabilities: from ``cell_stabilities``.
        cells: of the sweep.
        column: the metric of the excess.
    """
    known = [point for point in stabilities if isfinite(point.excess.mean)]
    if not known:
        return None
    largest = max(abs(point.excess.mean) for point in known) or 1.0
    settings = [cell.settings for cell in cells]
    axes = [name for name in varying_axes(settings) if name != "lambda"]
    lambdas = sorted(
        {settings[point.number].lambda_ for point in stabilities}, key=lambda value: (value is None, value or 0.0)
    )
    rows: dict[str, list[HeatMapEntry | None]] = {}
    for point in stabilities:
        cell = settings[point.number]
        row = rows.setdefault(label(axes, [cell.axes[name] for name in axes]), [None] * len(lambdas))
        mean = point.excess.mean
        strength = 0.0 if isnan(mean) else max(-1.0, min(1.0, mean / largest))
        text = "no value" if isnan(mean) else excess_text(point.excess, column).removesuffix(f" {TIMES}")
        row[lambdas.index(cell.lambda_)] = HeatMapEntry(text, strength)
    return HeatMap(["" if value is None else f"{float(value):g}" for value in lambdas], rows)
