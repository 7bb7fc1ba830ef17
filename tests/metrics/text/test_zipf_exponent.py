from collections.abc import Callable

import numpy as np
import pytest

from raysc.metrics.text.zipf_exponent import ZipfExponent


@pytest.mark.parametrize("exponent", [1, 2])
def test_it_is_the_exponent_of_a_power_law(value_of: Callable[..., float], exponent: int) -> None:
    counts = [3600 // rank**exponent for rank in range(1, 7)]
    tokens = [token for token, count in enumerate(counts) for _ in range(count)]
    rows = [tokens[start : start + 100] for start in range(0, len(tokens), 100)]
    assert value_of(ZipfExponent(), rows, length=100) == pytest.approx(exponent, rel=1e-3)


def test_equally_frequent_tokens_have_0_and_a_single_token_has_none(value_of: Callable[..., float]) -> None:
    assert value_of(ZipfExponent(), [[1, 2], [3, 4]]) == 0
    assert np.isnan(value_of(ZipfExponent(), [[1, 1], [1]]))


def test_it_is_the_slope_of_a_line_through_ranks_with_ties(value_of: Callable[..., float]) -> None:
    tokens = np.random.default_rng(0).zipf(1.7, 400).clip(max=99).tolist()
    counts = np.sort(np.unique(tokens, return_counts=True)[1])[::-1]
    slope = np.polyfit(np.log(np.arange(1, len(counts) + 1)), np.log(counts), 1)[0]
    assert value_of(ZipfExponent(), [tokens[:200], tokens[200:]], length=200) == pytest.approx(-slope)
