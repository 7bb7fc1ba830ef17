"""Base of the data sets that are distributions: each seed draws its own rows."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import isfinite
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.dataset import Kind
from raysc.errors import InputError

Purpose = Literal["train", "test", "fresh"]
"""Index of the random stream of a draw."""


class SeededDistribution(ABC):
    """Rows that a function ``draw`` draws for each seed, generation and purpose from a random stream of its own.

    Fewer rows of one stream are a prefix of more. So training, held-out and fresh rows are independent, and a seed's
    rows depend neither on the other seeds nor on ``rows``.

    Attributes:
        rows: number of training rows per seed.
        test_rows: number of held-out rows.
    """

    rows: int

    test_rows: ClassVar[int] = 1000
    version: ClassVar[int] = 1
    kind: ClassVar[Kind] = "points"
    labelled: ClassVar[bool] = False

    @abstractmethod
    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, (seeds, count, *event)."""

    @property
    def count(self) -> int:
        return self.rows

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, (seeds, rows, *event)."""
        return self.draw(seeds, 0, "train", self.rows)

    def test(self) -> np.ndarray:
        """Return the held-out rows, (test_rows, *event), the same for all seeds."""
        rows: np.ndarray = self.draw((0,), 0, "test", self.test_rows)[0]
        return rows

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """Draw new rows for one generation, (seeds, count, *event)."""
        return self.draw(seeds, generation, "fresh", count)


def check_positive(dataset: str, **parameters: int) -> None:
    """Check that parameters are at least 1.

    Args:
        dataset: name of the data set.
        **parameters: parameter -> value.

    Raises:
        InputError: a value is below 1.
    """
    for parameter, value in parameters.items():
        if value < 1:
            raise InputError(f"{dataset}: {parameter} must be at least 1, not {value}")


def check_noise(dataset: str, noise: float) -> None:
    """Check that a standard deviation is finite and at least 0; InputError otherwise."""
    if not (isfinite(noise) and noise >= 0):
        raise InputError(f"{dataset}: noise must be a number of at least 0, not {noise}")
