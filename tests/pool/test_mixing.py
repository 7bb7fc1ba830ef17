from fractions import Fraction

import mixing
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysc.pool.mixing import counts_by_kind, mix
from raysc.pool.rows import MemoryBlock, Rows
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Source, Take, synthetic

SEEDS = (3, 8)


def rows(source: Source, count: int, start: int) -> Rows:
    """Rows whose values tell where they come from; real ones are shared by all seeds."""
    values = np.arange(start, start + count, dtype=np.float64)[None, :, None]
    return Rows(source, (MemoryBlock((source, count), 0, values),))


def sources(n: int, generations: int, each: int) -> dict[Source, Rows]:
    made = {synthetic(t): rows(synthetic(t), each, 10_000 * (t + 1)) for t in range(generations)}
    return {REAL: rows(REAL, n, 0), **made}


def test_whole_parts_are_the_blocks_themselves_and_no_copy() -> None:
    there = sources(10, 1, 10)
    training_set = mix(Mix().recipe(1, 10, Fraction(1)), there, SEEDS, 1, 10)
    assert [part.indices for part in training_set.parts] == [None, None]
    assert training_set.parts[0].rows is there[REAL]
    assert training_set.count == 20


@given(st.integers(1, 40), st.integers(0, 100))
def test_mix_has_exactly_the_rows_of_its_recipe_each_at_most_once(n: int, percent: int) -> None:
    training_set = mix(Mix().recipe(1, n, Fraction(percent, 100)), sources(n, 1, n), SEEDS, 1, n)
    loaded = np.broadcast_to(training_set.load(), (2, training_set.count, 1))
    wanted = n + percent * n // 100
    for own in loaded:
        assert len(np.unique(own)) == len(own) == wanted
    real, synthetic_rows = counts_by_kind(training_set, 2)
    assert real.tolist() == [n, n]
    assert synthetic_rows.tolist() == [wanted - n] * 2


def test_fewer_rows_are_among_more_rows() -> None:
    there = sources(100, 1, 100)

    def taken(percent: int) -> list[set[float]]:
        part = mix(Mix().recipe(1, 100, Fraction(percent, 100)), there, SEEDS, 1, 100).parts[1]
        return [set(there[synthetic(0)].load()[0, own, 0]) for own in part.indices]

    for few, many in zip(taken(10), taken(20), strict=True):
        assert few < many
    assert taken(10)[0] != taken(10)[1], "each seed has an order of its own"


def test_rows_beyond_the_sampled_ones_follow_in_drawn_order() -> None:
    there = sources(10, 1, 25)
    taken = mix(Recipe((Take(synthetic(0), 15),)), there, SEEDS, 1, 10).load()
    assert taken[0, :, 0].tolist() == [10_000 + i for i in range(15)]


@settings(max_examples=25)
@given(st.integers(2, 50), st.integers(1, 5))
def test_a_subsample_is_drawn_without_replacement_and_its_kinds_are_counted(n: int, t: int) -> None:
    training_set = mix(AccumulateSubsample().recipe(t, n, Fraction(1)), sources(n, t, n), SEEDS, t, n)
    loaded = training_set.load()
    assert loaded.shape == (2, n, 1)
    real, synthetic_rows = counts_by_kind(training_set, 2)
    for own, ours, theirs in zip(loaded[..., 0], real, synthetic_rows, strict=True):
        assert len(np.unique(own)) == n
        assert (own < 10_000).sum() == ours
        assert ours + theirs == n


def test_a_subsample_is_drawn_anew_at_every_generation() -> None:
    there = sources(30, 2, 30)
    recipe = AccumulateSubsample().recipe(2, 30, Fraction(1))
    one, two = (mix(recipe, there, SEEDS, t, 30).positions for t in (2, 3))
    assert not np.array_equal(one, two)
    np.testing.assert_array_equal(one, mix(recipe, there, SEEDS, 2, 30).positions)


def test_the_benchmark_runs_and_holds_the_rows_once(capsys: pytest.CaptureFixture[str]) -> None:
    mixing.main(2000)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "2,000 real and 2,000 synthetic rows of (3, 32, 32)"
    assert [line[:34].strip() for line in told[1:]] == [
        "raysc, first batch included",
        "the same, read back from Parquet",
        "copying PNG files and zipping",
        "held over the rows' bytes",
    ]
    assert 1 <= float(told[-1].split()[-1]) < 1.3
