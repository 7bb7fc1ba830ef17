"""Measuring: every column of every metric for the rows of one generation, and their floors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from raysc.activity import tell
from raysc.metrics.features import VALUES, Extractor, extractor_name, plain_values
from raysc.metrics.metric import Compared, Metric, Modelled, ModelMetric, Vectors


@dataclass(frozen=True, eq=False)
class Real:
    """The real rows of a pack of seeds and their features; make one and keep it for all generations.

    Attributes:
        kind: of the data: "images", "points" or "text".
        train: (seeds, n, *event), or (1, n, *event) where all seeds share them.
        test: held-out rows, (rows, *event).
        extractors: the trained ones that the metrics need, by name ("classifier"); plain values need none.
        data: the data set, for metrics that ask something of it.
    """

    kind: Literal["images", "points", "text"]
    train: np.ndarray
    test: np.ndarray
    extractors: Mapping[str, Extractor] = field(default_factory=dict)
    data: Any = None
    _features: dict[str, tuple[tuple[Vectors, ...], Vectors]] = field(default_factory=dict, init=False, repr=False)

    def compared(self, extractor: str, rows: np.ndarray) -> Compared:
        """Features of rows, (seeds, m, *event), beside those of the real rows."""
        if extractor not in self._features:
            self._features[extractor] = (self._vectors(extractor, self.train), Vectors(self._of(extractor, self.test)))
        train, test = self._features[extractor]
        generated = self._vectors(extractor, rows)
        return Compared(generated, train * len(generated) if len(train) == 1 else train, test, self.data)

    def _vectors(self, extractor: str, rows: np.ndarray) -> tuple[Vectors, ...]:
        return tuple(Vectors(features) for features in self._of(extractor, rows))

    def _of(self, extractor: str, rows: np.ndarray) -> np.ndarray:
        if extractor == VALUES[self.kind]:
            return plain_values(rows, self.test.ndim - 1)
        return self.extractors[extractor].features(rows)


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
    metrics: Sequence[Metric | ModelMetric], rows: np.ndarray | None, real: Real, modelled: Modelled | None = None
) -> dict[str, np.ndarray]:
    """Every column of every metric for one generation.

    Args:
        metrics: they passed ``check_metrics``.
        rows: generated, (seeds, m, *event); None where no metric looks at them.
        real: the real rows of the same seeds.
        modelled: the models that generated them, where the metrics look at models.

    Returns:
        Column name -> float64 (seeds,), in the metrics' order; NaN for a seed whose rows are not finite.
    """
    compared: dict[str, Compared] = {}
    values: dict[str, np.ndarray] = {}
    # A diverged seed's huge numbers overflow on the way to its NaN.
    with np.errstate(over="ignore", invalid="ignore"):
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
                continue
            assert rows is not None, "a metric looks at rows"
            extractor = extractor_name(metric.features, real.kind)
            if extractor not in compared:
                compared[extractor] = real.compared(extractor, rows)
            values |= metric.measure(compared[extractor])
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
    stand_ins = {
        "test": real.train[:, :rows],
        "train": np.broadcast_to(real.test[None, :rows], (len(real.train), *real.test[:rows].shape)),
    }
    found: dict[str, Floor] = {}
    for against, stand_in in stand_ins.items():
        having = [metric for metric in metrics if any(column.against == against for column in metric.columns)]
        values = measure(having, stand_in, real)
        columns = [column for metric in having for column in metric.columns if column.against == against]
        found |= {f"{column.name}_floor": Floor(values[column.name], stand_in.shape[1]) for column in columns}
    return found
