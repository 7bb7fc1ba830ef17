from collections.abc import Callable

import numpy as np

from raysc.metrics.text.distinct_n import DistinctN

GENERATED = [[1, 2, 3], [1, 2, 4], [1]]


def test_it_is_the_share_of_distinct_ngrams(value_of: Callable[..., float]) -> None:
    assert value_of(DistinctN(), GENERATED) == 3 / 4
    assert value_of(DistinctN(1), GENERATED) == 4 / 7


def test_it_is_nan_without_ngrams(value_of: Callable[..., float]) -> None:
    assert np.isnan(value_of(DistinctN(8), GENERATED)), "no text has 8 tokens"
    assert np.isnan(value_of(DistinctN(5), [[1, 2, 3], [4]], length=4)), "no row has 5 tokens"
