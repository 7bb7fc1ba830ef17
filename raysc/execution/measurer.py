"""The measurer of a unit: its metrics on the rows and models of one generation after the other."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from raysc.datasets.dataset import DataSet
from raysc.metrics.core.features import NETWORKS, extractor_name
from raysc.metrics.core.measure import Floor, RealSets, floors, measure
from raysc.metrics.core.metric import FittedModels, ForkMetric, Metric, ModelMetric
from raysc.models.family import SupportsLazySampling
from raysc.pool.rows import Rows
from raysc.settings import Until

Values = dict[str, np.ndarray]
"""Column -> float64 (seeds,)."""
ValuesByMetric = dict[str, Values]
"""Metric key -> its columns."""


def without_diverged(values: ValuesByMetric, diverged: np.ndarray) -> ValuesByMetric:
    """Return values with NaN for seeds that have diverged, whose rows may be black images; floors stay.

    Args:
        values: of a generation.
        diverged: bool (seeds,).
    """
    if not diverged.any():
        return values
    return {
        key: {
            name: column if name in {f"{prefix}_floor" for prefix in columns} else np.where(diverged, np.nan, column)
            for name, column in columns.items()
        }
        for key, columns in values.items()
    }


@dataclass(frozen=True)
class Measurer:
    """Metrics of a pack of seeds.

    Attributes:
        metrics: by key.
        generations: those that are measured.
        data: the data set.
        real: the real rows of the pack with their features, as metrics compare them.
        seeds: number of seeds.
        until: ``loop.until`` of the sweep, if it has one.
        extract: (extractor, rows) -> features (seeds, m, dim), for extractors that are networks: the ranks that sampled
            the rows compute them. None: there are no such extractors.
    """

    metrics: Mapping[str, Metric]
    generations: frozenset[int]
    data: DataSet
    real: RealSets
    seeds: int
    until: Until | None = None
    extract: Callable[[str, Rows], np.ndarray] | None = None

    def due(self, generation: int) -> Iterable[str]:
        """Return the keys of the metrics of a generation: all, or none if it is not measured."""
        return self.metrics if generation in self.generations else ()

    @cached_property
    def until_metric(self) -> str:
        """Key of the metric that ``until`` judges."""
        assert self.until is not None, "the sweep has no loop.until"
        keys = {column.name: key for key, metric in self.metrics.items() for column in metric.columns}
        return keys[self.until.metric]

    def select_seeds(self, mask: np.ndarray, train: np.ndarray) -> "Measurer":
        """Return the measurer of some seeds: ``mask`` bool (seeds,), ``train`` their real rows."""
        return replace(self, real=self.real.select(mask, train), seeds=int(np.count_nonzero(mask)))

    def measure(
        self, rows: Rows | None, metrics: Iterable[str], model: tuple[Any, Any] | None = None
    ) -> ValuesByMetric:
        """Measure one generation.

        Args:
            rows: its rows; None if every seed diverged.
            metrics: keys.
            model: (family, state) of the generation, for metrics of models.

        Returns:
            Metric key -> its columns and their floors; NaN where there are no rows. Metrics of forks are measured by
            ``Forks``, and are NaN or left out here.
        """
        keys = [key for key in metrics if rows is None or not isinstance(self.metrics[key], ForkMetric)]
        if not keys:
            return {}
        chosen = [self.metrics[key] for key in keys]
        if rows is None:
            nan = np.full(self.seeds, np.nan)
            return {
                key: {column.name: nan for column in metric.columns} for key, metric in zip(keys, chosen, strict=True)
            }
        columns, real = self._columns(rows, chosen, model), self._floors(rows.count)
        values = {}
        for key, metric in zip(keys, chosen, strict=True):
            names = [column.name for column in metric.columns]
            counts = [f"{name}_rows" for name in names if f"{name}_rows" in columns]
            of_floors = [f"{name}_floor" for name in names if f"{name}_floor" in real]
            values[key] = {name: columns[name] for name in [*names, *counts]} | {
                name: np.broadcast_to(real[name].values, self.seeds) for name in of_floors
            }
        return values

    def _columns(self, rows: Rows, metrics: list[Metric], model: tuple[Any, Any] | None) -> Values:
        """Measure metrics on rows; the rows are loaded only if some metric reads them."""
        test = self.real.test if self.real.kind == "text" else self.real.test.astype(np.float64, copy=False)
        models = None if model is None else FittedModels(*model, self.data, test)
        loaded = rows.load() if any(self._reads_rows(metric, model) for metric in metrics) else None
        extract = self.extract
        features = None if extract is None else lambda extractor: extract(extractor, rows)
        return measure(metrics, loaded, self.real, models, features)

    def _reads_rows(self, metric: Metric, model: tuple[Any, Any] | None) -> bool:
        """Return True if a metric reads the rows in this process."""
        if isinstance(metric, ModelMetric):
            # A family may have drawn the counts of the rows alone; loading would draw the rows themselves.
            return model is None or not isinstance(model[0], SupportsLazySampling)
        return self.extract is None or extractor_name(metric.features, self.data.kind) not in NETWORKS

    @cached_property
    def _floor_cache(self) -> dict[int, Mapping[str, Floor]]:
        return {}

    def _floors(self, rows: int) -> Mapping[str, Floor]:
        """Return the floors at a number of rows, computed once."""
        if rows not in self._floor_cache:
            self._floor_cache[rows] = floors(list(self.metrics.values()), rows, self.real)
        return self._floor_cache[rows]
