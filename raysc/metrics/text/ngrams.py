"""N-grams of token rows, and the column that metrics of n-grams share."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.columns import column_name, number_setting
from raysc.metrics.core.metric import Better, Column, Scale, Vectors
from raysc.pool.tokens import PAD


@dataclass(frozen=True)
class NgramColumn:
    """The column of a metric of n-grams, with n in its name where n is not the default: ``distinct_n[n=3]``.

    Attributes:
        name: the metric's name.
        default_n: the default n.
        better: direction in which the values improve.
        scale: scale of damage.
        reference: the real rows that determine the floor.
    """

    name: str
    default_n: int
    better: Better
    scale: Scale
    reference: Literal["test", "train"]

    def check(self, n: int) -> None:
        """Raise InputError if n is below 1."""
        if n < 1:
            raise InputError(f"{self.name}: n must be at least 1, not {n}")

    def columns(self, n: int) -> tuple[Column, ...]:
        """Return the column of the metric with this n."""
        name = column_name(self.name, number_setting("n", n, self.default_n))
        return (Column(name, self.better, self.scale, self.reference, "share of n-grams"),)


def ngrams(rows: np.ndarray, n: int) -> np.ndarray:
    """Return all n-grams of token rows, end tokens included and padding excluded: int32 (count, n), row after row."""
    if n > rows.shape[1]:
        return np.empty((0, n), rows.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(rows, n, axis=1)
    grams: np.ndarray = windows[(windows != PAD).all(axis=2)]
    return grams


def ngram_set(vectors: Vectors, n: int) -> frozenset[bytes]:
    """Return the distinct n-grams of a set of rows as bytes, cached."""

    def compute() -> frozenset[bytes]:
        return frozenset(gram.tobytes() for gram in np.unique(ngrams(vectors.array, n), axis=0))

    return vectors.cached((ngram_set, n), compute)


def share(part: float, whole: float) -> float:
    """Return part / whole; NaN if the whole is 0."""
    return part / whole if whole else float("nan")
