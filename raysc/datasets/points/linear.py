"""A linear target with noise, the data of the regression results."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_noise, check_positive
from raysc.errors import InputError
from raysc.rng import Streams, stream


@dataclass(frozen=True)
class Linear(SeededDistribution):
    """Rows (x, y) with y = x w + noise and x standard normal, float64 (dim + 1,), y last; each seed draws its own rows.

    Every seed has the same w, by default (1, ..., 1). The distribution of x is isotropic, so only the length of w
    matters: |w|^2 = dim, the mean for the normal weights of Kazdan et al. 2024. 1000 held-out rows, as many as the
    paper scores, or dim if that is more.

    With ``capacity`` beta and ``source`` delta the covariance of x is diagonal with the eigenvalues lambda_j = j^-beta,
    and w has lambda_j w_j^2 = j^-delta: the power-law spectrum of Dohmatob et al. 2024 (Model Collapse Demystified).

    Attributes:
        dim: dimension of x.
        rows: training rows per seed.
        noise: standard deviation of the normal noise in y (the paper's sigma, of which it lists the square).
        capacity: beta, the exponent of the eigenvalues of the covariance of x; 0: all are 1.
        source: delta, the exponent of the variances that the coordinates of x bring to y; 0: all are 1.

    Raises:
        InputError: dim or rows is below 1, or another parameter is not a number of at least 0.
    """

    dim: int = 1
    rows: int = 100
    noise: float = 1.0
    capacity: float = 0.0
    source: float = 0.0

    def __post_init__(self) -> None:
        check_positive("linear", rows=self.rows, dim=self.dim)
        check_noise("linear", self.noise)
        for name, exponent in (("capacity", self.capacity), ("source", self.source)):
            if not (isfinite(exponent) and exponent >= 0):
                raise InputError(f"linear: {name} must be a number of at least 0, not {exponent:g}")

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim + 1,)

    @property
    def isotropic(self) -> bool:
        """True if x has the covariance I and w is (1, ..., 1)."""
        return self.capacity == self.source == 0

    def weights(self) -> np.ndarray:
        """Return w, float64 (dim,)."""
        w: np.ndarray = np.arange(1.0, self.dim + 1) ** ((self.capacity - self.source) / 2)
        return w

    def deviations(self) -> np.ndarray:
        """Return the standard deviations of the coordinates of x, float64 (dim,)."""
        deviations: np.ndarray = np.arange(1.0, self.dim + 1) ** (-self.capacity / 2)
        return deviations

    def target(self, x: np.ndarray) -> np.ndarray:
        """Return y without noise, x w: float64 (...) for x (..., dim)."""
        y: np.ndarray = (x if self.isotropic else x * self.weights()).sum(axis=-1)
        return y

    def test(self) -> np.ndarray:
        """Return the held-out rows, float64 (test_rows, dim + 1), the same for all seeds.

        The coordinates of their x are orthogonal and have the mean squares of the whole distribution. So the mean
        square of a linear error over these rows equals its expectation over x, without sampling error.
        """
        generator = stream(0, 0, "data", "test")
        count = max(self.test_rows, self.dim)
        x = np.linalg.qr(generator.standard_normal((count, self.dim)))[0] * np.sqrt(count) * self.deviations()
        y = self.target(x) + self.noise * generator.standard_normal(count)
        return np.column_stack([x, y])

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance of (x, y)."""
        variances, w = np.square(self.deviations()), self.weights()
        covariance = np.diag(np.append(variances, variances @ np.square(w) + self.noise**2))
        covariance[-1, :-1] = covariance[:-1, -1] = variances * w
        return np.zeros(self.dim + 1), covariance

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float64 (seeds, count, dim + 1)."""
        # Two streams, so that fewer rows are a prefix of more.
        streams = Streams(tuple(seeds), generation)
        x = streams.normal((count, self.dim), "data", purpose, "x") * self.deviations()
        y = self.target(x) + self.noise * streams.normal((count,), "data", purpose, "noise")
        return np.concatenate([x, y[..., None]], axis=2)
