from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysc.errors import InputError
from raysc.regimes.proportions import Proportions, split
from raysc.regimes.recipe import REAL, Source, synthetic


def counts(regime: Proportions, t: int, n: int) -> dict[Source, int]:
    return {take.source: take.count for take in regime.recipe(t, n, Fraction(0)).takes}


def test_constant_weights_take_equal_parts_of_the_real_rows_and_all_generations() -> None:
    assert counts(Proportions(), 3, 100) == {REAL: 25, synthetic(0): 25, synthetic(1): 25, synthetic(2): 25}


def test_the_real_rows_may_have_a_share_of_their_own() -> None:
    assert counts(Proportions(real=0.5), 5, 100) == {REAL: 50, **{synthetic(s): 10 for s in range(5)}}


def test_weights_fall_with_age_by_a_power_or_a_factor() -> None:
    polynomial = counts(Proportions(real=0.0, power=1.0), 3, 1100)
    assert polynomial == {REAL: 0, synthetic(0): 200, synthetic(1): 300, synthetic(2): 600}
    geometric = counts(Proportions(base=0.5), 2, 700)
    assert geometric == {REAL: 100, synthetic(0): 200, synthetic(1): 400}


@given(st.integers(0, 10_000), st.lists(st.floats(0, 1), min_size=1, max_size=20).filter(any))
def test_parts_have_the_given_sum_and_are_less_than_a_row_off(total: int, weights: list[float]) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < 1 + 1e-6


def test_invalid_proportions_are_refused() -> None:
    for parameters, problem in (
        ({"real": 2.0}, "real must be from 0 to 1, not 2"),
        ({"power": -1.0}, "power must be a number of at least 0, not -1"),
        ({"base": 0.0}, "base must be above 0 and at most 1, not 0"),
    ):
        with pytest.raises(InputError, match=problem):
            Proportions(**parameters)
