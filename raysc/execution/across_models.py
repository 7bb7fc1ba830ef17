"""Values of the metrics that compare the models of a cell at one generation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from raysc.execution.measurer import Values
from raysc.metrics.core.features import plain_values
from raysc.metrics.core.metric import AcrossMetric
from raysc.pool.rows import Rows


class ModelsCompared:
    """The rows of all models at one generation; each metric of them is computed once."""

    def __init__(self, rows: Sequence[Rows | None], seeds: int) -> None:
        """Compare models.

        Args:
            rows: of every model; None for a model whose seeds have all diverged.
            seeds: number of seeds.
        """
        self._rows = rows
        self._seeds = seeds
        self._values: dict[AcrossMetric, Values] = {}

    def values(self, metric: AcrossMetric) -> Values:
        """Return the columns of a metric, float64 (seeds,); NaN once all seeds of a model have diverged."""
        if metric not in self._values:
            known = [of_model for of_model in self._rows if of_model is not None]
            if len(known) < len(self._rows):
                self._values[metric] = {column.name: np.full(self._seeds, np.nan) for column in metric.columns}
            else:
                arrays = [of_model.load() for of_model in known]
                features = np.stack([plain_values(array, array.ndim - 2) for array in arrays])
                with np.errstate(over="ignore", invalid="ignore"):
                    self._values[metric] = dict(metric.measure(features))
        return self._values[metric]


def across_metrics(metrics: Mapping[str, Any]) -> dict[str, AcrossMetric]:
    """Return the metrics that compare the models of a cell, by key."""
    return {key: metric for key, metric in metrics.items() if isinstance(metric, AcrossMetric)}
