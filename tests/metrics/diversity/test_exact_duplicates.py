import numpy as np

from raysc.datasets.images.digits import Digits
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.diversity.exact_duplicates import ExactDuplicates
from raysc.pool.tokens import PAD


def digits_real(rows: int | None = None, seeds: tuple[int, ...] = (0,)) -> RealSets:
    digits = Digits(rows=rows)
    return RealSets(digits.kind, digits.train(seeds), digits.test())


def duplicates(rows: np.ndarray, real: RealSets) -> np.ndarray:
    return measure([ExactDuplicates()], rows, real)["exact_duplicates"]


def test_copies_count_bit_by_bit() -> None:
    real = digits_real()
    rows = real.train[0, :100].copy()
    rows[:60, 0, 0, 0] ^= 1
    assert duplicates(rows[None], real) == [0.4]


def test_duplicates_are_copies_of_the_seeds_training_rows() -> None:
    real = digits_real(rows=50, seeds=(0, 1))
    np.testing.assert_array_equal(duplicates(real.train, real), [1, 1])
    assert (duplicates(real.train[::-1], real) < 0.2).all()


def test_points_that_differ_in_the_last_bit_are_no_duplicates() -> None:
    train = np.random.default_rng(0).normal(size=(1, 10, 2)).astype(np.float32)
    generated = train.copy()
    generated[0, 0] = np.nextafter(generated[0, 0], np.float32(9))
    real = RealSets("points", train, np.zeros((3, 2), np.float32))
    assert duplicates(generated, real) == [0.9]


def test_texts_are_duplicates_as_whole_rows() -> None:
    generated = np.array([[[1, 2, PAD], [1, PAD, PAD], [1, 2, 3]]], np.int32)
    train = np.array([[[1, 2, PAD], [4, PAD, PAD]]], np.int32)
    assert duplicates(generated, RealSets("text", train, train[0])) == [1 / 3]
