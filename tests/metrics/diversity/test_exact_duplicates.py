"""Exact duplicates, nearness to training rows and feature variance."""

import numpy as np
import pytest

from raysc.datasets.digits import Digits
from raysc.metrics.core.measure import Real, measure
from raysc.metrics.core.metric import Compared, Vectors
from raysc.metrics.diversity.exact_duplicates import ExactDuplicates
from raysc.metrics.diversity.feature_variance import FeatureVariance
from raysc.metrics.neighbours.nn_train_share import NnTrainShare


def digits_real(rows: int | None = None, seeds: tuple[int, ...] = (0,)) -> Real:
    digits = Digits(rows=rows)
    return Real(digits.kind, digits.train(seeds), digits.test())


def share(generated: np.ndarray, real: Real) -> float:
    (value,) = measure([NnTrainShare(features="pixels")], generated[None], real)["nn_train_share[pixels]"]
    return float(value)


def test_copies_are_counted_bit_by_bit():
    real = digits_real()
    rows = real.train[0, :100].copy()
    rows[:60, 0, 0, 0] ^= 1
    (value,) = measure([ExactDuplicates()], rows[None], real)["exact_duplicates"]
    assert value == 0.4


def test_duplicates_are_those_of_the_seeds_own_training_rows():
    real = digits_real(rows=50, seeds=(0, 1))
    own, swapped = real.train, real.train[::-1]
    np.testing.assert_array_equal(measure([ExactDuplicates()], own, real)["exact_duplicates"], [1, 1])
    assert (measure([ExactDuplicates()], swapped, real)["exact_duplicates"] < 0.2).all()


def test_points_that_differ_in_the_last_bit_are_no_duplicates():
    train = np.random.default_rng(0).normal(size=(1, 10, 2)).astype(np.float32)
    generated = train.copy()
    generated[0, 0] = np.nextafter(generated[0, 0], np.float32(9))
    real = Real("points", train, np.zeros((3, 2), np.float32))
    assert measure([ExactDuplicates()], generated, real)["exact_duplicates"] == [0.9]


def test_memorised_rows_are_all_nearer_to_training_rows():
    train, test = np.random.default_rng(0).normal(size=(2, 300, 3))
    real = Real("points", train[None], test)
    column = "nn_train_share"
    assert measure([NnTrainShare()], train[None], real)[column] == [1]
    assert measure([NnTrainShare()], test[None], real)[column] == [0]
    noisy = train + 1e-6
    assert measure([NnTrainShare()], noisy[None], real)[column] > 0.99


def test_new_rows_have_a_share_of_a_half():
    rng = np.random.default_rng(1)
    real = Real("points", rng.normal(size=(1, 4000, 2)), rng.normal(size=(1000, 2)))
    assert measure([NnTrainShare()], rng.normal(size=(1, 4000, 2)), real)["nn_train_share"] == pytest.approx(
        0.5, abs=0.05
    )


def test_equally_many_rows_stand_on_both_sides():
    # Four times as many training as held-out rows: taken whole, they would be nearer to nearly everything.
    digits = Digits()
    generated = digits.test()[:180]
    rest = Real(digits.kind, digits.train([0]), digits.test()[180:])
    assert share(generated, rest) == pytest.approx(0.5, abs=0.12)


def test_ties_count_half():
    rows = np.random.default_rng(2).normal(size=(1, 20, 2))
    real = Real("points", rows, rows[0])
    assert measure([NnTrainShare()], rows + 5, real)["nn_train_share"] == [0.5]


def test_classifier_features_do_not_favour_the_rows_that_the_classifier_saw(classifier):
    digits = Digits()
    train = digits.train([0])[0]
    real = Real(digits.kind, train[None, :360], digits.test(), {"classifier": classifier})
    (value,) = measure([NnTrainShare()], train[None, 360:], real)["nn_train_share"]
    assert value == pytest.approx(0.5, abs=0.08)


def test_variance_is_the_trace_of_the_covariance():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(2, 30, 4)) * [1, 2, 3, 4]
    real = tuple(Vectors(set_) for set_ in rows)
    values = FeatureVariance().measure(Compared(real, real, real[0]))["feature_variance"]
    np.testing.assert_allclose(values, [np.trace(np.cov(set_.T)) for set_ in rows])
