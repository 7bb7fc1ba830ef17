"""Expectation maximisation of mixtures of normals, for many seeds at once."""

from typing import NamedTuple

import numpy as np

MAX_STEPS = 2000
TOLERANCE = 1e-8
"""Rise of the mean log likelihood, in nats a row, at which the iteration ends."""
SINGULAR = 1e-12
"""Smallest eigenvalue of a component's covariance, relative to the variance of the rows, that is no collapse."""


class Mixture(NamedTuple):
    """Mixtures of k normals, one for each seed. A component that has collapsed has weight 0, mean 0 and covariance I.

    Attributes:
        weights: float64 (seeds, k), with sum 1; NaN for a seed without any component.
        means: float64 (seeds, k, dim).
        covariances: float64 (seeds, k, dim, dim).
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def select_seeds(self, mask: np.ndarray) -> "Mixture":
        """Return the mixtures of some seeds."""
        return Mixture(*(array[mask] for array in self))

    def update(self, mask: np.ndarray, mixture: "Mixture") -> None:
        """Set the mixtures of some seeds, in place."""
        for array, values in zip(self, mixture, strict=True):
            array[mask] = values


def log_densities(mixture: Mixture, points: np.ndarray) -> np.ndarray:
    """Compute log(weight) plus the log density of each component, float64 (seeds, points, k).

    Args:
        mixture: the mixtures.
        points: float64 (seeds or 1, points, dim).
    """
    factors = np.linalg.cholesky(mixture.covariances)
    centred = points[:, None] - mixture.means[:, :, None]
    z = np.matmul(np.linalg.inv(factors), centred.transpose(0, 1, 3, 2))
    log_det = np.log(np.diagonal(factors, axis1=2, axis2=3)).sum(axis=2)
    with np.errstate(divide="ignore"):
        constant = np.log(mixture.weights) - log_det - points.shape[2] / 2 * np.log(2 * np.pi)
    densities: np.ndarray = constant[:, :, None] - 0.5 * np.square(z).sum(axis=2)
    return densities.transpose(0, 2, 1)


def log_sum(densities: np.ndarray) -> np.ndarray:
    """Compute log(sum of exp) over the last axis; minus infinity where all are."""
    largest = densities.max(axis=-1, keepdims=True)
    finite = np.where(np.isneginf(largest), 0.0, largest)
    with np.errstate(divide="ignore"):
        total: np.ndarray = np.log(np.exp(densities - finite).sum(axis=-1)) + finite[..., 0]
    return total


def is_regular(covariances: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return True for covariances (seeds, k, dim, dim) that are not singular beside the variance of the rows."""
    scale = np.square(rows - rows.mean(axis=1, keepdims=True)).mean(axis=(1, 2))
    regular: np.ndarray = np.linalg.eigvalsh(covariances)[..., 0] > SINGULAR * scale[:, None]
    return regular


def maximise(responsibilities: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> Mixture:
    """Fit weights, means and covariances to rows with responsibilities (the M step).

    A component collapses if it is responsible for fewer rows than dim + 1, or if its covariance is singular: then the
    likelihood has no bound.

    Args:
        responsibilities: float64 (seeds, rows, k), with sum 1 over k.
        rows: float64 (seeds, rows, dim).
        counts: float64 (seeds, rows), how often a row counts; their mean is 1.
    """
    dim = rows.shape[2]
    shares = responsibilities * counts[..., None]
    total = shares.sum(axis=1)
    safe = np.where(total > 0, total, 1.0)
    means = np.matmul(shares.transpose(0, 2, 1), rows) / safe[..., None]
    centred = rows[:, None] - means[:, :, None]
    covariances = np.matmul((centred * shares.transpose(0, 2, 1)[..., None]).transpose(0, 1, 3, 2), centred)
    covariances /= safe[..., None, None]
    alive = (total >= dim + 1) & is_regular(covariances, rows)
    weights = np.where(alive, total, 0.0)
    left = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(left > 0, left, np.nan)
    means = np.where(alive[..., None], means, 0.0)
    return Mixture(weights, means, np.where(alive[..., None, None], covariances, np.eye(dim)))


def expectation_maximisation(start: Mixture, rows: np.ndarray, counts: np.ndarray) -> tuple[Mixture, np.ndarray]:
    """Iterate E and M steps until the likelihood of a seed does not rise any more.

    The collapse of a component lowers the likelihood; the iteration goes on from the components that are left.

    Args:
        start: the mixtures to begin with.
        rows: float64 (seeds, rows, dim), finite.
        counts: float64 (seeds, rows), how often a row counts; their mean is 1.

    Returns:
        The mixtures, and their mean log likelihood of a row, float64 (seeds,), minus infinity without any component.
    """
    mixture = Mixture(*(array.copy() for array in start))
    likelihood = np.full(len(rows), -np.inf)
    active = np.flatnonzero(np.isfinite(mixture.weights).all(axis=1))
    for _ in range(MAX_STEPS):
        if not len(active):
            break
        current = mixture.select_seeds(active)
        densities = log_densities(current, rows[active])
        totals = log_sum(densities)
        value = (totals * counts[active]).mean(axis=1)
        with np.errstate(invalid="ignore"):
            improved = np.isfinite(value) & ~(value - likelihood[active] <= TOLERANCE)
        collapsed = ~np.isfinite(value)
        likelihood[active] = np.where(collapsed, -np.inf, value)
        mixture.weights[active[collapsed]] = np.nan
        stepped = np.exp(densities[improved] - totals[improved][..., None])
        active = active[improved]
        components = np.count_nonzero(mixture.weights[active], axis=1)
        mixture.update(active, maximise(stepped, rows[active], counts[active]))
        fewer = np.count_nonzero(mixture.weights[active], axis=1) < components
        likelihood[active[fewer]] = -np.inf
    return mixture, likelihood
