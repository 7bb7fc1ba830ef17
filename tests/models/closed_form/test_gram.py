import numpy as np

from raysc.models.closed_form.gram import MeanGram


def test_matrices_of_two_sets_merge_to_that_of_all_rows() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 50, 3))
    merged = MeanGram.of(rows[:, :20]) + MeanGram.of(rows[:, 20:])
    assert merged.count == 50
    np.testing.assert_allclose(merged.mean, MeanGram.of(rows).mean, rtol=1e-12)


def test_relabelled_rows_leave_the_bits_of_their_x_unchanged() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 30, 4))
    relabelled = rows.copy()
    relabelled[..., -1] += 1
    merged = MeanGram.of(rows) + MeanGram.of(relabelled)
    np.testing.assert_array_equal(merged.mean[:, :-1, :-1], MeanGram.of(rows).mean[:, :-1, :-1])
