"""The regression family against NumPy's least squares; its closed forms are in tests/theory."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import norm

from raysc.datasets.points.linear import Linear
from raysc.datasets.points.moons import Moons
from raysc.errors import InputError
from raysc.models.closed_form import whitening
from raysc.models.closed_form.linear_regression import LinearRegression
from raysc.models.closed_form.whitening import whitening_matrices
from raysc.pool.blocks import MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic
from raysc.regimes.regime import Regime
from raysc.regimes.replace import Replace
from raysc.rng import Streams

SEEDS = (0, 3)


def real_rows(data: Linear, seeds: tuple[int, ...] = SEEDS) -> Rows:
    return Rows(REAL, (MemoryBlock(("real", seeds), 0, data.train(seeds)),))


def real_training_set(data: Linear, rows: int | None = None, seeds: tuple[int, ...] = SEEDS) -> TrainingSet:
    return mix(Recipe((Take(REAL, rows or data.rows),)), {REAL: real_rows(data, seeds)}, seeds, 0, data.rows)


def least_squares(rows: np.ndarray) -> np.ndarray:
    """Compute the least-norm w from the singular values of X."""
    return np.stack([np.linalg.pinv(xy[:, :-1]) @ xy[:, -1] for xy in rows])


@pytest.mark.parametrize("regime", [Replace(), Accumulate(), AccumulateSubsample()])
@pytest.mark.parametrize(("dim", "rows"), [(1, 10), (3, 30), (10, 10), (20, 5)])
def test_weights_are_the_least_norm_solution_under_every_regime(regime: Regime, dim: int, rows: int) -> None:
    data = Linear(dim, rows, 0.7)
    family = LinearRegression().for_data(data)
    sources = {REAL: real_rows(data)}
    for t in range(5):
        recipe = Recipe((Take(REAL, rows),)) if t == 0 else regime.recipe(t, rows, Fraction(1))
        training_set = mix(recipe, sources, SEEDS, t, rows)
        state = family.fit(training_set, Streams(SEEDS, t))
        expected = least_squares(np.broadcast_to(training_set.load(), (2, training_set.count, dim + 1)))
        np.testing.assert_allclose(state.arrays["weights"], expected, rtol=1e-6, atol=1e-8)
        samples = family.sample(state, 0, rows, Streams(SEEDS, t))
        np.testing.assert_array_equal(samples[..., :-1], data.train(SEEDS)[..., :-1])
        sources[synthetic(t)] = Rows(synthetic(t), (MemoryBlock((t, SEEDS), 0, samples),))


def test_rows_are_relabelled_in_turn_with_the_datas_noise() -> None:
    data = Linear(2, 50, 0.3)
    family = LinearRegression().for_data(data)
    state = family.fit(real_training_set(data), Streams(SEEDS, 0))
    samples = family.sample(state, 0, 4020, Streams(SEEDS, 4))
    np.testing.assert_array_equal(samples[..., :-1], data.train(SEEDS)[:, np.arange(4020) % 50, :-1])
    for xy, weights in zip(samples, state.arrays["weights"], strict=True):
        noise = xy[:, -1] - xy[:, :-1] @ weights
        assert abs(noise.std() / 0.3 - 1) < 4 / np.sqrt(2 * 4020)
        assert abs(noise.mean()) < 4 * 0.3 / np.sqrt(4020)
    np.testing.assert_array_equal(family.sample(state, 900, 1300, Streams(SEEDS, 4)), samples[:, 900:2200])
    seed_state = family.fit(real_training_set(data, seeds=(3,)), Streams((3,), 0))
    np.testing.assert_allclose(family.sample(seed_state, 0, 9, Streams((3,), 4))[0], samples[1, :9], rtol=1e-12)


def test_a_seed_whose_pack_ended_keeps_its_x() -> None:
    data = Linear(2, 30, 0.3)
    family = LinearRegression().for_data(data)
    state = family.fit(real_training_set(data), Streams(SEEDS, 0))
    samples = family.sample(state, 0, 30, Streams(SEEDS, 0))
    rows = Rows(synthetic(0), (MemoryBlock("seed 3", 0, samples[1:]),))
    state = family.fit(mix(Recipe((Take(synthetic(0), 30),)), {synthetic(0): rows}, (3,), 1, 30), Streams((3,), 1))
    np.testing.assert_allclose(state.arrays["weights"], least_squares(samples[1:]), rtol=1e-9)
    np.testing.assert_array_equal(family.sample(state, 0, 30, Streams((3,), 1))[0, :, :-1], data.train((3,))[0, :, :-1])


def test_with_fewer_initial_rows_all_real_x_are_relabelled() -> None:
    data = Linear(2, 30, 0.3)
    family = LinearRegression().for_data(data)
    training_set = real_training_set(data, 12)
    state = family.fit(training_set, Streams(SEEDS, 0))
    np.testing.assert_allclose(state.arrays["weights"], least_squares(training_set.load()), rtol=1e-9)
    np.testing.assert_array_equal(family.sample(state, 0, 30, Streams(SEEDS, 0))[..., :-1], data.train(SEEDS)[..., :-1])


def test_under_accumulate_each_part_is_read_once_and_x_is_whitened_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads, whitened = [], []

    class RecordingBlock(MemoryBlock):
        def load(self) -> np.ndarray:
            reads.append(self.key)
            return self.array

    def recording(gram: np.ndarray) -> np.ndarray:
        whitened.append(len(gram))
        return whitening_matrices(gram)

    monkeypatch.setattr(whitening, "whitening_matrices", recording)
    data = Linear(40, 60)
    family, rows = LinearRegression().for_data(data), data.train(SEEDS)
    sources = {REAL: Rows(REAL, (RecordingBlock("real", 0, rows),))}
    for t in range(6):
        state = family.fit(mix(Accumulate().recipe(t, 60, Fraction(1)), sources, SEEDS, t, 60), Streams(SEEDS, t))
        samples = family.sample(state, 0, 60, Streams(SEEDS, t))
        sources[synthetic(t)] = Rows(synthetic(t), (RecordingBlock(t, 0, samples),))
    # The real rows are read once by the first fit, and by each sampling for their x.
    assert [key for key in reads if key != "real"] == [0, 1, 2, 3, 4]
    assert reads.count("real") == 7
    assert whitened == [2]


def test_the_likelihood_is_that_of_y_given_x() -> None:
    data = Linear(3, 40, 0.5)
    family = LinearRegression().for_data(data)
    state = family.fit(real_training_set(data), Streams(SEEDS, 0))
    points = data.test()[:20]
    for weights, log_prob in zip(state.arrays["weights"], family.log_prob(state, points), strict=True):
        np.testing.assert_allclose(log_prob, norm(points[:, :-1] @ weights, 0.5).logpdf(points[:, -1]), rtol=1e-12)
    noiseless = LinearRegression().for_data(Linear(3, 40, 0.0))
    assert np.isneginf(
        noiseless.log_prob(noiseless.fit(real_training_set(Linear(3, 40, 0.0)), Streams(SEEDS, 0)), points)
    ).all()


def test_a_seed_whose_rows_are_not_finite_diverges_alone() -> None:
    data = Linear(3, 10)
    rows = data.train(SEEDS)
    rows[0, 4, 1] = np.nan
    training_set = mix(Recipe((Take(REAL, 10),)), {REAL: Rows(REAL, (MemoryBlock("r", 0, rows),))}, SEEDS, 0, 10)
    weights = LinearRegression().for_data(data).fit(training_set, Streams(SEEDS, 0)).arrays["weights"]
    assert np.isnan(weights[0]).all()
    np.testing.assert_allclose(weights[1], least_squares(rows[1:])[0], rtol=1e-9)


def test_data_without_a_target_are_refused() -> None:
    with pytest.raises(InputError, match="these data have no target; take data: linear"):
        LinearRegression().for_data(Moons()).check((2,))
    LinearRegression().for_data(Linear()).check((2,))


def test_ridge_weights_minimise_the_penalised_error() -> None:
    data, kappa = Linear(dim=4, rows=3, noise=0.5), 0.3
    rows = data.train(SEEDS)
    family = LinearRegression(kappa).for_data(data)
    weights = family.fit(real_training_set(data), Streams(SEEDS, 0)).arrays["weights"]
    penalty = np.concatenate([np.sqrt(3 * kappa) * np.eye(4), np.zeros((4, 1))], axis=1)
    expected = least_squares(np.concatenate([rows, np.broadcast_to(penalty, (2, 4, 5))], axis=1))
    np.testing.assert_allclose(weights, expected, rtol=1e-9)


def test_a_penalty_below_0_is_refused() -> None:
    with pytest.raises(InputError, match="ridge must be a number of at least 0, not -1"):
        LinearRegression(-1.0)
