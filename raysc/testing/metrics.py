"""Conformance of metrics of rows."""

import pickle

import numpy as np

from raysc.datasets.dataset import DataSet
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Metric


class MetricTests:
    """Conformance tests of a metric of rows, for the fixtures ``metric`` and ``dataset``.

    The data are of a kind that the metric measures, with at least 60 training rows. Training rows of other seeds stand
    for generated rows. Metrics of models (``ModelMetric``) are not tested.

    Attributes:
        rows: number of generated rows per seed.
    """

    rows = 40

    def values(self, metric: Metric, dataset: DataSet, seeds: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Measure training rows of other seeds as if they were generated rows."""
        return self._measure(metric, dataset, seeds, self._generated(dataset, seeds))

    def _generated(self, dataset: DataSet, seeds: tuple[int, ...]) -> np.ndarray:
        rows = dataset.train(tuple(seed + 100 for seed in seeds))
        return np.broadcast_to(rows, (len(seeds), *rows.shape[1:]))[:, : self.rows].copy()

    def _measure(
        self, metric: Metric, dataset: DataSet, seeds: tuple[int, ...], generated: np.ndarray
    ) -> dict[str, np.ndarray]:
        return measure([metric], generated, RealSets(dataset.kind, dataset.train(seeds), dataset.test(), data=dataset))

    def test_its_declarations_are_valid(self, metric: Metric) -> None:
        assert isinstance(metric.version, int)
        assert metric.min_rows >= 1
        names = [column.name for column in metric.columns]
        assert names
        assert len(names) == len(set(names))

    def test_it_can_be_sent_to_another_process(self, metric: Metric) -> None:
        assert pickle.loads(pickle.dumps(metric)).columns == metric.columns

    def test_each_column_has_a_finite_value_for_each_seed(self, metric: Metric, dataset: DataSet) -> None:
        values = self.values(metric, dataset, (0, 1, 2))
        assert list(values) == [column.name for column in metric.columns]
        for value in values.values():
            assert value.shape == (3,)
            assert value.dtype == np.float64
            assert np.isfinite(value).all()

    def test_a_seed_has_the_same_value_in_every_pack_and_every_time(self, metric: Metric, dataset: DataSet) -> None:
        pack, single = (self.values(metric, dataset, seeds) for seeds in ((0, 1), (1,)))
        for name, value in pack.items():
            assert value[1] == single[name][0]

    def test_a_seed_without_finite_rows_is_nan_and_changes_no_other_seed(
        self, metric: Metric, dataset: DataSet
    ) -> None:
        generated = self._generated(dataset, (0, 1))
        if not np.issubdtype(generated.dtype, np.floating):
            return
        expected = self._measure(metric, dataset, (0, 1), generated)
        generated[0] = np.nan
        values = self._measure(metric, dataset, (0, 1), generated)
        for name, value in values.items():
            assert np.isnan(value[0])
            assert value[1] == expected[name][1]

    def test_it_does_not_change_the_rows(self, metric: Metric, dataset: DataSet) -> None:
        generated = self._generated(dataset, (0, 1))
        before = generated.copy()
        self._measure(metric, dataset, (0, 1), generated)
        np.testing.assert_array_equal(generated, before)
