import numpy as np
import pytest

from raysc.metrics.core.measure import RealSets, floors, measure
from raysc.metrics.modes.off_mode_mass import OffModeMass


def test_rows_beyond_three_standard_deviations_count(blobs_real: RealSets, blobs_rows: np.ndarray) -> None:
    assert measure([OffModeMass()], blobs_rows, blobs_real)["off_mode_mass"] == pytest.approx([0.08])


def test_for_real_rows_it_is_the_tail_of_the_normal_distribution(ring_real: RealSets, ring_rows: np.ndarray) -> None:
    values = measure([OffModeMass()], ring_rows, ring_real)["off_mode_mass"]
    # Neighbouring modes are hardly further apart than twice three deviations, which reduces exp(-9/2) a little.
    np.testing.assert_allclose(values, np.exp(-4.5), atol=0.002)
    floor = floors([OffModeMass()], 1000, ring_real)["off_mode_mass_floor"]
    assert floor.values == pytest.approx([np.exp(-4.5)] * 2, abs=0.012)
