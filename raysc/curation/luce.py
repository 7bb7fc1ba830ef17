"""Luce: one of every K candidates, by its reward."""

from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from raysc.curation.curation import select
from raysc.curation.rewards import REWARDS, RewardName, Target, check_rows, check_target
from raysc.errors import InputError
from raysc.regimes.recipe import Take


@dataclass(frozen=True)
class Luce:
    """Choice by the Plackett-Luce model (K = 2: Bradley-Terry), as in Ferbach et al. 2024.

    Of every K candidates x_1, ..., x_K row k is kept with the probability exp r(x_k) / sum_j exp r(x_j). A share of the
    choices is made by adversarial curators, with the reward -r (Wei and Zhang 2025). A row whose reward is not finite
    is kept only if none of the K candidates has a finite one.

    Attributes:
        choices: K, at least 1; 1 keeps every candidate.
        reward: r / strength: nearness (-|x - target|^2 / 2), category (1 for the class ``target``), words (minus the
            distance of the number of words from ``target``) or pattern (1 where the regular expression ``target``
            matches).
        target: the preference: a number, a coordinate for each dimension, or a regular expression.
        strength: factor of the reward, at least 0; 0 keeps candidates by chance.
        adversarial: share of adversarial choices, 0 to 1.
    """

    choices: int = 2
    reward: RewardName = "nearness"
    target: Target = 0.0
    strength: float = 1.0
    adversarial: float = 0.0

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.choices < 1:
            raise InputError(f"choices must be at least 1, not {self.choices}")
        if not (self.strength >= 0 and isfinite(self.strength)):
            raise InputError(f"strength must be a number of at least 0, not {self.strength:g}")
        if not 0 <= self.adversarial <= 1:
            raise InputError(f"adversarial must be from 0 to 1, not {self.adversarial:g}")
        check_target(self.reward, self.target)

    def check(self, kind: str, event: tuple[int, ...]) -> None:
        """Raise InputError for rows that the reward cannot score."""
        check_rows(self.reward, self.target, kind, event)

    def curate(self, take: Take) -> Take:
        """Return the take with K candidates for each row."""
        return select(take, self.choices * take.count, self.pick, REWARDS[self.reward].needs)

    def pick(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator, **views: Any
    ) -> np.ndarray:
        """Return the index of one row out of each K consecutive candidates, int64 (count,)."""
        scores = REWARDS[self.reward](candidates, self.target, views).reshape(count, self.choices)
        finite = np.isfinite(scores)
        reward = self.strength * np.where(finite, scores, 0)
        # Gumbel-max trick: the argmax of reward plus Gumbel noise is a draw from the softmax, without overflow.
        noise = generator.gumbel(size=reward.shape)
        if self.adversarial:
            reward[generator.random(count) < self.adversarial] *= -1
        reward[~finite] = -np.inf  # argmax would prefer NaN to any number
        picked: np.ndarray = np.arange(count) * self.choices + (reward + noise).argmax(axis=1)
        return picked
