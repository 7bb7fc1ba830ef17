"""Metrics of points against independent computations."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from raysc.datasets.blobs import Blobs
from raysc.datasets.eight_gaussians import EightGaussians
from raysc.datasets.moons import Moons
from raysc.errors import InputError
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.measure import Real, floors, measure
from raysc.metrics.distances.mmd import Mmd
from raysc.metrics.distances.sliced_wasserstein import SlicedWasserstein, _directions
from raysc.metrics.distances.wasserstein import Wasserstein
from raysc.metrics.modes.mode_share_distance import ModeShareDistance
from raysc.metrics.modes.modes_covered import ModesCovered
from raysc.metrics.modes.off_mode_mass import OffModeMass

MODES = [OffModeMass(), ModeShareDistance(), ModesCovered()]
RNG = np.random.default_rng(0)
ROWS, TEST = RNG.normal(0.5, 1, (2, 40, 3)), RNG.normal(0, 2, (120, 3))
TRAIN = RNG.normal(0, 1.5, (2, 80, 3))
REAL = Real("points", TRAIN, TEST)


def assigned(one: np.ndarray, other: np.ndarray) -> float:
    """Wasserstein-2 of equally many rows."""
    squares = cdist(one, other, "sqeuclidean")
    return float(np.sqrt(squares[linear_sum_assignment(squares)].mean()))


def test_wasserstein_is_that_of_an_optimal_assignment():
    found = measure([Wasserstein()], ROWS, REAL)["wasserstein"]
    # Three times as many held-out rows: each generated row stands for three.
    np.testing.assert_allclose(found, [assigned(np.repeat(rows, 3, axis=0), TEST) for rows in ROWS], rtol=1e-9)


def test_sliced_wasserstein_is_the_mean_over_directions_of_sorted_projections():
    found = measure([SlicedWasserstein()], ROWS, REAL)
    directions = _directions(3)
    assert directions.shape == (128, 3)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)

    def expected(rows: np.ndarray, real: np.ndarray) -> float:
        repeated = np.repeat(rows, len(real) // len(rows), axis=0)
        gaps = np.sort(repeated @ directions.T, axis=0) - np.sort(real @ directions.T, axis=0)
        return float(np.sqrt(np.square(gaps).mean()))

    np.testing.assert_allclose(found["sliced_wasserstein"], [expected(rows, TEST) for rows in ROWS])
    same = measure([SlicedWasserstein()], TEST[None, :80], Real("points", TRAIN[:1], TEST))["sliced_wasserstein_train"]
    np.testing.assert_allclose(same, [expected(TEST[:80], TRAIN[0])])
    both = zip(ROWS, TRAIN, strict=True)
    np.testing.assert_allclose(found["sliced_wasserstein_train"], [expected(*pair) for pair in both])


def test_mmd_is_the_sum_over_pairs_with_the_median_distance_of_held_out_rows():
    found = measure([Mmd()], ROWS, REAL)
    between = [np.linalg.norm(TEST[i] - TEST[j]) for i in range(len(TEST)) for j in range(i)]
    width = np.median(between)

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.exp(-np.square(x - y).sum() / (2 * width**2)))

    def expected(rows: np.ndarray, real: np.ndarray) -> float:
        def within(own: np.ndarray) -> float:
            return float(np.mean([kernel(x, y) for i, x in enumerate(own) for j, y in enumerate(own) if i != j]))

        return within(rows) + within(real) - 2 * float(np.mean([kernel(x, y) for x in rows for y in real]))

    np.testing.assert_allclose(found["mmd"][0], expected(ROWS[0], TEST), rtol=1e-9)
    np.testing.assert_allclose(found["mmd_train"][1], expected(ROWS[1], TRAIN[1]), rtol=1e-9)


def test_modes_are_counted_by_hand():
    data = Blobs(noise=0.5)
    centres, spread = data.modes()
    assert spread == 0.5
    # Of 100 rows 60 sit in the first mode, 30 in the second, 2 in the third, and 8 off the third by 3.1 deviations.
    rows = np.repeat(centres[[0, 1, 2, 2]], [60, 30, 2, 8], axis=0)
    rows[-8:, 0] += 3.1 * spread
    real = Real("points", data.train((0,)), data.test(), data=data)
    found = measure(MODES, rows[None], real)
    assert found["off_mode_mass"] == pytest.approx([0.08])
    assert found["mode_share_distance"] == pytest.approx([(0.6 - 1 / 3) / 2 + (1 / 3 - 0.3) / 2 + (1 / 3 - 0.1) / 2])
    assert found["modes_covered"].tolist() == [2], "2 rows are less than a tenth of a third of 100"


def test_real_rows_cover_all_modes_and_lie_off_them_as_often_as_normals_do():
    data = EightGaussians(rows=4000)
    real = Real("points", data.train((0, 1)), data.test(), data=data)
    found = measure(MODES, data.fresh((0, 1), 1, 20000), real)
    assert found["modes_covered"].tolist() == [8, 8]
    # Neighbouring modes are hardly further apart than twice three deviations, which takes a little off exp(-9/2).
    np.testing.assert_allclose(found["off_mode_mass"], np.exp(-4.5), atol=0.002)
    assert (found["mode_share_distance"] < 0.02).all()
    floor = floors(MODES, 1000, real)
    assert floor["off_mode_mass_floor"].values == pytest.approx([np.exp(-4.5)] * 2, abs=0.012)


def test_rows_that_are_not_finite_give_nan_and_others_their_values():
    data = EightGaussians(rows=100)
    real = Real("points", data.train((0, 1)), data.test(), data=data)
    rows = data.fresh((0, 1), 1, 50).copy()
    rows[1, 3] = np.nan
    for values in measure([*MODES, Wasserstein(), SlicedWasserstein(), Mmd()], rows, real).values():
        assert np.isfinite(values[0])
        assert np.isnan(values[1])


def test_data_without_known_modes_are_refused():
    check_metrics(MODES, EightGaussians(), object(), 100)
    with pytest.raises(InputError, match="off_mode_mass asks the data set for its modes, which Moons does not have"):
        check_metrics(MODES, Moons(), object(), 100)
