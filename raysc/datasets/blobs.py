"""Three round clusters: the toy in which a collapsing loop loses whole modes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.drawing import TEST_ROWS, check_positive, draw_noisy
from raysc.streams import stream

CENTRES = 3
SIDE = 10.0


@dataclass(frozen=True)
class Blobs:
    """Three equally likely normals in the plane; each seed draws its own rows, all from the same three centres.

    The centres were drawn once, uniformly in [-10, 10]^2, and are the same for every number of rows and every noise.
    Training, held-out and fresh rows share them: held-out rows around other centres would be scored the better the
    wider a collapsed model has become. Rows are float64 (2,). 500 held-out rows.

    Attributes:
        rows: training rows per seed.
        noise: standard deviation of each cluster, per coordinate.

    Raises:
        InputError: rows below 1, or noise not a number of at least 0.
    """

    rows: int = 100
    noise: float = 1.0

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "points"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_positive("blobs", self.rows, self.noise)

    @property
    def count(self) -> int:
        return self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (2,)

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, float64 (seeds, rows, 2)."""
        return draw_noisy(_place, 2, self.noise, seeds, 0, "train", self.rows)

    def test(self) -> np.ndarray:
        """Held-out rows, float64 (500, 2), the same for all seeds."""
        rows: np.ndarray = draw_noisy(_place, 2, self.noise, (0,), 0, "test", TEST_ROWS)[0]
        return rows

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, float64 (seeds, count, 2)."""
        return draw_noisy(_place, 2, self.noise, seeds, generation, "fresh", count)

    def modes(self) -> tuple[np.ndarray, float]:
        """The three centres (3, 2), and the noise."""
        return _centres(), self.noise

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the three centres, and the clusters' own variance."""
        centres = _centres()
        return centres.mean(axis=0), np.cov(centres.T, ddof=0) + self.noise**2 * np.eye(2)


@cache
def _centres() -> np.ndarray:
    centres: np.ndarray = stream(0, 0, "data", "blobs", "centres").uniform(-SIDE, SIDE, (CENTRES, 2))
    centres.flags.writeable = False
    return centres


def _place(uniforms: np.ndarray) -> np.ndarray:
    placed: np.ndarray = _centres()[(uniforms[..., 0] * CENTRES).astype(int)]
    return placed
