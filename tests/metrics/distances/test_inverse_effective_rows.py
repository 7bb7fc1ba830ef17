"""The inverse of the effective rows, by hand."""

import numpy as np

from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.distances.inverse_effective_rows import InverseEffectiveRows


def test_it_is_the_squared_distance_of_means_less_that_of_their_samples_over_the_variance() -> None:
    generated = np.array([[0.0, 1.0], [2.0, 1.0]])  # trace 2
    test = Vectors(np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0], [3.0, 2.0]]))  # mean (3/2, 1), trace 13/3
    sets = tuple(Vectors(rows) for rows in (generated, generated + np.array([10.0, 0.0]), generated * np.nan))
    values = InverseEffectiveRows().measure(FeatureSets(sets, (test, test, test), test))["inverse_effective_rows"]
    noise = 2 / 2 + 13 / 3 / 4
    np.testing.assert_allclose(values, [(0.25 - noise) / (13 / 3), (9.5**2 - noise) / (13 / 3), np.nan])
