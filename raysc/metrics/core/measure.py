"""Measuring: every column of every metric for the rows of one generation, and their floors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Literal

import numpy as np

from raysc.metrics.core.features import NETWORKS, VALUES, Extractor, extractor_name, plain_values
from raysc.metrics.core.metric import Compared, Metric, Modelled, ModelMetric, Vectors
from raysc.progress import tell

Against = Literal["test", "train"]
AGAINST: tuple[Against, ...] = ("test", "train")


@dataclass(frozen=True, eq=False)
class RealFeatures:
    """What one extractor makes of the real rows.

    Attributes:
        train: one per seed, (n, dim); one in all where the seeds share their rows.
        test: of the held-out rows.
    """

    train: tuple[Vectors, ...]
    test: Vectors

    def of(self, kept: np.ndarray) -> "RealFeatures":
        """Those of some of the seeds, bool (seeds,)."""
        some = tuple(vectors for vectors, stays in zip(self.train, kept, strict=False) if stays)
        return RealFeatures(self.train if len(self.train) == 1 else some, self.test)


@dataclass(frozen=True, eq=False)
class Real:
    """The real rows of a pack of seeds and their features; make one and keep it for all generations.

    Attributes:
        kind: of the data: "images", "points" or "text".
        train: (seeds, n, *event), or (1, n, *event) where all seeds share them.
        test: held-out rows, (rows, *event).
        extractors: networks that compute features in this process, by name; plain values need none.
        data: the data set, for metrics that ask something of it.
        known: extractor -> features of the real rows; those that are not given are computed when a metric asks.
    """

    kind: Literal["images", "points", "text"]
    train: np.ndarray
    test: np.ndarray
    extractors: Mapping[str, Extractor] = field(default_factory=dict)
    data: Any = None
    known: dict[str, RealFeatures] = field(default_factory=dict)

    def of(self, kept: np.ndarray, train: np.ndarray) -> "Real":
        """The real rows of some of the seeds, bool (seeds,), whose training rows are ``train``."""
        known = {name: features.of(kept) for name, features in self.known.items() if name in NETWORKS}
        return Real(self.kind, train, self.test, self.extractors, self.data, known)

    def features(self, extractor: str, rows: np.ndarray) -> np.ndarray:
        """Features of rows (..., *event), computed here: float64 (..., dim), of tokens int32."""
        if extractor == VALUES[self.kind]:
            return plain_values(rows, self.test.ndim - 1)
        return self.extractors[extractor].features(rows)

    def compared(self, extractor: str, features: np.ndarray) -> Compared:
        """Features of generated rows, (seeds, m, dim), beside those of the real rows."""
        real, generated = self._real(extractor), vectors_of(features)
        train = real.train * len(generated) if len(real.train) == 1 else real.train
        return Compared(generated, train, real.test, self.data)

    def stood_in(self, extractor: str, against: Against, rows: int) -> Compared:
        """The first training rows (the first held-out rows) where generated ones are compared with the others."""
        real = self._real(extractor)
        if against == "test":
            return Compared(tuple(_first(own, rows) for own in real.train), real.train, real.test, self.data)
        return Compared((_first(real.test, rows),) * len(real.train), real.train, real.test, self.data)

    def _real(self, extractor: str) -> RealFeatures:
        if extractor not in self.known:
            train, test = (self.features(extractor, rows) for rows in (self.train, self.test))
            self.known[extractor] = RealFeatures(vectors_of(train), Vectors(test))
        return self.known[extractor]


def vectors_of(features: np.ndarray) -> tuple[Vectors, ...]:
    """Features (seeds, rows, dim) by seed."""
    return tuple(Vectors(own) for own in features)


def _first(vectors: Vectors, rows: int) -> Vectors:
    return vectors if rows >= len(vectors.array) else Vectors(vectors.array[:rows])


@dataclass(frozen=True)
class Floor:
    """What a column gives for real rows in the place of generated ones.

    Attributes:
        values: float64 (seeds,), or (1,) where all seeds share their training rows.
        rows: how many real rows took the place of the generated ones.
    """

    values: np.ndarray
    rows: int


def measure(
    metrics: Sequence[Metric | ModelMetric],
    rows: np.ndarray | None,
    real: Real,
    modelled: Modelled | None = None,
    features: Callable[[str], np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Every column of every metric for one generation.

    Args:
        metrics: they passed ``check_metrics``.
        rows: generated, (seeds, m, *event); None where no metric looks at the rows themselves.
        real: the real rows of the same seeds.
        modelled: the models that generated them, where the metrics look at models.
        features: what an extractor that is a network makes of the rows, (seeds, m, dim), where others than this process
            compute it; None: it is computed here.

    Returns:
        Column name -> float64 (seeds,), in the metrics' order; NaN for a seed whose rows are not finite. A metric may
        add a column ``<column>_rows``.
    """

    @cache
    def compared(extractor: str) -> Compared:
        if features is not None and extractor in NETWORKS:
            return real.compared(extractor, features(extractor))
        assert rows is not None, "a metric looks at rows"
        return real.compared(extractor, real.features(extractor, rows))

    values: dict[str, np.ndarray] = {}
    with _overflowing():
        for place, metric in enumerate(metrics):
            tell("measuring", "metrics", place, len(metrics))
            if isinstance(metric, ModelMetric):
                assert modelled is not None, "metrics of models were refused for families that do not offer them"
                found = metric.measure(modelled)
                if rows is not None:
                    # A model that diverged may have numbers again, if generations start anew; its rows have none.
                    sound = np.isfinite(rows[:, 0]).reshape(len(rows), -1).all(axis=1)
                    found = {name: np.where(sound, value, np.nan) for name, value in found.items()}
                values |= found
            else:
                values |= metric.measure(compared(extractor_name(metric.features, real.kind)))
    tell("measuring", "metrics", len(metrics), len(metrics))
    return values


def floors(metrics: Sequence[Metric | ModelMetric], rows: int, real: Real) -> dict[str, Floor]:
    """Real against real, at the row count of the generated rows or as near to it as there are real rows.

    A column against held-out rows measures the first training rows; one against training rows measures the first
    held-out rows; a column against neither has no floor.

    Args:
        metrics: they passed ``check_metrics``.
        rows: m, how many rows of every generation are measured.
        real: the real rows.

    Returns:
        Column name + "_floor" -> its floor.
    """
    of_rows = [metric for metric in metrics if not isinstance(metric, ModelMetric)]
    found: dict[str, Floor] = {}
    for against in AGAINST:
        stood_in = cache(partial(real.stood_in, against=against, rows=rows))
        for place, metric in enumerate(of_rows):
            tell("measuring", "metrics", place, len(of_rows))
            columns = [column for column in metric.columns if column.against == against]
            if columns:
                compared = stood_in(extractor_name(metric.features, real.kind))
                with _overflowing():
                    values = metric.measure(compared)
                stand_ins = len(compared.generated[0].array)
                found |= {f"{column.name}_floor": Floor(values[column.name], stand_ins) for column in columns}
        tell("measuring", "metrics", len(of_rows), len(of_rows))
    return found


def _overflowing() -> np.errstate:
    """A diverged seed's huge numbers overflow on the way to its NaN."""
    return np.errstate(over="ignore", invalid="ignore")
