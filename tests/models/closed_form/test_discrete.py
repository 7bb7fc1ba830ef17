"""The discrete family against counting and multinomial draws; its closed forms are in tests/theory."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from raysc.datasets.categories import Categories
from raysc.datasets.gaussian import Gaussian
from raysc.errors import InputError
from raysc.models.closed_form.discrete import Discrete
from raysc.models.closed_form.outcome_counts import TalliedBlock, Tally
from raysc.pool.mixing import mix
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Regime, Take, synthetic
from raysc.regimes.replace import Replace
from raysc.rng import Streams

SEEDS = (0, 3)


def family(data: Categories) -> Discrete:
    return Discrete().for_data(data)


def first(data: Categories, seeds: tuple[int, ...] = SEEDS) -> TrainingSet:
    rows = Rows(REAL, (MemoryBlock(("real", seeds), 0, data.train(seeds)),))
    return mix(Recipe((Take(REAL, data.rows),)), {REAL: rows}, seeds, 0, data.rows)


def given(counts: list[list[int]]) -> dict[str, np.ndarray]:
    """A state with these counts of the outcomes 10, 11, ..."""
    array = np.array(counts)
    return {"outcomes": np.broadcast_to(10 + np.arange(array.shape[1]), array.shape), "counts": array}


def counted(rows: np.ndarray, outcomes: int) -> np.ndarray:
    return np.stack([np.bincount(own[:, 0], minlength=outcomes) for own in rows])


def spread(outcomes: np.ndarray, counts: np.ndarray, of: int) -> np.ndarray:
    """Counts of all outcomes, (seeds, of)."""
    found = np.zeros((len(counts), of), np.int64)
    found[:, outcomes] = counts
    return found


@pytest.mark.parametrize("regime", [Replace(), Accumulate(), AccumulateSubsample(), Mix()])
@pytest.mark.parametrize(("outcomes", "rows", "lambda_"), [(5, 10, 1), (40, 37, 1), (300, 100, Fraction(1, 2))])
def test_counts_are_those_of_the_rows_under_every_regime(regime: Regime, outcomes, rows, lambda_) -> None:
    data = Categories(outcomes, rows)
    model = family(data)
    sources = {REAL: Rows(REAL, (MemoryBlock("real", 0, data.train(SEEDS)),))}
    for t in range(6):
        recipe = Recipe((Take(REAL, rows),)) if t == 0 else regime.recipe(t, rows, Fraction(lambda_))
        taken = mix(recipe, sources, SEEDS, t, rows)
        state = model.fit(taken, Streams(SEEDS, t))
        expected = counted(np.broadcast_to(taken.load(), (2, taken.count, 1)), outcomes)
        np.testing.assert_array_equal(spread(state["outcomes"][0], state["counts"], outcomes), expected)
        assert state["counts"].any(axis=0).all(), "outcomes that no seed has any more are not carried along"
        np.testing.assert_allclose(model.proportions(state).sum(axis=1), 1)
        sources[synthetic(t)] = Rows(synthetic(t), (model.draw(state, 0, rows, Streams(SEEDS, t)),))


@pytest.mark.parametrize(("begin", "count"), [(0, 10), (0, 1000), (0, 37), (37, 500), (90, 10), (3, 4)])
def test_a_drawn_block_counts_the_rows_that_it_stands_for(begin: int, count: int) -> None:
    state, model = given([[5, 0, 2, 1], [0, 3, 0, 0]]), family(Categories(20))
    block = model.draw(state, begin, count, Streams(SEEDS, 7))
    assert isinstance(block, TalliedBlock)
    rows = block.load()
    assert (block.first, block.rows, rows.shape, rows.dtype) == (begin, count, (2, count, 1), np.int32)
    np.testing.assert_array_equal(spread(block.tally.outcomes, block.tally.counts, 20), counted(rows, 20))
    assert block.load() is rows, "subsamples of a pool read it at every generation"
    assert (rows[1] == 11).all()
    assert block.key != model.draw(state, begin, count, Streams(SEEDS, 8)).key


def test_rows_do_not_depend_on_what_else_was_asked_for_or_on_the_other_seeds() -> None:
    state, model = given([[5, 1, 2], [4, 3, 1]]), family(Categories(20))
    whole = model.sample(state, 0, 3000, Streams(SEEDS, 5))
    np.testing.assert_array_equal(model.sample(state, 900, 1300, Streams(SEEDS, 5)), whole[:, 900:2200])
    np.testing.assert_array_equal(model.sample(state, 0, 1, Streams(SEEDS, 5)), whole[:, :1])
    alone = {"outcomes": np.array([[10, 11, 12]]), "counts": np.array([[4, 3, 1]])}
    np.testing.assert_array_equal(model.sample(alone, 0, 50, Streams((3,), 5))[0], whole[1, :50])


@pytest.mark.parametrize("place", [0, 9, 10, 55, 99, 100])
def test_every_row_by_itself_has_the_models_proportions(place: int) -> None:
    """Rows in blocks are exchangeable: those of a place follow the proportions, and two places are independent."""
    seeds = tuple(range(3000))
    state, model = given([[6, 3, 1]] * 3000), family(Categories(20))
    rows = model.sample(state, 0, 101, Streams(seeds, 1))[..., 0] - 10
    assert stats.chisquare(np.bincount(rows[:, place], minlength=3), [1800, 900, 300]).pvalue > 1e-3
    other = rows[:, place - 1 if place else 1]
    together = np.histogram2d(rows[:, place], other, bins=3)[0]
    assert stats.chi2_contingency(together).pvalue > 1e-3


def test_counts_are_multinomial() -> None:
    seeds = tuple(range(4000))
    state, model = given([[6, 3, 1]] * 4000), family(Categories(20))
    counts = model.draw(state, 0, 1000, Streams(seeds, 2)).tally.counts
    shares = np.array([0.6, 0.3, 0.1])
    np.testing.assert_array_equal(counts.sum(axis=1), 1000)
    np.testing.assert_allclose(counts.mean(axis=0), 1000 * shares, atol=4 * np.sqrt(250 / 4000) * 2)
    expected = 1000 * (np.diag(shares) - np.outer(shares, shares))
    np.testing.assert_allclose(np.cov(counts.T), expected, atol=4 * 240 * np.sqrt(2 / 4000))


def test_a_lost_outcome_never_comes_back() -> None:
    data = Categories(30, 10)
    model, taken, before = family(data), first(data), np.ones((2, 30), bool)
    for t in range(60):
        state = model.fit(taken, Streams(SEEDS, t))
        there = spread(state["outcomes"][0], state["counts"], 30) > 0
        assert not (there & ~before).any()
        before = there
        block = model.draw(state, 0, 10, Streams(SEEDS, t))
        taken = mix(
            Replace().recipe(t + 1, 10, Fraction(1)), {synthetic(t): Rows(synthetic(t), (block,))}, SEEDS, 1, 10
        )
    np.testing.assert_array_equal(before.sum(axis=1), 1)


def test_the_likelihood_of_an_outcome_is_its_proportion_and_nothing_of_a_lost_one() -> None:
    points = np.array([[10.0], [12.0], [11.0], [9.0], [19.0]])
    found = family(Categories(20)).log_prob(given([[6, 3, 1], [5, 0, 5]]), points)
    np.testing.assert_allclose(np.exp(found), [[0.6, 0.1, 0.3, 0, 0], [0.5, 0.5, 0, 0, 0]])


def test_tallies_of_different_outcomes_are_put_together() -> None:
    shared = Tally.of(np.array([[[4], [4], [9]]]))
    own = Tally.of(np.array([[[1], [4], [4]], [[9], [9], [9]]]))
    both = shared + own
    np.testing.assert_array_equal(both.outcomes, [1, 4, 9])
    np.testing.assert_array_equal(both.counts, [[1, 4, 1], [0, 2, 4]])
    np.testing.assert_array_equal((own + shared).counts, both.counts)


def test_data_without_outcomes_are_refused() -> None:
    with pytest.raises(InputError, match="these data have other rows; take data: categories"):
        Discrete().for_data(Gaussian()).check((1,))
    Discrete().for_data(Categories()).check((1,))
