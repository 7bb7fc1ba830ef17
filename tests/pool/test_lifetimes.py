"""Lifetimes of sources."""

import numpy as np
import pytest

from raysc.pool.blocks import MemoryBlock
from raysc.pool.lifetimes import Lifetimes, takes_to_read
from raysc.pool.rows import Rows
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.curated import Curated
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Source, Take, exact, synthetic
from raysc.regimes.regime import Regime

N = 10


def recipe(regime: Regime, lambda_: float, t: int, initial_rows: int | None = None) -> Recipe:
    if t == 0:
        return Recipe((Take(REAL, initial_rows or N),))
    return regime.recipe(t, N, exact(lambda_))


def rows_of(source: Source) -> Rows:
    return Rows(source, (MemoryBlock(source, 0, np.zeros((1, N, 1))),))


def readable_sources(regime: Regime, lambda_: float, last: int, initial_rows: int | None = None) -> list[set[Source]]:
    """Readable sources after each generation, of a family that reads rows once."""
    lifetimes = Lifetimes.of(lambda t: recipe(regime, lambda_, t, initial_rows), range(last + 1), reads_rows_once=True)
    sources, readable = {REAL: rows_of(REAL)}, []
    for t in range(last + 1):
        sources[synthetic(t)] = rows_of(synthetic(t))
        lifetimes.release(sources, t)
        readable.append({source for source, rows in sources.items() if rows.readable})
    return readable


@pytest.mark.parametrize("lambda_", [0.5, 1.0, 2.5])
def test_each_part_of_accumulate_is_read_once(lambda_: float) -> None:
    assert readable_sources(Accumulate(), lambda_, 4) == [{synthetic(t)} for t in range(5)]


def test_sources_stay_until_their_last_fit() -> None:
    # Generation 0 reads a prefix of the real rows, generation 1 all of them.
    assert REAL in readable_sources(Accumulate(), 1.0, 4, initial_rows=3)[0]
    assert REAL not in readable_sources(Accumulate(), 1.0, 4, initial_rows=3)[1]
    # Under mix no training set is the previous one and one more part.
    assert REAL in readable_sources(Mix(), 1.0, 4)[3]
    assert readable_sources(AccumulateSubsample(), 1.0, 4)[3] == {REAL, *(synthetic(t) for t in range(4))}


def test_real_rows_stay_while_later_recipes_select() -> None:
    selecting = readable_sources(Curated(real=False), 1.0, 4)
    assert selecting[:4] == [{REAL, synthetic(t)} for t in range(4)]


def test_counts_of_freed_sources_remain_until_no_recipe_takes_them() -> None:
    lifetimes = Lifetimes.of(lambda t: recipe(Accumulate(), 1.0, t), range(4), reads_rows_once=True)
    sources = {REAL: rows_of(REAL)}
    for t in range(4):
        sources[synthetic(t)] = rows_of(synthetic(t))
        lifetimes.release(sources, t)
        if t < 3:
            assert not sources[REAL].readable
            assert sources[REAL].count == N
    assert set(sources) == {synthetic(3)}


def test_a_fit_reads_the_appended_takes_only() -> None:
    def accumulate(t: int) -> Recipe:
        return recipe(Accumulate(), 1.0, t)

    assert takes_to_read(accumulate, 3, reads_rows_once=True) == (Take(synthetic(2), N),)
    assert takes_to_read(accumulate, 3, reads_rows_once=False) == accumulate(3).takes
    assert takes_to_read(lambda t: recipe(Mix(), 1.0, t), 3, reads_rows_once=True) == (
        Take(REAL, N),
        Take(synthetic(2), N),
    )
