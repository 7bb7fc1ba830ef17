"""Training sets from recipes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import mixing as benchmark
from raysc.pool.blocks import MemoryBlock
from raysc.pool.mixing import counts_by_kind, has_marks, mix
from raysc.pool.rows import Rows
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Source, Take, synthetic

SEEDS = (3, 8)


def rows(source: Source, count: int, start: int) -> Rows:
    """Rows with the values start, start + 1, ..., the same for all seeds."""
    values = np.arange(start, start + count, dtype=np.float64)[None, :, None]
    return Rows(source, (MemoryBlock((source, count), 0, values),))


def sources(n: int, generations: int, m: int) -> dict[Source, Rows]:
    """Real rows 0, 1, ..., and rows 10,000 (t + 1), ... of S_t."""
    samples = {synthetic(t): rows(synthetic(t), m, 10_000 * (t + 1)) for t in range(generations)}
    return {REAL: rows(REAL, n, 0), **samples}


def test_whole_sources_are_not_copied() -> None:
    pool = sources(10, 1, 10)
    training_set = mix(Mix().recipe(1, 10, Fraction(1)), pool, SEEDS, 1, 10)
    assert [part.indices for part in training_set.parts] == [None, None]
    assert training_set.parts[0].rows is pool[REAL]
    assert training_set.count == 20


@given(st.integers(1, 40), st.integers(0, 100))
def test_mix_has_exactly_the_rows_of_its_recipe_each_at_most_once(n: int, percent: int) -> None:
    training_set = mix(Mix().recipe(1, n, Fraction(percent, 100)), sources(n, 1, n), SEEDS, 1, n)
    loaded = np.broadcast_to(training_set.load(), (2, training_set.count, 1))
    count = n + percent * n // 100
    for seed_rows in loaded:
        assert len(np.unique(seed_rows)) == len(seed_rows) == count
    rows_real, rows_synthetic = counts_by_kind(training_set, 2)
    assert rows_real.tolist() == [n, n]
    assert rows_synthetic.tolist() == [count - n] * 2


def test_fewer_rows_are_among_more_rows() -> None:
    pool = sources(100, 1, 100)

    def prefix(percent: int) -> list[set[float]]:
        part = mix(Mix().recipe(1, 100, Fraction(percent, 100)), pool, SEEDS, 1, 100).parts[1]
        assert part.indices is not None
        return [set(pool[synthetic(0)].load()[0, indices, 0]) for indices in part.indices]

    for few, many in zip(prefix(10), prefix(20), strict=True):
        assert few < many
    assert prefix(10)[0] != prefix(10)[1], "each seed has its own order"


def test_rows_beyond_sample_rows_follow_in_drawn_order() -> None:
    pool = sources(10, 1, 25)
    loaded = mix(Recipe((Take(synthetic(0), 15),)), pool, SEEDS, 1, 10).load()
    assert loaded[0, :, 0].tolist() == [10_000 + i for i in range(15)]


@settings(max_examples=25)
@given(st.integers(2, 50), st.integers(1, 5))
def test_a_subsample_is_drawn_without_replacement_and_its_kinds_are_counted(n: int, t: int) -> None:
    training_set = mix(AccumulateSubsample().recipe(t, n, Fraction(1)), sources(n, t, n), SEEDS, t, n)
    loaded = training_set.load()
    assert loaded.shape == (2, n, 1)
    counts = counts_by_kind(training_set, 2)
    for values, rows_real, rows_synthetic in zip(loaded[..., 0], *counts, strict=True):
        assert len(np.unique(values)) == n
        assert (values < 10_000).sum() == rows_real
        assert rows_real + rows_synthetic == n


def test_a_subsample_is_drawn_anew_at_every_generation() -> None:
    pool = sources(30, 2, 30)
    recipe = AccumulateSubsample().recipe(2, 30, Fraction(1))
    positions = [mix(recipe, pool, SEEDS, t, 30).positions for t in (2, 3, 2)]
    first, second, repeated = (array for array in positions if array is not None)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, repeated)


def last_rows(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    return np.arange(len(candidates) - count, len(candidates))


def negated(candidates: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return -candidates


def equal_weights(candidates: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return np.ones(len(candidates))


@pytest.mark.parametrize(
    "take",
    [
        Take(synthetic(0), 10),
        Take(synthetic(0), 3),
        Take(synthetic(0), 3, weight=0.5),
        Take(synthetic(0), 3, redraw=1),
    ],
)
@pytest.mark.parametrize("subsample", [None, 4])
def test_seeds_that_take_a_marked_row_are_those_whose_training_set_has_it(take: Take, subsample: int | None) -> None:
    seeds = tuple(range(8))
    marks = np.stack([np.random.default_rng(seed).permutation(10) < 2 for seed in seeds])
    values = np.where(marks, np.nan, 1.0)[..., None]
    pool = {REAL: rows(REAL, 4, 0), synthetic(0): Rows(synthetic(0), (MemoryBlock((synthetic(0), 10), 0, values),))}
    recipe = Recipe((Take(REAL, 4), take, Take(synthetic(0), 0)), subsample)
    training_set = mix(recipe, pool, seeds, 1, 10)
    expected = np.isnan(training_set.load()).any(axis=(1, 2))
    marked = has_marks(recipe, training_set, pool, {synthetic(0): marks}, seeds, 10)
    assert marked.tolist() == expected.tolist()
    assert take.count == 10 or 0 < expected.sum() < len(seeds)


@pytest.mark.parametrize(
    "take",
    [
        Take(synthetic(0), 3, among=9, choose=last_rows),
        Take(synthetic(0), 3, among=9, choose=last_rows, redraw=1),
        Take(synthetic(0), 5, transform=negated),
        Take(synthetic(0), 5, weight=equal_weights),
    ],
)
def test_all_rows_that_a_function_gets_count_as_marked_if_one_is(take: Take) -> None:
    """Marked rows may be finite, as black images are: then a function reads them."""
    seeds = tuple(range(8))
    marks = np.stack([np.random.default_rng(seed).permutation(10) < 1 for seed in seeds])
    pool = {REAL: rows(REAL, 4, 0), synthetic(0): rows(synthetic(0), 10, 0)}
    whole = mix(Recipe((Take(synthetic(0), take.source_rows, redraw=take.redraw),)), pool, seeds, 1, 10).load()[..., 0]
    read = np.stack([marks[seed, whole[seed].astype(int)].any() for seed in seeds])
    recipe = Recipe((take, Take(REAL, 4)), 2)
    training_set = mix(recipe, pool, seeds, 1, 10)
    assert training_set.positions is not None
    expected = read & (training_set.positions < take.count).any(axis=1)
    assert has_marks(recipe, training_set, pool, {synthetic(0): marks}, seeds, 10).tolist() == expected.tolist()
    assert 0 < expected.sum() < len(seeds)


def test_the_benchmark_holds_the_rows_once(capsys: pytest.CaptureFixture[str]) -> None:
    benchmark.main(2000)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2,000 real and 2,000 synthetic rows of (3, 32, 32)"
    assert [line[:34].strip() for line in lines[1:]] == [
        "raysc, first batch included",
        "the same, read back from Parquet",
        "copying PNG files and zipping",
        "held over the rows' bytes",
    ]
    assert 1 <= float(lines[-1].split()[-1]) < 1.3
