"""Top alpha: the best share of the candidates, by their reward."""

from dataclasses import dataclass
from math import ceil
from typing import Any, ClassVar

import numpy as np

from raysc.curation.curation import select
from raysc.curation.rewards import REWARDS, RewardName, Target, check_rows, check_target
from raysc.errors import InputError
from raysc.regimes.recipe import Take, exact


@dataclass(frozen=True)
class TopAlpha:
    """The best share alpha of the candidates by their reward (Qiao et al. 2026).

    For m rows there are ceil(m / alpha) candidates. Of equal rewards the earlier row is kept, so that a reward of two
    values fills up with rows of the lower one.

    Attributes:
        alpha: share of the candidates that is kept, above 0 and at most 1.
        reward: nearness, category, words or pattern, as in ``luce``.
        target: the preference, as in ``luce``.
    """

    alpha: float
    reward: RewardName = "nearness"
    target: Target = 0.0

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 1:
            raise InputError(f"alpha must be above 0 and at most 1, not {self.alpha:g}")
        check_target(self.reward, self.target)

    def check(self, kind: str, event: tuple[int, ...]) -> None:
        """Raise InputError for rows that the reward cannot score."""
        check_rows(self.reward, self.target, kind, event)

    def curate(self, take: Take) -> Take:
        """Return the take with ceil(count / alpha) candidates."""
        return select(take, ceil(take.count / exact(self.alpha)), self.best, REWARDS[self.reward].needs)

    def best(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator, **views: Any
    ) -> np.ndarray:
        """Return the indices of the ``count`` candidates of the highest reward, int64 (count,)."""
        scores = REWARDS[self.reward](candidates, self.target, views)
        return np.argsort(-scores, kind="stable")[:count]
