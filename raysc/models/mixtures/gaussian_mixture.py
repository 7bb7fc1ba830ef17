"""Mixtures of normals, fitted by expectation maximisation."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.models.closed_form.chunks import seed_chunks
from raysc.models.closed_form.draws import normals, uniforms
from raysc.models.family import Arrays
from raysc.models.mixtures.expectation_maximisation import (
    Mixture,
    expectation_maximisation,
    is_regular,
    log_densities,
    log_sum,
)
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams


@dataclass(frozen=True)
class GaussianMixture:
    """sum_j pi_j N(mu_j, Sigma_j) with full covariances, by expectation maximisation (Dempster, Laird and Rubin 1977).

    The model of the first experiment on model collapse (Shumailov et al. 2024). Every fit begins anew: ``starts`` times
    k rows of the training set are drawn as centres, each with a probability in proportion to its squared distance from
    the nearest centre before it (k-means++, Arthur and Vassilvitskii 2007); components begin with the rows nearest to
    their centre. The likeliest of the local maxima that these lead to is the fit.

    A component collapses where it is responsible for fewer rows than dim + 1, or for rows on a plane: it gets weight 0,
    since the likelihood has no bound there. A seed without any component has diverged.

    Attributes:
        components: k.
        starts: number of starts of each fit.

    Raises:
        InputError: a parameter is below 1.
    """

    components: int
    starts: int = 3

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    honours_weights: ClassVar[bool] = True
    random_fits: ClassVar[bool] = True
    reads_rows_once: ClassVar[bool] = False
    retraining_jumps: ClassVar[bool] = True
    block: ClassVar[int] = 1024

    def __post_init__(self) -> None:
        for name, value in (("components", self.components), ("starts", self.starts)):
            if value < 1:
                raise InputError(f"gaussian_mixture: {name} must be at least 1, not {value}")

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"gaussian_mixture models points, and these rows have the shape {event}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Return weights (seeds, k), means (seeds, k, dim) and covariances (seeds, k, dim, dim), NaN if diverged."""
        loaded = np.asarray(training_set.load(), np.float64)
        seeds, (_, count, dim) = len(streams.seeds), loaded.shape
        rows = np.broadcast_to(loaded, (seeds, count, dim))
        counts = np.ones((1, count)) if training_set.weights is None else training_set.weights
        counts = np.broadcast_to(counts / counts.mean(axis=1, keepdims=True), (seeds, count))
        k = self.components
        fitted = Mixture(*(np.full((seeds, k, *shape), np.nan) for shape in ((), (dim,), (dim, dim))))
        numbers = streams.uniform((self.starts, k), "train")
        finite = np.isfinite(rows.sum(axis=(1, 2)))
        for chunk in seed_chunks(seeds, count * k * dim):
            usable = np.arange(seeds)[chunk][finite[chunk]]
            if len(usable):
                fitted.update(usable, _likeliest(rows[usable], counts[usable], numbers[usable]))
        return fitted._asdict()

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows mu_j + A_j z, float64 (seeds, count, dim), with A_j A_j' = Sigma_j and j drawn by weight."""
        mixture = Mixture(**state)
        ends = np.cumsum(mixture.weights, axis=1)
        numbers = uniforms(first, count, self.block, streams, "component")
        dim = mixture.means.shape[2]
        z = normals(first, count, self.block, dim, streams)
        rows = np.full(z.shape, np.nan)
        for seed in np.flatnonzero(np.isfinite(ends[:, -1])):
            component = np.searchsorted(ends[seed] / ends[seed, -1], numbers[seed], side="right")
            factors = np.linalg.cholesky(mixture.covariances[seed])
            rows[seed] = mixture.means[seed, component] + np.matmul(factors[component], z[seed, :, :, None])[..., 0]
        return rows

    def proportions(self, state: Arrays) -> np.ndarray:
        """Return the weights of the components, float64 (seeds, k)."""
        return state["weights"]

    def moments(self, state: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Return mean (seeds, dim) and covariance (seeds, dim, dim) of the density."""
        weights, means, covariances = Mixture(**state)
        mean = np.matmul(weights[:, None], means)[:, 0]
        centred = means - mean[:, None]
        between = np.matmul((centred * weights[..., None]).transpose(0, 2, 1), centred)
        return mean, between + (weights[..., None, None] * covariances).sum(axis=1)

    def log_prob(self, state: Arrays, points: np.ndarray) -> np.ndarray:
        """Compute the log density at points (count, dim), float64 (seeds, count)."""
        log_prob = np.full((len(state["weights"]), len(points)), np.nan)
        alive = np.isfinite(state["weights"].sum(axis=1))
        log_prob[alive] = log_sum(log_densities(Mixture(**state).select_seeds(alive), points[None]))
        return log_prob


def _likeliest(rows: np.ndarray, counts: np.ndarray, numbers: np.ndarray) -> Mixture:
    """Return the likeliest of the maxima that several starts lead to; the numbers are (seeds, starts, k)."""
    fits = [
        expectation_maximisation(_start(rows, counts, of_start), rows, counts) for of_start in numbers.swapaxes(0, 1)
    ]
    best, seeds = np.argmax([likelihood for _, likelihood in fits], axis=0), np.arange(len(rows))
    return Mixture(*(np.stack(arrays)[best, seeds] for arrays in zip(*(mixture for mixture, _ in fits), strict=True)))


def _start(rows: np.ndarray, counts: np.ndarray, numbers: np.ndarray) -> Mixture:
    """Return mixtures of the rows nearest to each of k drawn centres; their components have one covariance.

    A shared covariance keeps a component with few rows from collapsing at once.

    Args:
        rows: float64 (seeds, rows, dim).
        counts: float64 (seeds, rows).
        numbers: uniform numbers (seeds, k), one for each centre.
    """
    seeds = np.arange(len(rows))
    nearest, assigned = np.ones(counts.shape), np.zeros(counts.shape, np.int64)
    for j in range(numbers.shape[1]):
        ends = np.cumsum(nearest * counts, axis=1)
        picked = (ends <= numbers[:, j : j + 1] * ends[:, -1:]).sum(axis=1)
        centres = rows[seeds, np.minimum(picked, rows.shape[1] - 1)]
        distances = np.square(rows - centres[:, None]).sum(axis=2)
        nearer = distances < nearest if j else np.full(counts.shape, True)
        nearest, assigned = np.where(nearer, distances, nearest), np.where(nearer, j, assigned)
    shares = np.eye(numbers.shape[1])[assigned] * counts[..., None]
    total = shares.sum(axis=1)
    means = np.matmul(shares.transpose(0, 2, 1), rows) / np.where(total > 0, total, 1.0)[..., None]
    centred = rows - means[seeds[:, None], assigned]
    pooled = np.matmul((centred * counts[..., None]).transpose(0, 2, 1), centred)[:, None] / rows.shape[1]
    regular = is_regular(pooled, rows)
    weights = np.where(regular, total / rows.shape[1], np.nan)
    covariances = np.where(regular[..., None, None], pooled, np.eye(rows.shape[2]))
    return Mixture(weights, means, np.repeat(covariances, numbers.shape[1], axis=1))
