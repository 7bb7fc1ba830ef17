"""Conformance of data sets."""

import pickle

import numpy as np

from raysc.datasets.dataset import DataSet, SupportsFreshRows, SupportsMoments

DTYPES = {"images": (np.uint8,), "points": (np.float32, np.float64, np.int32), "text": (np.int32,)}


class DataSetTests:
    """Conformance tests of a data set, for a fixture ``dataset`` that is small enough to be drawn many times.

    Attributes:
        may_repeat: True if two draws may give equal rows (outcomes, short texts). Tests that training rows, held-out
            rows and fresh rows are distinct are then skipped.
    """

    may_repeat = False

    def test_its_declarations_are_valid(self, dataset: DataSet) -> None:
        assert isinstance(dataset.version, int)
        assert dataset.kind in DTYPES
        assert isinstance(dataset.labelled, bool)

    def test_it_can_be_sent_to_another_process(self, dataset: DataSet) -> None:
        copy = pickle.loads(pickle.dumps(dataset))
        np.testing.assert_array_equal(copy.train((3,)), dataset.train((3,)))
        assert copy.fingerprint() == dataset.fingerprint()

    def test_training_rows_have_the_declared_shape(self, dataset: DataSet) -> None:
        rows = dataset.train((0, 1))
        assert rows.shape in [(seeds, dataset.count, *dataset.event) for seeds in (1, 2)]
        assert rows.dtype in DTYPES[dataset.kind]
        assert np.isfinite(rows).all()

    def test_held_out_rows_have_the_declared_shape_and_never_change(self, dataset: DataSet) -> None:
        rows = dataset.test()
        assert rows.shape == (len(rows), *dataset.event)
        assert len(rows) > 0
        assert rows.dtype == dataset.train((0,)).dtype
        np.testing.assert_array_equal(rows, dataset.test())

    def test_a_seed_has_the_same_rows_in_every_pack(self, dataset: DataSet) -> None:
        pack = dataset.train((4, 7))
        np.testing.assert_array_equal(pack[-1], dataset.train((7,))[0])
        if len(pack) == 2 and not self.may_repeat:
            assert not np.array_equal(pack[0], pack[1]), "seeds share rows: return them once, as (1, n, *event)"

    def test_no_held_out_row_is_trained_on(self, dataset: DataSet) -> None:
        if not self.may_repeat:
            trained = {row.tobytes() for rows in dataset.train((0, 1)) for row in rows}
            assert not trained & {row.tobytes() for row in dataset.test()}

    def test_fresh_rows_differ_from_all_other_rows(self, dataset: DataSet) -> None:
        if not isinstance(dataset, SupportsFreshRows):
            return
        rows = dataset.fresh((0, 1), 2, 5)
        assert rows.shape == (2, 5, *dataset.event)
        assert rows.dtype == dataset.train((0,)).dtype
        np.testing.assert_array_equal(rows[1], dataset.fresh((1,), 2, 5)[0])
        if not self.may_repeat:
            known = {row.tobytes() for row in dataset.train((0,))[0]} | {row.tobytes() for row in dataset.test()}
            next_generation = {row.tobytes() for row in dataset.fresh((0,), 3, 5)[0]}
            assert not {row.tobytes() for row in rows[0]} & (known | next_generation)

    def test_its_moments_match_its_rows(self, dataset: DataSet) -> None:
        """Of 20,000 fresh rows: each mean lies within five standard errors, each variance within 10 %."""
        if not (isinstance(dataset, SupportsMoments) and isinstance(dataset, SupportsFreshRows)):
            return
        mean, covariance = dataset.moments()
        rows = dataset.fresh((0,), 1, 20_000)[0].reshape(20_000, -1).astype(np.float64)
        variance = np.diag(covariance)
        assert covariance.shape == (len(mean), len(mean))
        assert (np.abs(rows.mean(axis=0) - mean) <= 5 * np.sqrt(variance / len(rows)) + 1e-12).all()
        np.testing.assert_allclose(rows.var(axis=0), variance, rtol=0.1)
