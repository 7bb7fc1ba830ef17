import numpy as np

from raysc.datasets.points.blobs import Blobs
from raysc.metrics.core.measure import RealSets
from raysc.metrics.core.metric import Vectors
from raysc.metrics.modes.nearest import nearest_modes, values_by_modes


def test_distances_are_in_standard_deviations() -> None:
    centres, std = Blobs(noise=0.5).modes()
    nearest, distance = nearest_modes(Vectors(centres[[2, 0]] + [0, 1.0]), centres, std)
    assert nearest.tolist() == [2, 0]
    np.testing.assert_allclose(distance, [2, 2])


def test_a_seed_without_finite_rows_has_no_value(ring_real: RealSets, ring_rows: np.ndarray) -> None:
    rows = ring_rows[:, :50].copy()
    rows[1, 3] = np.nan
    sets = ring_real.feature_sets("coordinates", ring_real.features("coordinates", rows))
    values = values_by_modes(lambda nearest, distance, modes: float(len(nearest) * modes), sets)
    np.testing.assert_array_equal(values, [400, np.nan])
