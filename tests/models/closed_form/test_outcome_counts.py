import numpy as np

from raysc.models.closed_form.outcome_counts import OutcomeCounts


def test_counts_of_different_outcomes_merge() -> None:
    shared_rows = OutcomeCounts.of(np.array([[[4], [4], [9]]]))
    seed_rows = OutcomeCounts.of(np.array([[[1], [4], [4]], [[9], [9], [9]]]))
    merged = shared_rows + seed_rows
    np.testing.assert_array_equal(merged.outcomes, [1, 4, 9])
    np.testing.assert_array_equal(merged.counts, [[1, 4, 1], [0, 2, 4]])
    np.testing.assert_array_equal((seed_rows + shared_rows).counts, merged.counts)


def test_outcomes_that_no_seed_has_are_dropped() -> None:
    counts = OutcomeCounts(np.array([1, 4, 9]), np.array([[2, 0, 1], [0, 0, 3]])).drop_lost()
    np.testing.assert_array_equal(counts.outcomes, [1, 9])
    np.testing.assert_array_equal(counts.counts, [[2, 1], [0, 3]])
    assert counts.drop_lost() is counts
