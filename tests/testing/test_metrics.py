import numpy as np
import pytest

from raysc import registry
from raysc.datasets.dataset import DataSet
from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.datasets.text.stories import Stories
from raysc.metrics.core.metric import AcrossMetric, FeatureSets, ForkMetric, Metric, ModelMetric
from raysc.metrics.diversity.feature_variance import FeatureVariance
from raysc.settings import Component
from raysc.testing import MetricTests

METRICS = {name: registry.build("metric", Component(name=name)) for name in registry.names("metric")}
ROW_METRICS = {
    name: metric for name, metric in METRICS.items() if not isinstance(metric, AcrossMetric | ForkMetric | ModelMetric)
}
TEXT_METRICS = tuple(name for name, metric in ROW_METRICS.items() if metric.features == "tokens")
STORIES = Stories(rows=60)  # its tokenizer is trained once


class TestPoints(MetricTests):
    @pytest.fixture(params=[name for name in ROW_METRICS if name not in TEXT_METRICS])
    def metric(self, request: pytest.FixtureRequest) -> Metric:
        metric: Metric = ROW_METRICS[request.param]
        return metric

    @pytest.fixture
    def dataset(self) -> DataSet:
        return EightGaussians(rows=60)


class TestTexts(MetricTests):
    @pytest.fixture(params=TEXT_METRICS)
    def metric(self, request: pytest.FixtureRequest) -> Metric:
        metric: Metric = ROW_METRICS[request.param]
        return metric

    @pytest.fixture
    def dataset(self) -> DataSet:
        return STORIES


class AveragesOverSeeds(FeatureVariance):
    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        values = super().measure(sets)
        return {name: np.full(len(value), value.mean()) for name, value in values.items()}


def test_a_metric_that_mixes_seeds_is_detected() -> None:
    metric, dataset = AveragesOverSeeds(), EightGaussians(rows=60)
    with pytest.raises(AssertionError):
        MetricTests().test_a_seed_has_the_same_value_in_every_pack_and_every_time(metric, dataset)
