import numpy as np
import pytest

from raysc.metrics.core.metric import Vectors
from raysc.metrics.text.ngrams import ngram_set, ngrams, share
from raysc.pool.tokens import PAD

ROWS = np.array([[1, 2, 1, 2], [1, 2, PAD, PAD], [3, PAD, PAD, PAD]], np.int32)


def test_ngrams_are_within_rows_and_without_padding() -> None:
    assert ngrams(ROWS, 2).tolist() == [[1, 2], [2, 1], [1, 2], [1, 2]]
    assert ngrams(ROWS, 1).shape == (7, 1)


@pytest.mark.parametrize("n", [4, 5])
def test_rows_shorter_than_an_ngram_have_none(n: int) -> None:
    assert ngrams(ROWS[1:], n).shape == (0, n)


def test_the_set_holds_the_distinct_ngrams() -> None:
    vectors = Vectors(ROWS)
    assert ngram_set(vectors, 2) == {np.array(gram, np.int32).tobytes() for gram in ([1, 2], [2, 1])}
    assert ngram_set(vectors, 2) is ngram_set(vectors, 2)


def test_a_share_of_nothing_is_nan() -> None:
    assert share(1, 4) == 0.25
    assert np.isnan(share(0, 0))
