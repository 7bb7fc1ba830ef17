import numpy as np

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.modes.modes_covered import ModesCovered


def test_a_mode_needs_a_tenth_of_its_equal_share(blobs_real: RealSets, blobs_rows: np.ndarray) -> None:
    values = measure([ModesCovered()], blobs_rows, blobs_real)["modes_covered"]
    assert values.tolist() == [2], "2 rows are less than a tenth of a third of 100"


def test_real_rows_cover_all_modes(ring_real: RealSets, ring_rows: np.ndarray) -> None:
    assert measure([ModesCovered()], ring_rows, ring_real)["modes_covered"].tolist() == [8, 8]
