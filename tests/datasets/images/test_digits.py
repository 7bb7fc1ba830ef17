from hashlib import sha256

import numpy as np
import pytest
from sklearn.datasets import load_digits

from raysc.datasets.dataset import DataSet, SupportsFreshRows, SupportsLabels
from raysc.datasets.images.digits import Digits
from raysc.errors import InputError


def checksum(array: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def as_set(rows: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in rows}


def test_train_and_test_rows_are_all_digits_and_share_no_row() -> None:
    digits = Digits()
    train, test = digits.train([0, 1, 2]), digits.test()
    assert train.shape == (1, 1437, 1, 8, 8)
    assert test.shape == (360, 1, 8, 8)
    original = np.rint(load_digits().images * 255 / 16).astype(np.uint8)
    assert as_set(train[0]) | as_set(test) == as_set(original)
    assert not as_set(train[0]) & as_set(test)


def test_grey_levels_span_the_whole_byte() -> None:
    levels = np.unique(Digits().test())
    assert levels.dtype == np.uint8
    assert len(levels) == 17
    assert (levels[0], levels[8], levels[16]) == (0, 128, 255)


def test_held_out_classes_are_balanced_and_labels_belong_to_their_rows() -> None:
    digits = Digits()
    assert np.bincount(digits.labelled_test().labels).tolist() == [36] * 10
    source = load_digits()
    original = np.rint(source.images * 255 / 16).astype(np.uint8)
    label_of = {row.tobytes(): label for row, label in zip(original, source.target, strict=True)}
    for labelled in (digits.labelled_train(), digits.labelled_test()):
        assert [label_of[row.tobytes()] for row in labelled.rows] == labelled.labels.tolist()


def test_rows_of_two_seeds_are_different_subsets_of_the_training_rows() -> None:
    train = Digits(rows=100).train([3, 8])
    assert train.shape == (2, 100, 1, 8, 8)
    training = as_set(Digits().train([0])[0])
    first, second = as_set(train[0]), as_set(train[1])
    assert len(first) == len(second) == 100
    assert first != second
    assert first | second <= training


def test_a_seeds_subset_depends_on_the_seed_alone_and_fewer_rows_are_a_prefix() -> None:
    packed, single = Digits(rows=50).train([5, 6]), Digits(rows=200).train([6])
    np.testing.assert_array_equal(packed[1], single[0, :50])


def test_a_subset_changes_neither_held_out_nor_labelled_rows() -> None:
    np.testing.assert_array_equal(Digits(rows=10).test(), Digits().test())
    assert len(Digits(rows=10).labelled_train().rows) == 1437
    assert Digits(rows=10).count == 10
    assert Digits().count == 1437


@pytest.mark.parametrize("rows", [0, -3, 1438])
def test_rows_out_of_their_range_are_refused_with_the_available_number(rows: int) -> None:
    with pytest.raises(InputError, match=f"1437 training rows.*not {rows}"):
        Digits(rows=rows)


def test_shared_rows_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Digits().train([0])[0, 0] = 0


def test_the_split_is_that_of_existing_stores() -> None:
    digits = Digits()
    assert checksum(digits.test()) == "fc7e35857aedd3a5"
    assert checksum(digits.train([0])) == "254e950b1ae1db0c"
    assert checksum(digits.labelled_test().labels) == "02309c1abe65ecb2"
    assert checksum(Digits(rows=100).train([0, 7])) == "87348c1a25fd9845"


def test_it_is_a_labelled_finite_data_set() -> None:
    digits: DataSet = Digits()
    assert isinstance(digits, SupportsLabels)
    assert not isinstance(digits, SupportsFreshRows)
    assert digits.event == digits.test().shape[1:]
