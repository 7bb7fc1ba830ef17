"""A linear target with noise, the data of the regression results."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_noise, check_positive
from raysc.rng import Streams, stream


@dataclass(frozen=True)
class Linear(SeededDistribution):
    """Rows (x, y) with y = x w + noise and x standard normal, float64 (dim + 1,), y last; each seed draws its own rows.

    Every seed has the same w, (1, ..., 1). The distribution of x is isotropic, so only the length of w matters: |w|^2 =
    dim, the mean for the normal weights of Kazdan et al. 2024. 1000 held-out rows, as many as the paper scores, or dim
    if that is more.

    Attributes:
        dim: dimension of x.
        rows: training rows per seed.
        noise: standard deviation of the normal noise in y (the paper's sigma, of which it lists the square).

    Raises:
        InputError: dim or rows is below 1, or noise is not a number of at least 0.
    """

    dim: int = 1
    rows: int = 100
    noise: float = 1.0

    def __post_init__(self) -> None:
        check_positive("linear", rows=self.rows, dim=self.dim)
        check_noise("linear", self.noise)

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim + 1,)

    def target(self, x: np.ndarray) -> np.ndarray:
        """Return y without noise, x w: float64 (...) for x (..., dim)."""
        y: np.ndarray = x.sum(axis=-1)
        return y

    def test(self) -> np.ndarray:
        """Return the held-out rows, float64 (test_rows, dim + 1), the same for all seeds.

        The coordinates of their x are orthogonal and have mean square 1, as over the whole distribution. So the mean
        square of a linear error over these rows equals its expectation over x, without sampling error.
        """
        generator = stream(0, 0, "data", "test")
        count = max(self.test_rows, self.dim)
        x = np.linalg.qr(generator.standard_normal((count, self.dim)))[0] * np.sqrt(count)
        y = self.target(x) + self.noise * generator.standard_normal(count)
        return np.column_stack([x, y])

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance of (x, y)."""
        covariance = np.eye(self.dim + 1)
        covariance[-1] = covariance[:, -1] = 1
        covariance[-1, -1] = self.dim + self.noise**2
        return np.zeros(self.dim + 1), covariance

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float64 (seeds, count, dim + 1)."""
        # Two streams, so that fewer rows are a prefix of more.
        streams = Streams(tuple(seeds), generation)
        x = streams.normal((count, self.dim), "data", purpose, "x")
        y = self.target(x) + self.noise * streams.normal((count,), "data", purpose, "noise")
        return np.concatenate([x, y[..., None]], axis=2)
