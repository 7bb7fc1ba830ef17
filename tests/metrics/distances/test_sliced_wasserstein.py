import numpy as np

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.distances.sliced_wasserstein import SlicedWasserstein, projection_directions


def mean_over_projections(generated: np.ndarray, real: np.ndarray) -> float:
    """Return the distance by sorted projections; the number of real rows is a multiple of that of generated rows."""
    directions = projection_directions(3)
    repeated = np.repeat(generated, len(real) // len(generated), axis=0)
    gaps = np.sort(repeated @ directions.T, axis=0) - np.sort(real @ directions.T, axis=0)
    return float(np.sqrt(np.square(gaps).mean()))


def test_directions_are_unit_vectors() -> None:
    directions = projection_directions(3)
    assert directions.shape == (128, 3)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)


def test_it_is_the_mean_over_sorted_projections(generated: np.ndarray, real: RealSets) -> None:
    values = measure([SlicedWasserstein()], generated, real)
    expected = [mean_over_projections(rows, real.test) for rows in generated]
    np.testing.assert_allclose(values["sliced_wasserstein"], expected)
    pairs = zip(generated, real.train, strict=True)
    expected = [mean_over_projections(rows, train) for rows, train in pairs]
    np.testing.assert_allclose(values["sliced_wasserstein_train"], expected)


def test_equally_many_rows_need_no_quantiles_and_give_the_same(real: RealSets) -> None:
    single = RealSets("points", real.train[:1], real.test)
    values = measure([SlicedWasserstein()], real.test[None, :80], single)["sliced_wasserstein_train"]
    np.testing.assert_allclose(values, [mean_over_projections(real.test[:80], real.train[0])])


def test_a_seed_without_finite_rows_has_no_distance(generated: np.ndarray, real: RealSets) -> None:
    rows = generated.copy()
    rows[1, 3] = np.nan
    for values in measure([SlicedWasserstein()], rows, real).values():
        np.testing.assert_array_equal(np.isnan(values), [False, True])
