"""Digits of scikit-learn's file."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from raysc.libraries import sklearn_compat


@pytest.mark.parametrize("file", [sklearn_compat.DIGITS_FILE, "elsewhere"])
def test_digits_are_those_of_the_library(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sklearn_compat, "DIGITS_FILE", file)
    levels, labels = sklearn_compat.load_digits()
    expected = load_digits()
    np.testing.assert_array_equal(levels, expected.images)
    np.testing.assert_array_equal(labels, expected.target)
