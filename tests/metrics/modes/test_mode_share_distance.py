import numpy as np
import pytest

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.modes.mode_share_distance import ModeShareDistance


def test_it_is_the_total_variation_from_equal_shares(blobs_real: RealSets, blobs_rows: np.ndarray) -> None:
    values = measure([ModeShareDistance()], blobs_rows, blobs_real)["mode_share_distance"]
    assert values == pytest.approx([(0.6 - 1 / 3) / 2 + (1 / 3 - 0.3) / 2 + (1 / 3 - 0.1) / 2])


def test_for_real_rows_it_is_small(ring_real: RealSets, ring_rows: np.ndarray) -> None:
    assert (measure([ModeShareDistance()], ring_rows, ring_real)["mode_share_distance"] < 0.02).all()
