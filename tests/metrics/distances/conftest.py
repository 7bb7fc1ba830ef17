import numpy as np
import pytest

from raysc.metrics.core.measure import RealSets

RNG = np.random.default_rng(0)
GENERATED, TEST = RNG.normal(0.5, 1, (2, 40, 3)), RNG.normal(0, 2, (120, 3))
TRAIN = RNG.normal(0, 1.5, (2, 80, 3))


@pytest.fixture
def generated() -> np.ndarray:
    """Generated rows of two seeds, (2, 40, 3)."""
    return GENERATED


@pytest.fixture
def real() -> RealSets:
    """80 training rows per seed and 120 held-out rows: two and three times as many as the generated rows."""
    return RealSets("points", TRAIN, TEST)
