"""Tests of the metric: those that every metric passes, and one of its own values."""

import numpy as np
import pytest

from raysc.cli.templates.metric import MyMetric
from raysc.datasets.points.gaussian import Gaussian
from raysc.plugins import DataSet, FeatureSets, Vectors
from raysc.testing import MetricTests


class TestMyMetric(MetricTests):
    """Conformance with what raysc expects of a metric."""

    @pytest.fixture
    def metric(self) -> MyMetric:
        """Return the metric to test."""
        return MyMetric()

    @pytest.fixture
    def dataset(self) -> DataSet:
        """Return data that the metric measures."""
        return Gaussian(dim=2, rows=60)


def test_rows_that_are_moved_by_3_and_4_have_the_distance_5() -> None:
    """The mean moves with the rows."""
    rows = np.random.default_rng(0).normal(size=(50, 2))
    sets = FeatureSets((Vectors(rows + np.array([3.0, 4.0])),), (Vectors(rows),), Vectors(rows))
    np.testing.assert_allclose(MyMetric().measure(sets)["my_metric"], [5.0])
