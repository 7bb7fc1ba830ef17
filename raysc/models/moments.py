"""Count, mean and scatter of rows, for all seeds at once; two parts merge without looking at their rows again."""

from dataclasses import dataclass

import numpy as np

from raysc.pool.rows import Part, TrainingSet


@dataclass(frozen=True)
class Moments:
    """First and second moments of some rows.

    Attributes:
        count: rows per seed.
        mean: float64 (seeds, dim).
        scatter: sum of (x - mean)(x - mean)', float64 (seeds, dim, dim).
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Moments":
        """Moments of rows (seeds, count, dim)."""
        mean = rows.mean(axis=1)
        centred = rows - mean[:, None]
        return cls(rows.shape[1], mean, centred.transpose(0, 2, 1) @ centred)

    def __add__(self, other: "Moments") -> "Moments":
        """Moments of both together (Chan, Golub and LeVeque 1979)."""
        count = self.count + other.count
        shift = other.mean - self.mean
        outer = shift[:, :, None] * shift[:, None, :]
        return Moments(
            count,
            self.mean + shift * (other.count / count),
            self.scatter + other.scatter + outer * (self.count * other.count / count),
        )


class PooledMoments:
    """Moments of training sets that grow part by part: whole parts that were merged last time are not read again.

    Under accumulate a training set is the last one and one more part, so T generations cost O(T) rows, not O(T^2).
    """

    def __init__(self) -> None:
        self._keys: list[object] = []
        self._merged: Moments | None = None

    def of(self, training_set: TrainingSet, seeds: int) -> Moments:
        """Moments of a training set's rows, float64.

        Args:
            training_set: rows (seeds or 1, count, dim).
            seeds: length of the leading axis of what is returned.
        """
        if training_set.positions is not None or any(part.indices is not None for part in training_set.parts):
            return _spread(Moments.of(training_set.load().astype(np.float64, copy=False)), seeds)
        keys: list[object] = [tuple(block.key for block in part.rows.blocks) for part in training_set.parts]
        known = len(self._keys) if self._merged is not None and keys[: len(self._keys)] == self._keys else 0
        merged = self._merged if known else None
        for part in training_set.parts[known:]:
            moments = _spread(Moments.of(_whole(part)), seeds)
            merged = moments if merged is None else merged + moments
        assert merged is not None, "a training set has at least one part"
        self._keys, self._merged = keys, merged
        return merged


def _whole(part: Part) -> np.ndarray:
    return part.rows.load().astype(np.float64, copy=False)


def _spread(moments: Moments, seeds: int) -> Moments:
    """Rows that all seeds share have one set of moments: give it to each."""
    if moments.mean.shape[0] == seeds:
        return moments
    return Moments(moments.count, np.repeat(moments.mean, seeds, 0), np.repeat(moments.scatter, seeds, 0))
