"""Tests of the model: those that every closed-form family passes, and one of its own fit."""

import numpy as np
import pytest

from raysc.cli.templates.model import MyModel
from raysc.datasets.points.gaussian import Gaussian
from raysc.plugins import DataSet, Streams
from raysc.testing import ClosedFormTests
from raysc.testing.models import real_rows


class TestMyModel(ClosedFormTests):
    """Conformance with what raysc expects of a closed-form family."""

    @pytest.fixture
    def family(self) -> MyModel:
        """Return the family to test."""
        return MyModel()

    @pytest.fixture
    def dataset(self) -> DataSet:
        """Return data that the family can model."""
        return Gaussian(dim=2, rows=20)


def test_no_variance_falls_below_the_floor() -> None:
    """A floor above every variance of the rows is the fitted variance."""
    state = MyModel(min_variance=1e6).fit(real_rows(Gaussian(dim=2, rows=20), (0, 1)), Streams((0, 1), 0))
    np.testing.assert_array_equal(state["variance"], np.full((2, 2), 1e6))
