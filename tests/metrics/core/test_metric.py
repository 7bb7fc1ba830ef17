import numpy as np
import pytest

from raysc.metrics.core.metric import Vectors


def test_a_cached_value_is_computed_once_per_key() -> None:
    vectors = Vectors(np.zeros((2, 3)))
    values = iter(range(9))
    assert [vectors.cached(key, lambda: next(values)) for key in ("a", ("a", 1), "a", ("a", 1))] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("value", "finite"), [(1.0, True), (1e150, True), (1e200, False), (np.nan, False), (-np.inf, False)]
)
def test_vectors_are_finite_where_their_squares_are(value: float, finite: bool) -> None:
    assert Vectors(np.array([[0.0, value]])).finite is finite


def test_tokens_are_finite() -> None:
    assert Vectors(np.array([[3, -1]], np.int32)).finite
