"""A family with consistent maximum likelihood that collapses at once under accumulate."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.models.closed_form.draws import uniforms
from raysc.models.family import Arrays
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams

LARGEST = 0.5
"""Largest value of either parameter."""


@dataclass(frozen=True)
class UniformWithSpike:
    """Densities on [0, 2]: the uniform one on [0, 1], one near it for each a, and one with a spike for each b.

        p_a: (1 - a/2) / (1 - a) on [a, 1], 1 on [1 + a/2, 1 + a]                            0 < a <= 1/2
        q_b: 1/2 on [0, 1], exp(1/b^2) on (1 + b - w, 1 + b], 1/4 on (1 + b, 2]              0 < b <= 1/2

    with the width w = (1 + b) exp(-1/b^2) / 4, so that the spike has the mass (1 + b) / 4. p_a is at the total
    variation a from the uniform density, q_b at 1/2. Maximum likelihood is consistent for each member: a row above 1
    raises the likelihood of q_b by exp(1/b^2), a constant factor, and each row below 1 halves it.

    From n uniform rows the fit is p_a with a the smallest row, of the order of 1/n. If one of n samples of p_a lies
    above 1, at 1 + v with v <= a, then exp(1/v^2) is at least exp(1/a^2), of the order of exp(n^2), and outweighs the
    rows below 1: the fit is q_v. So the model collapses at the first retraining on real and synthetic rows with the
    probability 1 - E (1 - a/2)^n, which tends to 1/3. This is the statement of Barzilai and Shamir 2025, theorem 5.1;
    the family is one with these properties, not copied from there.
    """

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    reads_rows_once: ClassVar[bool] = False
    retraining_jumps: ClassVar[bool] = True
    block: ClassVar[int] = 1024

    def check(self, event: tuple[int, ...]) -> None:
        if event != (1,):
            raise InputError(
                f"uniform_with_spike models single numbers, and these rows have the shape {event}; take data: uniform"
            )

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Return a and b, float64 (seeds,) each: b is 0 for p_a, a is 0 for q_b; NaN for rows outside of [0, 2]."""
        rows = np.broadcast_to(loaded := training_set.load()[..., 0], (len(streams.seeds), loaded.shape[1]))
        fits = np.array([_fit(of_seed) for of_seed in rows])
        return {"a": fits[:, 0], "b": fits[:, 1]}

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows by inversion of the distribution function, float64 (seeds, count, 1)."""
        a, b = state["a"][:, None], state["b"][:, None]
        u = uniforms(first, count, self.block, streams, "row")
        near = np.where(u < 1 - a / 2, a + u * (1 - a) / (1 - a / 2), u + a)
        spike = (1 + b) / 4
        far = np.where(u < 0.5 + spike, 1 + b - _width(b) * (0.5 + spike - u) / spike, 1 + b + 4 * (u - 0.5 - spike))
        far = np.where(u < 0.5, 2 * u, far)
        return np.where(b > 0, far, near)[..., None]

    def total_variation(self, state: Arrays, data: Any) -> np.ndarray:
        """Compute the total variation distance from the uniform density, the only data of the family, (seeds,)."""
        return np.where(state["b"] > 0, 0.5, state["a"])


def _width(b: np.ndarray) -> np.ndarray:
    """Compute the width of the spike, 0 for b = 0."""
    positive = np.where(b > 0, b, 1.0)
    return np.where(b > 0, (1 + b) / 4 * np.exp(-1 / np.square(positive)), 0.0)


def _fit(rows: np.ndarray) -> tuple[float, float]:
    """Compute the maximum likelihood fit (a, b) of the rows (n,) of one seed; one of both is 0."""
    if not (np.isfinite(rows).all() and rows.min() >= 0 and rows.max() <= 2):
        return np.nan, np.nan
    below, above = rows[rows <= 1], np.sort(rows[rows > 1] - 1)
    lowest = min(below.min(initial=LARGEST), LARGEST)
    a = min(lowest, 2 * above.min(initial=LARGEST))
    feasible = above.max(initial=0.0) <= a and a > 0
    near = len(below) * np.log((1 - a / 2) / (1 - a)) if feasible else -np.inf
    b, far = _best_spike(above)
    return (a, 0.0) if near >= far - len(below) * np.log(2) else (0.0, b)


def _best_spike(above: np.ndarray) -> tuple[float, float]:
    """Return the b of the likeliest q_b, and the log likelihood of the rows 1 + ``above``, ascending, under it.

    With c rows in the spike it is c / b^2 - (k - c) log 4, so the smallest b that holds them is best, the c-th of the
    rows itself; the lowest row must not lie below the spike.
    """
    count, values = len(above), np.minimum(above, LARGEST)
    if not count or above[0] > LARGEST:
        return LARGEST, -count * np.log(4)
    inside = np.searchsorted(above, values, side="right")
    held = (above <= LARGEST) & (above[0] >= values - _width(values)) & (values > 0)
    likelihoods = np.where(held, inside / np.square(np.maximum(values, 1e-150)) - (count - inside) * np.log(4), -np.inf)
    best = int(likelihoods.argmax())
    return float(values[best]), float(likelihoods[best])
