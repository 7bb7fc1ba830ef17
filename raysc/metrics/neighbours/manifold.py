"""Manifold estimates of generated and real rows, and the base of precision, recall, density and coverage.

A manifold is estimated as the union of balls around the rows of a set. The ball of a row reaches to its k-th nearest
neighbour in the set (Kynkaanniemi et al. 2019).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.columns import PairColumns, features_setting, number_setting
from raysc.metrics.core.metric import Column, Features, FeatureSets, Vectors
from raysc.metrics.neighbours.nearest import distance_blocks, squared_radii

DEFAULT_K = 3
Balls = Literal["closed", "open"]


@dataclass(frozen=True)
class Manifolds:
    """Memberships of generated rows in real balls and of real rows in generated balls.

    Attributes:
        real_ball_counts: number of real balls that contain each generated row, int64 (m,).
        real_in_manifold: for each real row, whether a generated ball contains it, bool (n,).
        real_ball_occupied: for each real row, whether its ball contains a generated row, bool (n,).
    """

    real_ball_counts: np.ndarray
    real_in_manifold: np.ndarray
    real_ball_occupied: np.ndarray


def manifolds(generated: Vectors, real: Vectors, k: int, balls: Balls = "closed") -> Manifolds:
    """Compute the memberships, cached: the metrics of one generation share them."""
    return generated.cached((manifolds, real, k, balls), lambda: _manifolds(generated, real, k, balls == "open"))


def _manifolds(generated: Vectors, real: Vectors, k: int, strict: bool) -> Manifolds:
    real_radii = real.cached((squared_radii, k), lambda: squared_radii(real.array, k))
    generated_radii = generated.cached((squared_radii, k), lambda: squared_radii(generated.array, k))
    real_ball_counts = np.zeros(len(generated.array), dtype=np.int64)
    real_in_manifold = np.zeros(len(real.array), dtype=bool)
    real_ball_occupied = np.zeros(len(real.array), dtype=bool)
    for block, distances in distance_blocks(generated.array, real.array):
        in_real_ball = distances.within(real_radii, strict)
        real_ball_counts[block] = in_real_ball.sum(axis=1)
        real_ball_occupied |= in_real_ball.any(axis=0)
        real_in_manifold |= distances.within(generated_radii[block, None], strict).any(axis=0)
    return Manifolds(real_ball_counts, real_in_manifold, real_ball_occupied)


@dataclass(frozen=True)
class ManifoldMetric(ABC):
    """Base of precision, recall, density and coverage.

    Attributes:
        features: the features that are compared; None: the data's default.
        k: the ball of a row reaches to its k-th nearest neighbour.
        balls: closed: a ball includes its boundary, as in Kynkaanniemi et al. 2019; open: it does not, as in fld.
        pair: the metric's columns.

    Raises:
        InputError: k is below 1.
    """

    features: Features | None = None
    k: int = DEFAULT_K
    balls: Balls = "closed"

    pair: ClassVar[PairColumns]
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"{self.pair.name}: k must be at least 1, not {self.k}")

    @abstractmethod
    def value(self, manifolds: Manifolds) -> float:
        """Compute the metric of one seed."""

    @property
    def min_rows(self) -> int:
        return self.k + 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.pair.columns(*self._settings)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        def function(generated: Vectors, real: Vectors) -> float:
            return self.value(manifolds(generated, real, self.k, self.balls))

        return self.pair.values(sets, function, *self._settings)

    @property
    def _settings(self) -> tuple[str | None, ...]:
        balls = None if self.balls == "closed" else self.balls
        return features_setting(self.features), number_setting("k", self.k, DEFAULT_K), balls
