from collections.abc import Callable

import pytest

from raysc.metrics.text.repetition import Repetition


def test_it_counts_repetitions_within_rows(value_of: Callable[..., float]) -> None:
    assert value_of(Repetition(2), [[1, 2, 1, 2, 1], [1, 2], [1]]) == pytest.approx((0.5 + 0 + 0) / 3)


def test_rows_without_ngrams_count_as_0(value_of: Callable[..., float]) -> None:
    assert value_of(Repetition(5), [[1, 2, 3], [4]], length=4) == 0
