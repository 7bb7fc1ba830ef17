"""Exact counts of every regime."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysc.errors import InputError
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.counts import Counts
from raysc.regimes.fresh import Fresh
from raysc.regimes.mix import Mix
from raysc.regimes.real_only import RealOnly
from raysc.regimes.recipe import REAL, Recipe, Source, exact, per_real_row, synthetic
from raysc.regimes.recipe import fresh as fresh_rows
from raysc.regimes.replace import Replace

generations = st.integers(1, 30)
rows = st.integers(1, 100_000)
hundredths = st.integers(0, 500)
"""Lambda in steps of 0.01, so that the floor is computed with integers."""


def counts(recipe: Recipe) -> dict[Source, int]:
    assert len({take.source for take in recipe.takes}) == len(recipe.takes), "each source is taken once"
    return {take.source: take.count for take in recipe.takes}


def floor(cents: int, n: int) -> int:
    return cents * n // 100


@given(hundredths, rows)
def test_the_floor_is_that_of_the_exact_decimal(cents: int, n: int) -> None:
    lambda_ = float(f"{cents / 100:.2f}")
    assert per_real_row(exact(lambda_), n) == floor(cents, n)


def test_0_29_of_100_is_29() -> None:
    assert int(0.29 * 100) == 28
    assert per_real_row(exact(0.29), 100) == 29


@given(generations, rows, hundredths)
def test_real_only_takes_the_real_rows_for_any_lambda(t: int, n: int, cents: int) -> None:
    assert counts(RealOnly().recipe(t, n, Fraction(cents, 100))) == {REAL: n}


@given(generations, rows, hundredths)
def test_mix_adds_the_newest(t: int, n: int, cents: int) -> None:
    assert counts(Mix().recipe(t, n, Fraction(cents, 100))) == {REAL: n, synthetic(t - 1): floor(cents, n)}


@given(generations, rows, hundredths)
def test_replace_takes_the_newest_only(t: int, n: int, cents: int) -> None:
    assert counts(Replace().recipe(t, n, Fraction(cents, 100))) == {synthetic(t - 1): floor(cents, n)}


@given(generations, rows)
def test_growing_replace_has_the_size_of_accumulate(t: int, n: int) -> None:
    recipe = Replace(grow=True).recipe(t, n, Fraction(1))
    assert counts(recipe) == {synthetic(t - 1): n * (t + 1)}
    assert recipe.rows == Accumulate().recipe(t, n, Fraction(1)).rows


@given(generations, rows, hundredths)
def test_accumulate_takes_every_earlier_generation(t: int, n: int, cents: int) -> None:
    recipe = Accumulate().recipe(t, n, Fraction(cents, 100))
    assert counts(recipe) == {REAL: n} | {synthetic(j): floor(cents, n) for j in range(t)}
    assert recipe.rows == n + t * floor(cents, n)


@given(generations, rows, hundredths)
def test_accumulate_subsample_draws_n_from_the_pool_of_accumulate(t: int, n: int, cents: int) -> None:
    recipe = AccumulateSubsample().recipe(t, n, Fraction(cents, 100))
    assert recipe.takes == Accumulate().recipe(t, n, Fraction(cents, 100)).takes
    assert recipe.rows == n


@given(generations, rows, st.integers(1, 10))
def test_accumulate_subsample_draws_the_set_number_of_rows(t: int, n: int, count: int) -> None:
    if count <= n:
        assert AccumulateSubsample(rows=count).recipe(t, n, Fraction(0)).rows == count


def test_a_subsample_larger_than_the_pool_is_refused() -> None:
    with pytest.raises(InputError, match="21 rows cannot be drawn from the 20 rows of generation 1"):
        AccumulateSubsample(rows=21).recipe(1, 10, Fraction(1))


@given(generations, rows, hundredths, st.none() | st.integers(0, 1000))
def test_fresh_takes_new_real_rows_and_the_newest(t: int, n: int, cents: int, new: int | None) -> None:
    recipe = Fresh(rows=new).recipe(t, n, Fraction(cents, 100))
    assert counts(recipe) == {fresh_rows(t): n if new is None else new, synthetic(t - 1): floor(cents, n)}


@given(generations, rows, st.integers(0, 1000), st.integers(0, 100_000), hundredths)
def test_counts_takes_the_set_numbers_of_rows(t: int, n: int, real: int, new: int, cents: int) -> None:
    if 0 < real <= n or (real == 0 and new > 0):
        recipe = Counts(real=real, synthetic=new).recipe(t, n, Fraction(cents, 100))
        assert counts(recipe) == {REAL: real, synthetic(t - 1): new}
        assert recipe.rows == real + new


def test_no_counts_are_no_training() -> None:
    assert Counts(real=0, synthetic=0).recipe(1, 10, Fraction(0)) == Recipe(())


def test_invalid_counts_are_refused() -> None:
    with pytest.raises(InputError, match=r"regime.real: 11 rows cannot be taken from the 10 real rows of the data"):
        Counts(real=11, synthetic=0).recipe(1, 10, Fraction(0))
    with pytest.raises(InputError, match="synthetic must be at least 0, not -1"):
        Counts(real=1, synthetic=-1)
