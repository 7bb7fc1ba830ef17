"""Samples that somebody preferred: one of every K."""

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class Curated:
    """Curated samples (Ferbach et al. 2024): of every K candidates of S_{t-1} one is picked by its reward.

    Which one follows the Plackett-Luce model (K = 2: Bradley-Terry): candidate k with probability
    exp r(x_k) / sum_j exp r(x_j). The reward is the preference for one point, r(x) = -strength |x - target|^2 / 2, on
    rows as stored; another reward is a regime file of its own. floor(lambda n) rows are picked, beside all n real rows
    or without any. As K grows, picking multiplies the model's density by exp r: a Gaussian stays one, and its precision
    grows by strength in every direction.

    Attributes:
        target: what is preferred: a number, for all coordinates, or one for each coordinate of points.
        choices: K, at least 1; 1 picks everything and is mix, or replace.
        strength: of the preference, at least 0, in units of 1 / coordinate^2; 0 picks blindly.
        real: whether the n real rows are in every training set.
    """

    target: float | tuple[float, ...] = 0.0
    choices: int = 2
    strength: float = 1.0
    real: bool = True

    version: ClassVar[int] = 1
    default_lambda: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.choices < 1:
            raise InputError(f"choices must be at least 1, not {self.choices}")
        if not (self.strength >= 0 and isfinite(self.strength)):
            raise InputError(f"strength must be a number of at least 0, not {self.strength:g}")
        if not np.isfinite(self.target).all():
            raise InputError("target must be finite")

    def check(self, kind: str, event: tuple[int, ...]) -> None:
        """InputError for text, whose tokens have no distance, and for a target of other dimensions."""
        if kind == "text":
            raise InputError("curated prefers rows that are near a point, and text has no distances")
        if np.ndim(self.target) and np.shape(self.target) != event:
            raise InputError(f"regime.target: {np.size(self.target)} coordinates, but rows of shape {event}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """All n real rows or none, and floor(lambda n) of the newest generation, each picked among K."""
        picked = per_real_row(lambda_, rows)
        newest = Take(synthetic(generation - 1), picked, among=self.choices * picked, choose=self.pick)
        return Recipe((Take(REAL, rows), newest) if self.real else (newest,))

    def pick(self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
        """The preferred one of each K candidates that follow one another."""
        away = candidates.reshape(count, self.choices, *candidates.shape[1:]) - np.asarray(self.target, np.float64)
        reward = -self.strength / 2 * np.square(away).reshape(count, self.choices, -1).sum(axis=2)
        # The largest of rewards with Gumbel noise is a draw from their softmax, and no exponential overflows.
        best = (reward + generator.gumbel(size=reward.shape)).argmax(axis=1)
        picked: np.ndarray = np.arange(count) * self.choices + best
        return picked
