from fractions import Fraction

import pytest

from raysc.errors import InputError
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, synthetic
from raysc.regimes.replace import Replace
from raysc.regimes.window import Window


def test_it_takes_the_last_generations_and_all_of_them_at_first() -> None:
    takes = Window(3).recipe(7, 10, Fraction(1, 2)).takes
    assert [(take.source, take.count) for take in takes] == [
        (REAL, 10), (synthetic(4), 5), (synthetic(5), 5), (synthetic(6), 5),
    ]  # fmt: skip
    assert [take.source for take in Window(3, real=False).recipe(2, 10, Fraction(1)).takes] == [
        synthetic(0),
        synthetic(1),
    ]


@pytest.mark.parametrize("t", [1, 2, 9])
def test_its_ends_are_mix_replace_and_accumulate(t: int) -> None:
    assert Window(1).recipe(t, 10, Fraction(3, 2)) == Mix().recipe(t, 10, Fraction(3, 2))
    assert Window(1, real=False).recipe(t, 10, Fraction(1)) == Replace().recipe(t, 10, Fraction(1))
    assert Window(9).recipe(t, 10, Fraction(1)) == Accumulate().recipe(t, 10, Fraction(1))


def test_a_window_of_no_generation_is_refused() -> None:
    with pytest.raises(InputError, match="width must be at least 1, not 0"):
        Window(0)
