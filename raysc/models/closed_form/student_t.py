"""Student's t distribution with free location: a family that is misspecified for normal rows."""

from dataclasses import dataclass
from math import isfinite, log, pi
from typing import ClassVar

import numpy as np
from scipy.special import gammaln

from raysc.errors import InputError
from raysc.models.closed_form.chunks import seed_chunks
from raysc.models.closed_form.draws import uniforms
from raysc.models.family import Arrays
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams

MAX_STEPS = 500
TOLERANCE = 1e-10


@dataclass(frozen=True)
class StudentT:
    """Independent coordinates x = theta + scale t, t of ``df`` degrees of freedom; theta is fitted, the rest is set.

    Maximum likelihood by expectation maximisation (Lange, Little and Taylor 1989): theta is the mean of the rows with
    the weights (df + 1) / (df + z^2), z = (x - theta) / scale, from the median on, until no theta moves by more than
    1e-10 of the scale. The likelihood can have several maxima; this is the one that the median leads to.

    For normal rows the best member is not the truth, so the two matrices of Bertrand et al. 2023 differ: the curvature
    A of the log likelihood of the data, and that of the model's own samples, B = (df + 1) / (df + 3) / scale^2. With
    lambda samples per real row errors are multiplied by J = lambda B / (A + lambda B) per retraining.

    Attributes:
        df: degrees of freedom; the covariance is infinite up to 2.
        scale: scale of every coordinate.

    Raises:
        InputError: df or scale is not a positive number.
    """

    df: float = 3.0
    scale: float = 1.0

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    honours_weights: ClassVar[bool] = True
    reads_rows_once: ClassVar[bool] = False
    block: ClassVar[int] = 1024

    def __post_init__(self) -> None:
        for name, value in (("df", self.df), ("scale", self.scale)):
            if not (isfinite(value) and value > 0):
                raise InputError(f"student_t: {name} must be a positive number, not {value:g}")

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"student_t models points, and these rows have the shape {event}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Return theta, float64 (seeds, dim); NaN for a seed with a row that is not finite."""
        rows, weights = np.asarray(training_set.load(), np.float64), training_set.weights
        seeds = len(streams.seeds) if weights is None else max(len(rows), len(weights))
        location = np.empty((max(len(rows), 1 if weights is None else seeds), rows.shape[2]))
        for seed in range(len(location)):
            of_seed = rows[seed if len(rows) > 1 else 0]
            counts = None if weights is None else weights[seed if len(weights) > 1 else 0][:, None]
            location[seed] = self._locate(of_seed, counts)
        return {"location": np.broadcast_to(location, (len(streams.seeds), rows.shape[2]))}

    def _locate(self, rows: np.ndarray, counts: np.ndarray | None) -> np.ndarray:
        """Compute theta (dim,) from the rows (N, dim) of one seed, of which row i counts ``counts`` (N, 1)."""
        if not np.isfinite(rows).all():
            return np.full(rows.shape[1], np.nan)
        location: np.ndarray = np.median(rows, axis=0)
        for _ in range(MAX_STEPS):
            weights = 1 / (self.df + np.square((rows - location) / self.scale))
            if counts is not None:
                weights *= counts
            previous, location = location, (weights * rows).sum(axis=0) / weights.sum(axis=0)
            if (np.abs(location - previous) <= TOLERANCE * self.scale).all():
                break
        return location

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows by the polar method of Bailey 1994, float64 (seeds, count, dim)."""
        location = state["location"]
        seeds, dim = location.shape
        rows = np.empty((seeds, count, dim))
        for chunk in seed_chunks(seeds, count * dim):
            radius, angle = (
                uniforms(first * dim, count * dim, self.block * dim, streams.select_seeds(chunk), purpose)
                for purpose in ("radius", "angle")
            )
            t = np.sqrt(self.df * np.expm1(-2 / self.df * np.log1p(-radius))) * np.cos(2 * pi * angle)
            rows[chunk] = location[chunk, None] + self.scale * t.reshape(-1, count, dim)
        return rows

    def moments(self, state: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Return mean (seeds, dim) and covariance (seeds, dim, dim)."""
        location = state["location"]
        variance = self.scale**2 * self.df / (self.df - 2) if self.df > 2 else np.inf
        dim = location.shape[1]
        return location, np.tile(np.diag(np.full(dim, variance)), (len(location), 1, 1))

    def log_prob(self, state: Arrays, points: np.ndarray) -> np.ndarray:
        """Compute the log density at points (count, dim), float64 (seeds, count)."""
        z = (points - state["location"][:, None]) / self.scale
        constant = gammaln((self.df + 1) / 2) - gammaln(self.df / 2) - 0.5 * log(self.df * pi) - log(self.scale)
        log_densities: np.ndarray = (constant - (self.df + 1) / 2 * np.log1p(np.square(z) / self.df)).sum(axis=2)
        return log_densities
