import numpy as np
import pytest

from raysc import registry
from raysc.datasets.eight_gaussians import EightGaussians
from raysc.datasets.stories import Stories
from raysc.metrics.core.metric import ModelMetric
from raysc.metrics.diversity.feature_variance import FeatureVariance
from raysc.sweepfile import Component
from raysc.testing import MetricTests

BUILT = {name: registry.build("metric", Component(name=name)) for name in registry.names("metric")}
OF_ROWS = {name: metric for name, metric in BUILT.items() if not isinstance(metric, ModelMetric)}
TEXT = tuple(name for name, metric in OF_ROWS.items() if metric.features == "tokens")
STORIES = Stories(rows=60)  # its tokenizer is trained once


class TestOfPoints(MetricTests):
    @pytest.fixture(params=[name for name in OF_ROWS if name not in TEXT])
    def metric(self, request):
        return OF_ROWS[request.param]

    @pytest.fixture
    def dataset(self):
        return EightGaussians(rows=60)


class TestOfTexts(MetricTests):
    @pytest.fixture(params=TEXT)
    def metric(self, request):
        return OF_ROWS[request.param]

    @pytest.fixture
    def dataset(self):
        return STORIES


class Spoiling(FeatureVariance):
    def measure(self, compared):
        found = super().measure(compared)
        return {name: np.full(len(value), value.mean()) for name, value in found.items()}


def test_a_metric_that_mixes_seeds_is_found():
    with pytest.raises(AssertionError):
        MetricTests().test_a_seed_has_the_same_number_in_every_pack_and_every_time(Spoiling(), EightGaussians(rows=60))
