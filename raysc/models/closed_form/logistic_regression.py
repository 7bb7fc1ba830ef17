"""Logistic regression that relabels its own rows."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, log_expit

from raysc.errors import InputError
from raysc.models.closed_form.chunks import seed_chunks
from raysc.models.closed_form.draws import uniforms
from raysc.models.closed_form.inputs import RealInputs, repeated_inputs
from raysc.models.closed_form.logistic_likelihood import maximum_likelihood
from raysc.models.family import StateWithRows
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams


@dataclass(eq=False)
class LogisticRegression:
    """P(y = 1 | x) = 1 / (1 + exp(-x w)) by maximum likelihood, without intercept, over rows (x, y), y last.

    A sample relabels the initial real rows, as in ``linear_regression``: row i has the x of real row i mod n and a
    label drawn by the model. One uniform number decides each label, so similar models give nearly the same labels.

    Where a plane through 0 separates the classes, in part or wholly, the likelihood has no maximum (Albert and Anderson
    1984). Such a seed has diverged. Under replace every seed ends so: labels are drawn anew from a fit to drawn labels,
    until the classes are separated.
    """

    _inputs: RealInputs = field(default_factory=RealInputs, init=False, repr=False)
    _data: Any = field(default=None, init=False, repr=False)

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    honours_weights: ClassVar[bool] = True
    reads_rows_once: ClassVar[bool] = False
    retraining_jumps: ClassVar[bool] = True
    block: ClassVar[int] = 1024

    def for_data(self, data: Any) -> "LogisticRegression":
        """Return the family for a data set, whose held-out labels ``check`` tests."""
        family = LogisticRegression()
        family._data = data
        return family

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1 or event[0] < 2:
            raise InputError(
                f"logistic_regression models rows (x, y), and these rows have the shape {event}; take data: logistic"
            )
        if self._data is not None and not np.isin(np.asarray(self._data.test())[:, -1], (0, 1)).all():
            raise InputError(
                "logistic_regression models labels of 0 and 1 in the last column, and these data have other values "
                "there; take data: logistic"
            )

    def fit(self, training_set: TrainingSet, streams: Streams) -> StateWithRows:
        """Compute weights (seeds, dim), NaN where there is no maximum; the state's rows are the real ones."""
        loaded = np.asarray(training_set.load(), np.float64)
        counts = training_set.weights if training_set.weights is not None else np.ones((1, loaded.shape[1]))
        seeds = max(len(loaded), len(counts))
        rows, counts = (
            np.broadcast_to(loaded, (seeds, *loaded.shape[1:])),
            np.broadcast_to(counts, (seeds, loaded.shape[1])),
        )
        weights = np.empty((seeds, rows.shape[2] - 1))
        for chunk in seed_chunks(seeds, rows[0].size):
            weights[chunk] = maximum_likelihood(rows[chunk, :, :-1], rows[chunk, :, -1], counts[chunk])
        weights = np.broadcast_to(weights, (len(streams.seeds), weights.shape[1]))
        return StateWithRows({"weights": weights}, self._inputs.rows(training_set, streams))

    def sample(self, state: StateWithRows, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows (x, y), float64 (seeds, count, dim + 1); the y of a seed that has diverged are NaN."""
        weights = state.arrays["weights"]
        seeds, dim = weights.shape
        x = repeated_inputs(state.training_set.load(), first, count)
        probability = expit(np.matmul(x, weights[..., None])[..., 0])
        labels = uniforms(first, count, self.block, streams, "label") < probability
        rows = np.empty((seeds, count, dim + 1))
        rows[..., :-1] = x
        rows[..., -1] = np.where(np.isnan(probability), np.nan, labels)
        return rows

    def predict(self, state: StateWithRows, x: np.ndarray) -> np.ndarray:
        """Compute the probability that y is 1, float64 (seeds, count), at x (count, dim)."""
        probability: np.ndarray = expit(state.arrays["weights"] @ x.T)
        return probability

    def log_prob(self, state: StateWithRows, points: np.ndarray) -> np.ndarray:
        """Compute the log probability of y given x at rows (x, y), (count, dim + 1), float64 (seeds, count)."""
        odds = state.arrays["weights"] @ points[:, :-1].T
        log_probability: np.ndarray = log_expit(np.where(points[:, -1] > 0, odds, -odds))
        return log_probability
