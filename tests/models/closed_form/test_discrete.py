"""The discrete family against counting and multinomial draws; its closed forms are in tests/theory."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from raysc.datasets.points.categories import Categories
from raysc.datasets.points.gaussian import Gaussian
from raysc.errors import InputError
from raysc.models.closed_form.discrete import Discrete
from raysc.models.closed_form.outcome_counts import CountedBlock
from raysc.pool.blocks import MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.mix import Mix
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic
from raysc.regimes.regime import Regime
from raysc.regimes.replace import Replace
from raysc.rng import Streams
from raysc.settings import Sample

SEEDS = (0, 3)


def family_for(data: Categories) -> Discrete:
    return Discrete().for_data(data)


def real_training_set(data: Categories, seeds: tuple[int, ...] = SEEDS) -> TrainingSet:
    rows = Rows(REAL, (MemoryBlock(("real", seeds), 0, data.train(seeds)),))
    return mix(Recipe((Take(REAL, data.rows),)), {REAL: rows}, seeds, 0, data.rows)


def state_with(counts: list[list[int]]) -> dict[str, np.ndarray]:
    """Return a state with these counts of the outcomes 10, 11, ..."""
    array = np.array(counts)
    return {"outcomes": np.broadcast_to(10 + np.arange(array.shape[1]), array.shape), "counts": array}


def bincounts(rows: np.ndarray, outcomes: int) -> np.ndarray:
    return np.stack([np.bincount(seed_rows[:, 0], minlength=outcomes) for seed_rows in rows])


def all_counts(outcomes: np.ndarray, counts: np.ndarray, total: int) -> np.ndarray:
    """Return counts of all outcomes, lost ones included, (seeds, total)."""
    expanded = np.zeros((len(counts), total), np.int64)
    expanded[:, outcomes] = counts
    return expanded


@pytest.mark.parametrize("regime", [Replace(), Accumulate(), AccumulateSubsample(), Mix()])
@pytest.mark.parametrize(("outcomes", "rows", "lambda_"), [(5, 10, 1), (40, 37, 1), (300, 100, Fraction(1, 2))])
def test_counts_are_those_of_the_rows_under_every_regime(
    regime: Regime, outcomes: int, rows: int, lambda_: int | Fraction
) -> None:
    data = Categories(outcomes, rows)
    model = family_for(data)
    sources = {REAL: Rows(REAL, (MemoryBlock("real", 0, data.train(SEEDS)),))}
    for t in range(6):
        recipe = Recipe((Take(REAL, rows),)) if t == 0 else regime.recipe(t, rows, Fraction(lambda_))
        training_set = mix(recipe, sources, SEEDS, t, rows)
        state = model.fit(training_set, Streams(SEEDS, t))
        expected = bincounts(np.broadcast_to(training_set.load(), (2, training_set.count, 1)), outcomes)
        np.testing.assert_array_equal(all_counts(state["outcomes"][0], state["counts"], outcomes), expected)
        assert state["counts"].any(axis=0).all(), "outcomes that no seed has are dropped"
        np.testing.assert_allclose(model.proportions(state).sum(axis=1), 1)
        sources[synthetic(t)] = Rows(synthetic(t), (model.sample_block(state, 0, rows, Streams(SEEDS, t)),))


@pytest.mark.parametrize(("first", "count"), [(0, 10), (0, 1000), (0, 37), (37, 500), (90, 10), (3, 4)])
def test_a_sampled_block_counts_its_rows(first: int, count: int) -> None:
    state, model = state_with([[5, 0, 2, 1], [0, 3, 0, 0]]), family_for(Categories(20))
    block = model.sample_block(state, first, count, Streams(SEEDS, 7))
    assert isinstance(block, CountedBlock)
    rows = block.load()
    assert (block.first, block.rows, rows.shape) == (first, count, (2, count, 1))
    assert rows.dtype == np.int32
    np.testing.assert_array_equal(
        all_counts(block.outcome_counts.outcomes, block.outcome_counts.counts, 20), bincounts(rows, 20)
    )
    assert block.load() is rows, "the rows are cached: subsamples of a pool read them at every generation"
    assert (rows[1] == 11).all()
    assert block.key != model.sample_block(state, first, count, Streams(SEEDS, 8)).key


def test_a_row_depends_on_its_index_and_seed_alone() -> None:
    state, model = state_with([[5, 1, 2], [4, 3, 1]]), family_for(Categories(20))
    rows = model.sample(state, 0, 3000, Streams(SEEDS, 5))
    np.testing.assert_array_equal(model.sample(state, 900, 1300, Streams(SEEDS, 5)), rows[:, 900:2200])
    np.testing.assert_array_equal(model.sample(state, 0, 1, Streams(SEEDS, 5)), rows[:, :1])
    seed_state = {"outcomes": np.array([[10, 11, 12]]), "counts": np.array([[4, 3, 1]])}
    np.testing.assert_array_equal(model.sample(seed_state, 0, 50, Streams((3,), 5))[0], rows[1, :50])


@pytest.mark.parametrize("index", [0, 9, 10, 55, 99, 100])
def test_every_row_has_the_models_proportions(index: int) -> None:
    """Rows of blocks are exchangeable: row i of many seeds has the proportions, and two rows are independent."""
    seeds = tuple(range(3000))
    state, model = state_with([[6, 3, 1]] * 3000), family_for(Categories(20))
    rows = model.sample(state, 0, 101, Streams(seeds, 1))[..., 0] - 10
    assert stats.chisquare(np.bincount(rows[:, index], minlength=3), [1800, 900, 300]).pvalue > 1e-3
    neighbour = rows[:, index - 1 if index else 1]
    joint_counts = np.histogram2d(rows[:, index], neighbour, bins=3)[0]
    assert stats.chi2_contingency(joint_counts).pvalue > 1e-3


def test_counts_are_multinomial() -> None:
    seeds = tuple(range(4000))
    state, model = state_with([[6, 3, 1]] * 4000), family_for(Categories(20))
    block = model.sample_block(state, 0, 1000, Streams(seeds, 2))
    assert isinstance(block, CountedBlock)
    counts = block.outcome_counts.counts
    proportions = np.array([0.6, 0.3, 0.1])
    np.testing.assert_array_equal(counts.sum(axis=1), 1000)
    np.testing.assert_allclose(counts.mean(axis=0), 1000 * proportions, atol=4 * np.sqrt(250 / 4000) * 2)
    expected = 1000 * (np.diag(proportions) - np.outer(proportions, proportions))
    np.testing.assert_allclose(np.cov(counts.T), expected, atol=4 * 240 * np.sqrt(2 / 4000))


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_temperature_takes_a_power_of_the_proportions(temperature: float) -> None:
    seeds, model = tuple(range(400)), family_for(Categories(20))
    state = model.sampling_state(state_with([[6, 3, 1]] * 400), Sample(temperature=temperature))
    expected = np.array([6, 3, 1]) ** (1 / temperature)
    expected = expected / expected.sum()
    np.testing.assert_allclose(model.proportions(state)[0], expected)
    block = model.sample_block(state, 0, 137, Streams(seeds, 2))
    assert isinstance(block, CountedBlock)
    counts = block.outcome_counts.counts
    np.testing.assert_array_equal(bincounts(block.load(), 20)[:, 10:13], counts)
    assert stats.chisquare(counts.sum(axis=0), counts.sum() * expected).pvalue > 1e-3


def test_no_temperature_brings_an_outcome_back() -> None:
    model = family_for(Categories(20))
    for temperature in (1e-3, 1e6):
        state = model.sampling_state(state_with([[6, 0, 1], [0, 3, 0]]), Sample(temperature=temperature))
        counts = bincounts(model.sample(state, 0, 500, Streams(SEEDS, 0)), 20)
        assert counts[0, 11] == 0
        assert counts[1, 11] == 500


def test_a_lost_outcome_never_comes_back() -> None:
    data = Categories(30, 10)
    model, training_set, present_before = family_for(data), real_training_set(data), np.ones((2, 30), bool)
    for t in range(60):
        state = model.fit(training_set, Streams(SEEDS, t))
        present = all_counts(state["outcomes"][0], state["counts"], 30) > 0
        assert not (present & ~present_before).any()
        present_before = present
        block = model.sample_block(state, 0, 10, Streams(SEEDS, t))
        sources = {synthetic(t): Rows(synthetic(t), (block,))}
        training_set = mix(Replace().recipe(t + 1, 10, Fraction(1)), sources, SEEDS, 1, 10)
    np.testing.assert_array_equal(present_before.sum(axis=1), 1)


def test_the_likelihood_of_an_outcome_is_its_proportion_and_zero_if_it_is_lost() -> None:
    points = np.array([[10.0], [12.0], [11.0], [9.0], [19.0]])
    log_prob = family_for(Categories(20)).log_prob(state_with([[6, 3, 1], [5, 0, 5]]), points)
    np.testing.assert_allclose(np.exp(log_prob), [[0.6, 0.1, 0.3, 0, 0], [0.5, 0.5, 0, 0, 0]])


def test_data_without_outcomes_are_refused() -> None:
    with pytest.raises(InputError, match="these data have other rows; take data: categories"):
        Discrete().for_data(Gaussian()).check((1,))
    Discrete().for_data(Categories()).check((1,))
