"""Detector-weighted: samples drawn again by their chance of being real."""

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from raysc.curation.curation import select
from raysc.errors import InputError
from raysc.regimes.recipe import Take

if TYPE_CHECKING:  # importing it takes a fifth of a second; a plan reads no rows
    from scipy.sparse import csr_matrix

LARGEST = 1e150
"""Coordinates beyond it count as not finite: sums of their squares overflow."""


@dataclass(frozen=True)
class DetectorWeighted:
    """Resampling by a detector of synthetic rows (Drayson and Lampos 2025).

    The detector is a logistic regression of real against sampled rows, fitted anew for every selection: on the
    standardised coordinates and their squares, of text and outcomes on the shares of the tokens. Rows are drawn with
    replacement, with weights (1 - q)^b; q is the detector's probability that the row is synthetic. Rows that are not
    finite have no part in the fit and are not drawn.

    Attributes:
        bias: b, at least 0; 0 draws all candidates alike.
        choices: candidates for each row, at least 1.
    """

    bias: float = 1.0
    choices: int = 1

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not (self.bias >= 0 and isfinite(self.bias)):
            raise InputError(f"bias must be a number of at least 0, not {self.bias:g}")
        if self.choices < 1:
            raise InputError(f"choices must be at least 1, not {self.choices}")

    def curate(self, take: Take) -> Take:
        """Return the take with ``choices`` candidates for each row."""
        return select(take, self.choices * take.count, self.resample)

    def resample(
        self, candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator
    ) -> np.ndarray:
        """Return the indices of rows drawn by their weights, int64 (count,)."""
        # In float64: the bound is infinite in float32.
        sizes = np.abs(candidates.reshape(len(candidates), -1).astype(np.float64))
        finite = np.flatnonzero((sizes < LARGEST).all(axis=1))
        if not len(finite):  # a diverged model
            return np.arange(count) % len(candidates)
        log_weights = self.bias * log_probability_of_real(candidates[finite], real)
        weights = np.exp(log_weights - log_weights.max())
        drawn: np.ndarray = finite[generator.choice(len(finite), size=count, p=weights / weights.sum())]
        return drawn


def log_probability_of_real(candidates: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Return log(1 - q) for each candidate, float64 (count,); real and sampled rows have equal total weight."""
    from sklearn.linear_model import LogisticRegression

    features = _features(np.concatenate([real.reshape(len(real), -1), candidates.reshape(len(candidates), -1)]))
    is_real = np.arange(features.shape[0]) < len(real)
    detector = LogisticRegression(class_weight="balanced", max_iter=1000).fit(features, is_real)
    log_probabilities: np.ndarray = detector.predict_log_proba(features[len(real) :])[:, 1]
    return log_probabilities


def _features(rows: np.ndarray) -> "np.ndarray | csr_matrix":
    """Return the features of rows (n, values): of token ids their shares, else standardised values and squares."""
    if rows.dtype.kind == "i":
        return _token_shares(rows)
    values = rows.astype(np.float64)
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.concatenate([values, np.square(values)], axis=1)


def _token_shares(rows: np.ndarray) -> "csr_matrix":
    """Return the share of each token among the tokens of each row, float64 (n, tokens); padding is negative."""
    from scipy.sparse import csr_matrix

    row, column = np.nonzero(rows >= 0)
    tokens = rows[row, column]
    lengths = np.bincount(row, minlength=len(rows))
    return csr_matrix((1 / lengths[row], (row, tokens)), shape=(len(rows), int(tokens.max()) + 1))
