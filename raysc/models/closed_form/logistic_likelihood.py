"""Maximum likelihood of logistic regressions by Newton's method, for many seeds at once."""

import numpy as np
from scipy.special import expit

MAX_STEPS = 100
TOLERANCE = 1e-10
"""Length of a Newton step, relative to 1 + that of w, at which the iteration ends."""
FLAT = 1e-10
"""Curvature of the log likelihood, relative to the largest possible one, below which there is no maximum."""
MAX_HALVINGS = 30


def maximum_likelihood(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Compute the w that maximises the log likelihood of y given x, sum of counts (y x w - log(1 + exp(x w))).

    Newton's method (iteratively reweighted least squares) from w = 0; a step is halved until the likelihood does not
    fall. Where a plane through 0 separates the classes, in part or wholly, the likelihood rises for ever along a
    direction, and its curvature there vanishes: such a seed has no maximum. Columns are divided by their root mean
    square first, so that the result does not depend on their units.

    Args:
        x: float64 (seeds, rows, dim).
        y: float64 (seeds, rows), 0 or 1.
        counts: float64 (seeds, rows), how often a row counts.

    Returns:
        w, float64 (seeds, dim); NaN for a seed without a maximum, or with a number that is not finite.
    """
    seeds, _, dim = x.shape
    w = np.full((seeds, dim), np.nan)
    active = np.flatnonzero(np.isfinite(x).all(axis=(1, 2)) & np.isfinite(y).all(axis=1))
    w[active] = 0
    counts = counts / counts.sum(axis=1, keepdims=True)
    scale = np.ones((seeds, dim))
    scale[active] = _root_mean_squares(x[active], counts[active])
    x = x / scale[:, None]
    for _ in range(MAX_STEPS):
        if not len(active):
            break
        of_active = x[active], y[active], counts[active]
        step, flat = _newton_step(*of_active, w[active])
        w[active] = np.where(flat[:, None], np.nan, _ascend(*of_active, w[active], step))
        size = np.linalg.norm(step, axis=1) / (1 + np.linalg.norm(w[active], axis=1))
        active = active[~flat & (size > TOLERANCE)]
    w[active] = np.nan
    scaled: np.ndarray = w / scale
    return scaled


def _root_mean_squares(x: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the root mean square of each column, (seeds, dim); 1 where its square is 0 or not finite."""
    squares = np.matmul(counts[:, None], np.square(x))[:, 0]
    return np.sqrt(np.where((squares > 0) & np.isfinite(squares), squares, 1.0))


def _newton_step(x: np.ndarray, y: np.ndarray, counts: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the Newton steps (seeds, dim), and True for a seed whose likelihood is flat in a direction."""
    p = expit(np.matmul(x, w[..., None])[..., 0])
    gradient = np.matmul((counts * (y - p))[:, None], x)[:, 0]
    curvature = np.matmul((x * (counts * p * (1 - p))[..., None]).transpose(0, 2, 1), x)
    values, vectors = np.linalg.eigh(curvature)
    largest = np.matmul(counts[:, None], np.square(x)).sum(axis=(1, 2)) / 4
    flat = values[:, 0] <= FLAT * largest
    along = np.matmul(gradient[:, None], vectors)[:, 0] / np.where(flat[:, None], 1.0, values)
    return np.matmul(vectors, along[..., None])[..., 0], flat


def _ascend(x: np.ndarray, y: np.ndarray, counts: np.ndarray, w: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return w plus the step, halved where the likelihood would fall."""

    def loss(weights: np.ndarray) -> np.ndarray:
        odds = np.matmul(x, weights[..., None])[..., 0]
        total: np.ndarray = (counts * (np.logaddexp(0, odds) - y * odds)).sum(axis=1)
        return total

    limit, scale = loss(w) * (1 + 1e-12), np.ones(len(w))
    for _ in range(MAX_HALVINGS):
        worse = loss(w + scale[:, None] * step) > limit
        if not worse.any():
            break
        scale[worse] /= 2
    moved: np.ndarray = w + scale[:, None] * step
    return moved
