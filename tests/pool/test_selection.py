"""Functions of takes: selection, transform and weights of rows, and rows that are drawn anew."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysc.errors import InputError
from raysc.pool.blocks import FreedBlock, MemoryBlock
from raysc.pool.mixing import counts_by_kind, mix
from raysc.pool.rows import Rows
from raysc.pool.selection import transform
from raysc.regimes.curated import Curated
from raysc.regimes.recipe import REAL, Chooser, Recipe, Source, Take, Transform, synthetic

SEEDS = (3, 8, 5)
S_0 = synthetic(0)


def rows(source: Source, values: np.ndarray) -> Rows:
    return Rows(source, (MemoryBlock((source, values.shape), 0, values),))


def sources(n: int, m: int, seeds: tuple[int, ...] = SEEDS) -> dict[Source, Rows]:
    """Real rows 0, 1, ... of all seeds; the value of a synthetic row is 1000 seed + index."""
    values = np.array(seeds)[:, None, None] * 1000.0 + np.arange(m)[None, :, None]
    return {
        REAL: rows(REAL, np.arange(n, dtype=np.float64)[None, :, None]),
        S_0: rows(S_0, values),
    }


def largest(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    return np.argsort(candidates[:, 0])[-count:]


def with_repeats(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    return generator.integers(len(candidates), size=count)


def recipe(count: int, among: int, choose: Chooser = largest, source: Source = S_0) -> Recipe:
    return Recipe((Take(source, count, among=among, choose=choose),))


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(1, 60), st.integers(1, 30))
def test_count_rows_are_selected_and_all_are_candidates(count: int, among: int, n: int) -> None:
    pool = sources(n, max(among, n))
    candidates = mix(Recipe((Take(S_0, among),)), pool, SEEDS, 1, n).load()
    training_set = mix(recipe(count, among, with_repeats), pool, SEEDS, 1, n)
    loaded = training_set.load()
    assert loaded.shape == (len(SEEDS), count, 1)
    for seed_rows, seed_candidates in zip(loaded, candidates, strict=True):
        assert np.isin(seed_rows, seed_candidates).all()
    rows_real, rows_synthetic = counts_by_kind(training_set, len(SEEDS))
    assert (rows_real.tolist(), rows_synthetic.tolist()) == ([0] * 3, [count] * 3)


def test_the_rows_are_those_of_the_returned_indices() -> None:
    loaded = mix(recipe(3, 8), sources(8, 20), SEEDS, 1, 8).load()
    np.testing.assert_array_equal(loaded[:, :, 0] - 1000 * np.array(SEEDS)[:, None], [[5, 6, 7]] * 3)
    few = mix(recipe(2, 4), pool := sources(8, 8), SEEDS, 1, 8).load()
    candidates = mix(Recipe((Take(S_0, 4),)), pool, SEEDS, 1, 8).load()
    np.testing.assert_array_equal(few, np.sort(candidates, axis=1)[:, 2:])


def test_real_rows_can_be_selected_by_each_seed() -> None:
    loaded = mix(recipe(6, 6, with_repeats, REAL), sources(6, 6), SEEDS, 1, 6).load()
    assert loaded.shape == (3, 6, 1)
    assert loaded.max() < 6
    assert (loaded[0] != loaded[1]).any()


def test_a_seed_selects_the_same_rows_in_any_pack_and_for_any_generation() -> None:
    take = recipe(5, 12, with_repeats)
    together = mix(take, sources(12, 12), SEEDS, 1, 12).load()
    for index, seed in enumerate(SEEDS):
        single = mix(take, sources(12, 12, (seed,)), (seed,), 4, 12).load()
        np.testing.assert_array_equal(single[0], together[index])


def test_choose_gets_the_candidates_and_the_real_rows_of_one_seed() -> None:
    calls: list[tuple[np.ndarray, np.ndarray, int]] = []

    def record(candidates: np.ndarray, real: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
        calls.append((candidates, real, count))
        return np.arange(count)

    mix(recipe(2, 5, record), sources(4, 9), SEEDS, 1, 5)
    assert len(calls) == 3
    for seed, (candidates, real, count) in zip(SEEDS, calls, strict=True):
        np.testing.assert_array_equal(candidates[:, 0], 1000 * seed + np.arange(5))
        np.testing.assert_array_equal(real[:, 0], np.arange(4))
        assert count == 2


def test_choose_cannot_change_the_rows() -> None:
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


def test_a_selection_is_made_once_and_remains_after_the_rows_are_freed() -> None:
    counting, pool = Counting(), sources(6, 6)
    take = recipe(3, 6, counting.choose)
    first = mix(take, pool, SEEDS, 1, 6)
    pool[S_0] = pool[S_0].without_data()
    again = mix(take, pool, SEEDS, 2, 6)
    assert isinstance(again.parts[0].rows.blocks[0], FreedBlock)
    assert again.parts == first.parts
    assert counting.calls == [3] * 3


def test_a_selection_equals_no_whole_source_no_prefix_and_no_other_selection() -> None:
    pool = sources(6, 6)
    selections = [mix(recipe(6, 6, choose), pool, SEEDS, 1, 6).parts[0] for choose in (largest, with_repeats)]
    whole = mix(Recipe((Take(S_0, 6),)), pool, SEEDS, 1, 6).parts[0]
    (few,) = mix(recipe(3, 6), pool, SEEDS, 1, 6).parts
    (prefix,) = mix(Recipe((Take(S_0, 3),)), pool, SEEDS, 1, 6).parts
    parts = [*selections, whole, few, prefix]
    assert [[part == other for other in parts] for part in parts] == np.eye(5, dtype=bool).tolist()


def test_choose_is_called_for_finite_seeds_only() -> None:
    pool, counting = sources(4, 4), Counting()
    values = pool[S_0].load().copy()
    values[1] = np.nan
    pool[S_0] = rows(S_0, values)
    loaded = mix(recipe(6, 4, counting.choose), pool, SEEDS, 1, 4)
    assert counting.calls == [6, 6]
    assert np.isnan(loaded.load()[1]).all()


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ([0.0, 1.0], r"got float64 \(2,\)"),
        ([True, False, True, True, True], r"got bool \(5,\)"),
        ([0, 1, 2], r"got int64 \(3,\)"),
        ([[0, 1]], r"got int64 \(1, 2\)"),
        ([-1, 1], r"got int64 \(2,\) from -1 to 1"),
        ([0, 5], r"got int64 \(2,\) from 0 to 5"),
        (None, "got object"),
    ],
)
def test_invalid_indices_are_refused(returned: object, problem: str) -> None:
    with pytest.raises(
        InputError, match=f"choose must return 2 of 5 synthetic rows: expected integers .* from 0 to 4, {problem}"
    ):
        mix(recipe(2, 5, lambda candidates, real, count, generator: np.asarray(returned)), sources(5, 5), SEEDS, 1, 5)


def test_a_take_needs_both_among_and_choose_and_some_candidates() -> None:
    with pytest.raises(InputError, match="both `among` and `choose`, or neither"):
        Take(REAL, 2, among=5)
    with pytest.raises(InputError, match="both `among` and `choose`, or neither"):
        Take(REAL, 2, choose=largest)
    with pytest.raises(InputError, match="2 rows cannot be chosen among 0"):
        Take(REAL, 2, among=0, choose=largest)


def test_one_candidate_per_row_is_selected() -> None:
    pool = sources(10, 10)
    selected = mix(Curated(choices=1, real=False).recipe(1, 10, Fraction(1, 2)), pool, SEEDS, 1, 10)
    prefix = mix(Recipe((Take(S_0, 5),)), pool, SEEDS, 1, 10)
    np.testing.assert_array_equal(selected.load(), prefix.load())


def noisy(rows: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return np.asarray(rows + real.mean() + generator.random(rows.shape))


def by_value(rows: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return np.asarray(rows[:, 0] + generator.random(len(rows)))


def test_a_transform_changes_the_rows_of_each_seed_with_its_random_numbers() -> None:
    pool = sources(6, 6)
    take = Take(S_0, 4, transform=noisy)
    (part,) = mix(Recipe((take,)), pool, SEEDS, 1, 6).parts
    prefix = mix(Recipe((Take(S_0, 4),)), pool, SEEDS, 1, 6).load()
    added = part.rows.load() - prefix - 2.5
    assert (added >= 0).all()
    assert (added < 1).all()
    assert len(np.unique(added)) == 12
    assert part.synthetic == 4
    single = mix(Recipe((take,)), sources(6, 6, (8,)), (8,), 3, 6).load()
    np.testing.assert_array_equal(single[0], part.rows.load()[1])


def test_a_transform_is_applied_to_the_selection_once() -> None:
    calls: list[int] = []

    def half(rows: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        calls.append(len(rows))
        return rows / 2

    pool = sources(6, 6)
    take = Take(S_0, 2, among=6, choose=largest, transform=half)
    first = mix(Recipe((take,)), pool, SEEDS, 1, 6)
    np.testing.assert_array_equal(first.load()[0, :, 0], [3004 / 2, 3005 / 2])
    pool[S_0] = pool[S_0].without_data()
    again = mix(Recipe((take,)), pool, SEEDS, 2, 6)
    assert again.parts == first.parts
    assert isinstance(again.parts[0].rows.blocks[0], FreedBlock)
    assert calls == [2] * 3


def test_weights_are_numbers_or_a_function_of_the_rows() -> None:
    pool = sources(3, 6)
    takes = (Take(REAL, 3, weight=0.25), Take(S_0, 2, weight=by_value), Take(S_0, 6))
    training_set = mix(Recipe(takes), pool, SEEDS, 1, 6)
    weights, rows_of_take = training_set.weights, training_set.load()[:, 3:5, 0]
    assert weights is not None
    np.testing.assert_array_equal(weights[:, :3], np.full((3, 3), 0.25))
    np.testing.assert_array_equal(weights[:, 5:], np.ones((3, 6)))
    assert ((weights[:, 3:5] >= rows_of_take) & (weights[:, 3:5] < rows_of_take + 1)).all()
    mask = np.array([False, True, False])
    selected = training_set.select_seeds(mask).weights
    assert selected is not None
    np.testing.assert_array_equal(selected, weights[mask])
    assert mix(Recipe((Take(REAL, 3), Take(S_0, 6))), pool, SEEDS, 1, 6).weights is None


def test_a_subsample_keeps_the_weights_of_its_rows() -> None:
    pool = sources(20, 20)
    training_set = mix(Recipe((Take(REAL, 20, weight=0.5), Take(S_0, 20)), 15), pool, SEEDS, 1, 20)
    assert training_set.weights is not None
    np.testing.assert_array_equal(training_set.weights, np.where(training_set.load()[..., 0] < 1000, 0.5, 1.0))


def test_redrawn_rows_are_others_at_each_generation_and_the_same_in_any_pack() -> None:
    pool = sources(100, 6)
    drawn = [mix(Recipe((Take(REAL, 10, redraw=t),)), pool, SEEDS, t, 6) for t in (1, 2)]
    first, second = (training_set.load()[..., 0] for training_set in drawn)
    assert drawn[0].parts != drawn[1].parts
    assert all(len(set(row)) == 10 for row in first)
    assert (np.sort(first) != np.sort(second)).any(axis=1).all()
    np.testing.assert_array_equal(mix(Recipe((Take(REAL, 10, redraw=2),)), pool, (8,), 9, 6).load()[0, :, 0], second[1])
    redrawn = [Take(S_0, 5, among=6, choose=with_repeats, redraw=t) for t in (1, 2)]
    chosen = [mix(Recipe((take,)), pool, SEEDS, 1, 6).load() for take in redrawn]
    assert (chosen[0] != chosen[1]).any()


class Labelled:
    def texts(self, rows: np.ndarray) -> list[str]:
        return [f"{value:.0f}" for value in rows[:, 0]]

    def labels(self, rows: np.ndarray) -> np.ndarray:
        return rows[:, 0].astype(int) % 2

    def scores(self, rows: np.ndarray) -> np.ndarray:
        return -rows[..., 0]


def test_choose_gets_the_views_that_it_needs() -> None:
    def choose(candidates: np.ndarray, real: np.ndarray, count: int, generator: object, *, texts: list[str],
               labels: np.ndarray, scores: np.ndarray) -> np.ndarray:  # fmt: skip
        assert texts == [f"{value:.0f}" for value in candidates[:, 0]]
        np.testing.assert_array_equal(scores, -candidates[:, 0])
        return np.flatnonzero(labels == 1)[:count]

    take = Take(S_0, 3, among=6, choose=choose, needs=("texts", "labels", "scores"))
    loaded = mix(Recipe((take,)), sources(6, 6), SEEDS, 1, 6, Labelled()).load()
    np.testing.assert_array_equal(loaded[0, :, 0], [3001, 3003, 3005])
    with pytest.raises(
        InputError, match="choose needs texts, labels, scores of its candidates, and this loop has none"
    ):
        mix(Recipe((take,)), sources(6, 6), SEEDS, 1, 6)
    with pytest.raises(InputError, match="generation 2 has scores for rows of the newest model alone"):
        mix(Recipe((take,)), sources(6, 6), SEEDS, 2, 6, Labelled())


@pytest.mark.parametrize(
    ("take", "problem"),
    [
        (Take(S_0, 2, transform=lambda rows, real, generator: rows[:1]), r"shape \(2, 1\) .*, got float64 \(1, 1\)"),
        (Take(S_0, 2, transform=lambda rows, real, generator: rows + 1j), "got complex128"),
        (Take(S_0, 2, weight=lambda rows, real, generator: np.ones(3)), r"weight must return numbers \(2,\)"),
        (Take(S_0, 2, weight=lambda rows, real, generator: np.zeros(2)), "with a positive sum"),
        (Take(S_0, 2, weight=lambda rows, real, generator: np.array([2, -1])), "at least 0"),
    ],
)  # fmt: skip
def test_invalid_rows_and_weights_are_refused(take: Take, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        mix(Recipe((take,)), sources(6, 6), SEEDS, 1, 6)


def test_a_transform_of_images_does_not_wrap_around() -> None:
    def brighter(rows: np.ndarray, real: object, generator: object) -> np.ndarray:
        return rows.astype(np.uint16) + 10

    images = np.array([[[250], [3]]], np.uint8)
    with pytest.raises(InputError, match="transform returned uint16 numbers that uint8 does not have"):
        transformed(images, brighter)
    np.testing.assert_array_equal(transformed(np.minimum(images, 245), brighter), [[[255], [13]]])


def transformed(rows: np.ndarray, function: Transform) -> np.ndarray:
    """Return the rows that a take of all rows with a transform gives."""
    whole = Rows(S_0, (MemoryBlock("rows", 0, rows),))
    return transform(Take(S_0, rows.shape[1], transform=function), whole, whole, (0,)).load()


def test_a_take_refuses_impossible_settings() -> None:
    for weight in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="must be a positive number or a function"):
            Take(REAL, 1, weight=weight)
    with pytest.raises(InputError, match="knows texts, labels, scores"):
        Take(REAL, 1, among=1, choose=largest, needs=("colours",))  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InputError, match="is for `choose`"):
        Take(REAL, 1, needs=("texts",))
