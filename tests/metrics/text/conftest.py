from collections.abc import Callable, Sequence

import numpy as np
import pytest

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Metric
from raysc.pool.tokens import PAD

Texts = Sequence[Sequence[int]]


def padded_rows(texts: Texts, length: int = 8) -> np.ndarray:
    rows = np.full((1, len(texts), length), PAD, np.int32)
    for row, text in zip(rows[0], texts, strict=True):
        row[: len(text)] = list(text)
    return rows


def first_value(metric: Metric, generated: Texts, train: Texts = ((1, 2),), length: int = 8) -> float:
    train_rows = padded_rows(train, length)
    values = measure([metric], padded_rows(generated, length), RealSets("text", train_rows, train_rows[0]))
    return float(next(iter(values.values()))[0])


@pytest.fixture
def token_rows() -> Callable[..., np.ndarray]:
    """Function from texts, lists of token ids, to padded rows of one seed, (1, texts, length)."""
    return padded_rows


@pytest.fixture
def value_of() -> Callable[..., float]:
    """Function that measures the first column of a metric: value_of(metric, generated texts, training texts)."""
    return first_value
