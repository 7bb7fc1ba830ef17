"""Rows that a take chooses among candidates."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysc.errors import InputError
from raysc.pool.mixing import counts_by_kind, mix
from raysc.pool.rows import MemoryBlock, Rows, SpentBlock
from raysc.regimes.curated import Curated
from raysc.regimes.recipe import REAL, Chooser, Recipe, Source, Take, synthetic

SEEDS = (3, 8, 5)
S_0 = synthetic(0)


def rows(source: Source, values: np.ndarray) -> Rows:
    return Rows(source, (MemoryBlock((source, values.shape), 0, values),))


def sources(n: int, made: int, seeds: tuple[int, ...] = SEEDS) -> dict[Source, Rows]:
    """Real rows 0, 1, ... that all seeds share; synthetic ones tell the seed and where they stand."""
    own = np.array(seeds)[:, None, None] * 1000.0 + np.arange(made)[None, :, None]
    return {
        REAL: rows(REAL, np.arange(n, dtype=np.float64)[None, :, None]),
        S_0: rows(S_0, own),
    }


def largest(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    return np.argsort(candidates[:, 0])[-count:]


def with_repeats(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    return generator.integers(len(candidates), size=count)


def recipe(count: int, among: int, choose: Chooser = largest, source: Source = S_0) -> Recipe:
    return Recipe((Take(source, count, among=among, choose=choose),))


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(1, 60), st.integers(1, 30))
def test_there_are_exactly_as_many_rows_as_asked_and_all_are_candidates(count: int, among: int, n: int) -> None:
    there = sources(n, max(among, n))
    candidates = mix(Recipe((Take(S_0, among),)), there, SEEDS, 1, n).load()
    training_set = mix(recipe(count, among, with_repeats), there, SEEDS, 1, n)
    loaded = training_set.load()
    assert loaded.shape == (len(SEEDS), count, 1)
    for own, those in zip(loaded, candidates, strict=True):
        assert np.isin(own, those).all()
    real, made = counts_by_kind(training_set, len(SEEDS))
    assert (real.tolist(), made.tolist()) == ([0] * 3, [count] * 3)


def test_the_rows_are_those_whose_indices_were_chosen() -> None:
    loaded = mix(recipe(3, 8), sources(8, 20), SEEDS, 1, 8).load()
    np.testing.assert_array_equal(loaded[:, :, 0] - 1000 * np.array(SEEDS)[:, None], [[5, 6, 7]] * 3)
    few = mix(recipe(2, 4), there := sources(8, 8), SEEDS, 1, 8).load()
    candidates = mix(Recipe((Take(S_0, 4),)), there, SEEDS, 1, 8).load()
    np.testing.assert_array_equal(few, np.sort(candidates, axis=1)[:, 2:])


def test_real_rows_can_be_chosen_each_seed_its_own() -> None:
    loaded = mix(recipe(6, 6, with_repeats, REAL), sources(6, 6), SEEDS, 1, 6).load()
    assert loaded.shape == (3, 6, 1)
    assert loaded.max() < 6
    assert (loaded[0] != loaded[1]).any()


def test_a_seed_chooses_the_same_in_any_pack_at_any_generation_that_takes_its_rows() -> None:
    take = recipe(5, 12, with_repeats)
    together = mix(take, sources(12, 12), SEEDS, 1, 12).load()
    for index, seed in enumerate(SEEDS):
        alone = mix(take, sources(12, 12, (seed,)), (seed,), 4, 12).load()
        np.testing.assert_array_equal(alone[0], together[index])


def test_the_chooser_sees_the_candidates_and_the_real_rows_of_one_seed() -> None:
    seen = []

    def look(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
        seen.append((candidates, real, count))
        return np.arange(count)

    mix(recipe(2, 5, look), sources(4, 9), SEEDS, 1, 5)
    assert len(seen) == 3
    for seed, (candidates, real, count) in zip(SEEDS, seen, strict=True):
        np.testing.assert_array_equal(candidates[:, 0], 1000 * seed + np.arange(5))
        np.testing.assert_array_equal(real[:, 0], np.arange(4))
        assert count == 2


def test_a_chooser_cannot_change_the_rows() -> None:
    def sort(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
        candidates.sort(axis=0)
        return np.arange(count)

    with pytest.raises(ValueError, match="read-only"):
        mix(recipe(2, 5, sort), sources(5, 5), SEEDS, 1, 5)


@dataclass(frozen=True)
class Counting:
    calls: list[int] = field(default_factory=list)

    def choose(self, candidates: np.ndarray, real: np.ndarray, count: int, generator: object) -> np.ndarray:
        self.calls.append(count)
        return np.arange(count) % len(candidates)


def test_rows_are_chosen_once_and_known_after_they_were_let_go() -> None:
    counting, there = Counting(), sources(6, 6)
    take = recipe(3, 6, counting.choose)
    first = mix(take, there, SEEDS, 1, 6)
    there[S_0] = there[S_0].spent()
    again = mix(take, there, SEEDS, 2, 6)
    assert isinstance(again.parts[0].rows.blocks[0], SpentBlock)
    assert again.parts == first.parts
    assert counting.calls == [3] * 3


def test_chosen_rows_are_no_whole_source_and_no_prefix_and_not_those_of_another_choice() -> None:
    there = sources(6, 6)
    chosen = [mix(recipe(6, 6, choose), there, SEEDS, 1, 6).parts[0] for choose in (largest, with_repeats)]
    whole = mix(Recipe((Take(S_0, 6),)), there, SEEDS, 1, 6).parts[0]
    (few,) = mix(recipe(3, 6), there, SEEDS, 1, 6).parts
    (prefix,) = mix(Recipe((Take(S_0, 3),)), there, SEEDS, 1, 6).parts
    parts = [*chosen, whole, few, prefix]
    assert [[one == other for other in parts] for one in parts] == np.eye(5, dtype=bool).tolist()


def test_a_seed_that_diverged_is_not_asked_and_the_others_are() -> None:
    there, counting = sources(4, 4), Counting()
    values = there[S_0].load().copy()
    values[1] = np.nan
    there[S_0] = rows(S_0, values)
    loaded = mix(recipe(6, 4, counting.choose), there, SEEDS, 1, 4)
    assert counting.calls == [6, 6]
    assert np.isnan(loaded.load()[1]).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([0.0, 1.0], r"gave float64 \(2,\)"),
        ([True, False, True, True, True], r"gave bool \(5,\)"),
        ([0, 1, 2], r"gave int64 \(3,\)"),
        ([[0, 1]], r"gave int64 \(1, 2\)"),
        ([-1, 1], "gave int64 .* from -1 to 1"),
        ([0, 5], r"gave int64 \(2,\) from 0 to 5; expected integers \(2,\) from 0 to 4"),
        (None, "gave object"),
    ],
)
def test_what_is_no_choice_is_refused(given: object, words: str) -> None:
    with pytest.raises(InputError, match=f"choose was asked for 2 of 5 synthetic rows and {words}"):
        mix(recipe(2, 5, lambda candidates, real, count, generator: given), sources(5, 5), SEEDS, 1, 5)


def test_a_take_that_cannot_choose_is_refused() -> None:
    for parts in ({"among": 5}, {"choose": largest}):
        with pytest.raises(InputError, match="both `among` and `choose`, or neither"):
            Take(REAL, 2, **parts)
    with pytest.raises(InputError, match="2 rows cannot be chosen among 0"):
        Take(REAL, 2, among=0, choose=largest)


def test_one_of_one_candidate_is_the_candidate() -> None:
    there = sources(10, 10)
    picked = mix(Curated(choices=1, real=False).recipe(1, 10, Fraction(1, 2)), there, SEEDS, 1, 10)
    taken = mix(Recipe((Take(S_0, 5),)), there, SEEDS, 1, 10)
    np.testing.assert_array_equal(picked.load(), taken.load())
