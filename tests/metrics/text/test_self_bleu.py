import math
from collections.abc import Callable

import pytest

from raysc.errors import InputError
from raysc.metrics.text.self_bleu import SelfBleu


def test_equal_rows_have_1_and_rows_without_common_tokens_nearly_0(value_of: Callable[..., float]) -> None:
    assert value_of(SelfBleu(), [[1, 2, 3, 4, 5]] * 3) == pytest.approx(1)
    disjoint = value_of(SelfBleu(), [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]])
    assert disjoint == pytest.approx((0.1**4 / (5 * 4 * 3 * 2)) ** 0.25)


def test_it_is_the_mean_bleu_against_all_other_rows(value_of: Callable[..., float]) -> None:
    # First row: unigrams 4/5 (1 2 3 4), bigrams 2/4 (1 2, 3 4), no trigrams and 4-grams: 0.1/3, 0.1/2.
    generated = [[1, 2, 9, 3, 4], [1, 2, 7, 7, 7], [8, 8, 8, 3, 4]]
    first = (4 / 5 * 2 / 4 * 0.1 / 3 * 0.1 / 2) ** 0.25
    # The other rows share two tokens and one bigram with it, and nothing else.
    other = (2 / 5 * 1 / 4 * 0.1 / 3 * 0.1 / 2) ** 0.25
    assert value_of(SelfBleu(), generated) == pytest.approx((first + 2 * other) / 3)


def test_counts_are_clipped_and_short_rows_penalised(value_of: Callable[..., float]) -> None:
    # "1 1 1" matches one 1 of the other row, no bigram and no trigram; it has no 4-grams; 3 tokens against 5.
    generated = [[1, 1, 1], [1, 2, 3, 4, 5]]
    short = (1 / 3 * 0.1 / 2 * 0.1 / 1) ** (1 / 3) * math.exp(1 - 5 / 3)
    long = (1 / 5 * 0.1 / 4 * 0.1 / 3 * 0.1 / 2) ** 0.25
    assert value_of(SelfBleu(), generated) == pytest.approx((short + long) / 2)


def test_only_the_first_rows_are_compared(value_of: Callable[..., float]) -> None:
    assert value_of(SelfBleu(rows=2), [[1, 2, 3, 4], [1, 2, 3, 4], [5, 6]]) == pytest.approx(1)
    with pytest.raises(InputError, match="self_bleu: rows must be at least 2, not 1"):
        SelfBleu(rows=1)
