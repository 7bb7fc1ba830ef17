"""Expected reward of generated rows, which curation raises."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from raysc.curation.rewards import REWARDS, RewardName, Target, check_target
from raysc.datasets.views import CandidateViews
from raysc.errors import InputError
from raysc.metrics.core.columns import column_name, values_of_generated
from raysc.metrics.core.metric import Column, FeatureSets, Vectors

DEFAULT_REWARD: RewardName = "nearness"
DEFAULT_TARGET = 0.0


@dataclass(frozen=True)
class ExpectedReward:
    """Mean reward of the generated rows (Ferbach et al. 2024): it rises where the samples are curated by the reward.

    The rewards are those of the curation ``luce`` at strength 1. Give the metric the sweep's reward and target. Its
    floor is the value of training rows.

    Attributes:
        reward: nearness (-|x - target|^2 / 2, for points), category (share of the class ``target``), words (minus the
            distance of the number of words from ``target``) or pattern (share of texts that match the regular
            expression ``target``).
        target: the preference: a number, a coordinate for each dimension, or a regular expression.

    Raises:
        InputError: the reward cannot have the target.
    """

    reward: RewardName = DEFAULT_REWARD
    target: Target = DEFAULT_TARGET

    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 1

    def __post_init__(self) -> None:
        try:
            check_target(self.reward, self.target)
        except InputError as error:
            raise InputError(f"expected_reward: {error}") from error

    @property
    def features(self) -> str:
        return "coordinates" if self.reward == "nearness" else "values"

    @property
    def data_requirements(self) -> tuple[str, ...]:
        return tuple({"texts": "tokens", "labels": "labelled_train"}[need] for need in REWARDS[self.reward].needs)

    @property
    def columns(self) -> tuple[Column, ...]:
        reward = None if self.reward == DEFAULT_REWARD else self.reward
        text = "x".join(f"{x:g}" for x in self.target) if isinstance(self.target, tuple) else str(self.target)
        target = None if self.target == DEFAULT_TARGET else f"target={text}"
        return (Column(column_name("expected_reward", reward, target), "higher", "linear", "test"),)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        if isinstance(self.target, tuple) and len(self.target) != sets.test.array.shape[1]:
            raise InputError(
                f"expected_reward: {len(self.target)} coordinates of the target, but rows of {sets.test.array.shape[1]}"
            )
        views = sets.test.cached(CandidateViews, lambda: CandidateViews(sets.data, _no_scores))
        (column,) = self.columns
        return {column.name: values_of_generated(self._mean_reward(sets, views), sets)}

    def _mean_reward(self, sets: FeatureSets, views: CandidateViews) -> Callable[[Vectors], float]:
        def mean_reward(generated: Vectors) -> float:
            rows = generated.array
            if sets.data is not None and sets.data.kind == "images":
                rows = np.rint(rows * 255).reshape(-1, *sets.data.event)  # features are scaled to 0..1
            computed: dict[str, Any] = {need: getattr(views, need)(rows) for need in REWARDS[self.reward].needs}
            return float(REWARDS[self.reward](rows, self.target, computed).mean())

        return mean_reward


def _no_scores(rows: np.ndarray) -> np.ndarray:
    raise AssertionError("no reward reads log probabilities")
