"""Measurement of one generation: all columns of all metrics, and the floors of the columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, get_args

import numpy as np

from raysc.datasets.dataset import Kind
from raysc.metrics.core.features import NETWORKS, PLAIN_EXTRACTOR, Extractor, extractor_name, plain_values
from raysc.metrics.core.metric import FeatureSets, FittedModels, Metric, ModelMetric, Reference, Vectors
from raysc.progress import report

REFERENCES: tuple[Reference, ...] = get_args(Reference)


@dataclass(frozen=True, eq=False)
class RealFeatures:
    """Features of the real rows under one extractor.

    Attributes:
        train: one per seed, (n, dim); a single one where all seeds share their rows.
        test: features of the held-out rows.
    """

    train: tuple[Vectors, ...]
    test: Vectors

    def select(self, seeds: np.ndarray) -> "RealFeatures":
        """Return the features of a subset of the seeds, bool (seeds,)."""
        if len(self.train) == 1:
            return self
        return RealFeatures(tuple(rows for rows, chosen in zip(self.train, seeds, strict=True) if chosen), self.test)


@dataclass(frozen=True, eq=False)
class RealSets:
    """The real rows of a pack of seeds and their features; one object serves all generations.

    Attributes:
        kind: kind of the data.
        train: training rows, (seeds, n, *event), or (1, n, *event) where all seeds share them.
        test: held-out rows, (rows, *event).
        extractors: extractors that are networks, by name; plain values need none.
        data: the data set, for metrics with ``data_requirements``.
        feature_cache: extractor -> features of the real rows; missing entries are computed at first use.
    """

    kind: Kind
    train: np.ndarray
    test: np.ndarray
    extractors: Mapping[str, Extractor] = field(default_factory=dict)
    data: Any = None
    feature_cache: dict[str, RealFeatures] = field(default_factory=dict)

    def select(self, seeds: np.ndarray, train: np.ndarray) -> "RealSets":
        """Return the real rows of a subset of the seeds.

        Args:
            seeds: the subset, bool (seeds,).
            train: its training rows.
        """
        # Plain values are cheap to compute again.
        networks = {name: features for name, features in self.feature_cache.items() if name in NETWORKS}
        feature_cache = {name: features.select(seeds) for name, features in networks.items()}
        return RealSets(self.kind, train, self.test, self.extractors, self.data, feature_cache)

    def features(self, extractor: str, rows: np.ndarray) -> np.ndarray:
        """Compute the features of rows (..., *event) in this process: float64 (..., dim), int32 for tokens."""
        if extractor == PLAIN_EXTRACTOR[self.kind]:
            return plain_values(rows, self.test.ndim - 1)
        return self.extractors[extractor].features(rows)

    def feature_sets(self, extractor: str, features: np.ndarray) -> FeatureSets:
        """Return the sets that metrics compare.

        Args:
            extractor: name of the extractor.
            features: features of the generated rows, (seeds, m, dim).
        """
        real, generated = self._real_features(extractor), vectors_by_seed(features)
        train = real.train * len(generated) if len(real.train) == 1 else real.train
        return FeatureSets(generated, train, real.test, self.data)

    def floor_sets(self, extractor: str, reference: Reference, rows: int) -> FeatureSets:
        """Return the sets with real rows in the place of the generated rows.

        Args:
            extractor: name of the extractor.
            reference: "test": the first training rows count as generated; "train": the first held-out rows do.
            rows: number of these rows, or fewer if there are fewer.
        """
        real = self._real_features(extractor)
        if reference == "test":
            return FeatureSets(tuple(_first(train, rows) for train in real.train), real.train, real.test, self.data)
        return FeatureSets((_first(real.test, rows),) * len(real.train), real.train, real.test, self.data)

    def _real_features(self, extractor: str) -> RealFeatures:
        if extractor not in self.feature_cache:
            train, test = (self.features(extractor, rows) for rows in (self.train, self.test))
            self.feature_cache[extractor] = RealFeatures(vectors_by_seed(train), Vectors(test))
        return self.feature_cache[extractor]


def vectors_by_seed(features: np.ndarray) -> tuple[Vectors, ...]:
    """Split features (seeds, rows, dim) by seed."""
    return tuple(Vectors(rows) for rows in features)


def _first(vectors: Vectors, rows: int) -> Vectors:
    return vectors if rows >= len(vectors.array) else Vectors(vectors.array[:rows])


@dataclass(frozen=True)
class Floor:
    """The values of a column for real rows in the place of generated rows.

    Attributes:
        values: float64 (seeds,), or (1,) where all seeds share their training rows.
        rows: number of these real rows.
    """

    values: np.ndarray
    rows: int


def measure(
    metrics: Sequence[Metric | ModelMetric],
    rows: np.ndarray | None,
    real: RealSets,
    models: FittedModels | None = None,
    network_features: Callable[[str], np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Measure every column of every metric for one generation.

    Args:
        metrics: metrics that passed ``check_metrics``.
        rows: generated rows, (seeds, m, *event); None if no metric reads the rows themselves.
        real: the real rows of the same seeds.
        models: the models that generated the rows; None if no metric evaluates models.
        network_features: extractor -> features of the generated rows, (seeds, m, dim), for extractors that are
            networks and run in other processes; None: they run in this process.

    Returns:
        Column name -> float64 (seeds,), in the order of the metrics; NaN for a seed whose rows are not finite. A metric
        may add a column ``<column>_rows``.
    """

    @cache
    def feature_sets(extractor: str) -> FeatureSets:
        if network_features is not None and extractor in NETWORKS:
            return real.feature_sets(extractor, network_features(extractor))
        assert rows is not None, f"{extractor} needs the generated rows"
        return real.feature_sets(extractor, real.features(extractor, rows))

    values: dict[str, np.ndarray] = {}
    with _overflow_allowed():
        for index, metric in enumerate(metrics):
            report("measuring", "metrics", index, len(metrics))
            if isinstance(metric, ModelMetric):
                assert models is not None, "check_metrics refuses metrics of models where the family offers none"
                values |= _model_values(metric, models, rows)
            else:
                values |= metric.measure(feature_sets(extractor_name(metric.features, real.kind)))
    report("measuring", "metrics", len(metrics), len(metrics))
    return values


def _model_values(metric: ModelMetric, models: FittedModels, rows: np.ndarray | None) -> Mapping[str, np.ndarray]:
    values = metric.measure(replace(models, rows=rows))
    if rows is None:
        return values
    # A diverged model may become finite again where generations start from new weights; its rows do not.
    finite = np.isfinite(rows[:, 0]).reshape(len(rows), -1).all(axis=1)
    return {name: np.where(finite, value, np.nan) for name, value in values.items()}


def floors(metrics: Sequence[Metric | ModelMetric], rows: int, real: RealSets) -> dict[str, Floor]:
    """Measure real rows against real rows, with as many rows as a generation has, or fewer if there are fewer.

    A column with reference "test" measures the first training rows, a column with reference "train" the first held-out
    rows. A column with reference "none" has no floor.

    Args:
        metrics: metrics that passed ``check_metrics``.
        rows: m, the number of rows of every generation that are measured.
        real: the real rows.

    Returns:
        Column name + "_floor" -> its floor.
    """
    row_metrics = [metric for metric in metrics if not isinstance(metric, ModelMetric)]
    result: dict[str, Floor] = {}
    for reference in REFERENCES:
        floor_sets = cache(partial(real.floor_sets, reference=reference, rows=rows))
        for index, metric in enumerate(row_metrics):
            report("measuring", "metrics", index, len(row_metrics))
            columns = [column for column in metric.columns if column.reference == reference]
            if columns:
                sets = floor_sets(extractor_name(metric.features, real.kind))
                with _overflow_allowed():
                    values = metric.measure(sets)
                count = len(sets.generated[0].array)
                result |= {f"{column.name}_floor": Floor(values[column.name], count) for column in columns}
        report("measuring", "metrics", len(row_metrics), len(row_metrics))
    return result


def _overflow_allowed() -> np.errstate:
    """Silence overflow: the huge numbers of a diverged seed overflow before they become NaN."""
    return np.errstate(over="ignore", invalid="ignore")
