"""Verified: candidates that pass a verifier, which may err."""

from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

import numpy as np

from raysc.curation.curation import first_accepted, select
from raysc.curation.rewards import REWARDS, RewardName, Target, check_rows, check_target
from raysc.errors import InputError
from raysc.regimes.recipe import Take


@dataclass(frozen=True)
class Verified:
    """Samples that a verifier accepts (Feng et al. 2025): right rows at one rate, wrong ones at another.

    A row is right if its reward is at least ``threshold``. Of ``choices`` candidates for each row the first accepted
    ones are kept; if they are too few, they repeat. No accepted candidate at all ends the run with an error.

    Attributes:
        threshold: least reward of a right row. Nearness within a radius rho of the target: -rho^2 / 2.
        reward: nearness, category, words or pattern, as in ``luce``.
        target: the preference, as in ``luce``.
        right: chance that a right row is accepted, 0 to 1.
        wrong: chance that a wrong row is accepted, 0 to 1.
        choices: candidates for each row, at least 1.
    """

    threshold: float
    reward: RewardName = "nearness"
    target: Target = 0.0
    right: float = 1.0
    wrong: float = 0.0
    choices: int = 2

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not isfinite(self.threshold):
            raise InputError("threshold must be finite")
        for name, rate in (("right", self.right), ("wrong", self.wrong)):
            if not 0 <= rate <= 1:
                raise InputError(f"{name} must be from 0 to 1, not {rate:g}")
        if self.choices < 1:
            raise InputError(f"choices must be at least 1, not {self.choices}")
        check_target(self.reward, self.target)

    def check(self, kind: str, event: tuple[int, ...]) -> None:
        """Raise InputError for rows that the reward cannot score."""
        check_rows(self.reward, self.target, kind, event)

    def curate(self, take: Take) -> Take:
        """Return the take with ``choices`` candidates for each row."""
        return select(take, self.choices * take.count, self.accept, REWARDS[self.reward].needs)

    def accept(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator, **views: Any
    ) -> np.ndarray:
        """Return the indices of accepted candidates, int64 (count,)."""
        is_right = REWARDS[self.reward](candidates, self.target, views) >= self.threshold
        return first_accepted(generator.random(len(is_right)) < np.where(is_right, self.right, self.wrong), count)
