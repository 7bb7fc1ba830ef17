import numpy as np

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.distances.mmd import Mmd, median_distance


def brute_force(generated: np.ndarray, real: np.ndarray, bandwidth: float) -> float:
    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.exp(-np.square(x - y).sum() / (2 * bandwidth**2)))

    def within(rows: np.ndarray) -> float:
        return float(np.mean([kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]))

    cross = float(np.mean([kernel(x, y) for x in generated for y in real]))
    return within(generated) + within(real) - 2 * cross


def test_the_bandwidth_is_the_median_distance_between_held_out_rows(real: RealSets) -> None:
    test = real.test
    distances = [np.linalg.norm(test[i] - test[j]) for i in range(len(test)) for j in range(i)]
    assert np.isclose(median_distance(test), np.median(distances))


def test_it_is_the_sum_over_pairs(generated: np.ndarray, real: RealSets) -> None:
    values = measure([Mmd()], generated, real)
    bandwidth = median_distance(real.test)
    np.testing.assert_allclose(values["mmd"][0], brute_force(generated[0], real.test, bandwidth), rtol=1e-9)
    np.testing.assert_allclose(values["mmd_train"][1], brute_force(generated[1], real.train[1], bandwidth), rtol=1e-9)


def test_a_seed_without_finite_rows_has_no_discrepancy(generated: np.ndarray, real: RealSets) -> None:
    rows = generated.copy()
    rows[1, 3] = np.nan
    for values in measure([Mmd()], rows, real).values():
        np.testing.assert_array_equal(np.isnan(values), [False, True])


def test_a_bandwidth_of_0_leaves_the_kernel_of_equal_rows() -> None:
    repeated = np.zeros((6, 2))
    measured = measure(
        [Mmd()],
        np.array([repeated[:4], [[0, 0], [0, 0], [1, 0], [2, 0]]]),
        RealSets("points", repeated[None], repeated),
    )
    # Generated pairs: all equal, and one of six equal; 4 of 4 and 2 of 4 rows equal the real ones.
    np.testing.assert_allclose(measured["mmd"], [0, 1 / 6 + 1 - 2 * 0.5], atol=1e-15)
