from fractions import Fraction

import pytest

from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Source, fresh, synthetic
from raysc.regimes.shares import Shares


def counts(regime: Shares, t: int, n: int) -> dict[Source, int]:
    return {take.source: take.count for take in regime.recipe(t, n, Fraction(0)).takes}


def test_a_constant_share_of_the_rows_is_real() -> None:
    assert counts(Shares(0.29), 7, 100) == {REAL: 29, synthetic(6): 71}
    assert counts(Shares(0.2, fresh=True), 3, 30) == {fresh(3): 6, synthetic(2): 24}


@pytest.mark.parametrize(("t", "real"), [(1, 400), (4, 200), (16, 100), (400, 20)])
def test_a_share_decays_by_its_power(t: int, real: int) -> None:
    assert counts(Shares(0.4, power=0.5), t, 1000) == {REAL: real, synthetic(t - 1): 1000 - real}


def test_no_share_is_refused() -> None:
    with pytest.raises(InputError, match=r"real must be from 0 to 1, not 1\.5"):
        Shares(1.5)
    with pytest.raises(InputError, match="power must be a number of at least 0, not -1"):
        Shares(0.5, power=-1)
