"""Distance of a loop from its fork."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Vectors
from raysc.metrics.distances.sliced_wasserstein import sliced_wasserstein

SLICED_ROWS = 1000
"""Rows of the sliced Wasserstein distance, which sorts them in 128 directions."""


@dataclass(frozen=True)
class ForkDistance:
    """Distance of a loop from its fork, which starts elsewhere and has the same random numbers.

    The ratio of successive distances is the rate at which retraining forgets its start: near a fixed point the spectral
    radius of the retraining map's Jacobian (Bertrand et al. 2023, theorem 1). The columns are the Euclidean distance of
    the fitted parameters, of the mean rows and of the covariances of the rows (Frobenius), and the sliced
    Wasserstein-2 distance of the first 1000 rows. Coupled models are one point: squared distances are summed over the
    models.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    compares_forks: ClassVar[bool] = True
    columns: ClassVar[tuple[Column, ...]] = (
        Column("fork_distance", "lower", "log", "none"),
        Column("fork_distance_mean", "lower", "log", "none"),
        Column("fork_distance_covariance", "lower", "log", "none"),
        Column("fork_distance_sliced_wasserstein", "lower", "log", "none"),
    )

    def measure(self, parameters: np.ndarray, rows: np.ndarray) -> dict[str, np.ndarray]:
        means = rows.mean(axis=3)
        centred = rows - means[:, :, :, None]
        covariances = np.einsum("fksni,fksnj->fksij", centred, centred) / rows.shape[3]
        return {
            "fork_distance": _distance(parameters),
            "fork_distance_mean": _distance(means.swapaxes(1, 2)),
            "fork_distance_covariance": _distance(covariances.swapaxes(1, 2)),
            "fork_distance_sliced_wasserstein": _sliced_wasserstein(rows),
        }


def _distance(points: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance of a loop's points from its fork's, float64 (seeds,).

    Args:
        points: of the loop and of its fork, float64 (2, seeds, ...).
    """
    difference = points[0] - points[1]
    distance: np.ndarray = np.linalg.norm(difference.reshape(len(difference), -1), axis=1)
    return distance


def _sliced_wasserstein(rows: np.ndarray) -> np.ndarray:
    """Return the sliced Wasserstein-2 distance, float64 (seeds,); NaN where a row is not finite."""
    _, models, seeds, _, _ = rows.shape
    squares = np.full((models, seeds), np.nan)
    for model, seed in np.ndindex(models, seeds):
        loop, fork = rows[:, model, seed, :SLICED_ROWS]
        if np.isfinite(loop).all() and np.isfinite(fork).all():
            squares[model, seed] = sliced_wasserstein(Vectors(loop), Vectors(fork)) ** 2
    distance: np.ndarray = np.sqrt(squares.sum(axis=0))
    return distance
