from collections.abc import Callable

import numpy as np

from raysc.metrics.text.copied_ngrams import CopiedNgrams

TRAIN = [[1, 2, 3, 4], [7, 8]]


def test_it_is_the_share_of_ngrams_in_the_training_rows(value_of: Callable[..., float]) -> None:
    assert value_of(CopiedNgrams(2), [[1, 2, 3], [4, 7, 8]], TRAIN) == 3 / 4
    assert value_of(CopiedNgrams(3), [[2, 3, 4, 5]], TRAIN) == 1 / 2


def test_it_is_nan_without_ngrams(value_of: Callable[..., float]) -> None:
    assert np.isnan(value_of(CopiedNgrams(5), [[1, 2, 3], [4]], [[1]], length=4))
