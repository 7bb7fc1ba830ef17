"""Conformance of model families."""

from pathlib import Path
from typing import Any

import numpy as np

from raysc.datasets.dataset import DataSet
from raysc.models.family import (
    ClosedFormFamily,
    SupportsBiasedSampling,
    SupportsDataBinding,
    SupportsWeights,
    TrainedFamily,
)
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Sample, Train


def real_rows(dataset: DataSet, seeds: tuple[int, ...]) -> TrainingSet:
    """Return the training set of generation 0."""
    rows = dataset.train(seeds)
    return TrainingSet((Rows(REAL, (MemoryBlock((REAL, seeds), 0, rows),)),))


class ClosedFormTests:
    """Conformance tests of a closed-form family, for the fixtures ``family`` and ``dataset``, data that it can model.

    Attributes:
        rows: number of sampled rows; it should exceed one of the family's blocks where that is cheap.
    """

    rows = 1500

    def _fitted(self, family: ClosedFormFamily, dataset: DataSet, seeds: tuple[int, ...]) -> tuple[Any, Any]:
        """Return the family, bound to the data, and its fitted state."""
        bound: Any = family.for_data(dataset) if isinstance(family, SupportsDataBinding) else family
        bound.check(dataset.event)
        return bound, bound.fit(real_rows(dataset, seeds), Streams(seeds, 0))

    def test_its_declarations_are_valid(self, family: ClosedFormFamily) -> None:
        assert isinstance(family.version, int)
        assert family.trained is False
        assert family.block >= 1

    def test_sampled_rows_have_the_shape_of_the_data(self, family: ClosedFormFamily, dataset: DataSet) -> None:
        bound, state = self._fitted(family, dataset, (0, 1))
        rows = bound.sample(state, 0, self.rows, Streams((0, 1), 0))
        assert rows.shape == (2, self.rows, *dataset.event)
        assert np.isfinite(rows).all()
        assert not np.array_equal(rows[0], rows[1])

    def test_row_i_depends_on_its_index_alone(self, family: ClosedFormFamily, dataset: DataSet) -> None:
        bound, state = self._fitted(family, dataset, (0, 1))
        streams = Streams((0, 1), 1)
        whole = bound.sample(state, 0, self.rows, streams)
        cut = self.rows // 3
        np.testing.assert_allclose(bound.sample(state, 0, cut, streams), whole[:, :cut], rtol=1e-12)
        np.testing.assert_allclose(bound.sample(state, cut, self.rows - cut, streams), whole[:, cut:], rtol=1e-12)

    def test_a_seed_has_the_same_rows_in_every_pack(self, family: ClosedFormFamily, dataset: DataSet) -> None:
        pack, single = (self._fitted(family, dataset, seeds) for seeds in ((0, 1), (1,)))
        rows = pack[0].sample(pack[1], 0, self.rows, Streams((0, 1), 0))
        single_rows = single[0].sample(single[1], 0, self.rows, Streams((1,), 0))
        np.testing.assert_allclose(rows[1], single_rows[0], rtol=1e-9, atol=1e-12)

    def test_equal_weights_change_nothing(self, family: ClosedFormFamily, dataset: DataSet) -> None:
        if not isinstance(family, SupportsWeights):
            return
        bound, state = self._fitted(family, dataset, (0, 1))
        (rows,) = real_rows(dataset, (0, 1)).parts
        part = Part(rows.rows, np.arange(rows.count)[None], "weighted", np.full((1, rows.count), 2.5))
        weighted = bound.fit(TrainingSet((part,)), Streams((0, 1), 0))
        samples = [bound.sample(fitted, 0, self.rows, Streams((0, 1), 0)) for fitted in (state, weighted)]
        np.testing.assert_allclose(samples[0], samples[1], rtol=1e-9, atol=1e-12)

    def test_default_settings_sample_the_fitted_distribution(self, family: ClosedFormFamily, dataset: DataSet) -> None:
        if not isinstance(family, SupportsBiasedSampling):
            return
        assert set(family.sample_settings) < set(Sample.model_fields)
        bound, state = self._fitted(family, dataset, (0, 1))
        assert bound.sampling_state(state, Sample()) is state

    def test_generations_sample_different_rows(self, family: ClosedFormFamily, dataset: DataSet) -> None:
        bound, state = self._fitted(family, dataset, (0,))
        first, second = (bound.sample(state, 0, 20, Streams((0,), t)) for t in (1, 2))
        assert not np.array_equal(first, second)


class TrainedTests:
    """Conformance tests of a trained family, for the fixtures ``family`` and ``dataset``, data that it can model.

    Attributes:
        train: training settings; each test trains a few steps.
        sample: sampling settings.
        rows: number of sampled rows.
    """

    train = Train(batch=8)
    sample = Sample(steps=2)
    rows = 5

    def _initial(self, family: TrainedFamily, dataset: DataSet) -> tuple[Any, TrainingSet, Any, Streams]:
        """Return the family, bound to the data, one seed's training set, an untrained state and the streams."""
        bound: Any = family.for_data(dataset) if isinstance(family, SupportsDataBinding) else family
        bound.check(dataset.event)
        streams = Streams((0,), 0)
        return bound, real_rows(dataset, (0,)), bound.initial(dataset.event, streams), streams

    def test_its_declarations_are_valid(self, family: TrainedFamily, dataset: DataSet) -> None:
        assert isinstance(family.version, int)
        assert family.trained is True
        assert family.block >= 1
        assert family.parameter_count(dataset.event) > 0

    def test_sampled_rows_have_the_shape_of_the_data_and_depend_on_their_index_alone(
        self, family: TrainedFamily, dataset: DataSet
    ) -> None:
        bound, training_set, start, streams = self._initial(family, dataset)
        state = bound.fit(training_set, start, range(3), self.train, streams).state
        whole = bound.sample(state, 0, self.rows, self.sample, streams)
        assert whole.shape == (1, self.rows, *dataset.event)
        assert whole.dtype == training_set.load().dtype
        np.testing.assert_array_equal(bound.sample(state, 0, 2, self.sample, streams), whole[:, :2])
        np.testing.assert_array_equal(bound.sample(state, 2, self.rows - 2, self.sample, streams), whole[:, 2:])

    def test_a_fit_in_two_parts_equals_one_fit(self, family: TrainedFamily, dataset: DataSet) -> None:
        bound, training_set, start, streams = self._initial(family, dataset)
        single_fit = bound.fit(training_set, start, range(4), self.train, streams).state
        first_part = bound.fit(training_set, start, range(2), self.train, streams, 4).state
        second_part = bound.fit(training_set, first_part, range(2, 4), self.train, streams, 4).state
        self._assert_same_rows(bound, single_fit, second_part, streams)

    def test_a_fit_does_not_change_its_start(self, family: TrainedFamily, dataset: DataSet) -> None:
        bound, training_set, start, streams = self._initial(family, dataset)
        before = bound.sample(start, 0, self.rows, self.sample, streams)
        trained = bound.fit(training_set, start, range(3), self.train, streams).state
        np.testing.assert_array_equal(bound.sample(start, 0, self.rows, self.sample, streams), before)
        assert trained is not start

    def test_a_saved_state_loads_unchanged(self, family: TrainedFamily, dataset: DataSet, tmp_path: Path) -> None:
        bound, training_set, start, streams = self._initial(family, dataset)
        state = bound.fit(training_set, start, range(3), self.train, streams).state
        bound.save(state, tmp_path, training_state=True)
        files = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
        assert files <= {".json", ".safetensors", ".txt"}, "states are safetensors and JSON, never pickles"
        loaded = bound.load(tmp_path)
        self._assert_same_rows(bound, state, loaded, streams)
        continued, continued_from_loaded = (
            bound.fit(training_set, start, range(3, 5), self.train, streams, 5).state for start in (state, loaded)
        )
        self._assert_same_rows(bound, continued, continued_from_loaded, streams)

    def _assert_same_rows(self, family: Any, first: Any, second: Any, streams: Streams) -> None:
        rows = [family.sample(state, 0, self.rows, self.sample, streams) for state in (first, second)]
        np.testing.assert_array_equal(rows[0], rows[1])
