"""Tests of the curation: those that every curation passes, and one of its own rule."""

import numpy as np
import pytest

from raysc.cli.templates.curation import MyCuration
from raysc.testing import CurationTests


class TestMyCuration(CurationTests):
    """Conformance with what raysc expects of a curation."""

    @pytest.fixture
    def curation(self) -> MyCuration:
        """Return the curation to test; its parameters are free."""
        return MyCuration(choices=2)


def test_it_selects_the_rows_nearest_to_the_mean_of_the_real_ones() -> None:
    """Of 0, 5, 1 and -9, the two nearest to 0 are the first and the third."""
    candidates, real = np.array([[0.0], [5.0], [1.0], [-9.0]]), np.array([[-1.0], [1.0]])
    selected = MyCuration(choices=2).nearest(candidates, real, 2, np.random.default_rng(0))
    assert selected.tolist() == [0, 2]
