"""What every data set keeps to."""

import pickle

import numpy as np

from raysc.datasets.dataset import DataSet, Distribution, KnownMoments

DTYPES = {"images": (np.uint8,), "points": (np.float32, np.float64, np.int32), "text": (np.int32,)}


class DataSetTests:
    """Give a fixture ``dataset``, small enough to be drawn many times.

    Attributes:
        may_repeat: two draws may give equal rows (outcomes, short texts): nobody can tell then whether a held-out row
            is a training row.
    """

    may_repeat = False

    def test_it_declares_what_it_is(self, dataset: DataSet) -> None:
        assert isinstance(dataset.version, int)
        assert dataset.kind in DTYPES
        assert isinstance(dataset.labelled, bool)

    def test_it_can_be_sent_to_another_process(self, dataset: DataSet) -> None:
        sent = pickle.loads(pickle.dumps(dataset))
        np.testing.assert_array_equal(sent.train((3,)), dataset.train((3,)))
        assert sent.fingerprint() == dataset.fingerprint()

    def test_training_rows_have_the_shape_that_it_says(self, dataset: DataSet) -> None:
        rows = dataset.train((0, 1))
        assert rows.shape in [(seeds, dataset.count, *dataset.event) for seeds in (1, 2)]
        assert rows.dtype in DTYPES[dataset.kind]
        assert np.isfinite(rows).all()

    def test_held_out_rows_have_that_shape_too_and_are_always_the_same(self, dataset: DataSet) -> None:
        rows = dataset.test()
        assert rows.shape == (len(rows), *dataset.event)
        assert len(rows) > 0
        assert rows.dtype == dataset.train((0,)).dtype
        np.testing.assert_array_equal(rows, dataset.test())

    def test_a_seed_has_the_same_rows_in_every_pack(self, dataset: DataSet) -> None:
        together = dataset.train((4, 7))
        np.testing.assert_array_equal(together[-1], dataset.train((7,))[0])
        if len(together) == 2 and not self.may_repeat:
            assert not np.array_equal(together[0], together[1]), "two seeds have the same rows, as if they shared them"

    def test_no_held_out_row_is_trained_on(self, dataset: DataSet) -> None:
        if not self.may_repeat:
            trained = {row.tobytes() for rows in dataset.train((0, 1)) for row in rows}
            assert not trained & {row.tobytes() for row in dataset.test()}

    def test_new_rows_are_new(self, dataset: DataSet) -> None:
        if not isinstance(dataset, Distribution):
            return
        rows = dataset.fresh((0, 1), 2, 5)
        assert rows.shape == (2, 5, *dataset.event)
        assert rows.dtype == dataset.train((0,)).dtype
        np.testing.assert_array_equal(rows[1], dataset.fresh((1,), 2, 5)[0])
        if not self.may_repeat:
            seen = {row.tobytes() for row in dataset.train((0,))[0]} | {row.tobytes() for row in dataset.test()}
            later = {row.tobytes() for row in dataset.fresh((0,), 3, 5)[0]}
            assert not {row.tobytes() for row in rows[0]} & (seen | later)

    def test_its_moments_are_those_of_its_rows(self, dataset: DataSet) -> None:
        """Of 20,000 new rows: each mean within five standard errors, each variance within a tenth."""
        if not (isinstance(dataset, KnownMoments) and isinstance(dataset, Distribution)):
            return
        mean, covariance = dataset.moments()
        rows = dataset.fresh((0,), 1, 20_000)[0].reshape(20_000, -1).astype(np.float64)
        variance = np.diag(covariance)
        assert covariance.shape == (len(mean), len(mean))
        assert (np.abs(rows.mean(axis=0) - mean) <= 5 * np.sqrt(variance / len(rows)) + 1e-12).all()
        np.testing.assert_allclose(rows.var(axis=0), variance, rtol=0.1)
