"""N-grams of token rows."""

import numpy as np

from raysc.metrics.core.metric import Vectors
from raysc.pool.tokens import PAD


def ngrams(rows: np.ndarray, n: int) -> np.ndarray:
    """Return all n-grams of token rows, end tokens included and padding excluded: int32 (count, n), row after row."""
    if n > rows.shape[1]:
        return np.empty((0, n), rows.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(rows, n, axis=1)
    grams: np.ndarray = windows[(windows != PAD).all(axis=2)]
    return grams


def ngram_set(vectors: Vectors, n: int) -> frozenset[bytes]:
    """Return the distinct n-grams of a set of rows as bytes, cached."""

    def compute() -> frozenset[bytes]:
        return frozenset(gram.tobytes() for gram in np.unique(ngrams(vectors.array, n), axis=0))

    return vectors.cached((ngram_set, n), compute)


def share(part: float, whole: float) -> float:
    """Return part / whole; NaN if the whole is 0."""
    return part / whole if whole else float("nan")
