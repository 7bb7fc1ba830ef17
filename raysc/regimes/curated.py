"""Curated: samples selected by a reward, one of every K."""

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

    The pick follows the Plackett-Luce model (K = 2: Bradley-Terry): candidate k has the probability
    exp r(x_k) / sum_j exp r(x_j). The reward r(x) = -strength |x - target|^2 / 2, on rows as stored, prefers rows near
    one point; a regime file of your own can have another reward. floor(lambda n) rows are picked, with all n real rows
    or without real rows. As K grows, picking multiplies the model's density by exp r: a Gaussian stays Gaussian, and
    its precision grows by strength in every direction.

    Attributes:
        target: the preferred point: one number for all coordinates, or one for each coordinate of points.
        choices: K, at least 1; 1 picks every candidate, like mix or replace.
        strength: strength of the preference, at least 0, in units of 1 / coordinate^2; 0 picks uniformly.
        real: true: every training set has the n real rows; false: synthetic rows only.
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
        """Raise InputError for text, whose tokens have no distance, and for a target of another shape."""
        if kind == "text":
            raise InputError("curated prefers rows near a point, and rows of text have no distance")
        if np.ndim(self.target) and np.shape(self.target) != event:
            raise InputError(f"regime.target: {np.size(self.target)} coordinates, but rows of shape {event}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return all n real rows or none, and floor(lambda n) rows of S_{t-1}, each picked among K."""
        picked = per_real_row(lambda_, rows)
        newest = Take(synthetic(generation - 1), picked, among=self.choices * picked, choose=self.pick)
        return Recipe((Take(REAL, rows), newest) if self.real else (newest,))

    def pick(self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
        """Return the index of one row out of each K consecutive candidates, int64 (count,)."""
        offset = candidates.reshape(count, self.choices, *candidates.shape[1:]) - np.asarray(self.target, np.float64)
        reward = -self.strength / 2 * np.square(offset).reshape(count, self.choices, -1).sum(axis=2)
        # Gumbel-max trick: the argmax of reward plus Gumbel noise is a draw from the softmax, without overflow.
        reward[np.isnan(reward)] = -np.inf  # argmax would prefer NaN to any number
        best = (reward + generator.gumbel(size=reward.shape)).argmax(axis=1)
        picked: np.ndarray = np.arange(count) * self.choices + best
        return picked
