from fractions import Fraction

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.pool.blocks import MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL, synthetic
from raysc.regimes.redrawn import Redrawn


def rows_of(generation: int, regime: Redrawn) -> np.ndarray:
    newest = synthetic(generation - 1)
    sources = {
        REAL: Rows(REAL, (MemoryBlock(REAL, 0, np.arange(50.0)[None, :, None]),)),
        newest: Rows(newest, (MemoryBlock(newest, 0, np.full((1, 50, 1), -1.0)),)),
    }
    return mix(regime.recipe(generation, 50, Fraction(1)), sources, (0, 1), generation, 50).load()[..., 0]


def test_another_tenth_of_the_real_rows_joins_the_newest_at_each_generation() -> None:
    first, second = (rows_of(t, Redrawn()) for t in (1, 2))
    for rows in (*first, *second):
        assert (rows == -1).sum() == 50
        assert len(set(rows[rows >= 0])) == 5
    assert (np.sort(first[:, :5]) != np.sort(second[:, :5])).any(axis=1).all()


def test_shares_are_exact_decimals() -> None:
    assert Redrawn(0.29).recipe(1, 100, Fraction(1)).takes[0].count == 29
    with pytest.raises(InputError, match=r"share must be from 0 to 1, not 1\.5"):
        Redrawn(1.5)
