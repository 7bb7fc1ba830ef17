"""The regression family against NumPy's least squares; its closed forms are in tests/theory."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import norm

from raysc.datasets.linear import Linear
from raysc.datasets.moons import Moons
from raysc.errors import InputError
from raysc.models.closed_form import least_squares as halves
from raysc.models.closed_form.least_squares import half_inverses
from raysc.models.closed_form.linear_regression import LinearRegression
from raysc.pool.mixing import mix
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.recipe import REAL, Recipe, Regime, Take, synthetic
from raysc.regimes.replace import Replace
from raysc.rng import Streams

SEEDS = (0, 3)


def real(data: Linear, seeds: tuple[int, ...] = SEEDS) -> Rows:
    return Rows(REAL, (MemoryBlock(("real", seeds), 0, data.train(seeds)),))


def first(data: Linear, rows: int | None = None, seeds: tuple[int, ...] = SEEDS) -> TrainingSet:
    return mix(Recipe((Take(REAL, rows or data.rows),)), {REAL: real(data, seeds)}, seeds, 0, data.rows)


def least_squares(rows: np.ndarray) -> np.ndarray:
    """The w of least norm by the singular values of X itself."""
    return np.stack([np.linalg.pinv(own[:, :-1]) @ own[:, -1] for own in rows])


@pytest.mark.parametrize("regime", [Replace(), Accumulate(), AccumulateSubsample()])
@pytest.mark.parametrize(("dim", "rows"), [(1, 10), (3, 30), (10, 10), (20, 5)])
def test_weights_are_those_of_least_squares_and_of_least_norm_under_every_regime(regime: Regime, dim, rows) -> None:
    data = Linear(dim, rows, 0.7)
    family = LinearRegression().for_data(data)
    sources = {REAL: real(data)}
    for t in range(5):
        recipe = Recipe((Take(REAL, rows),)) if t == 0 else regime.recipe(t, rows, Fraction(1))
        taken = mix(recipe, sources, SEEDS, t, rows)
        state = family.fit(taken, Streams(SEEDS, t))
        expected = least_squares(np.broadcast_to(taken.load(), (2, taken.count, dim + 1)))
        np.testing.assert_allclose(state.arrays["weights"], expected, rtol=1e-6, atol=1e-8)
        drawn = family.sample(state, 0, rows, Streams(SEEDS, t))
        np.testing.assert_array_equal(drawn[..., :-1], data.train(SEEDS)[..., :-1])
        sources[synthetic(t)] = Rows(synthetic(t), (MemoryBlock((t, SEEDS), 0, drawn),))


def test_rows_are_relabelled_in_turn_with_the_datas_noise() -> None:
    data = Linear(2, 50, 0.3)
    family = LinearRegression().for_data(data)
    state = family.fit(first(data), Streams(SEEDS, 0))
    drawn = family.sample(state, 0, 4020, Streams(SEEDS, 4))
    np.testing.assert_array_equal(drawn[..., :-1], data.train(SEEDS)[:, np.arange(4020) % 50, :-1])
    for own, weights in zip(drawn, state.arrays["weights"], strict=True):
        noise = own[:, -1] - own[:, :-1] @ weights
        assert abs(noise.std() / 0.3 - 1) < 4 / np.sqrt(2 * 4020)
        assert abs(noise.mean()) < 4 * 0.3 / np.sqrt(4020)
    np.testing.assert_array_equal(family.sample(state, 900, 1300, Streams(SEEDS, 4)), drawn[:, 900:2200])
    lone = family.fit(first(data, seeds=(3,)), Streams((3,), 0))
    np.testing.assert_allclose(family.sample(lone, 0, 9, Streams((3,), 4))[0], drawn[1, :9], rtol=1e-12)


def test_seeds_that_go_on_alone_keep_their_own_x() -> None:
    data = Linear(2, 30, 0.3)
    family = LinearRegression().for_data(data)
    state = family.fit(first(data), Streams(SEEDS, 0))
    drawn = family.sample(state, 0, 30, Streams(SEEDS, 0))
    rows = Rows(synthetic(0), (MemoryBlock("alone", 0, drawn[1:]),))
    state = family.fit(mix(Recipe((Take(synthetic(0), 30),)), {synthetic(0): rows}, (3,), 1, 30), Streams((3,), 1))
    np.testing.assert_allclose(state.arrays["weights"], least_squares(drawn[1:]), rtol=1e-9)
    np.testing.assert_array_equal(family.sample(state, 0, 30, Streams((3,), 1))[0, :, :-1], data.train((3,))[0, :, :-1])


def test_with_fewer_initial_rows_all_real_x_are_relabelled_all_the_same() -> None:
    data = Linear(2, 30, 0.3)
    family = LinearRegression().for_data(data)
    taken = first(data, 12)
    state = family.fit(taken, Streams(SEEDS, 0))
    np.testing.assert_allclose(state.arrays["weights"], least_squares(taken.load()), rtol=1e-9)
    np.testing.assert_array_equal(family.sample(state, 0, 30, Streams(SEEDS, 0))[..., :-1], data.train(SEEDS)[..., :-1])


def test_under_accumulate_each_part_is_read_once_and_one_factor_serves_all_generations(monkeypatch) -> None:
    reads, factored = [], []

    class Counted(MemoryBlock):
        def load(self) -> np.ndarray:
            reads.append(self.key)
            return self.array

    def noted(gram: np.ndarray) -> np.ndarray:
        factored.append(len(gram))
        return half_inverses(gram)

    monkeypatch.setattr(halves, "half_inverses", noted)
    data = Linear(40, 60)
    family, rows = LinearRegression().for_data(data), data.train(SEEDS)
    sources = {REAL: Rows(REAL, (Counted("real", 0, rows),))}
    for t in range(6):
        state = family.fit(mix(Accumulate().recipe(t, 60, Fraction(1)), sources, SEEDS, t, 60), Streams(SEEDS, t))
        drawn = family.sample(state, 0, 60, Streams(SEEDS, t))
        sources[synthetic(t)] = Rows(synthetic(t), (Counted(t, 0, drawn),))
    # The x of the real rows are read whenever rows are sampled, and once to be fitted.
    assert [key for key in reads if key != "real"] == [0, 1, 2, 3, 4]
    assert reads.count("real") == 7
    assert factored == [2]


def test_half_inverses_of_full_and_lower_rank_give_the_pseudo_inverse() -> None:
    draws = np.random.default_rng(0)
    for count in (1, 4, 7, 8, 30):
        x = draws.normal(size=(3, count, 7))
        gram = np.matmul(x.transpose(0, 2, 1), x)
        found = half_inverses(gram)
        np.testing.assert_allclose(
            np.matmul(found.transpose(0, 2, 1), found), np.linalg.pinv(gram, hermitian=True), rtol=1e-6, atol=1e-9
        )
    broken = np.stack([np.full((2, 2), np.nan), np.eye(2), np.zeros((2, 2))])
    np.testing.assert_array_equal(half_inverses(broken), broken)


def test_the_likelihood_is_that_of_y_given_x() -> None:
    data = Linear(3, 40, 0.5)
    family = LinearRegression().for_data(data)
    state = family.fit(first(data), Streams(SEEDS, 0))
    points = data.test()[:20]
    for weights, found in zip(state.arrays["weights"], family.log_prob(state, points), strict=True):
        np.testing.assert_allclose(found, norm(points[:, :-1] @ weights, 0.5).logpdf(points[:, -1]), rtol=1e-12)
    exact = LinearRegression().for_data(Linear(3, 40, 0.0))
    assert np.isneginf(exact.log_prob(exact.fit(first(Linear(3, 40, 0.0)), Streams(SEEDS, 0)), points)).all()


def test_a_seed_whose_rows_are_not_finite_diverges_alone() -> None:
    data = Linear(3, 10)
    rows = data.train(SEEDS)
    rows[0, 4, 1] = np.nan
    taken = mix(Recipe((Take(REAL, 10),)), {REAL: Rows(REAL, (MemoryBlock("r", 0, rows),))}, SEEDS, 0, 10)
    weights = LinearRegression().for_data(data).fit(taken, Streams(SEEDS, 0)).arrays["weights"]
    assert np.isnan(weights[0]).all()
    np.testing.assert_allclose(weights[1], least_squares(rows[1:])[0], rtol=1e-9)


def test_data_without_a_target_are_refused() -> None:
    with pytest.raises(InputError, match="these data have no target; take data: linear"):
        LinearRegression().for_data(Moons()).check((2,))
    LinearRegression().for_data(Linear()).check((2,))
