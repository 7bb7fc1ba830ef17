"""What every model family keeps to."""

from pathlib import Path
from typing import Any

import numpy as np

from raysc.datasets.dataset import DataSet
from raysc.models.family import ClosedForm, ForData, Trained
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Sample, Train


def real_rows(dataset: DataSet, seeds: tuple[int, ...]) -> TrainingSet:
    """The training set of generation 0."""
    rows = dataset.train(seeds)
    return TrainingSet((Rows(REAL, (MemoryBlock((REAL, seeds), 0, rows),)),))


class ClosedFormTests:
    """Give the fixtures ``family`` and ``dataset``, data that it can model.

    Attributes:
        rows: how many rows are sampled; they should span two of the family's blocks where that is cheap.
    """

    rows = 1500

    def _fitted(self, family: ClosedForm, dataset: DataSet, seeds: tuple[int, ...]) -> tuple[Any, Any]:
        """The family for these data, and its model."""
        known: Any = family.for_data(dataset) if isinstance(family, ForData) else family
        known.check(dataset.event)
        return known, known.fit(real_rows(dataset, seeds), Streams(seeds, 0))

    def test_it_declares_what_it_is(self, family: ClosedForm) -> None:
        assert isinstance(family.version, int)
        assert family.trained is False
        assert family.block >= 1

    def test_rows_are_like_those_of_the_data(self, family: ClosedForm, dataset: DataSet) -> None:
        known, state = self._fitted(family, dataset, (0, 1))
        rows = known.sample(state, 0, self.rows, Streams((0, 1), 0))
        assert rows.shape == (2, self.rows, *dataset.event)
        assert np.isfinite(rows).all()
        assert not np.array_equal(rows[0], rows[1])

    def test_row_i_depends_on_its_number_alone(self, family: ClosedForm, dataset: DataSet) -> None:
        known, state = self._fitted(family, dataset, (0, 1))
        streams = Streams((0, 1), 1)
        whole = known.sample(state, 0, self.rows, streams)
        cut = self.rows // 3
        np.testing.assert_allclose(known.sample(state, 0, cut, streams), whole[:, :cut], rtol=1e-12)
        np.testing.assert_allclose(known.sample(state, cut, self.rows - cut, streams), whole[:, cut:], rtol=1e-12)

    def test_a_seed_is_the_same_in_every_pack(self, family: ClosedForm, dataset: DataSet) -> None:
        both, alone = (self._fitted(family, dataset, seeds) for seeds in ((0, 1), (1,)))
        rows = both[0].sample(both[1], 0, self.rows, Streams((0, 1), 0))
        lone = alone[0].sample(alone[1], 0, self.rows, Streams((1,), 0))
        np.testing.assert_allclose(rows[1], lone[0], rtol=1e-9, atol=1e-12)

    def test_generations_draw_anew(self, family: ClosedForm, dataset: DataSet) -> None:
        known, state = self._fitted(family, dataset, (0,))
        one, two = (known.sample(state, 0, 20, Streams((0,), t)) for t in (1, 2))
        assert not np.array_equal(one, two)


class TrainedTests:
    """Give the fixtures ``family`` and ``dataset``, data that it can model; pytest's own ``tmp_path`` is used too.

    Attributes:
        train: settings of the few steps that are trained.
        sample: settings of sampling.
        rows: how many rows are sampled.
    """

    train = Train(batch=8)
    sample = Sample(steps=2)
    rows = 5

    def _made(self, family: Trained, dataset: DataSet) -> tuple[Any, TrainingSet, Any, Streams]:
        """The family for these data, one seed's rows and an untrained state."""
        known: Any = family.for_data(dataset) if isinstance(family, ForData) else family
        known.check(dataset.event)
        streams = Streams((0,), 0)
        return known, real_rows(dataset, (0,)), known.initial(dataset.event, streams), streams

    def test_it_declares_what_it_is(self, family: Trained, dataset: DataSet) -> None:
        assert isinstance(family.version, int)
        assert family.trained is True
        assert family.block >= 1
        assert family.parameter_count(dataset.event) > 0

    def test_rows_are_like_those_of_the_data_and_depend_on_their_number_alone(
        self, family: Trained, dataset: DataSet
    ) -> None:
        known, training_set, start, streams = self._made(family, dataset)
        state = known.fit(training_set, start, range(3), self.train, streams).state
        whole = known.sample(state, 0, self.rows, self.sample, streams)
        assert whole.shape == (1, self.rows, *dataset.event)
        assert whole.dtype == training_set.load().dtype
        np.testing.assert_array_equal(known.sample(state, 0, 2, self.sample, streams), whole[:, :2])
        np.testing.assert_array_equal(known.sample(state, 2, self.rows - 2, self.sample, streams), whole[:, 2:])

    def test_a_fit_in_two_parts_is_the_fit(self, family: Trained, dataset: DataSet) -> None:
        known, training_set, start, streams = self._made(family, dataset)
        once = known.fit(training_set, start, range(4), self.train, streams).state
        half = known.fit(training_set, start, range(2), self.train, streams, 4).state
        twice = known.fit(training_set, half, range(2, 4), self.train, streams, 4).state
        self._same_rows(known, once, twice, streams)

    def test_a_fit_leaves_its_start_as_it_is(self, family: Trained, dataset: DataSet) -> None:
        known, training_set, start, streams = self._made(family, dataset)
        before = known.sample(start, 0, self.rows, self.sample, streams)
        trained = known.fit(training_set, start, range(3), self.train, streams).state
        np.testing.assert_array_equal(known.sample(start, 0, self.rows, self.sample, streams), before)
        assert trained is not start

    def test_what_is_saved_comes_back(self, family: Trained, dataset: DataSet, tmp_path: Path) -> None:
        known, training_set, start, streams = self._made(family, dataset)
        state = known.fit(training_set, start, range(3), self.train, streams).state
        known.save(state, tmp_path, training_state=True)
        files = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
        assert files <= {".json", ".safetensors", ".txt"}, "states are safetensors and JSON, never pickles"
        back = known.load(tmp_path)
        self._same_rows(known, state, back, streams)
        on, back_on = (known.fit(training_set, one, range(3, 5), self.train, streams, 5).state for one in (state, back))
        self._same_rows(known, on, back_on, streams)

    def _same_rows(self, family: Any, one: Any, other: Any, streams: Streams) -> None:
        rows = [family.sample(state, 0, self.rows, self.sample, streams) for state in (one, other)]
        np.testing.assert_array_equal(rows[0], rows[1])
