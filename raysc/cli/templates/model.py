"""A model family that is fitted by a formula. Families trained by gradient steps implement ``TrainedFamily``."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.plugins import Arrays, InputError, Streams, TrainingSet


@dataclass(frozen=True)
class MyModel:
    """Independent normals: mean and variance of each coordinate, with a floor for the variance.

    All seeds of a unit are fitted at once, so every array has the seeds as its leading axis. The fields are the
    parameters of the model in a sweep file: ``model: {name: ..., min_variance: 0.01}``.

    Attributes:
        min_variance: least variance of a coordinate.
    """

    min_variance: float = 0.0

    version: ClassVar[int] = 1
    # False: fitted by a formula.
    trained: ClassVar[bool] = False
    # True only for a family that keeps statistics of parts and never reads their rows again.
    reads_rows_once: ClassVar[bool] = False
    # Rows are drawn in blocks of this size, each with its own stream: row i is the same whichever rows are drawn.
    block: ClassVar[int] = 1024

    def check(self, event: tuple[int, ...]) -> None:
        """Refuse rows that the family cannot model."""
        if len(event) != 1:
            raise InputError(f"this family models points, and these rows have the shape {event}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Fit all seeds; the state is named arrays with the seeds as leading axis."""
        rows = training_set.load()  # (seeds or 1, count, dim): 1 where all seeds share their rows
        rows = np.broadcast_to(rows, (len(streams.seeds), *rows.shape[1:]))
        return {"mean": rows.mean(axis=1), "variance": np.maximum(rows.var(axis=1), self.min_variance)}

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Draw rows ``first`` to ``first + count``, (seeds, count, dim)."""
        mean, std = state["mean"][:, None], np.sqrt(state["variance"])[:, None]
        numbers = range(first // self.block, -(-(first + count) // self.block))
        blocks = [streams.normal((self.block, mean.shape[-1]), "sample", number) for number in numbers]
        skip = first - numbers.start * self.block
        rows: np.ndarray = mean + std * np.concatenate(blocks, axis=1)[:, skip : skip + count]
        return rows
