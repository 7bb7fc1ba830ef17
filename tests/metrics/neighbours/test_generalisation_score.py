import numpy as np
import pytest

from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.neighbours.generalisation_score import GeneralisationScore


def score(generated: np.ndarray, train: np.ndarray) -> float:
    (values,) = (
        GeneralisationScore().measure(FeatureSets((Vectors(generated),), (Vectors(train),), Vectors(train))).values()
    )
    return float(values[0])


def test_it_is_the_mean_distance_from_the_nearest_training_row() -> None:
    train = np.array([[0.0, 0.0], [10.0, 0.0]])
    assert score(np.array([[3.0, 4.0], [10.0, 1.0]]), train) == pytest.approx((5 + 1) / 2)


def test_copies_have_0() -> None:
    train = np.random.default_rng(0).normal(size=(50, 3))
    assert score(train[:20], train) == 0
