"""Base of exponential families whose maximum likelihood fit is the mean of the rows, coordinate by coordinate."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from raysc.errors import InputError
from raysc.models.closed_form.draws import uniforms
from raysc.models.closed_form.incremental import IncrementalStatistics
from raysc.models.family import Arrays
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams


@dataclass(frozen=True)
class _Sums:
    """Sum of rows, float64 (seeds or 1, dim), and their number; of weighted rows the sum of the weights."""

    count: int | np.ndarray
    total: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, weights: np.ndarray | None) -> "_Sums":
        if weights is None:
            return cls(rows.shape[1], rows.sum(axis=1))
        return cls(weights.sum(axis=1, keepdims=True), (rows * weights[..., None]).sum(axis=1))

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(self.count + other.count, self.total + other.total)


@dataclass(eq=False)
class MeanFamily(ABC):
    """Independent coordinates, each of a one-parameter exponential family with the mean of its rows as parameter.

    Rows are drawn by inversion: one uniform number for each coordinate, so that two cells with similar means turn the
    same numbers into similar rows. All values are float64.

    Attributes:
        values: the values that a coordinate may have, for messages.
    """

    _sums: IncrementalStatistics[_Sums] = field(
        default_factory=lambda: IncrementalStatistics(_Sums.__add__), init=False, repr=False
    )
    _data: Any = field(default=None, init=False, repr=False)

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    honours_weights: ClassVar[bool] = True
    reads_rows_once: ClassVar[bool] = True
    block: ClassVar[int] = 1024
    values: ClassVar[str]

    @abstractmethod
    def variance(self, mean: np.ndarray) -> np.ndarray:
        """Compute the variance at a mean."""

    @abstractmethod
    def quantile(self, probability: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Compute the quantile function at probabilities in [0, 1); its arguments have shapes that broadcast."""

    @abstractmethod
    def log_density(self, values: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Compute the log density or log probability of values; minus infinity outside of the support."""

    @abstractmethod
    def contains(self, values: np.ndarray) -> bool:
        """Return True if all values are in the support."""

    def for_data(self, data: Any) -> Self:
        """Return the family for a data set, whose held-out rows ``check`` tests."""
        family = type(self)()
        family._data = data
        return family

    def check(self, event: tuple[int, ...]) -> None:
        name = type(self).__name__.lower()
        if len(event) != 1:
            raise InputError(f"{name} models points, and these rows have the shape {event}")
        if self._data is not None and not self.contains(np.asarray(self._data.test(), np.float64)):
            raise InputError(f"{name} models {self.values}, and these data have other values; take data: {name}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Compute the mean of the rows, (seeds, dim)."""
        sums = self._sums.compute(training_set, _Sums.of)
        mean = sums.total / sums.count
        return {"mean": np.broadcast_to(mean, (len(streams.seeds), mean.shape[1]))}

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows, float64 (seeds, count, dim)."""
        seeds, dim = state["mean"].shape
        numbers = uniforms(first * dim, count * dim, self.block * dim, streams, "row")
        return self.quantile(numbers.reshape(seeds, count, dim), state["mean"][:, None])

    def moments(self, state: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Return mean (seeds, dim) and covariance (seeds, dim, dim)."""
        mean = state["mean"]
        return mean, self.variance(mean)[:, :, None] * np.eye(mean.shape[1])

    def log_prob(self, state: Arrays, points: np.ndarray) -> np.ndarray:
        """Compute the log density at points (count, dim), float64 (seeds, count)."""
        log_densities: np.ndarray = self.log_density(points, state["mean"][:, None]).sum(axis=2)
        return log_densities
