"""What every metric of rows keeps to."""

import pickle

import numpy as np

from raysc.datasets.dataset import DataSet
from raysc.metrics.core.measure import Real, measure
from raysc.metrics.core.metric import Metric


class MetricTests:
    """Give the fixtures ``metric`` and ``dataset``: data of the kind that it measures, with at least 60 training rows.

    Metrics that look at models and not at rows (``ModelMetric``) are not meant.

    Attributes:
        rows: how many of the training rows of other seeds stand for generated ones.
    """

    rows = 40

    def measured(self, metric: Metric, dataset: DataSet, seeds: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Of each seed: training rows of another in the place of generated ones."""
        return self._measure(metric, dataset, seeds, self._generated(dataset, seeds))

    def _generated(self, dataset: DataSet, seeds: tuple[int, ...]) -> np.ndarray:
        others = dataset.train(tuple(seed + 100 for seed in seeds))
        return np.broadcast_to(others, (len(seeds), *others.shape[1:]))[:, : self.rows].copy()

    def _measure(
        self, metric: Metric, dataset: DataSet, seeds: tuple[int, ...], generated: np.ndarray
    ) -> dict[str, np.ndarray]:
        return measure([metric], generated, Real(dataset.kind, dataset.train(seeds), dataset.test(), data=dataset))

    def test_it_declares_its_version_and_its_columns(self, metric: Metric) -> None:
        assert isinstance(metric.version, int)
        assert metric.least_rows >= 1
        names = [column.name for column in metric.columns]
        assert names
        assert len(names) == len(set(names))

    def test_it_can_be_sent_to_another_process(self, metric: Metric) -> None:
        assert pickle.loads(pickle.dumps(metric)).columns == metric.columns

    def test_it_gives_its_columns_a_number_for_each_seed(self, metric: Metric, dataset: DataSet) -> None:
        values = self.measured(metric, dataset, (0, 1, 2))
        assert list(values) == [column.name for column in metric.columns]
        for value in values.values():
            assert value.shape == (3,)
            assert value.dtype == np.float64
            assert np.isfinite(value).all()

    def test_a_seed_has_the_same_number_in_every_pack_and_every_time(self, metric: Metric, dataset: DataSet) -> None:
        together, alone = (self.measured(metric, dataset, seeds) for seeds in ((0, 1), (1,)))
        for name, value in together.items():
            assert value[1] == alone[name][0]

    def test_a_seed_without_finite_rows_has_no_number_and_others_keep_theirs(
        self, metric: Metric, dataset: DataSet
    ) -> None:
        generated = self._generated(dataset, (0, 1))
        if not np.issubdtype(generated.dtype, np.floating):
            return
        sound = self._measure(metric, dataset, (0, 1), generated)
        generated[0] = np.nan
        values = self._measure(metric, dataset, (0, 1), generated)
        for name, value in values.items():
            assert np.isnan(value[0])
            assert value[1] == sound[name][1]

    def test_it_leaves_the_rows_as_they_are(self, metric: Metric, dataset: DataSet) -> None:
        generated = self._generated(dataset, (0, 1))
        before = generated.copy()
        self._measure(metric, dataset, (0, 1), generated)
        np.testing.assert_array_equal(generated, before)
