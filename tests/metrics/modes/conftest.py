import numpy as np
import pytest

from raysc.datasets.points.blobs import Blobs
from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.metrics.core.measure import RealSets


@pytest.fixture
def blobs_real() -> RealSets:
    data = Blobs(noise=0.5)
    return RealSets("points", data.train((0,)), data.test(), data=data)


@pytest.fixture
def blobs_rows() -> np.ndarray:
    """100 rows, (1, 100, 2): 60 in the first mode, 30 in the second, 2 in the third, 8 off it by 3.1 deviations."""
    centres, std = Blobs(noise=0.5).modes()
    rows = np.repeat(centres[[0, 1, 2, 2]], [60, 30, 2, 8], axis=0)
    rows[-8:, 0] += 3.1 * std
    return rows[None]


@pytest.fixture(scope="session")
def ring_real() -> RealSets:
    data = EightGaussians(rows=4000)
    return RealSets("points", data.train((0, 1)), data.test(), data=data)


@pytest.fixture(scope="session")
def ring_rows() -> np.ndarray:
    """Fresh real rows of two seeds, (2, 20000, 2)."""
    return EightGaussians().fresh((0, 1), 1, 20000)
