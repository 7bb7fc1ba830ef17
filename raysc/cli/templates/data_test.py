"""Tests of the data set: those that every data set passes, and one of its own rows."""

import numpy as np
import pytest

from raysc.cli.templates.data import MyData
from raysc.testing import DataSetTests


class TestMyData(DataSetTests):
    """Conformance with what raysc expects of a data set."""

    @pytest.fixture
    def dataset(self) -> MyData:
        """Return the data set to test; few rows make the tests quick."""
        return MyData(rows=20)


def test_without_noise_all_rows_lie_on_the_unit_circle() -> None:
    """The radius of every row is 1."""
    np.testing.assert_allclose(np.linalg.norm(MyData(noise=0.0).train((0, 1)), axis=-1), 1)
