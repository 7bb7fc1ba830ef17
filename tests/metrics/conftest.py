import pytest

from raysc.datasets.images.digits import Digits
from raysc.metrics.core.classifier import Classifier, train_classifier


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return train_classifier(Digits().labelled_train(), Digits().labelled_test())
