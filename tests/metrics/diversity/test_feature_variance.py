import numpy as np

from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.diversity.feature_variance import FeatureVariance


def test_it_is_the_trace_of_the_covariance() -> None:
    rng = np.random.default_rng(3)
    arrays = rng.normal(size=(2, 30, 4)) * [1, 2, 3, 4]
    vectors = tuple(Vectors(array) for array in arrays)
    values = FeatureVariance().measure(FeatureSets(vectors, vectors, vectors[0]))["feature_variance"]
    np.testing.assert_allclose(values, [np.trace(np.cov(array.T)) for array in arrays])
