"""N-grams of token rows, counted: what the metrics of text share."""

from collections.abc import Hashable

import numpy as np

from raysc.metrics.core.metric import Vectors
from raysc.pool.tokens import PAD


def ngrams(rows: np.ndarray, n: int) -> np.ndarray:
    """Every n tokens in a row of each row, end tokens included: int32 (count, n), in the order of the rows."""
    if n > rows.shape[1]:
        return np.empty((0, n), rows.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(rows, n, axis=1)
    found: np.ndarray = windows[(windows != PAD).all(axis=2)]
    return found


def known(vectors: Vectors, n: int) -> frozenset[bytes]:
    """The different n-grams of some rows, as bytes; found once for real rows."""
    key: Hashable = (known, n)
    return vectors.once(key, lambda: as_bytes(ngrams(vectors.array, n)))


def as_bytes(grams: np.ndarray) -> frozenset[bytes]:
    """Different n-grams as bytes, which a set can hold."""
    return frozenset(gram.tobytes() for gram in np.unique(grams, axis=0))


def column_name(name: str, n: int, default: int) -> str:
    """The metric's name, with n where it is not the default: ``distinct_n[n=3]``."""
    return name if n == default else f"{name}[n={n}]"


def share(part: float, whole: float) -> float:
    """A ratio; NaN of nothing."""
    return part / whole if whole else float("nan")
