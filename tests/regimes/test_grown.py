from fractions import Fraction

import pytest

from raysc.errors import InputError
from raysc.regimes.grown import Grown
from raysc.regimes.recipe import synthetic
from raysc.regimes.replace import Replace


@pytest.mark.parametrize(("power", "counts"), [(0.0, [10, 10, 10]), (1.0, [10, 20, 30]), (1.5, [10, 28, 52])])
def test_the_sample_grows_with_the_generation(power: float, counts: list[int]) -> None:
    takes = [Grown(power).recipe(t, 10, Fraction(1)).takes for t in (1, 2, 3)]
    assert [take.count for (take,) in takes] == counts
    assert [take.source for (take,) in takes] == [synthetic(0), synthetic(1), synthetic(2)]


def test_without_growth_it_is_replace_for_every_lambda() -> None:
    assert Grown(0.0).recipe(5, 100, Fraction(29, 100)) == Replace().recipe(5, 100, Fraction(29, 100))


def test_a_sample_that_shrinks_is_refused() -> None:
    with pytest.raises(InputError, match="power must be a number of at least 0, not -1"):
        Grown(-1.0)
