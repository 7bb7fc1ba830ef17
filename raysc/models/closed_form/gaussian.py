"""Multivariate normal distribution, fitted in closed form: the family of both papers' proofs."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.models.closed_form.cholesky import CholeskyCache
from raysc.models.closed_form.chunks import seed_chunks
from raysc.models.closed_form.draws import normals
from raysc.models.closed_form.incremental import IncrementalStatistics
from raysc.models.closed_form.moments import Moments
from raysc.models.family import Arrays
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams
from raysc.settings import Guide, Sample


@dataclass(frozen=True)
class Gaussian:
    """N(mu, Sigma) with full covariance; Sigma may be rank-deficient (fewer rows than dimensions).

    All values are float64. Under ``replace`` variances shrink by a constant factor per generation, for hundreds of
    generations; float32 would underflow at 1e-38, and lose the difference of rows and mean long before. Directions
    shrink at different rates: a direction whose variance falls below about 1e-16 of the largest is lost in float64
    too, and Sigma is then singular.

    Attributes:
        ddof: 0 divides the scatter by the number of rows (maximum likelihood), 1 by the number less one (unbiased).
    """

    ddof: Literal[0, 1] = 0
    _moments: IncrementalStatistics[Moments] = field(
        default_factory=lambda: IncrementalStatistics(Moments.__add__), init=False, repr=False, compare=False
    )
    _cholesky: CholeskyCache = field(default_factory=CholeskyCache, init=False, repr=False, compare=False)

    # 2: rows are drawn by Cholesky factors, twenty times as fast as by eigenvectors. 3: normals come from SFC64.
    version: ClassVar[int] = 3
    trained: ClassVar[bool] = False
    honours_weights: ClassVar[bool] = True
    reads_rows_once: ClassVar[bool] = True
    block: ClassVar[int] = 1024
    sample_settings: ClassVar[tuple[str, ...]] = ("temperature", "covariance_scale", "guide")

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"gaussian models points, and these rows have the shape {event}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Compute mean (seeds, dim) and covariance (seeds, dim, dim), float64; NaN for one row and ddof 1."""
        seeds = len(streams.seeds)
        moments = self._moments.compute(training_set, lambda rows, weights: Moments.of(rows, seeds, weights))
        return {"mean": moments.mean, "covariance": moments.scatter * moments.scale(self.ddof)}

    def sampling_state(self, state: Arrays, sample: Sample) -> Arrays:
        """Return N(mu, c Sigma) with c the ``covariance_scale`` or the square of the ``temperature`` tau.

        The density is raised to the power of 1/c: at temperature tau, deviations from mu are tau times as long.
        """
        scale = sample.covariance_scale * sample.temperature**2
        return state if scale == 1 else {**state, "covariance": scale * state["covariance"]}

    def guided_state(self, base: Arrays, state: Arrays, guide: Guide) -> Arrays:
        """Return the Gaussian of negative guidance, from the base away from the state, with w = ``guide.weight``.

        Of outputs the scores are extrapolated, so the density is base^(1 + w) / state^w up to a factor: Sigma^-1 =
        (1 + w) Sigma_base^-1 - w Sigma_state^-1, and Sigma^-1 mu likewise (SIMS, Alemohammad et al. 2024). Of weights
        mu and Sigma are (Neon, Alemohammad et al. 2025). NaN for a seed that has no such Gaussian.
        """
        w, states = guide.weight, (base, state)
        if guide.of == "weights":
            mean, covariance = ((1 + w) * base[name] - w * state[name] for name in ("mean", "covariance"))
            defined = _positive_definite(covariance)
        else:
            mean, covariance = np.full(base["mean"].shape, np.nan), np.full(base["covariance"].shape, np.nan)
            defined = _positive_definite(base["covariance"]) & _positive_definite(state["covariance"])
            precisions = [np.linalg.inv(of_model["covariance"][defined]) for of_model in states]
            shifts = [
                np.matmul(precision, of_model["mean"][defined][..., None])
                for precision, of_model in zip(precisions, states, strict=True)
            ]
            precision, shift = ((1 + w) * first - w * second for first, second in (precisions, shifts))
            positive = _positive_definite(precision)
            defined[defined] = positive
            covariance[defined] = np.linalg.inv(precision[positive])
            mean[defined] = np.matmul(covariance[defined], shift[positive])[..., 0]
        return {
            "mean": np.where(defined[:, None], mean, np.nan),
            "covariance": np.where(defined[:, None, None], covariance, np.nan),
        }

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows mu + A z with A A' = Sigma and z standard normal, float64 (seeds, count, dim)."""
        mean, (factors, _) = state["mean"], self._cholesky.factor(state["covariance"])
        seeds, dim = mean.shape
        rows = np.empty((seeds, count, dim))
        for chunk in seed_chunks(seeds, count * dim):
            z = normals(first, count, self.block, dim, streams.select_seeds(chunk))
            np.matmul(z, factors[chunk].transpose(0, 2, 1), out=rows[chunk])
            rows[chunk] += mean[chunk, None]
        return rows

    def moments(self, state: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Return mean (seeds, dim) and covariance (seeds, dim, dim)."""
        return state["mean"], state["covariance"]

    def log_det(self, state: Arrays) -> np.ndarray:
        """Compute log det Sigma, float64 (seeds,); minus infinity where Sigma is singular."""
        return self._cholesky.factor(state["covariance"])[1]

    def log_prob(self, state: Arrays, points: np.ndarray) -> np.ndarray:
        """Compute the log density at points (count, dim), float64 (seeds, count).

        Minus infinity where Sigma is singular: the model has no density, and points in general lie off its span.
        """
        factors, log_dets = self._cholesky.factor(state["covariance"])
        log_densities = np.empty((len(factors), len(points)))
        log_densities[:] = np.where(np.isnan(log_dets), np.nan, -np.inf)[:, None]
        for seed in np.flatnonzero(np.isfinite(log_dets)):
            z = np.linalg.solve(factors[seed], (points - state["mean"][seed]).T)
            constant = log_dets[seed] + points.shape[1] * np.log(2 * np.pi)
            log_densities[seed] = -0.5 * (constant + np.square(z).sum(axis=0))
        return log_densities


def _positive_definite(matrices: np.ndarray) -> np.ndarray:
    """Return True for symmetric matrices (seeds, dim, dim) that are finite, positive definite and not singular."""
    finite = np.isfinite(matrices.sum(axis=(1, 2)))
    values = np.linalg.eigvalsh(np.where(finite[:, None, None], matrices, 0.0))
    positive: np.ndarray = values[:, 0] > matrices.shape[1] * np.finfo(float).eps * values[:, -1]
    return positive
