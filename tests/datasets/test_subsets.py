import numpy as np
import pytest

from raysc.datasets.subsets import check_rows, content_digest, fixed_order, seed_subset, training_rows
from raysc.errors import InputError

ROWS = np.arange(20)[:, None]


def test_the_fixed_order_is_a_permutation_that_depends_on_the_name() -> None:
    order = fixed_order("images", 20)
    assert sorted(order.tolist()) == list(range(20))
    np.testing.assert_array_equal(order, fixed_order("images", 20))
    assert not np.array_equal(order, fixed_order("text", 20))


def test_without_a_number_of_rows_all_seeds_share_all_rows() -> None:
    np.testing.assert_array_equal(training_rows("data", ROWS, None, [0, 1]), ROWS[None])


def test_each_seed_has_a_subset_and_fewer_rows_are_a_prefix() -> None:
    rows = training_rows("data", ROWS, 5, [3, 4])
    assert rows.shape == (2, 5, 1)
    assert not np.array_equal(*rows)
    assert all(len(np.unique(subset)) == 5 for subset in rows)
    np.testing.assert_array_equal(training_rows("data", ROWS, 9, [4])[0, :5], rows[1])
    np.testing.assert_array_equal(rows[0, :, 0], seed_subset("data", 3, 20, 5))


def test_the_number_of_rows_is_checked() -> None:
    assert [check_rows("data", rows, 20) for rows in (None, 1, 20)] == [20, 1, 20]
    for rows in (0, 21):
        with pytest.raises(InputError, match=f"data has 20 training rows: rows must be 1 to 20, not {rows}"):
            check_rows("data", rows, 20)


def test_the_digest_depends_on_values_shapes_and_dtypes_and_not_on_the_memory_order() -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    arrays: list[np.ndarray] = [array, array.reshape(3, 2), array.astype(np.int64), array + 1]
    assert len({content_digest(other) for other in arrays}) == 4
    assert content_digest(np.asfortranarray(array)) == content_digest(array)
    assert len(content_digest(array)) == 32
