import numpy as np
import pytest

from raysc.metrics.core.metric import FeatureSets, Vectors


@pytest.fixture
def collapsed_sets() -> FeatureSets:
    """50 copies of one of 100 real rows as generated rows."""
    real = Vectors(np.random.default_rng(1).normal(size=(100, 2)))
    return FeatureSets((Vectors(np.repeat(real.array[:1], 50, axis=0)),), (real,), real)


@pytest.fixture(scope="session")
def normal_sets() -> FeatureSets:
    """Generated, training and held-out rows of one distribution."""
    rng = np.random.default_rng(2)
    generated, train, test = (Vectors(rng.normal(size=(2000, 2))) for _ in range(3))
    return FeatureSets((generated,), (train,), test)
