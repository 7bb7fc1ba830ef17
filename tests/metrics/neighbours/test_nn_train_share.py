import numpy as np
import pytest

from raysc.datasets.images.digits import Digits
from raysc.metrics.core.classifier import Classifier
from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Features
from raysc.metrics.neighbours.nn_train_share import NnTrainShare


def train_share(generated: np.ndarray, real: RealSets, features: Features | None = None) -> float:
    metric = NnTrainShare(features)
    (value,) = measure([metric], generated[None], real)[metric.columns[0].name]
    return float(value)


def test_memorised_rows_are_nearer_to_training_rows() -> None:
    train, test = np.random.default_rng(0).normal(size=(2, 300, 3))
    real = RealSets("points", train[None], test)
    assert train_share(train, real) == 1
    assert train_share(test, real) == 0
    assert train_share(train + 1e-6, real) > 0.99


def test_new_rows_have_a_share_of_a_half() -> None:
    rng = np.random.default_rng(1)
    real = RealSets("points", rng.normal(size=(1, 4000, 2)), rng.normal(size=(1000, 2)))
    assert train_share(rng.normal(size=(4000, 2)), real) == pytest.approx(0.5, abs=0.05)


def test_both_sides_have_equally_many_rows() -> None:
    # Four times as many training as held-out rows: all of them would be nearer to nearly every row.
    digits = Digits()
    generated = digits.test()[:180]
    real = RealSets(digits.kind, digits.train([0]), digits.test()[180:])
    assert train_share(generated, real, "pixels") == pytest.approx(0.5, abs=0.12)


def test_ties_count_half() -> None:
    rows = np.random.default_rng(2).normal(size=(20, 2))
    real = RealSets("points", rows[None], rows)
    assert train_share(rows + 5, real) == 0.5


def test_classifier_features_do_not_favour_the_classifiers_training_rows(classifier: Classifier) -> None:
    digits = Digits()
    train = digits.train([0])[0]
    real = RealSets(digits.kind, train[None, :360], digits.test(), {"classifier": classifier})
    assert train_share(train[360:], real) == pytest.approx(0.5, abs=0.08)
